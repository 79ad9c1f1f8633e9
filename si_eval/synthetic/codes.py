"""The codes of the register: activity (SBI 2008 sections and divisions) and size (GK_SBS)."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np

_FACTS = tomllib.loads((files("si_eval.synthetic") / "register_codes.toml").read_text(encoding="utf-8"))
_SIZES = _FACTS["size_codes"].values()

DIVISIONS: dict[str, list[int]] = _FACTS["divisions"]
SECTIONS = tuple(DIVISIONS)
INDUSTRY = SECTIONS.index("C")

CLASS_LOWER = np.array([0, 2, 10, 50, 250])
SIZE_CODES: tuple[str, ...] = tuple(_FACTS["size_codes"])
CODE_LOWER = np.array([code["from"] for code in _SIZES])
CODE_CLASS = np.array([code["class"] for code in _SIZES], dtype=np.int8)
CODE_DIGIT = np.array([code["digit"] for code in _SIZES], dtype=np.int8)
CODE_MISSING, CODE_UNKNOWN = -1, -2


def size_code(persons: np.ndarray) -> np.ndarray:
    """Return the size code, as an index into ``SIZE_CODES``, of persons employed, shape (N,)."""
    return (np.searchsorted(CODE_LOWER, persons, side="right") - 1).astype(np.int8)


def size_class(persons: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the size class, 0 to 4: by size code where it is known, else by persons employed."""
    return CODE_CLASS[np.where(code >= 0, code, size_code(persons))]
