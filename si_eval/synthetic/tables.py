"""A table of an extract, and the types of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from si_eval.synthetic.randomness import random_generator


@dataclass(frozen=True)
class Table:
    """A table to be written: its file name without suffix, and its columns."""

    name: str
    columns: pa.Table


def shuffled_table(name: str, columns: Mapping[str, pa.Array | np.ndarray], seed: int) -> Table:
    """Build a table with its rows in a seeded random order."""
    arrays = {key: value if isinstance(value, pa.Array) else pa.array(value) for key, value in columns.items()}
    content = pa.table(arrays)
    order = random_generator(seed, f"rows {name}").permutation(content.num_rows)
    return Table(name, content.take(pa.array(order)))


def categorical_column(index: np.ndarray, vocabulary: Sequence[str]) -> pa.Array:
    """Build a categorical column of positions in a vocabulary, shape (N,); negative is missing."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32), mask=index < 0), pa.array(list(vocabulary)))


def nullable_column(values: np.ndarray, missing: np.ndarray) -> pa.Array:
    """Build a column of numbers, shape (N,), with missing values."""
    return pa.array(values, mask=missing)


def date_column(days: np.ndarray) -> pa.Array:
    """Build a column of dates, shape (N,); NaT is missing."""
    return pa.array(days.astype("datetime64[D]"))


def integer_date_column(days: np.ndarray) -> pa.Array:
    """Build a column of dates as numbers yyyymmdd, as in SPSS files of the office; NaT is missing."""
    missing = np.isnat(days)
    filled = np.where(missing, np.datetime64("1970-01-01"), days).astype("datetime64[D]")
    year = filled.astype("datetime64[Y]").astype(np.int64) + 1970
    month = filled.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (filled - filled.astype("datetime64[M]")).astype(np.int64) + 1
    return pa.array(10_000 * year + 100 * month + day, mask=missing)


def text_column(values: np.ndarray) -> pa.Array:
    """Build a column of whole numbers as text."""
    return pa.array(values).cast(pa.string())


def hexadecimal_column(raw: np.ndarray) -> pa.Array:
    """Build a column of 32-character hexadecimal text from bytes, shape (N, 16)."""
    letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.empty((len(raw), 32), dtype=np.uint8)
    text[:, 0::2] = letters[raw >> 4]
    text[:, 1::2] = letters[raw & 15]
    offsets = pa.py_buffer(np.arange(0, 32 * len(raw) + 1, 32, dtype=np.int32).tobytes())
    return pa.StringArray.from_buffers(len(raw), offsets, pa.py_buffer(text.tobytes()))
