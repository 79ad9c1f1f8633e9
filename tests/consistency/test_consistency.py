"""The consistency checker: silent on clean tables, finds what was planted, and finds what is wrong in the sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from paths import REFERENCE

from si_eval.consistency import check_claim_pairs, check_consistency
from si_eval.consistency.bounds import possible_counts, sum_of_two_rounded
from si_eval.consistency.printed import Interval, allowed, find_hedge, read_number
from si_eval.consistency.repeated import glued_footnote
from si_eval.errors import InputError, StudyError

SEEDS = range(12)
RECALL, PRECISION = 0.9, 0.8


# --- clean tables, generated: rounded as a printer would ---
def rounded(values, digits=0):
    return [float(f"{v:.{digits}f}") for v in values]


def funding(rng):
    """Money by source and year in EUR million, with shares, means, growth and hedged text, in the monitoring layout."""
    sources = ["EU", "state", "region", "private", "RTO"][: rng.integers(3, 6)]
    truth = rng.uniform(15, 90, len(sources))
    number, rows, before = int(rng.integers(20, 60)), [], None
    for year in range(2017, 2021):
        total, place = float(truth.sum()), {"table": "Table 1", "source_file": "a", "n_fieldlabs": number}
        for name, value in [*zip(sources, truth, strict=True), ("total", total)]:
            key = {"category": name, "category_type": "source_of_funds", "year": str(year), "precision": "exact"}
            rows.append(
                {"indicator": "funding_cumulative", "value": round(value), "unit": "EUR million", **key, **place}
            )
            rows.append(
                {"indicator": "funding_share", "value": round(value / total, 2), "unit": "share", **key, **place}
            )
        told = {"category": "total", "category_type": "source_of_funds", "year": str(year), "n_fieldlabs": number}
        place = {"table": "text", "source_file": "a"}
        mean = round(round(total) / number, 1)
        rows.append(
            {"indicator": "funding_mean", "value": mean, "unit": "EUR million", "precision": "exact", **told, **place}
        )
        low, near = round(total) // 10 * 10, round(total / 10) * 10
        hedges = [("approx", near, f'"about {near}"'), ("approx", low, f'"just over {low}"')]
        precision, value, note = hedges[rng.integers(2)]
        rows.append(
            {"indicator": "funding_cumulative", "value": value, "unit": "EUR million", "precision": precision}
            | {"definition_note": note, **told, **place, "source_file": "b"}
        )
        if before is not None:
            growth = {"indicator": "funding_growth", "unit": "EUR million", "precision": "exact"}
            rows.append(
                {**growth, "value": round(total) - round(before), **told, **place, "year": f"{year - 1}-{year}"}
            )
        before, truth, number = total, truth * rng.uniform(1.02, 1.4, len(sources)), number + int(rng.integers(0, 6))
    return pd.DataFrame(rows)


def impact(rng):
    """Counts by year, as a table and as told in the text."""
    rows = []
    for name, unit in [
        ("jobs", "jobs"),
        ("partners", "organisations"),
        ("projects", "projects"),
        ("spin_offs", "companies"),
    ]:
        value = int(rng.integers(40, 900))
        for year in range(2017, 2021):
            base = {"indicator": name, "category": "all", "year": year, "unit": unit, "source": "report"}
            rows.append({**base, "value": value, "table": "Table 4", "precision": "exact"})
            if rng.random() < 0.6:
                rows.append({**base, "value": round(value, -1), "table": "summary", "precision": "approx"})
            value = int(value * rng.uniform(1.0, 1.35))
    return pd.DataFrame(rows)


def survey(rng):
    """Single and multiple choice with base, count and rounded share, in the survey layout."""
    n, rows = int(rng.integers(31, 97)), []
    for number in range(4):
        counts = rng.multinomial(n, rng.dirichlet(np.ones(4) * 3))
        for category, count in zip("abcd", counts, strict=True):
            key = {"indicator": f"question_{number}", "category": category, "base_n": n, "precision": "exact"}
            rows.append({**key, "value": round(count / n, 2), "unit": "share", "count": count})
    for category in "efgh":
        count = int(rng.integers(n // 3, n))
        key = {"indicator": "benefit", "category": category, "base_n": n, "precision": "exact"}
        rows.append({**key, "value": count, "unit": "respondents", "count": count, "note": "multiple answers"})
    rows += [{"indicator": "respondents", "category": "total", "value": n, "unit": "respondents", "count": n}] * 2
    return pd.DataFrame(rows).assign(table_or_figure="Table 11")


def crossed(rng):
    """Units by sector and size class with both margins, and means by class, in the microdata layout."""
    sectors, classes = ["C", "G", "J", "M"], ["0-9", "10-49", "50-249", "250+"]
    counts = rng.integers(12, 400, (4, 4))
    rows = []
    for i, sector in enumerate([*sectors, "all"]):
        for j, size in enumerate([*classes, "all"]):
            part = counts[i : i + 1] if i < 4 else counts
            part = part[:, j : j + 1] if j < 4 else part
            rows.append(
                {"quantity": "count", "indicator": "units", "unit": "business_units", "value": int(part.sum())}
                | {"sector": sector, "size_class": size}
            )
    means = rng.uniform(1e5, 5e5, 4)
    values = [*means, float(np.average(means, weights=counts.sum(axis=0)))]
    for size, value in zip([*classes, "all"], values, strict=True):
        rows.append(
            {"quantity": "mean", "indicator": "revenue_per_employee", "unit": "EUR", "value": round(value)}
            | {"sector": "all", "size_class": size}
        )
    return pd.DataFrame(rows).assign(year=2019, group="participant", table_or_figure="Table 8", precision="exact")


def costs(rng):
    """Amounts a year over a period with their total, in the costs layout."""
    rows = []
    for number in range(8):
        first, years, value = int(rng.integers(2014, 2018)), int(rng.integers(2, 5)), int(rng.integers(5, 90)) * 10_000
        period = {"period": f"{first}-{first + years - 1}", "year_from": first, "year_to": first + years - 1}
        item = {"cost_item": f"item {number}", "payer": "ministry", "unit": "EUR", "per": "year", "precision": "exact"}
        for source in ("a", "b")[: rng.integers(1, 3)]:
            rows.append(
                {**item, **period, "value": value, "cumulative_total_eur": value * years, "source_file": source}
            )
    return pd.DataFrame(rows)


def plain(rng):
    """The least that a file can be: indicator, category, year, value, unit, kind, of, n."""
    rows = []
    for year in (2021, 2022, 2023):
        parts = rng.integers(100, 5000, 4)
        for name, value in [*zip(["north", "east", "south", "west"], parts, strict=True), ("Totaal", parts.sum())]:
            rows.append(
                {"indicator": "participants", "category": name, "year": year, "value": int(value)}
                | {"unit": "persons", "kind": "count"}
            )
            if name != "Totaal":
                rows.append(
                    {"indicator": "participation", "category": name, "year": year}
                    | {"value": round(100 * value / parts.sum(), 1), "unit": "%", "of": "participants"}
                )
    return pd.DataFrame(rows)


SHAPES = {"funding": funding, "impact": impact, "survey": survey, "crossed": crossed, "costs": costs, "plain": plain}


def clean(shape, seed):
    frame = SHAPES[shape](np.random.default_rng([seed, list(SHAPES).index(shape)]))
    return frame.assign(id=[f"R{k:03d}" for k in range(len(frame))])


# --- planted errors: each changes a frame and names the rows that it touched ---
def pick(frame, rng, **where):
    chosen = np.ones(len(frame), dtype=bool)
    for column, value in where.items():
        chosen &= frame[column].isin(value if isinstance(value, list) else [value]).to_numpy()
    return int(rng.choice(np.flatnonzero(chosen)))


def put(frame, position, **values):
    frame = frame.astype({column: "object" for column in values if column in frame})
    for column, value in values.items():
        if column not in frame:
            frame[column] = pd.Series([None] * len(frame), dtype="object", index=frame.index)
        frame.iloc[position, frame.columns.get_loc(column)] = value
    for column in set(values) & {"value", "count", "cumulative_total_eur", "base_n"}:
        frame[column] = pd.to_numeric(frame[column])
    return frame, {frame["id"].iloc[position]}


def raised(frame, rng, factor, **where):
    position = pick(frame, rng, **where)
    value = frame["value"].iloc[position]
    return put(frame, position, value=round(value * factor + np.sign(factor - 1) * 12))


def appended(frame, row):
    new = {**row, "id": "PLANTED"}
    return pd.concat([frame, pd.DataFrame([new])], ignore_index=True), {"PLANTED"}


def retold(frame, rng, factor, place, **where):
    row = frame.iloc[pick(frame, rng, **where)].to_dict()
    value = round(row["value"] * factor)
    return appended(frame, {**row, "value": value, "precision": "exact", "definition_note": "", **place})


def footnote(frame, rng):
    position = pick(frame, rng, table="Table 4", year=[2018, 2019])
    value = int(frame["value"].iloc[position])
    return put(frame, position, value=value * 10 + int(rng.integers(1, 10)))


def impossible_share(frame, rng):
    frame = frame[frame["unit"] == "share"].drop(columns="count").reset_index(drop=True)
    n = int(frame["base_n"].iloc[0])
    position = pick(frame, rng)
    shares = [s / 100 for s in range(101) if not possible_counts(allowed(s / 100, 0.01), n)]
    return put(frame, position, value=min(shares, key=lambda s: abs(s - frame["value"].iloc[position])))


def redefined(frame, rng):
    where = (frame["indicator"] == "partners") & (frame["table"] == "Table 4")
    frame = frame.assign(unique=np.where(where & (frame["year"] == 2020), "unique", np.where(where, "mentions", "")))
    return frame, set(frame.loc[where, "id"])


def fallen(frame, rng):
    where = (frame["indicator"] == "funding_cumulative") & (frame["table"] == "Table 1")
    frame = frame[where & (frame["category"] != "total")].reset_index(drop=True)
    position = pick(frame, rng, year="2020")
    return put(frame, position, value=round(frame["value"].iloc[position] * 0.4))


def mixed_total(frame, rng):
    frame = frame[(frame["indicator"] == "funding_cumulative") & (frame["table"] == "Table 1")]
    frame = frame[frame["year"] == "2020"].reset_index(drop=True)
    return put(frame, pick(frame, rng, category=["EU", "state", "region"]), year="2017")


def other_unit(frame, rng):
    position = pick(frame, rng, indicator="funding_cumulative", table="Table 1", category="EU", year=["2018", "2019"])
    return put(frame, position, value=frame["value"].iloc[position] * 1000)


def target_first(frame, rng):
    row = {"indicator": "jobs", "kind": "target", "category": "all", "year": 2016, "base_year": 2017, "value": 900}
    return appended(frame, {**row, "unit": "jobs", "source": "plan", "table": "Table 9"})


def more_unique(frame, rng):
    row = {"indicator": "partners", "category": "all", "year": 2020, "unit": "organisations", "source": "report"}
    frame = frame[frame["indicator"] != "partners"].reset_index(drop=True)
    frame, _ = appended(frame, {**row, "value": 700, "unique": "mentions", "table": "text"})
    frame["id"] = frame["id"].replace("PLANTED", "M")
    return appended(frame, {**row, "value": 900, "unique": "unique", "table": "text"})


TEXT = {"table": "text", "source_file": "c"}
NOTE = {"table": "summary", "source": "letter"}
PLANTS = {
    "total off": (
        "funding",
        lambda f, r: raised(f, r, 1.1, indicator="funding_cumulative", category="total", table="Table 1"),
    ),
    "part off": ("funding", lambda f, r: raised(f, r, 1.5, indicator="funding_cumulative", category="EU")),
    "share off": (
        "funding",
        lambda f, r: put(
            f,
            p := pick(f, r, indicator="funding_share", category=["EU", "state"]),
            value=round(f["value"].iloc[p] + 0.06, 2),
        ),
    ),
    "retold in text": (
        "funding",
        lambda f, r: retold(f, r, 1.15, TEXT, indicator="funding_cumulative", table="Table 1"),
    ),
    "mean off": (
        "funding",
        lambda f, r: put(f, p := pick(f, r, indicator="funding_mean"), value=f["value"].iloc[p] + 0.4),
    ),
    "growth off": (
        "funding",
        lambda f, r: put(f, p := pick(f, r, indicator="funding_growth"), value=f["value"].iloc[p] + 9),
    ),
    "cumulative falls": ("funding", fallen),
    "periods mixed": ("funding", mixed_total),
    "unit switched": ("funding", other_unit),
    "unit named otherwise": (
        "funding",
        lambda f, r: put(f, pick(f, r, indicator="funding_cumulative", table="Table 1"), unit="EUR thousand"),
    ),
    "count retold": ("impact", lambda f, r: retold(f, r, 1.2, NOTE, table="Table 4")),
    "footnote glued": ("impact", footnote),
    "definition changed": ("impact", redefined),
    "negative": ("impact", lambda f, r: put(f, p := pick(f, r, table="Table 4"), value=-f["value"].iloc[p])),
    "target before base": ("impact", target_first),
    "unique above mentions": ("impact", more_unique),
    "count above base": ("survey", lambda f, r: put(f, pick(f, r, indicator="benefit"), value=400, count=400)),
    "share is not count": (
        "survey",
        lambda f, r: put(f, p := pick(f, r, unit="share"), value=round(f["value"].iloc[p] + 0.07, 2)),
    ),
    "grim": ("survey", impossible_share),
    "share above one": ("survey", lambda f, r: put(f, pick(f, r, unit="share"), value=1.4)),
    "base retold": ("survey", lambda f, r: put(f, pick(f, r, indicator="respondents"), value=11, count=11)),
    "margin off": ("crossed", lambda f, r: raised(f, r, 1.08, quantity="count", size_class="all")),
    "cell off": ("crossed", lambda f, r: raised(f, r, 1.3, quantity="count", size_class="10-49")),
    "mean outside classes": ("crossed", lambda f, r: raised(f, r, 3.0, quantity="mean", size_class="all")),
    "years miscounted": (
        "costs",
        lambda f, r: put(f, p := pick(f, r), cumulative_total_eur=2.5 * f["cumulative_total_eur"].iloc[p]),
    ),
    "amount retold": (
        "costs",
        lambda f, r: appended(
            f,
            {
                **f.iloc[p := pick(f, r)].to_dict(),
                "source_file": "c",
                "value": f["value"].iloc[p] * 1.5,
                "cumulative_total_eur": None,
            },
        ),
    ),
    "plain total off": ("plain", lambda f, r: raised(f, r, 1.05, indicator="participants", category="Totaal")),
    "percentage off": ("plain", lambda f, r: put(f, p := pick(f, r, unit="%"), value=round(f["value"].iloc[p] + 4, 1))),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_clean_tables_pass_silently(shape):
    for seed in range(40):
        report = check_consistency(clean(shape, seed))
        assert report.to_frame().empty, report.to_frame()[["rule", "where", "sentence"]].to_string()


def test_planted_errors_are_found():
    rows = []
    for name, (shape, plant) in PLANTS.items():
        for seed in SEEDS:
            frame, planted = plant(clean(shape, seed), np.random.default_rng(seed))
            found = [set(where.split(";")) for where in check_consistency(frame).to_frame()["where"]]
            hits = [bool(planted & where) for where in found]
            rows.append({"plant": name, "found": any(hits), "right": sum(hits), "all": len(hits)})
    outcome = pd.DataFrame(rows)
    by_plant = outcome.groupby("plant")["found"].mean()
    assert outcome["found"].mean() >= RECALL, by_plant[by_plant < 1].to_string()
    assert outcome["right"].sum() / outcome["all"].sum() >= PRECISION
    assert (by_plant >= 0.75).all(), by_plant[by_plant < 0.75].to_string()


# --- negative controls: each is right as printed, and must pass ---
CONTROLS = {
    "parts that round away from their total": [
        {"indicator": "money", "category": c, "value": v, "unit": "EUR million", "year": 2020, "table": "T"}
        for c, v in [("a", 27), ("b", 65), ("c", 29), ("d", 96), ("e", 24), ("total", 240)]
    ],
    "percentages that add up to 101": [
        {"indicator": "split", "category": c, "value": v, "unit": "%", "table": "T"}
        for c, v in [("a", 11), ("b", 27), ("c", 15), ("d", 37), ("e", 11), ("total", 100)]
    ],
    "several answers": [
        {"indicator": "benefit", "category": c, "value": v, "unit": "respondents", "n": 57}
        for c, v in [("a", 39), ("b", 37), ("c", 29), ("d", 4)]
    ],
    "a list that names some of its parts": [
        {"indicator": "sector", "sector": s, "value": v, "unit": "share", "year": 2019}
        for s, v in [("C", 0.29), ("J", 0.14), ("G", 0.11)]
    ],
    "shares that some count gives": [
        {"indicator": "topic", "category": c, "value": v, "unit": "share", "n": 57}
        for c, v in [("a", 0.42), ("b", 0.32), ("c", 0.09), ("d", 0.05)]
    ],
    "shares of money with a number of units beside them": [
        {"indicator": "funding_share", "category": c, "value": v, "unit": "share", "n": 31, "year": 2017, "table": "T"}
        for c, v in [("a", 0.46), ("b", 0.16), ("c", 0.38)]
    ],
    "hedges that hold": [
        {"indicator": "persons", "value": v, "unit": "persons", "precision": p, "note": note, "table": t}
        for v, p, note, t in [(8845, "exact", "", "T"), (9000, "approx", 'printed as "bijna 9.000"', "text")]
    ],
    "a number told with more and with fewer decimals": [
        {"indicator": "staff", "value": v, "unit": "fte", "table": t} for v, t in [(694.8, "T"), (695, "text")]
    ],
    "different organisations of several groups, more than in all": [
        {"indicator": "partners", "category": c, "value": v, "unit": "organisations", "unique": "unique", "table": "T"}
        for c, v in [("hub 1", 400), ("hub 2", 500), ("hub 3", 325), ("total", 896)]
    ],
    "classes inside other classes": [
        {"indicator": "units", "size_class": s, "value": v, "unit": "units", "table": "T"}
        for s, v in [("0-1", 20), ("2-9", 30), ("0-9", 50), ("10-49", 40), ("50+", 10), ("all", 100)]
    ],
    "a period that adds up its years": [
        {"indicator": "subsidy", "year": y, "value": v, "unit": "EUR", "table": "T"}
        for y, v in [("2018", 125_000), ("2019", 130_000), ("2020", 145_000), ("2018-2020", 400_000)]
    ],
    "a share that adds two rounded ones": [
        {"indicator": "ahead", "category": "ahead + far ahead", "value": 0.70, "unit": "share", "n": 13}
    ],
}


@pytest.mark.parametrize("name", CONTROLS)
def test_negative_controls_pass(name):
    frame = pd.DataFrame(CONTROLS[name])
    report = check_consistency(frame.sample(frac=1, random_state=1))
    assert report.to_frame().empty, report.to_frame().to_string()


def test_what_rounding_explains_is_informative():
    report = check_consistency(pd.DataFrame(CONTROLS["parts that round away from their total"]))
    assert report.to_frame(None)["verdict"].tolist() == ["informative"]
    assert "1 explained by rounding" in report.summary()


# --- numbers as printed ---
@pytest.mark.parametrize(
    ("text", "number"),
    [("1.986.115", 1986115), ("8,1 M Euro", 8.1), ("694,8", 694.8), ("14.000", 14000), ("0.880", 0.88), ("6.86", 6.86),
     ("1,225", 1225), ("€ 164.000", 164000), ("-3,5", -3.5), ("6/01", None), ("geen", None)],
)  # fmt: skip
def test_numbers_are_read_as_printed(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("words", "value", "truth", "holds"),
    [("bijna", 14000, 14533, False), ("bijna", 15000, 14533, True), ("ruim", 1700, 1758, True), ("ruim", 70, 65, False),
     ("zo'n", 670, 694.8, False), ("circa", 430, 433, True), ("meer dan", 30, 35, True), ("ruim", 30, 53, False),
     ("een kleine", 70, 68, True), ("about", 80, 82, True), ("at most", 50, 51, False)],
)  # fmt: skip
def test_hedges_widen_what_is_allowed(words, value, truth, holds):
    hedge = find_hedge(f"{words} {value}", value)
    assert allowed(value, 1, hedge).meets(Interval(truth, truth)) is holds


def test_two_rounded_numbers_that_only_touch_do_not_agree():
    assert not allowed(8.1, 0.1).meets(allowed(8.2, 0.1))
    assert allowed(10, 1).meets(Interval(9.5, 9.5))


@pytest.mark.parametrize(
    ("long", "short", "glued"), [(8966, 896, True), (28040, 280, True), (4520, 452, False), (452, 45, True)]
)
def test_footnote_digits(long, short, glued):
    assert glued_footnote(long, short) is glued


def test_shares_of_a_base():
    assert possible_counts(allowed(0.42, 0.01), 57) == [24]
    assert possible_counts(allowed(0.70, 0.01), 13) == []
    assert sum_of_two_rounded(0.70, 13, 0.01)


# --- the sources of the reference study ---
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference folder is not part of the project")
# What is wrong in the sources, as (layout, rows of which one must be found): from reading them, not from the checker.
WRONG = [
    ("monitoring", {"MN060", "MN014"}),  # one share of the State, printed twice
    ("monitoring", {"MN107", "MN108"}),  # growth of 53 and of almost 49
    ("monitoring", {"MN112"}),  # more than 70 spent, and 65
    ("monitoring", {"MN115"}),  # a mean of 8.1 and of 8.2
    ("monitoring", {"MN118"}),  # a mean of 7.1 that the total does not give
    ("monitoring", {"MN139"}),  # a footnote mark in print
    ("monitoring", {"MN162"}),  # 890 and 896 partners
    ("monitoring", {"MN166"}),  # 830 companies
    ("monitoring", {"MN168"}),  # 670 persons
    ("monitoring", {"MN171"}),  # 1400 jobs
    ("monitoring", {"MN190"}),  # a total of three years
    ("monitoring", {"MN215"}),  # almost 14 000
    ("monitoring", {"MN220"}),  # more than 30 vouchers, and 53
    ("monitoring", {"MN242"}),  # 47 fieldlabs
    ("monitoring", {"MN114"}),  # a plan for a year that is over
    ("monitoring", {"MN137"}),  # mentions, then different partners
    ("monitoring", {"MN140"}),  # the same for companies
    ("monitoring", {"MN146"}),  # students to date, then in the year
    ("survey_published", {"SV067"}),  # 244 specialists in a firm of at most 49
    ("microdata_published", {"MP121"}),  # 700 companies
    ("microdata_published", {"MP002"}),  # one list, two periods
    ("microdata_published", {"MP106"}),  # growth of 50% that is 106%
    ("costs", {"CO036"}),  # 70 and 65 million
]


@needs_reference
@pytest.mark.parametrize(("layout", "ids"), WRONG, ids=[f"{layout}-{min(ids)}" for layout, ids in WRONG])
def test_what_is_wrong_in_the_sources_is_found(layout, ids):
    found = check_consistency(pd.read_csv(REFERENCE / f"{layout}.csv")).to_frame()["where"]
    assert any(ids & set(where.split(";")) for where in found)


@needs_reference
@pytest.mark.parametrize("layout", ["monitoring", "survey_published", "microdata_published", "costs", "other_facts"])
def test_nothing_else_is_found_in_the_sources(layout):
    known = set().union(*(ids for name, ids in WRONG if name == layout), {"MN191", "MN197", "MN209"})
    found = check_consistency(pd.read_csv(REFERENCE / f"{layout}.csv")).to_frame()
    extra = [where for where in found["where"] if not known & set(where.split(";"))]
    assert not extra


@needs_reference
def test_pairs_of_claims_are_judged_by_their_own_rule():
    pairs = pd.read_csv(REFERENCE / "inconsistencies.csv", dtype=str, keep_default_na=False)
    verdicts = check_claim_pairs(pairs.drop(columns=["expected", "status"])).to_frame(None)["verdict"]
    wrong = pairs["expected"] == "fail"
    assert (verdicts[wrong.to_numpy()] == "fail").mean() >= RECALL
    assert (verdicts[~wrong.to_numpy()] == "pass").all()


def test_pairs_go_through_the_same_door():
    pairs = pd.DataFrame(
        [
            ["P1", "367-314", "367", "growth of 49 million", "49", "compare"],
            ["P2", "22+29", "22", "51", "51", "sum==51"],
        ],
        columns=["id", "claim_a", "value_a", "claim_b", "value_b", "check_rule"],
    )
    assert check_consistency(pairs).to_frame(None)["verdict"].tolist() == ["fail", "pass"]


# --- the door ---
def test_row_order_and_index_do_not_matter_and_the_frame_stays_as_it_is():
    frame, _ = PLANTS["total off"][1](clean("funding", 3), np.random.default_rng(3))
    before = frame.copy(deep=True)
    straight = check_consistency(frame).to_frame()
    shuffled = check_consistency(frame.sample(frac=1, random_state=2).set_index("value", drop=False)).to_frame()
    pd.testing.assert_frame_equal(frame, before)
    assert {frozenset(w.split(";")) for w in straight["where"]} == {frozenset(w.split(";")) for w in shuffled["where"]}


def test_a_frame_that_cannot_be_read_is_refused():
    with pytest.raises(InputError, match="2 problems"):
        check_consistency(pd.DataFrame({"a": [1]}))
    with pytest.raises(StudyError, match="rules: found nothing"):
        check_consistency(clean("plain", 1), rules=["nothing"])
    with pytest.raises(StudyError, match="dimensions: found place_of_birth"):
        check_consistency(clean("plain", 1), dimensions=["place_of_birth"])
    with pytest.raises(InputError, match="check_rule"):
        check_claim_pairs(pd.DataFrame({"id": [1]}))


def test_the_table_of_counts_is_public_and_tidy():
    frame, _ = PLANTS["negative"][1](clean("impact", 3), np.random.default_rng(3))
    table = check_consistency(frame).table()
    assert table.public
    assert table.frame.query("indicator == 'negative_count'")["estimate"].tolist() == [1.0]
    assert check_consistency(clean("plain", 1)).table().frame.empty
