"""Facts as TOML: tables, indicators, classes, assets, rule sets, labels. Read once, never written."""

from __future__ import annotations

from functools import cache
from typing import Any

from si_eval.registry.currencies import EURO, currencies, currency_of, in_currency, in_euro, named_currency
from si_eval.registry.declarations import ComparisonGroup, Declarations, Declares, Split
from si_eval.registry.deflators import Deflators
from si_eval.registry.entries import (
    REGISTER_VALUE,
    Indicator,
    indicators,
    read_indicator,
    unit_labels,
    unweighted,
    weigh_declared,
)
from si_eval.registry.files import facts
from si_eval.registry.rules import RuleSet, rule_set

__all__ = [
    "EURO",
    "REGISTER_VALUE",
    "ComparisonGroup",
    "Declarations",
    "Declares",
    "Deflators",
    "Indicator",
    "RuleSet",
    "Split",
    "assets",
    "currencies",
    "currency_of",
    "facts",
    "in_currency",
    "in_euro",
    "indicators",
    "named_currency",
    "read_indicator",
    "rule_set",
    "sections",
    "size_class_labels",
    "unit_labels",
    "unweighted",
    "weigh_declared",
]


@cache
def assets() -> dict[str, dict[str, Any]]:
    """Read the investment assets by name: labels and CBS codes."""
    return facts("assets")


@cache
def sections() -> dict[str, dict[str, Any]]:
    """Read the SBI 2008 sections by letter: first and last division, and labels."""
    return {section["code"]: section for section in facts("sbi")["sections"]}


def size_class_labels(classes: str = "size_class") -> tuple[str, ...]:
    """List the size classes of ``size_class`` or ``size_class_4`` in ascending order."""
    return tuple(facts("size_classes")["classes"][classes]["labels"])
