"""The exhibits of a study: which function makes each one, and from what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import consistency, efficiency, monitoring, survey, synthesis, theory
from si_eval.comparisons import compare_groups
from si_eval.errors import StudyError
from si_eval.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.results import Linkage, Panel, ResultTable, SafeTable
from si_eval.selection import check_selection
from si_eval.study_file import ExhibitSpec, Study
from si_eval.trends import index_series
from si_eval.vocabulary import ALL, use_labels

ASSUMED = "assumed"
PATHS = ("frame", "population", "targets")  # arguments that name files, from the study file


def _check_theory(programme: theory.Programme, exhibits: Sequence[str]) -> ResultTable:
    return theory.check_theory(programme, available_exhibits=exhibits)


def _contradictions(store: monitoring.KpiStore) -> ResultTable:
    return consistency.check_consistency(store.frame).table()


# function of an exhibit -> what makes it, and the inputs that it takes before its own arguments
MAKERS: dict[str, tuple[Callable[..., ResultTable], tuple[str, ...]]] = {
    "describe_linkage": (describe_linkage, ("linkage", "panel")),
    "describe_unit_choice": (describe_unit_choice, ("panel",)),
    "describe_reach": (describe_reach, ("panel",)),
    "describe_sectors": (describe_sectors, ("panel",)),
    "check_selection": (check_selection, ("panel",)),
    "compare_groups": (compare_groups, ("panel",)),
    "index_series": (index_series, ("panel",)),
    **{
        name: (getattr(survey, name), ("survey",))
        for name in (
            "survey_crosstab", "survey_frequencies", "survey_matrix", "survey_multiple", "survey_nonresponse",
            "survey_numeric", "survey_plausibility", "survey_response", "open_answers",
        )
    },
    **{
        name: (getattr(monitoring, name), ("kpis",))
        for name in (
            "describe_kpis", "kpi_growth", "kpi_per_fieldlab", "kpi_shares", "kpi_subset", "targets_against_results",
        )
    },
    **{
        name: (getattr(efficiency, name), ("costs",))
        for name in (
            "cost_per", "costs_by", "in_kind", "leverage", "list_costs", "missing_costs", "shares_by_perspective",
        )
    },
    "check_consistency": (_contradictions, ("kpis",)),
    "theory_table": (theory.theory_table, ("programme",)),
    "check_theory": (_check_theory, ("programme", "exhibits")),
    "answer_questions": (theory.answer_questions, ("programme", "exhibits")),
    "score_goals": (theory.score_goals, ("goals",)),
    "list_goals": (theory.list_goals, ("goals",)),
    "list_impacts": (synthesis.list_impacts, ("findings",)),
}  # fmt: skip
SYNTHESIS = "synthesise"


@dataclass
class Inputs:
    """What exhibits are made from; the study's own files are read when the first exhibit asks for them."""

    study: Study
    known: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Give an input; raises `StudyError` where the study has no file for it."""
        if name not in self.known:
            self.known[name] = self._read(name)
        return self.known[name]

    def _read(self, name: str) -> Any:
        if name == "exhibits":
            return [exhibit.id for exhibit in self.study.file.exhibits]
        if name == "survey":
            return _read_survey(self.study)
        loaders: Mapping[str, Callable[[Path], Any]] = {
            "kpis": monitoring.load_kpis,
            "programme": theory.load_programme,
            "goals": theory.load_goals,
            "costs": efficiency.load_costs,
            "findings": synthesis.load_findings,
        }
        path = getattr(self.study.file.facts, name, None)
        if path is None:
            raise StudyError(
                f"study {self.study.file.name}: found no {name}; expected its file under [facts], or the panel where "
                "exhibits need one; name it"
            )
        return loaders[name](self.study.resolve(path))


def _read_survey(study: Study) -> survey.Survey:
    """Read the responses of a study's survey, or simulate them where it has none."""
    files = study.file.survey
    if files is None:
        raise StudyError(f"study {study.file.name}: found no [survey]; expected a questionnaire and responses; add it")
    questionnaire = survey.load_questionnaire(study.resolve(files.questionnaire))
    use_labels(questionnaire.labels())
    if files.responses is not None:
        return survey.read_responses(study.resolve(files.responses), questionnaire)
    if files.simulation is None:
        raise StudyError(f"study {study.file.name}: found no responses; expected `responses` or `simulation`; add one")
    counts = study.resolve(files.simulation)
    return survey.read_responses(
        survey.simulate_survey(questionnaire, counts=counts),
        questionnaire,
        simulation=survey.describe_simulation(questionnaire, counts=counts),
    )


def compute_exhibits(
    study: Study,
    panel: Panel | None = None,
    linkage: Linkage | None = None,
    only: Iterable[str] | None = None,
) -> list[ResultTable]:
    """Compute the exhibits of a study, in its order; a call that several exhibits share is made once.

    ``only`` names the exhibits wanted; those made of registers need ``panel`` and ``linkage``. The synthesis is made
    of protected tables: see `synthesise_exhibits`.
    """
    inputs = Inputs(study, {"panel": panel, "linkage": linkage})
    done: dict[str, ResultTable] = {}
    tables = []
    for exhibit in chosen(study, only):
        if exhibit.function == SYNTHESIS:
            continue
        call = f"{exhibit.function}({exhibit.arguments})"
        if call not in done:
            done[call] = _call(exhibit, inputs)
        tables.append(_named(_marked(_selected(done[call], exhibit)), exhibit))
    return tables


def synthesise_exhibits(study: Study, safe: Sequence[SafeTable]) -> list[ResultTable]:
    """Set the sources side by side for each evaluation question, from the protected exhibits."""
    inputs = Inputs(study)
    tables = []
    for exhibit in study.file.exhibits:
        if exhibit.function == SYNTHESIS:
            questions = [question.id for question in inputs.get("programme").questions]
            result = synthesis.synthesise(questions, tables=safe, findings=inputs.get("findings"))
            tables.append(_named(_selected(result.table, exhibit), exhibit))
    return tables


def without_registers(study: Study) -> list[str]:
    """Give the ids of the exhibits that need neither panel nor linkage."""
    return [
        exhibit.id
        for exhibit in study.file.exhibits
        if exhibit.function in MAKERS and not {"panel", "linkage"} & set(MAKERS[exhibit.function][1])
    ]


def chosen(study: Study, only: Iterable[str] | None) -> list[ExhibitSpec]:
    """Give the exhibits asked for, in the study's order; raises `StudyError` for ids that it does not have."""
    if only is None:
        return list(study.file.exhibits)
    wanted = list(only)
    known = {exhibit.id for exhibit in study.file.exhibits}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise StudyError(f"only: found {', '.join(unknown)}; expected ids of the study's exhibits; correct them")
    return [exhibit for exhibit in study.file.exhibits if exhibit.id in set(wanted)]


def _call(exhibit: ExhibitSpec, inputs: Inputs) -> ResultTable:
    """Call the function that makes an exhibit."""
    if exhibit.function not in MAKERS:
        raise StudyError(
            f"exhibit {exhibit.id}: found function {exhibit.function!r}; expected one of {', '.join(MAKERS)}; "
            "name one of these"
        )
    maker, needs = MAKERS[exhibit.function]
    given = [inputs.get(name) for name in needs]
    if any(value is None for value in given):
        raise StudyError(f"exhibit {exhibit.id}: found no {' or '.join(needs)}; expected it; pass panel and linkage")
    arguments = {
        name: inputs.study.resolve(value) if name in PATHS and isinstance(value, str) else value
        for name, value in exhibit.arguments.items()
    }
    try:
        return maker(*given, **arguments)
    except TypeError as error:
        raise StudyError(f"exhibit {exhibit.id}: {error}; correct its arguments in the study file") from error


def _named(table: ResultTable, exhibit: ExhibitSpec) -> ResultTable:
    return table.named(exhibit.id, {"nl": exhibit.title.nl, "en": exhibit.title.en})


def _selected(table: ResultTable, exhibit: ExhibitSpec) -> ResultTable:
    """Keep the rows that an exhibit shows."""
    frame = table.frame
    for column, wanted in exhibit.select.items():
        if column not in frame:
            raise StudyError(f"exhibit {exhibit.id}: found `{column}` in select; expected a tidy column; correct it")
        values = wanted if isinstance(wanted, list) else [wanted]
        frame = frame[frame[column].isin(values)]
    return replace(table, frame=frame.reset_index(drop=True))


def _marked(table: ResultTable) -> ResultTable:
    """Mark the numbers of a simulated extract that no published figure stands behind."""
    if table.simulation is None or table.function in ("describe_linkage", "describe_unit_choice"):
        return table
    keys = ("indicator", "year", "sector", "size_class", "category")
    calibrated = {tuple(_text(cell.get(key)) for key in ("group", *keys)) for cell in table.simulation.calibrated}
    frame = table.frame.copy()
    base = frame["unit"].astype(str).str.extract(r"^(\d{4}) = 100$")[0]
    known = []
    for row, base_year in zip(frame.to_dict("records"), base, strict=True):
        groups = ("participant", "non_participant") if row["group"] in ("difference", "ratio") else (row["group"],)
        years = (row["year"],) if pd.isna(base_year) else (row["year"], base_year)
        cells = {(group, *(_text({**row, "year": year}[key]) for key in keys)) for group in groups for year in years}
        known.append(row["statistic"] in ("mean", "share", "index", "count") and cells <= calibrated)
    assumed = ~pd.Series(known, index=frame.index, dtype=bool) & frame["estimate"].notna()
    frame.loc[assumed, "note"] = ASSUMED
    return replace(table, frame=frame)


def _text(value: Any) -> str:
    """Write a key; a missing one, such as the year of a survey, is not split."""
    if pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
