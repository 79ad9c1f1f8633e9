"""Simulated register extracts whose truth is known: the published figures of an evaluation come back from them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from numbers import Integral
from pathlib import Path

from si_eval.errors import StudyError
from si_eval.synthetic import canonical, cbs
from si_eval.synthetic.content import build_lasting, build_years
from si_eval.synthetic.firms import SimulatedFirms, simulate_firms
from si_eval.synthetic.tables import Table
from si_eval.synthetic.targets import PRESETS, Preset, calibrated_cells, load_preset
from si_eval.synthetic.writers import FORMATS, write_table

__all__ = ["MARKER", "SimulatedFirms", "simulate_extract", "simulate_firms"]

LAYOUTS = {"canonical": canonical, "cbs": cbs}
MARKER = "simulation.json"
NOTE = (
    "Simulated. No row describes a real firm. The cells under `calibrated` give the printed figures under the rules of "
    "the printed study (rule set replicate_2020); everything else is assumed (si_eval/synthetic/assumptions.toml)."
)
NOTE_THINNED = (
    " Non-participants are thinned to the scale, but not below 19 000 in the last year, nor below about 60 units with "
    "data in a cell of industry or other sectors by size class: small cells weigh more than in the country."
)


def simulate_extract(
    out: str | Path,
    *,
    preset: str = "smart_industry_2020",
    scale: float = 0.01,
    seed: int = 1,
    layout: str = "canonical",
    format: str = "parquet",
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Write a simulated raw register extract, calibrated to the published figures of an evaluation.

    Parameters: ``out``, a folder that does not exist or is empty; ``preset``, the evaluation; ``scale``, the share of
    the country's non-participants, above 0 and at most 1 (participants are never thinned); ``seed``, a whole number,
    the same seed gives the same bytes; ``layout``, `canonical` or `cbs`; ``format``, `parquet`, `csv` or `sav`;
    ``progress``, called with a step and the fraction done.

    Returns the folder. Money is in whole euro (canonical) or thousand euro (CBS investments). Nothing is left behind
    when the simulation fails. Raises `StudyError` for an unknown option, and where ``out`` has content.

    >>> simulate_extract("extract", scale=0.01, seed=1)  # doctest: +SKIP
    """
    _check_options(preset, scale, seed, layout, format)
    out = Path(out)
    _check_folder(out)
    report = progress or (lambda step, fraction: None)
    out.parent.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        facts = load_preset(preset)
        for step, fraction, table in _tables(facts, float(scale), int(seed), layout):
            report(step, fraction)
            write_table(table, working, format)
        (working / MARKER).write_text(_marker(facts, float(scale), int(seed), layout, format), encoding="utf-8")
        working.chmod(0o755)
        if out.exists():
            out.rmdir()
        working.rename(out)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise
    report("done", 1.0)
    return out


def _check_options(preset: str, scale: float, seed: int, layout: str, file_format: str) -> None:
    """Refuse options that cannot be carried out, before any work."""
    for name, value, allowed in (
        ("preset", preset, PRESETS),
        ("layout", layout, LAYOUTS),
        ("format", file_format, FORMATS),
    ):
        if value not in allowed:
            raise StudyError(f"{name}: found {value!r}; expected one of {', '.join(allowed)}; choose one of them")
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
        raise StudyError(f"scale: found {scale!r}; expected a number above 0 and at most 1; pass for example 0.01")
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise StudyError(f"seed: found {seed!r}; expected a whole number; pass for example 1")


def _check_folder(out: Path) -> None:
    """Refuse a folder that holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(
            f"out: found content at {out}; expected a folder that does not exist or is empty; choose another folder"
        )


def _tables(preset: Preset, scale: float, seed: int, layout: str) -> Iterator[tuple[str, float, Table]]:
    """Draw the tables of an extract one by one, year by year, with the step and the fraction done."""
    lasting = build_lasting(preset, scale, seed)
    for table in LAYOUTS[layout].lasting_tables(lasting):
        yield "persons", 0.0, table
    for number, year in enumerate(build_years(lasting.register), start=1):
        for table in LAYOUTS[layout].year_tables(lasting, year):
            yield str(year.state.year), number / (len(preset.years) + 1), table


def _marker(preset: Preset, scale: float, seed: int, layout: str, file_format: str) -> str:
    """Say that the extract is simulated, how, and which cells are calibrated."""
    content = {
        "synthetic": True,
        "preset": preset.name,
        "scale": scale,
        "seed": seed,
        "layout": layout,
        "format": file_format,
        "population_thinned": scale < 1,
        "calibrated": calibrated_cells(preset, whole_population=scale == 1),
        "note": NOTE + (NOTE_THINNED if scale < 1 else ""),
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
