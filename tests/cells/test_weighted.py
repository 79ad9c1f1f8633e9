"""Weighted statistics and their errors against R's survey, and where they collapse to unweighted ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from si_eval.cells.errors import Errors
from si_eval.cells.measures import HOLDING, MEASURE_COLUMNS, MOVED_IN, PART, VALUE, measure_cells
from si_eval.registry import Indicator
from si_eval.registry.rule_settings import BY_YEAR_AND_SIZE
from si_eval.vocabulary import STRATUM, STRATUM_SAMPLE, WEIGHT

R_AGREES = 1e-10  # relative: the same formula, at most in another order
EXACT = 1e-12
UNITS_ALONE = Errors(by_group=False)
GROUPS = {True: "b", False: "a"}
# R 4.2.2, survey 4.1.1, of the units below: svydesign(ids = ~1, strata = ~h, fpc = ~N), subset by g; svymean(~y),
# svyratio(~y, ~x), svyquantile(~y, c(.25, .5, .75), qrule = "hf7"), and SE(svymean(~I(y <= median))).
R_SURVEY = {
    "a": {
        "mean": 6.029823356232, "mean_se": 1.6652432581599, "ratio": 0.670272717355732, "ratio_se": 0.135656932537359,
        "quartiles": (1.1, 3.9962, 11.283875), "share_se": 0.145134611002399,
    },
    "b": {
        "mean": 2.355166340509, "mean_se": 0.588744188480826, "ratio": 0.282642085486144,
        "ratio_se": 0.0624486682972722, "quartiles": (0.0, 2.0316, 3.062), "share_se": 0.180817117123001,
    },
}  # fmt: skip
R_ANEW = {"a": 1.64721729376498, "b": 0.660735546712141}  # svydesign(ids = ~1, weights = ~I(N / n)), SE of svymean


def units() -> pd.DataFrame:
    """Make three strata: two sampled, one taken whole; two groups that both have units in each."""
    i = np.arange(47)
    stratum = np.repeat([1, 2, 3], [12, 15, 20])
    size, population = np.array([0, 12, 15, 20])[stratum], np.array([0, 400, 90, 20])[stratum]
    y = np.where(i % 4 == 0, 0.0, np.round(np.exp((i * 37 % 101) / 30), 2))
    frame = pd.DataFrame({"i": i, "y": y, "x": 1.0 + (i * 13) % 17, STRATUM: stratum, STRATUM_SAMPLE: size})
    return frame.assign(group=[GROUPS[one % 3 == 0] for one in i], **{WEIGHT: population / size})


def measured(frame: pd.DataFrame, *, weight: str = WEIGHT, errors: Errors | None = UNITS_ALONE) -> pd.DataFrame:
    columns = {
        "group": pa.array(frame["group"]), VALUE + "y": pa.array(frame["y"]), PART + "y": pa.array(frame["y"]),
        PART + "x": pa.array(frame["x"]), HOLDING: pa.nulls(len(frame), pa.int64()),
        **{name: pa.array(frame[name].astype(float)) for name in (WEIGHT, STRATUM, STRATUM_SAMPLE)},
        **({MOVED_IN + "y": pa.array(frame["moved"])} if "moved" in frame else {}),
    }  # fmt: skip
    indicator = Indicator("y", "ratio", "EUR", "d", "y", "y", numerator="y", denominator="x", weight=weight)
    return measure_cells(pa.table(columns).to_batches(), [indicator], ["group"], errors=errors).set_index("group")


@pytest.mark.parametrize("group", R_SURVEY)
def test_levels_have_the_errors_of_the_design(group):
    row, expected = measured(units().sample(frac=1, random_state=1)).loc[group], R_SURVEY[group]
    assert row["mean"] == pytest.approx(expected["mean"], rel=R_AGREES)
    assert row["level_std_error"] == pytest.approx(expected["mean_se"], rel=R_AGREES)
    assert row["numerator"] / row["denominator"] == pytest.approx(expected["ratio"], rel=R_AGREES)
    assert row["ratio_of_sums_std_error"] == pytest.approx(expected["ratio_se"], rel=R_AGREES)
    np.testing.assert_allclose(row[["p25", "median", "p75"]].astype(float), expected["quartiles"], rtol=R_AGREES)


@pytest.mark.parametrize("group", R_ANEW)
def test_contrasts_have_errors_of_units_drawn_anew(group):
    """R counts the units of both groups in n / (n - 1), the library those of the cell."""
    frame = units()
    n, of_all = (frame["group"] == group).sum(), len(frame)
    expected = R_ANEW[group] * np.sqrt(n / (n - 1) / (of_all / (of_all - 1)))
    assert measured(frame).loc[group, "mean_std_error"] == pytest.approx(expected, rel=R_AGREES)


def test_the_interval_of_a_median_is_woodruffs():
    frame = units()
    row, part = (
        measured(frame).loc["a"],
        frame[frame["group"] == "a"].sort_values(["y", WEIGHT], ascending=[True, False]),
    )
    below, weight = part["y"] <= row["median"], part[WEIGHT]
    share = weight[below].sum() / weight.sum()
    second, fourth = (weight**2).sum(), (weight**4).sum()
    width = stats.t.ppf(0.975, second**2 / fourth - 1) * R_SURVEY["a"]["share_se"]
    position = (weight.cumsum() - weight) / (weight.sum() - weight.iloc[-1])
    expected = np.interp([share - width, share + width], position, part["y"])
    np.testing.assert_allclose(row[["median_low", "median_high"]].astype(float), expected, rtol=R_AGREES)


def test_equal_weights_are_no_weights():
    frame = units().assign(**{WEIGHT: 7.0, STRATUM: 1, STRATUM_SAMPLE: 47})
    with_weights, without = measured(frame), measured(frame, weight="")
    unscaled = [name for name in MEASURE_COLUMNS if name not in ("total", "numerator", "denominator", "largest",
                "second_largest", "holding_largest", "holding_second")]  # fmt: skip
    for name in [*unscaled, "mean_std_error", "effective_units", "skewness"]:
        np.testing.assert_allclose(with_weights[name], without[name], rtol=EXACT, err_msg=name)
    np.testing.assert_allclose(with_weights["total"], 7 * without["total"], rtol=EXACT)
    np.testing.assert_allclose(with_weights["holding_largest"], 7 * without["holding_largest"], rtol=EXACT)


@pytest.mark.parametrize("weight", [WEIGHT, ""])
def test_values_that_are_moved_in_beforehand_are_measured_as_they_are(weight):
    frame = units().sample(frac=1, random_state=2)
    moved = frame.assign(moved=frame["y"].clip(1.0, 9.0))
    errors = Errors(by_group=False, robust=("winsorised_mean",), winsorise_by=BY_YEAR_AND_SIZE)
    found, expected = (
        measured(moved, weight=weight, errors=errors),
        measured(moved.assign(y=moved["moved"]), weight=weight),
    )
    assert (found["winsorised_mean"] != found["mean"]).all()
    for name, own in (("winsorised_mean", "mean"), ("winsorised_mean_std_error", "level_std_error")):
        np.testing.assert_allclose(found[name], expected[own], rtol=EXACT, err_msg=name)


def test_units_that_are_all_there_have_no_error_of_the_sample():
    frame = units().assign(**{WEIGHT: 1.0})
    found = measured(frame)
    assert (found["level_std_error"] == 0).all()
    assert (found["mean_std_error"] > 0).all()


def test_contributions_are_weighted():
    """What one unit contributes to a weighted sum is its value times its weight: the largest may be a small value."""
    frame = units()
    row, part = measured(frame, errors=None).loc["a"], frame[frame["group"] == "a"]
    contributions = np.sort(part["y"] * part[WEIGHT])
    assert (row["largest"], row["second_largest"]) == pytest.approx(contributions[:-3:-1], rel=EXACT)
    assert row["total"] == pytest.approx(contributions.sum(), rel=EXACT)
    assert row["n"] == len(part)


def test_effective_units_are_kishs():
    weight = units().groupby("group")[WEIGHT].agg(["sum", lambda one: (one**2).sum()]).to_numpy()
    found = measured(units()).sort_index()["effective_units"]
    np.testing.assert_allclose(found, weight[:, 0] ** 2 / weight[:, 1], rtol=EXACT)
