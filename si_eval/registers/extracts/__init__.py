"""Reads raw register extracts once: finds the files, maps their names, fingerprints them and validates every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from si_eval.errors import InputError, Problem
from si_eval.registers.extracts.describing import describe
from si_eval.registers.extracts.files import missing_tables
from si_eval.registers.extracts.reading import Request, examine
from si_eval.results import Extract

__all__ = ["Examination", "examine_extract", "read_extract"]

if TYPE_CHECKING:
    from si_eval.engine import Engine


LINKS = ("kvk_person", "person_business_unit")  # tables that registers without a chain of links do not have


@dataclass(frozen=True)
class Examination:
    """What was found in an extract: a text, the problems, and the extract where there are none.

    ``is_known`` is false where neither the tables that every run needs are there, nor one of the chain of links: the
    folder may have another layout.
    """

    text: str
    problems: tuple[Problem, ...]
    extract: Extract | None
    is_known: bool = True


def read_extract(
    source: str | Path | Sequence[str | Path],
    *,
    files: Mapping[str, str | Sequence[str]] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    money_unit: Mapping[str, float] | None = None,
    participants: str | Path | None = None,
    cache: str | Path | None = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
    accept: Mapping[str, str] | None = None,
) -> Extract:
    """Read a raw extract under the contract's names.

    ``source`` is a folder, or several. Canonical and CBS file names are found by themselves; ``files`` gives patterns
    for a table instead (``*``, ``?`` and ``{year}``), ``columns`` the file's name of a column by table, ``money_unit``
    the euro per unit in a table's files (1 or 1000), ``participants`` a list outside the folders. Files other than
    parquet are converted once into the folder ``cache`` (default: the environment's ``SI_EVAL_CACHE``, else
    ``~/.cache/si_eval``). Raw files are never changed. ``progress`` is told in a few words what is being done.
    ``accept`` gives, by name of a check of plausibility that fails although the extract is right, the reason.

    Returns an Extract whose tables have exactly the contract's columns and types, not loaded into memory.
    Raises InputError with every problem of every file at once.

    >>> extract = read_extract("extract/")                                          # doctest: +SKIP
    """
    examined = examine(Request(source, files, columns, money_unit, participants, cache, engine, progress, accept))
    if examined.extract is None:
        raise InputError(examined.problems)
    return examined.extract


def examine_extract(
    source: str | Path | Sequence[str | Path],
    *,
    files: Mapping[str, str | Sequence[str]] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    money_unit: Mapping[str, float] | None = None,
    participants: str | Path | None = None,
    cache: str | Path | None = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
    accept: Mapping[str, str] | None = None,
) -> Examination:
    """Read an extract once, and say what it holds, what is wrong with it, and what a run could not answer.

    Arguments as in `read_extract`. Problems are listed, and are part of the text; none is raised.
    """
    examined = examine(Request(source, files, columns, money_unit, participants, cache, engine, progress, accept))
    linked = any(file.table in LINKS for file in examined.found.files)
    known = linked or not missing_tables(examined.found)
    return Examination(describe(examined), examined.problems, examined.extract, known)
