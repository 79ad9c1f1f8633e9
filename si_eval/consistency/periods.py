"""Labels of periods: a year, or a quarter, half or month of it, in the ways in which tables write them."""

from __future__ import annotations

import re
from typing import NamedTuple

from si_eval.consistency.facts import is_word

YEAR, QUARTER, HALF, MONTH = 1, 4, 2, 12  # how many of them a year has
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SEPARATOR = r"[\s/_.-]*"
_QUARTER = (
    r"(?:(?:q|k|kw|kwartaal|quarter|qtr|t|trim)\.?\s*(?P<part>[1-4])"
    r"|(?P<ordinal>[1-4]|first|second|third|fourth|eerste|tweede|derde|vierde)(?:e|de|ste|st|nd|rd|th)?\s*(?:kwartaal|quarter|kw|qtr))"
)
_HALF = r"(?:h|s)(?P<part>[12])"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "eerste": 1, "tweede": 2, "derde": 3, "vierde": 4}


class Period(NamedTuple):
    """A year, or part ``part`` of ``count`` of a year; ``year`` is None where the label does not say it."""

    year: int | None
    count: int
    part: int


def read_period(label: str) -> Period | None:
    """Read a label as a period; None where it is none."""
    text = re.sub(r"\(.*?\)", "", label).casefold().strip()
    if match := re.fullmatch(rf"(?:fy|year|jaar|boekjaar)?\s*{_YEAR}(?:\.0)?(?:\s*(?:total|totaal|year|jaar))?", text):
        return Period(int(match["year"]), YEAR, 1)
    if is_word("words", "whole_year", text):
        return Period(None, YEAR, 1)
    for count, part in ((QUARTER, _QUARTER), (HALF, _HALF)):
        for form in (rf"{_YEAR}{_SEPARATOR}{part}", rf"{part}{_SEPARATOR}(?:of|van)?\s*{_YEAR}", part):
            if match := re.fullmatch(form, text):
                found = match.groupdict()
                number = found.get("part") or found.get("ordinal") or ""
                year = int(found["year"]) if found.get("year") else None
                return Period(year, count, _ORDINALS.get(number) or int(number))
    if match := re.fullmatch(rf"{_YEAR}[-/m](?P<part>0[1-9]|1[0-2])", text):
        return Period(int(match["year"]), MONTH, int(match["part"]))
    return None
