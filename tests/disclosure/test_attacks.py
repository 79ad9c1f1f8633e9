"""Attacks on what left: an outsider with linear programming, who knows how classes nest and who was left out.

The attacker shares no code with the border: it rebuilds every printed cell as a set of firms, and asks how far the sum
and the count of each withheld cell are known.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

import si_eval as se
from si_eval.disclosure import ReleaseLedger, audit_pattern, decide, protect

PROTECTION = 0.1  # the p% of the preset
FEWEST = 10
COUNT_WIDTH = 0.2  # how far a withheld count stays open, relative; at least 1
EXACT = 1e-6
ROUNDED = 0.5 + EXACT  # no number is rounded to more than a whole one
CLASS = re.compile(r"\d+-\d+|\d+\+")
INDICATORS = ["revenue", "employed_persons"]
SIZES = ["0-1", "2-9", "10-49", "50-249", "250+"]


def firms(seed, units):
    rng = np.random.default_rng(seed)
    years = []
    participant, persons = rng.random(units) < 0.4, np.round(np.exp(rng.normal(2.8, 1.4, units))) + 1
    sector, flag = rng.choice(["C", "J", "M"], units), (rng.random(units) < 0.1).astype(float)
    for year in (2014, 2019):
        employed = np.maximum(np.round(persons * np.exp(rng.normal(0, 0.15, units))), 1)
        revenue = employed * np.exp(rng.normal(4, 0.6, units))
        revenue[rng.random(units) < 0.06] = np.nan
        years.append(
            pd.DataFrame(
                {
                    "firm": np.arange(units),
                    "year": year,
                    "taking_part": participant.astype(int),
                    "persons": employed,
                    "turnover": revenue,
                    "branch": sector,
                    "flag": flag,
                }
            )
        )
    return pd.concat(years, ignore_index=True)


def panel(frame):
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="taking_part", employed_persons="persons", revenue="turnover",
        sector="branch", extra=("flag",),
    )  # fmt: skip


def written(table):
    """Read a table back from the file that leaves."""
    labels = dict.fromkeys(("size_class", "sector", "category"), str)
    return pd.read_csv(io.StringIO(table.to_frame().to_csv(index=False)), dtype=labels)


def size_classes(frame):
    return pd.cut(frame["persons"], [0, 2, 10, 50, 250, np.inf], right=False, labels=SIZES).astype(str)


def members(frame, size, row):
    """Say which rows of firms, with their size classes, a printed cell holds."""
    group = np.where(frame["taking_part"] == 1, "participant", "non_participant")
    label = row.size_class
    wanted = CLASS.findall("0-1+2-9" + label[3:] if label.startswith("0-9") else label)
    chosen = (frame["year"] == row.year) & ((group == row.group) | (row.group == "all"))
    chosen &= size.isin(wanted) | (row.size_class == "all")
    chosen &= frame["branch"].isin(row.sector.split("+")) | (row.sector == "all")
    if row.category != "all":
        chosen &= frame["flag"] == float(row.category)
    return chosen.to_numpy()


def attack(populations, tables, known=None, *, in_turn=False):
    """List every withheld mean or count that is given back, or a primary one that is too well known.

    Where tables left ``in_turn``, a cell is listed only if all tables say more of it than those before its own did.
    """
    base = pd.concat(populations)
    base = base[~base.index.duplicated()]
    values = {
        "revenue": base["turnover"],
        "employed_persons": base["persons"],
    }
    found, size, left = [], size_classes(base), [written(table) for table in tables]
    for indicator, value in values.items():  # noqa: B007, the queries read it
        for year in (2014, 2019):
            printed, withheld, asked = [], [], []
            present = (base["year"] == year).to_numpy() & value.notna().to_numpy()
            turns = []
            for turn, (population, table) in enumerate(zip(populations, left, strict=True)):
                rows = table.query("indicator == @indicator and year == @year and statistic == 'mean'")
                for row in rows[rows["group"].isin(["participant", "non_participant"])].itertuples():
                    cell = members(base, size, row) & base.index.isin(population.index) & present
                    (printed if row.status == "shown" else withheld).append((row, cell))
                    if row.status == "shown":
                        turns.append(turn)
                    else:
                        asked.append(turn)
            for row in () if known is None else known.query("indicator == @indicator and year == @year").itertuples():
                printed.append((row, members(base, size, row) & present))
            before = [sum(one < turn for one in turns) if in_turn else 0 for turn in asked]
            found += solve(printed, withheld, value.to_numpy(), present, before)
    return found


def solve(printed, withheld, value, present, before):
    """Bound each withheld cell by the sums over the smallest groups of firms that the printed cells tell apart.

    ``before`` is, for each withheld cell, how many of the printed ones outsiders had when it was asked for.
    """
    if not withheld:
        return []
    masks = np.array([cell for _, cell in printed + withheld])[:, present]
    groups, place = np.unique(masks.T, axis=0, return_inverse=True)
    place = place.ravel()
    found = []
    for what, weights in (("sum", value[present]), ("count", np.ones(int(present.sum())))):
        truth = np.bincount(place, weights, len(groups))
        matrix = groups[:, : len(printed)].T.astype(float)
        right = matrix @ truth
        if what == "sum":
            for (row, cell), total in zip(printed, right, strict=True):
                off = 0 if cell.sum() == 0 else abs(row.estimate - total / cell.sum())
                assert off <= ROUNDED, "a shown value was altered"
        for number, (row, cell) in enumerate(withheld):
            costs = groups[:, len(printed) + number].astype(float)
            true = costs @ truth
            if true == 0:
                continue
            low, high = bound(costs, matrix, right)
            width = PROTECTION * true if what == "sum" else max(1.0, COUNT_WIDTH * true)
            narrow = cell.sum() < FEWEST and (high < true + width * 0.999 or low > max(true - width, 0) + 1e-6 * true)
            if (high - low <= EXACT * true or narrow) and before[number]:
                had = bound(costs, matrix[: before[number]], right[: before[number]])
                narrow = not np.allclose((low, high), had, rtol=EXACT, atol=EXACT * true)
                low, high = (low, high) if narrow else (0.0, np.inf)
            if high - low <= EXACT * true or narrow:
                found.append((what, row.indicator, row.year, row.group, row.size_class, row.sector, row.category))
    return found


def bound(costs, matrix, right):
    """Give the least and the most that a sum over groups of firms can be."""
    printed = LinearConstraint(sparse.csc_array(matrix), right, right)
    ends = []
    for side in (1, -1):
        solved = milp(side * costs, constraints=printed)  # no whole numbers: a linear programme
        ends.append(side * solved.fun if solved.status == 0 else side * -np.inf)
    return max(ends[0], 0.0), ends[1]


class Asked(NamedTuple):
    """What a table is asked for: the columns of its split, and its filter."""

    columns: tuple[str, ...]
    where: tuple[tuple[str, object], ...]

    def __call__(self, one):
        where = {column: list(value) if isinstance(value, tuple) else value for column, value in self.where}
        return se.compare_groups(one, indicator=INDICATORS, by=list(self.columns), where=where or None)


def by(*columns, **where):
    return Asked(columns, tuple((column, tuple(v) if isinstance(v, list) else v) for column, v in where.items()))


@cache
def population(seed, units):
    frame = firms(seed, units)
    return frame, panel(frame)


@cache
def computed(seed, units, asked):
    """Compute a table once, for both ways of asking."""
    return asked(population(seed, units)[1])


REQUESTS = {
    "margins and both systems of size classes": [by("size_class"), by("size_class_4"), by("sector"), by()],
    "a cross of two dimensions": [by("size_class_4", "sector"), by("size_class_4"), by("sector"), by()],
    "one sector against all": [by("size_class_4"), by("size_class_4", sector="C"), by(), by("sector")],
    "merged classes that differ": [
        by("size_class", sector=["C", "J"]), by("size_class_4", "sector"), by(size_class=["50-249", "250+"]),
        by("size_class_4"),
    ],
    "a filter and its complement": [by("size_class_4"), by(), by(flag=1), by(flag=0), by("size_class_4", flag=0)],
}  # fmt: skip


def recovered(seed, calls, mode, units=220, **options):
    """Protect the tables of a request and give what the attacker recovers."""
    frame, _ = population(seed, units)
    tables = [computed(seed, units, asked) for asked in calls]
    before = [table.frame.copy() for table in tables]
    if mode == "one request":
        safe = protect(tables, **options)
    else:
        ledger = ReleaseLedger()
        safe = [protect([table], ledger=ledger, **options)[0] for table in tables]
    for table, rows in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table.frame, rows)  # the border changes no table that it is given
    return attack([frame] * len(tables), safe, in_turn=mode != "one request")


@pytest.mark.parametrize("calls", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("mode", ["one request", "one request after another"])
def test_no_withheld_figure_is_recovered(calls, mode):
    assert recovered(1, calls, mode) == []


@pytest.mark.parametrize("seed", [0, 2, 5, 7])
def test_a_filter_asked_after_its_whole_stays_wide_enough(seed):
    assert recovered(seed, REQUESTS["a filter and its complement"], "one request after another") == []


SPLITS = [
    (), ("size_class",), ("size_class_4",), ("sector",), ("size_class_4", "sector"), ("flag",), ("sector", "flag"),
    ("size_class_4", "flag"),
]  # fmt: skip
FILTERS = [
    {}, {}, {}, {"flag": 1}, {"flag": 0}, {"sector": "C"}, {"sector": ["C", "J"]}, {"size_class": ["50-249", "250+"]},
    {"size_class": ["0-1", "2-9"]},
]  # fmt: skip


def any_request(rng):
    """Draw a split and a filter that go together."""
    where = FILTERS[rng.integers(len(FILTERS))]
    taken = {column.removesuffix("_4") for column in where}
    return by(
        *(column for column in SPLITS[rng.integers(len(SPLITS))] if column.removesuffix("_4") not in taken), **where
    )


# Requests that once gave something back: a split of one filter beside its complement, and sums of printed parts.
RANDOM = [*range(8), 13, 69, 143]


@pytest.mark.parametrize("seed", RANDOM)
@pytest.mark.parametrize("mode", ["one request", "one request after another"])
def test_no_random_request_gives_anything_back(seed, mode):
    rng = np.random.default_rng(seed)
    calls = [any_request(rng) for _ in range(rng.integers(2, 5))]
    assert recovered(seed, calls, mode, units=int(rng.integers(80, 400))) == []


MORE_REQUESTS = {
    "parts whose sum is withheld": [by("size_class_4"), by("size_class_4", flag=1), by("size_class", "sector")],
    "a filter in parts and its complement": [by("size_class"), by(flag=1), by("sector", flag=0)],
    "one filter under two labels": [by("size_class_4", flag=1), by("size_class_4", "flag"), by("size_class_4")],
}


@pytest.mark.parametrize("calls", MORE_REQUESTS.values(), ids=MORE_REQUESTS.keys())
@pytest.mark.parametrize("mode", ["one request", "one request after another"])
def test_no_sum_of_printed_parts_gives_anything_back(calls, mode):
    assert recovered(69, calls, mode, units=195) == []


@pytest.mark.parametrize("seed", [3, 8])
@pytest.mark.parametrize("mode", ["one request", "one request after another"])
def test_merged_classes_give_nothing_back(seed, mode):
    calls = [by("size_class"), by("size_class_4"), by()]
    assert recovered(seed, calls, mode, merge="when_cheaper") == []


@pytest.mark.parametrize("removed", [1, 8])
def test_two_versions_that_differ_by_a_few_firms(removed):
    frame = firms(5, 260)
    largest = frame.groupby("firm")["turnover"].max().nlargest(removed).index
    without = frame[~frame["firm"].isin(largest)]
    populations = [frame, without, frame, without]
    calls = [by("size_class_4"), by("size_class_4"), by(), by()]
    panels = {len(population): panel(population) for population in (frame, without)}
    tables = [call(panels[len(population)]) for call, population in zip(calls, populations, strict=True)]
    safe = protect(tables)
    assert attack(populations, safe) == []
    shown = [table.to_frame().query("statistic == 'mean' and status == 'shown' and n_units > 0") for table in safe[2:]]
    both = shown[0].merge(shown[1], on=["indicator", "group", "year"])
    near = (both["n_units_x"] - both["n_units_y"]).abs().between(1, FEWEST - 1)
    assert not near.any(), "the firms between the two versions can be worked out"


VERSION_SPLITS = [
    (), ("size_class",), ("size_class_4",), ("sector",), ("size_class_4", "sector"), ("size_class", "sector"),
    ("flag",), ("sector", "flag"), ("size_class_4", "flag"),
]  # fmt: skip
VERSION_FILTERS = [*FILTERS[:3], *FILTERS[:1], *FILTERS[3:7], {"sector": "M"}, *FILTERS[7:]]
# Once narrowed: firms between two populations whose class is known; three dimensions of which pairs are printed; in
# turn, cells that earlier tables bounded; a class that no label names and that is empty (1052, 2004); and sums of
# different cells that are over the same firms (2044).
VERSIONS = [
    (66, "in turn"), (306, "in turn"), (306, "one request"), (76, "in turn"), (125, "in turn"), (1052, "one request"),
    (1052, "in turn"), (2004, "one request"), (2044, "in turn"),
]  # fmt: skip


def draw_versions(seed, indicator="revenue"):
    """Draw a request on two populations that differ by a few firms."""
    rng = np.random.default_rng(seed + 10_000)
    frame = firms(seed, int(rng.integers(80, 500)))
    specs = []
    for _ in range(int(rng.integers(2, 6))):
        columns = VERSION_SPLITS[rng.integers(len(VERSION_SPLITS))]
        where = VERSION_FILTERS[rng.integers(len(VERSION_FILTERS))]
        taken = {*where, "size_class_4"} if "size_class" in where else {*where}
        specs.append((tuple(column for column in columns if column not in taken), where))
    populations = [frame] * len(specs)
    if rng.random() < 0.4:
        few = int(rng.integers(1, 9))
        largest = frame.groupby("firm")["turnover"].max().nlargest(few).index
        left_out = largest if rng.random() < 0.5 else rng.choice(frame["firm"].unique(), few)
        without = frame[~frame["firm"].isin(left_out)]
        populations = [frame if rng.random() < 0.5 else without for _ in specs]
    panels = {len(population): panel(population) for population in populations}
    tables = [
        se.compare_groups(panels[len(population)], indicator=[indicator], by=list(columns), where=where or None)
        for (columns, where), population in zip(specs, populations, strict=True)
    ]
    return populations, tables


@pytest.mark.parametrize(("seed", "mode"), VERSIONS)
def test_no_random_request_on_two_versions_gives_anything_back(seed, mode):
    populations, tables = draw_versions(seed)
    ledger = ReleaseLedger()
    safe = protect(tables) if mode == "one request" else [protect([table], ledger=ledger)[0] for table in tables]
    assert attack(populations, safe, in_turn=mode == "in turn") == []


def test_the_audit_says_what_earlier_tables_bounded():
    _, tables = draw_versions(76)
    ledger = ReleaseLedger()
    verdicts = set()
    for table in tables:
        verdicts |= set(audit_pattern(decide([table], ledger=ledger).protection)["verdict"])
    assert "bounded before" in verdicts
    assert "narrow" not in verdicts


def test_a_public_total_minus_the_comparison_group():
    frame = firms(1, 150)
    groups = frame.dropna(subset="turnover").assign(
        size_class=pd.cut(frame["persons"], [0, 10, 50, 250, np.inf], right=False, labels=["0-9", *SIZES[2:]])
    )
    totals = groups.groupby(["year", "size_class"], observed=True)["turnover"].agg(["mean", "size"]).reset_index()
    known = totals.rename(columns={"mean": "estimate", "size": "n_units"}).assign(
        indicator="revenue", statistic="mean", group="all", sector="all", category="all"
    )
    known = known.astype({"size_class": str}).query("size_class in ['10-49', '50-249']")
    table = by("size_class_4")(panel(frame))
    assert attack([frame], protect([table]), known) != [], "the attack must bite without `known`"
    assert attack([frame], protect([table], known=known), known) == []


def test_the_attack_recovers_what_tables_protected_one_by_one_leave_open():
    frame = firms(1, 220)
    one = panel(frame)
    tables = [call(one) for call in REQUESTS["one sector against all"]]
    assert attack([frame] * len(tables), [protect([table])[0] for table in tables])
