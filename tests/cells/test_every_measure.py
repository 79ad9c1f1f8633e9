"""Every measure of cells and its error, beside the formulas of the method pages over lists of units and clusters.

Two groups in cells of many sizes; holdings of up to five units, across cells and groups; gaps, equal values, values of
both signs, positive values, and a cell that is one holding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from si_eval.cells.clusters import contrast_error
from si_eval.cells.errors import Errors, mean_dof
from si_eval.cells.measures import HOLDING, PART, VALUE, measure_cells
from si_eval.errors import StudyError
from si_eval.registry import Indicator

SAME = 1e-9  # relative: the same formulas, with sums in another order and roots of differences
LEVEL, WINSOR = 0.9, 0.01
SIZES = {
    "none": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "holding": 4,
    "dozen": 12,
    "equal": 6,
    "signs": 15,
    "zeros": 5,
    "many": 60,
}
POSITIVE = {"one", "dozen", "many"}


def units_of(seed: int) -> pd.DataFrame:
    """Make units in shuffled order, with a group, a cell, a holding (below 0 for none) and a ratio's parts."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(joined, cell) for joined in (True, False) for cell, size in SIZES.items() for _ in range(size + joined)],
        columns=["group", "cell"],
    )
    frame = frame[(frame["cell"] != "three") | frame["group"]].sample(frac=1, random_state=seed, ignore_index=True)
    n = len(frame)
    frame["weight"] = rng.integers(1, 9, n).astype(float)
    frame["value"] = np.where(frame["cell"].isin(POSITIVE), rng.lognormal(1, 1, n), rng.normal(1, 3, n)).round(2)
    frame.loc[frame["cell"] == "equal", "value"] = 1 / 3
    frame.loc[(frame["cell"] == "none") | (frame["cell"].isin(["many", "signs"]) & (rng.random(n) < 0.15)), "value"] = (
        np.nan
    )
    frame.loc[frame["cell"] == "zeros", "value"] = rng.integers(0, 3, (frame["cell"] == "zeros").sum())
    frame["holding"] = np.where(rng.random(n) < 0.5, rng.integers(0, n // 5, n), -1)
    frame.loc[(frame["cell"] == "holding") | ((frame["cell"] == "one") & frame["group"]), "holding"] = 1_000
    dozen = (frame["cell"] == "dozen") & ~frame["group"]
    frame.loc[dozen, "holding"] = np.where(rng.random(n) < 0.5, 1_001, 1_002)[dozen]  # none is alone
    frame.loc[frame["holding"].map(frame["holding"].value_counts()) < 2, "holding"] = -1
    return frame


def measured(frame: pd.DataFrame, errors: Errors | None, *, by_cell: bool = True) -> pd.DataFrame:
    keys = ["group", "cell"] if by_cell else ["group"]
    columns = {key: pa.array(frame[key]) for key in keys}
    columns[VALUE + "x"] = pa.array(frame["value"].to_numpy(), from_pandas=True)
    columns[PART + "y"] = pa.array((frame["value"] * frame["weight"]).fillna(5.0).to_numpy())
    columns[PART + "w"] = pa.array(frame["weight"].to_numpy())
    columns[HOLDING] = pa.array(frame["holding"].to_numpy(), mask=(frame["holding"] < 0).to_numpy())
    indicator = Indicator("x", "ratio", "EUR", "register", "x", "x", numerator="y", denominator="w")
    return measure_cells(pa.table(columns).to_batches(max_chunksize=50), [indicator], keys, errors=errors)


def clusters_of(part: pd.DataFrame) -> np.ndarray:
    return part["holding"].where(part["holding"] >= 0, -2 - part.index.to_series()).to_numpy()


def sums_of(values: np.ndarray, cluster: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"sum": values, "n": 1.0}).groupby(cluster).sum()


def variance(away: np.ndarray, cluster: np.ndarray) -> float:
    """Compute the variance (CR2) of a mean, from the deviations of its units."""
    n, by = len(away), sums_of(away, cluster)
    return ((by["sum"] / n) ** 2 / (1 - by["n"] / n)).sum() if len(by) > 1 else np.nan


def projections(cluster: np.ndarray) -> pd.DataFrame:
    """Return a and q of the method page of clusters, for each cluster."""
    n, size = len(cluster), pd.Series(1.0, index=range(len(cluster))).groupby(cluster).sum()
    a = (size / (n**2 * (1 - size / n))).where(size < n, 0.0)
    return pd.DataFrame({"a": a, "q": a * size / n})


def trace_term(ours: np.ndarray, theirs: np.ndarray) -> float:
    one, other = (projections(cluster) for cluster in (ours, theirs))
    both = one.add_suffix("1").join(other.add_suffix("2"), how="inner")
    crossed = both["a1"] * both["a2"] - both["a1"] * both["q2"] - both["a2"] * both["q1"]
    return crossed.sum() + np.sqrt(both["q1"] * both["q2"]).sum() ** 2


def expected_of(known: pd.DataFrame, other: pd.DataFrame, level: float) -> dict[str, float]:
    """Compute every measure of the units of a cell that have a value, beside those of the opposite cell."""
    values, cluster = known["value"].to_numpy(), clusters_of(known)
    n, away = len(values), values - values.mean()
    away = np.zeros(n) if np.ptp(values) == 0 else away
    size = np.sort(np.abs(values))[::-1]
    holdings = sums_of(np.abs(values), cluster)["sum"].sort_values(ascending=False).tolist()
    sums = (values * known["weight"]).sum(), known["weight"].sum()
    error = np.sqrt(variance(away, cluster))
    found = {
        "n": n, "mean": values.mean(), "sd": values.std(ddof=1) if n > 1 else np.nan, "smallest": values.min(),
        "total": values.sum(), "numerator": sums[0], "denominator": sums[1], "largest": size[0],
        "second_largest": size[1] if n > 1 else np.nan, "holding_largest": holdings[0],
        "holding_second": holdings[1] if len(holdings) > 1 else np.nan, "n_holdings": len(holdings),
        "clusters": len(holdings), "mean_std_error": error, "level_std_error": error, "effective_units": n,
        "dof_own": trace_term(cluster, cluster) if n > 1 or cluster[0] >= 0 else np.nan,
    }  # fmt: skip
    for name, share in {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}.items():
        found[name] = np.quantile(values, share)
    scores = [sums_of(one["value"].to_numpy() - one["value"].mean(), clusters_of(one)) for one in (known, other)]
    for one, part in zip(scores, (known, other), strict=True):
        room = (1 - one["n"] / len(part)).where(one["n"] < len(part))
        one["score"] = (one["sum"] / (len(part) * np.sqrt(room))).fillna(0.0)
    found["covariance"] = (scores[0]["score"] * scores[1]["score"]).sum()
    alike = set(cluster) & set(clusters_of(other))
    found["dof_shared"] = trace_term(cluster, clusters_of(other)) if alike else 0.0
    k = len(holdings)
    with np.errstate(divide="ignore", invalid="ignore"):
        moment = (sums_of(away, cluster)["sum"] ** 3).sum() / np.float64(n**2 * error**2) ** 1.5
        found["skewness"] = moment * k**2 / ((k - 1) * (k - 2)) * (1 + 8.5 / k) if k > 2 else np.nan
    residual = (values - sums[0] / sums[1]) * known["weight"].to_numpy()
    found["ratio_of_sums_std_error"] = np.sqrt(variance(residual, cluster)) * n / sums[1]
    return found | robust_of(values, cluster, other["value"].to_numpy()) | median_of(values, cluster, level)


def robust_of(values: np.ndarray, cluster: np.ndarray, others: np.ndarray) -> dict[str, float]:
    cut = values.clip(*np.quantile(np.concatenate([values, others]), [WINSOR, 1 - WINSOR]))
    found = {"winsorised_mean": cut.mean(), "winsorised_mean_std_error": np.sqrt(variance(cut - cut.mean(), cluster))}
    logs = np.log(values) if values.min() > 0 else np.full(len(values), np.nan)
    error = np.sqrt(variance(logs - logs.mean(), cluster)) if values.min() > 0 else np.nan
    return found | {"mean_log": logs.mean(), "mean_log_std_error": error}


def median_of(values: np.ndarray, cluster: np.ndarray, level: float) -> dict[str, float]:
    names = ["median_low", "median_high", "median_std_error"]
    nothing = dict.fromkeys(names, np.nan)
    up_to = values <= np.median(values)
    n, size = len(values), sums_of(values, cluster)["n"]
    if len(size) < 2:
        return nothing
    dof = n - 1 if len(size) == n else (1 / n) ** 2 / trace_term(cluster, cluster)
    reach = stats.t.ppf(0.5 + level / 2, dof)
    half = reach * np.sqrt(variance(up_to - up_to.mean(), cluster))
    if up_to.mean() - half < 0 or up_to.mean() + half > 1:
        return nothing
    low, high = np.quantile(values, [up_to.mean() - half, up_to.mean() + half])
    return dict(zip(names, (low, high, (high - low) / (2 * reach)), strict=True))


@pytest.mark.parametrize("by_group", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_measures_and_errors_are_those_of_the_formulas(seed: int, by_group: bool) -> None:
    frame = units_of(seed)
    errors = Errors(LEVEL, by_group=by_group, robust=("winsorised_mean", "mean_log"))
    table = measured(frame, errors)
    plain = measured(frame, None)
    pd.testing.assert_frame_equal(table[list(plain)], plain)
    assert len(table) == frame.groupby(["group", "cell"]).ngroups
    for row in table.to_dict("records"):
        known = frame[frame["value"].notna() & (frame["cell"] == row["cell"])]
        ours, theirs = known[known["group"] == row["group"]], known[known["group"] != row["group"]]
        if not len(ours):
            numbers = [value for name, value in row.items() if name not in ("indicator", "group", "cell")]
            assert row["n"] == row["n_holdings"] == 0
            assert np.isnan([row["mean"], row["total"], row["smallest"], row["numerator"], row["denominator"]]).all()
            assert all(np.isnan(value) or value == 0 for value in numbers)
            continue
        expected = expected_of(ours, theirs, LEVEL)
        if not by_group:
            alone = expected_of(ours.assign(holding=-1), theirs.assign(holding=-1), LEVEL)
            of_holdings = ("holding_largest", "holding_second", "n_holdings")
            expected = alone | {name: expected[name] for name in of_holdings}
        for name, value in expected.items():
            told = f"{row['cell']} {row['group']} {name}"
            assert row[name] == pytest.approx(value, rel=SAME, abs=1e-12, nan_ok=True), told


def test_an_indicator_that_few_units_have_is_measured_as_any_other() -> None:
    """Where few have it the others are left out before anything is computed: the same numbers."""
    frame = units_of(7)
    gaps = [frame.assign(value=np.nan, cell=name) for name in ("none", "many")]
    many = pd.concat([frame, *gaps * 12]).sample(frac=1, random_state=1, ignore_index=True)
    errors = Errors(LEVEL, robust=("winsorised_mean", "mean_log"))
    keys = ["group", "cell"]
    dense, sparse = (measured(one, errors).set_index(keys).sort_index() for one in (frame, many))
    pd.testing.assert_frame_equal(sparse.loc[dense.index], dense, rtol=SAME)
    assert dense["n"].sum() < 0.1 * len(many)


def test_cells_without_a_split_are_each_others_opposite() -> None:
    frame = units_of(5)
    table = measured(frame, Errors(LEVEL), by_cell=False).set_index("group")
    known = frame[frame["value"].notna()]
    ours, theirs = known[known["group"]], known[~known["group"]]
    expected = expected_of(ours, theirs, LEVEL)
    for name in ("mean_std_error", "covariance", "dof_own", "dof_shared"):
        assert table.loc[True, name] == pytest.approx(expected[name], rel=SAME), name
    assert table.loc[False, "covariance"] == pytest.approx(expected["covariance"], rel=SAME)
    assert set(measured(ours, Errors(LEVEL))["covariance"]) == {0.0}  # no opposite cell


def test_degrees_of_freedom_are_those_of_the_quadratic_form() -> None:
    """Of a mean: one less than the units where each is alone; of two means with a weight each: the trace formula."""
    rng = np.random.default_rng(1)
    cluster = rng.integers(0, 9, 30)
    side = np.arange(30) < 12
    own = [trace_term(cluster[side], cluster[side]), trace_term(cluster[~side], cluster[~side])]
    shared = trace_term(cluster[side], cluster[~side])
    alone = np.array([trace_term(np.arange(7), np.arange(7)), own[0]])
    dof = mean_dof(np.array([7.0, 12.0]), np.array([7.0, 9.0]), alone, np.array([7.0, 12.0]))
    assert dof == pytest.approx([6.0, (1 / 12) ** 2 / own[0]], rel=SAME)
    unequal = mean_dof(np.array([7.0]), np.array([7.0]), alone[:1], np.array([5.0]))
    assert unequal == pytest.approx([(1 / 5) ** 2 / alone[0]], rel=SAME)
    weights, variances = np.array([2.0, -3.0]), np.array([[0.5, 0.1], [0.1, 0.2]])
    error, dof = contrast_error(
        weights[None], np.array([[12.0, 18.0]]), variances[None], np.array([[[own[0], shared], [shared, own[1]]]])
    )
    trace = 4 / 12 + 9 / 18
    of_square = 4 * 4 * own[0] + 2 * 4 * 9 * shared + 9 * 9 * own[1]
    assert error == pytest.approx(np.sqrt(weights @ variances @ weights), rel=SAME)
    assert dof == pytest.approx(trace**2 / of_square, rel=SAME)
    nothing = contrast_error(np.zeros((1, 2)), np.zeros((1, 2)), variances[None], np.zeros((1, 2, 2)))
    assert nothing[0] == 0.0
    assert np.isnan(nothing[1])


@pytest.mark.parametrize(("values", "refused"), [
    ([1e70, 0.0], False), ([-1e70, 0.0], False), ([1e-70, 0.0], False), ([-1e-70, np.nan], False), ([0.0, 0.0], False),
    ([1.1e70, 0.0], True), ([-1.1e70, 1.0], True), ([0.9e-70, 0.0], True), ([-0.9e-70, 0.0], True),
])  # fmt: skip
def test_values_whose_variance_is_no_number_are_refused(values: list[float], refused: bool) -> None:
    frame = pd.DataFrame({"group": True, "cell": "a", "value": values, "weight": 1.0, "holding": -1})
    if refused:
        with pytest.raises(StudyError, match=r"x: found values of about .*; expected 1e-70 to 1e\+70"):
            measured(frame, None)
    else:
        assert len(measured(frame, None)) == 1
