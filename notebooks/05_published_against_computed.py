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
# # Gepubliceerd naast berekend
#
# Elk gepubliceerd cijfer en elke gepubliceerde uitspraak over de microdata krijgt een oordeel. De berekening kent de
# gepubliceerde cijfers niet: ze worden pas hier gelezen. Op gesimuleerde gegevens zegt overeenstemming alleen dat de
# rekenregels kloppen, want de simulatie is op deze cijfers geijkt.

# %% [markdown] tags=["en"]
# # Published against computed
#
# Every published figure and every published claim about the microdata gets a verdict. The computation does not know the
# published figures: they are read here for the first time. On simulated data agreement only says that the rules of
# computation are right, because the simulation was calibrated on these figures.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)
comparison = se.compare_with_published(study, list(tables.values()))

# %%
se.show_comparison(comparison)

# %% [markdown] tags=["nl"]
# ## Wat van de bronnen niet is nagemaakt
#
# Afbeeldingen van bladzijden uit andere stukken, schema's zonder getallen en tekstkaders zijn niet nagemaakt: er is niets in te berekenen of te
# controleren. Van enkele figuren van de agenda staan de waarden niet of maar voor een deel in de tekst. Het bestand
# `data/published/not_reproduced.csv` noemt ze één voor één, met de reden.

# %% [markdown] tags=["en"]
# ## What of the sources was not reproduced
#
# Pictures of pages of other documents, diagrams without numbers and text boxes were not reproduced: there is nothing in them to compute or check.
# Of some figures of the agenda the text has none or only some of the values. The file `data/published/not_reproduced.csv` names them one by one,
# with the reason.
