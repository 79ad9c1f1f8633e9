"""Exceptions, and the list of problems that every validator returns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class SiEvalError(Exception):
    """Anything that si_eval refuses to do, with a message that says why and what to do."""


class StudyError(SiEvalError, ValueError):
    """A study file, a rule set or an argument that cannot be carried out."""


class DisclosureError(SiEvalError):
    """Something that may not cross the public border, or that the border does not know."""


class DroppedRowsWarning(UserWarning):
    """Rows were set aside; the message counts them and the result lists them."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where, what was found, what was expected, what to do."""

    where: str
    found: str
    expected: str
    action: str
    table: str = ""
    column: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        column = f", column `{self.column}`" if self.column else ""
        examples = f" (for example {'; '.join(self.examples)})" if self.examples else ""
        return f"{self.where}{column}: found {self.found}{examples}; expected {self.expected}; {self.action}"


class InputError(SiEvalError):
    """One error that lists every problem of an input at once."""

    def __init__(self, problems: Sequence[Problem], what: str = "the extract") -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(self.problems, start=1))
        plural = "problem" if len(self.problems) == 1 else "problems"
        super().__init__(f"{what} has {len(self.problems)} {plural}:\n{lines}")


def propose_name(name: object, known: Iterable[str], otherwise: str) -> str:
    """Return what to do about an unknown name: ask whether the nearest known one was meant, or ``otherwise``."""
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise
