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
# # Samenvatting
#
# Het antwoord op elke vraag van de evaluatie, in een paar zinnen. Elke zin volgt uit beschermde cijfers, en zegt erbij hoe sterk het
# bewijs is en in welke figuur of tabel het staat. *Doelrealisatie* zegt of iets is gebeurd, *samenhang* of deelnemers verschillen van
# anderen; alleen *effect* zegt dat het door het programma komt.

# %% [markdown] tags=["en"]
# # Summary
#
# The answer to each question of the evaluation, in a few sentences. Each sentence follows from protected figures, and says how strong
# the evidence is and which figure or table it stands on. *Goal attainment* says whether something happened, *association* whether
# participants differ from others; only *effect* says that the programme did it.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %%
se.show_answers(study, tables)
