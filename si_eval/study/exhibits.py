"""The exhibits of a study: each is computed from its inputs, cut to its rows, and marked where it is assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from si_eval import cells, survey, synthesis
from si_eval.compare.levels import level_request
from si_eval.compare.trends import series_request
from si_eval.errors import InputError, Problem, StudyError
from si_eval.frozen import FrozenMapping
from si_eval.programme import efficiency, monitoring, theory
from si_eval.registry import Split, named_currency
from si_eval.report.answer_file import load_answers
from si_eval.results import Linkage, Panel, ResultTable, SafeTable
from si_eval.study.arguments import check_exhibits
from si_eval.study.catalogue import (
    COUNTS,
    EXHIBIT_FUNCTIONS,
    EXHIBITS,
    OF_EXHIBITS,
    PATHS,
    PROTECTED,
    REGISTERS,
    SUMMARIES,
    SURVEY,
    SYNTHESIS,
    WEIGHTED,
)
from si_eval.study.file import ExhibitSpec, Study
from si_eval.study.words import name_group
from si_eval.vocabulary import ALL, CATEGORY, Labels, is_labelled

MAX_SHOWN_VALUES = 12  # of a column, in a message
ASSUMED = "assumed"  # the note of a number of a simulated extract that no published figure stands behind
ALL_CALIBRATED = (
    "describe_linkage",
    "describe_unit_choice",
    "describe_plausibility",
    "cost_per_participant",
    SYNTHESIS,
)  # functions without any


KPIS, COSTS = "kpis", "costs"
LABELS = "labels"  # the input that holds the study's own labels and those of its questionnaire
FACT_READERS: Mapping[str, Callable[..., Any]] = {
    "programme": theory.load_programme,
    "goals": theory.load_goals,
    COSTS: efficiency.load_costs,
    "firms": efficiency.load_firms,
    "findings": synthesis.load_findings,
    "answers": load_answers,
}


@dataclass
class ExhibitInputs:
    """What exhibits are made from: a file of the study is read when the first exhibit needs it; calls are made once."""

    study: Study
    values: dict[str, Any] = field(default_factory=dict)
    done: dict[str, ResultTable] = field(default_factory=dict)  # what a function gave, by the call

    def needed(self, exhibit: ExhibitSpec) -> tuple[str, ...]:
        """List the inputs of the function of an exhibit."""
        return EXHIBIT_FUNCTIONS[exhibit.function].inputs

    def load(self, name: str) -> Any:
        """Return an input; raises `StudyError` where the study has no file for it."""
        if name not in self.values:
            self.values[name] = self._read(name)
        return self.values[name]

    def _read(self, name: str) -> Any:
        if name == EXHIBITS:
            return [exhibit.id for exhibit in self.study.file.exhibits]
        if name == SURVEY:
            return _read_survey(self.study)
        if name == LABELS:
            return labels_of(self.study)
        path = getattr(self.study.file.facts, name, None)
        if path is None:
            raise StudyError(
                f"study {self.study.file.name}: found no {name}; expected its file under [facts], or the panel where "
                "exhibits need one; name it"
            )
        if name == KPIS:
            store = replace(monitoring.load_kpis(self.study.resolve(path)), labels=self.study.labels)
            return _refuse_currencies(store, self.study.file.currency)
        in_money = {"currency": self.study.file.currency} if name == COSTS else {}
        return FACT_READERS[name](self.study.resolve(path), **in_money)


def _refuse_currencies(store: monitoring.KpiStore, currency: str) -> monitoring.KpiStore:
    """Return key figures whose money is in the currency of the study; raises `InputError` for any in another."""
    units = sorted({str(unit) for unit in store.frame["unit"]})
    strange = [unit for unit in units if named_currency(unit) not in ("", currency)]
    if strange:
        expected, action = f"money in {currency}, the currency of the study", "convert the amounts, and name their unit"
        raise InputError([Problem("key figures", ", ".join(strange), expected, action, column="unit")])
    return store


def labels_of(study: Study) -> Labels:
    """Return the labels that travel with a study's tables: its own, and those of its questionnaire."""
    if study.file.survey is None:
        return study.labels
    questionnaire = survey.load_questionnaire(study.resolve(study.file.survey.questionnaire))
    of_questions = {term: texts for term, texts in questionnaire.labels().items() if not is_labelled(term)}
    return FrozenMapping({**of_questions, **study.labels})


def _read_survey(study: Study) -> survey.Survey:
    """Read the responses of a study's survey, or simulate them where it has none."""
    files = study.file.survey
    if files is None:
        raise StudyError(f"study {study.file.name}: found no [survey]; expected a questionnaire and responses; add it")
    questionnaire = survey.load_questionnaire(study.resolve(files.questionnaire))
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
    """Compute the exhibits of a study, not yet protected.

    Functions, arguments and charts are checked before anything is computed; a call that several exhibits share is made
    once. The synthesis follows from protected tables: `protect_exhibits` makes it. A comparison of respondents with the
    participants in the registers has the respondents alone until then.

    Parameters
    ----------
    study : Study
        From `load_study`.
    panel, linkage : Panel and Linkage, optional
        From `build_panel` and `link_participants`; exhibits made of registers need both.
    only : iterable of str, optional
        Ids of exhibits; all of the study by default.

    Returns
    -------
    list of ResultTable
        In the order of the study, under their ids and titles. In a simulated extract a number that no published figure
        stands behind has the note ``assumed``.

    Raises
    ------
    InputError
        With every unknown function, every wrong, unknown or missing argument and every missing file of facts.
    StudyError
        For ids in ``only`` that the study does not have, and columns in ``select`` that a table does not have.

    Examples
    --------
    >>> import si_eval as se
    >>> (table,) = se.compute_exhibits(se.load_study(), only=["dialogic_figure_41"])
    >>> table.function, table.evidence
    ('survey_multiple', 'goal_attainment')
    """
    registers = {"panel": panel, "linkage": linkage}
    wanted = [exhibit for exhibit in select_exhibits(study, only) if exhibit.function != SYNTHESIS]
    check_exhibits(study, wanted, missing=[name for name, given in registers.items() if given is None])
    return compute_from(ExhibitInputs(study), wanted, panel, linkage)


def compute_from(
    inputs: ExhibitInputs, exhibits: Sequence[ExhibitSpec], panel: Panel | None, linkage: Linkage | None
) -> list[ResultTable]:
    """Compute exhibits that were checked, from inputs of which some may have been used before."""
    summaries = None if panel is None else _summarise(panel, exhibits)
    inputs.values |= {"panel": panel, "linkage": linkage, SUMMARIES: summaries, PROTECTED: {}}
    return [compute_exhibit(exhibit, inputs) for exhibit in exhibits]


def compute_exhibit(exhibit: ExhibitSpec, inputs: ExhibitInputs) -> ResultTable:
    """Compute one exhibit; an error of its function says which exhibit asked."""
    call = f"{exhibit.function}({exhibit.arguments})"
    try:
        if call not in inputs.done:
            inputs.done[call] = _call_function(exhibit, inputs)
        return _finish(inputs.done[call], exhibit, inputs)
    except InputError as error:
        raise InputError(error.problems, what=f"exhibit {exhibit.id}") from error
    except StudyError as error:
        raise StudyError(f"exhibit {exhibit.id}: {error}") from error


def _summarise(panel: Panel, exhibits: Sequence[ExhibitSpec]) -> cells.Summaries:
    """Summarise the cells of all exhibits that are made of them, in one pass a split."""
    requests = []
    for exhibit in exhibits:
        if SUMMARIES in EXHIBIT_FUNCTIONS[exhibit.function].inputs:
            arguments = dict(exhibit.arguments)
            make = series_request if "base_year" in arguments else level_request
            with suppress(StudyError):  # the exhibit itself tells what is wrong with its arguments
                requests.append(make(panel, arguments.pop("indicator"), **arguments))
    return cells.summarise_requests(panel, requests)


def synthesise_exhibits(study: Study, safe: Sequence[SafeTable]) -> list[ResultTable]:
    """Make the exhibits that rest on protected ones: the synthesis, and those that take ``counts`` from others.

    What was withheld there is not known here, so nothing can leave by this way.
    """
    inputs = ExhibitInputs(study, {PROTECTED: {table.exhibit: table for table in safe}})
    return [
        _finish(_call_function(exhibit, inputs), exhibit, inputs)
        for exhibit in study.file.exhibits
        if exhibit.function == SYNTHESIS or COUNTS in exhibit.arguments
    ]


def exhibits_without_registers(study: Study) -> list[str]:
    """List the ids of the exhibits that need neither panel nor linkage; the synthesis is made later."""
    needing_registers = {name for name, entry in EXHIBIT_FUNCTIONS.items() if set(REGISTERS) & set(entry.inputs)}
    return [exhibit.id for exhibit in study.file.exhibits if exhibit.function not in {*needing_registers, SYNTHESIS}]


def select_exhibits(study: Study, only: Iterable[str] | None) -> list[ExhibitSpec]:
    """Return the exhibits with these ids, in the study's order; raises `StudyError` for ids that it does not have."""
    if only is None:
        return list(study.file.exhibits)
    ids = list(only)
    known = {exhibit.id for exhibit in study.file.exhibits}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise StudyError(f"only: found {', '.join(unknown)}; expected ids of the study's exhibits; correct them")
    return [exhibit for exhibit in study.file.exhibits if exhibit.id in set(ids)]


def _call_function(exhibit: ExhibitSpec, inputs: ExhibitInputs) -> ResultTable:
    """Call the function of an exhibit with its inputs and arguments, which were checked before."""
    entry = EXHIBIT_FUNCTIONS[exhibit.function]
    arguments = {name: _resolve(name, value, inputs.study) for name, value in exhibit.arguments.items()}
    return entry.function(*map(inputs.load, entry.inputs), **arguments)


def _resolve(name: str, value: Any, study: Study) -> Any:
    """Return an argument with paths from here, arguments of another exhibit, and the number invited of a frame."""
    if isinstance(value, dict):
        return {key: _resolve(key, one, study) for key, one in value.items()}
    if name in OF_EXHIBITS and isinstance(value, str):
        return next((dict(one.arguments) for one in study.file.exhibits if one.id == value), value)
    if name not in PATHS or not isinstance(value, str):
        return value
    path = study.resolve(value)
    return survey.load_frame(path).invited if name == "population" and path.suffix == ".toml" else path


def _finish(table: ResultTable, exhibit: ExhibitSpec, inputs: ExhibitInputs) -> ResultTable:
    """Cut a table to what an exhibit shows, mark what is assumed, and give it the exhibit's id, titles and words."""
    split = _split_of(exhibit, inputs.study)
    marked = _mark_assumed(_in_order(_keep_rows(table, exhibit), split))
    marked = replace(marked, primary=inputs.study.file.primary)
    labels = inputs.load(LABELS)
    if split is not None and split.name in labels:
        labels = FrozenMapping({**labels, CATEGORY: labels[split.name]})
    against = exhibit.arguments.get("against")
    if isinstance(against, str) and against in inputs.study.file.groups:
        labels = name_group(labels, against, inputs.study.file.languages)
    titles = exhibit.title.of(inputs.study.file.languages)
    return marked.named(exhibit.id, titles, labels=labels, language=inputs.study.file.languages[0])


def _keep_rows(table: ResultTable, exhibit: ExhibitSpec) -> ResultTable:
    """Keep the rows that an exhibit shows."""
    frame = table.frame
    for column, kept in exhibit.select.items():
        if column not in frame:
            raise StudyError(f"found `{column}` in select; expected a tidy column; correct it")
        values = kept if isinstance(kept, list) else [kept]
        there = [str(value) for value in frame[column].dropna().unique()]
        frame = frame[frame[column].isin(values)]
        if there and frame.empty:
            raise StudyError(
                f"found no row with {column} {', '.join(map(str, values))}; expected some of "
                f"{', '.join(there[:MAX_SHOWN_VALUES])}{', …' if len(there) > MAX_SHOWN_VALUES else ''}; correct "
                f"`{column}` in select"
            )
    return replace(table, frame=frame.reset_index(drop=True))


def _split_of(exhibit: ExhibitSpec, study: Study) -> Split | None:
    """Return the one split of the study that an exhibit is by; none where there are several, or none."""
    by, known = exhibit.arguments.get("by", []), study.declared.splits
    splits = [known[name] for name in ([by] if isinstance(by, str) else by) if name in known]
    return splits[0] if len(splits) == 1 else None


def _in_order(table: ResultTable, split: Split | None) -> ResultTable:
    """Put the rows of a split of the study in the order of its classes; other rows stay where they are."""
    if split is None or not split.classes():
        return table
    places = {name: place for place, name in enumerate(split.classes())}
    last = table.frame[CATEGORY].str.split(" · ").str[-1]
    order = last.map(places).fillna(len(places)).sort_values(kind="stable").index
    return replace(table, frame=table.frame.loc[order].reset_index(drop=True))


def _mark_assumed(table: ResultTable) -> ResultTable:
    """Mark the numbers of a simulated extract that no published figure stands behind, where others have one.

    Where nothing is calibrated there is nothing to tell apart: the whole table says that it is simulated.
    """
    if table.simulation is None or not table.simulation.calibrated or table.function in ALL_CALIBRATED:
        return table
    keys = ("indicator", "year", "sector", "size_class", "category")
    calibrated = {tuple(_key(cell.get(key)) for key in ("group", *keys)) for cell in table.simulation.calibrated}
    frame = table.frame.copy()
    base = frame["unit"].astype(str).str.extract(r"^(\d{4}) = 100$")[0]
    known = []
    for row, base_year in zip(frame.to_dict("records"), base, strict=True):
        groups = ("participant", "non_participant") if row["group"] in ("difference", "ratio") else (row["group"],)
        years = (row["year"],) if pd.isna(base_year) else (row["year"], base_year)
        cells = {(group, *(_key({**row, "year": year}[key]) for key in keys)) for group in groups for year in years}
        published = table.function != WEIGHTED and row["statistic"] in ("mean", "share", "index", "count")
        known.append(published and cells <= calibrated)
    assumed = ~pd.Series(known, index=frame.index, dtype=bool) & frame["estimate"].notna()
    frame.loc[assumed, "note"] = ASSUMED
    return replace(table, frame=frame)


def _key(value: Any) -> str:
    """Write a key; a missing one, such as the year of a survey, is not split."""
    if pd.isna(value):
        return ALL
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
