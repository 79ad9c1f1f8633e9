"""The verdict on one published figure or claim, and the reason that names the numbers compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from si_eval import vocabulary as v
from si_eval.published.cases import Case, Outcome, list_cases, listed, weigh_case
from si_eval.published.lookup import Cell, Results

EXACT = "exact"
WITHIN = "within precision"
DIRECTION = "direction holds"
FAILS = "fails"
NOT_COMPUTABLE = "not computable"
VERDICTS = (EXACT, WITHIN, DIRECTION, FAILS, NOT_COMPUTABLE)
COLUMNS = (
    *("id", "kind", "exhibit", "statement", "published", "computed", "unit", "precision", "verdict", "reason"),
    *("source", "section", "line"),
)
MANY_CASES = 8  # a reason lists no more cases than these
SLACK = 1e-9  # relative: what floating point may do to a border

# A comparison asks for the sign of left minus right, and for whether the two lie near each other.
COMPARISONS: Mapping[str, Callable[[int, bool], bool]] = {
    ">": lambda sign, near: sign > 0,
    "<": lambda sign, near: sign < 0,
    ">=": lambda sign, near: sign >= 0,
    "<=": lambda sign, near: sign <= 0,
    "=": lambda sign, near: near,
    "!=": lambda sign, near: not near,
    "up": lambda sign, near: sign > 0,
    "down": lambda sign, near: sign < 0,
    "flat": lambda sign, near: near,
    "up_or_flat": lambda sign, near: sign > 0 or near,
    "up_then_down": lambda sign, near: sign > 0,
    "mixed": lambda sign, near: sign > 0,
}
NEARNESS = ("=", "!=", "flat", "up_or_flat")
MIXED = "mixed"


def judge_figure(row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Compare one printed figure with the computed number, under the precision with which it was printed."""
    rule, case = results.readings["precision"][row["precision"]], list_cases({**row, "other": ""}, results)[0]
    outcome = weigh_case(case, row, (), results)._replace(unit=row["unit"])
    published, step = float(row["value"] or "nan"), float(row["step"] or "nan")
    verdict = NOT_COMPUTABLE
    if "withheld" in rule and outcome.withheld:
        verdict, reason = rule["verdict"], "withheld here and in the source"
    elif "not_computable" in rule:
        reason = outcome.why if "withheld" in rule and outcome.why else rule["not_computable"]
    elif row["whole_population"] and results.thinned:
        reason = results.thinned
    elif outcome.why:
        reason = outcome.why
    else:
        low, high = published - rule["below"] * step, published + rule["above"] * step
        slack = SLACK * max(abs(published), step)
        verdict = rule["verdict"] if low - slack <= outcome.computed <= high + slack else FAILS
        told = [_format(number) for number in (outcome.computed, published, low, high)]
        reason = "computed {}, printed {}, allowed {} to {}".format(*told)
    if results.calibrated_to(case.left.cells[0]):
        reason += "; the simulation was calibrated to this figure"
    judged = {"kind": "figure", "published": published, "precision": row["precision"]}
    return _finish({**judged, "verdict": verdict, "reason": reason}, outcome, row, results)


def judge_claim(row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Decide one claim from its cases: first the direction, then the word of strength, if it has one."""
    cases = list_cases(row, results)
    firsts = [term.cells[0] for case in cases for term in case[:2] if term.cells]
    varying = [column for column in Cell._fields if len({getattr(cell, column) for cell in firsts}) > 1]
    outcomes = [weigh_case(case, row, varying, results) for case in cases]
    votes = _vote(row, outcomes, results.readings["words"])
    holds = _decide_claim(row, votes, outcomes, results.readings)
    reason = _reason(votes, outcomes, holds, "lie above" if row["comparison"] == MIXED else "hold")
    verdict = {True: DIRECTION, False: FAILS, None: NOT_COMPUTABLE}[holds]
    comparison, word = row["comparison"], row["word"].replace("_", " ")
    if holds and (comparison in ("=", "flat") or (comparison == MIXED and word)):
        verdict = WITHIN
    elif holds and word and comparison not in NEARNESS:
        fits = _word_fits(row, cases, votes, outcomes, results)
        verdict = WITHIN if fits else DIRECTION
        told = {True: "fits", False: "does not fit", None: "cannot be checked, years are missing"}[fits]
        reason += f"; '{word}' {told}"
    asked = [row["quantifier"] if len(cases) > 1 else "", row["comparison"], row["other"], word]
    judged = {"kind": "claim", "published": math.nan, "precision": " ".join(filter(None, asked))}
    only = outcomes[0] if len(outcomes) == 1 else Outcome()
    return _finish({**judged, "verdict": verdict, "reason": reason}, only, row, results)


def _format(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0") if abs(number) >= 100 else f"{number:.4g}"


def _vote(row: Mapping[str, str], outcomes: Sequence[Outcome], words: Mapping[str, Any]) -> list[bool | None]:
    """Say for each case whether the comparison holds; None where a number is missing."""
    holds = COMPARISONS[row["comparison"]]
    near = words[row["word"] if row["word"] and row["comparison"] in NEARNESS else "about"]
    return [None if outcome.sign is None else holds(outcome.sign, _in_range(outcome, near)) for outcome in outcomes]


def _in_range(outcome: Outcome, word: Mapping[str, Any]) -> bool:
    low, high = word["points" if outcome.points else "relative"]
    return bool(low - SLACK <= abs(outcome.size) <= high + SLACK)


def _decide_claim(
    row: Mapping[str, str], votes: Sequence[bool | None], outcomes: Sequence[Outcome], readings: Mapping[str, Any]
) -> bool | None:
    if row["comparison"] == MIXED:
        word = readings["words"].get(row["word"], {})
        return _decide_mixed([outcome.sign for outcome in outcomes], word.get("minority", 0.0))
    return _decide(votes, readings["quantifiers"][row["quantifier"]])


def _decide(votes: Sequence[bool | None], quantifier: Mapping[str, Any]) -> bool | None:
    """Decide from the cells that are known; None where the missing ones could turn it."""
    yes, unknown, asked = votes.count(True), votes.count(None), len(votes)
    if "on_shown" in quantifier and asked - unknown >= quantifier["on_shown"] * asked:
        asked, unknown = asked - unknown, 0
    possible = {
        count >= quantifier.get("share", 0.0) * asked - SLACK
        and count >= quantifier.get("count", 0)
        and not (quantifier.get("not_all", False) and count == asked)
        for count in range(yes, yes + unknown + 1)
    }
    return possible.pop() if asked and len(possible) == 1 else None


def _decide_mixed(signs: Sequence[int | None], minority: float) -> bool | None:
    """Decide whether both directions occur, each at least once and in at least the minority share of the cells."""
    needed = max(1, math.ceil(minority * len(signs) - SLACK))
    short = sum(max(0, needed - signs.count(sign)) for sign in (1, -1))
    return True if short == 0 else None if short <= signs.count(None) or not signs else False


def _word_fits(
    row: Mapping[str, str],
    cases: Sequence[Case],
    votes: Sequence[bool | None],
    outcomes: Sequence[Outcome],
    results: Results,
) -> bool | None:
    """Decide whether enough cells hold with the strength that the word allows."""
    word = results.readings["words"][row["word"]]
    fits = [
        vote and (_swings(case, row, word, results) if "steps_against" in word else _in_range(outcome, word))
        for vote, case, outcome in zip(votes, cases, outcomes, strict=True)
    ]
    return _decide(fits, results.readings["quantifiers"][row["quantifier"]])


def _swings(case: Case, row: Mapping[str, str], word: Mapping[str, Any], results: Results) -> bool | None:
    """Say whether enough of the years between go against the trend; None where one of them is missing."""
    numbers = [results.number(cell, listed(row["exhibit"])).value for cell in case.path]
    values = [number for number in numbers if number is not None]
    if len(values) < len(numbers):
        return None
    against = sum((later - before) * (values[-1] - values[0]) < 0 for before, later in pairwise(values))
    return bool(against >= word["steps_against"])


def _reason(votes: Sequence[bool | None], outcomes: Sequence[Outcome], holds: bool | None, verb: str) -> str:
    """Name the numbers compared, those that decide first; of several cells also how many hold."""
    if not outcomes:
        return "no exhibit holds a cell of this claim"
    missing = list(dict.fromkeys(outcome.why for outcome in outcomes if outcome.why))
    order = sorted(zip(votes, outcomes, strict=True), key=lambda pair: pair[0] is not holds and verb != "lie above")
    texts = missing if holds is None else [outcome.text for _, outcome in order if outcome.text]
    more = f"; and {len(texts) - MANY_CASES} more" if len(texts) > MANY_CASES else ""
    text = "; ".join(texts[:MANY_CASES]) + more
    if len(outcomes) == 1:
        return text
    open_cells = f", {votes.count(None)} without a number" if missing else ""
    return f"{votes.count(True)} of {len(votes)} {verb}{open_cells}: {text}"


def _finish(judged: Mapping[str, Any], outcome: Outcome, row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Complete the row that is handed out; the reason also says what else the reader should know."""
    remarks = [judged["reason"]]
    if judged["verdict"] == FAILS and v.NON_PARTICIPANTS in row["group"] + row.get("other", ""):
        remarks.append(results.thinned)
    if row["confidence"] and float(row["confidence"]) < results.readings["results"]["ambiguous_below"]:
        remarks.append(f"the source is ambiguous, read with confidence {row['confidence']}")
    complete: dict[str, Any] = {**row, **judged, "unit": outcome.unit}
    complete["reason"] = "; ".join(filter(None, [*remarks, row["note"]]))
    complete["computed"] = math.nan if judged["verdict"] == NOT_COMPUTABLE else outcome.computed
    return {column: complete[column] for column in COLUMNS}
