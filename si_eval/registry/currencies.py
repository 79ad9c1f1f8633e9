"""Currencies: which unit of measure is money, of which currency, and how readers call it."""

from __future__ import annotations

import re
from functools import cache

from babel.numbers import get_currency_name, get_currency_symbol, list_currencies

EURO = "EUR"  # the currency that the registry's own units of measure are written in
WORDS = {"euro": EURO, "euros": EURO, "€": EURO, "pounds": "GBP", "£": "GBP", "dollars": "USD", "$": "USD"}
_UNIT = re.compile(r"([A-Z]{3})(?: (?:per|a|for|million|thousand|billion)\b.*)?")


@cache
def currencies() -> frozenset[str]:
    """Return the codes of ISO 4217."""
    return frozenset(list_currencies())


def currency_of(unit: str) -> str:
    """Return the currency of a unit of measure, such as GBP of `GBP per person employed`; empty for other units."""
    found = _UNIT.fullmatch(unit)
    return found[1] if found is not None and found[1] in currencies() else ""


def named_currency(text: str) -> str:
    """Return the currency that a unit written by hand names by its code, word or sign; empty where it names none."""
    for word in re.findall(r"[€£$]|[^\W\d_]+", text):
        if word in currencies() or word.lower() in WORDS:
            return word if word in currencies() else WORDS[word.lower()]
    return ""


def in_currency(unit: str, currency: str) -> str:
    """Write a unit of the registry, which is in euro, in another currency."""
    return re.sub(rf"\b{EURO}\b", currency, unit)


def in_euro(unit: str) -> str:
    """Write a unit of measure as the registry's facts know it: in euro, whatever its currency."""
    currency = currency_of(unit)
    return re.sub(rf"\b{currency}\b", EURO, unit) if currency else unit


@cache
def currency_sign(currency: str, locale: str) -> str:
    """Return the sign of a currency, such as £; its code where a language has no sign for it."""
    return str(get_currency_symbol(currency, locale=locale))


@cache
def currency_words(currency: str, locale: str) -> tuple[str, str]:
    """Return what amounts of a currency are in (`British pounds`), and one of it (`British pound`)."""
    return tuple(str(get_currency_name(currency, count=count, locale=locale)) for count in (2, 1))  # type: ignore[return-value]
