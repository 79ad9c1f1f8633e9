"""Published beside computed, sealed: it is made of protected tables, and refused where it is not what was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.frozen import encode, keep_frames
from si_eval.results.containers import Simulation
from si_eval.results.safe_table import SafeTable, require_safe
from si_eval.results.sealing import frame_parts, is_signed, sign
from si_eval.vocabulary import Language

VERDICTS = ("exact", "within precision", "direction holds", "fails", "not computable")
AGREE = VERDICTS[:3]
BASES = ("restated", "calibrated", "simulated", "computed")  # of the numbers compared, those that prove least first


@keep_frames("frame")
@dataclass(frozen=True)
class PublishedComparison:
    """Every published figure and claim with its verdict and the numbers behind it.

    `compare_published` makes it.

    Attributes
    ----------
    frame : DataFrame
        One row a figure or claim: ``id, kind`` (figure or claim), ``exhibit, statement, statement_nl, published,
        computed, unit, precision, reading, reading_nl, verdict, basis, reason, reason_nl, source, section, line``.
        ``basis`` says what the numbers compared are: ``restated`` (the source's own numbers, carried through a table),
        ``calibrated`` (the simulation was made to meet them), ``simulated`` otherwise, or ``computed`` from real data;
        of several that which proves least, and nothing where no number was found.
    simulation : Simulation or None
        What a simulated extract says of itself; None where the extract is real.
    language : {"nl", "en"}
        The language to read it in first: that of the tables.
    seal : str
        A keyed digest of the content, without which it is not shown.
    """

    frame: pd.DataFrame
    simulation: Simulation | None = None
    language: Language = "en"
    seal: str = ""

    def __post_init__(self) -> None:
        if not is_signed(self.seal, _content_of(vars(self))):
            raise DisclosureError(
                "PublishedComparison: found a direct call or changed content; expected one from `compare_published`; "
                "call se.compare_published(tables, …)"
            )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure or claim: what was published, what is computed, the verdict and the reason."""
        return self.frame.copy()

    def summary(self) -> str:
        """Count the verdicts of the figures and of the claims."""
        lines = ["Published against computed"]
        for kind, rows in self.frame.groupby("kind", sort=False):
            counts = rows["verdict"].value_counts()
            numbers = ", ".join(f"{verdict} {counts.get(verdict, 0)}" for verdict in VERDICTS)
            lines.append(f"  {len(rows)} {kind}s: {numbers}")
            bases = rows.loc[rows["verdict"].isin(AGREE), "basis"].value_counts()
            agreeing = ", ".join(f"{bases.get(basis, 0)} {basis}" for basis in BASES)
            lines.append(f"    basis of those that agree: {agreeing}")
        if self.simulation is not None:
            lines.append("  computed from a simulated extract: the verdicts test the program, not the source")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{self.summary()}</pre>" + self.frame.to_html(index=False, na_rep="")


def seal_comparison(frame: pd.DataFrame, tables: Sequence[SafeTable]) -> PublishedComparison:
    """Make the comparison of published figures with protected tables; raise DisclosureError for other tables.

    It says that it is simulated where any table is (by the simulation of the smallest scale), and speaks the language
    of the first table.
    """
    tables = [require_safe(table, where="tables") for table in tables]
    simulations = [table.simulation for table in tables if table.simulation is not None]
    values: dict[str, Any] = {
        "frame": frame,
        "simulation": min(simulations, key=lambda simulation: simulation.scale, default=None),
        "language": tables[0].language if tables else "en",
    }
    return PublishedComparison(**values, seal=sign(_content_of(values)))


def require_comparison(comparison: object, *, where: str = "report") -> PublishedComparison:
    """Return a comparison that is what `compare_published` made; raise DisclosureError for anything else."""
    if type(comparison) is not PublishedComparison:
        raise DisclosureError(
            f"{where}: found {type(comparison).__name__}; expected PublishedComparison; call se.compare_published first"
        )
    if set(vars(comparison)) != {"frame", "simulation", "language", "seal"} or not is_signed(
        comparison.seal, _content_of(vars(comparison))
    ):
        raise DisclosureError(
            f"{where}: found a PublishedComparison whose content is not what was compared; expected an unchanged one; "
            "take it again from se.compare_published"
        )
    return comparison


def _content_of(values: Mapping[str, Any]) -> Iterator[bytes]:
    """Write everything that a comparison holds, but its seal, as bytes."""
    simulation: Simulation | None = values["simulation"]
    known = simulation and [simulation.preset, simulation.scale, simulation.seed, simulation.note]
    yield encode([values["language"], known]).encode()
    yield from frame_parts(values["frame"])
