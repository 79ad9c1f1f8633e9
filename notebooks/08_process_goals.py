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
# # Procesdoelen
#
# Zijn de doelen van de versnellingsprojecten gehaald? De score is een oordeel van de evaluatoren op een schaal van vijf; ze is geordend,
# geen maat, en wordt daarom geteld en niet gemiddeld. Dit hoofdstuk volgt paragraaf 4.2.

# %% [markdown] tags=["en"]
# # Process goals
#
# Were the goals of the accelerator projects met? The score is a judgement of the evaluators on a scale of five; it is ordered, not a
# measure, and is therefore counted and not averaged. This chapter follows section 4.2.

# %%
import si_eval as se

study = se.open_study()
tables = se.study_tables(study)

# %%
se.show(tables["dialogic_table_02"], study.chart("dialogic_table_02"))

# %%
se.show(tables["goals_targets"], study.chart("goals_targets"))

# %%
se.show(tables["goals_kpis"], study.chart("goals_kpis"))

# %%
se.show(tables["dialogic_box_07"], study.chart("dialogic_box_07"))
