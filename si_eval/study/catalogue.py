"""What makes each exhibit: the functions that a study file can name, and the inputs that each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import consistency, survey, synthesis
from si_eval.compare.levels import compare_groups
from si_eval.compare.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_series
from si_eval.effects import estimate_effect
from si_eval.programme import efficiency, monitoring, theory
from si_eval.results import Linkage, Panel, ResultTable, SafeTable

NONRESPONSE, WEIGHTED = "survey_nonresponse", "survey_weighted"
PROTECTED = "protected"  # the exhibits that crossed the public border, by id; none before they did
Protected = Mapping[str, SafeTable]


def _check_theory(programme: theory.Programme, exhibits: Sequence[str]) -> ResultTable:
    return theory.check_theory(programme, available_exhibits=exhibits)


def _contradictions(store: monitoring.KpiStore) -> ResultTable:
    return consistency.check_consistency(store.frame).table()


def _cost_per_participant(
    costs: efficiency.Costs,
    linkage: Linkage,
    panel: Panel,
    *,
    steps: Sequence[str] = ("unique", "counted"),
    level: str | None = None,
) -> ResultTable:
    table = efficiency.cost_per_participant(costs, linkage, steps=steps, level=level)
    return replace(table, simulation=panel.simulation)


def _survey_nonresponse(
    answers: survey.Survey,
    protected: Protected,
    *,
    population: Path | None = None,
    counts: Sequence[str] = (),
    year: int | None = None,
    seed: int = 1,
) -> ResultTable:
    """Compare respondents with a file of counts, or with the protected counts of participants in other exhibits."""
    known = population if population is not None else _known_counts(protected, counts)
    return _simulated(survey.survey_nonresponse(answers, population=known, year=year, seed=seed), protected, counts)


def _survey_weighted(
    answers: survey.Survey,
    protected: Protected,
    *,
    margins: Path | None = None,
    counts: Sequence[str] = (),
    trim: tuple[float, float] | None = None,
    settings: Mapping[str, Any],
    fewest: int = 0,
) -> ResultTable:
    """Count answers with weights made of a file of counts, or of the protected counts in other exhibits."""
    known = margins if margins is not None else _known_counts(protected, counts)
    bounds = None if trim is None else (float(trim[0]), float(trim[1]))
    return _simulated(
        survey.survey_weighted(answers, margins=known, trim=bounds, fewest=fewest, **settings), protected, counts
    )


def _known_counts(protected: Protected, counts: Sequence[str]) -> pd.DataFrame | None:
    """Give the counts of protected exhibits; none before they crossed the border."""
    if not (counts and protected):
        return None
    answered = [table for table in protected.values() if table.function == NONRESPONSE]
    return survey.protected_counts([protected[name] for name in counts], answered=answered)


def _simulated(table: ResultTable, protected: Protected, counts: Sequence[str]) -> ResultTable:
    """Mark a table as simulated where the counts in it are."""
    marks = [table.simulation, *(protected[name].simulation for name in counts if name in protected)]
    return replace(table, simulation=next((mark for mark in marks if mark is not None), None))


# function of an exhibit -> what makes it, and the inputs that it takes before its own arguments
MAKERS: dict[str, tuple[Callable[..., ResultTable], tuple[str, ...]]] = {
    "describe_linkage": (describe_linkage, ("linkage", "panel")),
    "describe_unit_choice": (describe_unit_choice, ("panel",)),
    "describe_reach": (describe_reach, ("panel",)),
    "describe_sectors": (describe_sectors, ("panel",)),
    "check_selection": (check_selection, ("panel",)),
    "compare_groups": (compare_groups, ("panel",)),
    "index_series": (index_series, ("panel",)),
    "estimate_effect": (estimate_effect, ("panel",)),
    **{
        name: (getattr(survey, name), ("survey",))
        for name in (
            "survey_crosstab", "survey_doubts", "survey_frequencies", "survey_matrix", "survey_multiple",
            "survey_numeric", "survey_plausibility", "survey_response", "open_answers",
        )
    },
    NONRESPONSE: (_survey_nonresponse, ("survey", PROTECTED)),
    WEIGHTED: (_survey_weighted, ("survey", PROTECTED)),
    **{
        name: (getattr(monitoring, name), ("kpis",))
        for name in (
            "describe_kpis", "kpi_growth", "kpi_per_project", "kpi_shares", "kpi_subset", "targets_against_results",
        )
    },
    **{
        name: (getattr(efficiency, name), ("costs",))
        for name in (
            "costs_by", "in_kind", "leverage", "list_costs", "missing_costs", "shares_by_perspective",
        )
    },
    "cost_per": (efficiency.cost_per, ("costs", "firms")),
    "cost_per_participant": (_cost_per_participant, ("costs", "linkage", "panel")),
    "check_consistency": (_contradictions, ("kpis",)),
    "theory_table": (theory.theory_table, ("programme",)),
    "check_theory": (_check_theory, ("programme", "exhibits")),
    "answer_questions": (theory.answer_questions, ("programme", "exhibits")),
    "score_goals": (theory.score_goals, ("goals",)),
    "list_goals": (theory.list_goals, ("goals",)),
    "list_impacts": (synthesis.list_impacts, ("findings",)),
}  # fmt: skip
