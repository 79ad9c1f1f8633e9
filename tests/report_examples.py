"""Made-up protected tables in the shape of the published exhibits, and the charts that are drawn of them."""

from __future__ import annotations

import itertools

import pandas as pd
from safe_tables import make_safe_table

from si_eval.registry import assets, sections
from si_eval.report import Chart
from si_eval.results import ResultTable, SafeTable, Simulation
from si_eval.vocabulary import TIDY

P, N = "participant", "non_participant"
SIZES = ("0-1", "2-9", "10-49", "50-249", "250+")
SIZES_4 = ("0-9", "10-49", "50-249", "250+")
PER_PERSON = "EUR per person employed"
ASSETS = tuple(assets())
SIMULATION = Simulation(preset="smart_industry_2020", scale=0.01, seed=1)
LANGUAGES = ("nl", "en")
CANARY = 987_654_321.0  # stands in rows that nothing may show


def result(
    rows: list[dict], *, exhibit: str = "dialogic_example", titles: dict | None = None, synthetic: bool = True
) -> ResultTable:
    """Make a table that is not protected, with ``all`` where a row does not say."""
    defaults = dict.fromkeys(("group", "year", "size_class", "sector", "category"), "all")
    defaults |= {"exhibit": exhibit, "statistic": "mean", "unit": "", "rule_set": "replicate_2020", "note": ""}
    frame = pd.DataFrame([defaults | {"status": "shown"} | row for row in rows])
    frame = frame.reindex(columns=[*TIDY, "status", *(["n_total"] if "n_total" in frame else [])])
    return ResultTable(
        frame=frame, function="compare_groups", evidence="association", rules="replicate_2020", exhibit=exhibit,
        cannot_show="Niet of deelname de oorzaak is. | Not whether participation is the cause.",
        titles=titles or {"nl": "Een voorbeeld", "en": "An example"}, simulation=SIMULATION if synthetic else None,
    )  # fmt: skip


def safe(rows: list[dict], **options: object) -> SafeTable:
    """Make a protected table of rows that carry their status."""
    table = result(rows, **options)  # type: ignore[arg-type]
    return make_safe_table(table, table.frame, "cbs", "2019: 494 van 552 gekoppeld. | 2019: 494 of 552 linked.")


def withheld(row: dict) -> dict:
    return row | {"estimate": None, "n_units": None, "status": "suppressed"}


def sectors() -> SafeTable:
    shares = dict(zip("CMJGNKPFHA", (0.29, 0.204, 0.14, 0.11, 0.06, 0.04, 0.035, 0.03, 0.021, 0.02), strict=True))
    rows = [
        {
            "indicator": "sector",
            "statistic": "share",
            "group": P,
            "year": 2019,
            "sector": code,
            "estimate": share,
            "n_units": round(494 * share),
            "n_total": 494,
            "unit": "share",
        }
        for code, share in shares.items()
    ]
    rows += [withheld(rows[0] | {"sector": code}) for code in ("D", "E", "Q")]
    titles = {"nl": "Verdeling deelnemende bedrijven naar sector", "en": "Participating firms by sector"}
    return safe(rows, exhibit="dialogic_figure_25", titles=titles)


def ages() -> SafeTable:
    values = {P: (0.05, 0.17, 0.78), N: (0.2, 0.31, 0.49)}
    total = {P: 494, N: 1_986_115}
    rows = [
        {
            "indicator": "age_class",
            "statistic": "share",
            "group": group,
            "year": 2019,
            "category": name,
            "estimate": share,
            "n_units": int(total[group] * share),
            "n_total": total[group],
            "unit": "share",
        }
        for group in (P, N)
        for name, share in zip(("0-1", "2-5", "6+"), values[group], strict=True)
    ]
    titles = {"nl": "Bedrijfsleeftijd van deelnemers en andere", "en": "Firm age of participants and others"}
    return safe(rows, exhibit="dialogic_figure_26", titles=titles)


def revenue() -> SafeTable:
    values = {
        P: (2_310_000, 640_000, 7_400_000, 61_200_000, 1_405_000_000),
        N: (210_000, 905_000, 8_900_000, 48_000_000, 512_000_000),
    }
    units = {P: (40, 96, 141, 122, 57), N: (1_402_311, 401_233, 61_201, 9_877, 1_488)}
    rows = [
        {
            "indicator": "revenue",
            "group": group,
            "year": 2019,
            "size_class": size,
            "estimate": float(value),
            "n_units": n,
            "unit": "EUR",
            "conf_low": value * 0.8,
            "conf_high": value * 1.2,
        }
        for group in (P, N)
        for size, value, n in zip(SIZES, values[group], units[group], strict=True)
    ]
    rows[0] = withheld(rows[0]) | {"conf_low": None, "conf_high": None}
    titles = {
        "nl": "Gemiddelde jaaromzet van deelnemende en niet-deelnemende bedrijven, naar grootteklasse",
        "en": "Mean annual revenue of participating and non-participating firms, by size class",
    }
    return safe(rows, exhibit="dialogic_figure_29", titles=titles)


def revenue_per_employee() -> SafeTable:
    values = {
        (P, 2014): (193_875, 209_393, 328_544, 391_024),
        (P, 2019): (163_040, 237_284, 419_418, 446_274),
        (N, 2014): (125_640, 237_926, 379_640, 743_514),
        (N, 2019): (134_706, 270_960, 422_869, 660_215),
    }
    rows = [
        {
            "indicator": "revenue_per_employee",
            "group": group,
            "year": year,
            "sector": "C",
            "size_class": size,
            "estimate": float(value),
            "n_units": 30 + place,
            "unit": PER_PERSON,
            "note": "assumed: no published value" if value == 391_024 else "",
        }
        for (group, year), mine in values.items()
        for place, (size, value) in enumerate(zip(SIZES_4, mine, strict=True))
    ]
    titles = {"nl": "Omzet per werknemer in de industrie", "en": "Revenue per employee in manufacturing"}
    return safe(rows, exhibit="dialogic_table_08", titles=titles)


def index_figures() -> SafeTable:
    values = {P: (84.1, 113.3, 127.7, 114.1), N: (107.2, 113.9, 111.4, 88.8)}
    rows = [
        {
            "indicator": "revenue_per_employee",
            "statistic": "index",
            "group": group,
            "year": year,
            "sector": "C",
            "size_class": size,
            "estimate": 100.0 if year == 2014 else value,
            "n_units": 34,
            "unit": "index",
        }
        for group in (P, N)
        for size, value in zip(SIZES_4, values[group], strict=True)
        for year in (2014, 2019)
    ]
    rows[-1] = withheld(rows[-1])
    titles = {"nl": "Index van de omzet per werknemer", "en": "Index of annual revenue per employee"}
    return safe(rows, exhibit="dialogic_figure_34", titles=titles)


def series_by_size() -> SafeTable:
    rows = []
    for (number, size), group, year in itertools.product(enumerate(SIZES), (P, N), range(2014, 2020)):
        value = 150_000 + 60_000 * number + (20_000 if group == N else 0) + 9_000 * ((year * 7 + number * 3) % 5)
        rows.append(
            {
                "indicator": "revenue_per_employee",
                "group": group,
                "year": year,
                "size_class": size,
                "estimate": float(value),
                "n_units": 31 + number * 9 + year % 4 if group == P else 1_200_000 // (number + 1),
                "unit": PER_PERSON,
            }
        )
    rows[3] = withheld(rows[3])
    rows[4] = rows[4] | {"estimate": None, "note": "minder dan vier kwartalen | fewer than four quarters"}
    titles = {"nl": "Omzet per werknemer naar grootteklasse", "en": "Revenue per employee by size class"}
    return safe(rows, exhibit="dialogic_figure_33", titles=titles)


def investments() -> SafeTable:
    values = (
        ((1136, 1149, 980, 810, 841), (318, 324, 304, 244, 243)),
        ((104, 226, 156, 169, 163), (88, 101, 96, 80, 97)),
        ((7752, 4832, 4866, 4926, 5058), (761, 849, 761, 1006, 954)),
        ((1153, 1830, 1437, 1636, 2370), (231, 229, 252, 300, 277)),
    )
    rows = [
        {
            "indicator": f"investment_{asset}_per_employee",
            "group": group,
            "year": year,
            "estimate": float(value),
            "n_units": 201 if group == P else 15_310,
            "unit": PER_PERSON,
        }
        for asset, both in zip(ASSETS, values, strict=True)
        for group, mine in zip((P, N), both, strict=True)
        for year, value in zip(range(2014, 2019), mine, strict=True)
    ]
    titles = {"nl": "Gemiddelde investeringen per werknemer", "en": "Mean investment per employee"}
    return safe(rows, exhibit="dialogic_table_09", titles=titles)


def investments_by_size() -> SafeTable:
    rows = []
    for (number, asset), group, (place, size) in itertools.product(enumerate(ASSETS), (P, N), enumerate(SIZES)):
        value = 400 * (number + 1) + place * 50 + (120 * (place - 2) if group == P else 0)
        rows.append(
            {
                "indicator": f"investment_{asset}_per_employee",
                "group": group,
                "year": 2014,
                "size_class": size,
                "estimate": float(value),
                "n_units": 25,
                "unit": PER_PERSON,
            }
        )
    rows[0], rows[7] = (
        withheld(rows[0]),
        rows[7] | {"estimate": None, "note": "geen eenheid met dit cijfer | no unit with this figure"},
    )
    titles = {
        "nl": "Investeringen per werknemer, deelnemers en andere",
        "en": "Investment per employee, participants and others",
    }
    return safe(rows, exhibit="dialogic_table_03", titles=titles)


def investments_industry() -> SafeTable:
    rows = [
        row | {"size_class": size, "sector": "C", "estimate": row["estimate"] * (1 + place / 7)}
        for row in investments().frame.to_dict("records")
        if row["year"] in (2014, 2018)
        for place, size in enumerate(SIZES_4)
    ]
    rows[3] = withheld(rows[3])
    titles = {"nl": "Investeringen per werknemer in de industrie", "en": "Investment per employee in manufacturing"}
    return safe(rows, exhibit="dialogic_table_10", titles=titles)


def own_production() -> SafeTable:
    rows = [
        {
            "indicator": f"own_production_{asset}_share",
            "group": group,
            "year": year,
            "unit": "share",
            "n_units": 44,
            "estimate": 0.04 + 0.03 * number + 0.01 * ((year + number) % 3) + (0.02 if group == P else 0),
        }
        for (number, asset), group, year in itertools.product(enumerate(ASSETS), (P, N), range(2014, 2019))
    ]
    titles = {"nl": "Aandeel dat in eigen beheer is vervaardigd", "en": "Share of investment produced in-house"}
    return safe(rows, exhibit="dialogic_figure_40", titles=titles)


def profile() -> SafeTable:
    rows = []
    for sector, classes in {
        "C": SIZES_4,
        "M": SIZES_4,
        "J": ("0-9", "10-49", "50+"),
        "G": ("0-9", "10-49", "50+"),
    }.items():
        share = {
            "indicator": "size_class",
            "statistic": "share",
            "group": P,
            "year": 2019,
            "sector": sector,
            "unit": "share",
            "n_units": 20,
        }
        rows += [
            share
            | {"size_class": size, "estimate": 0.5 / (place + 1), "status": "merged" if size == "50+" else "shown"}
            for place, size in enumerate(classes)
        ]
        rows.append(
            {
                "indicator": "age",
                "group": P,
                "year": 2019,
                "sector": sector,
                "estimate": 8.8 + len(rows) / 2,
                "n_units": 60,
                "unit": "years",
            }
        )
    titles = {"nl": "Deelnemers in de vier grootste sectoren", "en": "Participants in the four largest sectors"}
    return safe(rows, exhibit="dialogic_figure_28", titles=titles)


def linked_units() -> SafeTable:
    rows = [
        {"indicator": "business_units", "statistic": "count", "group": P, "year": year, "estimate": float(n),
         "n_units": n, "unit": "business units"}
        for year, n in zip(range(2014, 2020), (428, 449, 468, 488, 493, 494), strict=True)
    ]  # fmt: skip
    titles = {"nl": "Gekoppelde bedrijfseenheden", "en": "Linked business units"}
    return safe(rows, exhibit="dialogic_table_06", titles=titles, synthetic=False)


def group_level() -> SafeTable:
    rows = [
        {"indicator": name, "statistic": "share", "group": P, "year": year, "estimate": value, "n_units": 450,
         "unit": "share"}
        for name, value in (("group_larger", 0.2), ("group_higher_class", 0.09))
        for year in range(2014, 2020)
    ]  # fmt: skip
    titles = {"nl": "Keuze voor de bedrijfseenheid", "en": "Choice of the business unit"}
    return safe(rows, exhibit="dialogic_table_07", titles=titles)


def all_sectors_grouped() -> SafeTable:
    rows = [
        {
            "indicator": "sector",
            "statistic": "share",
            "group": group,
            "year": 2019,
            "sector": code,
            "unit": "share",
            "n_units": 1000 + place,
            "estimate": (1 + (place * 7) % 11) / 120,
        }
        for group in (P, N)
        for place, code in enumerate(sections())
    ]
    return safe(rows, exhibit="sectors", titles={"nl": "Alle secties", "en": "All sections"})


def synthesis() -> SafeTable:
    notes = {
        "survey": ("positief; 1 van 1 cellen | up; 1 of 1 cells", 0.85, {"unit": "share", "n_units": 57}),
        "register": ("wisselend; bewijs: samenhang | mixed; evidence: association", 0.5, {}),
        "monitor": ("negatief; Een zin die te lang is voor een cel. | down; A sentence too long for a cell.", 0.1, {}),
        "interviews": ("niet te zeggen | cannot be said", float("nan"), {}),
        "agreement": ("deels eensluidend; om redenen | agree in part; for reasons", 3, {"statistic": "count"}),
    }
    same = {"statistic": "share", "unit": "records"}
    rows = [
        same | {"indicator": source, "category": question, "note": note, "estimate": value} | more
        for question in ("Een vraag die over meer dan een regel gaat", "b")
        for source, (note, value, more) in notes.items()
    ]
    rows[1] = withheld(rows[1])
    return safe(rows, exhibit="synthesis", titles={"nl": "Bronnen naast elkaar", "en": "Sources side by side"})


def balance() -> SafeTable:
    row = {"statistic": "standardised_mean_difference", "group": "difference", "year": 2014, "estimate": -0.31}
    rows = [row | {"indicator": name, "n_units": 300, "unit": "standard deviations"} for name in ("age", "revenue")]
    return safe([rows[0], withheld(rows[1])], exhibit="balance", titles={"nl": "Balans", "en": "Balance"})


SIGNS = {"▲": ["positief", "up"], "▼": ["negatief", "down"], "↕": ["wisselend", "mixed"]}
WORDS = Chart("words", x="category", series="indicator", signs=SIGNS)

EXAMPLES = {
    "figure 25": (sectors, Chart("shares", x="sector")),
    "figure 26": (ages, Chart("shares", x="category")),
    "figure 26 upright": (ages, Chart("bars", x="category")),
    "figure 28": (profile, Chart("profile")),
    "figure 29": (revenue, Chart("bars", divisor=1000, intervals=True)),
    "figure 31": (revenue_per_employee, Chart("bars", divisor=1000, where={"year": 2014})),
    "figure 33": (series_by_size, Chart("lines", panels="size_class", divisor=1000)),
    "figure 34": (index_figures, Chart("index")),
    "figure 35": (investments, Chart("lines", panels="indicator")),
    "figure 40": (own_production, Chart("lines", panels="indicator")),
    "index lines": (index_figures, Chart("lines", panels="size_class", statistic="index")),
    "panels": (revenue_per_employee, Chart("bars", panels="year", divisor=1000)),
    "all sections": (all_sectors_grouped, Chart("shares", x="sector")),
    "sections upright": (sectors, Chart("bars", x="sector")),
    "table 3": (investments_by_size, Chart("direction")),
    "table 6": (linked_units, Chart("table")),
    "table 7": (group_level, Chart("table")),
    "table 8": (revenue_per_employee, Chart("table")),
    "table 9": (investments, Chart("table")),
    "table 10": (investments_industry, Chart("table")),
    "love plot": (balance, Chart("love")),
    "words": (synthesis, WORDS),
}
