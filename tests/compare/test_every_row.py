"""Every row of levels, contrasts, indexes and balance, beside the formulas of the method pages written out once more.

One panel, with a sector for each case: common values, one unit, values that do not vary, means below and near zero.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from si_eval.compare.levels import compare_groups
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.registers.any_frame import panel_from_frame
from si_eval.vocabulary import Reason

SAME = 1e-9  # relative: the same formulas, with sums in another order and roots of differences
LEVEL, FEWEST, BOUND = 0.9, 3, 0.3
TOO_FEW = "one of the groups has too few values"
NO_VALUE, NO_CONTRAST = "no unit has a value", "one of the groups has no value, or its mean is zero"
NO_BASE, NO_INDEX = "the base year has no value in this cell, or its mean is zero", "one of the groups has no index"
gap = float("nan")


def skewed(n):
    """List values of which a few are far above all others."""
    return [round(float(np.exp(2 * (at * 0.618 % 1) ** 3 * 2)), 3) for at in range(1, n + 1)]


# case: participants and others in the base year, and in the year after (units keep their place in the lists)
CASES = {
    "common": ([3.0, 5, 4, 9], [1.0, 2, 6, 4, 3], [4.0, 5, 7, 12], [2.0, 2, 6, 5, 4]),
    "one": ([4.0], [1.0, 2, 3], [5.0], [2.0, 2, 3]),
    "two": ([4.0, 6], [1.0, 2, 3, 4], [5.0, 9], [2.0, 2, 3, 7]),
    "three": ([4.0, 6, 7], [1.0, 2, 3], [5.0, 9, 7], [2.0, 2, 3]),
    "equal": ([2.0] * 4, [2.0] * 5, [2.0] * 4, [2.0] * 5),
    "constants": ([2.0] * 4, [3.0] * 5, [4.0] * 4, [3.0] * 5),
    "negative": ([3.0, 5, 4], [-3.0, -2, -4], [4.0, 5, 6], [-3.0, -1, -5]),
    "noise": ([3.0, 5, 4], [-5.0, 5, 1, -0.5], [4.0, 5, 6], [-4.0, 5, 1, -0.5]),
    "both signs": ([3.0, 5, 4], [-1.0, 4, 5, 0.5], [4.0, 5, 6], [-1.0, 4, 6, 0.5]),
    "zero": ([3.0, 5, 4], [-2.0, 2.0, 0.0], [4.0, 5, 6], [1.0, 2.0, 3.0]),
    "zeros": ([3.0, 5, 4], [0.0, 0.0, 0.0], [4.0, 5, 6], [0.0, 0.0, 1.0]),
    "from zero": ([0.0, 5, 4], [0.0, 0.0, 6, 1], [4.0, 5, 6], [0.0, 1.0, 6, 1]),
    "gaps": ([gap, 5, 4, 6], [1.0, gap, 3, 5], [3.0, gap, 4, 9], [1.0, 2, gap, 6]),
    "nobody": ([gap, gap], [1.0, 2, 3], [3.0, 4.0], [1.0, 2, 4]),
    "nobody later": ([2.0, 3], [1.0, 2, 3], [gap, gap], [1.0, 2, 4]),
    "against": ([1.0, 1, 1, 40], [3.0, 4, 3, 2], [2.0, 1, 1, 50], [3.0, 4, 4, 2]),
    "thirty": (skewed(30), skewed(29), skewed(30)[::-1], skewed(29)[::-1]),
    "ten": (skewed(10), skewed(9), skewed(10)[::-1], skewed(9)[::-1]),
    "bell": (list(scipy_stats.norm.ppf(np.arange(1, 41) / 41, 9, 2).round(3)), [7.0, 8, 9.5, 11],
             list(scipy_stats.norm.ppf(np.arange(1, 41) / 41, 11, 2).round(3)), [8.0, 8, 9.5, 12]),
    "unlike": ([30.0, 31, 32, 33], [1.0, 2, 3, 4], [33.0, 31, 35, 33], [1.0, 3, 3, 5]),
}  # fmt: skip


@pytest.fixture(scope="module")
def panel():
    rows = [
        (f"{case} {joined} {at}", year, joined, case, value)
        for case, lists in CASES.items()
        for place, (year, joined) in enumerate(((2014, 1), (2014, 0), (2015, 1), (2015, 0)))
        for at, value in enumerate(lists[place])
    ]
    frame = pd.DataFrame(rows, columns=["firm", "year", "joined", "case", "x"])
    frame["persons"] = 1.0 + np.arange(len(frame)) * 13 % 17
    frame["sales"] = frame["x"] * frame["persons"]
    names = {"unit": "firm", "year": "year", "participant": "joined", "sector": "case"}
    panel = panel_from_frame(frame, **names, employed_persons="persons", revenue="sales", extra=["x"])
    return dataclasses.replace(panel, rules=panel.rules.change(min_test_units=FEWEST))


@pytest.fixture(scope="module")
def units(panel):
    """Return the values, and persons, of each case, year and group."""
    frame = panel.to_frame()
    cells = frame[frame["x"].notna()].groupby(["sector", "year", "participant"])[["x", "employed_persons"]]
    found = defaultdict(lambda: np.zeros((0, 2)), {key: part.to_numpy(dtype=float) for key, part in cells})
    return lambda case, year, joined: found[case, year, bool(joined)].T


def mean_of(values):
    """Return mean, standard error and degrees of freedom; values that are the same have no error."""
    n = len(values)
    return (values.mean() if n else gap), (values.std(ddof=1) / np.sqrt(n) if n > 1 else gap), n - 1.0


def student(estimate, error, dof):
    half = scipy_stats.t.ppf(0.5 + LEVEL / 2, dof) * error if dof > 0 else gap
    return estimate - half, estimate + half


def skewness_of(values):
    """Return the skewness of the mean, corrected for few values (Hazen)."""
    n, away = len(values), values - values.mean()
    moment = (away**3).sum() / (away**2).sum() ** 1.5 * ((n - 1) / n) ** 1.5
    return moment * n**2 / ((n - 1) * (n - 2)) * (1 + 8.5 / n)


def bent(values):
    """Return the interval of Hall (1992), by solving its cubic; nothing where values are too few, or not skewed."""
    n = len(values)
    if n < 10:
        return None
    skewness = skewness_of(values)
    if abs(skewness) * np.sqrt(n) <= 2 * np.sqrt(6 / n):
        return None
    mean, error, dof = mean_of(values)
    bounds = []
    for side in (1, -1):
        quantile = side * scipy_stats.t.ppf(0.5 + LEVEL / 2, dof)
        roots = np.roots([skewness**2 / 27, skewness / 3, 1, skewness / 6 - quantile])
        (root,) = roots[np.abs(roots.imag) < 1e-6].real
        bounds.append(mean - root * error)
    return tuple(bounds)


def check(row, **expected):
    for column, value in expected.items():
        told = f"{row['sector']} {row['year']} {row['group']} {row['statistic']} {column}"
        if isinstance(value, str):
            assert row[column] == value, told
        else:
            assert float(row[column]) == pytest.approx(value, rel=SAME, abs=1e-12, nan_ok=True), told


def check_level(row, values, persons, cut):
    n, notes = len(values), {0: NO_VALUE, 1: Reason.ONE_UNIT.note}
    mean, error, dof = mean_of(values)
    note = notes.get(n, "")
    low, high = student(mean, error, dof)
    if row["statistic"] == "mean":
        skew = bent(values)
        low, high = skew or (low, high)
        few = n >= 10 and n < 2 * n * skewness_of(values) ** 2
        told = Reason.RESTS_ON_FEW.note if few else Reason.SKEWED.note if skew else note
        check(row, estimate=mean, std_error=error, conf_low=low, conf_high=high, error_dof=dof,
              std_dev=error * np.sqrt(n), note=told)  # fmt: skip
    elif row["statistic"] == "median":
        bounds = error = gap
        if n > 1:
            share, reach = (values <= np.median(values)).mean(), scipy_stats.t.ppf(0.5 + LEVEL / 2, dof)
            half = reach * np.sqrt(share * (1 - share) / (n - 1))
            if share - half >= 0 and share + half <= 1:
                bounds = np.quantile(values, [share - half, share + half])
                error = (bounds[1] - bounds[0]) / (2 * reach)
        low, high = bounds if np.ndim(bounds) else (gap, gap)
        check(row, estimate=np.median(values) if n else gap, std_error=error, conf_low=low, conf_high=high,
              note=NO_VALUE if not n else "")  # fmt: skip
    elif row["statistic"] == "ratio_of_sums":
        ratio = (values * persons).sum() / persons.sum()
        residual = (values - ratio) * persons
        error = np.sqrt((residual**2).sum() * n / (n - 1)) / persons.sum() if n > 1 else gap
        low, high = student(ratio, error, dof)
        check(row, estimate=ratio, std_error=error, conf_low=low, conf_high=high, note=note)
    elif row["statistic"] == "winsorised_mean":
        mean, error, _ = mean_of(values.clip(*cut) if n else values)
        low, high = student(mean, error, dof)
        check(row, estimate=mean, std_error=error, conf_low=low, conf_high=high, note=note)
    else:
        logs = np.log(values) if (values > 0).all() else values[:0]
        mean, error, _ = mean_of(logs)
        low, high = student(mean, error, dof)
        note = Reason.NOT_ALL_POSITIVE.note if n and not len(logs) else note
        check(row, estimate=mean, std_error=error, conf_low=low, conf_high=high, note=note, unit="log points")
    check(row, n_units=n)


def near_zero(values):
    """Whether a mean is below its error or, of values with both signs, not above its interval."""
    mean, error, dof = mean_of(values)
    reach = max(1.0, scipy_stats.t.ppf(0.5 + LEVEL / 2, dof)) if len(values) > 1 and values.min() < 0 else 1.0
    return abs(mean) < (1 - 1e-12) * reach * error


def difference_of(ours, theirs):
    """Return difference, error and Welch's degrees of freedom."""
    (a, error_a, dof_a), (b, error_b, dof_b) = mean_of(ours), mean_of(theirs)
    error = np.hypot(error_a, error_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        dof = np.float64(error**4) / (error_a**4 / dof_a + error_b**4 / dof_b) if min(dof_a, dof_b) > 0 else gap
    return a - b, error, dof


def check_difference(row, ours, theirs):
    fewest = min(len(ours), len(theirs))
    estimate, error, dof = difference_of(ours, theirs)
    low, high = student(estimate, error, dof)
    p_value = 2 * scipy_stats.t.sf(abs(estimate) / error, dof) if error > 0 and fewest >= FEWEST else gap
    medians = np.median(ours) - np.median(theirs) if fewest else 0.0
    note = Reason.SIGNS_DISAGREE.note if medians * estimate < 0 else ""
    note = Reason.TOO_FEW_TO_TEST.note if fewest < FEWEST else note
    note = Reason.ONE_UNIT.note if np.isnan(error) else note
    note = Reason.NO_VARIANCE.note if error == 0 else note
    note = NO_CONTRAST if not fewest else note
    check(row, estimate=estimate, std_error=error, conf_low=low, conf_high=high, p_value=p_value, n_units=fewest,
          error_dof=dof, note=note)  # fmt: skip


def check_ratio(row, ours, theirs):
    fewest = min(len(ours), len(theirs))
    (a, error_a, _), (b, error_b, _) = mean_of(ours), mean_of(theirs)
    _, no_error, dof = difference_of(ours, theirs)
    note = Reason.ONE_UNIT.note if fewest == 1 else Reason.NO_VARIANCE.note if no_error == 0 else ""
    note = note if fewest and b != 0 else NO_CONTRAST
    note = Reason.BASE_NEGATIVE.note if fewest and b < 0 else note
    note = Reason.BASE_NEAR_ZERO.note if fewest and b != 0 and near_zero(theirs) else note
    ratio = error = gap
    if fewest and b > 0 and not near_zero(theirs):
        ratio, error = a / b, np.hypot(error_a, a / b * error_b) / b
    low, high = student(ratio, error, dof)
    check(row, estimate=ratio, std_error=error, conf_low=low, conf_high=high, p_value=gap, n_units=fewest, note=note,
          unit="ratio")  # fmt: skip


def test_levels_and_contrasts(panel, units):
    shown = ("mean", "median", "ratio_of_sums", "winsorised_mean", "mean_log")
    table = compare_groups(panel, indicator="x", by="sector", level=LEVEL, statistics=shown).to_frame()
    ratios = compare_groups(panel, indicator="revenue_per_employee", by="sector", level=LEVEL).to_frame()
    table = pd.concat([table, ratios[ratios["statistic"] == "ratio_of_sums"]])
    assert (
        len(table) == 2 * len(CASES) * (2 * (len(shown) - 1) + 2) + 2 * 2 * len(CASES) - 2
    )  # two groups have no ratio
    assert set(table["se_convention"]) == {"independent units, Welch"}
    for row in table.to_dict("records"):
        (ours, _), (theirs, _) = (units(row["sector"], row["year"], side) for side in (1, 0))
        both = np.concatenate([ours, theirs])
        if row["group"] == "difference":
            check_difference(row, ours, theirs)
        elif row["group"] == "ratio":
            check_ratio(row, ours, theirs)
        else:
            values, persons = units(row["sector"], row["year"], row["group"] == "participant")
            if len(values) or row["statistic"] != "ratio_of_sums":
                check_level(row, values, persons, np.quantile(both, [0.01, 0.99]))


def index_of(case, units, joined, year):
    """Return an index with its error, number of units and reason."""
    (base, _), (now, _) = units(case, 2014, joined), units(case, year, joined)
    fewest = min(len(base), len(now))
    mean, b = (part.mean() if len(part) else gap for part in (now, base))
    error = gap
    note = "" if fewest > 1 else Reason.ONE_UNIT.note
    if len(base) and (b <= 0 or near_zero(base)):
        note = NO_BASE if b == 0 else Reason.BASE_NEAR_ZERO.note if near_zero(base) else Reason.BASE_NEGATIVE.note
        mean = gap
    elif year == 2014:
        error, note = 0.0, "" if len(base) else note
    elif fewest > 1:
        error = 100 * np.sqrt(variance_of_index(case, joined)) / b
    note = NO_BASE if not len(base) else note
    note = NO_VALUE if not len(now) else note
    estimate = 100 * mean / b if len(base) else gap
    return estimate, error if np.isfinite(estimate) else gap, fewest, note


def variance_of_index(case, joined):
    """Compute the variance of a mean less ``r`` times that of the base year, of all units of both years."""
    base, now = (np.array(CASES[case][place]) for place in ((0, 2) if joined else (1, 3)))
    means = [np.nanmean(part) for part in (base, now)]
    counts = [np.isfinite(part).sum() for part in (base, now)]
    scores = [
        np.nan_to_num(part - mean) / np.sqrt(n * (n - 1))
        for part, mean, n in zip((base, now), means, counts, strict=True)
    ]
    return ((scores[1] - means[1] / means[0] * scores[0]) ** 2).sum()


def test_indexes_and_their_difference(panel, units):
    table = index_series(panel, indicator="x", by="sector", base_year=2014, level=LEVEL).to_frame()
    assert len(table) == 2 * 3 * len(CASES)
    for row in table.to_dict("records"):
        case, year = row["sector"], row["year"]
        ours, theirs = (index_of(case, units, side, year) for side in (1, 0))
        if row["group"] != "difference":
            estimate, error, fewest, note = ours if row["group"] == "participant" else theirs
        else:
            estimate, error, fewest = ours[0] - theirs[0], np.hypot(ours[1], theirs[1]), min(ours[2], theirs[2])
            base = [part for part, _ in (units(case, 2014, 1), units(case, 2014, 0))]
            note = ""
            if error > 0:
                pooled = np.sqrt((base[0].var(ddof=1) + base[1].var(ddof=1)) / 2)
                apart = abs(base[0].mean() - base[1].mean()) / pooled > 0.25
                note = Reason.UNLIKE_BEFORE.note if apart else ""
            note = ours[3] or theirs[3] if np.isnan(error) else note
            note = NO_INDEX if np.isnan(estimate) else note
        low, high = student(estimate, error, row["error_dof"])  # its degrees of freedom: see errors of comparisons
        check(row, estimate=estimate, std_error=error, conf_low=low, conf_high=high, n_units=fewest, note=note,
              unit="2014 = 100")  # fmt: skip


@pytest.mark.parametrize("denominator", ["pooled", "treated", "control", "all"])
def test_balance(panel, units, denominator):
    shown = ["mean", "standardised_mean_difference", "equivalence", "variance_ratio", "ecdf_mean", "ecdf_max"]
    table = check_selection(panel, year=2014, indicator="x", by="sector", bound=BOUND, statistics=shown,
                            denominator=denominator).to_frame()  # fmt: skip
    table = table[table["sector"] != "all"]
    assert len(table) == len(CASES) * (2 + len(shown) - 1)
    for row in table.to_dict("records"):
        (ours, _), (theirs, _) = (units(row["sector"], 2014, side) for side in (1, 0))
        if row["statistic"] == "mean":
            values = ours if row["group"] == "participant" else theirs
            check(row, estimate=mean_of(values)[0], n_units=len(values), note="" if len(values) else TOO_FEW)
            continue
        sds = [values.std(ddof=1) if len(values) > 1 else gap for values in (ours, theirs)]
        together = np.concatenate([ours, theirs]).std(ddof=1) if len(ours) > 1 and len(theirs) > 1 else gap
        deviation = {"pooled": np.sqrt((sds[0] ** 2 + sds[1] ** 2) / 2), "treated": sds[0], "control": sds[1],
                     "all": together}[denominator]  # fmt: skip
        estimate, error, dof = difference_of(ours, theirs)
        constant, p_value, note = deviation == 0, gap, ""
        with np.errstate(invalid="ignore", divide="ignore"):
            smd = np.float64(estimate) / deviation if not constant else 0.0 if estimate == 0 else gap
        if row["statistic"] == "standardised_mean_difference":
            expected, note = smd, Reason.UNLIKE_BEFORE.note if abs(smd) > 0.25 else ""
        elif row["statistic"] == "equivalence":
            expected = abs(smd)
            if error > 0:
                tests = [scipy_stats.t.cdf((side * estimate - BOUND * deviation) / error, dof) for side in (1, -1)]
                p_value = max(tests)
            note = Reason.NO_VARIANCE.note if constant and np.isfinite(smd) else ""
        elif row["statistic"] == "variance_ratio":
            constant = sds[1] == 0
            expected = sds[0] ** 2 / sds[1] ** 2 if not constant else gap
        else:
            grid = np.unique(np.concatenate([ours, theirs]))
            apart = np.abs([(ours <= at).mean() - (theirs <= at).mean() for at in grid]) if len(ours) else [gap]
            constant = False
            expected = max(apart) if len(apart) <= 2 or row["statistic"] == "ecdf_max" else np.mean(apart)
        if np.isnan(expected):
            note = Reason.NO_STANDARD_DEVIATION.note if constant else TOO_FEW
        check(row, estimate=expected, p_value=p_value, n_units=min(len(ours), len(theirs)), note=note)
