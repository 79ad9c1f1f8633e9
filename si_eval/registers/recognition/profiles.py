"""What the values of a column look like: identifiers, years, dates, codes of activity, amounts, classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from si_eval.registers.activities import read_activities
from si_eval.registers.any_frame.calendar_texts import begin_of_spans, dated
from si_eval.registers.any_frame.columns import year_numbers
from si_eval.registers.any_frame.quarter_texts import split_quarters
from si_eval.registers.naming import REJECTED, TREATED, decision_of
from si_eval.text_input import clean_text, is_missing_word, parse_numbers
from si_eval.vocabulary import SECTOR, YEAR

FIRST_YEAR, LAST_YEAR = 1950, 2100  # of a register; firms are founded before
OLDEST = 1500
MAX_CLASSES = 60  # different texts of what divides firms into classes
LOOKS_LIKE_YEARS = 0.9  # of days that are alike for many rows: ends of years
SHORT = 5  # characters of an identifier that is told by a short list
UNDOTTED = 0.7  # how far whole numbers look like codes, which any numbers may be
FEW = 12  # different values of a decision, and values that are told
MANY = 0.95  # share of values that must look alike; the rest are slips
YEAR_TEXT = re.compile(r"(?:19|20)\d{2}(?:[-/](?:\d{2}|(?:19|20)\d{2}))?|FY ?(?:19|20)?\d{2}", re.IGNORECASE)
QUARTER_TEXT = re.compile(r"[KQ]?[1-4]|(?:19|20)\d{2}[- ]?[KQ][1-4]", re.IGNORECASE)
CODE_TEXT = re.compile(r"[A-V]?\s*\d{2}[.\s]?\d{1,3}(?:[.\s]?\d)*[A-Z]?|[A-V]|\d\.\d{2}", re.IGNORECASE)
CLASS_TEXT = re.compile(r"\d{4,5}")  # codes that are no small numbers
TWO_DECIMALS = re.compile(r"\d{1,2}\.\d{2}")
MANY_TIMES = 5  # rows for each code, where codes are plain numbers
COMPACT_DAY = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
NUMBER = "number"
MIN_DATES = 0.5  # values that look like dates, or like years, at least so much


@dataclass(frozen=True)
class Profile:
    """What the values of a column look like.

    ``fits`` says from 0 to 1 how far they look like those of a kind (`id`, `year`, …); ``values`` are its different
    values where they are few; ``distinct`` is how many there are among ``known`` rows of ``rows``; ``years`` are those
    of dates and of years; ``has_quarters`` says that each is written with its quarter.
    """

    name: str
    rows: int
    known: int
    distinct: int
    values: tuple[str, ...]
    is_number: bool
    low: float
    high: float
    fits: Mapping[str, float]
    years: tuple[int, ...] = ()
    has_quarters: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value."""
        return self.known == 0

    @property
    def is_flag(self) -> bool:
        """Whether its values are 0 and 1 alone."""
        return self.is_number and {self.low, self.high} <= {0.0, 1.0} and self.distinct == 2


def profile_column(column: pd.Series) -> Profile:
    """Look at the values of a column."""
    texts, is_date = _texts(column)
    known = texts.dropna()
    distinct = known.drop_duplicates()
    numbers = _numbers(column, distinct)
    is_number = numbers is not None and len(numbers) > 0
    values = numbers if numbers is not None and is_number else np.array([np.nan])
    look = _Look(known, distinct, values, is_number, is_date)
    fits = {kind: fit(look) for kind, fit in _fits().items()} if len(known) else {}
    few = tuple(sorted(distinct)[:FEW]) if len(distinct) <= FEW else ()
    return Profile(
        name=str(column.name),
        rows=len(column),
        known=len(known),
        distinct=len(distinct),
        values=few,
        is_number=is_number,
        low=float(np.min(values)),
        high=float(np.max(values)),
        fits=fits,
        years=_years(distinct) if fits.get("date", 0) >= MIN_DATES else (),
        has_quarters=_has_quarters(distinct),
    )


def _has_quarters(texts: pd.Series) -> bool:
    return len(split_quarters(pd.DataFrame({YEAR: texts})).columns) > 1


def _years(texts: pd.Series) -> tuple[int, ...]:
    """Return the years of dates and years, in order."""
    texts = split_quarters(pd.DataFrame({YEAR: texts}))[YEAR].astype("string")
    read = year_numbers(begin_of_spans(dated(texts), "").column, "", missing=lambda text: False)
    return tuple(sorted({int(year) for year in read.values[np.isfinite(read.values)]}))


@dataclass(frozen=True)
class _Look:
    """The known values of a column as texts, and as numbers where they are."""

    known: pd.Series
    distinct: pd.Series
    numbers: np.ndarray
    is_number: bool
    is_date: bool

    def share(self, pattern: re.Pattern[str]) -> float:
        """Return the share of the different values that a pattern fits."""
        return float(self.distinct.str.fullmatch(pattern.pattern, flags=pattern.flags & re.IGNORECASE).mean())

    @property
    def whole(self) -> bool:
        return self.is_number and bool((self.numbers % 1 == 0).all())

    @property
    def repetition(self) -> float:
        """Rows for each different value."""
        return len(self.known) / max(len(self.distinct), 1)


def _texts(column: pd.Series) -> tuple[pd.Series, bool]:
    """Return the values of a column as texts, words for missing as missing, and whether they are dates."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.strftime("%Y-%m-%d").astype("string"), True
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.astype("Float64")
        whole = bool((values.dropna() % 1 == 0).all())
        return (values.astype("Int64") if whole else values).astype("string"), False
    places, different = pd.factorize(column.astype("string"))
    cleaned = [clean_text(str(value)) for value in different]
    kept = pd.array([None if not text or is_missing_word(text) else text for text in cleaned] + [None], dtype="string")
    texts = pd.Series(kept[places], index=column.index)
    return texts, pd.api.types.is_datetime64_any_dtype(dated(texts).dtype)


def _numbers(column: pd.Series, distinct: pd.Series) -> np.ndarray | None:
    """Return the numbers of a column, each different text once; None where most are none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        return values[np.isfinite(values)]
    read = parse_numbers(distinct)
    values = read.values.to_numpy()
    return values[np.isfinite(values)] if len(distinct) and np.isfinite(values).mean() >= MANY else None


def _id(look: _Look) -> float:
    """Many different values, whole numbers or texts without blanks, that are no dates."""
    if look.is_date or (look.is_number and (not look.whole or look.numbers.min() < 0)):
        return 0.0
    if look.share(COMPACT_DAY) >= MANY:
        return 0.0
    if len(look.distinct) < FEW and (look.repetition > 1 or look.distinct.str.len().min() < SHORT):
        return 0.2
    if not look.is_number and look.distinct.str.contains(r"\s\S+\s", regex=True).mean() > 1 - MANY:
        return 0.1
    lengths = look.distinct.str.len()
    alike = float((lengths == lengths.mode().iloc[0]).mean())
    digits = float(look.distinct.str.contains(r"\d", regex=True).mean())
    return min(1.0, (0.5 if look.is_number else 0.7) + 0.3 * alike) * (1.0 if digits > 0.5 else 0.3)


def _year(look: _Look) -> float:
    if look.is_number:
        near = ((look.numbers >= FIRST_YEAR) & (look.numbers <= LAST_YEAR) & (look.numbers % 1 == 0)).mean()
        return float(near) * (1.0 if len(look.distinct) <= MAX_CLASSES else 0.5) if near >= MANY else 0.0
    if look.is_date:
        return LOOKS_LIKE_YEARS if len(look.distinct) <= MAX_CLASSES else 0.0
    if _has_quarters(look.distinct):
        return LOOKS_LIKE_YEARS
    return look.share(YEAR_TEXT) if look.share(YEAR_TEXT) >= MANY else 0.0


def _quarter(look: _Look) -> float:
    return 1.0 if look.share(QUARTER_TEXT) == 1.0 and 1 < len(look.distinct) <= MAX_CLASSES else 0.0


def _persons(look: _Look) -> float:
    """Numbers from 0 on, of which most are small and some large."""
    if not look.is_number or look.numbers.min() < 0 or _year(look) > MANY:
        return 0.0
    small = float(np.median(look.numbers)) <= 1000
    return (0.6 + 0.4 * small) * (1.0 if look.repetition > 1.2 or look.numbers.max() < 5000 else 0.7)


def _money(look: _Look) -> float:
    if not look.is_number or _year(look) > MANY or set(np.unique(look.numbers)) <= {0.0, 1.0}:
        return 0.0
    return 1.0 if len(look.distinct) > FEW else 0.6


def _activity(look: _Look) -> float:
    """Codes of the classification; two digits alone may be any small number."""
    if look.is_date or len(look.distinct) < 2:
        return 0.0
    known = read_activities(look.distinct)[SECTOR].notna().mean()
    decimals = look.is_number and not look.whole
    if known < MANY - 0.15 or (decimals and look.share(TWO_DECIMALS) < MIN_DATES):  # 25.1 is a number
        return 0.0
    written = look.share(CODE_TEXT)
    repeated = min(1.0, look.repetition / 2)
    plain = look.share(CLASS_TEXT) >= MANY - 0.15 and look.repetition >= MANY_TIMES and known >= MANY
    telling = 1.0 if decimals or not look.is_number else LOOKS_LIKE_YEARS if plain else UNDOTTED
    return float(known) * (1.0 if written >= MANY - 0.15 else 0.5) * repeated * telling


def _date(look: _Look) -> float:
    if look.is_date or (len(look.distinct) and look.share(COMPACT_DAY) >= MANY):
        return 1.0
    return 0.7 * _year(look)


def _founded(look: _Look) -> float:
    if look.is_date or look.share(COMPACT_DAY) >= MANY:
        return 1.0
    if not look.is_number:
        return 0.0
    near = ((look.numbers >= OLDEST) & (look.numbers <= LAST_YEAR) & (look.numbers % 1 == 0)).mean()
    return float(near) if near >= MANY else 0.0


def _classes(look: _Look) -> float:
    """Few different values, each in many rows."""
    if look.is_date or len(look.distinct) < 2:
        return 0.2
    few = len(look.distinct) <= MAX_CLASSES or look.repetition > 20
    return (1.0 if few else 0.4 if look.repetition > 3 else 0.1) * (1.0 if not look.is_number or look.whole else 0.3)


def _label(look: _Look) -> float:
    """Few different texts."""
    if look.is_date or look.is_number or not 1 <= len(look.distinct) <= FEW:
        return 0.0
    return 1.0


def _decision(look: _Look) -> float:
    """Few different texts, of which some are words for yes and for no; or 0 and 1."""
    if look.is_number and set(np.unique(look.numbers)) <= {0.0, 1.0}:
        return 0.8
    both = {TREATED, REJECTED} <= {decision_of(value) for value in look.distinct} if _label(look) else False
    return 1.0 if both else 0.6 * _label(look)


def _number(look: _Look) -> float:
    return 1.0 if look.is_number and _year(look) < MANY else 0.0


def _text(look: _Look) -> float:
    return 0.0 if look.is_number or look.is_date else 1.0


@cache
def _fits() -> Mapping[str, Callable[[_Look], float]]:
    """Return the function that judges each kind of values."""
    return {
        "id": _id, "year": _year, "quarter": _quarter, "persons": _persons, "money": _money, "activity": _activity,
        "date": _date, "founded": _founded, "classes": _classes, "label": _label,
        "decision": _decision, NUMBER: _number, "text": _text,
    }  # fmt: skip
