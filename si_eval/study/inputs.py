"""The inputs of a study: its extract, read as the study file says, and what a notebook starts with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from si_eval.engine import open_engine
from si_eval.errors import StudyError
from si_eval.registers import extracts
from si_eval.registers.crosswalks import BASE, OTHER, CodeBook, read_crosswalk
from si_eval.registers.direct import Layout, read_direct
from si_eval.registers.direct.lookups import Lookup
from si_eval.registers.direct.tables import PARTICIPANTS
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.results import Extract, Linkage, Panel
from si_eval.study.declared import TREATED, GroupSpec
from si_eval.study.file import Study, load_study
from si_eval.study.specification import is_direct
from si_eval.system.progress import Progress, ignore_progress
from si_eval.vocabulary import Language

EXTRACT_VARIABLE = "SI_EVAL_EXTRACT"
STUDY_VARIABLE = "SI_EVAL_STUDY"
NOTEBOOK_SCALE = 0.01


def read_extract(
    source: str | Path | Sequence[str | Path] | Study,
    *,
    folders: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Extract:
    """Read and validate a raw extract of the registers.

    Tables are not loaded into memory, and raw files are never changed. Canonical and CBS names of files and columns are
    found by themselves; for other names, units or engines the study file says how to read them.

    Parameters
    ----------
    source : str, Path, list of these, or Study
        A folder with the tables of the extract, several folders, a study file (``.toml``), or a study from
        `load_study`.
    folders : list of Path, optional
        The folders of the extract in place of those that the study names.
    progress : callable, optional
        Called with the step at work (a text) and the fraction done.

    Returns
    -------
    Extract
        Tables by name in ``tables``, with exactly the columns and types of the contract (money in euro);
        ``summary()`` tells what is there, ``to_frame()`` lists the files: ``table, path, format, sha256, rows, year,
        version, settings``.

    Raises
    ------
    InputError
        With every problem of every table at once: file, column, count, example rows, what to do.
    StudyError
        For a study that names no folder, where none is given.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> print(extract.summary().splitlines()[0])
    Extract: 8 tables, 27 files, synthetic (smart_industry_2020, scale 0.002)
    >>> extract.synthetic
    True
    """
    step = None if progress is None else lambda text: progress(text, 0.0)
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".toml":
        source = load_study(source)
    if isinstance(source, Study):
        return extracts.read_extract(**extract_arguments(source, folders), progress=step)
    return extracts.read_extract(source, progress=step)


def extract_folders(study: Study, folders: Sequence[Path] = ()) -> list[Path]:
    """Return the folders of the extract: those given, else the study's; raises `StudyError` where there is none."""
    places = [Path(folder) for folder in folders] or [study.resolve(one) for one in study.file.extract.folders]
    if not places:
        raise StudyError(
            f"study {study.file.name}: found no extract folder; expected `folders` under [extract], or a folder given "
            "beside the study; run `si-eval run STUDY --extract FOLDER --out OUT`"
        )
    return places


def extract_arguments(study: Study, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the arguments with which `extracts` reads the extract of a study; raises `StudyError` without a folder."""
    source = study.file.extract
    engine = study.file.engine
    return {
        "source": extract_folders(study, folders),
        "files": source.files,
        "columns": source.columns,
        "money_unit": source.money_unit,
        "participants": None if source.participants is None else study.resolve(source.participants),
        "accept": {one.check: one.reason for one in source.accept},
        "cache": None if source.cache is None else study.resolve(source.cache),
        "engine": open_engine(engine.backend, memory_limit=engine.memory_limit, threads=engine.threads),
    }


def read_registers(
    study: Study, *, folders: Sequence[Path] = (), progress: Progress | None = None
) -> tuple[Extract, Linkage, Panel]:
    """Read the extract of a study, link its participants and build its panel.

    Where participants carry the identifier of their unit (``link = "direct"`` under [extract]) the tables may have any
    layout, which the study file tells; else they are those of the contract, with a chain of links.

    Parameters
    ----------
    study : Study
        From `load_study`.
    folders : list of Path, optional
        The folders of the extract in place of those that the study names.
    progress : callable, optional
        Called with the step at work (a text) and the fraction done.

    Returns
    -------
    tuple of Extract, Linkage and Panel
        As from `read_extract`, `link_participants` and `build_panel`, with what the study declares.

    Raises
    ------
    InputError
        With every problem of every table at once.
    StudyError
        For a study that names no folder, where none is given.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> extract, linkage, panel = se.read_registers(se.load_study(), folders=[Path("extract")])
    >>> list(panel.per_year)
    [2014, 2015, 2016, 2017, 2018, 2019]
    """
    say = progress or ignore_progress
    rules = study.file.rule_set()
    if is_direct(study.file):
        say("reading the extract", 0.0)
        read = read_direct(direct_layout(study, folders), study, rules, progress=lambda step: say(step, 0.2))
        return read.extract, read.linkage, read.panel
    say("reading the extract", 0.0)
    extract = read_extract(study, folders=folders, progress=lambda step, _: say(step, 0.1))
    extract, lists = read_lists(study, extract, folders)
    say("linking the participants", 0.6)
    linkage = link_participants(extract)
    comparisons = {name: link_participants(replace(extract, tables=tables)) for name, tables in lists.items()}
    say("building the panel", 0.8)
    public = study.file.disclosure.public_units
    panel = build_panel(extract, linkage, rules=rules, public_units=public, comparisons=comparisons, study=study)
    return extract, linkage, panel


def read_lists(
    study: Study, extract: Extract, folders: Sequence[Path] = ()
) -> tuple[Extract, dict[str, Mapping[str, Any]]]:
    """Read the lists of the comparison groups of a study whose participants are linked by a chain.

    Returns the extract with each list as a table of its own, and by group the tables to link it by: those of the
    extract, with the list in the place of the participants.
    """
    arguments = extract_arguments(study, folders) if any(one.file for one in study.file.groups.values()) else {}
    arguments["engine"] = extract.engine
    tables, sources = dict(extract.tables), list(extract.sources)
    lists: dict[str, Mapping[str, Any]] = {}
    for name, group in study.file.groups.items():
        if group.file is None or name == TREATED:
            continue
        path = list_path(study, group, arguments["source"])
        read = extracts.read_extract(**{**arguments, "participants": path})
        table = GroupSpec.list_name(name)
        tables[table] = read.tables[PARTICIPANTS]
        sources += [replace(one, table=table) for one in read.sources if one.table == PARTICIPANTS]
        lists[name] = read.tables
    return replace(extract, tables=tables, sources=tuple(sources)), lists


def list_path(study: Study, group: GroupSpec, folders: Sequence[Path]) -> Path:
    """Find the list of a group: beside the study file, or in a folder of the extract; raises `StudyError` for none."""
    name = str(group.file)
    places = [study.resolve(name), *(folder / name for folder in folders)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise StudyError(
            f"study {study.file.name}: found no file {name}; expected the list of a group beside the study file or in "
            "a folder of the extract; correct `file` under [groups]"
        )
    return found


def direct_layout(study: Study, folders: Sequence[Path] = ()) -> Layout:
    """Return how the tables of a study without a chain of links are read; raises `StudyError` without a folder."""
    source, groups = study.file.extract, study.file.groups
    treated = groups[TREATED].group(TREATED, PARTICIPANTS) if TREATED in groups else None
    lists = {GroupSpec.list_name(name): group.file for name, group in groups.items() if group.file is not None}
    return Layout(
        folders=extract_folders(study, folders),
        files={**source.files, **lists},
        columns=source.columns,
        money_unit=source.money_unit,
        largest=source.largest,
        quarterly=source.frequency == "quarterly",
        codes=code_book(study),
        lookup=None if source.lookup is None else Lookup(source.lookup.table, source.lookup.id),
        groups=tuple(study.declared.groups.values()),
        accept={one.check: one.reason for one in source.accept},
        **({} if treated is None else {"treated": treated}),
    )


def code_book(study: Study) -> CodeBook:
    """Return in which classification activities are; raises `InputError` for a crosswalk that is not sound."""
    source = study.file.extract
    if source.crosswalk is None:
        return CodeBook(source.classification or {0: BASE[0]})
    path = study.resolve(source.crosswalk)
    return CodeBook(source.classification or {0: OTHER}, read_crosswalk(path), path)


def open_study(*, language: Language | None = None) -> Study:
    """Return the study of a notebook.

    The report of a run executes notebooks with the study of that run; a notebook opened by hand has the reference
    study.

    Parameters
    ----------
    language : {"nl", "en"}, optional
        The language to read its tables in, as in `load_study`.

    Returns
    -------
    Study
        The one that the environment variable ``SI_EVAL_STUDY`` names, else the reference study.

    Raises
    ------
    InputError, StudyError
        For a study file that is not sound; see `load_study`.

    Examples
    --------
    >>> import si_eval as se
    >>> se.open_study().file.name
    'smart_industry_2020'
    """
    return load_study(os.environ.get(STUDY_VARIABLE), language=language)


def open_reference(*, language: Language | None = None) -> tuple[Study, Extract]:
    """Return the study of a notebook and its extract.

    The report of a run executes notebooks with the study and extract of that run (``SI_EVAL_STUDY`` and
    ``SI_EVAL_EXTRACT``). A notebook opened by hand has the reference study and, where that names no folder, an extract
    that is simulated once (1 percent of the firms) and kept in ``~/.cache/si_eval``.

    Parameters
    ----------
    language : {"nl", "en"}, optional
        The language to read its tables in, as in `load_study`.

    Returns
    -------
    tuple of Study and Extract
        As from `load_study` and `read_extract`.

    Raises
    ------
    InputError, StudyError
        For a study file or an extract that is not sound.

    Examples
    --------
    >>> import os
    >>> import si_eval as se
    >>> os.environ["SI_EVAL_EXTRACT"] = "extract"
    >>> study, extract = se.open_reference()
    >>> study.file.name, extract.simulation.scale
    ('smart_industry_2020', 0.002)
    >>> del os.environ["SI_EVAL_EXTRACT"]
    """
    study = open_study(language=language)
    named = os.environ.get(EXTRACT_VARIABLE)
    if named is not None:
        return study, read_extract(study, folders=[Path(part) for part in named.split(os.pathsep)])
    if study.file.extract.folders:
        return study, read_extract(study)
    folder = Path.home() / ".cache" / "si_eval" / f"{study.file.name}_{NOTEBOOK_SCALE:g}"
    if not folder.exists():
        from si_eval import synthetic  # noqa: PLC0415  loaded where it simulates

        folder.parent.mkdir(parents=True, exist_ok=True)
        synthetic.simulate_extract(folder, scale=NOTEBOOK_SCALE)
    return study, read_extract(study, folders=[folder])
