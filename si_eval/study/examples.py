"""Studies that ship as examples: their files and their study file in one folder, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from si_eval.errors import StudyError, propose_name
from si_eval.study.file import data_folder
from si_eval.system.output_folders import resolve_place, swap_folders, work_beside

EXTRACT, STUDY = "extract", "study.toml"


def _write_michigan(folder: Path) -> None:
    """Write the firms of the Michigan training grant, which come with `linearmodels`."""
    from linearmodels.datasets import jobtraining  # noqa: PLC0415 - real data, loaded where they are written

    folder.mkdir()
    known = ["year", "fcode", "employ", "sales", "avgsal", "scrap", "rework", "tothrs", "union", "grant"]
    jobtraining.load()[known].to_csv(folder / "firms.csv", index=False)


def _simulate(preset: str, folder: Path) -> None:
    """Simulate the invented programme as a preset delivers it: 1500 firms."""
    from si_eval.synthetic import simulate_extract  # noqa: PLC0415 - loaded where it simulates

    simulate_extract(folder, preset=preset)


SIMULATED = ("innovation_vouchers", "uk_bsd_abs", "be_kbo_accounts", "eu_sbs")
EXAMPLES: Mapping[str, Callable[[Path], None]] = {
    "michigan_training": _write_michigan,
    **{name: partial(_simulate, name) for name in SIMULATED},
}


def write_example(name: str, out: Path) -> Path:
    """Write the extract and the study file of an example to a new folder; return the study file.

    Raises `StudyError` for an unknown example, and for a folder with content.
    """
    if name not in EXAMPLES:
        action = propose_name(name, EXAMPLES, "name one of these")
        raise StudyError(f"example: found {name!r}; expected one of {', '.join(EXAMPLES)}; {action}")
    target = resolve_place(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"{out}: found content; expected a folder that is new or empty; choose another folder")
    text = (data_folder() / "studies" / f"{name}.toml").read_text(encoding="utf-8")
    with work_beside(target) as work:
        finished = work / name
        finished.mkdir()
        EXAMPLES[name](finished / EXTRACT)
        placed = text.replace("[extract]\n", f'[extract]\nfolders = ["{EXTRACT}"]\n', 1)
        (finished / STUDY).write_text(placed, encoding="utf-8")
        swap_folders({finished: target}, work)
    return target / STUDY
