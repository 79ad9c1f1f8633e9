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
# # Twee stellen regels naast elkaar
#
# Een cijfer hangt af van keuzes: welke grootteklasse een bedrijf krijgt, wie meetelt, welke bedrijven een ander bedrijf werden. De
# evaluatie van 2020 maakte die keuzes op een manier, de aanbevolen regels op een andere. Dit hoofdstuk laat op gesimuleerde
# registers zien wat elke keuze doet. Op echte registers wordt dezelfde tabel binnen gemaakt, naast de cijfers die naar buiten gaan.

# %% [markdown] tags=["en"]
# # Two rule sets side by side
#
# A figure depends on choices: which size class a firm gets, who counts, which firms became another firm. The evaluation of 2020
# made these choices in one way, the recommended rules make them in another. This chapter shows on simulated registers what each
# choice does. On real registers the same table is made inside, beside the figures that leave.

# %%
import tempfile
from pathlib import Path

import si_eval as se

folder = Path(tempfile.mkdtemp()) / "extract"
se.simulate_extract(folder, scale=0.002, seed=1)
extract = se.read_extract(folder)
linkage = se.link_participants(extract)

# %% [markdown] tags=["nl"]
# ## Omzet per werkzame persoon onder beide
#
# Elke rij is dezelfde cel; alleen de regels verschillen. Tussen de eerste en de laatste staat telkens één keuze die is veranderd.
# Van deelnemers blijft dit binnen: cijfers die een paar bedrijven van elkaar verschillen gaan niet beide naar buiten.

# %% [markdown] tags=["en"]
# ## Revenue per person employed under both
#
# Each row is the same cell; only the rules differ. Between the first and the last stands one choice that was changed at a time.
# Those of participants stay inside: figures that are a few firms apart do not both leave.

# %%
(headline,) = se.protect(
    [
        se.compare_rule_sets(
            lambda rules: se.build_panel(extract, linkage, rules=rules),
            lambda panel: se.compare_groups(
                panel, indicator="revenue_per_employee", years=[2019], statistics=["mean"]
            ),
        ).named(
            "rule_sets_revenue",
            {"nl": "Omzet per werkzame persoon, 2019, naar regels", "en": "Revenue per person employed, 2019, by rules"},
        )
    ]
)
se.show(headline, se.Chart("table", statistic="mean"))

# %% [markdown] tags=["nl"]
# ## Welke regels wanneer
#
# De regels van 2020 herhalen wat is gepubliceerd, met de valkuilen van toen. De aanbevolen regels zijn voor nieuwe cijfers. Een cijfer
# dat alleen onder een van twee verdedigbare stellen regels bestaat, is geen bevinding.

# %% [markdown] tags=["en"]
# ## Which rules when
#
# The rules of 2020 repeat what was published, with the pitfalls of its day. The recommended rules are for new figures. A figure
# that only one of two sound rule sets gives is no finding.

# %%
moves = se.list_rule_moves(headline)
widest = moves.groupby(["group"])["moved"].apply(lambda moved: moved.abs().max())
assert widest.notna().any()
