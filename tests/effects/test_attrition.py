"""Units that leave: bounds by brute force, their errors by derivatives and draws, and what must collapse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.effects.attrition import Side, lee_bounds

SAME_FORMULA = 1e-10  # the same sums in another order
STEP = 1e-6  # of a weight, for a derivative
DERIVATIVE = 1e-4  # of a difference of two bounds over twice that step
DRAWS, OF_DRAWS = 400, 0.12  # a standard deviation of 400 draws is within a tenth of the true one in 99 of 100 cases


def sides(seed: int, ours: int = 40, theirs: int = 90, *, more_leave: bool = False) -> tuple[Side, Side]:
    """Changes of two groups of which some are gone, with weights."""
    rng = np.random.default_rng(seed)
    gone = (0.4, 0.1) if more_leave else (0.1, 0.4)
    of_both = []
    for n, share in zip((ours, theirs), gone, strict=True):
        change = np.where(np.arange(n) < round(share * n), np.nan, rng.normal(size=n))
        of_both.append(Side(change, rng.integers(1, 4, size=n).astype(float)))
    return of_both[0], of_both[1]


@pytest.mark.parametrize("more_leave", [False, True])
def test_bounds_cut_as_many_as_would_have_left_or_stayed(more_leave: bool) -> None:
    ours, theirs = sides(1, more_leave=more_leave)
    left = [np.repeat(one.change, one.weights.astype(int)) for one in (ours, theirs)]  # a weight is so many firms
    shares = [np.isfinite(one).mean() for one in left]
    there = [np.sort(one[np.isfinite(one)]) for one in left]
    cut, whole = (0, 1) if shares[0] > shares[1] else (1, 0)
    room = shares[whole] / shares[cut] * len(there[cut])
    lowest = trimmed(there[cut], room)
    highest = trimmed(there[cut][::-1], room)
    mean = there[whole].mean()
    expected = (lowest - mean, highest - mean) if cut == 0 else (mean - highest, mean - lowest)
    (low, *_), (high, *_) = lee_bounds(ours, theirs)
    np.testing.assert_allclose((low, high), expected, rtol=SAME_FORMULA)


def trimmed(ordered: np.ndarray, room: float) -> float:
    """Mean of the first ``room`` values, of the last of them a part."""
    whole = int(room)
    return float((ordered[:whole].sum() + (room - whole) * ordered[whole]) / room)


@pytest.mark.parametrize("more_leave", [False, True])
def test_influence_is_how_a_bound_moves_with_what_a_unit_counts_for(more_leave: bool) -> None:
    both = sides(2, more_leave=more_leave)
    for bound, influence in enumerate(np.concatenate(one[1:]) for one in lee_bounds(*both)):
        assert abs(influence.sum()) < SAME_FORMULA
        for unit in (0, 8, 25, 41, 70, 120):
            moved = []
            for step in (STEP, -STEP):
                weights = [one.weights.copy() for one in both]
                side, place = (0, unit) if unit < 40 else (1, unit - 40)
                weights[side][place] *= 1 + step
                found = lee_bounds(*(one._replace(weights=own) for one, own in zip(both, weights, strict=True)))
                moved.append(found[bound][0])
            assert (moved[0] - moved[1]) / (2 * STEP) == pytest.approx(influence[unit], abs=DERIVATIVE)


def test_errors_are_how_bounds_differ_from_draw_to_draw() -> None:
    rng = np.random.default_rng(5)
    bounds, variances = [], []
    for _ in range(DRAWS):
        stays = rng.random(150) < 0.85, rng.random(500) < 0.7
        found = lee_bounds(
            *(Side(np.where(one, rng.normal(size=len(one)), np.nan), np.ones(len(one))) for one in stays)
        )
        bounds.append([bound for bound, *_ in found])
        variances.append([sum(float(part @ part) for part in parts) for _, *parts in found])
    np.testing.assert_allclose(np.sqrt(np.mean(variances, axis=0)), np.std(bounds, axis=0), rtol=OF_DRAWS)


def panel_of(frame: pd.DataFrame) -> se.Panel:
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="participant", entry_year="entry_year",
        employed_persons="employed_persons", revenue="revenue",
    )  # fmt: skip


def check(frame: pd.DataFrame) -> pd.DataFrame:
    table = se.check_effect(panel_of(frame), of={"outcome": "revenue", "min_units": 5}, checks=["attrition"])
    return table.to_frame().set_index("statistic")


def test_where_nobody_leaves_the_bounds_are_the_effect() -> None:
    rows = check(se.simulate_firms(firms=200, participants=60, years=6, seed=3).frame)
    assert rows.loc["att_remains", "estimate"] == 0
    assert rows.loc["att_remains", "note"]  # why it has no error
    for bound in ("lee_low", "lee_high"):
        assert rows.loc[bound, "estimate"] == pytest.approx(rows.loc["att", "estimate"], rel=SAME_FORMULA)


def test_firms_that_leave_are_an_effect_of_their_own_and_widen_the_bounds() -> None:
    frame = se.simulate_firms(firms=300, participants=100, years=6, seed=3).frame
    last = frame["year"].max()
    cohort = frame["entry_year"].fillna(0)
    frame = frame[(cohort == 0) | (cohort == last)]  # one cohort, in one year
    joins = frame["entry_year"].notna()
    gone = (frame["year"] == last) & (frame["firm"] % np.where(joins, 10, 4) == 0)
    rows = check(frame[~gone])
    base = frame[frame["year"] == last - 1].set_index("firm")
    left = base.index.isin(frame.loc[(frame["year"] == last) & ~gone, "firm"])
    joined = base["entry_year"].notna()
    assert rows.loc["att_remains", "estimate"] == pytest.approx(left[joined].mean() - left[~joined].mean())
    parts = [left[joined], left[~joined]]
    error = np.sqrt(sum(one.mean() * (1 - one.mean()) / (len(one) - 1) for one in parts))
    assert rows.loc["att_remains", "std_error"] == pytest.approx(error)
    assert rows.loc["lee_low", "estimate"] < rows.loc["att", "estimate"] < rows.loc["lee_high", "estimate"]
    assert rows.loc["lee_low", "n_units"] == left[joined].sum()
