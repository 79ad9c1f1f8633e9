"""The exhibits of a study as Python: the call that makes each, as a reader would write it in a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from si_eval.study.catalogue import EXHIBIT_FUNCTIONS, OF_EXHIBITS, PATHS, REGISTERS, SUMMARIES
from si_eval.study.file import ExhibitSpec, Study

WIDEST = 110  # letters of a call on one line


def exhibit_calls(study: Study) -> dict[str, str]:
    """Map each exhibit that is made of registers alone to its call, such as ``se.compare_groups(panel, …)``.

    Exhibits whose arguments name files or other exhibits have none: the study file alone can say these.
    """
    return {exhibit.id: call for exhibit in study.file.exhibits if (call := _call(exhibit))}


def _call(exhibit: ExhibitSpec) -> str:
    """Write the call of one exhibit; empty where it cannot be made in a notebook."""
    inputs = [name for name in EXHIBIT_FUNCTIONS[exhibit.function].inputs if name != SUMMARIES]
    if not inputs or not set(inputs) <= set(REGISTERS) or set(exhibit.arguments) & {*OF_EXHIBITS, *PATHS}:
        return ""
    arguments = [*inputs, *(f"{name}={_written(value)}" for name, value in exhibit.arguments.items())]
    line = f"se.{exhibit.function}({', '.join(arguments)})"
    if len(line) <= WIDEST:
        return line
    return f"se.{exhibit.function}(\n    " + ", ".join(inputs) + ",\n" + "".join(
        f"    {one},\n" for one in arguments[len(inputs) :]
    ) + ")"  # fmt: skip


def _written(value: Any) -> str:
    """Write a value of a study file as Python does, its texts in double quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(name)}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
