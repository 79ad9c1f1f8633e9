"""A test by drawing again who took part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import comb, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray

Statistic = Callable[[BoolArray], float]
TIE_TOL = (
    1e-9  # relative distance within which two statistics are equal: sums in another order differ in the last digits
)


class RandomisationTest(NamedTuple):
    """A statistic among those of other assignments.

    ``drawn`` has shape (n,): the statistics of the other assignments, of all possible ones with ``exact`` (the observed
    one included). ``p_value`` is two-sided: the share of assignments whose statistic is at least as far from zero.
    """

    statistic: float
    p_value: float
    drawn: FloatArray
    exact: bool


def randomisation_test(
    statistic: Statistic,
    treated: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    draws: int = 999,
    seed: int = 0,
) -> RandomisationTest:
    """Test that participation changed no unit's outcome, by assigning it again within strata.

    ``statistic`` takes who participates, bool of shape (n,), and returns a number that is near zero under the null (a
    difference; better one divided by its standard error). ``treated`` (n,) is the actual participation, ``strata``
    (n,) a code of the groups within which it is exchangeable; each keeps its number of participants. All assignments
    are tried when they are at most ``draws`` + 1; else ``draws`` are drawn and the p-value is (1 + those at least as
    extreme) / (1 + draws). Raises `StudyError` for other shapes, when no other assignment exists, and for a statistic
    that is not finite.

    Source: Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, article 39; Imbens
    and Rubin (2015), Causal Inference, chapter 5.

    >>> outcome = np.array([5.0, 6.0, 7.0, 1.0, 2.0, 3.0])
    >>> test = randomisation_test(lambda t: outcome[t].mean() - outcome[~t].mean(), outcome > 4)
    >>> test.p_value, test.exact
    (0.1, True)
    """
    actual = _check_treated(treated)
    groups = _exchangeable(actual, strata)
    if draws < 1:
        raise StudyError(f"draws: found {draws}; expected at least 1; give the number of assignments to draw")
    possible = prod(comb(units.size, count) for units, count in groups)
    if possible < 2:
        raise StudyError(
            "strata: found no stratum with participants and others; expected at least one; merge strata so that units "
            "can be exchanged"
        )
    exact = possible <= draws + 1
    assignments = _all_assignments(actual, groups) if exact else _drawn_assignments(actual, groups, draws, seed)
    observed = _evaluate(statistic, actual.copy())
    drawn = np.array([_evaluate(statistic, assignment) for assignment in assignments])
    extreme = int((np.abs(drawn) >= abs(observed) * (1 - TIE_TOL)).sum())
    return RandomisationTest(observed, (extreme if exact else 1 + extreme) / (drawn.size + (not exact)), drawn, exact)


def _check_treated(treated: ArrayLike) -> BoolArray:
    values = np.asarray(treated)
    if values.ndim != 1 or values.dtype != np.bool_:
        raise StudyError(
            f"treated: found {values.dtype} of shape {values.shape}; expected true and false in a row; compare first"
        )
    return values


def _exchangeable(treated: BoolArray, strata: ArrayLike | None) -> list[tuple[NDArray[np.int64], int]]:
    """Give, for each stratum with participants and others, its places and the number of participants."""
    codes = np.zeros(treated.size, dtype=np.int64) if strata is None else np.asarray(strata)
    if codes.shape != treated.shape:
        raise StudyError(f"strata: found shape {codes.shape}; expected {treated.shape}; give one code for each unit")
    _, codes = np.unique(codes, return_inverse=True)
    count, size = np.bincount(codes, weights=treated).astype(np.int64), np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(size)
    mixed = np.flatnonzero((count > 0) & (count < size))
    return [(order[ends[code] - size[code] : ends[code]], int(count[code])) for code in mixed]


def _all_assignments(treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]]) -> Iterator[BoolArray]:
    choices = [combinations(units.tolist(), count) for units, count in groups]
    fixed = _fixed(treated, groups)
    for chosen in product(*choices):
        assignment = fixed.copy()
        assignment[[unit for stratum in chosen for unit in stratum]] = True
        yield assignment


def _drawn_assignments(
    treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]], draws: int, seed: int
) -> Iterator[BoolArray]:
    random = np.random.default_rng(seed)
    fixed = _fixed(treated, groups)
    for _ in range(draws):
        assignment = fixed.copy()
        for units, count in groups:
            assignment[units[random.choice(units.size, count, replace=False, shuffle=False)]] = True
        yield assignment


def _fixed(treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]]) -> BoolArray:
    """Keep the participants of strata in which nobody can be exchanged."""
    fixed = treated.copy()
    for units, _ in groups:
        fixed[units] = False
    return fixed


def _evaluate(statistic: Statistic, treated: BoolArray) -> float:
    value = float(statistic(treated))
    if not np.isfinite(value):
        raise StudyError(f"statistic: found {value}; expected a finite number for every assignment; use another one")
    return value
