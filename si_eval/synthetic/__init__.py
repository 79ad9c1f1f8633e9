"""Simulated register extracts and firms, of which the true values are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from si_eval.arguments import Arguments, describe_value
from si_eval.errors import StudyError
from si_eval.synthetic import canonical, cbs, vouchers
from si_eval.synthetic.firms import SimulatedFirms, simulate_firms
from si_eval.synthetic.offices import deliver, offices
from si_eval.synthetic.simulated_data import StaticData, build_static_data, build_year_data
from si_eval.synthetic.tables import Table
from si_eval.synthetic.targets import PRESETS, PROFILES, PUBLISHED, Preset, calibrated_cells, load_preset
from si_eval.synthetic.truth import Truth
from si_eval.synthetic.writers import FORMATS, write_table
from si_eval.system.failures import explain_failures
from si_eval.system.output_folders import match_umask, resolve_place, swap_folders, work_beside

__all__ = ["MARKER", "SimulatedFirms", "simulate_extract", "simulate_firms"]

LAYOUTS = {"canonical": canonical, "cbs": cbs}
MARKER, TRUTH = "simulation.json", "truth.json"
NOTE = (
    "Simulated. No row describes a real firm. The cells under `calibrated` give the printed figures under the rules of "
    "the printed study (rule set replicate_2020); everything else is assumed (si_eval/synthetic/assumptions.toml)."
)
NOTE_REALISTIC = (
    "Simulated. No row describes a real firm. Nothing is calibrated exactly: holdings, exits, takeovers, fading "
    "revenue and lumpy, sampled investments are assumed (si_eval/synthetic/realistic.toml); truth.json has their truth."
)
NOTE_VOUCHERS = (
    "Simulated. No row describes a real firm, and the programme is invented; truth.json has the planted effect."
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
    profile: str = PUBLISHED,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Write a simulated raw register extract, calibrated to the published figures of an evaluation.

    Use it to run a study without access to registers, and to test methods: no row describes a real firm. Participants
    are never thinned, non-participants are thinned to ``scale``. Under the rules of the published study
    (``rules="replicate_2020"``) the published figures come back; everything else is assumed. Nothing is left behind
    when the simulation fails.

    Parameters
    ----------
    out : str or Path
        A folder that does not exist or is empty.
    preset : {"smart_industry_2020", "innovation_vouchers", "uk_bsd_abs", "be_kbo_accounts", "eu_sbs"}
        The evaluation whose figures are met, or an invented programme in another country with a planted effect, in
        files of its own or in those of British, Belgian or European registers; its study file has the same name.
    scale : float
        Share of the non-participants in the country, above 0 and at most 1. At least 19 000 are simulated: scales
        below 0.01 have the non-participants of 0.01.
    seed : int
        The same seed gives the same bytes.
    layout : {"canonical", "cbs"}
        The tables and columns that `read_extract` reads without a mapping, or the file names and variables of the Dutch
        statistical office.
    format : {"parquet", "csv", "sav"}
        File format of the tables.
    profile : {"published", "realistic"}
        ``"published"`` gives the published figures back. ``"realistic"`` is for methods and for teaching: holdings of
        several participants, legal persons with two units, exits, takeovers, revenue that regresses to the mean,
        and investments with many zeros and lumps of which a stratified sample is asked and a part responds.
    progress : callable, optional
        Called with the name of a step and the fraction done.

    Returns
    -------
    Path
        The folder. Money is in euro (canonical), or in thousand euro for investments in the layout of the office.
        ``simulation.json`` in it says that the extract is simulated, and which cells are calibrated; ``truth.json``
        says what is true of all units: investments by cell, asked and responding units, the slope of revenue on that of
        the first year, and which units left, took another one over or belong to a participant's legal person.

    Raises
    ------
    StudyError
        If an option is unknown, or ``out`` has content.

    Examples
    --------
    >>> import si_eval as se
    >>> folder = se.simulate_extract("simulated", scale=0.001, seed=1)
    >>> sorted(path.name for path in folder.glob("*2019*"))
    ['business_units_2019.parquet', 'enterprise_groups_2019.parquet', 'turnover_2019.parquet']
    >>> se.read_extract(folder).synthetic
    True
    """
    target = resolve_place(_check_options(out, preset, scale, seed, layout, format, profile, progress))
    report = progress or (lambda step, fraction: None)
    if preset in _own_layouts():
        _write_vouchers(target, preset, float(scale), int(seed), format)
        report("done", 1.0)
        return Path(out)
    with explain_failures(f"simulate: {target.name} is as it was"), work_beside(target) as work:
        _check_folder(target)
        finished = work / "extract"
        finished.mkdir(mode=0o700)
        facts = load_preset(preset, profile)
        static = build_static_data(facts, float(scale), int(seed))
        truth = Truth(static.register)
        for step, fraction, table in _tables(static, truth, layout):
            report(step, fraction)
            write_table(table, finished, format)
        (finished / TRUTH).write_text(_json(truth.content()), encoding="utf-8")
        (finished / MARKER).write_text(_marker(facts, float(scale), int(seed), layout, format), encoding="utf-8")
        match_umask(finished)
        swap_folders({finished: target}, work)
    report("done", 1.0)
    return Path(out)


def _own_layouts() -> tuple[str, ...]:
    """List the presets of the invented programme, each with a layout of its own."""
    return (vouchers.PRESET, *offices())


def _write_vouchers(target: Path, preset: str, scale: float, seed: int, file_format: str) -> None:
    """Write the extract of the innovation vouchers, as its own preset or an office delivers it."""
    drawn = vouchers.draw_vouchers(max(vouchers.FEWEST, round(vouchers.POPULATION * scale)), seed)
    drawn = drawn if preset == vouchers.PRESET else deliver(drawn, preset)
    numbered = sorted({str(name) for frame in drawn.tables.values() for name in frame if str(name)[0].isdigit()})
    if numbered and file_format == "sav":
        raise StudyError(
            f"format: found 'sav' for {preset}, whose columns {', '.join(numbered)} begin with a digit; expected a "
            "format that can name them so; choose parquet or csv"
        )
    marker = {"synthetic": True, "preset": preset, "scale": scale, "seed": seed, "format": file_format}
    with explain_failures(f"simulate: {target.name} is as it was"), work_beside(target) as work:
        _check_folder(target)
        finished = work / "extract"
        finished.mkdir(mode=0o700)
        for table in drawn.as_tables():
            write_table(table, finished, file_format)
        (finished / TRUTH).write_text(_json(drawn.truth()), encoding="utf-8")
        (finished / MARKER).write_text(_json({**marker, "note": NOTE_VOUCHERS}), encoding="utf-8")
        match_umask(finished)
        swap_folders({finished: target}, work)


def _check_options(
    out: object,
    preset: object,
    scale: object,
    seed: object,
    layout: object,
    file_format: object,
    profile: object,
    progress: object,
) -> Path:
    """Return the folder to write; raise `ArgumentError` with every option that is wrong, before any work."""
    arguments = Arguments("simulate_extract")
    folder = arguments.path("out", out)
    arguments.option("preset", preset, (*PRESETS, *_own_layouts()))
    if preset in _own_layouts():
        own = f"the only one of {preset}"
        for name, given, only in (("layout", layout, "canonical"), ("profile", profile, PUBLISHED)):
            if given != only:
                arguments.add(name, describe_value(given), own, "leave it out")
    arguments.number("scale", scale, above=0, most=1, action="pass for example 0.01")
    arguments.whole("seed", seed, least=0, action="pass for example 1")
    arguments.option("layout", layout, LAYOUTS)
    arguments.option("format", file_format, FORMATS)
    arguments.option("profile", profile, PROFILES)
    if progress is not None and not callable(progress):
        arguments.add("progress", describe_value(progress), "a function", "give one, or leave it out")
    arguments.refuse_problems()
    return folder


def _check_folder(out: Path) -> None:
    """Raise `StudyError` where the folder has content."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(
            f"out: found content at {out}; expected a folder that does not exist or is empty; choose another folder"
        )


def _tables(static: StaticData, truth: Truth, layout: str) -> Iterator[tuple[str, float, Table]]:
    """Draw the tables of an extract, year by year, with the step and the fraction done, and collect what is true."""
    years = static.register.preset.years
    for table in LAYOUTS[layout].static_tables(static):
        yield "persons", 0.0, table
    for number, year in enumerate(build_year_data(static.register), start=1):
        truth.add(year)
        for table in LAYOUTS[layout].year_tables(static, year):
            yield str(year.state.year), number / (len(years) + 1), table


def _marker(preset: Preset, scale: float, seed: int, layout: str, file_format: str) -> str:
    """Build the text of the marker: that the extract is simulated, how, and which cells are calibrated."""
    content = {
        "synthetic": True,
        "preset": preset.name,
        "scale": scale,
        "seed": seed,
        "layout": layout,
        "format": file_format,
        **({"profile": preset.profile} if preset.is_realistic else {}),
        "population_thinned": scale < 1,
        "calibrated": calibrated_cells(preset, whole_population=scale == 1),
        "note": (NOTE_REALISTIC if preset.is_realistic else NOTE) + (NOTE_THINNED if scale < 1 else ""),
    }
    return _json(content)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
