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
# # Verschil in verschillen, en wanneer het faalt
#
# Vergelijk de verandering van deelnemers met die van anderen: wat vast is aan een bedrijf valt weg. Wat niet wegvalt is een trend die
# deelnemers anders al hadden. Hier is het effect bekend (`truth`), en de trend ook.

# %% [markdown] tags=["en"]
# # Difference-in-differences, and when it fails
#
# Compare the change of participants with that of others: what is fixed about a firm drops out. What does not drop out is a trend that
# participants had anyway. Here the effect is known (`truth`), and so is the trend.

# %%
import numpy as np

import si_eval as se


def panel_of(firms):
    return se.panel_from_frame(
        firms.frame, unit="firm", year="year", participant="participant", entry_year="entry_year",
        employed_persons="employed_persons", revenue="revenue",
    )


def planted(firms):
    cohorts = firms.truth.groupby("cohort").agg(effect=("effect", "mean"), firms=("n_firms", "first"))
    return np.average(cohorts["effect"], weights=cohorts["firms"])


# %% [markdown] tags=["nl"]
# ## Opgave 1: met de hand
#
# Deelname is willekeurig en iedereen heeft dezelfde trend (`selection=0`, `size_trend=0`). Bereken voor wie in 2015 begon het verschil in
# verschillen van log(omzet per werkzame persoon) tussen 2014 en 2016, tegenover wie nooit meedoet. Noem het `by_hand`.

# %% [markdown] tags=["en"]
# ## Exercise 1: by hand
#
# Participation is random and everyone has the same trend (`selection=0`, `size_trend=0`). For those who began in 2015 compute the
# difference-in-differences of log(revenue per person employed) between 2014 and 2016, against those who never take part. Call it `by_hand`.

# %%
random = se.simulate_firms(firms=900, participants=300, years=6, selection=0, size_trend=0, effect=0.2, seed=5)
began = random.frame.groupby("firm")["entry_year"].first()

# %% tags=["solution"]
logs = np.log(random.frame["revenue"] / random.frame["employed_persons"])
wide = logs.groupby([random.frame["firm"], random.frame["year"]]).first().unstack()
change = wide[2016] - wide[2014]
by_hand = change[began == 2015].mean() - change[began.isna()].mean()

# %%
effect = se.estimate_effect(panel_of(random), outcome="revenue_per_employee", logarithm=True, design="staggered").to_frame()
truth = random.truth.query("cohort == 2015 and year == 2016")["effect"].iloc[0]
assert abs(by_hand - truth) < 0.08
overall = effect.query("statistic == 'att' and category == 'overall'").iloc[0]
assert overall["conf_low"] < planted(random) < overall["conf_high"]

# %% [markdown] tags=["nl"]
# ## Opgave 2: het faalt
#
# Nu groeien deelnemers ook zonder programma 4% per jaar meer (`departure=0.04`), en doet het programma niets (`effect=0`, `growth=0`). Wat schat
# dezelfde methode? En wat zie je vóór de toetreding? Bewaar de schattingen naar jaren sinds toetreding als `by_event`.

# %% [markdown] tags=["en"]
# ## Exercise 2: it fails
#
# Now participants grow 4% a year more without the programme too (`departure=0.04`), and the programme does nothing (`effect=0`, `growth=0`).
# What does the same method estimate? And what do you see before entry? Keep the estimates by years since entry as `by_event`.

# %% tags=["solution"]
drifting = se.simulate_firms(
    firms=900, participants=300, years=6, selection=0, size_trend=0, effect=0, growth=0, departure=0.04, seed=6
)
result = se.estimate_effect(panel_of(drifting), outcome="revenue_per_employee", logarithm=True, design="staggered")
rows = result.to_frame().query("statistic == 'att'")
by_event = rows[rows["category"].str.fullmatch(r"[+-]?\d+")].assign(event=lambda found: found["category"].astype(int))

# %%
wrong = rows.query("category == 'overall'").iloc[0]
assert wrong["conf_low"] > planted(drifting) == 0  # an effect beyond doubt that is not there
earlier = by_event.query("event < -1")
assert len(earlier)
assert (earlier["estimate"].abs() > 0.02).any()  # the years before entry told so

# %% [markdown] tags=["nl"]
# ## Opgave 3: een trend die aan grootte hangt
#
# Grote bedrijven groeien sneller en doen vaker mee (`selection=1`, `size_trend=0.06`). Wat doet `covariates=["size_class"]`? Bewaar de twee
# schattingen als `plain` en `adjusted`.

# %% [markdown] tags=["en"]
# ## Exercise 3: a trend that goes with size
#
# Large firms grow faster and take part more often (`selection=1`, `size_trend=0.06`). What does `covariates=["size_class"]` do? Keep the two
# estimates as `plain` and `adjusted`.

# %%
sized = se.simulate_firms(firms=900, participants=300, years=6, selection=1.0, size_trend=0.06, effect=0.1, seed=7)
panel = panel_of(sized)

# %% tags=["solution"]
asked = {"outcome": "revenue_per_employee", "logarithm": True, "design": "staggered"}
plain, adjusted = (
    se.estimate_effect(panel, covariates=covariates, **asked)
    .to_frame()
    .query("statistic == 'att' and category == 'overall'")["estimate"]
    .iloc[0]
    for covariates in ([], ["size_class"])
)

# %%
assert abs(adjusted - planted(sized)) < abs(plain - planted(sized))

# %% [markdown] tags=["nl"]
# Gelijke trends vóór de toetreding bewijzen niet dat zij erna gelijk waren; ongelijke maken de schatting ongeloofwaardig. Daarom zegt een
# tabel pas *effect* als de jaren ervoor genoeg uitsluiten, en staat er anders *samenhang*.

# %% [markdown] tags=["en"]
# Like trends before entry do not prove that they were alike after it; unlike ones make the estimate incredible. That is why a table says
# *effect* only where the years before rule out enough, and *association* otherwise.
