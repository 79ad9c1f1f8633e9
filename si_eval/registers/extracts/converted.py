"""A raw column in the contract's type, with the marks of values that resist and the readings it can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ibis.expr.types as ir


class TextColumn(NamedTuple):
    """The cleaned texts of a column, and what each is (where the column decides how they are read)."""

    text: ir.StringValue
    kind: ir.IntegerValue


@dataclass(frozen=True)
class Converted:
    """A column in its type; ``cheap`` says that it may be computed at every use.

    ``checks`` mark raw rows; `changed` marks text that differs from the stored text, so that clean text stays as it is.
    ``readings`` has the values under each decision about the whole column, by name; ``value`` is missing where all are.
    """

    value: ir.Value
    checks: Mapping[str, ir.BooleanValue] = field(default_factory=dict)
    cheap: bool = True
    refused: str = ""
    readings: Mapping[str, ir.Value] = field(default_factory=dict)
