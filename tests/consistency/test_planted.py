"""The checker is silent on clean tables and finds what was planted in them, in whatever order the rows come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.consistency import check_consistency
from si_eval.consistency.bounds import possible_counts
from si_eval.consistency.printed_number import printed_interval

SEEDS = range(8)
RECALL, PRECISION = 0.9, 0.8


# Each plant changes a frame and names the rows that it touched.
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
    shares = [s / 100 for s in range(101) if not possible_counts(printed_interval(s / 100, 0.01), n)]
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


def test_clean_tables_pass_silently(shape, clean):
    for seed in range(20):
        report = check_consistency(clean(shape, seed))
        assert report.to_frame().empty, report.to_frame()[["rule", "where", "sentence"]].to_string()


def test_planted_errors_are_found(clean):
    rows = []
    for name, (shape, plant) in PLANTS.items():
        for seed in SEEDS:
            frame, planted = plant(clean(shape, seed), np.random.default_rng(seed))
            found = [set(where.split(";")) for where in check_consistency(frame).to_frame()["where"]]
            hits = [bool(planted & where) for where in found]
            rows.append({"plant": name, "found": any(hits), "right": sum(hits), "all": len(hits)})
    results = pd.DataFrame(rows)
    by_plant = results.groupby("plant")["found"].mean()
    assert results["found"].mean() >= RECALL, by_plant[by_plant < 1].to_string()
    assert results["right"].sum() / results["all"].sum() >= PRECISION
    assert (by_plant >= 0.75).all(), by_plant[by_plant < 0.75].to_string()


def test_row_order_and_index_do_not_matter_and_the_frame_stays_as_it_is(clean):
    frame, _ = PLANTS["total off"][1](clean("funding", 3), np.random.default_rng(3))
    before = frame.copy(deep=True)
    straight = check_consistency(frame).to_frame()
    shuffled = check_consistency(frame.sample(frac=1, random_state=2).set_index("value", drop=False)).to_frame()
    pd.testing.assert_frame_equal(frame, before)
    assert {frozenset(w.split(";")) for w in straight["where"]} == {frozenset(w.split(";")) for w in shuffled["where"]}


def test_the_table_of_counts_is_public_and_tidy(clean):
    frame, _ = PLANTS["negative"][1](clean("impact", 3), np.random.default_rng(3))
    table = check_consistency(frame).table()
    assert table.public
    assert table.frame.query("indicator == 'negative_count'")["estimate"].tolist() == [1.0]
    assert check_consistency(clean("plain", 1)).table().frame.empty
