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
# # Bronnen naast elkaar
#
# Wat zeggen enquête, registers, monitor en interviews op elke evaluatievraag, en spreken ze elkaar tegen? Elk oordeel volgt uit de
# beschermde tabellen, met de bewijskracht van de bron erbij.

# %% [markdown] tags=["en"]
# # Sources side by side
#
# What do survey, registers, monitor and interviews say on each evaluation question, and do they contradict each other? Every verdict
# follows from the protected tables, with the evidence level of its source.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %%
se.show(tables["theory_synthesis"], study.chart("theory_synthesis"))
