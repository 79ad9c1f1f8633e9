"""The year in the name of a file: four digits, or two where these can be nothing but a year."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from si_eval.errors import Problem

FOUR = r"(?:19|20)\d{2}"
TWO = r"(?<!\d)\d{2}(?!\d)"
YEAR = f"(?P<year>{FOUR}|{TWO})"
_LATEST_SHORT = 50  # 49 is 2049, 50 is 1950
_MONTHS = 12


def year_of(digits: str, name: str) -> int | None:
    """Return the year that the digits in a name are; none for two digits beside a year of four."""
    if len(digits) > 2:
        return int(digits)
    if re.search(rf"(?<!\d){FOUR}(?!\d)", name):
        return None
    return int(digits) + (2000 if int(digits) < _LATEST_SHORT else 1900)


def may_be_parts(years: Collection[int]) -> bool:
    """Whether years of two digits may as well be months or parts: none is above 12, or they count on from 0 or 1."""
    short = sorted(year % 100 for year in set(years))
    return short[-1] <= _MONTHS or (short[0] <= 1 and short == list(range(short[0], short[0] + len(short))))


def refuse_digits(table: str, files: Mapping[str, tuple[int, bool]], *, is_year: bool) -> Problem | None:
    """Return the problem of files whose two digits may be no years, or stand beside years of four digits.

    ``files`` has by name the year of each file of a table, and whether it is of two digits; ``is_year`` says that a
    study calls these digits a year.
    """
    short = {name: year for name, (year, is_short) in files.items() if is_short}
    if not short or (len(short) == len(files) and (is_year or not may_be_parts(short.values()))):
        return None
    names = ", ".join(list(short)[:3]) + (", …" if len(short) > 3 else "")
    beside = "" if len(short) == len(files) else " beside years of four digits"
    return Problem(
        where=next(iter(short)),
        found=f"two digits that may be a year, a month or a part{beside}: {names}",
        expected="a year of four digits, or one file for all years",
        action="write the year in four digits, or name the files under `files`: with `{year}` where the digits are a "
        "year, with `*` where they are parts",
        table=table,
        count=len(short),
    )
