"""Spells the codes of units the way every layout does."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from si_eval.synthetic import codes
from si_eval.synthetic.register import Register
from si_eval.synthetic.tables import words
from si_eval.synthetic.units import SBI_MISSING

SIZE_CODE_WORDS = (*codes.SIZE_CODES, "--")


def sbi_words(register: Register, index: np.ndarray) -> pa.Array:
    """Spell the five-digit activity codes of some units, leading zero kept."""
    activities, place = np.unique(register.units.sbi[index], return_inverse=True)
    if len(activities) and activities[0] == SBI_MISSING:
        place, activities = place - 1, activities[1:]
    return words(place, [f"{activity:05d}" for activity in activities])


def size_code_words(code: np.ndarray) -> pa.Array:
    """Spell size codes; unknown is written as two dashes, missing stays missing."""
    return words(np.where(code == codes.CODE_UNKNOWN, len(codes.SIZE_CODES), code.astype(np.int64)), SIZE_CODE_WORDS)


def municipality_words(register: Register, index: np.ndarray) -> pa.Array:
    """Spell the municipality codes of some units."""
    places, place = np.unique(register.municipality[index], return_inverse=True)
    return words(place, [f"GM{number:04d}" for number in places])
