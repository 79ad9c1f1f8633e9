"""Checks the arguments of a call before work starts, each by its name, and refuses it with every problem at once."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from si_eval.errors import ArgumentError, Problem, SiEvalError, propose_name

T = TypeVar("T")
MAX_CHARACTERS = 80  # of a value in a message
MAX_KNOWN = 30  # names that a message lists
PLAIN = (str, bool, int, float, complex, bytes, datetime.date, type(None))
OPTION_ACTION = "name one of these"


class Arguments:
    """The arguments of one call: each check returns a value as the work needs it, and keeps what is wrong with it.

    Where something is wrong, a check returns an empty value of the type (NaN, 0, no text, what is right of a list);
    `refuse_problems` ends the call before any of these is used.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        self.problems: list[Problem] = []

    def add(self, name: str, found: str, expected: str, action: str) -> None:
        """Keep a problem of an argument."""
        self.problems.append(Problem(name, found, expected, action))

    def refuse_problems(self, error: type[SiEvalError] = ArgumentError) -> None:
        """Raise all problems at once, if there are any; ``error`` takes a text unless it is `ArgumentError`."""
        if self.problems and issubclass(error, ArgumentError):
            raise error(self.problems, what=self.function)
        if self.problems:
            raise error(str(ArgumentError(self.problems, what=self.function)))

    def instance(self, name: str, value: object, kind: type[T], action: str) -> T | None:
        """Return a value of a type."""
        if isinstance(value, kind):
            return value
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        self.add(name, describe_value(value), f"{article} {kind.__name__}", action)
        return None

    def number(
        self,
        name: str,
        value: object,
        *,
        above: float | None = None,
        least: float | None = None,
        below: float | None = None,
        most: float | None = None,
        action: str = "correct it",
    ) -> float:
        """Return a finite number in a range, with its ends (``least``, ``most``) or without (``above``, ``below``)."""
        exact = None
        if isinstance(value, Real) and not isinstance(value, bool):
            exact = float(value)
        if exact is not None and _in_range(exact, above, least, below, most):
            return exact
        self.add(name, describe_value(value), f"a number{_range(above, least, below, most)}", action)
        return math.nan

    def level(self, name: str, value: object) -> float:
        """Return the coverage of an interval: a number between 0 and 1."""
        percent = isinstance(value, Real) and not isinstance(value, bool) and 1 < float(value) < 100
        example = f"{float(value) / 100:g}" if percent and isinstance(value, Real) else "0.95"
        action = f"write {example}" + ("" if percent else " for 95 percent")
        return self.number(name, value, above=0, below=1, action=action)

    def whole(
        self, name: str, value: object, *, least: int | None = None, most: int | None = None, action: str = "correct it"
    ) -> int:
        """Return a whole number in a range; 2014.0 is one, "2014" is not."""
        exact = whole_number(value)
        if exact is not None and _in_range(exact, None, least, None, most):
            return exact
        self.add(name, describe_value(value), f"a whole number{_range(None, least, None, most)}", action)
        return 0

    def flag(self, name: str, value: object) -> bool:
        """Return true or false."""
        exact = plain_value(value)
        if isinstance(exact, bool):
            return exact
        self.add(name, describe_value(value), "True or False", "write one of these")
        return False

    def option(self, name: str, value: object, options: Iterable[str], action: str = OPTION_ACTION) -> str:
        """Return one of some texts."""
        known = list(options)
        if isinstance(value, str) and value in known:
            return value
        self.add(name, describe_value(value), f"one of {list_names(known)}", propose_name(value, known, action))
        return ""

    def sequence_of_texts(self, name: str, value: object, what: str) -> tuple[str, ...]:
        """Return texts that are not empty, of a list that may be empty."""
        listed = self.sequence(name, value, f"a list of {what}") or []
        return tuple(self.text(name, one, f"write a list of {what}") for one in listed)

    def text(self, name: str, value: object, action: str = "write a text") -> str:
        """Return a text that is not empty."""
        if isinstance(value, str) and value.strip():
            return value
        self.add(name, describe_value(value), "a text", action)
        return ""

    def path(self, name: str, value: object) -> Path:
        """Return the path of a file or a folder."""
        named = isinstance(value, str) and bool(value.strip()) and "\0" not in value
        if isinstance(value, Path) or (isinstance(value, str) and named):
            return Path(value)
        self.add(name, describe_value(value), "a path", "write a text or a Path")
        return Path()

    def names(
        self,
        name: str,
        value: object,
        known: Iterable[str],
        *,
        what: str,
        action: str = OPTION_ACTION,
        empty: bool = False,
        near: Iterable[str] | None = None,
    ) -> tuple[str, ...]:
        """Return one or several names, each once, of those that are ``known``; ``what`` says what they name."""
        options = list(known)
        listed = [value] if isinstance(value, str) else self.sequence(name, value, f"a name or a list of {what}")
        if listed is None:
            return ()
        if not listed and not empty:
            self.add(name, "an empty list", f"{what}: {list_names(options)}", action)
        wrong = [one for one in listed if not isinstance(one, str) or one not in options]
        for one in wrong:
            advice = propose_name(one, options if near is None else near, action)
            self.add(name, describe_value(one), f"{what}: {list_names(options)}", advice)
        right = [str(one) for one in listed if isinstance(one, str) and one in options]
        for one in dict.fromkeys(one for one in right if right.count(one) > 1):
            self.add(name, f"{one!r} more than once", "each once", "name it once")
        return tuple(dict.fromkeys(right))

    def years(
        self, name: str, value: object, known: Iterable[int], *, action: str = "name years of the panel"
    ) -> tuple[int, ...]:
        """Return years in order, each once, of those that are ``known``."""
        options = sorted(known)
        if whole_number(value) is not None:
            self.add(name, describe_value(value), "a list of years", f"write [{whole_number(value)}]")
            return ()
        listed = self.sequence(name, value, "a list of years")
        if listed is None:
            return ()
        if not listed:
            self.add(name, "an empty list", f"years among {list_names(options)}", "leave it out for all years")
        years = [self.year(name, one, options, action=action) for one in listed]
        return tuple(sorted(set(years)))

    def year(self, name: str, value: object, known: Iterable[int], *, action: str = "name a year of the panel") -> int:
        """Return a year of those that are ``known``."""
        options, year = sorted(known), whole_number(value)
        if year is not None and year in options:
            return year
        if isinstance(value, str) and value.strip().isdecimal() and int(value) in options:
            action = f"write {int(value)}, without quotes"
        self.add(
            name,
            describe_value(value),
            f"one of {options if len(options) < MAX_KNOWN else list_names(options)}",
            action,
        )
        return 0

    def sequence(self, name: str, value: object, expected: str) -> list[Any] | None:
        """Return the elements of a list, a tuple, an array, a Series or a range, of a set in order; not of a text."""
        if (
            isinstance(value, Iterable)
            and not isinstance(value, str | bytes | Mapping)
            and getattr(value, "ndim", 1) == 1
        ):
            return [plain_value(one) for one in (sorted(value, key=str) if isinstance(value, Set) else value)]
        text = isinstance(value, str) and value
        self.add(name, describe_value(value), expected, f"write [{value!r}]" if text else "give a list")
        return None


def whole_number(value: object) -> int | None:
    """Return a whole number of any type of numbers; None for what is none, for a text and for true and false."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    if isinstance(value, Integral):
        return int(value)
    return int(float(value)) if math.isfinite(value) and float(value).is_integer() else None


def plain_value(value: object) -> object:
    """Return a value of an array as Python knows it; others as they are."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", None) == 0 else value


def describe_value(value: object) -> str:
    """Write a value short enough for a message; of tables, arrays and other objects only the type is told."""
    exact = plain_value(value)
    if isinstance(exact, PLAIN) or _is_small(exact):
        text = repr(exact)
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 2] + " …"
    return f"a value of type {type(value).__name__}"


def list_names(names: Sequence[object]) -> str:
    """List names, the first of a long list."""
    shown = ", ".join(map(str, names[:MAX_KNOWN]))
    return f"{shown} and {len(names) - MAX_KNOWN} more" if len(names) > MAX_KNOWN else shown or "none"


def _is_small(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(one, PLAIN) for pair in value.items() for one in pair)
    return isinstance(value, list | tuple | set | frozenset | range) and all(isinstance(one, PLAIN) for one in value)


def _in_range(value: float, above: float | None, least: float | None, below: float | None, most: float | None) -> bool:
    return (
        math.isfinite(value)
        and (above is None or value > above)
        and (least is None or value >= least)
        and (below is None or value < below)
        and (most is None or value <= most)
    )


def _range(above: float | None, least: float | None, below: float | None, most: float | None) -> str:
    """Write a range in words."""
    if above is not None and below is not None:
        return f" between {above:g} and {below:g}"
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    parts = [f"above {above:g}" if above is not None else "", f"of {least:g} or more" if least is not None else ""]
    parts += [f"below {below:g}" if below is not None else "", f"at most {most:g}" if most is not None else ""]
    text = " and ".join(part for part in parts if part)
    return f" {text}" if text else ""
