"""Checks what a check of an effect asks: the effect, and every check of it, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from si_eval import cells
from si_eval.arguments import Arguments, describe_value
from si_eval.effects.requests import DEFAULTS, STAGGERED, Request, check_effect_request
from si_eval.errors import StudyError
from si_eval.results import Panel

FUNCTION = "check_effect"
EVERY_CHECK = "all"
CHECKS = (
    "placebo_date", "placebo_outcome", "leave_one_out", "spillover", "randomisation", "honest", "rosenbaum", "unseen",
    "bracket", "attrition",
)  # fmt: skip


@dataclass(frozen=True)
class CheckRequest:
    """The checks that are asked for, with what they need."""

    checks: tuple[str, ...]
    dates: tuple[int, ...]
    outcomes: tuple[str, ...]
    leave_out: tuple[str, ...]
    ratios: tuple[float, ...]
    gamma: tuple[float, ...]
    draws: int
    seed: int


def check_of(panel: Panel, of: object, function: str = FUNCTION) -> tuple[Request, object]:
    """Return the request of the effect that is checked, and its match; raise `StudyError` for another design."""
    arguments = cells.check_panel(function, panel)
    known = {"outcome", *DEFAULTS}
    if not isinstance(of, Mapping):
        expected = "the arguments of estimate_effect"
        arguments.add("of", describe_value(of), expected, "write for example {'outcome': 'revenue'}")
    else:
        unknown = sorted(str(name) for name in of if name not in known)
        if unknown:
            arguments.add("of", ", ".join(unknown), f"arguments of estimate_effect: {', '.join(sorted(known))}",
                          "correct them; against is not checked, spillover is")  # fmt: skip
        if "outcome" not in of:
            arguments.add("of", "no outcome", "the name of an indicator", "add outcome")
    arguments.refuse_problems()
    assert isinstance(of, Mapping)
    given = {**DEFAULTS, **of}
    request = check_effect_request(panel, **given)
    if request.design != STAGGERED:
        raise StudyError(
            f"of: found design {request.design!r}; expected 'staggered': checks rest on years before entry; use "
            "earliest_entry where entry is not known"
        )
    return request, given["match"]


def check_request(panel: Panel, **given: object) -> CheckRequest:
    """Return the checks that are asked for; raise `ArgumentError` with everything that is wrong."""
    arguments = Arguments(FUNCTION)
    chosen: tuple[str, ...] = CHECKS
    if given["checks"] != EVERY_CHECK:
        chosen = arguments.names("checks", given["checks"], CHECKS, what="checks")
    dates = arguments.sequence("dates", given["dates"], "numbers of years") or []
    ratios = arguments.sequence("ratios", given["ratios"], "numbers of 0 or more") or []
    gamma = arguments.sequence("gamma", given["gamma"], "numbers of 1 or more") or []
    outcomes = arguments.names("outcomes", given["outcomes"], panel.indicators, what="indicators", empty=True)
    classes = [name for name in panel.table.columns if not panel.table[name].type().is_floating()]
    request = CheckRequest(
        chosen,
        tuple(arguments.whole("dates", one, least=1, action="give numbers of years") for one in dates),
        outcomes,
        arguments.names("leave_out", given["leave_out"], classes, what="columns of classes", empty=True),
        tuple(arguments.number("ratios", one, least=0, action="give numbers of 0 or more") for one in ratios),
        tuple(arguments.number("gamma", one, least=1, action="give numbers of 1 or more") for one in gamma),
        arguments.whole("draws", given["draws"], least=1, action="give a number of draws"),
        arguments.whole("seed", given["seed"], least=0, action="give a whole number"),
    )
    if "placebo_outcome" in chosen and given["checks"] != EVERY_CHECK and not outcomes:
        arguments.add("outcomes", "none", "indicators that the programme cannot change", "name one or more")
    arguments.refuse_problems()
    return request
