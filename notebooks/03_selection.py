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
# # Selectie
#
# Waren de deelnemers al anders voordat het programma iets kon veranderen? Vergeleken wordt 2014. De deelnemerslijst begint
# volgens het ene deel van de bron in 2014 en volgens het andere in 2015, dus 2014 is geen zeker beginpunt. Dit hoofdstuk volgt
# paragraaf 4.3.1.

# %% [markdown] tags=["en"]
# # Selection
#
# Were the participants already different before the programme could have changed anything? The year compared is 2014. One
# part of the source starts the list of participants in 2014, another in 2015, so 2014 is no certain baseline. This chapter
# follows section 4.3.1.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %% [markdown] tags=["nl"]
# ## Omzet per werkzame persoon

# %% [markdown] tags=["en"]
# ## Revenue per person employed

# %%
se.show(tables["dialogic_figure_30"], study.chart("dialogic_figure_30"))

# %%
se.show(tables["dialogic_figure_31"], study.chart("dialogic_figure_31"))

# %%
se.say(
    "In de industrie is de omzet per werkzame persoon van middelgrote deelnemers {ours} en van andere middelgrote bedrijven {theirs}.",
    "In manufacturing, revenue per person employed is {ours} for medium-sized participants and {theirs} for other medium-sized firms.",
    ours=se.cell(tables["dialogic_figure_31"], format="euro", statistic="mean", group="participant", size_class="50-249"),
    theirs=se.cell(tables["dialogic_figure_31"], format="euro", statistic="mean", group="non_participant", size_class="50-249"),
)

# %% [markdown] tags=["nl"]
# ## Investeringen

# %% [markdown] tags=["en"]
# ## Investment

# %%
se.show(tables["dialogic_table_03"], study.chart("dialogic_table_03"))

# %%
se.show(tables["dialogic_table_04"], study.chart("dialogic_table_04"))

# %% [markdown] tags=["nl"]
# ## Hoe groot is het verschil, gemeten aan de spreiding?
#
# Gemiddelden van bedrijven lopen sterk uiteen. Het gestandaardiseerde verschil deelt het verschil door de spreiding; boven 0,1 tot
# 0,25 geldt het als noemenswaardig. Dat een verschil niet is aangetoond, is geen bewijs dat het er niet is.

# %% [markdown] tags=["en"]
# ## How large is the difference, measured by the spread?
#
# Figures of firms spread widely. The standardised difference divides the difference by the spread; above 0.1 to 0.25 it counts
# as notable. That a difference was not shown is no proof that there is none.

# %% [markdown] tags=["nl"]
# **Hoe te lezen.** Elke rij is een kenmerk in het jaar vóór het programma; een punt rechts van de stippellijn is een verschil dat een vergelijking van
# ontwikkelingen kan vertekenen. Het verschil is gedeeld door de spreiding van beide groepen, zodat omzet en investeringen naast elkaar
# kunnen staan, en hangt niet af van het aantal bedrijven. Wat dit niet laat zien: kenmerken die het register niet heeft, zoals de plannen
# van een ondernemer.

# %% [markdown] tags=["en"]
# **How to read it.** Each row is a trait in the year before the programme; a dot to the right of the dotted line is a difference that can distort a comparison
# of developments. The difference is divided by the spread of both groups, so that revenue and investment can stand side by side, and it
# does not depend on the number of firms. What this does not show: traits that the register does not have, such as the plans of an
# entrepreneur.

# %%
se.show(tables["selection_balance"], study.chart("selection_balance"))
