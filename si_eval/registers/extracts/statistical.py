"""Turns SPSS and Stata files into parquet, in bounded pieces. Codes stay, labels go; user-missing is missing.

pyreadstat reads the dictionary of every file, and the rows of those that `system_file` does not decode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat

from si_eval.errors import Problem
from si_eval.registers.extracts.system_file import NOT_A_VALUE, Layout, UnknownLayoutError, read_cases, read_layout

ROWS_A_PIECE = 250_000
_DATE = re.compile(r"([AEJS]?DATE|MOYR|QYR|WKYR)[\d.]*|%-?(t[dmqhwy]|d).*", re.IGNORECASE)
_MOMENT = re.compile(r"(DATETIME|YMDHMS)[\d.]*|%-?tc.*", re.IGNORECASE)
_STATA_PERIOD = re.compile(r"%-?t([mqhwy]).*", re.IGNORECASE)
_PERIODS_A_YEAR = {"m": 12, "q": 4, "h": 2, "w": 52, "y": 1}  # of Stata's months, quarters, half-years, weeks, years
_STATA_YEAR = 1960  # where its periods are counted from; years are years
_DAYS_A_WEEK = 7
_EXTENDS_ASCII = re.compile(r"UTF-?8|(WINDOWS-|CP)125\d|ISO-8859-\d+|US-ASCII", re.IGNORECASE)
# in milliseconds from 1970: where the clocks of the two programs start, and the calendar that dates must fall in
_SPSS_START, _STATA_START, _FIRST, _END = (
    np.array(["1582-10-14", "1960-01-01", "0001-01-01", "10000-01-01"], "datetime64[ms]").astype(np.int64).tolist()
)
_MS_A_SECOND, _MS_A_DAY = 1000, 86_400_000
_LARGEST_PERIOD, _LAST_YEAR, _BEYOND = 1e6, 9999, 1e8  # the last is a day in no calendar
_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)
_LOW_BITS = np.uint64(0x0101_0101_0101_0101)

_BROKEN = (ValueError, OverflowError, MemoryError, OSError, pa.ArrowException)  # what a damaged file leads to


class _OutsideCalendarError(ValueError):
    """A column has dates that no calendar has."""

    def __init__(self, column: str, count: int) -> None:
        super().__init__(column)
        self.column, self.count = column, count


def statistical_to_parquet(source: Path, target: Path, name: str) -> list[Problem]:
    """Convert a .sav, .zsav or .dta file; give the problems that keep it from being read as a whole."""
    stata = source.suffix.lower() == ".dta"
    read = pyreadstat.read_dta if stata else pyreadstat.read_sav
    try:
        _, metadata = read(source, metadataonly=True, user_missing=True)
        if not stata and decode(source, target, metadata):
            return []
        rows = _write(target, _schema(metadata), _read(source, read, metadata, stata))
    except _OutsideCalendarError as error:
        return [_outside_calendar(name, error)]
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, *_BROKEN) as error:
        return [_unreadable(name, str(error))]
    expected = metadata.number_rows
    if expected is not None and expected >= 0 and rows != expected:
        return [_unreadable(name, f"{rows} rows where its header promises {expected}")]
    return []


def decode(source: Path, target: Path, metadata: Any) -> bool:
    """Convert an SPSS file with arrays; say whether its layout and its texts allow it. ``metadata`` is pyreadstat's."""
    try:
        layout = read_layout(source)
        texts = [metadata.readstat_variable_types[column] == "string" for column in metadata.column_names]
        if texts != [width > 0 for width in layout.widths] or layout.rows != metadata.number_rows:
            return False
        if any(texts) and not _EXTENDS_ASCII.fullmatch(metadata.file_encoding or ""):
            return False
        _write(target, _schema(metadata), _decoded(source, layout, metadata))
    except UnknownLayoutError:
        return False
    return True


def _write(target: Path, schema: pa.Schema, pieces: Iterable[list[pa.Array]]) -> int:
    """Write the columns of each piece; give the number of rows."""
    rows = 0
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    quick = {"use_dictionary": texts, "write_statistics": False, "compression": "none"}  # the file lives for a moment
    with pq.ParquetWriter(target, schema, **quick) as writer:
        for columns in pieces:
            piece = pa.Table.from_arrays(columns, schema=schema)
            rows += len(piece)
            writer.write_table(piece)
    return rows


def _schema(metadata: Any) -> pa.Schema:
    fields = []
    for name in metadata.column_names:
        layout = metadata.original_variable_types[name]
        if metadata.readstat_variable_types[name] == "string":
            kind = pa.string()
        elif _DATE.fullmatch(layout):
            kind = pa.date32()
        elif _MOMENT.fullmatch(layout):
            kind = pa.timestamp("ms")
        else:  # what four bytes cannot hold exactly is for the reader of the column to refuse
            kind = pa.float32() if metadata.readstat_variable_types[name] == "float" else pa.float64()
        period = _STATA_PERIOD.fullmatch(layout)
        fields.append(pa.field(name, kind, metadata={"period": period[1].lower()} if period else None))
    return pa.schema(fields)


def _read(source: Path, read: Any, metadata: Any, stata: bool) -> Iterator[list[pa.Array]]:
    """Read the rows by pyreadstat, in pieces."""
    schema = _schema(metadata)
    chunks = pyreadstat.read_file_in_chunks(read, source, chunksize=ROWS_A_PIECE, disable_datetime_conversion=True)
    for piece, _ in chunks:
        yield [_of_frame(piece[field.name], field, stata) for field in schema]


def _of_frame(values: pd.Series, field: pa.Field, stata: bool) -> pa.Array:
    if pa.types.is_string(field.type):
        return pa.Array.from_pandas(values, type=field.type)
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    if field.metadata:
        numbers = _first_days(numbers, field.metadata[b"period"].decode())
    return _numbers(numbers, np.isnan(numbers), field, stata=stata)


def _first_days(periods: np.ndarray, period: str) -> np.ndarray:
    """Return the first day of each of Stata's periods, in days from 1960; out of all calendars stays out of them."""
    a_year = _PERIODS_A_YEAR[period]
    whole = np.where(np.abs(periods) < _LARGEST_PERIOD, periods, np.nan)
    years = np.floor(whole / a_year) + (0 if period == "y" else _STATA_YEAR)
    known = np.isfinite(years) & (years >= 1) & (years <= _LAST_YEAR)
    years = np.where(known, years, _STATA_YEAR)
    within = np.where(known, np.round(whole - np.floor(whole / a_year) * a_year), 0).astype(np.int64)
    first = (years - 1970).astype(np.int64).astype("datetime64[Y]")
    if period == "w":
        days = first.astype("datetime64[D]").astype(np.int64) + within * _DAYS_A_WEEK
    else:
        months = first.astype("datetime64[M]") + within * (12 // a_year)
        days = months.astype("datetime64[D]").astype(np.int64)
    start = _STATA_START // _MS_A_DAY
    return np.where(known, days - start, np.where(np.isnan(periods), np.nan, _BEYOND))


def _decoded(source: Path, layout: Layout, metadata: Any) -> Iterator[list[pa.Array]]:
    """Decode the rows with arrays, in pieces."""
    schema, slots = _schema(metadata), layout.slots()
    missing = [metadata.missing_ranges.get(name, []) for name in metadata.column_names]
    utf8 = (metadata.file_encoding or "").upper().startswith("UTF")
    for cases in _ahead(read_cases(source, layout)):
        columns = []
        for field, place, width, ranges in zip(schema, slots, layout.widths, missing, strict=True):
            words = cases[:, place]
            if width:
                columns.append(_texts(np.ascontiguousarray(words), width, ranges, utf8=utf8))
            else:
                numbers = np.ascontiguousarray(words[:, 0]).view(np.float64)
                columns.append(_numbers(numbers, _missing(numbers, ranges), field, stata=False))
        yield columns


def _ahead(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Make the next piece while the present one is used."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


def _missing(numbers: np.ndarray, ranges: Sequence[dict[str, float]]) -> np.ndarray:
    missing = ~(np.abs(numbers) < min(map(abs, NOT_A_VALUE)))  # nearly all that are so large; NaN too
    large = np.flatnonzero(missing)
    missing[large] = np.isnan(numbers[large]) | np.isin(numbers[large], NOT_A_VALUE)
    for one in ranges:
        missing |= (numbers >= one["lo"]) & (numbers <= one["hi"])
    return missing


def _texts(words: np.ndarray, width: int, ranges: Sequence[dict[str, str]], *, utf8: bool) -> pa.Array:
    """Return texts without the blanks behind them. ``words`` has shape (cases, slots of the variable)."""
    if ((words - _LOW_BITS) & ~words & _HIGH_BITS).any():
        raise UnknownLayoutError("a zero byte in a text")
    if not utf8 and (words & _HIGH_BITS).any():
        raise UnknownLayoutError("a text that is not plain ASCII")
    stored = words.view(np.uint8)
    if (stored[:, width:] != ord(" ")).any() or any(one["lo"] != one["hi"] for one in ranges):
        raise UnknownLayoutError("a text beyond its width, or a range of texts")
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(stored.shape[1]), len(words), [None, pa.py_buffer(np.ascontiguousarray(stored))]
    )
    try:
        texts = pc.ascii_rtrim(fixed.cast(pa.binary()).cast(pa.string()), " ")
    except pa.ArrowInvalid as error:
        raise UnknownLayoutError("a text that is not UTF-8") from error
    if not ranges:
        return texts
    missing = pc.is_in(texts, pa.array([one["lo"] for one in ranges], pa.string()))
    return pc.if_else(missing, pa.scalar(None, pa.string()), texts)


def _numbers(numbers: np.ndarray, missing: np.ndarray, field: pa.Field, *, stata: bool) -> pa.Array:
    """Return numbers as they are, or as the dates or moments that their format says they are."""
    if pa.types.is_floating(field.type):
        return pa.array(numbers, mask=missing).cast(field.type, safe=False)
    start = _STATA_START if stata else _SPSS_START
    unit = _MS_A_SECOND if not stata else _MS_A_DAY if pa.types.is_date(field.type) else 1
    moments = np.round(np.where(missing, 0, numbers) * unit) + start
    outside = int(((moments < _FIRST) | (moments >= _END)).sum())
    if outside:
        raise _OutsideCalendarError(field.name, outside)
    whole = moments.astype(np.int64)
    if pa.types.is_date(field.type):
        return pa.array((whole // _MS_A_DAY).astype(np.int32), mask=missing).cast(field.type)
    return pa.array(whole, mask=missing).cast(field.type)


def _outside_calendar(name: str, error: _OutsideCalendarError) -> Problem:
    return Problem(
        where=name,
        found=f"{error.count} dates outside the years 1 to 9999",
        expected="a date that is in the calendar, or nothing",
        action="correct them, or leave them empty",
        column=error.column,
    )


def _unreadable(name: str, message: str) -> Problem:
    reason = message.splitlines()[0][:160] if message else "no reason given"
    return Problem(
        where=name,
        found=f"a file that cannot be read to its end ({reason})",
        expected="a complete SPSS or Stata file",
        action="deliver the file again: it may have been cut off",
    )
