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
# # Geheimhouding, gezien door wie haar wil breken
#
# Een cel van één bedrijf is weggelaten. Is het cijfer daarmee geheim? Vier opgaven in de rol van aanvaller, op verzonnen bedrijven waarvan je de
# waarheid daarna mag nakijken.

# %% [markdown] tags=["en"]
# # Disclosure control, seen by who wants to break it
#
# A cell of one firm is left out. Is the figure secret then? Four exercises as the attacker, on invented firms whose truth you may look up
# afterwards.

# %%
import numpy as np
import pandas as pd
from scipy.optimize import linprog

import si_eval as se

truth = pd.DataFrame(
    [[520.0, 310.0, 90.0], [240.0, 75.0, 160.0], [180.0, 260.0, 45.0]],
    index=["north", "middle", "south"], columns=["food", "metal", "software"],
)
across, down, total = truth.sum(axis=1), truth.sum(axis=0), truth.to_numpy().sum()
printed = truth.mask((truth == 75.0))  # metal in the middle is one firm

# %% [markdown] tags=["nl"]
# ## Opgave 1: aftrekken
#
# Gepubliceerd zijn `printed`, `across`, `down` en `total`. Vind het weggelaten cijfer, als `stolen`, zonder `truth`.

# %% [markdown] tags=["en"]
# ## Exercise 1: subtraction
#
# Published are `printed`, `across`, `down` and `total`. Find the figure that was left out, as `stolen`, without `truth`.

# %% tags=["solution"]
stolen = across["middle"] - printed.loc["middle"].sum()

# %%
assert stolen == truth.loc["middle", "metal"]

# %% [markdown] tags=["nl"]
# ## Opgave 2: drie cellen weg
#
# Nu zijn ook *middle, food* en *south, metal* weg. Is het geheim bewaard? Bewaar wat je vindt als `again`.

# %% [markdown] tags=["en"]
# ## Exercise 2: three cells gone
#
# Now *middle, food* and *south, metal* are gone too. Is the secret kept? Keep what you find as `again`.

# %%
three = printed.copy()
three.loc["middle", "food"] = three.loc["south", "metal"] = np.nan

# %% tags=["solution"]
other = across["south"] - three.loc["south"].sum()  # alone in its row
again = down["metal"] - three["metal"].sum() - other

# %%
assert again == truth.loc["middle", "metal"]

# %% [markdown] tags=["nl"]
# ## Opgave 3: vier cellen, en toch grenzen
#
# Met *south, food* erbij vormen de gaten een rechthoek: geen cel volgt nog uit de randen. Maar omzet is nooit negatief. Tussen welke grenzen
# ligt het geheim? Bewaar ze als `low` en `high`.

# %% [markdown] tags=["en"]
# ## Exercise 3: four cells, and bounds all the same
#
# With *south, food* the holes form a rectangle: no cell follows from the margins any more. But revenue is never negative. Between which bounds
# does the secret lie? Keep them as `low` and `high`.

# %%
four = three.copy()
four.loc["south", "food"] = np.nan
holes = [(row, column) for row in four.index for column in four.columns if np.isnan(four.loc[row, column])]

# %% tags=["solution"]
margins = [("row", row) for row in four.index] + [("column", column) for column in four.columns]
matrix = [[float(name in hole) for hole in holes] for _, name in margins]
rest = [across[name] - four.loc[name].sum() if kind == "row" else down[name] - four[name].sum() for kind, name in margins]
wanted = [float(hole == ("middle", "metal")) for hole in holes]
low = linprog(wanted, A_eq=matrix, b_eq=rest).fun
high = -linprog([-one for one in wanted], A_eq=matrix, b_eq=rest).fun

# %%
assert low <= truth.loc["middle", "metal"] <= high
assert (round(low), round(high)) == (0, 315)  # wide enough; had the other holes been small it would not be

# %% [markdown] tags=["nl"]
# ## Opgave 4: de bibliotheek
#
# `protect` zoekt zelf welke cellen mee moeten. Van de zes cellen deelnemers en anderen in drie sectoren is er één te klein: vier deelnemers in
# sector J. Hoeveel cellen van `counts` zijn er weg, en hoeveel daarvan om een ander te beschermen? Noem die `secondary`.

# %% [markdown] tags=["en"]
# ## Exercise 4: the library
#
# `protect` finds by itself which cells must go along. Of the six cells of participants and others in three sectors one is too small: four
# participants in sector J. How many cells of `counts` are left out, and how many of those to protect another? Call the latter `secondary`.

# %%
sector = np.array(["C"] * 60 + ["G"] * 60 + ["J"] * 4 + ["C"] * 90 + ["G"] * 90 + ["J"] * 90)
firms = pd.DataFrame({"firm": range(394), "year": 2019, "participant": np.arange(394) < 124, "sector": sector})
firms["output"] = np.random.default_rng(8).lognormal(3, 0.3, len(firms))
panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", sector="sector", extra=["output"])
tables = [
    se.compare_groups(panel, indicator="output", by=by).named(name, {"nl": nl, "en": en})
    for by, name, nl, en in (
        (["sector"], "by_sector", "Productie naar sector", "Output by sector"),
        ([], "in_all", "Productie", "Output"),
    )
]
by_sector, in_all = se.protect(tables)
counts = by_sector.to_frame().query("statistic == 'mean' and group in ['participant', 'non_participant']")

# %% tags=["solution"]
gone = counts[counts["status"] != "shown"]
secondary = len(gone) - 1

# %%
assert ((gone["group"] == "participant") & (gone["sector"] == "J")).any()
assert secondary >= 1  # with the total of participants printed, a hole alone would be no hole

# %% [markdown] tags=["nl"]
# Geheim is een cijfer pas als niemand het terugrekent: niet uit randen, niet uit een andere tabel, niet uit een eerdere publicatie, niet met wat
# een bedrijf van zichzelf weet. Daarom worden alle tabellen samen beschermd. Wat dit niet laat zien: dat een voorgeschreven grens de juiste is.

# %% [markdown] tags=["en"]
# A figure is secret only if nobody computes it back: not from margins, not from another table, not from an earlier release, not with what a firm
# knows of itself. That is why all tables are protected together. What this does not show is that a prescribed threshold is the right one.

# %%
se.show(by_sector)
