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
# # Impact op basis van microdata
#
# Hoe ontwikkelden de deelnemers zich naast andere bedrijven van dezelfde grootte? Dit hoofdstuk volgt paragraaf 5.2. Wat hier
# staat is samenhang: zonder het jaar waarin een bedrijf begon mee te doen is een effect niet te schatten.

# %% [markdown] tags=["en"]
# # Impact on microdata
#
# How did participants develop beside other firms of their size? This chapter follows section 5.2. What it shows is
# association: without the year in which a firm started to take part, an effect cannot be estimated.

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
se.show(tables["dialogic_figure_33"], study.chart("dialogic_figure_33"))

# %% [markdown] tags=["nl"]
# In de industrie zijn er genoeg deelnemers om ook binnen de sector naar grootte te vergelijken.

# %% [markdown] tags=["en"]
# In manufacturing there are enough participants to compare by size within the sector too.

# %% [markdown] tags=["nl"]
# **Hoe te lezen.** De index zet het gemiddelde van elke groep in 2014 op honderd; het interval houdt rekening met toeval in beide jaren, ook in het
# basisjaar. Staat onder een klasse een vet verschil, dan ligt nul buiten zijn interval. Een index zegt niet wie hoger staat, en verandert
# als andere bedrijven in de klasse komen. Wat dit niet laat zien: waardoor een groep groeide.

# %% [markdown] tags=["en"]
# **How to read it.** The index sets the mean of each group in 2014 at a hundred; the interval counts chance in both years, the base year too. Where a
# difference under a class is bold, zero lies outside its interval. An index does not say who is higher, and it changes when other firms
# enter the class. What this does not show: what made a group grow.

# %%
se.show(tables["dialogic_figure_34"], study.chart("dialogic_figure_34"))

# %%
se.show(tables["dialogic_table_08"], study.chart("dialogic_table_08"))

# %%
se.say(
    "De index van middelgrote deelnemers in de industrie staat in 2019 op {ours} en die van andere middelgrote bedrijven op {theirs}, met 2014 als basisjaar.",
    "In 2019 the index of medium-sized participants in manufacturing stands at {ours}, that of other medium-sized firms at {theirs}, with 2014 as the base year.",
    ours=se.cell(tables["dialogic_figure_34"], format="decimal", group="participant", size_class="50-249"),
    theirs=se.cell(tables["dialogic_figure_34"], format="decimal", group="non_participant", size_class="50-249"),
)

# %% [markdown] tags=["nl"]
# ## Investeringen per werkzame persoon
#
# De investeringsenquête is een steekproef: ontbrekende antwoorden zijn door het bureau bijgeschat, en die tellen hier mee.

# %% [markdown] tags=["en"]
# ## Investment per person employed
#
# The investment survey is a sample: the office imputes missing answers, and these count here.

# %%
se.show(tables["dialogic_figure_35"], study.chart("dialogic_figure_35"))

# %% [markdown] tags=["nl"]
# **Hoe te lezen.** Een gemiddelde van investeringen per werkzame persoon hangt af van weinig bedrijven: de meeste investeren in een jaar niets. Daarom is het
# interval scheef, en staat er per groep bij hoeveel bedrijven geteld zijn. Vergelijk het eerste jaar met latere: een verschil dat er al
# was, komt niet door het programma.

# %% [markdown] tags=["en"]
# **How to read it.** A mean of investment per person employed hangs on few firms: most invest nothing in a year. That is why the interval is skewed, and why
# each group says how many firms are counted. Compare the first year with later ones: a difference that was there already is not due to the
# programme.

# %%
se.show(tables["dialogic_table_09"], study.chart("dialogic_table_09"))

# %% [markdown] tags=["nl"]
# ### In de industrie, naar grootteklasse

# %% [markdown] tags=["en"]
# ### In manufacturing, by size class

# %%
se.show(tables["dialogic_figure_36"], study.chart("dialogic_figure_36"))

# %%
se.show(tables["dialogic_figure_37"], study.chart("dialogic_figure_37"))

# %%
se.show(tables["dialogic_figure_38"], study.chart("dialogic_figure_38"))

# %%
se.show(tables["dialogic_figure_39"], study.chart("dialogic_figure_39"))

# %%
se.show(tables["dialogic_table_10"], study.chart("dialogic_table_10"))

# %% [markdown] tags=["nl"]
# ### In alle sectoren, naar grootteklasse

# %% [markdown] tags=["en"]
# ### In all sectors, by size class

# %%
se.show(tables["dialogic_figure_49"], study.chart("dialogic_figure_49"))

# %%
se.show(tables["dialogic_figure_50"], study.chart("dialogic_figure_50"))

# %%
se.show(tables["dialogic_figure_51"], study.chart("dialogic_figure_51"))

# %%
se.show(tables["dialogic_figure_52"], study.chart("dialogic_figure_52"))

# %% [markdown] tags=["nl"]
# ## Wat in eigen beheer is gemaakt

# %% [markdown] tags=["en"]
# ## What was produced in-house

# %%
se.show(tables["dialogic_figure_40"], study.chart("dialogic_figure_40"))
