"""Checks of arrays that every comparison of treated and controls makes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from si_eval.arguments import describe_value
from si_eval.errors import StudyError
from si_eval.stats import BoolArray, FloatArray, IntArray

NOISE = 1e-12  # relative to the values: a spread that is smaller is rounding


def is_rounding(spread: float, scale: float) -> bool:
    """Whether a spread is no more than the rounding of values of this size."""
    return bool(spread <= NOISE * scale)


def read_floats(name: str, values: object, shape: str = "(n,)") -> FloatArray:
    """Return numbers as an array of shape (n,) or (n, k), as ``shape`` says; raise `StudyError` for anything else."""
    array = _as_array(values)
    if array.dtype.kind == "O" and not any(isinstance(value, str | bytes) for value in array.ravel()):
        with suppress(TypeError, ValueError):  # what cannot be a number is refused below
            array = array.astype(np.float64)
    if array.dtype.kind not in "biuf" or array.ndim != shape.count(",") + shape.count("k"):
        found = f"values of type {array.dtype} and shape {array.shape}"
        raise StudyError(f"{name}: found {found}; expected numbers of shape {shape}; give one row for each unit")
    return np.asarray(array, dtype=np.float64)


def read_numbers(name: str, values: object) -> FloatArray:
    """Return one number or several as an array of any shape; raise `StudyError` for what are no numbers."""
    array = _as_array(values)
    if array.dtype.kind not in "iuf":
        raise StudyError(f"{name}: found {describe_value(values)}; expected numbers; give a number or a list of them")
    return np.asarray(array, dtype=np.float64)


def read_treated(values: object) -> BoolArray:
    """Return who takes part as an array (n,); raise `StudyError` unless it is boolean with units of both groups."""
    array = _as_array(values)
    if array.ndim != 1:
        raise StudyError(f"treated: found shape {array.shape}; expected (n,); give a true or false for each unit")
    check_treated(array)
    return np.asarray(array, dtype=np.bool_)


def read_codes(name: str, values: object) -> IntArray:
    """Return codes (n,); raise `StudyError` unless they are whole numbers."""
    array = _as_array(values)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        found = f"values of type {array.dtype} and shape {array.shape}"
        raise StudyError(f"{name}: found {found}; expected whole numbers of shape (n,); code the cells")
    return np.asarray(array)


def _as_array(values: object) -> npt.NDArray[Any]:
    """Return values as an array; rows of different lengths become one of objects, which is refused later."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.asarray([values], dtype=object)


def check_treated(treated: npt.NDArray[np.bool_]) -> None:
    """Raise `StudyError` unless ``treated`` (n,) is boolean and has units of both groups."""
    boolean = treated.dtype == np.bool_
    if not boolean or not treated.any() or treated.all():
        found = f"{int(np.sum(treated))} treated of {len(treated)}" if boolean else f"values of type {treated.dtype}"
        raise StudyError(
            f"treated: found {found}; expected booleans, with units of both groups; check the choice of units"
        )


def check_finite(rows: int, **arrays: npt.NDArray[np.number | np.bool_] | None) -> None:
    """Raise `StudyError` for the first array without ``rows`` rows of known, finite values; None is left out."""
    for name, values in arrays.items():
        if values is None:
            continue
        if len(values) != rows:
            raise StudyError(f"{name}: found {len(values)} rows; expected {rows}; give one for each unit")
        missing = int((~np.isfinite(values)).sum())
        if missing:
            raise StudyError(
                f"{name}: found {missing} missing or infinite values; expected none; leave these units out"
            )


def check_outcomes(
    outcome: FloatArray, cohort: IntArray, periods: Sequence[int], anticipation: int, cluster: IntArray | None
) -> None:
    """Raise `StudyError` for outcomes by unit and period, and cohorts, that cannot be used."""
    if outcome.ndim != 2 or outcome.shape != (len(cohort), len(periods)) or len(periods) < 2:
        raise StudyError(
            f"outcome: found shape {outcome.shape} with {len(cohort)} cohorts and {len(periods)} periods; expected "
            "(units, periods) with a cohort a unit and at least two periods; give a line a unit and a column a period"
        )
    if np.isinf(outcome).any():
        raise StudyError(
            f"outcome: found {int(np.isinf(outcome).sum())} infinite values; expected numbers, NaN where not observed; "
            "leave values without a logarithm out"
        )
    if any(later <= earlier for earlier, later in pairwise(periods)):
        raise StudyError(f"periods: found {list(periods)}; expected ascending periods; sort the columns")
    if not np.all(cohort >= 0):
        raise StudyError(
            "cohort: found negative or missing numbers; expected a period, or 0 for never; leave these units out"
        )
    if anticipation < 0:
        raise StudyError(f"anticipation: found {anticipation}; expected 0 or more periods; give how many periods ahead")
    if cluster is not None and len(cluster) != len(cohort):
        raise StudyError(
            f"cluster: found {len(cluster)} codes for {len(cohort)} units; expected one a unit; give one each"
        )
