"""Size and age classes as relational expressions, from the borders in the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from si_eval.registry import ComparisonGroup, Split, facts

if TYPE_CHECKING:
    import ibis.expr.types as ir


def size_class_of(persons: ir.Column, classes: str) -> ir.Column:
    """Name the size class (``size_class`` or ``size_class_4``) of a number of persons; missing stays missing."""
    entry = facts("size_classes")["classes"][classes]
    return _banded(persons, entry["lower"], entry["labels"])


def age_class_of(age: ir.Column) -> ir.Column:
    """Name the age class of an age in years; missing stays missing."""
    entry = facts("age_classes")
    return _banded(age, entry["lower"], entry["labels"])


def split_of(panel: ir.Table, split: Split) -> ir.Column:
    """Name the class that each unit has in a split of a study: its band, or the value of the column as text."""
    column = panel[split.of]
    return _banded(column, split.borders, split.bands()) if split.borders else column.cast("string")


def group_member(panel: ir.Table, group: ComparisonGroup) -> ir.BooleanColumn:
    """Mark the units of a comparison group by what the register says of them."""
    kept = [panel[column].cast("string").isin([str(one) for one in values]) for column, values in group.where.items()]
    return ibis.and_(*kept).fill_null(False)


def _banded(value: ir.Column, lower: Sequence[float], labels: Sequence[str]) -> ir.Column:
    """Name the band that a value falls in; below the first band and missing stay missing."""
    bands = [(value >= low, label) for low, label in zip(reversed(lower), reversed(labels), strict=True)]
    return ibis.cases(*bands, else_=ibis.null("string"))
