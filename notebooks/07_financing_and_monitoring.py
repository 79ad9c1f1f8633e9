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
# # Financiering en monitoring
#
# Hoeveel geld ging er naar de fieldlabs, van wie, en wat zeggen de jaarlijkse kengetallen? Dit hoofdstuk volgt paragraaf 2.5 van de
# evaluatie en de monitor van TNO. Deze cijfers waren al openbaar; ze zijn overgenomen, niet gesimuleerd.

# %% [markdown] tags=["en"]
# # Financing and monitoring
#
# How much money went to the fieldlabs, whose was it, and what do the yearly key figures say? This chapter follows section 2.5 of the
# evaluation and the monitor of TNO. These figures were public before; they are taken over, not simulated.

# %%
import si_eval as se

study = se.open_study()
tables = se.study_tables(study)

# %% [markdown] tags=["nl"]
# ## Wat van digitalisering werd verwacht
#
# De agenda van 2018 haalt ramingen van anderen aan, de evaluatie een ranglijst. Zij gaan over de hele economie of sector en zeggen niets over wat
# het programma heeft bijgedragen.

# %% [markdown] tags=["en"]
# ## What was expected of digitalisation
#
# The agenda of 2018 cites forecasts of others, the evaluation a ranking. They are about the whole economy or sector, and say nothing of what the
# programme contributed.

# %%
se.show(tables["agenda_figure_03"], study.chart("agenda_figure_03"))

# %%
se.show(tables["agenda_figure_06"], study.chart("agenda_figure_06"))

# %%
se.show(tables["dialogic_figure_08"], study.chart("dialogic_figure_08"))

# %% [markdown] tags=["nl"]
# ## Middelen naar bron

# %% [markdown] tags=["en"]
# ## Funding by source

# %%
se.show(tables["tno_table_01"], study.chart("tno_table_01"))

# %%
se.show(tables["tno_table_02"], study.chart("tno_table_02"))

# %%
se.show(tables["dialogic_table_01"], study.chart("dialogic_table_01"))

# %%
se.show(tables["agenda_table_01"], study.chart("agenda_table_01"))

# %%
se.show(tables["tno_figure_01"], study.chart("tno_figure_01"))

# %% [markdown] tags=["nl"]
# ## Groei en middelen per fieldlab
#
# Waar een definitie veranderde, staat geen groei: de reeks breekt daar.

# %% [markdown] tags=["en"]
# ## Growth and funding per fieldlab
#
# Where a definition changed there is no growth: the series breaks there.

# %%
se.show(tables["monitoring_growth"], study.chart("monitoring_growth"))

# %%
se.show(tables["monitoring_per_fieldlab"], study.chart("monitoring_per_fieldlab"))

# %%
se.show(tables["tno_table_03"], study.chart("tno_table_03"))

# %% [markdown] tags=["nl"]
# ## Kengetallen

# %% [markdown] tags=["en"]
# ## Key figures

# %%
se.show(tables["tno_table_04"], study.chart("tno_table_04"))

# %%
se.show(tables["dialogic_box_09"], study.chart("dialogic_box_09"))

# %%
se.show(tables["dialogic_box_11"], study.chart("dialogic_box_11"))

# %%
se.show(tables["tno_table_05"], study.chart("tno_table_05"))

# %%
se.show(tables["tno_table_06"], study.chart("tno_table_06"))

# %%
se.show(tables["monitoring_other"], study.chart("monitoring_other"))

# %% [markdown] tags=["nl"]
# ## Doelen naast resultaten

# %% [markdown] tags=["en"]
# ## Targets beside results

# %%
se.show(tables["monitoring_targets"], study.chart("monitoring_targets"))

# %% [markdown] tags=["nl"]
# ## Kloppen de cijfers met elkaar?
#
# Algemene regels over sommen, aandelen, herhalingen en reeksen, zonder lijst van bekende fouten. Wat afronding verklaart telt niet
# als tegenspraak.

# %% [markdown] tags=["en"]
# ## Do the figures agree with each other?
#
# General rules on sums, shares, repetitions and series, without a list of known errors. What rounding explains is no
# contradiction.

# %%
se.show(tables["monitoring_consistency"], study.chart("monitoring_consistency"))
