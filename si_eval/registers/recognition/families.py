"""Which files of a folder are parts of one table: those whose names differ in their year, or in a part beside it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from si_eval.registers.extracts.file_years import TWO, may_be_parts, year_of
from si_eval.registers.extracts.files import FORMATS, OTHER_TABULAR

YEAR = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<next>[-_/]?(?:\d{2}|20\d{2}))?(?!\d)")
SHORT_YEAR = re.compile(TWO)
PLACE = "{year}"
MIN_COMMON = 3  # letters that the names of parts begin with
Dated = tuple[Path, int | None]  # a file and the year in its name


@dataclass(frozen=True)
class Family:
    """Files of one table: the pattern that finds them, the files by their paths, and the years in their names."""

    pattern: str
    paths: tuple[Path, ...]
    years: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """A name for the table, of the letters in the pattern."""
        stem = self.pattern.rsplit("/", maxsplit=1)[-1].rsplit(".", maxsplit=1)[0].replace(PLACE, " ").replace("*", " ")
        words = re.findall(r"[a-z0-9]+", stem.lower())
        name = "_".join(words) or "table"
        return name if name[0].isalpha() else f"table_{name}"


@dataclass(frozen=True)
class Folder:
    """The tables that a folder may hold, and files of kinds that are not read."""

    families: tuple[Family, ...]
    unread: tuple[str, ...]


def list_families(folder: Path) -> Folder:
    """List the tables of a folder and its subfolders, by the names of their files; nothing is opened."""
    by_pattern: dict[str, list[Dated]] = defaultdict(list)
    unread = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root) / name
            ending = path.suffix.lower().lstrip(".")
            if name.startswith((".", "~$")):
                continue
            shown = path.relative_to(folder).as_posix()
            if ending not in FORMATS:
                unread += [shown] if ending in OTHER_TABULAR else []
                continue
            pattern, year = _pattern_of(shown)
            by_pattern[pattern].append((path, year))
    by_pattern = _with_short_years(by_pattern)
    families = [
        Family(
            pattern, tuple(path for path, _ in found), tuple(sorted({year for _, year in found if year is not None}))
        )
        for pattern, found in by_pattern.items()
    ]
    return Folder(tuple(families), tuple(unread))


def _pattern_of(name: str) -> tuple[str, int | None]:
    """Put `{year}` in the place of the year of a file's name; a second year behind it (2016-17) is any text."""
    start = name.rfind("/") + 1
    ending = name.rfind(".")
    match = YEAR.search(name, start, ending)
    if match is None:
        return name, None
    year, following = int(match["year"]), match["next"] or ""
    if following and int(following[-2:]) != (year + 1) % 100:
        if following.isdigit() or len(following) > 3:
            return name, None  # a month behind the year, or several years in one file
        following = ""
    end = match.start("year") + 4
    rest = "*" if following else ""
    return name[: match.start("year")] + PLACE + rest + name[end + len(following) :], year


def _with_short_years(by_pattern: Mapping[str, list[Dated]]) -> dict[str, list[Dated]]:
    """Join files that differ in a number of two digits, where it can be nothing but a year."""
    alike: dict[str, dict[str, int]] = defaultdict(dict)
    for name, found in by_pattern.items():
        start, ending = name.rfind("/") + 1, name.rfind(".")
        numbers = list(SHORT_YEAR.finditer(name, start, ending))
        if found[0][1] is None and len(numbers) == 1 and re.search("[^\\W\\d]", name[start:ending]):
            year = year_of(numbers[0][0], name)
            if year is not None:
                alike[name[: numbers[0].start()] + PLACE + name[numbers[0].end() :]][name] = year
    joined = dict(by_pattern)
    for pattern, years in alike.items():
        if len(years) > 1 and not may_be_parts(years.values()) and pattern not in by_pattern:
            joined[pattern] = [(joined.pop(name)[0][0], year) for name, year in years.items()]
    return joined


def join_parts(families: Sequence[Family], columns: Sequence[Sequence[str]]) -> list[tuple[Family, list[int]]]:
    """Join families whose yearly files have the same columns and names that differ in one piece (by region, say).

    Returns each family with the places of those that it was made of.
    """
    groups: dict[tuple[frozenset[str], str], list[int]] = defaultdict(list)
    for place, family in enumerate(families):
        name = family.pattern
        alike = frozenset(one.casefold() for one in columns[place])
        letters = re.split(r"[^a-z]", name.rsplit("/", maxsplit=1)[-1].lower())[0]
        yearly = PLACE in name and len(letters) >= MIN_COMMON
        groups[alike, letters if yearly else f"/{place}"].append(place)
    joined = []
    for places in groups.values():
        if len(places) == 1:
            joined.append((families[places[0]], places))
            continue
        names = [families[place].pattern for place in places]
        before, after = _common(names), _common([name[::-1] for name in names])[::-1]
        after = after[max(0, len(before) + len(after) - min(map(len, names))) :]
        pattern = f"{before}*{after}"
        if PLACE not in pattern:
            joined += [(families[place], [place]) for place in places]
            continue
        paths = tuple(path for place in places for path in families[place].paths)
        years = tuple(sorted({year for place in places for year in families[place].years}))
        joined.append((replace(families[places[0]], pattern=pattern, paths=paths, years=years), places))
    return joined


def _common(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    short = min(names, key=len)
    lengths = (place for place, sign in enumerate(short) if any(name[place] != sign for name in names))
    return short[: next(lengths, len(short))]
