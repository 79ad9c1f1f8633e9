"""What travels with the numbers of a cell: pseudo-medians and public units, against brute force in pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from si_eval.cells.measures import HOLDING, VALUE, measure_cells, pseudo_median
from si_eval.registry import Indicator, facts
from si_eval.vocabulary import PUBLIC_COLUMNS, PUBLIC_UNIT

EXACT = 1e-12  # relative: the same sums, at most in another order
SIZES = {"one": 1, "two": 2, "ten": 10, "eleven": 11, "twelve": 12, "even": 40, "odd": 41, "many": 700}
KINDS = {
    "all different": lambda generator, n: generator.lognormal(3, 1, n),
    "few values": lambda generator, n: generator.integers(-3, 4, n).astype(float),
    "half zero": lambda generator, n: np.where(generator.random(n) < 0.5, 0.0, generator.lognormal(3, 1, n)),
}


def units(kind: str, seed: int) -> pd.DataFrame:
    """Make units in shuffled cells: gaps, holdings of up to four units (also across cells), some units public."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"cell": np.repeat(list(SIZES), list(SIZES.values()))}).sample(frac=1, random_state=seed)
    n = len(frame)
    frame["value"] = KINDS[kind](generator, n)
    frame.loc[frame["cell"].isin(["even", "odd", "many"]) & (generator.random(n) < 0.1), "value"] = np.nan
    holding = pd.Series(np.where(generator.random(n) < 0.4, generator.integers(0, n // 4, n), -1), index=frame.index)
    frame["holding"] = holding.where(holding.map(holding.value_counts()) > 1, -1)
    frame["public"] = generator.random(n) < 0.1
    return frame.reset_index(drop=True)


def measured(frame: pd.DataFrame, *, public: bool) -> pd.DataFrame:
    columns = {
        "cell": pa.array(frame["cell"]),
        VALUE + "x": pa.array(frame["value"].to_numpy()),
        HOLDING: pa.array(frame["holding"].to_numpy(), mask=(frame["holding"] < 0).to_numpy()),
    }
    columns |= {PUBLIC_UNIT: pa.array(frame["public"].to_numpy())} if public else {}
    indicator = Indicator("x", "register_value", "EUR", "register", "x", "x")
    return measure_cells(pa.table(columns).to_batches(), [indicator], ["cell"]).set_index("cell")


def holdings_of(part: pd.DataFrame) -> pd.Series:
    """Name the holding of each unit; a unit that shares none is one of its own."""
    return part["holding"].where(part["holding"] >= 0, -2 - part.index.to_series())


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pseudo_median_counts_the_units_and_holdings_behind_it(kind: str, public: bool) -> None:
    """Units with equal values are all counted, up to the number averaged; public ones are not."""
    frame = units(kind, seed=len(kind))
    found = measured(frame, public=public)
    for cell, part in frame.dropna(subset="value").sort_values("value").groupby("cell"):
        n = len(part)
        middles = {(n - 1) // 2, n // 2}
        windows = [part["value"].iloc[max(middle - 5, 0) : middle + 6] for middle in middles]
        row = found.loc[cell]
        assert row["pseudo_quantile"] == pytest.approx(np.mean([w.mean() for w in windows]), rel=EXACT, abs=EXACT)
        low, high = min(w.min() for w in windows), max(w.max() for w in windows)
        averaged = len(set().union(*(w.index for w in windows)))
        meant = part[part["value"].between(low, high) & ~(part["public"] & public)]
        assert row["pseudo_units"] == min(averaged, len(meant))
        assert row["pseudo_holdings"] == min(averaged, holdings_of(meant).nunique())


def test_the_pseudo_median_of_eleven_units_is_their_mean() -> None:
    frame = units("all different", seed=3)
    found = measured(frame, public=False)
    assert facts("disclosure")["pseudo_quantile"]["neighbours"] == SIZES["eleven"]
    for cell in ("one", "two", "ten", "eleven"):
        assert found.loc[cell, "pseudo_quantile"] == pytest.approx(found.loc[cell, "mean"], rel=EXACT)
        assert found.loc[cell, "pseudo_units"] == SIZES[cell]


def test_a_pseudo_median_of_an_array_is_that_of_its_cell() -> None:
    frame = units("all different", seed=4)
    found = measured(frame, public=False)
    for cell, part in frame.dropna(subset="value").groupby("cell"):
        alone = pseudo_median(part["value"].to_numpy())
        assert alone["pseudo_quantile"] == pytest.approx(found.loc[cell, "pseudo_quantile"], rel=EXACT)
    assert np.isnan(pseudo_median(np.zeros(0))["pseudo_quantile"])


@pytest.mark.parametrize("kind", KINDS)
def test_public_units_are_set_apart_and_holdings_go_without_them(kind: str) -> None:
    frame = units(kind, seed=7)
    found = measured(frame, public=True)
    for cell, part in frame.groupby("cell"):
        known = part.dropna(subset="value")
        theirs, others = known[known["public"]], known[~known["public"]]
        sizes = others["value"].abs().groupby(holdings_of(others)).sum().sort_values(ascending=False).tolist()
        expected = [len(theirs), theirs["value"].abs().sum(), *[*sizes, np.nan, np.nan][:2]]
        np.testing.assert_allclose(found.loc[cell, list(PUBLIC_COLUMNS)].astype(float), expected, rtol=EXACT)


def test_without_public_units_nothing_is_measured_of_them_and_nothing_else_changes() -> None:
    frame = units("all different", seed=9)
    without, named = measured(frame, public=False), measured(frame, public=True)
    assert not set(PUBLIC_COLUMNS) & set(without)
    same = [column for column in without if column not in ("pseudo_units", "pseudo_holdings")]
    pd.testing.assert_frame_equal(named[same], without[same])
