"""Checks of arrays that every comparison of treated and controls makes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from si_eval.errors import StudyError


def check_treated(treated: npt.NDArray[np.bool_]) -> None:
    """Raise `StudyError` unless ``treated`` (n,) is boolean and has units of both groups."""
    if treated.dtype != np.bool_ or not treated.any() or treated.all():
        raise StudyError(
            f"treated: found {int(np.sum(treated))} treated of {len(treated)} ({treated.dtype}); expected booleans, "
            "with units of both groups; check the choice of units"
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
