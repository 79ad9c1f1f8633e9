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
# # Conclusies, en wat niet te zeggen is
#
# Hoe sterk staat wat hierboven is gezegd? Eerst de vragen naar de sterkste bewijskracht waarmee zij beantwoord zijn, daarna wat de cijfers achter de
# antwoorden niet laten zien. Zolang van deelnemers niet bekend is wanneer zij toetraden, kan geen register zeggen wat het programma deed; een
# volgende evaluatie kan dat wel, als het jaar van toetreding wordt vastgelegd.

# %% [markdown] tags=["en"]
# # Conclusions, and what cannot be said
#
# How firmly does stand what was said above? First the questions by the strongest evidence that answers them, then what the figures behind the
# answers do not show. As long as it is not known when participants entered, no register can say what the programme did; a next evaluation
# can, if the year of entry is recorded.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %%
se.show_limits(study, tables)
