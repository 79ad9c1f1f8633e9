"""Numbers as a reader writes them: 1.234,5 in Dutch, 1,234.5 in English, with the unit's own form."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Any, Literal

import numpy as np
import pandas as pd
from babel.numbers import format_decimal

from si_eval.registry import EURO, currency_of, in_euro
from si_eval.registry.currencies import currency_sign
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    COUNT,
    DIFFERENCE,
    ESTIMATE,
    GAP,
    GROUP,
    INDEX,
    NO_LABELS,
    RATIO,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Labels,
    Language,
    label,
    locale_of,
)

Form = Literal["money", "share", "percent", "index", "count", "plain"]
SHARE_UNITS = ("share", "fraction", "share of units")
PERCENT_UNITS = ("percent", "%")
MILLIONS = "EUR million"  # in euro or any other currency
NO_BREAK = "\u00a0"
BILLION = 1e9


def number(value: float, language: Language, *, decimals: int = 0, signed: bool = False) -> str:
    """Write a number with the separators of a language; ``signed`` adds a plus to what is above zero."""
    rounded = round(float(value), decimals) + 0.0
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    text = format_decimal(rounded, format=pattern, locale=locale_of(language))
    return f"+{text}" if signed and rounded > 0 else text


def significant(value: float, language: Language) -> str:
    """Write a number with two digits at least, whatever its size: 0.19, 2.2, 117."""
    return number(value, language, decimals=max(0, 1 - floor(log10(abs(value)))) if value else 0)


def with_currency(amount: str, currency: str, language: Language) -> str:
    """Write an amount with the sign of its currency in front, or its code where a language has no sign for it.

    A minus stands before the amount in Dutch (€ -33.676), before the sign in other languages (-€33,676).
    """
    sign = currency_sign(currency, locale_of(language))
    if language == "nl" or sign.isalpha():
        return f"{sign}{NO_BREAK}{amount}"
    before = amount[0] if amount[:1] in ("-", "+") else ""
    return f"{before}{sign}{amount.removeprefix(before)}"


def money_text(value: float, currency: str, language: Language, *, decimals: int = 0, signed: bool = False) -> str:
    """Write an amount of money in full, from a billion on in billions: € 1,1 miljard."""
    if abs(value) < BILLION:
        return with_currency(number(value, language, decimals=decimals, signed=signed), currency, language)
    amount = number(value / BILLION, language, decimals=1, signed=signed)
    return label("report_billion", language).format(amount=with_currency(amount, currency, language))


def breakable(text: str) -> str:
    """Let a label break where it has a no-break space, as after a sector's letter."""
    return text.replace(NO_BREAK, " ")


@dataclass(frozen=True)
class Measure:
    """How the values of one statistic in one unit are written.

    ``signed`` marks differences, ``millions`` the unit, ``currency`` what amounts of money are in.
    """

    form: Form
    decimals: int
    divisor: float = 1
    signed: bool = False
    millions: bool = False
    currency: str = EURO

    def text(self, value: float, language: Language, *, symbol: bool = True) -> str:
        """Write a value; ``symbol`` adds the sign of the currency or the per cent sign."""
        body = number(self.scaled(value), language, decimals=self.decimals, signed=self.signed)
        if not symbol:
            return body
        if self.form in ("share", "percent"):
            return f"{body}%"
        if self.form != "money":
            return body
        whole = value * (1e6 if self.millions else 1.0)
        if self.divisor == 1 and abs(whole) >= BILLION:
            return money_text(whole, self.currency, language, signed=self.signed)
        return with_currency(body, self.currency, language) + self._magnitude(language)

    def _magnitude(self, language: Language) -> str:
        """Write what follows an amount in millions."""
        return "" if not self.millions else f"{NO_BREAK}mln" if language == "nl" else "m"

    def scaled(self, value: float) -> float:
        """Return the value as it is written: a share times 100, the rest divided by the divisor."""
        return value * 100 if self.form == "share" else value / self.divisor


def measure_key(row: Any) -> tuple[str, str, bool, bool]:
    """Return what decides how a row's value is written: statistic, unit, whether it is a difference or a ratio."""
    group = row[GROUP]
    return row[STATISTIC], row[UNIT_OF_MEASURE], group == DIFFERENCE, group == RATIO


def measures(rows: pd.DataFrame, *, divisor: float = 1) -> dict[tuple[str, str, bool, bool], Measure]:
    """Map every kind of value in the rows to its measure, with decimals that suit the largest of its kind."""
    keys = [measure_key(row) for row in rows.to_dict("records")]
    found: dict[tuple[str, str, bool, bool], Measure] = {}
    for key in dict.fromkeys(keys):
        values = rows.loc[[candidate == key for candidate in keys], ESTIMATE].abs()
        found[key] = _measure(key, float(values.max()) if values.notna().any() else 0.0, divisor)
    return found


def unit_text(measure: Measure, unit: str, language: Language, *, statistic: str = "", own: Labels = NO_LABELS) -> str:
    """Return the unit of an axis, with the divisor."""
    if measure.form == "share":
        return label("report_unit_share", language, own)
    if measure.form == "index":
        return label("report_unit_index", language, own)
    name = label(unit or statistic, language, own)
    if measure.divisor == 1:
        return name
    return label("report_times", language, own).format(unit=name, divisor=number(measure.divisor, language))


def tick_decimals(ticks: FloatArray) -> int:
    """Return the fewest decimals that write every tick exactly; ``ticks`` has shape (T,)."""
    return next((places for places in range(4) if np.allclose(np.round(ticks, places), ticks, atol=1e-9)), 4)


def _measure(key: tuple[str, str, bool, bool], largest: float, divisor: float) -> Measure:
    statistic, unit, difference, ratio = key
    signed = difference or statistic == GAP
    if ratio:
        return Measure("plain", 2)
    if statistic == INDEX or unit in PERCENT_UNITS:
        return Measure("index" if statistic == INDEX else "percent", 1, signed=signed)
    if unit in SHARE_UNITS or statistic == SHARE or (statistic == GAP and not currency_of(unit)):
        return Measure("share", 1, signed=signed)
    return _amount(statistic, unit, largest / divisor, divisor, signed=signed)


def _amount(statistic: str, unit: str, scaled: float, divisor: float, *, signed: bool) -> Measure:
    if statistic == COUNT:
        return Measure("count", 0 if divisor == 1 else _decimals_for(scaled), divisor, signed)
    currency = currency_of(unit)
    if currency:
        return Measure("money", _decimals_for(scaled), divisor, signed, in_euro(unit).startswith(MILLIONS), currency)
    return Measure("plain", 2 if scaled < 2 else 1 if scaled < 10_000 else 0, divisor, signed)


def _decimals_for(largest: float) -> int:
    return 0 if largest >= 100 else 1 if largest >= 10 else 2
