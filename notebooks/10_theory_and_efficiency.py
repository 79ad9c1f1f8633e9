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
# # Beleidstheorie en doelmatigheid
#
# Hoe moest het programma werken, en wat kostte het? De beleidstheorie is een netwerk van problemen, activiteiten en uitkomsten; wat er
# in ontbreekt is te berekenen. Dit hoofdstuk volgt de hoofdstukken 3 en 4.1 en paragraaf 5.5.

# %% [markdown] tags=["en"]
# # Programme theory and efficiency
#
# How was the programme meant to work, and what did it cost? The theory is a network of problems, activities and outcomes; what is
# missing in it can be computed. This chapter follows chapters 3 and 4.1 and section 5.5.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)
tables = se.study_tables(study, panel, linkage)

# %% [markdown] tags=["nl"]
# ## Beleidstheorie

# %% [markdown] tags=["en"]
# ## Programme theory

# %%
se.show(tables["theory_graph"], study.chart("theory_graph"))

# %%
se.show(tables["theory_goal_tree"], study.chart("theory_goal_tree"))

# %%
se.show(tables["dialogic_figure_12"], study.chart("dialogic_figure_12"))

# %%
se.show(tables["dialogic_table_05"], study.chart("dialogic_table_05"))

# %% [markdown] tags=["nl"]
# ## Wat ontbreekt

# %% [markdown] tags=["en"]
# ## What is missing

# %%
se.show(tables["theory_checks"], study.chart("theory_checks"))

# %%
se.show(tables["evaluation_questions"], study.chart("evaluation_questions"))

# %% [markdown] tags=["nl"]
# ## Kosten
#
# Bedragen die twee bronnen noemen tellen één keer. Hefboom zegt wat anderen ernaast betaalden, niet dat zij het daarom deden.

# %% [markdown] tags=["en"]
# ## Costs
#
# Amounts that two sources tell count once. Leverage says what others paid beside it, not that they did so because of it.

# %%
se.show(tables["efficiency_costs_by_payer"], study.chart("efficiency_costs_by_payer"))

# %%
se.show(tables["efficiency_costs_by_kind"], study.chart("efficiency_costs_by_kind"))

# %%
se.show(tables["efficiency_costs_by_year"], study.chart("efficiency_costs_by_year"))

# %%
se.show(tables["efficiency_in_kind"], study.chart("efficiency_in_kind"))

# %%
se.show(tables["efficiency_in_kind_by_year"], study.chart("efficiency_in_kind_by_year"))

# %%
se.show(tables["efficiency_leverage"], study.chart("efficiency_leverage"))

# %%
se.show(tables["efficiency_leverage_national"], study.chart("efficiency_leverage_national"))

# %%
se.show(tables["efficiency_cost_per_participant"], study.chart("efficiency_cost_per_participant"))

# %%
se.show(tables["efficiency_cost_per_active_firm"], study.chart("efficiency_cost_per_active_firm"))

# %%
se.show(tables["efficiency_shares"], study.chart("efficiency_shares"))

# %%
se.show(tables["efficiency_missing"], study.chart("efficiency_missing"))

# %%
se.show(tables["efficiency_costs"], study.chart("efficiency_costs"))
