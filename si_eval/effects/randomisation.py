"""Randomisation inference: a test by drawing again who took part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import comb, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from si_eval.arguments import Arguments, describe_value
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray
from si_eval.system.blas import on_one_thread

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


@on_one_thread
def randomisation_test(
    statistic: Statistic,
    treated: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    draws: int = 999,
    seed: int = 0,
) -> RandomisationTest:
    """Test that participation changed no unit's outcome, by assigning it again within strata.

    Use it for small groups, where normal approximations are doubtful. It assumes that, within a stratum, any unit could
    have been the one that takes part.

    Parameters
    ----------
    statistic : callable
        Takes who participates, boolean (n,), and returns a number that is near zero without an effect: a difference;
        better one divided by its standard error.
    treated : array_like
        Who takes part, boolean, shape (n,).
    strata : array_like, optional
        Codes of the strata within which units can be exchanged, shape (n,). One stratum by default. Each stratum keeps
        its number of participants.
    draws : int, default 999
        Number of assignments to draw. All assignments are tried where they are at most ``draws`` + 1.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    RandomisationTest
        ``statistic``, ``p_value``, ``drawn`` (the statistics of the other assignments; with ``exact`` of all of them).

    Raises
    ------
    StudyError
        For other shapes, when no other assignment exists, and for a statistic that is not finite.

    Notes
    -----
    With B assignments that are drawn, and b of them at least as far from zero as the observed one:

    .. math:: p = (1 + b) / (1 + B)

    References
    ----------
    Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, article 39. Imbens & Rubin
    (2015), Causal Inference, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from si_eval.effects import randomisation_test
    >>> outcome = np.array([5.0, 6.0, 7.0, 1.0, 2.0, 3.0])
    >>> test = randomisation_test(lambda t: outcome[t].mean() - outcome[~t].mean(), outcome > 4)
    >>> test.p_value, test.exact
    (0.1, True)
    """
    arguments = Arguments("randomisation_test")
    if not callable(statistic):
        expected = "a function that takes who participates"
        arguments.add("statistic", describe_value(statistic), expected, "write one, for example with lambda")
    draws = arguments.whole("draws", draws, least=1, action="give the number of assignments to draw")
    seed = arguments.whole("seed", seed, least=0, action="give a whole number")
    arguments.refuse_problems()
    actual = _check_treated(treated)
    groups = _exchangeable(actual, strata)
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
    """Return who takes part as an array, or raise `StudyError`."""
    values = np.asarray(treated)
    if values.ndim != 1 or values.dtype != np.bool_:
        raise StudyError(
            f"treated: found {values.dtype} of shape {values.shape}; expected true and false in a row; compare first"
        )
    return values


def _exchangeable(treated: BoolArray, strata: ArrayLike | None) -> list[tuple[NDArray[np.int64], int]]:
    """List, for each stratum with participants and others, its places and the number of participants."""
    codes = np.zeros(treated.size, dtype=np.int64) if strata is None else np.asarray(strata)
    if codes.shape != treated.shape:
        raise StudyError(f"strata: found shape {codes.shape}; expected {treated.shape}; give one code for each unit")
    if codes.dtype.kind == "O":
        codes = codes.astype(str)
    if codes.dtype.kind in "fc" and not np.isfinite(codes).all():
        missing = int((~np.isfinite(codes)).sum())
        raise StudyError(f"strata: found {missing} missing codes; expected one for each unit; give these units a code")
    _, codes = np.unique(codes, return_inverse=True)
    count, size = np.bincount(codes, weights=treated).astype(np.int64), np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(size)
    mixed = np.flatnonzero((count > 0) & (count < size))
    return [(order[ends[code] - size[code] : ends[code]], int(count[code])) for code in mixed]


def _all_assignments(treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]]) -> Iterator[BoolArray]:
    """Yield all assignments with as many participants in each stratum."""
    choices = [combinations(units.tolist(), count) for units, count in groups]
    fixed = _fixed(treated, groups)
    for chosen in product(*choices):
        assignment = fixed.copy()
        assignment[[unit for stratum in chosen for unit in stratum]] = True
        yield assignment


def _drawn_assignments(
    treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]], draws: int, seed: int
) -> Iterator[BoolArray]:
    """Yield assignments that are drawn, with as many participants in each stratum."""
    random = np.random.default_rng(seed)
    fixed = _fixed(treated, groups)
    for _ in range(draws):
        assignment = fixed.copy()
        for units, count in groups:
            assignment[units[random.choice(units.size, count, replace=False, shuffle=False)]] = True
        yield assignment


def _fixed(treated: BoolArray, groups: list[tuple[NDArray[np.int64], int]]) -> BoolArray:
    """Mark the participants of strata in which no unit can be exchanged."""
    fixed = treated.copy()
    for units, _ in groups:
        fixed[units] = False
    return fixed


def _evaluate(statistic: Statistic, treated: BoolArray) -> float:
    """Compute the statistic of an assignment, or raise `StudyError` where it is not finite."""
    found = statistic(treated)
    value = float(found) if np.ndim(found) == 0 and np.asarray(found).dtype.kind in "biuf" else np.nan
    if not np.isfinite(value):
        raise StudyError(
            f"statistic: found {describe_value(found)}; expected a finite number for every assignment; use another one"
        )
    return value
