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
# # Deelnemers
#
# Wie doen er mee, en waarin verschillen zij van de andere bedrijven? Beschreven wordt 2019, het jaar waarin de meeste
# deelnemers gekoppeld zijn. Dit hoofdstuk volgt paragraaf 4.3 van de evaluatie.

# %% [markdown] tags=["en"]
# # Participants
#
# Who takes part, and how do they differ from other firms? The year described is 2019, in which most participants were
# linked. This chapter follows section 4.3 of the evaluation.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %% [markdown] tags=["nl"]
# ## Sector

# %% [markdown] tags=["en"]
# ## Sector

# %%
se.show(tables["dialogic_figure_25"], study.chart("dialogic_figure_25"))

# %%
se.show(tables["dialogic_figure_47"], study.chart("dialogic_figure_47"))

# %%
se.say(
    "Van de deelnemers hoort {ours} tot de industrie, van de andere bedrijven {theirs}.",
    "Of the participants {ours} are in manufacturing, of the other firms {theirs}.",
    ours=se.cell(tables["dialogic_figure_25"], format="percent", statistic="share", sector="C"),
    theirs=se.cell(tables["dialogic_figure_47"], format="percent", statistic="share", sector="C"),
)

# %% [markdown] tags=["nl"]
# ## Leeftijd en grootte
#
# Leeftijd is het jaar min het jaar van oprichting. Deelnemers moeten tussen 2014 en 2019 hebben bestaan om mee te kunnen doen;
# dat maakt hen vanzelf ouder dan een doorsnede van alle bedrijven.

# %% [markdown] tags=["en"]
# ## Age and size
#
# Age is the year minus the year of founding. Participants had to exist between 2014 and 2019 to take part, which by itself
# makes them older than a cross-section of all firms.

# %%
se.show(tables["dialogic_figure_26"], study.chart("dialogic_figure_26"))

# %%
se.show(tables["dialogic_figure_27"], study.chart("dialogic_figure_27"))

# %%
se.show(tables["dialogic_figure_48"], study.chart("dialogic_figure_48"))

# %% [markdown] tags=["nl"]
# ## De vier grootste sectoren
#
# In informatie en communicatie en in de handel zijn midden- en grootbedrijf samengevoegd, omdat de cellen te klein zijn.

# %% [markdown] tags=["en"]
# ## The four largest sectors
#
# In information and communication and in trade medium-sized and large firms are taken together, because the cells are small.

# %%
se.show(tables["dialogic_figure_28"], study.chart("dialogic_figure_28"))

# %% [markdown] tags=["nl"]
# ## Omzet

# %% [markdown] tags=["en"]
# ## Revenue

# %%
se.show(tables["dialogic_figure_29"], study.chart("dialogic_figure_29"))

# %%
se.say(
    "De gemiddelde jaaromzet van de deelnemers is {mean}; een klein aantal grote bedrijven bepaalt dit gemiddelde.",
    "The mean annual revenue of the participants is {mean}; a small number of large firms decides this mean.",
    mean=se.cell(tables["dialogic_figure_29"], format="euro", group="participant", size_class="all"),
)
