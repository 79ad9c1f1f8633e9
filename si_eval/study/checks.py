"""Checks a whole study before its extract is read: exhibits, every file that it names, and what needs no register."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict

import pandas as pd

from si_eval import published
from si_eval.disclosure.known_figures import read_known
from si_eval.errors import InputError, Problem, SiEvalError, propose_name
from si_eval.registers.any_frame.names import PANEL_COLUMNS
from si_eval.registers.indicators import RESERVED
from si_eval.registers.schema import contracts
from si_eval.registry import indicators
from si_eval.report.answer_file import check_answers
from si_eval.study.arguments import check_exhibit, place_of
from si_eval.study.catalogue import FACTS, PROTECTED, SURVEY
from si_eval.study.chapters import check_chapters
from si_eval.study.declared import TREATED
from si_eval.study.exhibits import LABELS, ExhibitInputs, compute_exhibit, exhibits_without_registers
from si_eval.study.file import Study, read_study
from si_eval.study.inputs import code_book, extract_folders, list_path
from si_eval.study.ledger import load_ledger
from si_eval.study.shape import explain, show
from si_eval.study.specification import is_direct
from si_eval.text_input.small_tables import read_small_table
from si_eval.text_input.toml_files import require_file
from si_eval.vocabulary import EVIDENCE_COLUMNS, TIDY

NOTEBOOKS = (".py", ".ipynb", ".md")  # endings of the notebooks that are executed
MONEY_UNITS = (1, 1000)  # what one in a file stands for


def check_study(study: Study, *, folders: Sequence[Path] = (), ledger: Path | None = None) -> ExhibitInputs:
    """Check a study before its extract is read, and return what was read and computed for that.

    Exhibits that need no register are computed, so that whatever their functions refuse is known; `compute_from` takes
    them as they are. ``folders`` and ``ledger`` take the place of those of the study.

    Raises `InputError` with every problem at once.
    """
    problems, inputs = find_problems(study, folders=folders, ledger=ledger)
    if problems:
        raise InputError(problems, what=f"the study file {study.path.name}")
    return inputs


def load_checked(path: str | Path | None = None, *, folders: Sequence[Path] = (), ledger: Path | None = None) -> Study:
    """Load a study; where its file has problems, raise them with everything else that is wrong with what it names.

    What a sound file names is not checked here: `check_study` does.
    """
    reading = read_study(path)
    if not reading.problems:
        return reading.study
    more, _ = find_problems(reading.study, folders=folders, ledger=ledger, broken=reading.broken)
    raise InputError([*reading.problems, *more], what=f"the study file {reading.study.path.name}")


def find_problems(
    study: Study, *, folders: Sequence[Path] = (), ledger: Path | None = None, broken: Collection[str] = ()
) -> tuple[list[Problem], ExhibitInputs]:
    """List everything that is wrong with a study and the files that it names, whose content is in the inputs.

    The keys of the study file that are ``broken`` have problems of their own.
    """
    inputs = ExhibitInputs(study)
    name = study.path.name
    exhibits = {one.id: check_exhibit(one, study, broken=broken) for one in study.file.exhibits}
    problems = [
        *(problem for found in exhibits.values() for problem in found),
        *_check_extract(study, folders),
        *_check_names(study),
        *_check_files(study, inputs),
        *_check_ledger(study, ledger),
    ]
    problems += check_chapters(study)
    for key in ("notebooks", "annexes"):
        for number, notebook in enumerate(getattr(study.file, key)):
            problems += _attempt(f"{name}, {key}.{number}", partial(_require_notebook, study, notebook))
    sound = {one for one, found in exhibits.items() if not found} & set(exhibits_without_registers(study))
    problems += list(_check_computed(study, inputs, sound))
    return problems, inputs


def _check_names(study: Study) -> list[Problem]:
    """List the names that a study declares and that a panel, a table or another declaration has."""
    taken = {*PANEL_COLUMNS, *RESERVED, *TIDY, *EVIDENCE_COLUMNS, *indicators()}
    problems = []
    for kind in ("indicators", "splits", "groups"):
        names = [name for name in getattr(study.file, kind) if (kind, name) != ("groups", TREATED)]
        problems += [
            Problem(f"{study.path.name}, {kind}.{name}", "a name that is taken", "a name of its own", "rename it")
            for name in names
            if name in taken
        ]
        taken |= set(names)
    known = [*study.file.indicators, *indicators()]
    problems += [
        Problem(f"{study.path.name}, primary", show(name), "an indicator", propose_name(name, known, "name one"))
        for name in study.file.primary or ()
        if name not in known
    ]
    return problems


def ledger_path(study: Study, given: Path | None = None) -> Path | None:
    """Return the file of earlier releases: the one given, else the study's own, else none."""
    own = study.file.disclosure.ledger
    return given or (None if own is None else study.resolve(own))


def _attempt(place: str, work: Callable[[], object]) -> list[Problem]:
    """Return what is wrong where work fails; a defect of the program is not laid at the study."""
    try:
        work()
    except SiEvalError as error:
        return explain(error, place)
    return []


def _check_computed(study: Study, inputs: ExhibitInputs, sound: Collection[str]) -> Iterator[Problem]:
    """Yield what functions refuse, of the exhibits whose inputs could be read."""
    inputs.values |= {PROTECTED: {}}
    unread = {name for name in (SURVEY, *FACTS) if name not in inputs.values}
    for exhibit in study.file.exhibits:
        if exhibit.id in sound and not unread & set(inputs.needed(exhibit)):
            yield from _attempt(place_of(exhibit, study), partial(compute_exhibit, exhibit, inputs))


def _check_files(study: Study, inputs: ExhibitInputs) -> list[Problem]:
    """Read the survey, the files of facts and what was published; list what is wrong with them."""
    name, problems = study.path.name, []
    files = study.file.survey
    if files is not None:
        named = {key: value for key, value in files.model_dump().items() if value is not None}
        wrong = [one for key, value in named.items() for one in _check_path(study, value, f"{name}, survey.{key}")]
        if files.responses is None and files.simulation is None:
            wrong.append(Problem(f"{name}, survey", "no responses", "`responses`, or `simulation`", "add one of them"))
        problems += wrong or _attempt(f"{name}, survey", lambda: inputs.load(SURVEY))
        if SURVEY not in inputs.values:
            inputs.values[LABELS] = study.labels
    for key, value in study.file.facts.model_dump().items():
        if value is not None:
            place = f"{name}, facts.{key}"
            problems += _check_path(study, value, place) or _attempt(place, partial(inputs.load, key))
    problems += check_study_answers(study, inputs)
    problems += _check_published(study)
    known = study.file.disclosure.known
    if known is not None:
        place = f"{name}, disclosure.known"
        problems += _check_path(study, known, place) or _attempt(place, lambda: read_known_figures(study))
    return problems


def check_study_answers(study: Study, inputs: ExhibitInputs) -> list[Problem]:
    """List what the answers of a study name that it does not have; nothing where they could not be read."""
    answers, programme = inputs.values.get("answers"), inputs.values.get("programme")
    if answers is None:
        return []
    if programme is None and study.file.facts.programme is None:
        expected = "`programme`, the file with the questions that are answered"
        return [Problem(f"{study.path.name}, facts.answers", "no programme", expected, "name it under [facts]")]
    questions = () if programme is None else [one.id for one in programme.questions]
    return list(
        check_answers(
            answers,
            questions=questions or {one.question for one in answers.answers},
            exhibits=[one.id for one in study.file.exhibits],
            languages=study.file.languages,
            place=f"{study.path.name}, facts.answers",
        )
    )


def read_known_figures(study: Study) -> pd.DataFrame | None:
    """Read the figures that outsiders have; none where the study names no file."""
    known = study.file.disclosure.known
    return None if known is None else read_known(study.resolve(known))


def _check_published(study: Study) -> list[Problem]:
    """Read the published figures and claims, and how their words are read; list what is wrong with them."""
    entry, place = study.file.published, f"{study.path.name}, published"
    if entry is None:
        return []
    named = {
        **{f"{key}.{number}": path for key in ("figures", "claims") for number, path in enumerate(getattr(entry, key))},
        "readings": entry.readings,
    }
    problems = [one for key, path in named.items() for one in _check_path(study, path, f"{place}.{key}")]

    def read() -> None:
        files = published_files(study)
        if files is not None:
            published.compare_published((), **files)

    return problems or _attempt(place, read)


class PublishedFiles(TypedDict):
    """The published figures and claims as texts, and the file that says how they are read."""

    figures: pd.DataFrame
    claims: pd.DataFrame
    readings: Path


def published_files(study: Study) -> PublishedFiles | None:
    """Read the published figures and claims of a study; none where it names none."""
    entry = study.file.published
    if entry is None:
        return None
    figures, claims = (
        pd.concat([read_small_table(study.resolve(path), what=name).frame for path in paths])
        for name, paths in (("figures", entry.figures), ("claims", entry.claims))
    )
    return {"figures": figures, "claims": claims, "readings": study.resolve(entry.readings)}


def _check_path(study: Study, path: str, place: str) -> list[Problem]:
    """List why a path of the study is no file that can be read."""
    return _attempt(place, lambda: require_file(study.resolve(path), what="file", expected="a file"))


def _require_notebook(study: Study, path: str) -> None:
    """Raise `StudyError` for what is no file with a notebook."""
    target = require_file(study.resolve(path), what="notebook", expected="a notebook (.py)")
    if target.suffix.lower() not in NOTEBOOKS:
        raise InputError([Problem(target.name, "a file of another kind", "a notebook (.py)", "name a notebook")])


def _check_ledger(study: Study, given: Path | None) -> list[Problem]:
    """List what is wrong with the file of earlier releases; it may not be there yet."""
    own = given is None or given == ledger_path(study)
    place = f"{study.path.name}, disclosure.ledger" if own else "ledger"

    def read() -> None:
        path = ledger_path(study, given)
        if path is not None and path.exists():
            load_ledger(require_file(path, what="ledger", expected="a ledger of releases"))

    return _attempt(place, read)


def _check_extract(study: Study, folders: Sequence[Path]) -> list[Problem]:
    """List what is wrong with the folders of the extract, and with the names of its tables and columns."""
    source, place = study.file.extract, f"{study.path.name}, extract"
    problems: list[Problem] = []
    if folders:
        for folder in folders:
            problems += _check_folder(Path(folder), "extract")
    else:
        for number, one in enumerate(source.folders):
            where = f"{place}.folders.{number}"
            problems += _attempt(where, partial(study.resolve, one)) or _check_folder(study.resolve(one), where)
    for key in ("files", "columns", "money_unit") if not is_direct(study.file) else ():
        problems += [
            Problem(f"{place}.{key}.{table}", "an unknown table", f"one of {', '.join(contracts())}",
                    propose_name(table, contracts(), "name one of these"))
            for table in getattr(source, key)
            if table not in contracts()
        ]  # fmt: skip
    for table, columns in source.columns.items() if not is_direct(study.file) else ():
        known = contracts()[table].columns if table in contracts() else columns
        problems += [
            Problem(f"{place}.columns.{table}.{column}", "an unknown column", f"one of {', '.join(known)}",
                    propose_name(column, known, "name one of these"))
            for column in columns
            if column not in known
        ]  # fmt: skip
    problems += [
        Problem(f"{place}.money_unit.{where}", show(unit), "1 or 1000, what one in the file stands for", "correct it")
        for where, unit in _money_units(study)
        if unit not in MONEY_UNITS
    ]
    if is_direct(study.file) and study.file.disclosure.public_units:
        expected = 'none with link = "direct", where identifiers are texts'
        where = f"{study.path.name}, disclosure.public_units"
        problems.append(Problem(where, "ids of units", expected, "leave them out: all units are protected alike"))
    problems += [] if is_direct(study.file) else _check_lists(study, folders)
    problems += _check_codes(study, place)
    if source.participants is not None:
        problems += _check_path(study, source.participants, f"{place}.participants")
    if source.cache is not None:
        where = f"{place}.cache"
        problems += _attempt(where, lambda: study.resolve(source.cache or "")) or _check_cache(study, where)
    return problems


SBI = "codes are SBI 2008"


def _check_codes(study: Study, place: str) -> list[Problem]:
    """List what is wrong with the classification of activities and the file with its crosswalk."""
    source = study.file.extract
    if is_direct(study.file):
        wrong = [] if source.crosswalk is None else _check_path(study, source.crosswalk, f"{place}.crosswalk")
        return wrong or _attempt(f"{place}.crosswalk", partial(code_book, study))
    return [
        Problem(f"{place}.{key}", "a key of registers without a chain of links", f'none with link = "chain": {why}',
                "leave it out")
        for key, why in (("classification", SBI), ("crosswalk", SBI), ("lookup", "its tables link the identifiers"))
        if getattr(source, key) is not None
    ]  # fmt: skip


def _check_lists(study: Study, folders: Sequence[Path]) -> list[Problem]:
    """List what is wrong with the comparison groups on a list, where participants are linked by a chain."""
    problems: list[Problem] = []
    for name, group in study.file.groups.items():
        place = f"{study.path.name}, groups.{name}"
        if name == TREATED:
            action = "leave it out, or name a list of participants under [extract]"
            problems.append(Problem(place, "a group by this name", 'none with link = "chain"', action))
        elif group.file is not None and group.where:
            action = "leave out `where`, and cut the list to the rows that count"
            problems.append(
                Problem(f"{place}.where", "a condition on a list", 'a list alone with link = "chain"', action)
            )
        elif group.file is not None and (folders or study.file.extract.folders):
            problems += _attempt(f"{place}.file", partial(list_path, study, group, extract_folders(study, folders)))
    return problems


def _money_units(study: Study) -> Iterator[tuple[str, object]]:
    """Yield what one in a table, or in a column of it, stands for; by column only where the layout is the study's."""
    for table, unit in study.file.extract.money_unit.items():
        if isinstance(unit, dict) and is_direct(study.file):
            yield from ((f"{table}.{column}", one) for column, one in unit.items())
        else:
            yield table, unit


def _check_folder(path: Path, place: str) -> list[Problem]:
    """List why a path is no folder with an extract."""
    expected, name = "a folder with the raw files", show(path.name or str(path))
    try:
        if not path.is_dir():
            found = f"{name}, which is a file" if path.exists() else f"no folder {name}"
            return [Problem(place, found, expected, "correct the path of the extract")]
        if path == Path(path.anchor):
            return [Problem(place, f"the root {path}", expected, "name the folder itself")]
        next(path.iterdir(), None)
    except OSError as error:
        return [Problem(place, f"{name}, {(error.strerror or 'unreadable').lower()}", expected, "check the path")]
    return []


def _check_cache(study: Study, place: str) -> list[Problem]:
    """List why a path cannot be a folder for converted files; it may not be there yet."""
    path = study.resolve(study.file.extract.cache or "")
    if path.exists() and not path.is_dir():
        return [Problem(place, f"{show(path.name)}, which is a file", "a folder, or none yet", "correct the path")]
    return []
