"""The order of work, read as a table of contents: extract, linkage, panel, exhibits, border, check, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval import extracts, published, synthetic
from si_eval.comparisons import compare_groups
from si_eval.disclosure import protect
from si_eval.engine import open_engine
from si_eval.errors import StudyError
from si_eval.linkage import link_participants
from si_eval.panel import build_panel
from si_eval.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from si_eval.results import Extract, Linkage, Panel, ResultTable, SafeTable
from si_eval.selection import check_selection
from si_eval.study_file import ExhibitSpec, Study, load_study
from si_eval.trends import index_series

Progress = Callable[[str, float], None]
EXTRACT_VARIABLE = "SI_EVAL_EXTRACT"
STUDY_VARIABLE = "SI_EVAL_STUDY"
NOTEBOOK_SCALE = 0.01
ASSUMED = "assumed"

FROM_PANEL: dict[str, Callable[..., ResultTable]] = {
    "compare_groups": compare_groups,
    "index_series": index_series,
    "check_selection": check_selection,
    "describe_reach": describe_reach,
    "describe_sectors": describe_sectors,
    "describe_unit_choice": describe_unit_choice,
}


@dataclass(frozen=True)
class StudyResults:
    """What a study gives: the protected exhibits in the order of the study file, and the check against the source."""

    study: Study
    extract: Extract
    tables: dict[str, SafeTable]
    comparison: published.PublishedComparison | None


def evaluate(study: Study, *, folders: Sequence[Path] = (), progress: Progress | None = None) -> StudyResults:
    """Carry out a study in memory: from the raw extract to protected exhibits and the check against the source."""
    report = progress or _silent
    report("reading the extract", 0.0)
    extract = read_extract(study, folders=folders, progress=lambda step, _: report(step, 0.1))
    report("linking the participants", 0.3)
    linkage = link_participants(extract)
    report("building the panel", 0.4)
    panel = build_panel(extract, linkage, rules=study.file.rule_set())
    report("computing the exhibits", 0.5)
    tables = compute_exhibits(study, panel, linkage)
    report("protecting", 0.8)
    safe = protect(tables, rules=study.file.disclosure)
    report("comparing with the published figures", 0.9)
    comparison = None
    if study.file.published is not None:
        comparison = published.compare_published(
            safe,
            figures=study.resolve(study.file.published.figures),
            claims=study.resolve(study.file.published.claims),
        )
    report("evaluated", 1.0)
    return StudyResults(study, extract, {table.exhibit: table for table in safe}, comparison)


def read_extract(source: Any, *, folders: Sequence[Path] = (), progress: Progress | None = None) -> Extract:
    """Read and validate a raw extract: a folder, several, a study file, or a study.

    A study's own file patterns, column names, units and engine are used; ``folders`` replaces the study's folders.
    Raises `InputError` with every problem of every table.
    """
    study = _as_study(source)
    step = None if progress is None else lambda text: progress(text, 0.0)
    if study is None:
        return extracts.read_extract(source, progress=step)
    return extracts.read_extract(**extract_arguments(study, folders), progress=step)


def extract_arguments(study: Study, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """Give what `extracts` needs to read the extract of a study; a study without folders needs some."""
    source = study.file.extract
    chosen = [Path(folder) for folder in folders] or [study.resolve(folder) for folder in source.folders]
    if not chosen:
        raise StudyError(
            f"study {study.file.name}: found no extract folder; expected `folders` under [extract], or a folder given "
            "beside the study; run `si-eval run STUDY --extract FOLDER --out OUT`"
        )
    engine = study.file.engine
    return {
        "source": chosen,
        "files": source.files,
        "columns": source.columns,
        "money_unit": source.money_unit,
        "participants": None if source.participants is None else study.resolve(source.participants),
        "cache": None if source.cache is None else study.resolve(source.cache),
        "engine": open_engine(engine.backend, memory_limit=engine.memory_limit, threads=engine.threads),
    }


def open_reference() -> tuple[Study, Extract]:
    """Give a notebook its study and extract.

    Taken from the environment (`SI_EVAL_STUDY`, `SI_EVAL_EXTRACT`, set by `si-eval run`); else the reference study on
    a small simulated extract, kept in the cache folder.
    """
    study = load_study(os.environ.get(STUDY_VARIABLE))
    folder = os.environ.get(EXTRACT_VARIABLE)
    if folder is None and not study.file.extract.folders:
        place = Path.home() / ".cache" / "si_eval" / f"{study.file.name}_{NOTEBOOK_SCALE:g}"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            synthetic.simulate_extract(place, scale=NOTEBOOK_SCALE)
        folder = str(place)
    folders = [] if folder is None else [Path(part) for part in folder.split(os.pathsep)]
    return study, read_extract(study, folders=folders)


def compute_exhibits(
    study: Study, panel: Panel, linkage: Linkage, only: Iterable[str] | None = None
) -> list[ResultTable]:
    """Compute the exhibits of a study, in its order; a call that several exhibits share is made once."""
    wanted = None if only is None else set(only)
    done: dict[str, ResultTable] = {}
    tables = []
    for exhibit in study.file.exhibits:
        if wanted is not None and exhibit.id not in wanted:
            continue
        call = f"{exhibit.function}({exhibit.arguments})"
        if call not in done:
            done[call] = _call(exhibit, panel, linkage)
        table = _selected(done[call], exhibit)
        tables.append(_marked(table).named(exhibit.id, {"nl": exhibit.title.nl, "en": exhibit.title.en}))
    return tables


def _call(exhibit: ExhibitSpec, panel: Panel, linkage: Linkage) -> ResultTable:
    """Call the function that makes an exhibit."""
    if exhibit.function == "describe_linkage":
        return describe_linkage(linkage, panel)
    if exhibit.function not in FROM_PANEL:
        raise StudyError(
            f"exhibit {exhibit.id}: found function {exhibit.function!r}; expected one of "
            f"{', '.join(['describe_linkage', *FROM_PANEL])}; name one of these"
        )
    try:
        return FROM_PANEL[exhibit.function](panel, **exhibit.arguments)
    except TypeError as error:
        raise StudyError(f"exhibit {exhibit.id}: {error}; correct its arguments in the study file") from error


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
    calibrated = {tuple(str(cell.get(key)) for key in ("group", *keys)) for cell in table.simulation.calibrated}
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


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_study(source: Any) -> Study | None:
    """Give the study that a source names, if it names one."""
    if isinstance(source, Study):
        return source
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".toml":
        return load_study(source)
    return None


def _silent(step: str, fraction: float) -> None:
    """Report nothing."""
