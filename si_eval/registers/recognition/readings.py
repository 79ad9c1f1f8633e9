"""What a folder is taken for: its tables, the role of each column, how sure that is and why."""

from __future__ import annotations

from dataclasses import dataclass

from si_eval.errors import Problem
from si_eval.registers.recognition.profiles import Profile

SURE = 0.72  # confidence from which a reading needs no remark
OWN_NUMBER, OWN_CLASS, UNUSED = "own_number", "own_class", "unused"  # roles beside those of the contract

LIST = "list_"  # begins the name of a list of firms beside that of the participants
OWN_WORDS = {OWN_NUMBER: "a number of its own", OWN_CLASS: "classes of its own", UNUSED: "not used"}
KINDS = {
    "direct": "registers without a chain of links",
    "chain": "registers with a chain of links",
    "": "no register of firms",
}


@dataclass(frozen=True)
class ColumnReading:
    """What a column is taken for: its role, how sure that is (0 to 1), why, and columns that could have it as well."""

    column: str
    role: str
    confidence: float
    reason: str
    profile: Profile
    others: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the reading needs no remark."""
        return self.confidence >= SURE and not self.others


@dataclass(frozen=True)
class TableReading:
    """What the files of a pattern are taken for: a table of the contract, a list of firms, or one of the study's own.

    ``years`` are those in its files' names, ``share`` is that of its identifiers that the register has, and ``covers``
    that of the register's identifiers that it has. Where it has several rows of a unit in a year, ``largest`` is the
    column that says which of them is the largest.
    """

    table: str
    pattern: str
    files: int
    rows: int
    columns: tuple[ColumnReading, ...]
    years: tuple[int, ...] = ()
    share: float = 1.0
    covers: float = 1.0
    reason: str = ""
    largest: str = ""

    def column(self, role: str) -> ColumnReading | None:
        """Return the column of a role, or nothing."""
        return next((one for one in self.columns if one.role == role), None)

    @property
    def is_quarterly(self) -> bool:
        """Whether its rows are of quarters, in a column of their own or written with the year."""
        year = self.column("year")
        return self.column("quarter") is not None or (year is not None and year.profile.has_quarters)

    def with_role(self, role: str) -> list[ColumnReading]:
        """List the columns of a role."""
        return [one for one in self.columns if one.role == role]


@dataclass(frozen=True)
class FolderReading:
    """What a folder is taken for. ``link`` says how participants lead to units; it is empty where there is no register.

    ``periods`` are the years in the register, ``currency`` the one that names speak for and why, ``unit`` what one in
    the turnover stands for, with the turnover per person that says so.
    """

    link: str
    tables: tuple[TableReading, ...]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...]
    periods: tuple[int, ...] = ()
    currency: str = ""
    currency_reason: str = ""
    unit: int = 1
    per_person: float | None = None
    dutch: bool = False

    def summary(self) -> str:
        """Tell what each table and column is taken for, and how sure that is."""
        lines = [f"{KINDS[self.link]}{self._period()}"]
        for table in self.tables:
            files = f"{table.files} files" if table.files > 1 else "1 file"
            lines.append(f"  {table.pattern} ({files}): {table.table or 'not used'}")
            for one in table.columns if table.table else ():
                what = OWN_WORDS.get(one.role, one.role)
                doubt = "" if one.is_sure else f", unsure: {one.reason}"
                lines.append(f"    {one.column}: {what} ({one.confidence:.2f}{doubt})")
        return "\n".join(lines)

    def _period(self) -> str:
        return f", {self.periods[0]}-{self.periods[-1]}" if self.periods else ""

    def table(self, name: str) -> TableReading | None:
        """Return the table of a name, or nothing."""
        return next((one for one in self.tables if one.table == name), None)
