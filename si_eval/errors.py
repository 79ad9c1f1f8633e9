"""Exceptions, and the list of problems that every validator returns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


class SiEvalError(Exception):
    """Anything that si_eval refuses to do, with a message that says why and what to do.

    The base of all its errors: catch it to catch them all. A message says what was found, what was expected and what to
    do, in that order.

    Examples
    --------
    >>> import si_eval as se
    >>> try:
    ...     se.rule_set("replicate_2021")
    ... except se.SiEvalError as error:
    ...     print(type(error).__name__)
    StudyError
    """


class StudyError(SiEvalError, ValueError):
    """A study file, a rule set or an argument that cannot be carried out; also a ValueError.

    Examples
    --------
    >>> import si_eval as se
    >>> try:
    ...     se.rule_set("replicate_2021")
    ... except se.StudyError as error:
    ...     print(str(error).partition(";")[0])
    rules: found 'replicate_2021'
    """


class DisclosureError(SiEvalError):
    """Something that may not cross the public border, or that the border does not know.

    Examples
    --------
    >>> import si_eval as se
    >>> try:
    ...     se.protect([{"estimate": 1.0}])
    ... except se.DisclosureError:
    ...     print("refused")
    refused
    """


class DroppedRowsWarning(UserWarning):
    """Rows were set aside; the message counts them and the result lists them."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where, what was found, what was expected, what to do.

    Where the ``examples`` are ``of_units``, they show what stands in rows of firms or respondents (``row 3: 'x'``): the
    text names the rows alone, and `describe_values` tells the rest, for eyes inside.
    """

    where: str
    found: str
    expected: str
    action: str
    table: str = ""
    column: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()
    of_units: bool = False

    def __str__(self) -> str:
        column = f", column `{self.column}`" if self.column else ""
        told = self.examples
        if self.of_units:
            told = tuple(one.partition(":")[0] for one in told if one.startswith("row "))
        examples = f" (for example {'; '.join(told)})" if told else ""
        return f"{self.where}{column}: found {self.found}{examples}; expected {self.expected}; {self.action}"


def describe_values(problems: Sequence[Problem]) -> str:
    """Tell the values of units that the texts of problems leave out; empty where there are none."""
    lines = [
        f"  {number}. {'; '.join(problem.examples)}"
        for number, problem in enumerate(problems, start=1)
        if problem.of_units and problem.examples
    ]
    return "\n".join(["values of units, by the number of the problem; THIS STAYS INSIDE:", *lines]) if lines else ""


class InputError(SiEvalError):
    """One error that lists every problem of an input at once.

    Attributes
    ----------
    problems : tuple of Problem
        What is wrong: where, what was found, what was expected, what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 1], "year": [2014, 2014], "joined": [0, 3]})
    >>> try:
    ...     se.panel_from_frame(firms, unit="firm", year="year", participant="joined")
    ... except se.InputError as error:
    ...     print(len(error.problems), error.problems[1].found)
    2 1 values other than 0 and 1
    """

    def __init__(self, problems: Sequence[Problem], what: str = "the extract") -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(self.problems, start=1))
        plural = "problem" if len(self.problems) == 1 else "problems"
        super().__init__(f"{what} has {len(self.problems)} {plural}:\n{lines}")


class ArgumentError(InputError, StudyError):
    """A call whose arguments cannot be carried out, with every problem: an InputError, a StudyError and a ValueError.

    With a single problem the message is that problem.
    """

    def __init__(self, problems: Sequence[Problem], what: str = "the call") -> None:
        super().__init__(problems, what=what)
        if len(self.problems) == 1:
            self.args = (str(self.problems[0]),)


def merge_alike(problems: Iterable[Problem]) -> list[Problem]:
    """Join problems of several files of a table that have one cause: the first stands for all, which are counted."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        key = (problem.found, problem.expected, problem.action, problem.table, problem.column)
        groups.setdefault(key if problem.table and not problem.examples else (*key, str(len(groups))), []).append(
            problem
        )
    return [
        group[0] if len(group) == 1 else replace(
            group[0], where=f"{group[0].where} and {len(group) - 1} more {'file' if len(group) == 2 else 'files'}",
            count=sum(problem.count for problem in group),
        )
        for group in groups.values()
    ]  # fmt: skip


def propose_name(name: object, known: Iterable[str], otherwise: str) -> str:
    """Return what to do about an unknown name: ask whether the nearest known one was meant, or ``otherwise``."""
    options, letters = list(known), simplify_name(str(name))
    near = [one for one in options if letters and simplify_name(one) == letters]
    near = near or difflib.get_close_matches(str(name), options, n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise


def simplify_name(name: str) -> str:
    """Return the letters and digits of a name, in small letters: what is left of it when it was typed from memory."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())
