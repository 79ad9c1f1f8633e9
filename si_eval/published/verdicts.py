"""The verdict on one published figure or claim, and the reason that names the numbers compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from si_eval import vocabulary as v
from si_eval.published.bilingual import BilingualText, join_texts, labelled, number_text, stored_text
from si_eval.published.contrasts import Contrast, ContrastResult, evaluate_contrast, list_contrasts, split_list
from si_eval.published.descriptions import describe_claim, describe_precision, describe_reading
from si_eval.published.lookup import CALIBRATED, RESTATED, Cell, Results, weakest_basis
from si_eval.registry import currency_of, named_currency
from si_eval.results.comparison import AGREE, VERDICTS

EXACT, WITHIN, DIRECTION, FAILS, NOT_COMPUTABLE = VERDICTS
COLUMNS = (
    *("id", "kind", "exhibit", "statement", "statement_nl", *v.PUBLISHED_NUMBERS, "unit", "precision"),
    *("reading", "reading_nl", "verdict", "basis", "reason", "reason_nl", "source", "section", "line"),
)
MAX_LISTED = 8  # a reason lists no more contrasts than these
SEPARATOR = "; "  # between what a reason says
REL_TOL = 1e-9  # relative: what floating point may do to a border

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
NEARNESS_COMPARISONS = ("=", "!=", "flat", "up_or_flat")
MIXED = "mixed"


def _code(text: str) -> BilingualText:
    """Return a code that is the same in both languages."""
    return BilingualText(text, text)


def not_one_currency(printed: str, computed: str) -> bool:
    """Whether a printed figure is in one currency and the computed number in another."""
    return bool(currency_of(computed)) and named_currency(printed) not in ("", currency_of(computed))


def judge_figure(row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Compare one printed figure with the computed number, under the precision with which it was printed."""
    rule, contrast = results.readings["precision"][row["precision"]], list_contrasts({**row, "other": ""}, results)[0]
    result = evaluate_contrast(contrast, row, (), results)
    unit, result = result.unit, result._replace(unit=row["unit"])
    published, step = float(row["value"] or "nan"), float(row["step"] or "nan")
    verdict = NOT_COMPUTABLE
    if "withheld" in rule and result.withheld:
        verdict, reason = rule["verdict"], labelled("published_withheld_both")
    elif "not_computable" in rule:
        unknown = stored_text(rule.get("not_computable_nl", ""), rule["not_computable"])
        reason = result.reason if "withheld" in rule and result.reason else unknown
    elif row["whole_population"] and results.thinning_note:
        reason = results.thinning_note
    elif result.reason:
        reason = result.reason
    elif not_one_currency(row["unit"], unit):
        reason = labelled("published_other_currency", computed=_code(currency_of(unit)), printed=_code(row["unit"]))
    else:
        low, high = published - rule["below"] * step, published + rule["above"] * step
        slack = REL_TOL * max(abs(published), step)
        verdict = rule["verdict"] if low - slack <= result.computed <= high + slack else FAILS
        numbers = {"computed": result.computed, "printed": published, "low": low, "high": high}
        reason = labelled("published_compared", **{name: _format(number) for name, number in numbers.items()})
    if verdict in AGREE and result.basis in (RESTATED, CALIBRATED):
        reason = join_texts([reason, labelled(f"published_{result.basis}")], SEPARATOR)
    judged = {"kind": "figure", "published": published, "precision": row["precision"]}
    judged["reading"] = describe_precision(row, results.readings, results.labels)
    return _complete_row({**judged, "verdict": verdict, "reason": reason}, result, row, results)


def judge_claim(row: Mapping[str, str], results: Results) -> dict[str, Any]:
    """Decide one claim from its contrasts: first the direction, then the word of strength, if it has one."""
    contrasts = list_contrasts(row, results)
    first_cells = [term.cells[0] for contrast in contrasts for term in contrast[:2] if term.cells]
    varying = [column for column in Cell._fields if len({getattr(cell, column) for cell in first_cells}) > 1]
    evaluated = [evaluate_contrast(contrast, row, varying, results) for contrast in contrasts]
    held = _which_hold(row, evaluated, results.readings["words"])
    holds = _decide_claim(row, held, evaluated, results.readings)
    reason = _write_reason(held, evaluated, holds, mixed=row["comparison"] == MIXED)
    verdict = {True: DIRECTION, False: FAILS, None: NOT_COMPUTABLE}[holds]
    comparison, word = row["comparison"], row["word"].replace("_", " ")
    if holds and (comparison in ("=", "flat") or (comparison == MIXED and word)):
        verdict = WITHIN
    elif holds and word and comparison not in NEARNESS_COMPARISONS:
        fits = _word_fits(row, contrasts, held, evaluated, results)
        verdict = WITHIN if fits else DIRECTION
        fit = {True: "published_word_fits", False: "published_word_misses", None: "published_word_unknown"}[fits]
        strength = describe_reading(row["word"], results.readings["words"], results.labels)
        reason = join_texts([reason, labelled(fit, word=strength)], SEPARATOR)
    precision = [row["quantifier"] if len(contrasts) > 1 else "", row["comparison"], row["other"], word]
    judged = {"kind": "claim", "published": math.nan, "precision": " ".join(filter(None, precision))}
    judged["reading"] = describe_claim(row, results.readings, results.labels, several=len(contrasts) > 1)
    basis = weakest_basis(result.basis for result in evaluated)
    single = evaluated[0] if len(evaluated) == 1 else ContrastResult(basis=basis)
    return _complete_row({**judged, "verdict": verdict, "reason": reason}, single, row, results)


def _format(number: float) -> BilingualText:
    """Write a computed or printed number in both languages."""
    return number_text(f"{number:,.1f}".removesuffix(".0") if abs(number) >= 100 else f"{number:.4g}")


def _which_hold(
    row: Mapping[str, str], evaluated: Sequence[ContrastResult], words: Mapping[str, Any]
) -> list[bool | None]:
    """Decide for each contrast whether the comparison holds; None where a number is missing."""
    compare = COMPARISONS[row["comparison"]]
    near = words[row["word"] if row["word"] and row["comparison"] in NEARNESS_COMPARISONS else "about"]
    return [None if result.sign is None else compare(result.sign, _in_range(result, near)) for result in evaluated]


def _in_range(result: ContrastResult, word: Mapping[str, Any]) -> bool:
    """Whether the size of a contrast lies in the range that a word allows."""
    low, high = word["points" if result.points else "relative"]
    return bool(low - REL_TOL <= abs(result.size) <= high + REL_TOL)


def _decide_claim(
    row: Mapping[str, str],
    held: Sequence[bool | None],
    evaluated: Sequence[ContrastResult],
    readings: Mapping[str, Any],
) -> bool | None:
    """Decide whether a claim holds; None where the missing cells could turn it."""
    if row["comparison"] == MIXED:
        word = readings["words"].get(row["word"], {})
        return _decide_mixed([result.sign for result in evaluated], word.get("minority", 0.0))
    return _decide_quantifier(held, readings["quantifiers"][row["quantifier"]])


def _decide_quantifier(held: Sequence[bool | None], quantifier: Mapping[str, Any]) -> bool | None:
    """Decide from the cells that are known; None where the missing ones could turn it."""
    yes, unknown, total = held.count(True), held.count(None), len(held)
    if "on_shown" in quantifier and total - unknown >= quantifier["on_shown"] * total:
        total, unknown = total - unknown, 0
    possible = {
        count >= quantifier.get("share", 0.0) * total - REL_TOL
        and count >= quantifier.get("count", 0)
        and not (quantifier.get("not_all", False) and count == total)
        for count in range(yes, yes + unknown + 1)
    }
    return possible.pop() if total and len(possible) == 1 else None


def _decide_mixed(signs: Sequence[int | None], minority: float) -> bool | None:
    """Decide whether both directions occur, each at least once and in at least the minority share of the cells."""
    needed = max(1, math.ceil(minority * len(signs) - REL_TOL))
    short = sum(max(0, needed - signs.count(sign)) for sign in (1, -1))
    return True if short == 0 else None if short <= signs.count(None) or not signs else False


def _word_fits(
    row: Mapping[str, str],
    contrasts: Sequence[Contrast],
    held: Sequence[bool | None],
    evaluated: Sequence[ContrastResult],
    results: Results,
) -> bool | None:
    """Decide whether enough cells hold with the strength that the word allows."""
    word = results.readings["words"][row["word"]]
    fits = [
        holds
        and (_moves_against_trend(contrast, row, word, results) if "steps_against" in word else _in_range(result, word))
        for holds, contrast, result in zip(held, contrasts, evaluated, strict=True)
    ]
    return _decide_quantifier(fits, results.readings["quantifiers"][row["quantifier"]])


def _moves_against_trend(
    contrast: Contrast, row: Mapping[str, str], word: Mapping[str, Any], results: Results
) -> bool | None:
    """Whether enough of the years between go against the trend; None where one of them is missing."""
    numbers = [results.number(cell, split_list(row["exhibit"])).value for cell in contrast.path]
    values = [number for number in numbers if number is not None]
    if len(values) < len(numbers):
        return None
    against = sum((later - before) * (values[-1] - values[0]) < 0 for before, later in pairwise(values))
    return bool(against >= word["steps_against"])


def _write_reason(
    held: Sequence[bool | None], evaluated: Sequence[ContrastResult], holds: bool | None, *, mixed: bool
) -> BilingualText:
    """Name the numbers compared, those that decide first; of several cells also how many hold."""
    if not evaluated:
        return labelled("published_no_cell")
    missing = list(dict.fromkeys(result.reason for result in evaluated if result.reason))
    order = sorted(zip(held, evaluated, strict=True), key=lambda pair: pair[0] is not holds and not mixed)
    texts = missing if holds is None else [result.text for _, result in order if result.text]
    n_more = len(texts) - MAX_LISTED
    more = labelled("published_more", count=number_text(str(n_more))) if n_more > 0 else BilingualText()
    text = join_texts([*texts[:MAX_LISTED], more], SEPARATOR)
    if len(evaluated) == 1:
        return text
    unknown = labelled("published_open", count=number_text(str(held.count(None)))) if missing else BilingualText()
    counts = {"yes": number_text(str(held.count(True))), "total": number_text(str(len(held)))}
    return labelled("published_above" if mixed else "published_hold", **counts, open=unknown, cells=text)


def _complete_row(
    judged: Mapping[str, Any], result: ContrastResult, row: Mapping[str, str], results: Results
) -> dict[str, Any]:
    """Complete the row that is handed out; the reason also says what else the reader should know."""
    remarks = [judged["reason"]]
    if judged["verdict"] == FAILS and v.NON_PARTICIPANTS in row["group"] + row.get("other", ""):
        remarks.append(results.thinning_note)
    if row["confidence"] and float(row["confidence"]) < results.readings["results"]["ambiguous_below"]:
        remarks.append(labelled("published_ambiguous", confidence=number_text(row["confidence"])))
    reason = join_texts([*remarks, stored_text(row["note_nl"], row["note"])], SEPARATOR)
    complete: dict[str, Any] = {**row, **judged, "unit": result.unit, "basis": result.basis}
    complete |= {"reason": reason.en, "reason_nl": reason.nl}
    complete |= {"reading": judged["reading"].en, "reading_nl": judged["reading"].nl}
    complete["computed"] = math.nan if judged["verdict"] == NOT_COMPUTABLE else result.computed
    return {column: complete[column] for column in COLUMNS}
