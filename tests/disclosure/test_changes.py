"""Changes of the same firms leave: whoever stayed, came or went is a set of firms, and no few of them come back.

Each shown number is written down by brute force as an equation on values of firms in two years; what these equations
determine or bound is found without code of the border.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import si_eval as se
from si_eval.disclosure import DisclosureRules, ReleaseLedger, border, protect
from si_eval.vocabulary import Reason

FEWEST, PROTECTION = 10, 0.1  # units and p% of the preset
BASE, YEAR = 2014, 2019
OF_INTERVALS = ("", Reason.SKEWED.note, Reason.RESTS_ON_FEW.note)  # remarks of rows that have a number
SIZES = ["0-9", "10-49", "50-249"]
DRAWN = 3  # requests, at once and in turn; 40 were drawn once, and gave nothing back


def draw_firms(seed):
    """Draw firms of two years: some change class, a few come and go."""
    rng = np.random.default_rng(seed)
    units = int(rng.integers(90, 260))
    frame = pd.DataFrame({"firm": np.tile(np.arange(units), 2), "year": np.repeat([BASE, YEAR], units)})
    frame["joined"] = np.tile(rng.random(units) < 0.4, 2).astype(int)
    frame["staff"] = rng.choice([5.0, 20.0, 80.0], units)[frame["firm"]]
    moves = (frame["year"] == YEAR) & (rng.random(2 * units) < rng.choice([0.02, 0.2]))
    frame.loc[moves, "staff"] = rng.choice([5.0, 20.0, 80.0], moves.sum())
    frame["sales"] = rng.lognormal(10, 0.7, 2 * units)
    return frame[rng.random(2 * units) > rng.choice([0.02, 0.15])].reset_index(drop=True)


def ask(frame, seed):
    """Ask for levels, parts of changes and changes from the same start, in any order."""
    panel = se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales"
    )
    rng, years = np.random.default_rng(seed), {"base_year": BASE, "year": YEAR}
    splits = [[], ["size_class_4"]]
    tables = [se.compare_groups(panel, indicator="revenue", by=by, statistics=["mean"]) for by in splits]
    tables += [se.decompose_change(panel, indicator="revenue", by=by, **years) for by in splits]
    tables += [se.compare_changes(panel, indicator="revenue", by=by, **years) for by in splits]
    return [tables[at] for at in rng.permutation(len(tables))[:4]]


def equation_of(frame, row):
    """Return the factor of each row of the firms in a printed number; None for what is no sum."""
    size = pd.cut(frame["staff"], [0, 9, 49, 249], labels=SIZES).astype(str)
    cell = (size == row.size_class) if row.size_class != "all" else size.notna()
    ours = frame["joined"] == 1
    group = {"participant": ours, "non_participant": ~ours}.get(row.group)
    now, then = frame["year"] == YEAR, frame["year"] == BASE
    in_both = frame.groupby("firm")["year"].transform("nunique") == 2
    stays = frame["firm"].map(cell.groupby(frame["firm"]).all()) & in_both & cell
    began = frame["firm"].map((cell & then).groupby(frame["firm"]).any()) & in_both

    def mean(mask):
        return (mask & group).to_numpy() / max(int((mask & group).sum()), 1)

    def part(mask, year, sign):
        weight = int((mask & year & group).sum()) / max(int((cell & year & group).sum()), 1)
        return sign * weight * (mean(mask & year) - mean(stays & year))

    if group is None or row.statistic == "change_from_same_start":
        return None  # a difference is that of its two groups, which leave or are withheld with it
    if row.statistic == "mean":
        return mean(cell & (frame["year"] == row.year))
    if row.statistic == "change" and row.function == "compare_changes":
        return mean(began & now) - mean(began & then)
    others = in_both & cell & ~stays
    return {
        "change": lambda: mean(cell & now) - mean(cell & then),
        "change_within": lambda: mean(stays & now) - mean(stays & then),
        "change_switching": lambda: part(others, now, 1.0) + part(others, then, -1.0),
        "change_entry": lambda: part(cell & ~in_both, now, 1.0),
        "change_exit": lambda: part(cell & ~in_both, then, -1.0),
    }[row.statistic]()


def read_equations(frame, tables):
    """List the rows that are sums of values of firms, with their equations."""
    rows = [
        row for table in tables for row in table.to_frame().assign(function=table.function).itertuples()
        if row.note in OF_INTERVALS and not (row.statistic == "change_switching" and row.size_class == "all")
    ]  # fmt: skip
    found = [(row, equation_of(frame, row)) for row in rows]
    return [(row, equation) for row, equation in found if equation is not None and equation.any()]


SOLVED = (0, 3)  # of linprog: a bound was found, or there is none


def few_that_come_back(frame, asked, shown):
    """List the sets of few firms that no row tells apart, of which printed numbers tell too much."""
    masks = np.unique(np.sign(np.array([equation for _, equation in asked])).T, axis=0, return_inverse=True)[1].ravel()
    atoms = np.eye(masks.max() + 1)[:, masks]
    sums = atoms @ frame["sales"].to_numpy()
    matrix = np.array([[equation[atom > 0].mean() for atom in atoms] for equation in shown]).reshape(-1, len(atoms))
    scaled, right = matrix * sums, matrix @ sums
    found = []
    for at in np.flatnonzero(atoms.sum(axis=1) < FEWEST):
        target = np.eye(len(atoms))[at]
        solved = [linprog(side * target, A_eq=scaled, b_eq=right) for side in (1, -1)]
        assert all(one.status in SOLVED for one in solved), "the attack gave up on a set"
        ends = [one.x[at] for one in solved if one.status == 0]
        if len(ends) == 2 and ends[1] - ends[0] < PROTECTION:
            found.append((int(atoms[at].sum()), ends))
    return found


@pytest.mark.parametrize("seed", range(DRAWN))
def test_no_few_firms_that_stayed_came_or_went_come_back(seed):
    frame = draw_firms(seed)
    tables = ask(frame, seed)
    ledger = ReleaseLedger()
    safe = [protect([one], ledger=ledger)[0] for one in tables] if seed % 2 else protect(tables)
    asked = read_equations(frame, tables)
    for row, equation in asked:
        assert equation @ frame["sales"].to_numpy() == pytest.approx(row.estimate, rel=1e-9), row
    shown = [equation for row, equation in read_equations(frame, safe) if row.status == "shown"]
    assert shown
    assert few_that_come_back(frame, asked, shown) == []


def test_the_attack_finds_the_few_who_came_in_what_is_not_protected():
    frame = draw_firms(1)
    asked = read_equations(frame, ask(frame, 1))
    assert few_that_come_back(frame, asked, [equation for _, equation in asked])


def test_standard_errors_of_changes_of_single_firms_go(monkeypatch):
    """Three firms of a class that branches tell apart: its sum of squares of changes is about single firms.

    The squares of the levels of both years, which count too, are left out, so that those of changes speak alone.
    """
    monkeypatch.setattr(border, "withhold_spreads", lambda protection: None)
    sizes = [3, 40]
    firm, rng = np.arange(sum(sizes)), np.random.default_rng(2)
    frame = pd.DataFrame({"firm": firm, "joined": 1, "flag": np.repeat([1.0, 0.0], sizes),
                          "branch": np.array(list("XYZC"))[np.minimum(firm, 3)]})  # fmt: skip
    frame = pd.concat([frame.assign(year=year, sales=rng.lognormal(8, 0.6, len(firm))) for year in (BASE, YEAR)])
    panel = se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", revenue="sales", sector="branch", extra=("flag",)
    )
    rules = DisclosureRules(min_units=1, dominance=((1, 0.95),), p_percent=0, zeros="safe", quantile_units=0)
    years = {"base_year": BASE, "year": YEAR}
    asked = [se.compare_changes(panel, indicator="revenue", by=by, **years) for by in ([], ["flag"], ["sector"])]
    rows = pd.concat([one.to_frame() for one in protect(asked, rules=rules)])
    changes = rows.query("statistic == 'change' and group == 'participant' and sector == 'all'")
    assert changes["status"].eq("shown").all()
    kept = changes[changes["std_error"].notna()]
    assert kept["category"].tolist() == ["all"], "the class is three firms, and so is the total less the other class"
