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
# # Valkuilen van indexcijfers
#
# Een index zet het eerste jaar op 100 en laat niveaus weg. Drie valkuilen, op bedrijven die in waarheid allemaal 3% per jaar groeien, met één
# jaar waarin de deelnemers pech hadden.

# %% [markdown] tags=["en"]
# # Pitfalls of indexes
#
# An index sets the first year at 100 and leaves levels out. Three pitfalls, on firms that in truth all grow by 3% a year, with one year in
# which the participants had bad luck.

# %%
import numpy as np
import pandas as pd

import si_eval as se

rng, years = np.random.default_rng(3), range(2014, 2020)
level, participant = np.exp(rng.normal(5, 0.4, 600)), np.arange(600) < 150
frames = []
for year in years:
    luck = np.where(participant & (year == 2014), 0.8, 1.0)
    frames.append(
        pd.DataFrame({"firm": range(600), "year": year, "participant": participant, "output": level * 1.03 ** (year - 2014) * luck})
    )
firms = pd.concat(frames)
panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", extra=["output"])


# %% [markdown] tags=["nl"]
# ## Opgave 1: het basisjaar
#
# Bereken de index van beide groepen in 2019 met basisjaar 2014 en met basisjaar 2015, in een woordenboek `indexes` met sleutels zoals
# `(2014, "participant")`.

# %% [markdown] tags=["en"]
# ## Exercise 1: the base year
#
# Compute the index of both groups in 2019 with base year 2014 and with base year 2015, in a dictionary `indexes` with keys such as
# `(2014, "participant")`.

# %% tags=["solution"]
means = firms.groupby(["participant", "year"])["output"].mean()
indexes = {
    (base, "participant" if taking_part else "non_participant"): 100 * means[taking_part, 2019] / means[taking_part, base]
    for base in (2014, 2015)
    for taking_part in (True, False)
}

# %%
for (base, group), value in indexes.items():
    series = se.index_series(panel, indicator="output", base_year=base).to_frame()
    computed = series.query("year == 2019 and group == @group")["estimate"].iloc[0]
    assert np.isclose(computed, value), (base, group)
assert indexes[2014, "participant"] > indexes[2014, "non_participant"] + 20  # one bad year looks like growth for ever
assert np.isclose(indexes[2015, "participant"], indexes[2015, "non_participant"])

# %% [markdown] tags=["nl"]
# ## Opgave 2: niveau of groei
#
# Met basisjaar 2014 stijgt de index van deelnemers het meest. Staat hun niveau in 2019 daarom hoger? Reken het verschil van de niveaus uit, als
# `ahead` in procenten van de anderen.

# %% [markdown] tags=["en"]
# ## Exercise 2: level or growth
#
# With base year 2014 the index of participants rises most. Is their level in 2019 higher for that? Compute the difference of levels, as
# `ahead` in per cent of the others.

# %% tags=["solution"]
ahead = 100 * (means[True, 2019] / means[False, 2019] - 1)

# %%
assert abs(ahead - 100 * (level[participant].mean() / level[~participant].mean() - 1)) < 1e-9  # what it always was

# %% [markdown] tags=["nl"]
# ## Opgave 3: wie er in zit
#
# Laat na 2016 de kleinste helft van de deelnemers verdwijnen. De index van wie er is stijgt dan. Hoeveel van `gained` is groei van bedrijven?

# %% [markdown] tags=["en"]
# ## Exercise 3: who is in it
#
# Let the smallest half of the participants disappear after 2016. The index of those who are there then rises. How much of `gained` is growth
# of firms?

# %% tags=["solution"]
small = participant & (level < np.median(level[participant]))
left = firms[~(firms["firm"].isin(np.flatnonzero(small)) & (firms["year"] > 2016))]
index = left[left["participant"]].groupby("year")["output"].mean().pipe(lambda mean: 100 * mean / mean[2015])
gained = index[2019] - indexes[2015, "participant"]

# %%
assert gained > 20  # none of it: every firm grew by 3% a year, as before

# %% [markdown] tags=["nl"]
# Daarom: kies een basisjaar dat vooraf vaststaat en lees een ander ernaast (`base_year`), geef niveaus bij een index, en volg dezelfde bedrijven
# (`composition`). Een index zegt niet of een groep hoger staat, en niet waardoor zij groeit.

# %% [markdown] tags=["en"]
# So: choose a base year beforehand and read another beside it (`base_year`), give levels with an index, and follow the same firms
# (`composition`). An index does not say whether a group is higher, nor what makes it grow.
