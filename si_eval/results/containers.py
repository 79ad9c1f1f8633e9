"""What a stage hands to the next: extracts, linkages, panels, tables and checks. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from si_eval.frozen import freeze_fields, keep_frames
from si_eval.registry import Indicator, RuleSet
from si_eval.registry.deflators import NOMINAL
from si_eval.results.maryland import maryland_of
from si_eval.results.presenting import load_presenter
from si_eval.results.tidy_rows import read_in_language, with_whole_counts
from si_eval.results.unit_sets import UnitSource
from si_eval.results.wide import check_values, head_of, to_html, to_wide
from si_eval.stats import IntArray
from si_eval.vocabulary import (
    ESTIMATE,
    NO_LABELS,
    Evidence,
    Labels,
    Language,
    Verdict,
    evidence_code,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir


SIMULATION = "simulation"  # where a simulated data frame says so, in its ``attrs``


@dataclass(frozen=True)
class Simulation:
    """What a simulated extract says of itself: that it is synthetic, and which cells were calibrated."""

    preset: str
    scale: float
    seed: int
    note: str = ""
    calibrated: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        freeze_fields(self, "calibrated")

    def to_attrs(self) -> dict[str, Any]:
        """Return what a data frame says of itself in its ``attrs``: plain values, which parquet keeps."""
        return {"preset": self.preset, "scale": self.scale, "seed": self.seed, "note": self.note}


def simulation_of(attrs: Mapping[Any, Any]) -> Simulation | None:
    """Return what the ``attrs`` of a data frame say of its simulation; None where it is not simulated.

    Whatever stands there marks the frame as simulated, also where it is not what `Simulation.to_attrs` wrote.
    """
    told = attrs.get(SIMULATION)
    if told is None or isinstance(told, Simulation):
        return told
    try:
        return Simulation(str(told["preset"]), float(told["scale"]), int(told["seed"]), str(told.get("note", "")))
    except (TypeError, KeyError, ValueError, AttributeError):
        return Simulation("unknown", 1.0, 0)


@dataclass(frozen=True)
class SourceFile:
    """One raw file that was read: where it came from, its content hash and the version chosen.

    ``settings`` is what a study says of its table, as JSON: names of columns and the unit of money; empty for nothing.
    """

    table: str
    path: str
    format: str
    sha256: str
    rows: int
    year: int | None = None
    version: str = ""
    settings: str = ""


@dataclass(frozen=True)
class Extract:
    """A validated raw extract: relational tables under the contract's names.

    ``tables`` maps a table name to a relation; a table that the extract does not have is absent. ``checks`` tell
    whether the extract is plausible.
    """

    tables: Mapping[str, ir.Table]
    engine: Any
    sources: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    simulation: Simulation | None = None
    checks: tuple[CheckResult, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the extract was simulated."""
        return self.simulation is not None

    def to_frame(self) -> pd.DataFrame:
        """List the files that were read, one row a file: table, file, format, rows, year, version, hash, settings."""
        return pd.DataFrame([vars(source) for source in self.sources])

    def summary(self) -> str:
        """Summarise in a few lines what the extract holds."""
        files = self.to_frame()
        kind = f"synthetic ({self.simulation.preset}, scale {self.simulation.scale:g})" if self.simulation else "real"
        lines = [f"Extract: {len(self.tables)} tables, {len(files)} files, {kind}"]
        for table in self.tables:
            rows = files.loc[files["table"] == table, "rows"].sum() if len(files) else 0
            lines.append(f"  {table}: {rows} rows")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return self.summary()


@keep_frames("funnel_frame", "units_frame")
@dataclass(frozen=True)
class Linkage:
    """Participants traced to business units. ``units_table`` has one row a year and linked unit."""

    funnel_frame: pd.DataFrame
    units_frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    def funnel(self) -> pd.DataFrame:
        """Return the losses: ``step, reason, year, n`` (``year`` is missing for steps that know no year)."""
        return self.funnel_frame.copy()

    def units(self) -> pd.DataFrame:
        """Return the linked units: ``year, be_id, n_kvk`` (participants on that unit)."""
        return self.units_frame[["year", "be_id", "n_kvk"]].copy()

    def to_frame(self) -> pd.DataFrame:
        """Return the funnel."""
        return self.funnel()

    def summary(self) -> str:
        """Summarise in a line how many units were linked each year."""
        counts = self.units_frame.groupby("year")["be_id"].nunique()
        return "Linkage: " + ", ".join(f"{year}: {count} units" for year, count in counts.items())

    def __repr__(self) -> str:
        return self.summary()


@dataclass(frozen=True)
class PanelIdentity:
    """Whose units a panel has, as keys.

    ``population`` is equal for equal units with equal values, ``universe`` for panels that give a unit the same id,
    ``fingerprint`` for the same data. Where the panel has codes of units or groups, ``unit_ids`` and ``group_ids`` are
    their ids by code: the same in every panel of the universe.
    """

    population: str
    universe: str
    fingerprint: str
    unit_ids: IntArray | None = field(default=None, repr=False, compare=False)
    group_ids: IntArray | None = field(default=None, repr=False, compare=False)


@keep_frames("outlier_frame", "strata_frame")
@dataclass(frozen=True)
class Panel:
    """Business unit by year: indicators, classes, coverage and flags. Unit-level: it stays inside.

    ``table`` is a relation with the columns of the contract, ``indicators`` what it can be asked for, ``per_year`` the
    number of units of each year; ``count_coverage`` counts who has which figure when that is first asked for;
    ``identity`` says whose units it has; ``checks`` are those of the extract that it was built from. ``prices`` are
    those that money is in: ``nominal``, or a base year; ``priced`` names the indicators whose values prices move.
    """

    table: ir.Table
    rules: RuleSet
    indicators: Mapping[str, Indicator]
    per_year: Mapping[int, int]
    count_coverage: Callable[[], pd.DataFrame]
    outlier_frame: pd.DataFrame
    identity: PanelIdentity
    strata_frame: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    simulation: Simulation | None = None
    notes: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    prices: str = NOMINAL
    priced: Collection[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "priced", tuple(sorted(self.priced)))
        freeze_fields(self, "indicators", "per_year", "notes")

    def to_frame(self) -> pd.DataFrame:
        """Return the panel as a data frame, sorted by unit and year; a simulated one says so in its ``attrs``."""
        from si_eval.engine import fetch  # noqa: PLC0415  what draws and reports needs no engine

        frame = fetch(self.table).sort_values(["be_id", "year"], ignore_index=True)
        if self.simulation is not None:
            frame.attrs[SIMULATION] = self.simulation.to_attrs()
        return frame

    def coverage(self) -> pd.DataFrame:
        """Return ``year, group, measure, n_units``: how many units there are and how many have each figure."""
        return self._coverage.copy()

    @cached_property
    def _coverage(self) -> pd.DataFrame:
        return self.count_coverage()

    def outliers(self) -> pd.DataFrame:
        """List the units that leave under the outlier rule: ``be_id, domain, indicator, year, value, fence``."""
        return self.outlier_frame.copy()

    def strata(self) -> pd.DataFrame:
        """List the strata of the investment survey by year, division and one-digit size class, where it is weighed.

        ``units`` of the population, ``observed`` ones, the ``stratum`` that they are in, the ``weight`` of its observed
        units, how many these are (``stratum_sample``), and whether it is ``joined`` of several because it was thin.
        """
        return self.strata_frame.copy()

    def prices_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return the prices of those of these indicators whose values prices move, by name."""
        return {name: self.prices for name in dict.fromkeys(names) if name in self.priced}

    def summary(self) -> str:
        """Summarise in a line what the panel holds, under which rule set."""
        return (
            f"Panel ({self.rules.name}): {len(self.indicators)} indicators; units a year: "
            + ", ".join(f"{year}: {count}" for year, count in self.per_year.items())
            + f"; outliers set aside: {self.outlier_frame['be_id'].nunique()}"
            + "".join(f"\n  note: {note}" for note in self.notes)
        )

    def __repr__(self) -> str:
        return self.summary()


@keep_frames("frame")
@dataclass(frozen=True)
class ResultTable:
    """Aggregated numbers, one tidy row each, with what they are and what they cannot show.

    ``n_units`` is the smallest number of units that the row rests on; ``coverage`` gives, by group, the unit-years with
    a value and all unit-years. ``public`` says that every number was public before (monitor, agenda, budget) and none
    rests on microdata. ``labels`` are a study's own words (``nl``, ``en`` by term), ``language`` is the one it is
    read in first. ``sources`` are the panels that know the units behind the rows, by the population that the column
    ``rests_on`` names. ``prices`` are those of the indicators that prices
    move, by name (``nominal`` or a base year). ``primary`` are the outcomes that a study
    declared beforehand, None where it declares none. Not yet protected: it cannot be reported.
    """

    frame: pd.DataFrame
    function: str
    evidence: Evidence
    cannot_show: str
    rules: str
    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    exhibit: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    simulation: Simulation | None = None
    public: bool = False
    labels: Labels = NO_LABELS
    language: Language = "en"
    sources: Mapping[str, UnitSource] = field(default_factory=dict, repr=False, compare=False)
    prices: Mapping[str, str] = field(default_factory=dict)
    primary: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", evidence_code(self.evidence))
        freeze_fields(self, "coverage", "titles", "labels", "sources", "prices")

    def to_frame(self, language: Language | None = None) -> pd.DataFrame:
        """Return the tidy rows; counts are whole numbers. ``language`` gives notes and categories in that language."""
        return read_in_language(with_whole_counts(self.frame), language, self.labels)

    def to_wide(self, values: str | Sequence[str] = ESTIMATE) -> pd.DataFrame:
        """Return the rows with groups and years across; ``values`` names one or more columns of numbers."""
        return to_wide(self.frame, check_values(self.frame, values))

    def _repr_html_(self) -> str:
        """Show the rows in a notebook, marked as staying inside."""
        return to_html(self.frame, head_of(self), self.language, self.labels, inside=True)

    def plot(self, chart: object = None, *, language: Language | None = None) -> Any:
        """Raise `DisclosureError`: only a table that crossed the border is drawn; protect it first."""
        return load_presenter().plot(self, chart, language=language)

    def to_excel(self, path: str | Path, *, language: Language | None = None) -> Path:
        """Raise `DisclosureError`: only a table that crossed the border is written; protect it first."""
        return load_presenter().to_excel(self, path, language=language)

    def to_word(self, path: str | Path, chart: object = None, *, language: Language | None = None) -> Path:
        """Raise `DisclosureError`: only a table that crossed the border is written; protect it first."""
        return load_presenter().to_word(self, path, chart, language=language)

    @property
    def maryland(self) -> int | None:
        """The place of the table on the Maryland scale, from 1 to 3; None where it compares nothing."""
        return maryland_of(self.function, self.frame)

    def named(
        self,
        exhibit: str,
        titles: Mapping[str, str] | None = None,
        *,
        labels: Labels = NO_LABELS,
        language: Language | None = None,
    ) -> ResultTable:
        """Return the same table under an exhibit's id and titles (``nl``, ``en``), with a study's labels and language.

        Labels that the table has already stay where the study has none for the term.
        """
        own = labels if self.labels.keys() <= labels.keys() else {**self.labels, **labels}
        return replace(
            self,
            frame=self.frame.assign(exhibit=exhibit),
            exhibit=exhibit,
            titles=titles or self.titles,
            labels=own,
            language=language or self.language,
        )

    def summary(self) -> str:
        """Summarise in a line what the table is, under which rule set."""
        return f"{self.function}: {len(self.frame)} numbers, {self.evidence}, rules {self.rules}, not yet protected"

    def __repr__(self) -> str:
        return self.summary()


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check: a statistic against a threshold, and a sentence.

    ``accepted`` is the reason for which a study goes on although the check fails; empty where it does not. ``judged``
    counts the places (tables, years) that were looked at, ``departing`` those that the verdict rests on. ``expected``
    says in words what the threshold asks (``hoogstens 0,4 | at most 0.4``).
    """

    name: str
    statistic: float
    threshold: float
    verdict: Verdict
    sentence: str
    accepted: str = ""
    judged: int = 0
    departing: int = 0
    expected: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the check as one row."""
        return pd.DataFrame([vars(self)])

    def summary(self) -> str:
        """Return the verdict and the sentence."""
        return f"{self.name}: {self.verdict}. {self.sentence}"
