"""Response rates by the AAPOR definitions, with units of unknown eligibility."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.survey.answers import QUESTION, RESPONDENT, Survey
from si_eval.survey.questionnaire import MATRIX, SINGLE, row_indicator
from si_eval.survey.requests import SurveyArguments
from si_eval.survey.survey_frame import DISPOSITIONS, SurveyFrame, load_frame
from si_eval.survey.tidy import RESPONDENTS, result_table
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    NOTE,
    RECORDS,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
)

RESPONSE_RATE = "response_rate"
ESTIMATED = "estimated"
CANNOT_SHOW = "A response rate says how many answered, not whether they are like those who did not."


@on_one_thread
def survey_response(
    survey: Survey,
    *,
    frame: SurveyFrame | str | Path,
    eligibility: float | Literal["estimated"] = "estimated",
    complete: float = 0.8,
    partial: float = 0.5,
) -> ResultTable:
    r"""Compute the response rates RR1 to RR6 of the American Association for Public Opinion Research, and the counts.

    A response rate says how many answered, not whether they are like those who did not.

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    frame : SurveyFrame or path
        Whom the survey went to, or its TOML file.
    eligibility : float or "estimated"
        The eligible share of the units of unknown eligibility: a number from 0 to 1, or the eligible share among the
        units of which it is known.
    complete : float
        An answer is complete when this share of the required questions that were asked is answered.
    partial : float
        An answer is partial from this share on; below it the respondent broke off.

    Returns
    -------
    ResultTable
        Rows ``response_rate`` with ``category`` ``RR1`` to ``RR6`` (``RR5 | name`` by stratum), ``n_units`` and
        ``n_total`` the numerator and denominator; and rows of counts: ``respondents``, ``invited``, ``ineligible``, ...

    Raises
    ------
    StudyError
        If ``eligibility`` is not a share, or a stratum is not an option of its question.
    InputError
        If the frame has problems.

    Notes ----- With I complete and P partial answers, R refusals (and who broke off), NC not contacted, O other invited
    units, U units of unknown eligibility and e the eligible share of these:

    .. math:: RR1 = \frac{I}{I + P + R + NC + O + U}, \quad RR3 = \frac{I}{I + P + R + NC + O + e U}, \quad
              RR5 = \frac{I}{I + P + R + NC + O}

    RR2, RR4 and RR6 have I + P in the numerator. Invited units that did nothing are counted as not contacted.
    Respondents beyond the number invited are counted, and taken as invited.

    References
    ----------
    AAPOR (2023), Standard Definitions, Response Rates 1-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> cells = {"invited": 40, "refused": 3, "not_contacted": 0, "other": 0, "ineligible": 2, "unknown": 10}
    >>> frame = survey.SurveyFrame("example", "", pd.DataFrame(cells, index=[""], dtype="float64"), {})
    >>> table = survey.survey_response(survey.load_example(), frame=frame).to_frame()
    >>> table.query("indicator == 'response_rate'")[["category", "estimate", "n_units", "n_total"]].round(3)
       category  estimate  n_units  n_total
    7       RR1     0.160        8     50.0
    8       RR2     0.160        8     50.0
    9       RR3     0.162        8   49.524
    10      RR4     0.162        8   49.524
    11      RR5     0.200        8     40.0
    12      RR6     0.200        8     40.0
    """
    arguments = SurveyArguments("survey_response", survey)
    if isinstance(eligibility, str) and eligibility == ESTIMATED:
        share = np.nan
    else:
        action = f"correct it, or write {ESTIMATED!r}"
        share = arguments.number("eligibility", eligibility, least=0, most=1, action=action)
    complete = arguments.number("complete", complete, above=0, most=1)
    partial = arguments.number("partial", partial, least=0, most=1)
    if partial > complete:
        arguments.add("partial", repr(partial), f"at most complete, {complete:g}", "swap them")
    arguments.refuse_problems()
    frame = frame if isinstance(frame, SurveyFrame) else load_frame(frame)
    _check_strata(survey, frame)
    finished = _completeness(survey, complete, partial)
    table = _dispositions(survey, frame, finished)
    total = table.sum()
    estimated = np.isnan(share)
    e = _eligible_share(total) if estimated else share
    origin = "estimated from the units of known eligibility" if estimated else "given"
    rows = [*_count_rows(survey, frame, table), *_rate_rows(total, e, f"e = {e:.3f}, {origin}")]
    for name, cell in table.iterrows():
        if name:
            rows += _stratum_rows(str(name), cell, e)
    return result_table([pd.DataFrame(rows)], survey, function="survey_response", cannot_show=CANNOT_SHOW)


def _completeness(survey: Survey, complete: float, partial: float) -> pd.Series:
    """Classify each respondent: complete (I), partial (P) or broken off (R)."""
    required = []
    for question in survey.questionnaire.asked:
        if question.required and question.kind == MATRIX:
            rows = survey.questionnaire.rows_of(question)
            required += [(question.id, row.id, row_indicator(question, row)) for row in rows if not row.open_text]
        elif question.required:
            required.append((question.id, "", question.id))
    n_answered = pd.Series(0.0, index=survey.asked_frame.index)
    n_required = pd.Series(0.0, index=survey.asked_frame.index)
    for name, row, column in required:
        given = survey.answers[survey.answers[QUESTION] == name]
        given = given[given["item"] == row] if row else given
        asked = survey.asked_frame[column]
        n_required += asked
        n_answered += asked & asked.index.isin(given[RESPONDENT])
    share = n_answered / n_required.where(n_required > 0)
    return share.map(lambda one: "I" if one >= complete else "P" if one >= partial else "R").astype(object)


def _dispositions(survey: Survey, frame: SurveyFrame, finished: pd.Series) -> pd.DataFrame:
    """Count the final dispositions I, P, R, NC, O, U and ineligible by stratum label (empty: outside all)."""
    members: dict[str, pd.Index] = {}
    labels: dict[str, str] = {"": ""}
    if frame.question:
        question = survey.questionnaire.question(frame.question, kinds=(SINGLE,), argument="frame.stratum.question")
        table = survey.choices(question)
        labels |= {option.code: option.en for option in question.options}
        members = {str(code): table.index[table[code]] for code in table}
    covered = pd.Index([respondent for ids in members.values() for respondent in ids])
    members[""] = finished.index.difference(covered)
    cells = frame.cells.to_dict("index")
    rows: dict[str, dict[str, float]] = {}
    for code in labels:
        cell = cells.get(code, dict.fromkeys(DISPOSITIONS, 0.0))
        kinds = finished.reindex(members.get(code, pd.Index([]))).value_counts()
        answered = {kind: float(kinds.get(kind, 0)) for kind in "IPR"}
        broken_off = answered.pop("R")
        invited = max(cell["invited"], sum(answered.values()) + broken_off)
        named = cell["refused"] + cell["not_contacted"] + cell["other"]
        silent = max(invited - sum(answered.values()) - broken_off - named, 0.0)
        rest = {"R": cell["refused"] + broken_off, "NC": cell["not_contacted"] + silent, "O": cell["other"]}
        out = {"U": cell["unknown"], "ineligible": cell["ineligible"], "invited": invited}
        out["beyond"] = invited - cell["invited"]
        if sum(answered.values()) + sum(rest.values()) + cell["unknown"] + cell["ineligible"] > 0:
            rows[labels[code]] = {**answered, **rest, **out}
    outside = rows.setdefault("", {})
    outside["ineligible"] = outside.get("ineligible", 0.0) + survey.ineligible
    return pd.DataFrame.from_dict(rows, orient="index").astype("float64").fillna(0.0)


def _eligible_share(total: pd.Series) -> float:
    """Return the eligible share among the units of known eligibility (e, by proportional allocation)."""
    eligible = total[["I", "P", "R", "NC", "O"]].sum()
    known = float(eligible + total["ineligible"])
    return float(eligible / known) if known else np.nan


def _rates(cell: pd.Series, e: float) -> dict[str, tuple[float, float]]:
    """Return the numerator and denominator of each of the six rates; ``e`` is the eligible share of U."""
    known = cell[["I", "P", "R", "NC", "O"]].sum()
    whole, weighed = known + cell["U"], known + e * cell["U"]
    both = cell["I"] + cell["P"]
    numerators, denominators = (cell["I"], both), (whole, whole, weighed, weighed, known, known)
    return {f"RR{place + 1}": (float(numerators[place % 2]), float(one)) for place, one in enumerate(denominators)}


def _rate_rows(cell: pd.Series, e: float, note: str, stratum: str = "") -> list[dict[str, str | float]]:
    rows: list[dict[str, str | float]] = []
    for name, (numerator, denominator) in _rates(cell, e).items():
        rate = {INDICATOR: RESPONSE_RATE, STATISTIC: SHARE, CATEGORY: f"{name} | {stratum}" if stratum else name}
        uses_e = name in ("RR3", "RR4")
        rows.append(
            {
                **rate,
                ESTIMATE: numerator / denominator if denominator > 0 else np.nan,
                N_UNITS: numerator,
                N_TOTAL: denominator,
                UNIT_OF_MEASURE: SHARE,
                NOTE: (note if uses_e else "") if denominator > 0 else _why_no_rate(denominator),
            }
        )
    return rows


def _why_no_rate(denominator: float) -> str:
    """Return why a rate cannot be computed: nobody was invited, or the eligible share is not known."""
    return Reason.ELIGIBILITY_UNKNOWN.note if np.isnan(denominator) else Reason.NOBODY_INVITED.note


def _check_strata(survey: Survey, frame: SurveyFrame) -> None:
    """Raise `StudyError` for a frame whose question, strata or counts the survey does not know."""
    missing = [name for name in DISPOSITIONS if name not in frame.cells]
    if missing:
        raise StudyError(f"frame: found no {', '.join(missing)}; expected {', '.join(DISPOSITIONS)}; add them")
    counts = frame.cells[list(DISPOSITIONS)].to_numpy(dtype="float64")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise StudyError("frame: found counts that are missing, infinite or below 0; expected numbers; correct them")
    if not frame.question:
        return
    question = survey.questionnaire.question(frame.question, kinds=(SINGLE,), argument="frame.stratum.question")
    codes = [option.code for option in question.options]
    for what, named in (("strata", set(frame.cells.index) - {""}), ("not_counted", set(frame.not_counted))):
        unknown = sorted(named - set(codes))
        if unknown:
            expected = f"options of {question.id}: {', '.join(codes)}"
            raise StudyError(f"frame: found {what} {', '.join(unknown)}; expected {expected}; correct them")


def _stratum_rows(name: str, cell: pd.Series, e: float) -> list[dict[str, str | float]]:
    answered = cell["I"] + cell["P"]
    counts = [("respondents", answered, RESPONDENTS), ("invited", cell["invited"], RECORDS)]
    rows = [
        {INDICATOR: what, STATISTIC: COUNT, CATEGORY: name, ESTIMATE: value, N_UNITS: value, UNIT_OF_MEASURE: unit}
        for what, value, unit in counts
    ]
    return [*rows, *_rate_rows(cell, e, f"e = {e:.3f}, of all strata together", name)]


def _count_rows(survey: Survey, frame: SurveyFrame, table: pd.DataFrame) -> list[dict[str, str | float]]:
    """Build the rows of counts: respondents, invited units, unknown eligibility, strata represented, fieldwork."""
    total = table.sum()
    answered = float(total["I"] + total["P"])
    partial, known = float(total["P"]), float(total[["I", "P", "R", "NC", "O"]].sum())
    counts: list[tuple[str, float, float, str]] = [
        ("respondents", answered, answered, RESPONDENTS),
        ("partial_answers", partial, partial, RESPONDENTS),
        ("invited", known, known, RECORDS),
        ("unknown_eligibility", float(total["U"]), float(total["U"]), RECORDS),
        ("ineligible", float(total["ineligible"]), float(total["ineligible"]), RECORDS),
        ("respondents_beyond_invited", float(total["beyond"]), float(total["beyond"]), RESPONDENTS),
        ("units_in_view", known + float(total["U"]), known, RECORDS),
    ]
    if frame.question:
        question = survey.questionnaire.question(frame.question)
        left = {question.option(code).en for code in frame.not_counted}
        own = table[(table["I"] + table["P"] > 0) & ~table.index.isin([*left, ""])]
        counts.append(("strata_represented", float(len(own)), float((own["I"] + own["P"]).sum()), "strata"))
    if frame.strata is not None:
        counts.append(("strata", float(frame.strata), known, RECORDS))
    counts += [(name, value, known, RECORDS) for name, value in frame.fieldwork.items()]
    return [
        {INDICATOR: name, STATISTIC: COUNT, CATEGORY: ALL, ESTIMATE: value, N_UNITS: behind, UNIT_OF_MEASURE: unit}
        for name, value, behind, unit in counts
    ]
