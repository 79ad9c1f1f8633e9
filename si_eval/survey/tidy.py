"""Tidy rows of counts and shares: where answers of single respondents become aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.stats import FloatArray
from si_eval.survey.answers import RESPONDENT, Base, Survey
from si_eval.survey.intervals import IntervalMethod, ShareInterval, share_interval, share_std_error, wilson_interval
from si_eval.survey.questionnaire import Net, Option, Question
from si_eval.vocabulary import (
    ALL,
    BOTH_LANGUAGES,
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
    Language,
    Reason,
    label,
)

Answers = Literal["options", "nets", "both"]
RESPONDENTS = "respondents"
RULES = "survey"
CANNOT_SHOW = (
    "Answers are the respondents' own, and respondents chose to answer: they do not show what other participants think."
)
CANNOT_SHOW_IMPACT = (
    "Impact is as respondents see it, and respondents chose to answer: it does not show what the programme caused."
)


@dataclass(frozen=True)
class CountSettings:
    """The settings of a table of shares: base, interval, population, level and weights.

    A class with, say, a tenth of the respondents is taken to come from a tenth of the population.
    """

    base: Base = "answered"
    interval: IntervalMethod = "hypergeometric"
    population: float | None = None
    level: float = 0.95
    weights: pd.DataFrame | None = None

    def population_of(self, totals: FloatArray, survey: Survey) -> FloatArray | None:
        """Compute the population of classes with ``totals`` respondents, in proportion; None for an infinite one."""
        if self.population is None:
            return None
        return np.maximum(np.round(self.population * totals / max(survey.respondents, 1)), totals)

    def weights_of(self, respondents: pd.Index) -> FloatArray:
        """Return the weight of each respondent, shape (respondents,); ones without weights."""
        if self.weights is None:
            return np.ones(len(respondents))
        return self.weights.set_index(RESPONDENT)["weight"].reindex(respondents).to_numpy(dtype="float64")


def answer_entries(question: Question, answers: Answers) -> list[Option | Net]:
    """List the options of a question, its nets (options taken together), or both."""
    options = () if answers == "nets" else question.options
    return [*options, *(() if answers == "options" else question.nets)]


def option_rows(
    table: pd.DataFrame, question: Question, settings: CountSettings, survey: Survey, answers: Answers
) -> pd.DataFrame:
    """Compute count and share of every entry over the respondents of ``table``, shape (respondents, options)."""
    entries = answer_entries(question, answers)
    selected = pd.DataFrame(
        {place: table[_codes(entry, table)].any(axis=1) for place, entry in enumerate(entries)},
        index=table.index,
        columns=range(len(entries)),
    )
    keys = pd.DataFrame([entry_keys(question, entry) for entry in entries])
    if settings.base == "known":
        has_content = [not getattr(entry, "missing", False) for entry in entries]
        keys, selected = keys[has_content].reset_index(drop=True), selected.loc[:, has_content]
    counts = selected.sum().to_numpy(dtype="float64")
    totals = np.full(counts.shape, float(len(table)))
    if settings.weights is None:
        shares = share_rows(keys, counts, totals, settings, survey)
    else:
        shares = _weighted_share_rows(keys, selected, settings, survey)
    return pd.concat([count_rows(keys, counts, totals), shares], ignore_index=True)


def count_rows(keys: pd.DataFrame, counts: FloatArray, totals: FloatArray) -> pd.DataFrame:
    """Build the rows of counts of respondents; arrays of shape (entries,)."""
    columns: dict[str, str | FloatArray] = {STATISTIC: COUNT, ESTIMATE: counts, N_UNITS: counts, N_TOTAL: totals}
    columns[UNIT_OF_MEASURE] = RESPONDENTS
    return keys.assign(**columns)


def share_rows(
    keys: pd.DataFrame, counts: FloatArray, totals: FloatArray, settings: CountSettings, survey: Survey
) -> pd.DataFrame:
    """Compute the rows of shares ``counts / totals`` with their intervals; arrays of shape (entries,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = counts / totals
    population = settings.population_of(totals, survey)
    interval = share_interval(counts, totals, method=settings.interval, population=population, level=settings.level)
    std_error = share_std_error(share, totals, population=population)
    return _share_frame(keys, share, std_error, interval, counts, totals)


def _weighted_share_rows(
    keys: pd.DataFrame, selected: pd.DataFrame, settings: CountSettings, survey: Survey
) -> pd.DataFrame:
    """Compute weighted shares, with the interval of the effective number of respondents.

    Source: Kish (1965), Survey Sampling, section 11.7.
    """
    counts, totals = selected.sum().to_numpy(dtype="float64"), np.full(selected.shape[1], float(len(selected)))
    weight = settings.weights_of(selected.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weight @ selected.to_numpy(dtype="float64") / weight.sum()
        effective_n = np.full(selected.shape[1], weight.sum() ** 2 / (weight**2).sum())
    population = settings.population_of(totals, survey)
    interval = wilson_interval(share * effective_n, effective_n, population=population, level=settings.level)
    std_error = share_std_error(share, effective_n, population=population)
    return _share_frame(keys, share, std_error, interval, counts, totals)


def _share_frame(
    keys: pd.DataFrame,
    share: FloatArray,
    std_error: FloatArray,
    interval: ShareInterval,
    counts: FloatArray,
    totals: FloatArray,
) -> pd.DataFrame:
    """Build the rows of shares; arrays of shape (entries,)."""
    columns: dict[str, str | FloatArray | list[str]] = {
        STATISTIC: SHARE,
        ESTIMATE: share,
        STD_ERROR: std_error,
        CONF_LOW: interval.low,
        CONF_HIGH: interval.high,
        N_UNITS: counts,
        N_TOTAL: totals,
        UNIT_OF_MEASURE: SHARE,
        NOTE: ["" if total > 0 else Reason.NO_ANSWERS.note for total in totals],
    }
    return keys.assign(**columns)


def entry_keys(question: Question, entry: Option | Net) -> dict[str, str]:
    """Return an option or net as tidy columns: in the question's dimension where it has one, else as category."""
    in_class = getattr(entry, "in_class", "")
    if question.dimension and in_class:
        return {question.dimension: in_class, CATEGORY: ALL}
    return {CATEGORY: entry.en}


def add_split(rows: pd.DataFrame, question: Question, option: Option) -> pd.DataFrame:
    """Add the class of a second question to rows; in a column that is in use, behind a bar."""
    filled = rows.copy()
    for column, value in entry_keys(question, option).items():
        if value == ALL:
            continue
        taken = filled[column] if column in filled else pd.Series(ALL, index=filled.index)
        taken = taken.fillna(ALL)
        filled[column] = (taken + " | " + value).where(taken != ALL, value)
    return filled


def result_table(
    frames: Iterable[pd.DataFrame],
    survey: Survey,
    *,
    function: str,
    evidence: Evidence = "goal_attainment",
    cannot_show: str = "",
    coverage: Mapping[str, tuple[int, int]] | None = None,
    left_out: str = "",
) -> ResultTable:
    """Build the result: tidy columns first, every dimension filled, the note on unused answers added."""
    rows = pd.concat(list(frames), ignore_index=True)
    defaults: dict[str, Any] = {GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, CATEGORY: ALL, NOTE: "", RULE_SET: RULES}
    for column, value in defaults.items():
        rows[column] = rows[column].fillna(value) if column in rows else value
    for column in NUMBERS:
        rows[column] = rows[column].astype("float64") if column in rows else np.nan
    rows[YEAR] = pd.array([pd.NA] * len(rows), dtype="Int64")
    if left_out:
        rows[NOTE] = [join_notes(note, left_out) for note in rows[NOTE]]
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
        labels=survey.questionnaire.labels(),
    )


def with_indicator(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Set the indicator of rows."""
    return rows.assign(**{INDICATOR: name})


def join_notes(*notes: str) -> str:
    """Join notes by a semicolon; where one of them is in both languages, the result is too."""
    notes = tuple(note for note in notes if note)
    if not any(BOTH_LANGUAGES in note for note in notes):
        return "; ".join(notes)
    languages: tuple[Language, ...] = ("nl", "en")
    return BOTH_LANGUAGES.join("; ".join(label(note, language) for note in notes) for language in languages)


def _codes(entry: Option | Net, table: pd.DataFrame) -> list[str]:
    """List the columns of ``table`` that an option or net stands for."""
    codes = [entry.code] if isinstance(entry, Option) else list(entry.codes)
    return [code for code in codes if code in table]
