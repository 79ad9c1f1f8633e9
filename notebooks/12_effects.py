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
# # Effecten
#
# Komt het verschil door het programma? Dat laat zich alleen zeggen als van elke deelnemer bekend is wanneer hij toetrad, en
# als de trends daarvóór gelijk liepen. Dit hoofdstuk laat eerst de methode zien op gesimuleerde bedrijven waarvan het
# effect bekend is, en zegt daarna wat de registers wel en niet kunnen dragen.

# %% [markdown] tags=["en"]
# # Effects
#
# Is the difference the programme's doing? That can only be said when it is known when each participant entered, and when
# trends before entry moved alike. This chapter first shows the method on simulated firms whose effect is known, and then
# says what the registers can and cannot bear.

# %%
import si_eval as se

firms = se.simulate_firms(seed=4)
simulated = se.panel_from_frame(
    firms.frame, unit="firm", year="year", participant="participant", entry_year="entry_year",
    employed_persons="employed_persons", revenue="revenue",
)

# %% [markdown] tags=["nl"]
# ## Gesimuleerd: naïef en gecorrigeerd
#
# Grote bedrijven groeien hier sneller en doen vaker mee. De verandering van deelnemers vergelijken met die van alle anderen
# schrijft die groei toe aan het programma; wie op grootte corrigeert doet dat niet.

# %% [markdown] tags=["en"]
# ## Simulated: naive and adjusted
#
# Large firms grow faster here and take part more often. Comparing the change of participants with that of all others credits
# the programme with that growth; adjusting for size does not.

# %%
asked = {"outcome": "revenue_per_employee", "logarithm": True, "covariates": ["size_class"]}
change, effect = se.protect(
    [
        se.estimate_effect(simulated, design="long_difference", years=[2014, 2019], **asked).named(
            "simulated_long_difference",
            {"nl": "Verandering 2014-2019 ten opzichte van anderen", "en": "Change 2014-2019 against others"},
        ),
        se.estimate_effect(simulated, design="staggered", **asked).named(
            "simulated_effect",
            {"nl": "Effect naar jaren sinds toetreding", "en": "Effect by years since entry"},
        ),
    ]
)
se.show(change, se.Chart(kind="dots", x="category", statistic="att"))

# %% [markdown] tags=["nl"]
# ## Gesimuleerd: naar jaren sinds toetreding
#
# Vóór toetreding hoort het effect nul te zijn; de strepen gelden voor alle jaren samen.

# %% [markdown] tags=["en"]
# ## Simulated: by years since entry
#
# Before entry the effect should be zero; the whiskers hold for all years at once.

# %%
se.show(effect, se.Chart(kind="event_study", statistic="att_simultaneous"))

# %%
se.say(
    "Het gemiddelde effect is ongeveer {overall} (honderdsten van een logpunt). Trends van na de toetreding mogen {ratio} maal zo sterk uiteenlopen als daarvóór voordat het effect nul kan zijn.",
    "The mean effect is about {overall} (hundredths of a log point). Trends after entry may part {ratio} times as much as before it until the effect may be zero.",
    overall=se.cell(effect, format="percent", statistic="att", category="overall", year="all"),
    ratio=se.cell(effect, format="decimal", statistic="breakdown"),
)

# %% [markdown] tags=["nl"]
# ## Gesimuleerd: met wie vergeleken?
#
# Elke deelnemer krijgt in het jaar vóór zijn toetreding twee bedrijven van zijn grootteklasse naast zich. De koppeling ligt
# vast vóórdat een uitkomst is bekeken; wie niemand heeft, wordt geteld met de reden.

# %% [markdown] tags=["en"]
# ## Simulated: compared with whom?
#
# Each participant gets two firms of its size class beside it, in the year before it entered. The match is fixed before any
# outcome is looked at; those who have nobody are counted with the reason.

# %%
match = se.match_units(simulated, exact="size_class", ratio=2)
of_matched = {"outcome": "revenue_per_employee", "logarithm": True, "match": match}
balance, checks = se.protect(
    [
        match.named("simulated_match", {"nl": "Vóór en na koppeling", "en": "Before and after matching"}),
        se.check_effect(simulated, of=of_matched, checks=["placebo_date", "leave_one_out"]).named(
            "simulated_checks", {"nl": "Houdt het effect stand?", "en": "Does the effect hold?"}
        ),
    ]
)
se.show(balance, se.Chart("love", series="category", where={"statistic": "standardised_mean_difference"}))

# %% [markdown] tags=["nl"]
# Placebo's horen nul te zijn; zonder een jaar van toetreding hoort de schatting aan haar kant van nul te blijven.

# %% [markdown] tags=["en"]
# Placebos should be zero; without a year of entry the estimate should stay on its side of zero.

# %%
se.show(checks, se.Chart(kind="table"))

# %% [markdown] tags=["nl"]
# ## De fieldlabs
#
# Van de deelnemers aan de fieldlabs is niet bekend wanneer zij toetraden, en de registers beginnen in het jaar waarin het
# programma begon. Een effect is dus niet te schatten. Wel is te zien of hun verandering anders was dan die van bedrijven die op
# hen leken; dat is samenhang.

# %% [markdown] tags=["en"]
# ## The fieldlabs
#
# When the participants of the fieldlabs entered is not known, and the registers begin in the year in which the programme began.
# An effect cannot be estimated. What can be seen is whether their change differed from that of firms like them; that is an
# association.

# %%
study, extract = se.open_reference()
linkage = se.link_participants(extract)
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=study.file.disclosure.public_units)
tables = se.study_tables(study, panel, linkage)
se.show(tables["effect_by_entry"], study.chart("effect_by_entry"))

# %% [markdown] tags=["nl"]
# **Hoe te lezen.** Elke rij schat hetzelfde op een andere manier: zonder correctie, met gewichten of met gekoppelde bedrijven die vooraf op deelnemers leken.
# Liggen de rijen bij elkaar, dan hangt de uitkomst niet aan de methode. Een tiende logpunt is ongeveer tien procent. Wat dit niet laat
# zien: een effect. Het jaar van toetreding ontbreekt, dus er zijn geen jaren vóór deelname om aan te zien of de groepen gelijk opgingen.

# %% [markdown] tags=["en"]
# **How to read it.** Each row estimates the same in another way: without adjustment, with weights, or with matched firms that were like participants before.
# Where rows lie together the result does not hang on the method. A tenth of a log point is about ten per cent. What this does not show: an
# effect. The year of entry is missing, so there are no years before participation to see whether the groups moved alike.

# %%
se.show(tables["effect_long_difference"], study.chart("effect_long_difference"))

# %% [markdown] tags=["nl"]
# ## Wat zou ervoor nodig zijn om het te weten?
#
# Was van 120 deelnemers bekend wanneer zij toetraden, met drie jaren ervoor: hoe groot moet een effect zijn om gevonden te
# worden, en hoe vaak zou het een effect mogen heten? De spreiding en de samenhang over de jaren zijn aannamen.

# %% [markdown] tags=["en"]
# ## What would it take to know?
#
# Were it known when 120 participants entered, with three years before: how large must an effect be to be found, and how
# often might it be called one? The spread and the correlation over years are assumptions.

# %%
(plan,) = se.protect(
    [
        se.plan_power(
            participants=120, others=1500, sd=0.3, years_before=3, years_after=3, autocorrelation=0.7, effect=0.1, draws=40
        ).named("plan", {"nl": "Een volgende evaluatie", "en": "A next evaluation"})
    ]
)
se.show(plan, se.Chart(kind="table"))

# %%
# What was planted lies within the bounds: the chapter fails where it does not.
found = effect.to_frame().query("statistic == 'att' and category == 'overall'").iloc[0]
cohorts = firms.truth.groupby("cohort").agg(effect=("effect", "mean"), firms=("n_firms", "first"))
planted = (cohorts["effect"] * cohorts["firms"]).sum() / cohorts["firms"].sum()
assert found["conf_low"] < planted < found["conf_high"]
