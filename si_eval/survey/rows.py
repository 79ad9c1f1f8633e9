"""Counts of respondents become tidy rows: the unit border of the survey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.stats import FloatArray
from si_eval.survey.answers import RESPONDENT, Base, Survey
from si_eval.survey.intervals import Method, ShareInterval, share_interval, share_std_error, wilson_interval
from si_eval.survey.questionnaire import Net, Option, Question
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_TOTAL,
    N_UNITS,
    NOTE,
    NUMBERS,
    RULE_SET,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    STD_ERROR,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
    Evidence,
)

Answers = Literal["options", "nets", "both"]
RESPONDENTS = "respondents"
RULES = "survey"
NOBODY = "nobody answered this question"
CANNOT_SHOW = (
    "Answers are the respondents' own, and respondents chose to answer: they do not show what other participants think."
)
CANNOT_SHOW_IMPACT = (
    "Impact is as respondents see it, and respondents chose to answer: it does not show what the programme caused."
)


@dataclass(frozen=True)
class Counting:
    """How shares are counted: over whom, with which interval, from which population, with which weights.

    A part of the respondents is taken to come from as large a part of the population.
    """

    base: Base = "answered"
    interval: Method = "hypergeometric"
    population: float | None = None
    level: float = 0.95
    weights: pd.DataFrame | None = None

    def population_of(self, totals: FloatArray, survey: Survey) -> FloatArray | None:
        """Give the part of the population that parts of the respondents come from: as large a part."""
        if self.population is None:
            return None
        return np.maximum(np.round(self.population * totals / max(survey.respondents, 1)), totals)

    def weights_of(self, respondents: pd.Index) -> FloatArray:
        """Give the weight of each respondent, shape (respondents,); one where there are no weights."""
        if self.weights is None:
            return np.ones(len(respondents))
        return self.weights.set_index(RESPONDENT)["weight"].reindex(respondents).to_numpy(dtype="float64")

    def check(self, survey: Survey) -> None:
        """Refuse a base, an interval, a population or weights that cannot be used."""
        for name, value, known in (("base", self.base, Base), ("interval", self.interval, Method)):
            if value not in get_args(known):
                raise StudyError(f"{name}: found {value!r}; expected one of {', '.join(get_args(known))}; name one")
        if self.population is not None and self.population < survey.respondents:
            raise StudyError(
                f"population: found {self.population:g}; expected at least the {survey.respondents} respondents; give "
                "the number of units that the respondents come from, or leave it out"
            )
        if not 0 < self.level < 1:
            raise StudyError(f"level: found {self.level}; expected a number between 0 and 1, such as 0.95")
        if self.weights is None:
            return
        if self.interval != "wilson":
            raise StudyError(
                "interval: found 'hypergeometric' with weights; expected 'wilson', because an exact interval counts "
                "whole respondents; write interval='wilson'"
            )
        lacking = set(survey.asked_frame.index) - set(self.weights[RESPONDENT])
        if lacking:
            raise StudyError(
                f"weights: found none for {len(lacking)} respondents; expected one for each; rake this survey"
            )


def entries_of(question: Question, answers: Answers) -> list[Option | Net]:
    """Give the options of a question, its nets, or both."""
    if answers not in get_args(Answers):
        raise StudyError(f"answers: found {answers!r}; expected one of {', '.join(get_args(Answers))}; name one")
    if answers == "nets" and not question.nets:
        raise StudyError(
            f"answers: found 'nets' for {question.id}; expected a question with nets; add them to the questionnaire"
        )
    options = () if answers == "nets" else question.options
    return [*options, *(() if answers == "options" else question.nets)]


def option_rows(
    table: pd.DataFrame, question: Question, counting: Counting, survey: Survey, answers: Answers
) -> pd.DataFrame:
    """Give count and share of every entry over the respondents of ``table`` (a row each, a column an option)."""
    entries = entries_of(question, answers)
    chosen = pd.DataFrame(
        {place: table[_codes(entry, table)].any(axis=1) for place, entry in enumerate(entries)},
        index=table.index,
        columns=range(len(entries)),
    )
    keys = pd.DataFrame([entry_keys(question, entry) for entry in entries])
    if counting.base == "known":
        content = [not getattr(entry, "missing", False) for entry in entries]
        keys, chosen = keys[content].reset_index(drop=True), chosen.loc[:, content]
    counts = chosen.sum().to_numpy(dtype="float64")
    totals = np.full(counts.shape, float(len(table)))
    if counting.weights is None:
        shares = share_rows(keys, counts, totals, counting, survey)
    else:
        shares = _weighted_share_rows(keys, chosen, counting, survey)
    return pd.concat([count_rows(keys, counts, totals), shares], ignore_index=True)


def count_rows(keys: pd.DataFrame, counts: FloatArray, totals: FloatArray) -> pd.DataFrame:
    """Give the rows of counts of respondents."""
    return keys.assign(
        **{STATISTIC: COUNT, ESTIMATE: counts, N_UNITS: counts, N_TOTAL: totals, UNIT_OF_MEASURE: RESPONDENTS}
    )


def share_rows(
    keys: pd.DataFrame, counts: FloatArray, totals: FloatArray, counting: Counting, survey: Survey
) -> pd.DataFrame:
    """Give the rows of shares ``counts / totals`` of respondents, with their intervals; arrays of shape (entries,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = counts / totals
    population = counting.population_of(totals, survey)
    interval = share_interval(counts, totals, method=counting.interval, population=population, level=counting.level)
    std_error = share_std_error(share, totals, population=population)
    return _share_frame(keys, share, std_error, interval, counts, totals)


def _weighted_share_rows(keys: pd.DataFrame, chosen: pd.DataFrame, counting: Counting, survey: Survey) -> pd.DataFrame:
    """Give weighted shares, with the interval of as many respondents as the weighted ones are worth.

    Source: Kish (1965), Survey Sampling, section 11.7.
    """
    counts, totals = chosen.sum().to_numpy(dtype="float64"), np.full(chosen.shape[1], float(len(chosen)))
    weight = counting.weights_of(chosen.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weight @ chosen.to_numpy(dtype="float64") / weight.sum()
        worth = np.full(chosen.shape[1], weight.sum() ** 2 / (weight**2).sum())
    population = counting.population_of(totals, survey)
    interval = wilson_interval(share * worth, worth, population=population, level=counting.level)
    std_error = share_std_error(share, worth, population=population)
    return _share_frame(keys, share, std_error, interval, counts, totals)


def _share_frame(
    keys: pd.DataFrame,
    share: FloatArray,
    std_error: FloatArray,
    interval: ShareInterval,
    counts: FloatArray,
    totals: FloatArray,
) -> pd.DataFrame:
    return keys.assign(
        **{
            STATISTIC: SHARE,
            ESTIMATE: share,
            STD_ERROR: std_error,
            CONF_LOW: interval.low,
            CONF_HIGH: interval.high,
            N_UNITS: counts,
            N_TOTAL: totals,
            UNIT_OF_MEASURE: SHARE,
            NOTE: np.where(totals > 0, "", NOBODY),
        }
    )


def entry_keys(question: Question, entry: Option | Net) -> dict[str, str]:
    """Write an option or net in the tidy columns: in the question's dimension where it has one, else as category."""
    in_class = getattr(entry, "in_class", "")
    if question.dimension and in_class:
        return {question.dimension: in_class, CATEGORY: ALL}
    return {CATEGORY: entry.en}


def split_keys(rows: pd.DataFrame, question: Question, option: Option) -> pd.DataFrame:
    """Add the class of a second question to rows; where its column is taken, behind a bar."""
    filled = rows.copy()
    for column, value in entry_keys(question, option).items():
        if value == ALL:
            continue
        taken = filled[column] if column in filled else pd.Series(ALL, index=filled.index)
        taken = taken.fillna(ALL)
        filled[column] = (taken + " | " + value).where(taken != ALL, value)
    return filled


def tidy_result(
    frames: Iterable[pd.DataFrame],
    survey: Survey,
    *,
    function: str,
    evidence: Evidence = "goal_attainment",
    cannot_show: str = "",
    coverage: Mapping[str, tuple[int, int]] | None = None,
    left_out: str = "",
) -> ResultTable:
    """Make the result: tidy columns first, every dimension filled, notes joined."""
    rows = pd.concat(list(frames), ignore_index=True)
    defaults: dict[str, Any] = {GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, CATEGORY: ALL, NOTE: "", RULE_SET: RULES}
    for column, value in defaults.items():
        rows[column] = rows[column].fillna(value) if column in rows else value
    for column in NUMBERS:
        rows[column] = rows[column].astype("float64") if column in rows else np.nan
    rows[YEAR] = pd.array([pd.NA] * len(rows), dtype="Int64")
    if left_out:
        rows[NOTE] = rows[NOTE].where(rows[NOTE] == "", rows[NOTE] + "; ") + left_out
    rest = [column for column in rows.columns if column not in TIDY]
    impact = evidence == "association"
    return ResultTable(
        frame=rows.reindex(columns=[*TIDY, *rest]),
        function=function,
        evidence=evidence,
        cannot_show=cannot_show or (CANNOT_SHOW_IMPACT if impact else CANNOT_SHOW),
        rules=RULES,
        coverage=coverage or {},
        simulation=survey.simulation,
    )


def with_indicator(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Name the indicator of rows."""
    return rows.assign(**{INDICATOR: name})


def _codes(entry: Option | Net, table: pd.DataFrame) -> list[str]:
    codes = [entry.code] if isinstance(entry, Option) else list(entry.codes)
    return [code for code in codes if code in table]
