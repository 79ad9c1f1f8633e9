"""How printed figures and the words of claims are read: the file of readings, checked as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from si_eval.errors import InputError, Problem, StudyError
from si_eval.published.lookup import Cell
from si_eval.text_input.file_shape import shape_problems
from si_eval.text_input.toml_files import read_toml

READINGS = "readings.toml"
ABOUT = "about"  # the word for two numbers that are near each other


def _in_order(ends: tuple[float, float]) -> tuple[float, float]:
    """Raise `ValueError` for a range that is no range."""
    if not 0 <= ends[0] <= ends[1]:
        raise ValueError("two numbers from 0, the lower one first")
    return ends


Share = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Range = Annotated[tuple[float, float], AfterValidator(_in_order)]


class _Entry(BaseModel):
    """An entry of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Named(_Entry):
    """An entry with its name in both languages."""

    nl: str = ""
    en: str = ""


class _Precision(_Named):
    verdict: Literal["exact", "within precision"] | None = None
    below: Steps | None = None
    above: Steps | None = None
    withheld: bool = False
    not_computable: str | None = None
    not_computable_nl: str = ""


class _Quantifier(_Named):
    share: Share | None = None
    count: Annotated[int, Field(ge=0)] | None = None
    on_shown: Share | None = None
    not_all: bool = False


class _Word(_Named):
    relative: Range | None = None
    points: Range | None = None
    steps_against: Annotated[int, Field(ge=0)] | None = None
    minority: Share | None = None


class _Results(_Entry):
    rule_set: str
    ambiguous_below: Share
    indicators: list[str] = []


class _Composite(_Entry):
    column: Literal[Cell._fields]  # type: ignore[valid-type]  # the names of the fields, spelled once
    value: str
    parts: Annotated[list[str], Field(min_length=1)]
    statistics: list[str]


class _Readings(_Entry):
    results: _Results
    precision: dict[str, _Precision]
    quantifiers: dict[str, _Quantifier]
    words: dict[str, _Word]
    composites: list[_Composite]


PARTS: dict[str, type[BaseModel]] = {
    "results": _Results,
    "precision": _Precision,
    "quantifiers": _Quantifier,
    "words": _Word,
    "composites": _Composite,
}


def read_readings(readings: str | Path | None, *, beside: Sequence[pd.DataFrame | str | Path]) -> dict[str, Any]:
    """Read the precisions, quantifiers and words from the file named, or from the one beside the published rows.

    Raises `InputError` with every problem of the file.
    """
    paths = [Path(source).with_name(READINGS) for source in beside if not isinstance(source, pd.DataFrame)]
    if readings is None and not paths:
        raise StudyError("readings: found none; expected a TOML file with precisions and words; name it with readings=")
    path = paths[0] if readings is None else readings
    content = read_toml(path, what="readings")
    where = Path(path).name
    try:
        problems = list(_content_problems(_Readings.model_validate(content), where))
    except ValidationError as error:
        problems = list(shape_problems(error, where, _Readings, PARTS))
    if problems:
        raise InputError(problems, what=f"the readings {where}")
    return content


def _content_problems(readings: _Readings, where: str) -> Iterator[Problem]:
    """List precisions and words that decide nothing, and composites that contain themselves."""
    for name, rule in readings.precision.items():
        decides = rule.verdict is not None and rule.below is not None and rule.above is not None
        if not decides and rule.not_computable is None:
            expected = "verdict, below and above, or not_computable"
            yield Problem(where, "no rule", expected, "add them", column=f"precision.{name}")
        if rule.withheld and rule.verdict is None:
            yield Problem(where, "no verdict", "the verdict of a withheld figure", "add it", "", f"precision.{name}")
    about = readings.words.get(ABOUT)
    if about is None or about.relative is None or about.points is None:
        found, expected = "no range", "relative and points of the word `about`, which says what is near"
        yield Problem(where, found, expected, "add them", column=f"words.{ABOUT}")
    for name, word in readings.words.items():
        if (word.relative is None) != (word.points is None):
            yield Problem(where, "one range of two", "relative and points", "add the other", column=f"words.{name}")
    for name, entry in readings.quantifiers.items():
        if entry.share is None and entry.count is None:
            yield Problem(where, "no rule", "a share or a count", "add one", column=f"quantifiers.{name}")
    for place, composite in enumerate(readings.composites):
        if composite.value in _all_parts(readings.composites, composite):
            found, expected = f"{composite.value!r} as a part of itself", "parts that are smaller"
            yield Problem(where, found, expected, "correct the parts", column=f"composites.{place}.parts")


def _all_parts(composites: Sequence[_Composite], composite: _Composite) -> set[str]:
    """Collect the parts of a composite, their parts, and so on."""
    parts_of = {one.value: one.parts for one in composites if one.column == composite.column}
    found: set[str] = set()
    waiting = list(composite.parts)
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting += parts_of.get(part, [])
    return found
