"""A study file in the making: its lines with remarks, the names that are taken, and what exhibits are made of."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from si_eval.registers.any_frame.names import PANEL_COLUMNS
from si_eval.registers.indicators import RESERVED
from si_eval.registers.recognition import ColumnReading, FolderReading, TableReading
from si_eval.registry import facts, indicators
from si_eval.vocabulary import EVIDENCE_COLUMNS, TIDY, Language

Ask = Callable[
    [str, Sequence[str], int], int
]  # a question, its options, the place of the proposed one: that of the chosen
WIDTH = 44  # of a line before its remark
UNSURE = "unsure"


@dataclass
class Draft:
    """The lines of a study file, and what was declared in them.

    ``splits``, ``groups`` and ``indicators`` have their titles by name; ``names`` has the study's name of a column, by
    the pattern of its table and its own name; ``money`` has the columns that are taken for amounts, by pattern.
    """

    reading: FolderReading
    language: Language
    currency: str
    ask: Ask | None = None
    lines: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    unsure: list[str] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    money: dict[str, list[str]] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)

    def say(self, line: str = "", remark: str = "") -> None:
        """Add a line, with a remark behind it."""
        self.lines.append(f"{line:<{WIDTH}} # {remark}" if remark and line else f"# {remark}" if remark else line)

    def doubt(self, what: str) -> None:
        """Keep what is unsure, to tell it at the end."""
        self.unsure.append(what)

    def choose(self, question: str, options: Sequence[str], proposed: int = 0) -> int:
        """Ask which of several, where one may ask; else the proposed one, kept as unsure."""
        if self.ask is not None:
            return self.ask(question, options, proposed)
        self.doubt(f"{question} {options[proposed]} was taken, beside {', '.join(set(options) - {options[proposed]})}")
        return proposed

    def free_name(self, text: str, beside: str = "") -> str:
        """Return a name of small letters, made of a text, that nothing else has; and take it."""
        name = simple_name(text)
        while name in self.taken or name in _reserved():
            name = f"{beside}_{name}" if beside and not name.startswith(f"{beside}_") else f"{name}_2"
        self.taken.add(name)
        return name

    def column_name(self, table: TableReading, column: ColumnReading) -> str:
        """Return the study's name of a column, which no other table has a column of."""
        key = table.pattern, column.column
        if key not in self.names:
            elsewhere = {
                one.column.casefold() for other in self.reading.tables
                if other.table and other is not table for one in other.columns
            }  # fmt: skip
            name = "region" if column.role == "region" else simple_name(column.column)
            if name in elsewhere and name != column.column.casefold():
                name = f"{table.table}_{name}"
            self.names[key] = self.free_name(name, table.table)
        return self.names[key]

    @property
    def is_own_list(self) -> bool:
        """Whether the register itself says who took part."""
        return self.reading.table("participants") is None

    def words(self, name: str, **words: str) -> str:
        """Return a text of the proposals in the language of the study."""
        return str(facts("proposal")["titles"][name][self.language]).format(**words)


def quoted(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text, ensure_ascii=False)


def simple_name(text: str) -> str:
    """Make a name of small letters, digits and `_` of a text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_") or "value"
    return name if name[0].isalpha() else f"x_{name}"


def title_of(name: str) -> str:
    """Make a title of the name of a column: its words, the first with a capital."""
    text = simple_name(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def settle_columns(reading: FolderReading, draft: Draft) -> FolderReading:
    """Ask about columns for which two roles or two columns are near, and return the reading as it was decided."""
    tables = []
    for table in reading.tables:
        columns: Mapping[str, ColumnReading] = {one.column: one for one in table.columns}
        for one in table.columns:
            if not one.others or draft.ask is None:
                continue
            options = [one.column, *one.others]
            chosen = options[draft.ask(f"{table.pattern}: which column is {one.role}?", options, 0)]
            if chosen == one.column:
                columns = {
                    **columns,
                    one.column: replace(one, others=(), confidence=1.0, reason=f"as you said; {one.reason}"),
                }
            else:
                swapped = columns[chosen]
                columns = {
                    **columns,
                    one.column: replace(swapped, column=one.column, profile=one.profile, others=()),
                    chosen: replace(
                        one, column=chosen, profile=swapped.profile, reason="as you said", confidence=1.0, others=()
                    ),
                }
        tables.append(replace(table, columns=tuple(columns[one.column] for one in table.columns)))
    return replace(reading, tables=tuple(tables))


def _reserved() -> set[str]:
    """Return the names that a panel, a table, a layout or the library's own indicators have."""
    of_layout = {
        "treated",
        "quarter",
        "founded",
        "sbi",
        "turnover",
        "entry_date",
        "intensity",
        "year",
        "be_id",
    }
    return {*PANEL_COLUMNS, *RESERVED, *TIDY, *EVIDENCE_COLUMNS, *indicators(), *of_layout}
