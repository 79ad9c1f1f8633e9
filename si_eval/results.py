"""Frozen containers: what a stage hands to the next. Values in, nothing computed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from si_eval.engine import fetch
from si_eval.errors import DisclosureError
from si_eval.frozen import encode, freeze, keep_frames
from si_eval.registry import Indicator, RuleSet
from si_eval.sealing import frame_parts, is_signed, sign
from si_eval.tidy_rows import read_in_language, with_whole_counts
from si_eval.vocabulary import (
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
        _freeze_fields(self, "calibrated")


@dataclass(frozen=True)
class SourceFile:
    """One raw file that was read: where it came from, its content hash and the version chosen."""

    table: str
    path: str
    format: str
    sha256: str
    rows: int
    year: int | None = None
    version: str = ""


@dataclass(frozen=True)
class Extract:
    """A validated raw extract: relational tables under the contract's names.

    ``tables`` maps a table name to a relation; a table that the extract does not have is absent.
    """

    tables: Mapping[str, ir.Table]
    engine: Any
    sources: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    simulation: Simulation | None = None

    @property
    def synthetic(self) -> bool:
        """Say whether the extract was simulated."""
        return self.simulation is not None

    def to_frame(self) -> pd.DataFrame:
        """List the files that were read, one row a file: table, file, format, rows, year, version, hash."""
        return pd.DataFrame([vars(source) for source in self.sources])

    def summary(self) -> str:
        """Say in a few lines what the extract holds."""
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
        """Give the losses: ``step, reason, year, n`` (``year`` is missing for steps that know no year)."""
        return self.funnel_frame.copy()

    def units(self) -> pd.DataFrame:
        """Give the linked units: ``year, be_id, n_kvk`` (participants on that unit)."""
        return self.units_frame[["year", "be_id", "n_kvk"]].copy()

    def to_frame(self) -> pd.DataFrame:
        """Give the funnel."""
        return self.funnel()

    def summary(self) -> str:
        """Say in a few lines how many units were linked each year."""
        counts = self.units_frame.groupby("year")["be_id"].nunique()
        return "Linkage: " + ", ".join(f"{year}: {count} units" for year, count in counts.items())

    def __repr__(self) -> str:
        return self.summary()


@keep_frames("outlier_frame")
@dataclass(frozen=True)
class Panel:
    """Business unit by year: indicators, classes, coverage and flags. Unit-level: it stays inside.

    ``table`` is a relation with the columns of the contract, ``indicators`` what it can be asked for, ``per_year`` the
    number of units of each year; ``count_coverage`` counts who has which figure when that is first asked for.
    """

    table: ir.Table
    rules: RuleSet
    indicators: Mapping[str, Indicator]
    per_year: Mapping[int, int]
    count_coverage: Callable[[], pd.DataFrame]
    outlier_frame: pd.DataFrame
    simulation: Simulation | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze_fields(self, "indicators", "per_year", "notes")

    def to_frame(self) -> pd.DataFrame:
        """Give the panel as a data frame, sorted by unit and year; a simulated one says so in its ``attrs``."""
        frame = fetch(self.table).sort_values(["be_id", "year"], ignore_index=True)
        if self.simulation is not None:
            frame.attrs[SIMULATION] = replace(self.simulation, calibrated=())
        return frame

    def coverage(self) -> pd.DataFrame:
        """Give ``year, group, measure, n_units``: how many units there are and how many have each figure."""
        return self._coverage.copy()

    @cached_property
    def _coverage(self) -> pd.DataFrame:
        return self.count_coverage()

    def outliers(self) -> pd.DataFrame:
        """List the units that leave under the outlier rule: ``be_id, domain, indicator, year, value, fence``."""
        return self.outlier_frame.copy()

    def summary(self) -> str:
        """Say in a few lines what the panel holds."""
        return (
            f"Panel ({self.rules.name}): {len(self.indicators)} indicators; units a year: "
            + ", ".join(f"{year}: {count}" for year, count in self.per_year.items())
            + f"; outliers set aside: {self.outlier_frame['be_id'].nunique()}"
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
    read in first. Not yet protected: it cannot be reported.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", evidence_code(self.evidence))
        _freeze_fields(self, "coverage", "titles", "labels")

    def to_frame(self, language: Language | None = None) -> pd.DataFrame:
        """Return the tidy rows; counts are whole numbers. ``language`` gives notes and categories in that language."""
        return read_in_language(with_whole_counts(self.frame), language, self.labels)

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
        """Say in a line what the table is."""
        return f"{self.function}: {len(self.frame)} numbers, {self.evidence}, rules {self.rules}, not yet protected"

    def __repr__(self) -> str:
        return self.summary()


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check: a statistic against a threshold, and a sentence."""

    name: str
    statistic: float
    threshold: float
    verdict: Verdict
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Give the check as one row."""
        return pd.DataFrame([vars(self)])

    def summary(self) -> str:
        """Give the sentence."""
        return f"{self.name}: {self.verdict}. {self.sentence}"


@keep_frames("frame")
@dataclass(frozen=True, eq=False)
class SafeTable:
    """A table that passed the public border: the only thing that may be reported. Made by `protect` alone.

    Its ``seal`` is a keyed digest of its content: a table that was changed, copied by hand or made elsewhere is refused
    wherever it would be shown. It cannot be pickled. ``frame`` is a copy.
    """

    frame: pd.DataFrame
    function: str
    evidence: Evidence
    cannot_show: str
    rules: str
    disclosure_rules: str
    coverage: str
    exhibit: str
    titles: Mapping[str, str]
    simulation: Simulation | None
    public: bool = False
    labels: Labels = NO_LABELS
    language: Language = "en"
    seal: str = ""

    def __post_init__(self) -> None:
        _freeze_fields(self, "titles", "labels")
        if not is_signed(self.seal, _content_of(vars(self))):
            raise TypeError(
                "SafeTable: found a direct call or changed content; expected a table from `protect`; call "
                "se.protect([table])"
            )

    def __copy__(self) -> SafeTable:
        return self

    def __deepcopy__(self, memo: Mapping[int, object]) -> SafeTable:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("SafeTable: found pickling; expected a table of this process; write its to_frame() to a file")

    def to_frame(self, language: Language | None = None) -> pd.DataFrame:
        """Return the tidy rows with ``status``: shown, suppressed or merged; counts are whole numbers.

        ``language`` gives notes and categories in that language; without it they stay as they are stored. Raises
        DisclosureError where the table is not what was sealed.
        """
        require_safe(self)
        return read_in_language(with_whole_counts(self.frame), language, self.labels)

    def in_language(self, language: Language) -> SafeTable:
        """Return the same table with another first language, which `show` and `cell` read it in."""
        require_safe(self)
        return self if language == self.language else _seal({**vars(self), "language": language})

    def summary(self) -> str:
        """Return a line that says how much is shown, how far it reaches, and under which rules."""
        withheld = int((self.frame["status"] != "shown").sum())
        name = self.exhibit or self.function
        return f"{name}: {len(self.frame)} numbers, {withheld} withheld, {self.evidence}, rules {self.rules}"

    def __repr__(self) -> str:
        return self.summary()


def require_safe(table: object, *, where: str = "report") -> SafeTable:
    """Return a table that crossed the public border as it is now; raise DisclosureError for anything else.

    Every consumer calls this one: it refuses other types, subclasses, and tables whose content is not what was sealed.
    """
    if type(table) is not SafeTable:
        raise DisclosureError(
            f"{where}: found {type(table).__name__}; expected SafeTable; call se.protect([table]) first and report "
            "what it returns"
        )
    if set(vars(table)) != _SEALED_FIELDS or not is_signed(table.seal, _content_of(vars(table))):
        raise DisclosureError(
            f"{where}: found a SafeTable whose content is not what was sealed; expected an unchanged one; take it "
            "again from se.protect([table])"
        )
    return table


_SEALED_FIELDS = {one.name for one in fields(SafeTable)}


def _content_of(values: Mapping[str, Any]) -> Iterator[bytes]:
    """Write everything that a SafeTable holds, but its seal, as bytes."""
    apart = ("frame", "labels", "simulation", "seal")
    yield encode({name: value for name, value in values.items() if name not in apart}).encode()
    yield str(freeze(values["labels"]).text).encode()
    simulation = values["simulation"]
    if simulation is not None:
        yield encode([simulation.preset, simulation.scale, simulation.seed, simulation.note]).encode()
        yield "\n".join(freeze(cell).text for cell in simulation.calibrated).encode()
    yield from frame_parts(values["frame"])


def _seal(values: Mapping[str, Any]) -> SafeTable:
    """Make a SafeTable of its fields, with their seal."""
    return SafeTable(**{**values, "seal": sign(_content_of(values))})


def _freeze_fields(result: object, *names: str) -> None:
    """Freeze mappings and lists of a frozen dataclass, in depth."""
    for name in names:
        object.__setattr__(result, name, freeze(getattr(result, name)))


def seal_table(table: ResultTable, frame: pd.DataFrame, disclosure_rules: str, coverage: str = "") -> SafeTable:
    """Make the SafeTable of a protected frame. For `disclosure` alone; an architecture test sees to it."""
    kept = frame.copy(deep=True).reset_index(drop=True)
    kept.attrs = {}
    return _seal(
        {
            "frame": kept,
            "function": table.function,
            "evidence": table.evidence,
            "cannot_show": table.cannot_show,
            "rules": table.rules,
            "disclosure_rules": disclosure_rules,
            "coverage": coverage,
            "exhibit": table.exhibit,
            "titles": table.titles,
            "simulation": table.simulation,
            "public": table.public,
            "labels": table.labels,
            "language": table.language,
        }
    )
