"""Evaluate programmes for enterprises: link, compare, estimate, and hand out only what may leave.

Names are loaded when they are first used, so that a run which draws nothing does not load the drawing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Chart": "report",
    "DisclosureError": "errors",
    "DisclosureRules": "disclosure",
    "InputError": "errors",
    "OutputRequest": "disclosure",
    "ReleaseLedger": "disclosure",
    "RuleSet": "registry",
    "SiEvalError": "errors",
    "StudyError": "errors",
    "build_panel": "panel",
    "cell": "report",
    "check_consistency": "consistency",
    "check_selection": "selection",
    "compare_groups": "comparisons",
    "compare_published": "published",
    "compare_with_published": "study",
    "compute_exhibits": "exhibits",
    "describe_linkage": "reach",
    "describe_reach": "reach",
    "describe_sectors": "reach",
    "describe_unit_choice": "reach",
    "estimate_effect": "effects",
    "evaluate": "study",
    "index_series": "trends",
    "link_participants": "linkage",
    "load_study": "study_file",
    "open_reference": "opening",
    "open_study": "opening",
    "panel_from_frame": "frames",
    "protect": "disclosure",
    "protect_exhibits": "study",
    "read_extract": "opening",
    "release_run": "release",
    "rule_set": "registry",
    "run_study": "run",
    "say": "report",
    "show": "report",
    "show_comparison": "report",
    "simulate_extract": "synthetic",
    "simulate_firms": "synthetic",
    "study_tables": "study",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'si_eval' has no attribute {name!r}")
    value = getattr(import_module(f"si_eval.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
