"""Opens a study and its extract, and nothing more: what a notebook starts with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from si_eval.engine import open_engine
from si_eval.errors import StudyError
from si_eval.registers import extracts
from si_eval.results import Extract
from si_eval.study.file import Study, load_study

Progress = Callable[[str, float], None]
EXTRACT_VARIABLE = "SI_EVAL_EXTRACT"
STUDY_VARIABLE = "SI_EVAL_STUDY"
NOTEBOOK_SCALE = 0.01


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


def open_study() -> Study:
    """Give a notebook its study: the one in the environment (`SI_EVAL_STUDY`), else the reference study."""
    return load_study(os.environ.get(STUDY_VARIABLE))


def open_reference() -> tuple[Study, Extract]:
    """Give a notebook its study and extract.

    Taken from the environment (`SI_EVAL_STUDY`, `SI_EVAL_EXTRACT`, set by `si-eval run`); else the reference study on
    a small simulated extract, kept in the cache folder.
    """
    study = open_study()
    folder = os.environ.get(EXTRACT_VARIABLE)
    if folder is None and not study.file.extract.folders:
        place = Path.home() / ".cache" / "si_eval" / f"{study.file.name}_{NOTEBOOK_SCALE:g}"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            from si_eval import synthetic  # noqa: PLC0415  loaded where it simulates

            synthetic.simulate_extract(place, scale=NOTEBOOK_SCALE)
        folder = str(place)
    folders = [] if folder is None else [Path(part) for part in folder.split(os.pathsep)]
    return study, read_extract(study, folders=folders)


def _as_study(source: Any) -> Study | None:
    """Give the study that a source names, if it names one."""
    if isinstance(source, Study):
        return source
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".toml":
        return load_study(source)
    return None
