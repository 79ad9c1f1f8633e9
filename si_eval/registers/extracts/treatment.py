"""How a file is treated: all that decides what the contract's columns are made of, beside the types that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis

from si_eval.registers.extracts.columns import Match
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.schema import TableContract, contracts, wide_investments

if TYPE_CHECKING:
    import ibis.expr.types as ir

FILE, FILE_YEAR = "read:file", "read:year"  # the columns that say of which file a row is, and that file's year


@dataclass(frozen=True)
class Settings:
    """What a study says of one table: names of columns, and euro per unit of money."""

    columns: Mapping[str, str] = field(default_factory=dict)
    unit: float | None = None


@dataclass(frozen=True)
class Treatment:
    """The table of a file, whose names it has, its year, which raw column is which, and the euro per unit of money.

    ``pairs`` has the contract's name and the file's of each column, ``wide`` says whether there is a column for each
    asset and component.
    """

    table: str
    layout: str
    year: int | None
    wide: bool
    pairs: tuple[tuple[str, str], ...]
    unit: float

    @classmethod
    def of(cls, file: RawFile, match: Match, unit: float | None) -> Treatment:
        """Return the treatment of a file; ``unit`` is what a study says of its money."""
        in_euro = match.contract.unit if unit is None else float(unit)
        return cls(file.table, file.layout, file.year, match.wide, tuple(match.names.items()), in_euro)

    @property
    def contract(self) -> TableContract:
        """Return the contract of the columns that the file has."""
        return wide_investments() if self.wide else contracts()[self.table]

    @property
    def names(self) -> Mapping[str, str]:
        """Map the contract's names to the file's."""
        return dict(self.pairs)

    @property
    def is_clipped(self) -> bool:
        """Whether the file is a link file of a year, which tells only what held that year."""
        return self.table == "person_business_unit" and self.year is not None

    def in_euro(self, name: str, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
        """Return the values of a column in euro where it is money."""
        money = self.contract.columns[name].money and (self.wide or self.unit != 1)
        return {key: (value * self.unit).round(2) if money else value for key, value in values.items()}

    def with_file(self, columns: Mapping[str, ir.Value], raw: ir.Table) -> dict[str, ir.Value]:
        """Add of which file a row is, and the year of that file where its rows have none."""
        files = {column: raw[column] for column in (FILE, FILE_YEAR) if column in raw.columns}
        added = {**columns, **files}
        if "year" in self.contract.columns and "year" not in added and self.year is not None:
            year = files[FILE_YEAR] if FILE_YEAR in files else ibis.literal(self.year, type="int32")
            added["year"] = year.cast("int64")
        return added or {"nothing": ibis.null("string")}
