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
# # Drie manieren om te middelen
#
# Omzet per werkzame persoon van een groep is drie dingen: het gemiddelde van de verhoudingen (elk bedrijf telt even zwaar), de verhouding
# van de sommen (elke werkzame persoon telt even zwaar) en de mediaan (het bedrijf in het midden). Hier is de waarheid bekend: een bedrijf van
# grootte *s* haalt *s* tot de macht een vijfde, zonder ruis.

# %% [markdown] tags=["en"]
# # Three ways to average
#
# Revenue per person employed of a group is three things: the mean of ratios (each firm counts the same), the ratio of sums (each person
# employed counts the same) and the median (the firm in the middle). Here the truth is known: a firm of size *s* makes *s* to the power of one
# fifth, without noise.

# %%
import numpy as np
import pandas as pd

import si_eval as se

sizes = np.random.default_rng(1).lognormal(2, 1.2, 400).round() + 1
firms = pd.DataFrame({"firm": range(400), "year": 2019, "participant": sizes > 15, "persons": sizes, "revenue": sizes ** 1.2})
panel = se.panel_from_frame(
    firms, unit="firm", year="year", participant="participant", employed_persons="persons", revenue="revenue"
)
table = se.compare_groups(panel, indicator="revenue_per_employee", statistics=["mean", "median", "ratio_of_sums"])
found = table.to_frame().query("group == 'participant'").set_index("statistic")["estimate"]

# %% [markdown] tags=["nl"]
# ## Opgave 1
#
# Reken de drie cijfers van de deelnemers zelf uit, met niets dan `firms`. Welk is het hoogst, en waarom?

# %% [markdown] tags=["en"]
# ## Exercise 1
#
# Compute the three figures of the participants yourself, from nothing but `firms`. Which is highest, and why?

# %% tags=["solution"]
ours = firms[firms["participant"]]
ratios = ours["revenue"] / ours["persons"]
answer = {"mean": ratios.mean(), "median": ratios.median(), "ratio_of_sums": ours["revenue"].sum() / ours["persons"].sum()}
assert answer["ratio_of_sums"] > answer["mean"] > answer["median"]  # large firms make more a head, and weigh more in a sum

# %%
for name, value in answer.items():
    assert np.isclose(found[name], value), name

# %% [markdown] tags=["nl"]
# ## Opgave 2
#
# Een bedrijf met 5.000 werkzame personen gaat meedoen. Welk van de drie cijfers verandert het meest, en welk het minst?

# %% [markdown] tags=["en"]
# ## Exercise 2
#
# A firm with 5,000 persons employed starts to take part. Which of the three figures changes most, and which least?

# %% tags=["solution"]
more = np.append(ours["persons"], 5000.0)
changed = {"mean": np.mean(more**0.2), "median": np.median(more**0.2), "ratio_of_sums": (more**1.2).sum() / more.sum()}
moved = {name: changed[name] / answer[name] - 1 for name in answer}

# %%
assert max(moved, key=moved.get) == "ratio_of_sums"
assert min(moved, key=moved.get) == "median"

# %% [markdown] tags=["nl"]
# Geen van de drie is fout: wie naar een doorsnee bedrijf vraagt wil de mediaan, wie naar de sector vraagt de verhouding van sommen. Fout is
# het ene geven waar het andere is gevraagd, of groepen met verschillende maten te vergelijken. Wat geen van de drie laat zien: waarom groepen
# verschillen. Hier doet het programma niets; deelnemers zijn alleen groter.

# %% [markdown] tags=["en"]
# None of the three is wrong: who asks about a typical firm wants the median, who asks about the sector the ratio of sums. Wrong is to give
# the one where the other was asked, or to compare groups by different ones. What none of them shows is why groups differ. Here the programme
# does nothing; participants are merely larger.

# %%
(safe,) = se.protect(
    [table.named("three_averages", {"nl": "Drie gemiddelden van dezelfde bedrijven", "en": "Three averages of the same firms"})]
)
se.show(safe)
