"""Codes of activity in other classifications than NACE Rev. 2, written in its divisions where that is one to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.frozen import FrozenMapping
from si_eval.registers.activities import DIGITS, LETTER, section_letters, split_codes
from si_eval.registry import facts
from si_eval.text_input.small_tables import read_small_table

BASE = ("nace_2", "sbi_2008", "sic_2007", "isic_4")  # have the divisions of NACE Rev. 2, which figures are in
NEWER = ("nace_2_1", "sbi_2025")
CLASSIFICATIONS = (*BASE, *NEWER)
OTHER = "other"  # a classification that the crosswalk of a study alone knows
FROM, TO = "from", "to"
MAX_NAMED = 12
Activities = Mapping[str, str]  # divisions or sections of NACE Rev. 2 by digits of a code, or by a letter


@dataclass(frozen=True)
class CodeBook:
    """In which classification the codes of an extract are.

    ``names`` has the classification by the first year in which it holds; ``crosswalk`` says of codes where they belong,
    as read from ``path``.
    """

    names: Mapping[int, str] = field(default_factory=lambda: {0: BASE[0]})
    crosswalk: Activities = field(default_factory=FrozenMapping)
    path: Path | None = None


class Translated(NamedTuple):
    """Codes in NACE Rev. 2, what is wrong with them, and remarks."""

    codes: pd.Series
    problems: list[Problem]
    notes: list[str]


def read_crosswalk(path: str | Path) -> Activities:
    """Read the crosswalk of a study: columns ``from`` (a code of the extract) and ``to`` (NACE Rev. 2, or a section).

    Raises `InputError` with every code that is told twice in different ways or leads to no code of NACE Rev. 2.
    """
    table = read_small_table(path, what="crosswalk")
    lacking = [name for name in (FROM, TO) if name not in table.frame]
    if lacking:
        found = f"no column {' and no column '.join(lacking)}"
        raise InputError([Problem(table.where, found, f"columns {FROM} and {TO}", "add it")])
    codes, targets = split_codes(table.frame[FROM]), split_codes(table.frame[TO])
    keys = codes[DIGITS].where(codes[DIGITS].ne(""), codes[LETTER])
    divisions = targets[DIGITS].str[:2].where(targets[DIGITS].str[:2].isin(list(section_letters())))
    letters = targets[LETTER].where(targets[LETTER].isin(list(section_letters().values())) & targets[DIGITS].eq(""))
    meant = divisions.fillna(letters)
    problems = [
        Problem(table.where, f"{int(wrong.sum())} rows whose `{column}` is no code", expected, "correct them",
                column=column, count=int(wrong.sum()), examples=table.examples(wrong))
        for column, wrong, expected in (
            (FROM, keys.isna(), "a code of the extract, such as 46.11"),
            (TO, meant.isna(), "a division or section of NACE Rev. 2, such as 46 or G"),
        )
        if wrong.any()
    ]  # fmt: skip
    several = meant.groupby(keys).nunique()
    twice = [str(code) for code in several[several > 1].index]
    if twice:
        found = f"{len(twice)} codes that lead to several places: {_some(twice)}"
        problems.append(Problem(table.where, found, "one place for each code", "leave one row of each", column=FROM))
    if not len(keys):
        problems.append(Problem(table.where, "no rows", "a row for each code", "add them"))
    if problems:
        raise InputError(problems)
    return FrozenMapping(dict(zip(keys.astype(str), meant.astype(str), strict=True)))


def translate_codes(texts: pd.Series, years: pd.Series, book: CodeBook) -> Translated:
    """Write codes of activity as divisions of NACE Rev. 2, or sections where a code lies in several of one section.

    A code that lies in several sections, or that its classification does not have, is a problem unless the crosswalk
    names it. Texts that are no codes at all stay as they are.
    """
    if set(book.names.values()) <= set(BASE) and not book.crosswalk:
        return Translated(texts, _of_other_letters(texts), [])
    starts = sorted(book.names)
    places = pd.Series(starts).searchsorted(years, side="right") - 1
    problems: list[Problem] = []
    before = int((places < 0).sum())
    if before:
        found = f"{before} rows of years before {starts[0]}"
        problems.append(
            Problem(
                "classification", found, "a classification for every year", "name the one that holds from the first"
            )
        )
    kept, notes = texts.copy(), []
    for place, start in enumerate(starts):
        rows = pd.Series(places == place, index=texts.index) & texts.notna()
        name = book.names[start]
        if name in BASE and not book.crosswalk:
            problems += _of_other_letters(texts[rows])
            continue
        translated = _translate(texts[rows], name, book.crosswalk)
        kept[rows] = translated.codes
        problems += translated.problems
        notes += translated.notes
    return Translated(kept, problems, notes)


def _translate(texts: pd.Series, name: str, crosswalk: Activities) -> Translated:
    """Translate the codes of one classification."""
    places, distinct = pd.factorize(texts)
    parts = split_codes(pd.Series(distinct, dtype="string"))
    counts = pd.Series(places).value_counts()
    meant: list[str | None] = []
    several, unknown, coarse = {}, {}, {}
    for row, (text, letter, digits) in enumerate(
        zip(distinct, parts[LETTER].fillna(""), parts[DIGITS].fillna(""), strict=True)
    ):
        found = _places_of(letter, digits, name, crosswalk)
        sections = {section_letters().get(one, one) for one in found or ()}
        meant.append(str(text) if found is None else min(found) if len(found) == 1 else "".join(sorted(sections))[:1])
        if found is None:
            continue
        if not sections:
            unknown[str(text)] = int(counts[row])
        elif len(sections) > 1:
            several[f"{text} ({' or '.join(sorted(found))})"] = int(counts[row])
        elif len(found) > 1:
            coarse[str(text)] = int(counts[row])
    told = f"say where they belong in a file with columns {FROM} and {TO}: `crosswalk` under [extract]"
    kinds = ((several, "of several sections", told), (unknown, "that lead nowhere", f"correct them, or {told}"))
    problems = [
        Problem("activities", f"{len(codes)} codes of {name} {what}, in {sum(codes.values())} rows: {_some(codes)}",
                "codes that lie in one section of NACE Rev. 2", action, column="sbi", count=sum(codes.values()))
        for codes, what, action in kinds
        if codes
    ]  # fmt: skip
    rows = sum(coarse.values())
    notes = [f"activities: {rows} rows have a section and no division: {_some(coarse)}"] if rows else []
    values = pd.array([*meant, None], dtype="string").take(places)
    return Translated(pd.Series(values, index=texts.index), problems, notes)


def _places_of(letter: str, digits: str, name: str, crosswalk: Activities) -> Collection[str] | None:
    """Return where a code lies in NACE Rev. 2: divisions, or a section; nothing where it is no code at all."""
    if not letter and not digits:
        return None
    keys = [digits[:size] for size in range(len(digits), 1, -1)] or [letter]
    told = next((crosswalk[key] for key in keys if key in crosswalk), None)
    if told is not None:
        return [told]
    if name in BASE:
        return [key for key in keys[-1:] if key in {*section_letters(), *section_letters().values()}]
    fits = digits == "" or letter in ("", _newer_letters().get(digits[:2]))
    prefixes = _newer_prefixes() if name in NEWER and fits else {}
    return next((prefixes[key] for key in keys if key in prefixes), ())


def _of_other_letters(texts: pd.Series) -> list[Problem]:
    """Find codes whose letter is not that of their division in NACE Rev. 2: they may be of the next revision."""
    distinct = pd.Series(texts.dropna().unique(), dtype="string")
    parts = split_codes(distinct)
    letters = parts[DIGITS].str[:2].map(section_letters())
    wrong = distinct[(parts[LETTER].notna() & letters.notna() & parts[LETTER].ne(letters)).fillna(False)]
    if wrong.empty:
        return []
    count = int(texts.isin(wrong).sum())
    newer = split_codes(wrong).apply(lambda row: _newer_letters().get(str(row[DIGITS])[:2]) == row[LETTER], axis=1)
    action = (
        'write classification = "nace_2_1" under [extract]' if newer.all() else "correct the letters, or leave them out"
    )
    found = f"{count} rows with a letter of another section than the division's: {_some(wrong)}"
    return [Problem("activities", found, "codes of NACE Rev. 2", action, column="sbi", count=count)]


@cache
def _newer_letters() -> dict[str, str]:
    """Map each division of NACE Rev. 2.1 to the letter of its section."""
    return {
        f"{division:02d}": letter
        for letter, (first, last) in facts("nace_2_1")["sections"].items()
        for division in range(int(first), int(last) + 1)
    }


@cache
def _newer_prefixes() -> dict[str, tuple[str, ...]]:
    """Map classes, groups, divisions and sections of NACE Rev. 2.1 to the divisions of NACE Rev. 2 that they lie in."""
    source = facts("nace_2_1")
    classes = {code: [division] for division, codes in source["wholly"].items() for code in codes.split()}
    classes |= {code: divisions.split() for table in ("several", "none") for code, divisions in source[table].items()}
    found: dict[str, set[str]] = defaultdict(set)
    for code, divisions in classes.items():
        digits = code.replace(".", "")
        for prefix in (digits, digits[:3], digits[:2], _newer_letters()[digits[:2]]):
            found[prefix] |= set(divisions)
    return {prefix: tuple(sorted(divisions)) for prefix, divisions in found.items()}


def _some(codes: Collection[str]) -> str:
    named = [str(code) for code in codes][:MAX_NAMED]
    return ", ".join(named) + (", …" if len(codes) > MAX_NAMED else "")
