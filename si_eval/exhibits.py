"""The exhibits of a study: which function makes each one, and from what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import cells, consistency, efficiency, monitoring, survey, synthesis, theory
from si_eval.comparisons import compare_groups
from si_eval.errors import StudyError
from si_eval.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.results import Linkage, Panel, ResultTable, SafeTable
from si_eval.selection import check_selection
from si_eval.study_file import ExhibitSpec, Study
from si_eval.trends import index_series
from si_eval.vocabulary import ALL, use_labels

ASSUMED = "assumed"
UNMARKED = ("describe_linkage", "describe_unit_choice", "cost_per_participant")  # counts of the list, all calibrated
NONRESPONSE, WEIGHTED = "survey_nonresponse", "survey_weighted"
PROTECTED = "protected"  # the exhibits that crossed the public border, by id; none before they did
COUNTS = "counts"  # argument that names such exhibits
Protected = Mapping[str, SafeTable]
PATHS = ("frame", "margins", "population", "targets")  # arguments that name files, from the study file


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
SYNTHESIS = "synthesise"
SUMMARIES = ("compare_groups", "index_series")  # made of the cells that their arguments name


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
            "firms": efficiency.load_firms,
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

    ``only`` names the exhibits wanted; those made of registers need ``panel`` and ``linkage``. What is made of
    protected tables follows in `synthesise_exhibits`: the synthesis, and the comparison of respondents with the
    participants in the registers, which until then has the respondents alone.
    """
    inputs = Inputs(study, {"panel": panel, "linkage": linkage, PROTECTED: {}})
    wanted = chosen(study, only)
    if panel is not None:
        cells.prepare(panel, [_cells_of(exhibit) for exhibit in wanted if exhibit.function in SUMMARIES])
    done: dict[str, ResultTable] = {}
    tables = []
    for exhibit in wanted:
        if exhibit.function == SYNTHESIS:
            continue
        call = f"{exhibit.function}({exhibit.arguments})"
        if call not in done:
            done[call] = _call(exhibit, inputs)
        tables.append(_named(_marked(_selected(done[call], exhibit)), exhibit))
    return tables


def _cells_of(exhibit: ExhibitSpec) -> cells.Request:
    """Give the cells that an exhibit made of the panel asks for."""
    asked = exhibit.arguments
    years = asked.get("years")
    if years is not None and "base_year" in asked:
        years = [asked["base_year"], *years]
    names = [asked["indicator"]] if isinstance(asked["indicator"], str) else asked["indicator"]
    return cells.Request(names, asked.get("by", ()), asked.get("where"), years)


def synthesise_exhibits(study: Study, safe: Sequence[SafeTable]) -> list[ResultTable]:
    """Make the exhibits that rest on protected ones: the synthesis, and those that take ``counts`` from others.

    What was withheld there is not known here, so nothing can leave by this way.
    """
    inputs = Inputs(study, {PROTECTED: {table.exhibit: table for table in safe}})
    tables = []
    for exhibit in study.file.exhibits:
        if exhibit.function == SYNTHESIS:
            questions = [question.id for question in inputs.get("programme").questions]
            result = synthesis.synthesise(questions, tables=safe, findings=inputs.get("findings"))
            tables.append(_named(_selected(result.table, exhibit), exhibit))
        elif COUNTS in exhibit.arguments:
            tables.append(_named(_marked(_selected(_call(exhibit, inputs), exhibit)), exhibit))
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
    _check_counts(exhibit, inputs.study)
    maker, needs = MAKERS[exhibit.function]
    given = [inputs.get(name) for name in needs]
    if any(value is None for value in given):
        raise StudyError(f"exhibit {exhibit.id}: found no {' or '.join(needs)}; expected it; pass panel and linkage")
    arguments = {name: _argument(name, value, inputs.study) for name, value in exhibit.arguments.items()}
    try:
        return maker(*given, **arguments)
    except TypeError as error:
        raise StudyError(f"exhibit {exhibit.id}: {error}; correct its arguments in the study file") from error


def _argument(name: str, value: Any, study: Study) -> Any:
    """Give an argument of the study file: a path from here, or the number invited of a survey frame as population."""
    if isinstance(value, dict):
        return {key: _argument(key, one, study) for key, one in value.items()}
    if name not in PATHS or not isinstance(value, str):
        return value
    path = study.resolve(value)
    return survey.load_frame(path).invited if name == "population" and path.suffix == ".toml" else path


def _check_counts(exhibit: ExhibitSpec, study: Study) -> None:
    """Refuse counts of exhibits that the study does not have."""
    unknown = sorted(set(exhibit.arguments.get(COUNTS, ())) - {one.id for one in study.file.exhibits})
    if unknown:
        raise StudyError(
            f"exhibit {exhibit.id}: found {COUNTS} of {', '.join(unknown)}; expected ids of the study's exhibits that "
            "count participants by sector or size class; correct them"
        )


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
    if table.simulation is None or table.function in UNMARKED:
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
        published = table.function != WEIGHTED and row["statistic"] in ("mean", "share", "index", "count")
        known.append(published and cells <= calibrated)
    assumed = ~pd.Series(known, index=frame.index, dtype=bool) & frame["estimate"].notna()
    frame.loc[assumed, "note"] = ASSUMED
    return replace(table, frame=frame)


def _text(value: Any) -> str:
    """Write a key; a missing one, such as the year of a survey, is not split."""
    if pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
