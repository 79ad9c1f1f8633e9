"""Finds the files of an extract by their names: table, year, version and format. Nothing is opened here."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from si_eval.errors import Problem
from si_eval.registers.extracts.file_years import FOUR, TWO, YEAR, refuse_digits, year_of
from si_eval.registers.schema import contracts
from si_eval.registry import facts
from si_eval.text_input import refuse_path

FORMATS = ("parquet", "csv", "sav", "zsav", "dta")
OTHER_TABULAR = ("xlsx", "xls", "ods", "sas7bdat", "txt", "tsv", "por", "rds", "feather", "arrow", "gz", "zip")
Patterns = str | Sequence[str]
_OWN_NAME = (".?*", "_{year}.?*", "{year}.?*", " {year}.?*")  # what follows the name of a table in that of its file

_DATE_BEFORE = r"(?:\d{4,8}|\d{4}-\d{2}-\d{2})?[ _-]*"
_VERSION_AFTER = r"(?:[ _-]?V(?P<version>\d+))?"


@dataclass(frozen=True)
class RawFile:
    """One file that holds (a year of) a table. ``name`` is what messages show; the path never is."""

    path: Path
    name: str
    table: str
    format: str
    year: int | None
    version: int | None
    layout: str
    part: str = ""
    short_year: bool = False  # whether its name has the year in two digits


@dataclass(frozen=True)
class FoundFiles:
    """The files to read, what is wrong with the selection, and what was left aside."""

    files: tuple[RawFile, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    unrecognised: tuple[str, ...]


def find_files(
    source: str | Path | Sequence[str | Path],
    *,
    files: Mapping[str, Patterns] | None = None,
    participants: str | Path | None = None,
) -> FoundFiles:
    """Find the newest file of each table and year in one or several folders.

    ``files`` replaces detection for the tables it names; ``participants`` is a list outside the folders.
    """
    folders = [Path(source)] if isinstance(source, (str, Path)) else [Path(folder) for folder in source]
    chosen = dict(files or {})
    problems = [problem for folder in folders if (problem := _no_folder(folder)) is not None]
    folders = [folder for folder in folders if _no_folder(folder) is None]
    problems += [_unknown_table(name) for name in chosen if name not in contracts()]
    candidates: list[RawFile] = []
    unrecognised: list[str] = []
    for folder in folders:
        detected, rest = _detect(folder, skip=set(chosen))
        candidates += detected
        unrecognised += rest
    for table, patterns in chosen.items():
        if table in contracts():
            matched = [file for folder in folders for file in _match(folder, table, _listed(patterns))]
            problems += [] if matched else [_no_match(table, _listed(patterns), unrecognised)]
            candidates += matched
    if participants is not None:
        candidates = [file for file in candidates if file.table != "participants"]
        listed = _participants_file(Path(participants))
        candidates += [listed] if isinstance(listed, RawFile) else []
        problems += [listed] if isinstance(listed, Problem) else []
    usable, notes = _usable(candidates)
    newest, older = _newest(usable)
    irregular = {file: refuse_path(file.path, file.name, allow_empty=True) for file in newest}
    problems += [replace(problem, table=file.table) for file, problem in irregular.items() if problem is not None]
    newest = [file for file in newest if irregular[file] is None]
    notes += older
    problems += [*_conflicts(newest), *_unclear_years(newest, chosen)]
    rest = sorted(set(unrecognised) - {file.name for file in candidates})
    return FoundFiles(tuple(newest), tuple(problems), (*notes, *_namesakes(newest, rest)), tuple(rest))


def match_files(
    folders: Sequence[Path], files: Mapping[str, Patterns], tables: Sequence[str]
) -> tuple[dict[str, list[RawFile]], list[Problem], list[str]]:
    """Find the newest files of tables by the patterns of a study, or by the table's own name where it has none.

    ``tables`` are all that there may be. Returns the files by table, what is wrong with the selection, and notes.
    """
    problems = [problem for folder in folders if (problem := _no_folder(folder)) is not None]
    folders = [folder for folder in folders if _no_folder(folder) is None]
    candidates: list[RawFile] = []
    for table in tables:
        named = [table + ending for ending in _OWN_NAME]
        patterns = _listed(files[table]) if table in files else named
        matched = [file for folder in folders for file in _match(folder, table, patterns)]
        if table in files and not matched and folders:
            problems.append(_no_match(table, patterns, [path.name for folder in folders for path in folder.iterdir()]))
        candidates += matched
    newest, notes = _newest(candidates)
    problems += [
        replace(problem, table=file.table)
        for file in newest
        if (problem := refuse_path(file.path, file.name, allow_empty=True)) is not None
    ]
    by_table: dict[str, list[RawFile]] = defaultdict(list)
    for file in newest:
        by_table[file.table].append(file)
    return dict(by_table), [*problems, *_conflicts(newest), *_unclear_years(newest, files)], notes


def _listed(patterns: Patterns) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns)


def _detect(folder: Path, skip: set[str]) -> tuple[list[RawFile], list[str]]:
    detected, rest = [], []
    for path in sorted(folder.iterdir()):
        extension = path.suffix.lower().lstrip(".")
        if path.name.startswith((".", "~$")) or extension not in (*FORMATS, *OTHER_TABULAR):
            continue
        file = recognise_name(path) if extension in FORMATS else None
        if file is None:
            rest.append(path.name)
        elif file.table not in skip:
            detected.append(file)
        else:
            rest.append(path.name)
    return detected, rest


def recognise_name(path: Path) -> RawFile | None:
    """Return the file of a table whose name is canonical or one of CBS; nothing for any other name."""
    stem = path.stem.strip()
    out_of_range = None
    for table, layout, expression, first, last in _patterns():
        match = expression.fullmatch(stem)
        if match is None:
            continue
        named = match.groupdict()
        digits = named.get("year") or ""
        year = year_of(digits, stem) if digits else None
        if digits and year is None:
            continue
        version = int(named["version"]) if named.get("version") else None
        ending, short = path.suffix.lower().lstrip("."), len(digits) == 2
        file = RawFile(path, path.name, table, ending, year, version, layout, short_year=short)
        if year is None or first <= year <= last:
            return file
        out_of_range = out_of_range or file
    return out_of_range


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str], int, int], ...]:
    """List ``table, layout, pattern of the stem, first year, last year``; canonical names come first."""
    patterns = []
    for table in contracts():
        stem = rf"{table}(?:[ _-]?{YEAR})?{_VERSION_AFTER}"
        patterns.append((table, "canonical", re.compile(stem, re.IGNORECASE), 0, 9999))
    for entry in facts("tables")["files"]:
        name = re.escape(entry["name"]).replace(r"\{year\}", f" ?{YEAR}").replace(r"\*", ".*?")
        stem = f"{_DATE_BEFORE}{name}{_VERSION_AFTER}"
        compiled = re.compile(stem, re.IGNORECASE)
        patterns.append((entry["table"], "cbs", compiled, entry.get("from", 0), entry.get("to", 9999)))
    return tuple(patterns)


def _match(folder: Path, table: str, patterns: Iterable[str]) -> list[RawFile]:
    """Match the patterns of a study: ``*``, ``?`` and ``{year}``; several files of a year are parts of one table."""
    found: dict[Path, RawFile] = {}
    for pattern in patterns:
        expressions = [_expression(pattern, year) for year in (FOUR, TWO)]
        paths = folder.rglob("*") if "/" in pattern else folder.iterdir()
        for path in sorted(paths):
            name = path.relative_to(folder).as_posix()
            match = next(filter(None, (one.fullmatch(name) for one in expressions)), None)
            extension = path.suffix.lower().lstrip(".")
            if match is None or extension not in FORMATS:
                continue
            detected = recognise_name(path)
            digits = match.groupdict().get("year") or ""
            year = year_of(digits, path.stem) if digits else None
            if digits and year is None:
                continue
            if detected and not digits and not detected.short_year:
                year = detected.year
            tail = re.search(r"V(\d+)$", path.stem, re.IGNORECASE)
            part = re.sub(r"[ _-]?V\d+$", "", path.stem, flags=re.IGNORECASE) if "*" in pattern else ""
            version = int(tail[1]) if tail else None
            layout = detected.layout if detected else "cbs"
            short = len(digits) == 2
            found[path] = RawFile(path, name, table, extension, year, version, layout, part.lower(), short)
    return list(found.values())


def _expression(pattern: str, year: str) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    text = text.replace(r"\{year\}", f"(?P<year>{year})", 1).replace(r"\{year\}", "(?P=year)")
    return re.compile(text, re.IGNORECASE)


def _participants_file(path: Path) -> RawFile | Problem:
    extension = path.suffix.lower().lstrip(".")
    problem = refuse_path(path, path.name, allow_empty=True)
    if problem is not None:
        return replace(
            problem, expected="the participants' list", action="correct `participants`", table="participants"
        )
    if extension not in FORMATS:
        return _unknown_format(path.name, "participants")
    return RawFile(path, path.name, "participants", extension, None, None, "cbs")


def _usable(candidates: Iterable[RawFile]) -> tuple[list[RawFile], list[str]]:
    """Set aside investment files of before the present code list."""
    wide = facts("tables")["wide_investments"]
    usable, notes = [], []
    for file in candidates:
        early = (
            file.table == "investments" and file.layout == "cbs" and file.year is not None and file.year < wide["from"]
        )
        if early:
            notes.append(f"{file.name} cannot be used: {wide['note']}")
        else:
            usable.append(file)
    return usable, notes


def _newest(files: Iterable[RawFile]) -> tuple[list[RawFile], list[str]]:
    groups: dict[tuple[str, int | None, str], list[RawFile]] = defaultdict(list)
    for file in files:
        groups[file.table, file.year, file.part].append(file)
    newest, notes = [], []
    for group in groups.values():
        best = max(file.version or 0 for file in group)
        chosen = [file for file in group if (file.version or 0) == best]
        newest += chosen
        notes += [f"{file.name} was left aside: {chosen[0].name} is newer" for file in group if file not in chosen]
    order = list(contracts())
    newest.sort(
        key=lambda file: (order.index(file.table) if file.table in order else len(order), file.year or 0, file.name)
    )
    return newest, sorted(notes)


def _namesakes(files: Sequence[RawFile], unrecognised: Sequence[str]) -> list[str]:
    """Note the files that are not read, though their names begin as those of a table."""
    tables = {_letters(name): name for name in contracts()} | {_letters(file.path.stem): file.table for file in files}
    return [
        f"{name} is not read: it begins as a file of {tables[_letters(name)]}, and its name or format is of no table"
        for name in unrecognised
        if _letters(name) in tables
    ]


def _letters(name: str) -> str:
    """Return the words that a file name begins with."""
    words = re.match(r"[^\W\d]*", name)
    return words[0].strip("_").lower() if words else ""


def _conflicts(files: Sequence[RawFile]) -> list[Problem]:
    problems = []
    groups: dict[tuple[str, int | None, str], list[RawFile]] = defaultdict(list)
    for file in files:
        groups[file.table, file.year, file.part].append(file)
    for (table, year, _), group in groups.items():
        if len(group) > 1:
            names = ", ".join(sorted(file.name for file in group))
            of_year = f" of {year}" if year is not None else ""
            kinds = " in different formats" if len({file.format for file in group}) > 1 else ""
            problems.append(
                Problem(
                    where=group[0].name,
                    found=f"{len(group)} files{kinds} for {table}{of_year}: {names}",
                    expected="one",
                    action="move the others out of the folder, or name the one to read under `files`",
                    table=table,
                    count=len(group),
                )
            )
    for table in sorted({file.table for file in files}):
        whole = [file.name for file in files if file.table == table and file.year is None and not file.part]
        by_year = [file.name for file in files if file.table == table and file.year is not None]
        if whole and by_year and table != "participants":
            problems.append(
                Problem(
                    where=whole[0],
                    found=f"one file for all years beside {len(by_year)} files of a year ({by_year[0]}, …) for {table}",
                    expected="one file, or one a year",
                    action="move one kind out of the folder, or name the files to read under `files`",
                    table=table,
                )
            )
    return problems


def _unclear_years(files: Sequence[RawFile], named: Collection[str]) -> list[Problem]:
    by_table: dict[str, dict[str, tuple[int, bool]]] = defaultdict(dict)
    for file in files:
        if file.year is not None:
            by_table[file.table][file.name] = file.year, file.short_year
    found = [refuse_digits(table, years, is_year=table in named) for table, years in by_table.items()]
    return [problem for problem in found if problem is not None]


def missing_tables(found: FoundFiles) -> list[Problem]:
    """List the required tables that no file was found for."""
    present = {file.table for file in found.files} | {problem.table for problem in found.problems}
    problems = []
    for name, contract in contracts().items():
        if contract.required and name not in present:
            names = [entry["name"] for entry in facts("tables")["files"] if entry["table"] == name]
            stems = {Path(other).stem.lower(): other for other in found.unrecognised}
            close = difflib.get_close_matches(name, stems, n=2, cutoff=0.5) or [
                stem for stem in stems if any(stem.startswith(text.split("{")[0].rstrip("*").lower()) for text in names)
            ]
            near = f" (nearest: {', '.join(stems[stem] for stem in close[:2])})" if close else ""
            problems.append(
                Problem(
                    where="the extract",
                    found=f"no file for {name}{near}",
                    expected=f"{name}.parquet (or {', '.join(FORMATS[1:])}), or a CBS name such as {names[0]}",
                    action="add the file, or give its name under `files`",
                    table=name,
                )
            )
    return problems


def _no_folder(folder: Path) -> Problem | None:
    """Say why a folder cannot be listed; nothing where it can."""
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        found = "no such folder"
    except NotADirectoryError:
        found = "a file, not a folder"
    except (OSError, ValueError) as error:
        found = f"a folder that cannot be read ({getattr(error, 'strerror', None) or error})"
    else:
        return None
    expected = "a folder with the raw files"
    return Problem(folder.name or "the extract", found, expected, "correct the path of the extract")


def _unknown_table(name: str) -> Problem:
    near = difflib.get_close_matches(name, contracts(), n=1)
    return Problem(
        where="files",
        found=f"a table {name!r}{f' (nearest: {near[0]})' if near else ''}",
        expected=f"one of {', '.join(contracts())}",
        action="correct the name under `files`",
    )


def _no_match(table: str, patterns: Sequence[str], others: Sequence[str]) -> Problem:
    letters = {_letters_of(other): other for other in reversed(others)}
    close = difflib.get_close_matches(_letters_of(patterns[0]) if patterns else "", letters, n=2, cutoff=0.4)
    near = [letters[one] for one in close]
    return Problem(
        where="files",
        found=f"no file that matches {', '.join(patterns)}{f' (nearest: {chr(44).join(near)})' if near else ''}",
        expected=f"at least one file in {', '.join(FORMATS)}",
        action="correct the pattern under `files`",
        table=table,
    )


def _letters_of(name: str) -> str:
    """Return what tells the name of a file from others: without its ending, years and what a pattern leaves open."""
    return re.sub(r"\{year\}|[*?\d]", "", name.rsplit(".", maxsplit=1)[0]).casefold()


def _unknown_format(name: str, table: str) -> Problem:
    return Problem(
        where=name,
        found=f"a file in a format that is not read ({Path(name).suffix or 'no extension'})",
        expected=", ".join(FORMATS),
        action="save it as CSV in UTF-8",
        table=table,
    )
