"""Texts of days and of financial years, in the ways that people write them; a whole column decides."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval.text_input import is_missing_word

ISO_DAY = r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})(?:[ T].*)?"
DAY_FIRST = r"(?P<day>[0-9]{1,2})[-/. ](?P<month>[0-9]{1,2})[-/. ](?P<year>[0-9]{4})(?: [0-9].*)?"
MONTH_FIRST = (
    DAY_FIRST.replace("?P<day>", "?P<other>").replace("?P<month>", "?P<day>").replace("?P<other>", "?P<month>")
)
COMPACT = r"(?P<year>(?:1[5-9]|2[01])[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12][0-9]|3[01])"
NAMED = r"(?P<day>[0-9]{1,2})[-/. ](?P<month>[A-Za-z]{3,9})\.?[-/. ](?P<year>[0-9]{4})"
FORMS = (ISO_DAY, DAY_FIRST, MONTH_FIRST, COMPACT, NAMED)  # in order: the first that all texts of a column fit
MONTHS = {name: number for number, names in enumerate(
    ("jan", "feb", "mar mrt maa", "apr", "may mei", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec"), start=1,
) for name in names.split()}  # fmt: skip
SPAN = re.compile(r"(?:FY ?)?((?:19|20)[0-9]{2})\s?[-/]\s?((?:19|20)?[0-9]{2})", re.IGNORECASE)


class Spans(NamedTuple):
    """A column of years in which financial years are the year that they begin in, and a remark where there were any."""

    column: pd.Series
    notes: tuple[str, ...] = ()


def dated(column: pd.Series) -> pd.Series:
    """Return texts of days as dates, where all texts of a column are days in one way of writing; else the column.

    Ways: 2016-04-01 (ISO 8601), 1/4/2016 or 4/1/2016 (the day is first where each can be), 20160401, 1 April 2016.
    Whole numbers such as 20160401 are days as well.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        whole = column.dropna()
        if not len(whole) or not ((whole >= 15_000_101) & (whole <= 22_000_101) & (whole % 1 == 0)).all():
            return column
        return _days(column, column.astype("Float64").astype("Int64").astype("string"), (COMPACT,))
    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return column
    return _days(column, column.astype("string").str.strip(), FORMS)


def _days(column: pd.Series, written: pd.Series, forms: tuple[str, ...]) -> pd.Series:
    """Read texts as days in the first form that all of them fit; the column where there is none."""
    places, values = pd.factorize(written)
    texts = pd.Series(values, dtype="string")
    texts = texts.mask(texts.map(lambda text: not text or is_missing_word(text)).astype(bool))
    known = texts.dropna()
    for form in forms if len(known) else ():
        if not known.str.fullmatch(form).all():
            continue
        parts = texts.str.extract(f"^{form}$")
        months = parts["month"].str[:3].str.lower().map(MONTHS).astype("string") if form == NAMED else parts["month"]
        written_days = parts["year"] + "-" + months.str.zfill(2) + "-" + parts["day"].str.zfill(2)
        days = pd.to_datetime(written_days, errors="coerce", format="%Y-%m-%d")
        if days[texts.notna()].isna().any():
            continue  # a month of 13 or more: another order, or no days at all
        return (
            pd.Series(days.to_numpy(dtype="datetime64[s]"), dtype="datetime64[s]")  # nanoseconds end in 1677 and 2262
            .reindex(places)
            .set_axis(column.index)
        )
    return column


def begin_of_spans(column: pd.Series, name: object) -> Spans:
    """Return financial years (2016/17, 2016-2017, FY2016/17) as the years that they begin in."""
    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return Spans(column)
    places, values = pd.factorize(column.astype("string").str.strip())
    found = [SPAN.fullmatch(str(value)) for value in values]
    if not found or not any(found):
        return Spans(column)
    begins = [match[1] if match and _follows(match) else None for match in found]
    kept = [begin or str(value) for begin, value in zip(begins, values, strict=True)]
    if not any(begins):
        return Spans(column)
    first = next(str(value) for begin, value in zip(begins, values, strict=True) if begin)
    read = pd.Series(np.array([*kept, None], dtype=object)[places], index=column.index)
    return Spans(
        read, (f"{name}: financial years are read as the year that they begin in ({first} as {first_year(first)})",)
    )


def first_year(text: str) -> str:
    """Return the year that a financial year begins in."""
    match = SPAN.fullmatch(text)
    return match[1] if match else text


def _follows(match: re.Match[str]) -> bool:
    """Whether the second of two years follows the first."""
    return int(match[2][-2:]) == (int(match[1]) + 1) % 100
