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
