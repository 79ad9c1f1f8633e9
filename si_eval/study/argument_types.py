"""Types of arguments, as a study file gives them: whether a value fits, and what a type is called there."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from si_eval.study.shape import is_whole

WORDS: dict[Any, tuple[str, str]] = {  # a type of the language -> one and several, as a study file calls them
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "values true or false"),
    Path: ("the path of a file", "paths of files"),
}

SIMPLE: dict[Any, tuple[type, ...]] = {  # a type of the language -> the types that a study file gives for it
    str: (str,), int: (int,), float: (int, float), bool: (bool,), Path: (str,),
}  # fmt: skip


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of a study file is of a type; types that no check is known for fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in arguments)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in arguments)
    if origin is not None:
        return _fits_container(value, origin, arguments)
    if hint in SIMPLE:
        kind = isinstance(value, SIMPLE[hint]) and (hint is bool or not isinstance(value, bool))
        return kind and not (isinstance(value, str) and not value.strip()) and not _is_endless(value)
    return hint is Any or not isinstance(hint, type) or isinstance(value, hint)


def _is_endless(value: object) -> bool:
    """Whether a value is infinite, no number at all, or larger than a whole number can be."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and not is_whole(value)


def _fits_container(value: Any, origin: type, arguments: tuple[Any, ...]) -> bool:
    """Whether a list or a table of a study file is of a container's type."""
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(fits(one, arguments[-1]) for one in value.values())
    if not isinstance(value, list):
        return False
    if issubclass(origin, tuple) and Ellipsis not in arguments:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    return all(fits(one, arguments[0]) for one in value)


def describe(hint: Any) -> str:
    """Describe a type as a study file would call it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        known = [one for one in arguments if get_origin(one) is not None or one in WORDS]
        return " or ".join(dict.fromkeys(map(describe, known))) or "nothing: a study file cannot give it"
    if origin is Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    return WORDS.get(hint, ("a value", ""))[0] if origin is None else _describe_container(origin, arguments)


def _describe_container(origin: type, arguments: tuple[Any, ...]) -> str:
    """Describe a list or a table as a study file would call it."""
    if issubclass(origin, Mapping):
        return "a table"
    if issubclass(origin, tuple) and Ellipsis not in arguments:
        return f"a list of {len(arguments)} values: {', '.join(map(describe, arguments))}"
    return f"a list of {WORDS[arguments[0]][1]}" if arguments[0] in WORDS else "a list"
