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
# # Selectie en terugval naar het gemiddelde
#
# Bedrijven met een slecht jaar melden zich aan. Daarna gaat het beter: door het programma? Hier niet. Het programma doet niets, elk bedrijf
# schommelt rond een eigen vast niveau, en wie laag stond komt vanzelf terug.

# %% [markdown] tags=["en"]
# # Selection and regression to the mean
#
# Firms with a bad year sign up. Afterwards things go better: because of the programme? Not here. The programme does nothing, each firm
# fluctuates around a fixed level of its own, and who was low comes back by itself.

# %%
import numpy as np
import pandas as pd

import si_eval as se

rng = np.random.default_rng(2)
level, years = rng.normal(5, 0.3, 2000), [2012, 2013, 2014, 2019]
values = {year: np.exp(level + rng.normal(0, 0.3, 2000)) for year in years}
participant = np.log(values[2014]) < np.quantile(np.log(values[2014]), 0.2)
firms = pd.concat(
    pd.DataFrame({"firm": range(2000), "year": year, "participant": participant, "output": values[year]}) for year in years
)
panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", extra=["output"])

# %% [markdown] tags=["nl"]
# ## Opgave 1
#
# Hoeveel meer groeiden deelnemers tussen 2014 en 2019 dan anderen, in het gemiddelde van de veranderingen? Noem het `naive`.

# %% [markdown] tags=["en"]
# ## Exercise 1
#
# How much more did participants grow between 2014 and 2019 than others, in the mean of changes? Call it `naive`.

# %% tags=["solution"]
change = values[2019] - values[2014]
naive = change[participant].mean() - change[~participant].mean()

# %%
table = se.compare_changes(panel, indicator="output", base_year=2014, year=2019, placebo_year=2012).to_frame()
changes = table.query("year == 2019 and statistic == 'change' and group == 'difference'").iloc[0]
assert np.isclose(changes["estimate"], naive)
assert changes["conf_low"] > 0  # a difference beyond doubt, and no effect at all

# %% [markdown] tags=["nl"]
# ## Opgave 2
#
# Vergelijk dezelfde bedrijven over 2012 tot 2013, vóór alles. Wat zou er uit moeten komen als 2014 een gewoon jaar was? Noem het `before`.

# %% [markdown] tags=["en"]
# ## Exercise 2
#
# Compare the same firms from 2012 to 2013, before anything. What should come out if 2014 was a year like any other? Call it `before`.

# %% tags=["solution"]
earlier = values[2013] - values[2012]
before = earlier[participant].mean() - earlier[~participant].mean()

# %%
assert abs(before) < naive / 4  # the groups moved alike until the year in which they were chosen

# %% [markdown] tags=["nl"]
# ## Opgave 3
#
# Kies uit 2012 de laagste vijfde, of ze later meededen of niet. Hoeveel meer groeiden die tot 2013? Noem het `returned`.

# %% [markdown] tags=["en"]
# ## Exercise 3
#
# Choose the lowest fifth of 2012, whether they took part later or not. How much more did those grow until 2013? Call it `returned`.

# %% tags=["solution"]
low = values[2012] < np.quantile(values[2012], 0.2)
returned = earlier[low].mean() - earlier[~low].mean()

# %%
assert abs(returned / naive - 1) < 0.2  # the whole "effect" comes back without a programme

# %% [markdown] tags=["nl"]
# Wat helpt: meer jaren vóór het begin, en vergelijken met bedrijven die van hetzelfde niveau kwamen. `compare_changes` doet het laatste
# (`change_beyond_same_start`). Hier is zo'n vergelijking niet te maken, want iedereen met een laag niveau doet mee: ook dat zegt de tabel.

# %% [markdown] tags=["en"]
# What helps: more years before the start, and comparison with firms that came from the same level. `compare_changes` does the latter
# (`change_beyond_same_start`). Here no such comparison can be made, since everyone with a low level takes part: the table says that too.

# %%
beyond = table.query("year == 2019 and statistic == 'change_beyond_same_start'")
assert beyond["estimate"].isna().all() or (beyond["conf_low"] < 0).all()
