"""Effects by a class of the base year, and whether they differ: a joint test, and p-values for several classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import special

from si_eval.effects.design_result import Estimate
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.effects.sides import placed_sides
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import ATT_BY_CLASS, ATT_HOLM, HETEROGENEITY, Reason

MIN_CLASSES = 2


def effects_by_class(
    arrays: PanelArrays, by: str, estimate: Callable[[PanelArrays], Estimate], min_units: int
) -> Iterator[Estimate]:
    """Yield the effect of each class, its p-value among all classes (Holm), and the test that all are the same.

    ``arrays`` have the class as a covariate; a unit is in that of the first year in which it has one. Classes with
    fewer than ``min_units`` participants have no estimate. Classes share no unit: their estimates are independent but
    for clusters across classes.
    """
    first, labels = class_of(arrays, by)
    remaining = {name: values for name, values in arrays.covariates.items() if name != by}
    found: list[Estimate] = []
    for code, name in enumerate(labels):
        chosen = first == code
        participants = int((chosen & (arrays.cohort != NEVER_TREATED)).sum())
        if not participants:
            continue
        if participants < min_units:
            yield Estimate(name, np.nan, statistic=ATT_BY_CLASS, n_treated=participants, reason=Reason.TOO_FEW_UNITS)
            continue
        own = estimate(arrays.with_covariates(remaining).only(chosen))
        sides = None if own.sides is None else placed_sides(own.sides, chosen)
        one = own._replace(category=name, statistic=ATT_BY_CLASS, sides=sides)
        yield one
        if np.isfinite(one.corrected_error):
            found.append(one)
    if len(found) < MIN_CLASSES:
        return
    plain = [one._replace(std_error=np.nan, corrected_error=np.nan, convention="") for one in found]
    for one, p_value in zip(plain, holm([_p_value(one) for one in found]), strict=True):
        yield one._replace(statistic=ATT_HOLM, p_value=p_value)
    statistic, p_value = welch_test(found)
    fewest = min(found, key=lambda one: one.n_treated)
    yield fewest._replace(
        category="overall", statistic=HETEROGENEITY, estimate=statistic, std_error=np.nan, corrected_error=np.nan,
        p_value=p_value, convention="",
    )  # fmt: skip


def class_of(arrays: PanelArrays, column: str) -> tuple[IntArray, tuple[str, ...]]:
    """Return the code of each unit in the first year in which it has one (units,), -1 for none, and the labels.

    A column of numbers that is a covariate too has a class for each number.
    """
    codes = arrays.covariates[column]
    labels = arrays.labels.get(column)
    if labels is None:
        numbers = np.unique(codes[np.isfinite(codes)])
        labels = tuple(f"{one:g}" for one in numbers)
        codes = np.where(np.isfinite(codes), np.searchsorted(numbers, codes), -1)
    there = codes >= 0
    first = np.where(there.any(axis=1), codes[np.arange(len(codes)), there.argmax(axis=1)], -1).astype(np.int64)
    return first, labels


def _p_value(one: Estimate) -> float:
    """Compute the two-sided p-value of zero."""
    return float(2 * special.stdtr(one.dof, -abs(one.estimate) / one.corrected_error))


def holm(p_values: Sequence[float]) -> FloatArray:
    """Compute p-values that hold for all of several tests. Source: Holm (1979), Scandinavian J. of Statistics 6."""
    order = np.argsort(p_values)
    raised = np.array(p_values)[order] * (len(p_values) - np.arange(len(p_values)))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted


def welch_test(found: Sequence[Estimate]) -> tuple[float, float]:
    """Test that independent estimates are equal, with their own variances and degrees of freedom.

    Source: Welch (1951), Biometrika 38, p. 330-336.
    """
    values = np.array([one.estimate for one in found])
    weights = 1 / np.array([one.corrected_error for one in found]) ** 2
    dof = np.array([one.dof for one in found])
    count = len(values)
    mean = np.average(values, weights=weights)
    spread = float(weights @ (values - mean) ** 2) / (count - 1)
    slack = float(np.sum((1 - weights / weights.sum()) ** 2 / dof))
    statistic = spread / (1 + 2 * (count - 2) * slack / (count**2 - 1))
    return statistic, float(special.fdtrc(count - 1, (count**2 - 1) / (3 * slack), statistic))
