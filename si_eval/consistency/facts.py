"""The facts of the checker: columns, words and units, read once from `layouts.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def layouts() -> dict[str, Any]:
    """Read the column names, words, kinds, units and hedges."""
    text = resources.files(__package__).joinpath("layouts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def pattern(section: str, name: str) -> re.Pattern[str]:
    """Compile the words of one entry to a pattern that matches them whole, whatever their case."""
    words = layouts()[section][name]
    return re.compile(rf"(?<![\w.,-])(?:{words})(?![\w-])", re.IGNORECASE)


def contains_word(section: str, name: str, text: str) -> bool:
    """Whether a text holds one of the words of an entry."""
    return bool(text) and pattern(section, name).search(text) is not None


@cache
def currencies_in(text: str) -> tuple[str, ...]:
    """List the codes of the currencies that a text names, by word or sign."""
    named = layouts()["currencies"].items()
    return tuple(code for code, words in named if re.search(rf"(?i)(?<![^\W\d])(?:{words})(?![^\W\d])", text))


def is_word(section: str, name: str, text: str) -> bool:
    """Whether a text is, as a whole, one of the words of an entry."""
    return bool(text) and pattern(section, name).fullmatch(text.strip()) is not None
