"""The verdict on one published figure or claim, and the reason that names the numbers compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from si_eval import vocabulary as v
from si_eval.published.asked import describe_claim, describe_precision, describe_reading
from si_eval.published.cases import Case, Outcome, list_cases, listed, weigh_case
from si_eval.published.lookup import Cell, Results
from si_eval.published.phrases import Phrase, join, phrase, told, written

EXACT = "exact"
WITHIN = "within precision"
DIRECTION = "direction holds"
FAILS = "fails"
NOT_COMPUTABLE = "not computable"
VERDICTS = (EXACT, WITHIN, DIRECTION, FAILS, NOT_COMPUTABLE)
COLUMNS = (
    *("id", "kind", "exhibit", "statement", "statement_nl", "published", "computed", "unit", "precision"),
    *("reading", "reading_nl", "verdict", "reason", "reason_nl", "source", "section", "line"),
)
MANY_CASES = 8  # a reason lists no more cases than these
REMARKS = "; "  # between what a reason says
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
        verdict, reason = rule["verdict"], phrase("published_withheld_both")
    elif "not_computable" in rule:
        unknown = told(rule.get("not_computable_nl", ""), rule["not_computable"])
        reason = outcome.why if "withheld" in rule and outcome.why else unknown
    elif row["whole_population"] and results.thinned:
        reason = results.thinned
    elif outcome.why:
        reason = outcome.why
    else:
        low, high = published - rule["below"] * step, published + rule["above"] * step
        slack = SLACK * max(abs(published), step)
        verdict = rule["verdict"] if low - slack <= outcome.computed <= high + slack else FAILS
        numbers = {"computed": outcome.computed, "printed": published, "low": low, "high": high}
        reason = phrase("published_compared", **{name: _format(number) for name, number in numbers.items()})
    if results.calibrated_to(case.left.cells[0]):
        reason = join([reason, phrase("published_calibrated")], REMARKS)
    judged = {"kind": "figure", "published": published, "precision": row["precision"]}
    judged["reading"] = describe_precision(row, results.readings, results.labels)
    return _finish({**judged, "verdict": verdict, "reason": reason}, outcome, row, results)


def judge_claim(row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Decide one claim from its cases: first the direction, then the word of strength, if it has one."""
    cases = list_cases(row, results)
    firsts = [term.cells[0] for case in cases for term in case[:2] if term.cells]
    varying = [column for column in Cell._fields if len({getattr(cell, column) for cell in firsts}) > 1]
    outcomes = [weigh_case(case, row, varying, results) for case in cases]
    votes = _vote(row, outcomes, results.readings["words"])
    holds = _decide_claim(row, votes, outcomes, results.readings)
    reason = _reason(votes, outcomes, holds, mixed=row["comparison"] == MIXED)
    verdict = {True: DIRECTION, False: FAILS, None: NOT_COMPUTABLE}[holds]
    comparison, word = row["comparison"], row["word"].replace("_", " ")
    if holds and (comparison in ("=", "flat") or (comparison == MIXED and word)):
        verdict = WITHIN
    elif holds and word and comparison not in NEARNESS:
        fits = _word_fits(row, cases, votes, outcomes, results)
        verdict = WITHIN if fits else DIRECTION
        fit = {True: "published_word_fits", False: "published_word_misses", None: "published_word_unknown"}[fits]
        strength = describe_reading(row["word"], results.readings["words"], results.labels)
        reason = join([reason, phrase(fit, word=strength)], REMARKS)
    asked = [row["quantifier"] if len(cases) > 1 else "", row["comparison"], row["other"], word]
    judged = {"kind": "claim", "published": math.nan, "precision": " ".join(filter(None, asked))}
    judged["reading"] = describe_claim(row, results.readings, results.labels, several=len(cases) > 1)
    only = outcomes[0] if len(outcomes) == 1 else Outcome()
    return _finish({**judged, "verdict": verdict, "reason": reason}, only, row, results)


def _format(number: float) -> Phrase:
    return written(f"{number:,.1f}".removesuffix(".0") if abs(number) >= 100 else f"{number:.4g}")


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


def _reason(votes: Sequence[bool | None], outcomes: Sequence[Outcome], holds: bool | None, *, mixed: bool) -> Phrase:
    """Name the numbers compared, those that decide first; of several cells also how many hold."""
    if not outcomes:
        return phrase("published_no_cell")
    missing = list(dict.fromkeys(outcome.why for outcome in outcomes if outcome.why))
    order = sorted(zip(votes, outcomes, strict=True), key=lambda pair: pair[0] is not holds and not mixed)
    texts = missing if holds is None else [outcome.text for _, outcome in order if outcome.text]
    left = len(texts) - MANY_CASES
    more = phrase("published_more", count=written(str(left))) if left > 0 else Phrase()
    text = join([*texts[:MANY_CASES], more], REMARKS)
    if len(outcomes) == 1:
        return text
    unknown = phrase("published_open", count=written(str(votes.count(None)))) if missing else Phrase()
    counts = {"yes": written(str(votes.count(True))), "asked": written(str(len(votes)))}
    return phrase("published_above" if mixed else "published_hold", **counts, open=unknown, cells=text)


def _finish(judged: Mapping[str, Any], outcome: Outcome, row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Complete the row that is handed out; the reason also says what else the reader should know."""
    remarks = [judged["reason"]]
    if judged["verdict"] == FAILS and v.NON_PARTICIPANTS in row["group"] + row.get("other", ""):
        remarks.append(results.thinned)
    if row["confidence"] and float(row["confidence"]) < results.readings["results"]["ambiguous_below"]:
        remarks.append(phrase("published_ambiguous", confidence=written(row["confidence"])))
    reason = join([*remarks, told(row["note_nl"], row["note"])], REMARKS)
    complete: dict[str, Any] = {**row, **judged, "unit": outcome.unit}
    complete |= {"reason": reason.en, "reason_nl": reason.nl}
    complete |= {"reading": judged["reading"].en, "reading_nl": judged["reading"].nl}
    complete["computed"] = math.nan if judged["verdict"] == NOT_COMPUTABLE else outcome.computed
    return {column: complete[column] for column in COLUMNS}
