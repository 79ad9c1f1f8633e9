"""Looks at an unknown folder and writes the study file that is proposed for it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from si_eval.errors import InputError, Problem, StudyError
from si_eval.registers.recognition import FolderReading, recognise_folder
from si_eval.study.proposal.draft import Ask
from si_eval.study.proposal.study_text import Proposal, propose_study
from si_eval.vocabulary import Language


@dataclass(frozen=True)
class Written:
    """A study file that was written, and what its folder was taken for."""

    path: Path
    reading: FolderReading
    proposal: Proposal

    def summary(self) -> str:
        """Tell what the folder was taken for, what is unsure, and what it cannot answer."""
        lines = [self.reading.summary(), "", f"study file: {self.path}, {self.proposal.exhibits} exhibits"]
        if self.proposal.unsure:
            lines += ["unsure, look at these first:", *(f"  {line}" for line in self.proposal.unsure)]
        if self.proposal.unanswered:
            lines += ["what these files cannot answer:", *(f"  {line}" for line in self.proposal.unanswered)]
        return "\n".join([*lines, f"next: si-eval check {shlex.quote(str(self.path))}"])


def write_proposal(
    folder: Path,
    out: Path | None = None,
    *,
    currency: str | None = None,
    language: Language | None = None,
    ask: Ask | None = None,
    progress: Callable[[str], None] | None = None,
) -> Written:
    """Propose a study file for a folder and write it, by default beside the folder and named after it.

    Raises `StudyError` where that file is there, `InputError` where the folder holds no register.
    """
    place = Path(os.path.realpath(folder))
    if not place.is_dir():
        raise StudyError(f"{folder}: found no folder; expected the folder with the raw files; correct the path")
    target = Path(f"{place.name or 'study'}.toml") if out is None else out
    if target.exists():
        raise StudyError(f"{target}: found a file; expected a new one; name another with `--out`, or remove this one")
    reading = recognise_folder(place, progress=progress)
    if not reading.link:
        raise InputError([no_register(reading), *reading.problems], what=f"the folder {place.name}")
    beside = os.path.relpath(place, target.absolute().parent)
    proposal = propose_study(
        reading, name=place.name, folder=Path(beside).as_posix(), currency=currency, language=language, ask=ask
    )
    target.write_text(proposal.text, encoding="utf-8")
    return Written(target, reading, proposal)


def no_register(reading: FolderReading) -> Problem:
    """Make the problem of a folder in which nothing looks like a register of firms."""
    tables = ", ".join(
        f"{table.pattern} ({', '.join(one.column for one in table.columns[:6])})" for table in reading.tables
    )
    found = f"nothing like a register of firms in {tables}" if tables else "no file with a table"
    expected = "a file with one row a firm and year, with persons employed or a code of activity"
    return Problem("the folder", found, expected, "name the folder with the raw files, as CSV, parquet, SPSS or Stata")
