"""Columns of codes of business units, written alike in every layout."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from si_eval.synthetic import codes
from si_eval.synthetic.register import Register
from si_eval.synthetic.tables import categorical_column
from si_eval.synthetic.units import SBI_MISSING

SIZE_CODE_LABELS = (*codes.SIZE_CODES, "--")


def sbi_column(register: Register, index: np.ndarray) -> pa.Array:
    """Build the column of five-digit activity codes, with leading zeros."""
    activities, place = np.unique(register.units.sbi[index], return_inverse=True)
    if len(activities) and activities[0] == SBI_MISSING:
        place, activities = place - 1, activities[1:]
    return categorical_column(place, [f"{activity:05d}" for activity in activities])


def size_code_column(code: np.ndarray) -> pa.Array:
    """Build the column of size codes; unknown is written as two dashes, missing stays missing."""
    return categorical_column(
        np.where(code == codes.CODE_UNKNOWN, len(codes.SIZE_CODES), code.astype(np.int64)), SIZE_CODE_LABELS
    )


def municipality_column(register: Register, index: np.ndarray) -> pa.Array:
    """Build the column of municipality codes."""
    places, place = np.unique(register.municipality[index], return_inverse=True)
    return categorical_column(place, [f"GM{number:04d}" for number in places])
