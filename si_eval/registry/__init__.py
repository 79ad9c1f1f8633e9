"""Facts as TOML: tables, indicators, classes, assets, rule sets, labels. Read once, never written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from si_eval.registry.files import facts
from si_eval.registry.rules import RuleSet, rule_set

__all__ = ["Indicator", "RuleSet", "assets", "facts", "indicators", "rule_set", "sections", "size_class_labels"]


@dataclass(frozen=True)
class Indicator:
    """One indicator: its name in the panel, its unit, and what it is computed from."""

    name: str
    function: str
    unit: str
    domain: str
    nl: str
    en: str
    of: str = ""
    numerator: str = ""
    denominator: str = ""


@cache
def assets() -> dict[str, dict[str, Any]]:
    """Give the investment assets by name: labels and CBS codes."""
    return facts("assets")


@cache
def indicators() -> dict[str, Indicator]:
    """Give every indicator by name; those ``for_each_asset`` are written out for each asset."""
    entries = {name: entry for name, entry in facts("indicators").items() if name != "for_each_asset"}
    for pattern, entry in facts("indicators")["for_each_asset"].items():
        for asset, asset_facts in assets().items():
            entries[pattern.replace("<asset>", asset)] = {
                key: value.replace("<asset>", asset)
                .replace("<nl>", asset_facts["nl"])
                .replace("<en>", asset_facts["en"])
                for key, value in entry.items()
            }
    return {name: Indicator(name=name, **entry) for name, entry in entries.items()}


@cache
def sections() -> dict[str, dict[str, Any]]:
    """Give the SBI 2008 sections by letter: first and last division, and labels."""
    return {section["code"]: section for section in facts("sbi")["sections"]}


def size_class_labels(classes: str = "size_class") -> tuple[str, ...]:
    """Give the size classes of ``size_class`` or ``size_class_4`` in ascending order."""
    return tuple(facts("size_classes")["classes"][classes]["labels"])
