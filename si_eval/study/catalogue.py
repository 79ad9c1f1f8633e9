"""The functions that a study file can name for an exhibit, and the inputs that each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import consistency, survey, synthesis
from si_eval.compare.composition import decompose_change
from si_eval.compare.levels import compare_summaries
from si_eval.compare.plausibility import describe_plausibility
from si_eval.compare.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.compare.same_start import compare_changes
from si_eval.compare.selection import check_selection
from si_eval.compare.trends import index_summaries
from si_eval.effects import check_effect, cost_per_effect, estimate_effect, match_units, plan_power
from si_eval.programme import efficiency, monitoring, theory
from si_eval.results import Linkage, Panel, ResultTable, SafeTable

NONRESPONSE, WEIGHTED, SYNTHESIS = "survey_nonresponse", "survey_weighted", "synthesise"
Protected = Mapping[str, SafeTable]

# --- inputs of the functions ---
REGISTERS = ("panel", "linkage")
SUMMARIES = "summaries"  # the cells of all exhibits that are made of them, from one pass a split
SURVEY = "survey"
FACTS = ("kpis", "programme", "goals", "costs", "firms", "findings", "answers")  # files under [facts] of the study
EXHIBITS = "exhibits"  # the ids of the study's exhibits
PROTECTED = "protected"  # the exhibits that crossed the public border, by id; none before they did

# --- arguments that a study file gives ---
COUNTS = "counts"  # names exhibits which crossed the public border
PATHS = ("frame", "margins", "population", "targets")  # name files, from the study file
OF_EXHIBITS = ("match", "of")  # hold the arguments of a function of effects, or the id of an exhibit that has them
SETTINGS = "settings"  # are the arguments of the function that another one calls


# --- stages, in the order of chapters: by the module of a function, or its first input where it stands in this file ---
STAGES = {
    "compare.reach": "participants", "compare.plausibility": "data", "compare.selection": "selection",
    "compare": "comparison", "effects": "effects", "survey": "survey", "programme.monitoring": "monitoring",
    "programme.efficiency": "costs", "programme.theory": "theory", "synthesis": "synthesis",
}  # fmt: skip
OWN_STAGES = {SURVEY: "survey", "kpis": "monitoring", "costs": "costs", "programme": "theory"}


@dataclass(frozen=True)
class ExhibitFunction:
    """A function that makes an exhibit: it takes its inputs first, then the arguments of the study file by name.

    Where the argument ``settings`` holds the arguments of a function of its own, ``settings`` is that function and
    ``reserved`` are those of its arguments that do not come from there.
    """

    function: Callable[..., ResultTable]
    inputs: tuple[str, ...]
    settings: Callable[..., ResultTable] | None = None
    reserved: tuple[str, ...] = ()

    @property
    def stage(self) -> str:
        """The stage that the function is of, by its module: a chapter of a report that names none."""
        module = self.function.__module__.removeprefix("si_eval.")
        found = (stage for start, stage in STAGES.items() if module.startswith(start))
        return next(found, "") or OWN_STAGES[self.inputs[0]]


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


def _synthesise(programme: theory.Programme, findings: synthesis.Findings, protected: Protected) -> ResultTable:
    """Put all protected exhibits together with the findings of others, by question of the evaluation."""
    questions = [question.id for question in programme.questions]
    return synthesis.synthesise(questions, tables=list(protected.values()), findings=findings).table


EXHIBIT_FUNCTIONS: Mapping[str, ExhibitFunction] = {
    "describe_linkage": ExhibitFunction(describe_linkage, ("linkage", "panel")),
    "describe_unit_choice": ExhibitFunction(describe_unit_choice, ("panel",)),
    "describe_plausibility": ExhibitFunction(describe_plausibility, ("panel",)),
    "describe_reach": ExhibitFunction(describe_reach, ("panel",)),
    "describe_sectors": ExhibitFunction(describe_sectors, ("panel",)),
    "check_selection": ExhibitFunction(check_selection, ("panel",)),
    "compare_groups": ExhibitFunction(compare_summaries, ("panel", SUMMARIES)),
    "index_series": ExhibitFunction(index_summaries, ("panel", SUMMARIES)),
    "decompose_change": ExhibitFunction(decompose_change, ("panel",)),
    "compare_changes": ExhibitFunction(compare_changes, ("panel",)),
    "match_units": ExhibitFunction(match_units, ("panel",)),
    "check_effect": ExhibitFunction(check_effect, ("panel",)),
    "cost_per_effect": ExhibitFunction(cost_per_effect, ("costs", "panel")),
    "plan_power": ExhibitFunction(plan_power, ()),
    "estimate_effect": ExhibitFunction(estimate_effect, ("panel",)),
    "survey_crosstab": ExhibitFunction(survey.survey_crosstab, (SURVEY,)),
    "survey_doubts": ExhibitFunction(survey.survey_doubts, (SURVEY,)),
    "survey_frequencies": ExhibitFunction(survey.survey_frequencies, (SURVEY,)),
    "survey_matrix": ExhibitFunction(survey.survey_matrix, (SURVEY,)),
    "survey_multiple": ExhibitFunction(survey.survey_multiple, (SURVEY,)),
    "survey_numeric": ExhibitFunction(survey.survey_numeric, (SURVEY,)),
    "survey_plausibility": ExhibitFunction(survey.survey_plausibility, (SURVEY,)),
    "survey_response": ExhibitFunction(survey.survey_response, (SURVEY,)),
    "open_answers": ExhibitFunction(survey.open_answers, (SURVEY,)),
    NONRESPONSE: ExhibitFunction(_survey_nonresponse, (SURVEY, PROTECTED)),
    WEIGHTED: ExhibitFunction(
        _survey_weighted, (SURVEY, PROTECTED), settings=survey.survey_weighted, reserved=("margins", "trim", "fewest")
    ),
    "describe_kpis": ExhibitFunction(monitoring.describe_kpis, ("kpis",)),
    "kpi_growth": ExhibitFunction(monitoring.kpi_growth, ("kpis",)),
    "kpi_per_project": ExhibitFunction(monitoring.kpi_per_project, ("kpis",)),
    "kpi_shares": ExhibitFunction(monitoring.kpi_shares, ("kpis",)),
    "kpi_subset": ExhibitFunction(monitoring.kpi_subset, ("kpis",)),
    "targets_against_results": ExhibitFunction(monitoring.targets_against_results, ("kpis",)),
    "costs_by": ExhibitFunction(efficiency.costs_by, ("costs",)),
    "in_kind": ExhibitFunction(efficiency.in_kind, ("costs",)),
    "leverage": ExhibitFunction(efficiency.leverage, ("costs",)),
    "list_costs": ExhibitFunction(efficiency.list_costs, ("costs",)),
    "missing_costs": ExhibitFunction(efficiency.missing_costs, ("costs",)),
    "shares_by_perspective": ExhibitFunction(efficiency.shares_by_perspective, ("costs",)),
    "cost_per": ExhibitFunction(efficiency.cost_per, ("costs", "firms")),
    "cost_per_participant": ExhibitFunction(_cost_per_participant, ("costs", "linkage", "panel")),
    "check_consistency": ExhibitFunction(_contradictions, ("kpis",)),
    "theory_table": ExhibitFunction(theory.theory_table, ("programme",)),
    "check_theory": ExhibitFunction(_check_theory, ("programme", EXHIBITS)),
    "answer_questions": ExhibitFunction(theory.answer_questions, ("programme", EXHIBITS)),
    "score_goals": ExhibitFunction(theory.score_goals, ("goals",)),
    "list_goals": ExhibitFunction(theory.list_goals, ("goals",)),
    "list_impacts": ExhibitFunction(synthesis.list_impacts, ("findings",)),
    SYNTHESIS: ExhibitFunction(_synthesise, ("programme", "findings", PROTECTED)),
}
