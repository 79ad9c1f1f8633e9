# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["nl"]
# # Bevindingen
#
# Van de gedachte achter het programma tot wat ervan te zien is: per stap de figuren die het meest zeggen. De titel van een figuur zegt wat zij laat zien,
# nooit meer dan haar intervallen toelaten. Alle andere figuren en tabellen staan in de bijlagen.

# %% [markdown] tags=["en"]
# # Findings
#
# From the idea behind the programme to what can be seen of it: for each step the figures that say most. The title of a figure says what it shows,
# never more than its intervals allow. All other figures and tables are in the annexes.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %% [markdown] tags=["nl"]
# ## De gedachte achter het programma
#
# Het programma wil tekortkomingen verhelpen met activiteiten die tot uitkomsten en impact leiden. Verbanden die de bron niet noemt, zijn
# gestreept.

# %% [markdown] tags=["en"]
# ## The idea behind the programme
#
# The programme means to repair failures by activities that lead to outcomes and impact. Links that the source does not name are dashed.

# %%
se.show(tables["theory_graph"], study.chart("theory_graph"))

# %% [markdown] tags=["nl"]
# ## Wat erin ging
#
# Wie de fieldlabs betaalde, en waar dat geld vandaan kwam.

# %% [markdown] tags=["en"]
# ## What went in
#
# Who paid for the fieldlabs, and where that money came from.

# %%
se.show(tables["efficiency_shares"], study.chart("efficiency_shares"))

# %%
se.show(tables["agenda_table_01"], study.chart("agenda_table_01"))

# %% [markdown] tags=["nl"]
# ## Zijn de doelen gehaald?
#
# Het oordeel van de evaluatoren over projecten, en gerealiseerde aandelen naast hun streefwaarden. Dit is doelrealisatie: of iets
# gebeurde, niet waardoor.

# %% [markdown] tags=["en"]
# ## Were the goals reached?
#
# The judgement of the evaluators on projects, and shares realised beside their targets. This is goal attainment: whether something
# happened, not why.

# %%
se.show(tables["dialogic_table_02"], study.chart("dialogic_table_02"))

# %%
se.show(tables["goals_kpis"], study.chart("goals_kpis"))

# %% [markdown] tags=["nl"]
# ## Wie doen er mee?
#
# Deelnemers zijn geen doorsnede van het bedrijfsleven. Elk verschil verderop kan hierdoor komen.

# %% [markdown] tags=["en"]
# ## Who takes part?
#
# Participants are no cross-section of firms. Any difference further on may be due to this.

# %%
se.show(tables["dialogic_figure_25"], study.chart("dialogic_figure_25"))

# %%
se.show(tables["dialogic_figure_27"], study.chart("dialogic_figure_27"))

# %%
se.show(tables["selection_balance"], study.chart("selection_balance"))

# %% [markdown] tags=["nl"]
# ## Groeiden deelnemers anders?
#
# De omzet per werkzame persoon van deelnemers naast die van bedrijven van dezelfde grootte, en naast bedrijven die vooraf op hen leken.
# Dit is samenhang.

# %% [markdown] tags=["en"]
# ## Did participants grow otherwise?
#
# Revenue per person employed of participants beside that of firms of the same size, and beside firms that were like them before. This is
# association.

# %%
se.show(tables["dialogic_figure_34"], study.chart("dialogic_figure_34"))

# %%
se.show(tables["effect_long_difference"], study.chart("effect_long_difference"))

# %% [markdown] tags=["nl"]
# ## Investeerden zij meer?
#
# Investeringen per werkzame persoon, toen het programma begon en later. Wie al meer investeerde, deed dat niet door het programma.

# %% [markdown] tags=["en"]
# ## Did they invest more?
#
# Investment per person employed, when the programme began and later. Who invested more already did not do so because of the programme.

# %%
se.show(tables["dialogic_figure_35"], study.chart("dialogic_figure_35"))

# %%
se.show(tables["dialogic_table_09"], study.chart("dialogic_table_09"))

# %% [markdown] tags=["nl"]
# ## Wat zeggen deelnemers zelf?
#
# Oordelen van wie de enquête beantwoordde. Zij zeggen wat deelnemers ervaren, zonder vergelijking met bedrijven die niet meededen.

# %% [markdown] tags=["en"]
# ## What do participants say themselves?
#
# Judgements of those who answered the survey. They say what participants experience, without firms that did not take part.

# %%
se.show(tables["dialogic_figure_43"], study.chart("dialogic_figure_43"))

# %%
se.show(tables["survey_impact_nets"], study.chart("survey_impact_nets"))

# %% [markdown] tags=["nl"]
# ## Spreken de bronnen elkaar tegen?

# %% [markdown] tags=["en"]
# ## Do the sources contradict each other?

# %%
se.show(tables["theory_synthesis"], study.chart("theory_synthesis"))
