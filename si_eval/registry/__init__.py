"""Facts as TOML: tables, indicators, classes, assets, rule sets, labels. Read once, never written."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from si_eval.errors import StudyError


@cache
def facts(name: str) -> dict[str, Any]:
    """Read one file of facts, such as ``facts("indicators")``, as nested dictionaries."""
    text = resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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


@dataclass(frozen=True)
class RuleSet:
    """How a panel is built and compared. Every result names its rule set.

    ``min_quarters`` quarters make a year's revenue; ``investment_responses`` are used; per-employee figures need more
    than ``min_employed_persons``; ``outliers`` is ``"group_in_higher_class"`` or ``"none"``, with the fence in
    interquartile ranges of the log; ``level`` is the coverage of intervals.
    """

    name: str
    nl: str
    en: str
    source: str
    min_quarters: int
    investment_responses: tuple[str, ...]
    min_employed_persons: float
    outliers: str
    outlier_fence: float
    outlier_min_units: int
    level: float


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


def rule_set(rules: str | RuleSet) -> RuleSet:
    """Give a rule set by name, or check the one that is given."""
    if isinstance(rules, RuleSet):
        return rules
    known = facts("rules")
    if rules not in known:
        raise StudyError(
            f"rules: found {rules!r}; expected one of {', '.join(known)}; name one of these or give a RuleSet"
        )
    entry = {**known[rules], "investment_responses": tuple(known[rules]["investment_responses"])}
    return RuleSet(name=rules, **entry)
