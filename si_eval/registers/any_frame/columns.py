"""Columns of any type as numbers, years, codes and texts, with what is wrong in them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from si_eval.errors import Problem
from si_eval.registers.any_frame.calendar_texts import begin_of_spans
from si_eval.registers.any_frame.names import frame_problem, row_examples
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.text_input import is_missing_word, parse_numbers

MAX_YEAR = 9999  # a larger number is a date or a year with its month
MAX_DISTANCE = 150  # years from the middle year of a frame; a year farther off is a mistake
WHOLE_NUMBER = re.compile(r"^\s*[-+]?[0-9]+(\.0*)?\s*$")
PLAIN_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # in the one way of writing that numbers have here, within 64 bits
EXACT_BITS = {"float16": 11, "float32": 24}  # whole numbers above two to this power are not exact
EXACT = 2**53  # that of float64
NULLABLE: dict[str, ExtensionDtype] = {  # by the kind of an Arrow type
    "b": pd.BooleanDtype(), "i": pd.Int64Dtype(), "u": pd.UInt64Dtype(), "f": pd.Float64Dtype(),
}  # fmt: skip
SINGLE = ("halffloat[pyarrow]", "float[pyarrow]")  # these round more than a float64
NO_CODE = -1
DATES = (dt.date, pd.Period)
NUMBERS = (int, float, np.integer, np.floating, Decimal)


class Numbers(NamedTuple):
    """A column as numbers, NaN where it is missing."""

    values: FloatArray
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()


class Codes(NamedTuple):
    """A column as whole numbers, one for each different value; ``known`` marks the rows that have one.

    ``ids`` has a whole number for each code that is the same in other columns with this value; None where values are
    that themselves.
    """

    values: IntArray
    known: BoolArray
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    ids: IntArray | None = None


def read_numbers(column: pd.Series, name: object) -> Numbers:
    """Read numbers, booleans or texts of numbers; infinities, dates and all else are problems."""
    column = _plain(column)
    if _is_time(column) or pd.api.types.is_complex_dtype(column.dtype):
        found = f"values of type {column.dtype}"
        return Numbers(_nothing(column), [frame_problem(name, found, "numbers", "make numbers of them")])
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype="float64", na_value=np.nan).copy()
        return Numbers(values, _infinite(values, name))
    listed = column.astype(object)
    known = listed.dropna()
    if known.map(lambda value: isinstance(value, bool | np.bool_)).all():
        return Numbers(np.array([np.nan if pd.isna(value) else float(value) for value in listed], dtype=np.float64))
    try:
        parsed = parse_numbers(listed)
    except TypeError:  # values that cannot be compared, such as lists
        found = f"values of type {type(known.iloc[0]).__name__}"
        return Numbers(_nothing(column), [frame_problem(name, found, "numbers", "make numbers of them")])
    problems = []
    for problem in parsed.problems:
        found = problem.found.replace("values that are not a number", "values that are no numbers")
        shown = row_examples(problem.rows, listed)
        problems.append(frame_problem(name, found, problem.expected, problem.action, shown))
    return Numbers(parsed.values.to_numpy(dtype="float64"), problems, parsed.notes(str(name)))


def read_years(column: pd.Series, name: object) -> Codes:
    """Read years: whole numbers, texts of whole numbers, or the year of dates and periods.

    A date with a time zone has the year of its own place. Any whole numbers will do, periods since an event too, where
    they lie together.
    """
    begins = begin_of_spans(_plain(column), name)
    numbers = year_numbers(begins.column, name, missing=lambda text: False)
    known = ~np.isnan(numbers.values)
    problems = [*numbers.problems, *_infinite(numbers.values, name)]
    years = np.where(np.abs(numbers.values) <= MAX_YEAR, numbers.values, 0).astype(np.int64)
    if known.any() and not problems:
        far = known & (np.abs(years - np.median(years[known])) > MAX_DISTANCE)
        problems += _year_problem(name, far, years, f"more than {MAX_DISTANCE} years from the others")
    return Codes(years, known, problems, [*begins.notes, *numbers.notes])


def year_numbers(column: pd.Series, name: object, missing: Callable[[str], bool]) -> Numbers:
    """Read years as floats; NaN is missing, and infinities stay. ``missing`` says which texts are missing."""
    column = _plain(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype | pd.PeriodDtype) or pd.api.types.is_datetime64_dtype(column.dtype):
        return Numbers(column.dt.year.mask(column.isna()).to_numpy(dtype="float64", na_value=np.nan))
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_complex_dtype(column.dtype) or _is_time(column):
        return Numbers(_nothing(column), [_no_years(name, f"values of type {column.dtype}")])
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype="float64", na_value=np.nan).copy()
        return Numbers(values, _not_whole(values, name))
    return _object_years(column.astype(object), name, missing)


def read_ids(column: pd.Series, name: object) -> Codes:
    """Read identifiers: whole numbers as they are, texts as codes in their order, so that rows may come in any order.

    Two that read alike (`1` and `"1"`, a blank behind, another form of a letter) are a problem; those that differ in
    capitals or leading zeros are kept apart, with a remark. Words for missing are missing.
    """
    column = _plain(column)
    if _is_time(column) or pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_complex_dtype(column.dtype):
        return _no_codes(column, name, f"values of type {column.dtype}")
    if pd.api.types.is_integer_dtype(column.dtype):
        known = column.notna().to_numpy(dtype=bool)
        whole = column.fillna(0) if column.dtype.kind == "u" and (column > np.iinfo(np.int64).max).any() else column
        if whole is column:
            return Codes(column.fillna(0).to_numpy(dtype=np.int64), known)
        numbers, codes = np.unique(whole.to_numpy(dtype=np.uint64), return_inverse=True)
        return Codes(codes, known, ids=_lasting_ids(numbers.astype(str)))
    if pd.api.types.is_float_dtype(column.dtype):
        return _float_ids(column, name)
    return _text_ids(column.astype(object), name)


def read_texts(column: pd.Series, name: object) -> tuple[pd.Series, Sequence[Problem]]:
    """Read names of classes as text without blanks around it, missing where there is none."""
    column = _plain(column)
    values = column.astype(object)
    wrong = values[values.notna()].map(lambda value: not isinstance(value, (str, bool, np.bool_, *NUMBERS)))
    problems = []
    if wrong.any():
        kinds = sorted({type(value).__name__ for value in values[values.notna()][wrong.to_numpy()]})
        problems.append(frame_problem(name, f"values of type {', '.join(kinds)}", "texts", "make texts of them"))
        values = values.where(values.isna() | values.map(lambda value: isinstance(value, str)))
    texts = pd.Series(values.where(values.isna(), values.astype(str).str.strip()), dtype="string")
    return texts.mask(texts == ""), problems


def _object_years(column: pd.Series, name: object, missing: Callable[[str], bool]) -> Numbers:
    """Read years of a column without a type of its own, value by value."""
    kinds = column.map(lambda value: _kind_of_year(value, missing)).to_numpy(dtype=object)
    values = np.full(len(column), np.nan)
    number, date, strange = (kinds == kind for kind in ("number", "date", "strange"))
    values[number] = column[number].astype("float64")
    values[date] = [value.year for value in column[date]]
    problems = [*_not_whole(values, name)]
    if strange.any():
        shown = row_examples(np.flatnonzero(strange), column)
        problems.append(_no_years(name, f"{int(strange.sum())} values that are no numbers of years", shown))
    if date.any() and number.any():
        problems.append(_no_years(name, f"{int(date.sum())} dates among numbers"))
    return Numbers(values, problems)


def _kind_of_year(value: object, missing: Callable[[str], bool]) -> str:
    """Return what a value is as a year: a number, a date, missing, or none of these."""
    if isinstance(value, str):
        return "number" if WHOLE_NUMBER.match(value) else "missing" if missing(value) else "strange"
    if isinstance(value, bool | np.bool_):
        return "strange"
    if value is None or value is pd.NA or value is pd.NaT:
        return "missing"
    if isinstance(value, DATES):
        return "date"
    if not isinstance(value, NUMBERS):
        return "strange"
    return "missing" if np.isnan(float(value)) else "number"


def _float_ids(column: pd.Series, name: object) -> Codes:
    """Read identifiers that are kept as floats, where these are whole and exact."""
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    known = ~np.isnan(values)
    bits = EXACT_BITS.get(str(column.dtype).lower())
    limit = EXACT if bits is None else 2**bits
    inexact = known & (np.abs(values) > limit)
    if inexact.any():
        found = f"{int(inexact.sum())} identifiers above {limit} in a column of type {column.dtype}"
        return _no_codes(column, name, found, "whole numbers or texts: this type rounds them")
    if (values[known] % 1 != 0).any():
        found = f"{int((values[known] % 1 != 0).sum())} identifiers with decimals"
        return _no_codes(column, name, found)
    return Codes(np.where(known, values, 0).astype(np.int64), known)


def _text_ids(column: pd.Series, name: object) -> Codes:
    """Read identifiers from texts, or from numbers in a column without a type of its own.

    They are compared as one reads them: letters in one form, no blanks around them, single ones inside.
    """
    kinds = set(column[column.notna()].map(type))
    strange = sorted(kind.__name__ for kind in kinds if not issubclass(kind, (str, *NUMBERS)) or kind is bool)
    if strange:
        return _no_codes(column, name, f"values of type {', '.join(strange)}")
    places, distinct = pd.factorize(column)
    fractions = [value for value in distinct if isinstance(value, float | np.floating | Decimal)]
    if any(not np.isfinite(float(value)) or value % 1 != 0 for value in fractions):
        return _no_codes(column, name, "identifiers with decimals, or infinite ones")
    if any(not isinstance(value, Decimal) and abs(float(value)) > EXACT for value in fractions):
        return _no_codes(column, name, f"identifiers above {EXACT} as floats", "texts: this type rounds them")
    exact = [value if isinstance(value, str) else int(value) for value in distinct]
    numbers = [value for value in exact if isinstance(value, int)]
    if len(numbers) == len(exact) and all(abs(value) <= np.iinfo(np.int64).max for value in numbers):
        whole = np.array([*numbers, 0], dtype=np.int64)
        return Codes(whole[places], places >= 0)
    forms = pd.Series([" ".join(unicodedata.normalize("NFKC", str(value)).split()) for value in exact], dtype=object)
    named = forms.map(lambda text: bool(text) and not is_missing_word(text)).to_numpy(dtype=bool)
    known = np.append(named, False)[places]
    problems, notes = [], []
    twice = int(forms[named].duplicated().sum())
    if twice:
        found = f"{twice} identifiers that read as another one (a text and a number, or blanks and forms of letters)"
        problems.append(frame_problem(name, found, "one way of writing each", "write all of them as one kind of text"))
    ordered = np.unique(forms[named].to_numpy(dtype=str)) if named.any() else np.array([], dtype=str)
    folded = pd.Series(ordered, dtype=object).map(lambda text: text.casefold().lstrip("0"))
    similar = int(folded.duplicated(keep=False).sum())
    if similar:
        notes.append(
            f"{similar} identifiers differ from another in capitals or leading zeros alone: they are kept apart"
        )
    codes = np.append(np.searchsorted(ordered, forms.where(named, "").to_numpy(dtype=str)), 0)
    values = np.where(known, codes[places], NO_CODE).astype(np.int64)
    return Codes(values, known, problems, notes, _lasting_ids(ordered))


def _lasting_ids(texts: npt.NDArray[np.str_]) -> IntArray:
    """Return a whole number for each text: the number that it is, else a hash, the same wherever the text is."""
    hashes = (pd.util.hash_array(texts.astype(object), categorize=False) >> np.uint64(1)).astype(np.int64)
    numbers = {place: int(text) for place, text in enumerate(texts) if PLAIN_NUMBER.fullmatch(text)}
    hashes[list(numbers)] = list(numbers.values())
    return hashes


def _plain(column: pd.Series) -> pd.Series:
    """Return a column of a sparse, categorical or Arrow type as one of values; other columns are left as they are."""
    kind = column.dtype
    if isinstance(kind, pd.SparseDtype):
        return pd.Series(np.asarray(column))
    if isinstance(kind, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), _plain(pd.Series(kind.categories))
        return pd.Series([None if code < 0 else values.iloc[code] for code in codes], dtype=object).infer_objects()
    if not isinstance(kind, pd.ArrowDtype):
        return column
    if kind.kind in NULLABLE:
        return column.astype(pd.Float32Dtype() if str(kind) in SINGLE else NULLABLE[kind.kind])
    return pd.Series([None if value is pd.NA else value for value in column], dtype=object).infer_objects()


def _is_time(column: pd.Series) -> bool:
    """Whether a column has dates, periods or spans of time."""
    kind = column.dtype
    return isinstance(kind, pd.DatetimeTZDtype | pd.PeriodDtype | pd.IntervalDtype) or kind.kind in "mM"


def _infinite(values: FloatArray, name: object) -> list[Problem]:
    """Find infinite values."""
    count = int(np.isinf(values).sum())
    action = "correct them, or leave them missing"
    return [frame_problem(name, f"{count} infinite values", "finite numbers", action)] if count else []


def _not_whole(values: FloatArray, name: object) -> list[Problem]:
    """Find years with decimals, and numbers that are no years."""
    finite = np.isfinite(values)
    years = np.where(finite, values, 0)
    return [
        *_year_problem(name, years % 1 != 0, values, "with decimals"),
        *_year_problem(name, (years % 1 == 0) & (np.abs(years) > MAX_YEAR), values, f"beyond {MAX_YEAR}"),
    ]


def _year_problem(name: object, rows: BoolArray, values: FloatArray | IntArray, kind: str) -> list[Problem]:
    """Make the problem of years of a kind, where there are any."""
    shown = row_examples(np.flatnonzero(rows), pd.Series(values).map("{:g}".format))
    return [_no_years(name, f"{int(rows.sum())} years {kind}", shown)] if rows.any() else []


def _no_years(name: object, found: str, examples: Sequence[str] = ()) -> Problem:
    """Make a problem of a column of years."""
    return frame_problem(name, found, "whole numbers of years, or dates", "give the year of each row", examples)


def _no_codes(column: pd.Series, name: object, found: str, expected: str = "whole numbers or texts") -> Codes:
    """Return identifiers that cannot be read, with the problem; no row counts as missing."""
    problem = frame_problem(name, found, expected, "make one of these of them")
    return Codes(np.arange(len(column)), np.ones(len(column), dtype=bool), [problem])


def _nothing(column: pd.Series) -> FloatArray:
    """Return missing values for all rows."""
    return np.full(len(column), np.nan)
