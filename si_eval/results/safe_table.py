"""The SafeTable, which alone may be reported: sealed by the border, and refused where it is not what was sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.frozen import encode, freeze, freeze_fields, keep_frames
from si_eval.results.containers import ResultTable, Simulation
from si_eval.results.maryland import maryland_of
from si_eval.results.presenting import load_presenter
from si_eval.results.sealing import frame_parts, is_signed, sign
from si_eval.results.tidy_rows import read_in_language, with_whole_counts
from si_eval.results.wide import check_values, head_of, to_html, to_wide
from si_eval.vocabulary import ESTIMATE, NO_LABELS, Evidence, Labels, Language

TableSealer: TypeAlias = Callable[[ResultTable, pd.DataFrame, str, str], "SafeTable"]


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
    prices: Mapping[str, str] = field(default_factory=dict)
    primary: tuple[str, ...] | None = None
    seal: str = ""

    def __post_init__(self) -> None:
        freeze_fields(self, "titles", "labels", "prices", *(() if self.primary is None else ("primary",)))
        if not is_signed(self.seal, _content_of(vars(self))):
            raise TypeError(
                "SafeTable: found a direct call or changed content; expected a table from `protect`; call "
                "se.protect([table])"
            )

    @property
    def maryland(self) -> int | None:
        """The place of the table on the Maryland scale, from 1 to 3; None where it compares nothing."""
        return maryland_of(self.function, self.frame)

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

    def to_wide(self, values: str | Sequence[str] = ESTIMATE) -> pd.DataFrame:
        """Return the rows with groups and years across; ``values`` names one or more columns of numbers.

        Withheld numbers are missing. Raises DisclosureError where the table is not what was sealed.
        """
        require_safe(self)
        return to_wide(self.frame, check_values(self.frame, values))

    def _repr_html_(self) -> str:
        """Show the rows in a notebook; the report takes what `show` gives."""
        require_safe(self)
        return to_html(self.frame, head_of(self), self.language, self.labels, inside=False)

    def in_language(self, language: Language) -> SafeTable:
        """Return the same table with another first language, which `show` and `cell` read it in."""
        require_safe(self)
        return self if language == self.language else _seal({**vars(self), "language": language})

    def plot(self, chart: object = None, *, language: Language | None = None) -> Any:
        """Show the figure of the table in a notebook.

        ``chart`` is a `Chart`, or its settings as in a study file; by default the kind that fits the table, or the
        table itself where none does. Raises StudyError for a chart that does not fit.
        """
        return load_presenter().plot(self, chart, language=language)

    def to_excel(self, path: str | Path, *, language: Language | None = None) -> Path:
        """Write the table as a workbook, with its notes, and return the path."""
        return load_presenter().to_excel(self, path, language=language)

    def to_word(self, path: str | Path, chart: object = None, *, language: Language | None = None) -> Path:
        """Write the table as a Word file, with its figure where a ``chart`` is given, and return the path."""
        return load_presenter().to_word(self, path, chart, language=language)

    def summary(self, language: Language | None = None) -> str:
        """Return what the table shows in sentences with its numbers, then how far it reaches, under which rules."""
        return f"{load_presenter().state_numbers(self, language=language or self.language)}\n{self._line()}"

    def _line(self) -> str:
        """Return a line that says how much is shown, how far it reaches, and under which rules."""
        withheld = int((self.frame["status"] != "shown").sum())
        name = self.exhibit or self.function
        rules = f"rules {self.rules}, {self.disclosure_rules}"
        return f"{name}: {len(self.frame)} numbers, {withheld} withheld, {self.evidence}, {rules}"

    def __repr__(self) -> str:
        return self._line()


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


def _seal_table(table: ResultTable, frame: pd.DataFrame, disclosure_rules: str, coverage: str) -> SafeTable:
    """Make the SafeTable of a protected frame: it has the result's fields, the frame, and the rules that hold."""
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
            "prices": table.prices,
            "primary": table.primary,
        }
    )


_SEALERS: list[TableSealer] = [_seal_table]


def take_table_sealer() -> TableSealer:
    """Return the one function that seals tables, to the border when it is loaded; raise DisclosureError afterwards."""
    if not _SEALERS:
        raise DisclosureError(
            "take_table_sealer: found a second call; expected that of the border alone; call se.protect([table])"
        )
    return _SEALERS.pop()
