"""Labels of periods: a year, or a quarter, half or month of it, in the ways in which tables write them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from si_eval.consistency.facts import is_word

YEAR, QUARTER, HALF, MONTH = 1, 4, 2, 12  # how many of them a year has
_YEAR = r"(?<!\d)((?:19|20)\d\d)(?!\d)"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "eerste": 1, "tweede": 2, "derde": 3, "vierde": 4}
_NUMBER = rf"([1-4]|{'|'.join(_ORDINALS)})(?:e|de|ste|st|nd|rd|th)?"
_QUARTER = r"(?:q|k|kw|kwartaal|quarter|qtr|trim|t)"
# The label without its year, spaces and marks.
_FORMS = (
    (QUARTER, rf"{_QUARTER}{_NUMBER}|{_NUMBER}{_QUARTER}"),
    (HALF, r"[hs]([12])|([12])e?(?:half|helft|halfjaar)"),
)


class Period(NamedTuple):
    """A year, or part ``part`` of ``parts`` of a year; ``year`` is None where the label does not say it."""

    year: int | None
    parts: int
    part: int


@cache
def read_period(label: str) -> Period | None:
    """Read a label as a period; None where it is none."""
    text = re.sub(r"\(.*?\)", "", label).casefold().strip()
    if match := re.fullmatch(rf"(?:fy|year|jaar|boekjaar)?\s*{_YEAR}(?:\.0)?(?:\s*(?:total|totaal|year|jaar))?", text):
        return Period(int(match[1]), YEAR, 1)
    if is_word("words", "whole_year", text):
        return Period(None, YEAR, 1)
    if match := re.fullmatch(r"((?:19|20)\d\d)[-/m](0[1-9]|1[0-2])", text):
        return Period(int(match[1]), MONTH, int(match[2]))
    years = re.findall(r"(?:19|20)\d\d", text)
    rest = re.sub(r"[\s/_.,'-]+|\b(?:of|van)\b", "", re.sub(r"(?:19|20)\d\d", " ", text, count=1))
    for count, form in _FORMS:
        if match := re.fullmatch(form, rest):
            number = next(group for group in match.groups() if group)
            return Period(int(years[0]) if years else None, count, _ORDINALS.get(number) or int(number))
    return None
