"""The questions of an evaluation, answered: sentences that follow from protected cells, each with its evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.report.answer_file import Answer, Answers, NumberFormat, Rule
from si_eval.report.border import NUMBER, STATE, WITHHELD, require_safe, safe_rows
from si_eval.report.cells import written_number
from si_eval.report.display import LANGUAGES, Display, seal_payload
from si_eval.report.formats import PERCENT_UNITS, SHARE_UNITS, number
from si_eval.report.labels import title_of, value_label
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    DIFFERENCE,
    ESTIMATE,
    EVIDENCE_ORDER,
    GOAL_REALISED,
    GOAL_TARGET,
    GROUP,
    INDICATOR,
    NO_LABELS,
    RANK,
    UNIT_OF_MEASURE,
    YEAR,
    Labels,
    Language,
    label,
    within_sentence,
)

KIND = "answers"
Question = tuple[str, Mapping[Language, str]]  # its id, and the question in each language


def answer_questions(
    questions: Sequence[Question], *, answers: Answers, tables: Sequence[SafeTable], language: Language = "en"
) -> Display:
    """Write what the exhibits of a study say of each question, for a notebook and the document.

    Each sentence is chosen by its rule from protected cells and followed by the evidence of its exhibit and a link to
    it. A question that nothing answers says so, and so does an exhibit whose cells are withheld.

    Parameters
    ----------
    questions : sequence of (str, mapping)
        The id of each question and its text by language, in order.
    answers : Answers
        From `load_answers`.
    tables : sequence of SafeTable
        The protected exhibits.
    language : {"nl", "en"}
        The language to read in the notebook.

    Returns
    -------
    Display

    Raises
    ------
    StudyError
        Where an exhibit that answers is not among the tables, or its keys leave no row.
    DisclosureError
        For anything but SafeTables as they were sealed.
    """
    exhibits = {require_safe(table).exhibit: table for table in tables}
    written: list[dict[str, Any]] = [
        {
            "id": name,
            "title": {one: text.get(one, "") for one in LANGUAGES},
            "sentences": [_sentence(answer, exhibits) for answer in answers.answers if answer.question == name],
        }
        for name, text in questions
    ]
    payload: dict[str, Any] = {
        "kind": KIND,
        "exhibit": "",
        "questions": written,
        "synthetic": any(one["synthetic"] for question in written for one in question["sentences"]),
    }
    payload["html"] = {one: answers_html(payload, one) for one in LANGUAGES}
    return Display(payload["html"][language], seal_payload(payload), language)


def state_limits(
    questions: Sequence[Question], *, answers: Answers, tables: Sequence[SafeTable], language: Language = "en"
) -> Display:
    """Write what the answers of a study rest on and what their exhibits cannot show, for a notebook and the document.

    The questions are listed by the strongest evidence that answers them; then what each exhibit behind an answer cannot
    show, each thing once. Arguments and errors are those of `answer_questions`.
    """
    exhibits = {require_safe(table).exhibit: table for table in tables}
    behind = {answer.exhibit: exhibits[answer.exhibit] for answer in answers.answers if answer.exhibit in exhibits}
    strongest: dict[str, list[str]] = {}
    for name, _ in questions:
        mine = [one.exhibit for one in answers.answers if one.question == name]
        found = [behind[exhibit].evidence for exhibit in mine if exhibit in behind]
        strongest.setdefault(max(found, key=EVIDENCE_ORDER.index) if found else "", []).append(name)
    said = []
    for level in sorted(strongest, key=lambda one: -EVIDENCE_ORDER.index(one) if one else 1):
        term = "report_limits_answered" if level else "report_limits_unanswered"
        said.append(
            {
                "text": {
                    one: label(term, one).format(
                        questions=", ".join(strongest[level]), evidence=label(level, one) if level else ""
                    )
                    for one in LANGUAGES
                },
                "evidence": level, "exhibit": "", "title": dict.fromkeys(LANGUAGES, ""), "synthetic": False,
            }
        )  # fmt: skip
    limits: dict[str, SafeTable] = {}
    for table in behind.values():
        if table.cannot_show:
            limits.setdefault(table.cannot_show, table)
    unable = [
        {
            "text": {one: label(text, one, table.labels) for one in LANGUAGES},
            "evidence": table.evidence,
            "exhibit": table.exhibit,
            "title": {one: title_of(table, one) for one in LANGUAGES},
            "synthetic": False,
        }
        for text, table in limits.items()
    ]
    written = [
        {"id": "", "title": {one: label(term, one) for one in LANGUAGES}, "sentences": sentences}
        for term, sentences in (("report_limits_questions", said), ("report_limits_figures", unable))
    ]
    payload: dict[str, Any] = {"kind": KIND, "exhibit": "", "questions": written, "synthetic": False}
    payload["html"] = {one: answers_html(payload, one) for one in LANGUAGES}
    return Display(payload["html"][language], seal_payload(payload), language)


def answers_html(payload: Mapping[str, Any], language: Language) -> str:
    """Write the answers as HTML; a link to an exhibit carries its id, for the document to number."""
    parts = []
    for question in payload["questions"]:
        lines = [_line(sentence, language) for sentence in question["sentences"]]
        if not lines:
            lines = [f'<p class="none">{escape(label("report_answer_none", language))}</p>']
        head = f'<span class="number">{escape(question["id"])}</span> {escape(question["title"][language])}'
        parts.append(f'<div class="answer"><p class="question">{head}</p>{"".join(lines)}</div>')
    return f'<div class="si-answers">{"".join(parts)}</div>'


def evidence_text(sentence: Mapping[str, Any], language: Language, own: Labels = NO_LABELS) -> str:
    """Return the evidence of a sentence that rests on an exhibit; empty for one that does not."""
    if not sentence["exhibit"]:
        return ""
    return label("report_evidence", language, own).format(evidence=label(sentence["evidence"], language, own))


def _line(sentence: Mapping[str, Any], language: Language) -> str:
    tag = (
        f' <small class="si-word">{escape(label("report_synthetic_word", language))}</small>'
        if sentence["synthetic"]
        else ""
    )
    evidence = escape(evidence_text(sentence, language))
    link = (
        f'<a class="si-shown-in" data-exhibit="{escape(sentence["exhibit"])}" '
        f'href="#{escape(sentence["exhibit"])}">{escape(sentence["title"][language])}</a>'
    )
    text = escape(sentence["text"][language])
    below = f'<small class="si-evidence">{evidence} {link}</small>' if sentence["exhibit"] else ""
    return f"<p>{text}{tag}{below}</p>"


def _sentence(answer: Answer, exhibits: Mapping[str, SafeTable]) -> dict[str, Any]:
    """Fill one sentence from the cells of its exhibit, in each language."""
    place = f"the answer to question {answer.question}"
    if answer.exhibit not in exhibits:
        raise StudyError(
            f"{place}: found no exhibit {answer.exhibit}; expected it among the tables; give all tables of the study"
        )
    safe = exhibits[answer.exhibit]
    rows = safe_rows(safe)
    try:
        text = RULES[answer.rule](rows, answer, safe.labels)
    except StudyError as error:
        raise StudyError(f"{place}, from {answer.exhibit}: {error}") from error
    return {
        "text": text,
        "evidence": safe.evidence,
        "exhibit": answer.exhibit,
        "title": {one: title_of(safe, one) for one in LANGUAGES},
        "synthetic": safe.simulation is not None,
    }


def _cells(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Name cells in one sentence; a withheld one reads so."""
    found = {
        name: (_one(rows, {**answer.where, **keys.where}, name), keys.format) for name, keys in answer.cells.items()
    }
    return {
        one: answer.sentence("text")
        .of(one)
        .format(**{name: written(row, form, one) for name, (row, form) in found.items()})
        for one in LANGUAGES
    }


def _difference(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Say what the interval of one row says."""
    row = _one(rows, answer.where, "the difference")
    if row[STATE] != NUMBER or pd.isna(row[CONF_LOW]) or pd.isna(row[CONF_HIGH]):
        return _no_number([row[STATE]])
    outcome = "up" if row[CONF_LOW] > 0 else "down" if row[CONF_HIGH] < 0 else "unclear"
    return {
        one: answer.sentence(outcome).of(one).format(
            **{
                place: written({**row, ESTIMATE: row[column]}, answer.format, one)
                for place, column in (("estimate", ESTIMATE), ("low", CONF_LOW), ("high", CONF_HIGH))
            }
        )
        for one in LANGUAGES
    }  # fmt: skip


def _differences(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Count the differences whose intervals lie above, below and around zero."""
    found = _where(rows, {GROUP: DIFFERENCE, **answer.where})
    tested = found[(found[STATE] == NUMBER) & found[CONF_LOW].notna() & found[CONF_HIGH].notna()]
    if tested.empty:
        return _no_number(list(found[STATE]))
    higher, lower = int((tested[CONF_LOW] > 0).sum()), int((tested[CONF_HIGH] < 0).sum())
    counts = {
        "higher": higher,
        "lower": lower,
        "unclear": len(tested) - higher - lower,
        "tested": len(tested),
        "all": len(found),
    }
    return _counted(answer, "some" if higher + lower else "none", counts)


def _ranking(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Name the categories with the largest, the second and the smallest value; ties go by the name of the category."""
    found = _where(rows, answer.where)
    shown = found[found[STATE] == NUMBER].sort_values([ESTIMATE, CATEGORY], ascending=[False, True])
    if len(shown) < len(("first", "second", "last")):
        return _no_number(list(found[STATE]))
    chosen = {"first": shown.iloc[0], "second": shown.iloc[1], "last": shown.iloc[-1]}
    return {
        one: answer.sentence("text").of(one).format(
            **{name: within_sentence(value_label(CATEGORY, row[CATEGORY], one, own)) for name, row in chosen.items()},
            **{f"{name}_value": written(row, answer.format, one) for name, row in chosen.items()},
        )
        for one in LANGUAGES
    }  # fmt: skip


def _attainment(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Set what was realised beside its target, by category."""
    found = _where(rows, answer.where)
    asked = found[found[INDICATOR] == GOAL_TARGET].set_index(CATEGORY)
    targets, lower_is_better = asked[ESTIMATE], asked[UNIT_OF_MEASURE] == RANK
    realised = found[found[INDICATOR] == GOAL_REALISED].set_index(CATEGORY)[ESTIMATE].reindex(targets.index)
    if targets.empty:
        raise StudyError(f"found no {GOAL_TARGET}; expected rows with targets; correct `where`")
    known = realised.notna() & targets.notna()
    shares = found[found[INDICATOR] == GOAL_REALISED].set_index(CATEGORY)[UNIT_OF_MEASURE].isin(SHARE_UNITS)
    in_percent = asked[UNIT_OF_MEASURE].isin(PERCENT_UNITS) & shares.reindex(targets.index, fill_value=False)
    targets = targets.where(~in_percent, targets / 100)
    met = np.where(lower_is_better, realised <= targets, realised >= targets)
    reached = int((met & known).sum())
    counts = {
        "reached": reached,
        "missed": int(known.sum()) - reached,
        "unknown": int((~known).sum()),
        "all": len(targets),
    }
    return _counted(answer, "text", counts)


def _growth(rows: pd.DataFrame, answer: Answer, own: Labels) -> dict[Language, str]:
    """Set the last year beside the first, by indicator and category."""
    found = _where(rows, answer.where)
    shown = found[(found[STATE] == NUMBER) & (found[YEAR] != ALL)].sort_values(YEAR, kind="stable")
    series = shown.groupby([column for column in shown if column in KEYS], sort=False)[ESTIMATE]
    first, last = series.first(), series.last()
    several = series.size() > 1
    if not several.any():
        return _no_number(list(found[STATE]))
    change = np.sign((last - first)[several])
    counts = {
        "rose": int((change > 0).sum()),
        "fell": int((change < 0).sum()),
        "same": int((change == 0).sum()),
        "all": int(several.sum()),
    }
    return _counted(answer, "text", counts)


KEYS = tuple(name for name in DIMENSIONS if name != YEAR)
RULES: Mapping[Rule, Callable[[pd.DataFrame, Answer, Labels], dict[Language, str]]] = {
    "cells": _cells,
    "difference": _difference,
    "differences": _differences,
    "ranking": _ranking,
    "attainment": _attainment,
    "growth": _growth,
}


def _counted(answer: Answer, outcome: str, counts: Mapping[str, int]) -> dict[Language, str]:
    return {
        one: answer.sentence(outcome).of(one).format(**{name: number(n, one) for name, n in counts.items()})
        for one in LANGUAGES
    }


def _no_number(states: Sequence[str]) -> dict[Language, str]:
    """Say that the cells of an answer are withheld, or could not be computed."""
    term = "report_answer_withheld" if WITHHELD in states else "report_answer_not_computable"
    return {one: label(term, one) for one in LANGUAGES}


def written(row: Mapping[str, Any] | pd.Series, form: NumberFormat, language: Language) -> str:
    """Write the estimate of a row; ``growth`` turns log points into per cent."""
    if form != "growth":
        return written_number(row, form, language)
    value = 100 * math.expm1(float(row[ESTIMATE])) if row[STATE] == NUMBER else math.nan
    return written_number({**row, ESTIMATE: value, UNIT_OF_MEASURE: PERCENT_UNITS[0]}, "percent", language)


def _where(rows: pd.DataFrame, keys: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows with these keys; raises StudyError where there is none."""
    found = rows
    for column, kept in keys.items():
        values = [str(value) for value in (kept if isinstance(kept, list) else [kept])]
        there = list(dict.fromkeys(found[column]))
        found = found[found[column].isin(values)]
        if found.empty:
            raise StudyError(
                f"found no row with {column} {', '.join(values)}; expected some of {', '.join(there[:12])}; correct it"
            )
    return found


def _one(rows: pd.DataFrame, keys: Mapping[str, Any], what: str) -> pd.Series:
    """Return the one row with these keys; raises StudyError where there are several."""
    found = _where(rows, keys)
    if len(found) > 1:
        varying = [name for name in DIMENSIONS if found[name].nunique() > 1]
        raise StudyError(
            f"found {len(found)} rows for {what}, which differ in {', '.join(varying)}; expected one; name its keys"
        )
    return found.iloc[0]
