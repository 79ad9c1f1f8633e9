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
# # Echte gegevens: een scholingssubsidie in Michigan
#
# Dezelfde vergelijkingen op echte bedrijven: bedrijven in Michigan, waarvan een deel in 1988 of 1989 subsidie voor scholing
# kreeg (Holzer e.a., 1993; gegevens bij Wooldridge, meegeleverd met `linearmodels`). Omzet is in dollars. Geen register nodig:
# `panel_from_frame` maakt van elk bestand van bedrijven per jaar een panel.

# %% [markdown] tags=["en"]
# # Real data: a training grant in Michigan
#
# The same comparisons on real firms: firms in Michigan, some of which received a grant for training in 1988 or 1989
# (Holzer et al., 1993; data with Wooldridge's textbook, shipped with `linearmodels`). Sales are in dollars. No register is
# needed: `panel_from_frame` makes a panel of any file of firms by year.

# %%
from linearmodels.datasets import jobtraining

import si_eval as se

panel = se.panel_from_frame(
    jobtraining.load(), unit="fcode", year="year", participant="grant", employed_persons="employ", revenue="sales"
)

# %% [markdown] tags=["nl"]
# ## Omzet per werknemer naar grootteklasse

# %% [markdown] tags=["en"]
# ## Sales per employee by size class

# %%
levels, series, balance = se.protect(
    [
        se.compare_groups(panel, indicator="revenue_per_employee", by=["size_class_4"]).named(
            "jobtraining_levels",
            {"nl": "Omzet per werknemer naar grootteklasse (dollar)", "en": "Sales per employee by size class (dollar)"},
        ),
        se.index_series(panel, indicator="revenue_per_employee", base_year=1987).named(
            "jobtraining_index",
            {"nl": "Index van de omzet per werknemer (1987 = 100)", "en": "Index of sales per employee (1987 = 100)"},
        ),
        se.check_selection(panel, year=1987, by=[]).named(
            "jobtraining_selection",
            {"nl": "Verschil in 1987, voor de subsidie", "en": "Difference in 1987, before the grant"},
        ),
    ]
)
se.show(levels, se.Chart(kind="lines", x="year", panels="size_class", statistic="mean", divisor=1000))

# %% [markdown] tags=["nl"]
# ## Index

# %% [markdown] tags=["en"]
# ## Index

# %%
se.show(series, se.Chart(kind="lines", x="year", statistic="index", intervals=True))

# %%
se.say(
    "In 1988 staat de index van de ontvangers op {ours} en die van de anderen op {theirs}; het verschil is {gap} punten, met een interval dat nul ruim omvat.",
    "In 1988 the index of the receivers stands at {ours}, that of the others at {theirs}; the difference is {gap} points, with an interval that holds zero by a wide margin.",
    ours=se.cell(series, format="decimal", group="participant", year=1988),
    theirs=se.cell(series, format="decimal", group="non_participant", year=1988),
    gap=se.cell(series, format="decimal", group="difference", year=1988),
)

# %% [markdown] tags=["nl"]
# ## Selectie
#
# Leken de ontvangers vóór de subsidie op de anderen?

# %% [markdown] tags=["en"]
# ## Selection
#
# Were the receivers like the others before the grant?

# %%
se.show(balance, se.Chart(kind="table"))

# %% [markdown] tags=["nl"]
# ## Wat de gebruikelijke regressie zegt
#
# Met vaste effecten van bedrijf en jaar. Programma's geven bij dezelfde schatting andere standaardfouten: waar de effecten van
# bedrijven binnen de clusters liggen tellen zij bij `fixest` als één parameter, bij `linearmodels` allemaal. Geen van beide
# intervallen sluit nul uit.

# %% [markdown] tags=["en"]
# ## What the usual regression says
#
# With effects of firm and year. Programs give other standard errors with the same estimate: where the effects of firms lie
# within the clusters `fixest` counts them as one parameter, `linearmodels` counts all. Neither interval excludes zero.

# %%
(regression,) = se.protect(
    [
        se.estimate_effect(panel, outcome="revenue", logarithm=True, design="twfe").named(
            "jobtraining_two_way",
            {"nl": "Subsidie en omzet: vaste effecten van bedrijf en jaar", "en": "Grant and sales: effects of firm and year"},
        )
    ]
)
se.show(regression, se.Chart(kind="dots", x="category", statistic="att", intervals=True))
