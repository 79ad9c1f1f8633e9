"""Joins tables in any layout to one row a unit and year, and accounts for every participant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.errors import InputError, Problem, merge_alike, propose_name
from si_eval.registers.any_frame import panel_from_frame
from si_eval.registers.any_frame.columns import read_ids, read_numbers, read_texts, read_years
from si_eval.registers.any_frame.declared import MEMBER
from si_eval.registers.crosswalks import translate_codes
from si_eval.registers.direct.checking import check_registers
from si_eval.registers.direct.identifiers import as_texts, remark_on_shapes
from si_eval.registers.direct.lists import Listed, list_participants, rows_of, settle_groups
from si_eval.registers.direct.lookups import LINKING, link_lists
from si_eval.registers.direct.lost_zeros import restore_zeros
from si_eval.registers.direct.several_rows import join_several
from si_eval.registers.direct.tables import (
    ENTRY,
    KNOWN,
    MONEY,
    QUARTER,
    TURNOVER,
    UNITS,
    Layout,
    RawTables,
    numbers_of,
    read_tables,
    table_source,
)
from si_eval.registers.extracts.reading import read_simulation
from si_eval.registry import Declarations, Declares, RuleSet
from si_eval.results import Extract, Linkage, Panel
from si_eval.text_input import is_missing_word
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, ENTRY_YEAR, GROUP_ID, PARTICIPANT, REVENUE, YEAR

QUARTERS = 4
KEPT = "kept"
ACTIVITY = "sbi"
OF_PANEL = (BE_ID, YEAR, EMPLOYED_PERSONS, ACTIVITY, "founded", GROUP_ID)


@dataclass(frozen=True)
class DirectRegisters:
    """An extract without a chain of links: what was read, who was found, and the panel."""

    extract: Extract
    linkage: Linkage
    panel: Panel


def read_direct(
    layout: Layout, study: Declares, rules: RuleSet, *, progress: Callable[[str], None] | None = None
) -> DirectRegisters:
    """Read the tables of a layout and make a panel with what a study declares.

    The register has one row a unit and year. Other tables are joined to it by unit, and by year where they have one. A
    unit on the list of participants takes part from the first entry that the list gives; of several rows of a unit the
    first decides what is a text, and numbers are added up.

    Raises `InputError` with every problem of every table.
    """
    raw = read_tables(layout, progress or (lambda _: None))
    if raw.problems:
        raise InputError(merge_alike(raw.problems))
    problems: list[Problem] = []
    texts: dict[object, str | None] = {}
    remarks: list[str] = []
    frames = raw.frames
    if layout.lookup is not None:
        frames = link_lists(layout.lookup, frames, partial(as_texts, texts=texts), problems, remarks)
    if problems:
        raise InputError(problems)
    keyed = {name: _keyed(name, frame, texts, problems, remarks) for name, frame in frames.items()}
    if problems:
        raise InputError(problems)
    keyed = restore_zeros(keyed, remarks)
    declared = settle_groups(study.declared, layout, keyed)
    wanted = _Wanted(layout, declared, keyed, problems)
    remarks += wanted.empty_columns(keyed)
    keyed |= join_several(layout, keyed, wanted.of_table, wanted.numbers, problems, remarks)
    problems += _unit_problems(layout, wanted)
    register, notes = _register(layout, keyed, wanted, rules, problems)
    own = wanted.of_table[layout.treated.table]
    listed = list_participants(layout, keyed, own, wanted.numbers, problems)
    if problems:
        raise InputError(problems)
    frame = register.merge(listed.units, on=BE_ID, how="left")
    strangers = int((~listed.units[BE_ID].isin(register[BE_ID])).sum())
    if strangers:
        notes.append(f"{layout.treated.table}: {strangers} of {len(listed.units)} units are in no register")
    frame[PARTICIPANT] = frame[PARTICIPANT].fillna(0.0)
    for group in declared.groups.values():
        if group.table:
            members = set(rows_of(keyed[group.table], group, problems)[BE_ID])
            frame[MEMBER + group.name] = frame[BE_ID].isin(members)
            strangers = len(members - set(frame[BE_ID]))
            if strangers and group.table != layout.treated.table:
                notes.append(f"groups.{group.name}: {strangers} of {len(members)} units are in no register")
    if problems:
        raise InputError(problems)
    panel = _panel(frame, declared, rules)
    changing = [source for source in raw.yearly if source.table in wanted.changing(keyed)]
    checked = check_registers(layout, keyed, frame, wanted.own(), study.declared, changing)
    simulation, wrong = read_simulation([str(folder) for folder in layout.folders])
    if wrong:
        raise InputError(wrong)
    if layout.codes.path is not None:
        raw = raw._replace(
            sources=(*raw.sources, table_source("crosswalk", layout.codes.path, len(layout.codes.crosswalk)))
        )
    extract = _extract(raw, keyed, [*raw.notes, *remarks, *notes, *listed.notes, *panel.notes, *checked.notes])
    return DirectRegisters(
        replace(extract, simulation=simulation, checks=checked.checks),
        _linkage(frame, listed),
        replace(panel, simulation=simulation, checks=checked.checks),
    )


@dataclass(frozen=True)
class _Settled:
    """What a study declares, once its tables are known."""

    declared: Declarations


class _Wanted:
    """The columns of the study's own that are needed, by the table that has them."""

    def __init__(
        self, layout: Layout, declared: Declarations, frames: Mapping[str, pd.DataFrame], problems: list[Problem]
    ) -> None:
        self.numbers = set(declared.numbers())
        self.with_turnover = {name for name in (UNITS, TURNOVER) if name in frames and MONEY in frames[name]}
        self.of_table: dict[str, list[str]] = {name: [] for name in frames}
        lists = {group.table for group in declared.groups.values()}
        holders = {name: frame for name, frame in frames.items() if name not in lists or name == layout.treated.table}
        if layout.is_own_list:
            holders.pop(layout.treated.table)
        self._find_persons(frames, holders, problems)
        derived = {REVENUE, "revenue_per_employee", "age", "size_class", "size_class_4", "sector", "division"}
        for column in declared.columns():
            if column in derived or column in (EMPLOYED_PERSONS, "age_class"):
                continue
            found = [name for name, frame in holders.items() if column in frame]
            if len(found) == 1:
                self.of_table[found[0]].append(column)
                continue
            known = sorted({str(one) for frame in holders.values() for one in frame.columns} - {BE_ID, YEAR})
            expected = "a column of one table, under its own name or one given under `columns`"
            action = propose_name(column, known, f"the tables have {', '.join(known[:20])}")
            where = f"in {' and '.join(found)}" if found else "in no table"
            problems.append(Problem("the extract", f"`{column}` {where}", expected, action, column=column))

    def empty_columns(self, frames: Mapping[str, pd.DataFrame]) -> list[str]:
        """Remark on columns that are there, without a value in any year or in some."""
        notes = []
        for name, frame in frames.items():
            for column in dict.fromkeys([*KNOWN.get(name, ()), *self.of_table.get(name, ())]):
                if column not in frame or column in (BE_ID, YEAR):
                    continue
                empty = frame[column].isna() | frame[column].isin(
                    [one for one in frame[column].unique() if _is_empty(one)]
                )
                by_year = empty.groupby(frame[YEAR]).all() if YEAR in frame else pd.Series(dtype=bool)
                years = [str(int(year)) for year in by_year.index[by_year]]
                if len(empty) and (empty.all() or years):
                    notes.append(f"{name}: no values of {column}{'' if empty.all() else ' in ' + ', '.join(years)}")
        return notes

    def own(self) -> list[str]:
        """List the study's own columns of numbers."""
        return sorted(
            {name for names in self.of_table.values() for name in names if name in self.numbers} - {EMPLOYED_PERSONS}
        )

    def changing(self, frames: Mapping[str, pd.DataFrame]) -> set[str]:
        """List the tables with numbers of each year, which are not the same in two years."""
        numbers = {*self.numbers, EMPLOYED_PERSONS, MONEY}
        return {name for name in self.of_table if numbers & set(frames[name].columns)}

    def _find_persons(
        self, frames: Mapping[str, pd.DataFrame], holders: Mapping[str, pd.DataFrame], problems: list[Problem]
    ) -> None:
        """Take persons employed from the one other table that has them (accounts), where the register has none."""
        found = [name for name, frame in holders.items() if EMPLOYED_PERSONS in frame and name != UNITS]
        if EMPLOYED_PERSONS in frames[UNITS] or not found:
            return
        if len(found) > 1:
            where = f"`{EMPLOYED_PERSONS}` in {' and '.join(found)}, and not in {UNITS}"
            action = "give the column of one of them another name under `columns`"
            problems.append(Problem("the extract", where, "persons employed in one table", action))
            return
        self.of_table[found[0]].append(EMPLOYED_PERSONS)
        self.numbers.add(EMPLOYED_PERSONS)


def _is_empty(value: object) -> bool:
    """Whether a value is a text without anything in it, or a word for missing."""
    return isinstance(value, str) and (not value.strip() or is_missing_word(value))


def _unit_problems(layout: Layout, wanted: _Wanted) -> list[Problem]:
    """List the tables with a money unit of which several columns have numbers: not all of them may be money."""
    problems = []
    for table, unit in layout.money_unit.items():
        own = [name for name in wanted.of_table.get(table, []) if name in wanted.numbers]
        columns = [*([MONEY] if table in wanted.with_turnover else []), *own]
        if isinstance(unit, Mapping) or len(columns) == 1:
            continue
        found = f"one unit of money for the columns {', '.join(columns) or 'of a table without amounts'}"
        example = f"{table} = {{ {(columns or [MONEY])[0]} = {unit:g} }}"
        problems.append(
            Problem(f"money_unit.{table}", found, "the unit of each column that is money", f"write {example}")
        )
    return problems


def _keyed(
    name: str, frame: pd.DataFrame, texts: dict[object, str | None], problems: list[Problem], notes: list[str]
) -> pd.DataFrame:
    """Give a table its keys: identifiers as texts, years as whole numbers.

    ``texts`` keeps the text of each identifier from one table to the next; ``notes`` are remarks on what was read.
    """
    if not isinstance(frame[BE_ID].dtype, pd.StringDtype):  # a type that may not hold identifiers
        wrong = read_ids(frame[BE_ID], BE_ID).problems
        problems += [replace(one, where=name, table=name) for one in wrong]
        if wrong:
            return frame
    frame = frame.assign(**{BE_ID: as_texts(frame[BE_ID], texts)})
    if frame[BE_ID].isna().any():
        count = int(frame[BE_ID].isna().sum())
        found, action = f"{count} rows without an identifier", "fill in or leave out these rows"
        problems.append(Problem(name, found, "one in every row", action, table=name, column=BE_ID, count=count))
    notes += remark_on_shapes(name, frame[BE_ID])
    if YEAR in frame:
        years = read_years(frame[YEAR], YEAR)
        notes += [f"{name}, {note}" for note in years.notes]
        problems += [replace(one, where=name, table=name) for one in years.problems]
        frame = frame.assign(**{YEAR: years.values})
    return frame


def _register(
    layout: Layout, frames: Mapping[str, pd.DataFrame], wanted: _Wanted, rules: RuleSet, problems: list[Problem]
) -> tuple[pd.DataFrame, list[str]]:
    """Join the register of units with turnover and the study's own tables; count the rows that stand beside it."""
    units = frames[UNITS]
    own = [name for name in (*OF_PANEL, *wanted.of_table[UNITS]) if name in units]
    register = units[list(dict.fromkeys(own))].copy()
    notes: list[str] = []
    for column in wanted.of_table[UNITS]:
        if column in wanted.numbers:
            register[column] = numbers_of(units, column, UNITS, layout, problems, notes)
    _refuse_repetitions(UNITS, register, [BE_ID, YEAR], problems)
    if ACTIVITY in register:
        texts, wrong = read_texts(register[ACTIVITY], ACTIVITY)
        translated = translate_codes(texts, register[YEAR], layout.codes)
        problems += [replace(one, table=UNITS) for one in (*wrong, *translated.problems)]
        register[ACTIVITY], notes = translated.codes, [*notes, *translated.notes]
    if TURNOVER in frames:
        revenue = _revenue(layout, frames[TURNOVER], rules, problems, notes)
        register, beside = _joined(register, revenue)
        notes += [f"{TURNOVER}: {beside} rows of units that are not in that year's register"] if beside else []
    elif MONEY in units:
        register[REVENUE] = numbers_of(units, MONEY, UNITS, layout, problems, notes)
    others = [name for name in wanted.of_table if name not in (UNITS, TURNOVER, layout.treated.table)]
    for name in [TURNOVER, *others]:
        columns = wanted.of_table.get(name, [])
        if not columns:
            continue
        table = frames[name]
        keys = [key for key in (BE_ID, YEAR) if key in table]
        part = table[keys].copy()
        for column in columns:
            is_number = column in wanted.numbers
            part[column] = numbers_of(table, column, name, layout, problems, notes) if is_number else table[column]
        _refuse_repetitions(name, part, keys, problems)
        register, beside = _joined(register, part)
        notes += [f"{name}: {beside} rows of units that are not in the register"] if beside else []
    return register, notes


def _revenue(
    layout: Layout, table: pd.DataFrame, rules: RuleSet, problems: list[Problem], notes: list[str]
) -> pd.DataFrame:
    """Add turnover up to years: of annual rows as it is, of quarters where enough are there."""
    amounts = table[[BE_ID, YEAR]].assign(**{REVENUE: numbers_of(table, MONEY, TURNOVER, layout, problems, notes)})
    if not layout.quarterly:
        _refuse_repetitions(TURNOVER, amounts, [BE_ID, YEAR], problems, 'write frequency = "quarterly" for quarters')
        return amounts.drop_duplicates([BE_ID, YEAR])
    if QUARTER not in table:
        expected, action = "the quarter of each row", 'name it under `columns`, or write frequency = "annual"'
        problems.append(Problem(TURNOVER, "no column for quarter", expected, action, table=TURNOVER, column=QUARTER))
        return amounts.drop_duplicates([BE_ID, YEAR])
    amounts[QUARTER] = read_numbers(table[QUARTER], QUARTER).values
    wrong = ~amounts[QUARTER].isin(range(1, QUARTERS + 1))
    if wrong.any():
        found = f"{int(wrong.sum())} rows with another quarter than 1 to 4"
        problems.append(Problem(TURNOVER, found, "1, 2, 3 or 4", "correct them", table=TURNOVER, column=QUARTER))
    _refuse_repetitions(TURNOVER, amounts, [BE_ID, YEAR, QUARTER], problems)
    ordered = amounts.sort_values([BE_ID, YEAR, QUARTER]).groupby([BE_ID, YEAR])[REVENUE]
    totals = ordered.sum(min_count=max(rules.min_quarters, 1))
    return totals.reset_index()


def _joined(register: pd.DataFrame, part: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Join a table to the register; count its rows of units (in years) that the register does not have."""
    keys = [key for key in (BE_ID, YEAR) if key in part]
    known = pd.MultiIndex.from_frame(register[keys].drop_duplicates())
    beside = int((~pd.MultiIndex.from_frame(part[keys]).isin(known)).sum())
    return register.merge(part.drop_duplicates(keys), on=keys, how="left"), beside


def _refuse_repetitions(
    name: str, frame: pd.DataFrame, keys: Sequence[str], problems: list[Problem], action: str = ""
) -> None:
    """Keep a problem for keys that occur more than once."""
    count = int(frame.duplicated(list(keys)).sum())
    if count:
        found, expected = f"{count} rows with a key that occurs before", f"one row for each {', '.join(keys)}"
        action = action or "leave out the repetitions; ask which row holds where they differ"
        problems.append(Problem(name, found, expected, action, table=name, column=", ".join(keys), count=count))


def _panel(frame: pd.DataFrame, declared: Declarations, rules: RuleSet) -> Panel:
    """Make the panel; its problems are those of the extract."""
    there = {argument: column for argument, column in {
        "employed_persons": EMPLOYED_PERSONS, "revenue": REVENUE, "group": GROUP_ID, "activity": ACTIVITY,
        "founded": "founded",
    }.items() if column in frame}  # fmt: skip
    dated = ENTRY in frame and frame[ENTRY].notna().any()
    try:
        return panel_from_frame(
            frame, unit=BE_ID, year=YEAR, participant=PARTICIPANT, entry_year=ENTRY if dated else None, rules=rules,
            study=_Settled(declared), employed_persons=there.get(EMPLOYED_PERSONS), revenue=there.get(REVENUE),
            group=there.get("group"), activity=there.get("activity"), founded=there.get("founded"),
        )  # fmt: skip
    except InputError as error:
        raise InputError(error.problems) from error


def _extract(raw: RawTables, frames: Mapping[str, pd.DataFrame], notes: Sequence[str]) -> Extract:
    """Describe what was read; its tables hold the identifiers, which the scan of a release looks for."""
    connection = engine.open_engine()
    tables = {}
    for name, frame in frames.items():
        columns = [column for column in (BE_ID, GROUP_ID, LINKING) if column in frame]
        distinct = frame[columns].astype("string").drop_duplicates()
        tables[name] = engine.from_frame(connection, distinct)
    return Extract(tables, connection, raw.sources, tuple(notes))


def _linkage(frame: pd.DataFrame, listed: Listed) -> Linkage:
    """Account for every row of the list: units that are in no year's register, and those that are in some."""
    found = frame[frame[PARTICIPANT] == 1]
    unique, known = len(listed.units), int(found[BE_ID].nunique())
    rows: list[tuple[str, str, int | None, int]] = [
        ("listed", KEPT, None, listed.rows),
        ("unique", KEPT, None, unique),
        ("unique", "duplicate", None, listed.rows - unique),
        ("register", KEPT, None, known),
        ("register", "never_in_register", None, unique - known),
    ]
    for year in sorted(int(one) for one in frame[YEAR].unique()):
        units = int((found[YEAR] == year).sum())
        rows += [
            ("unit", KEPT, year, units),
            ("unit", "not_in_register", year, known - units),
            ("counted", KEPT, year, units),
        ]
    funnel = pd.DataFrame(rows, columns=["step", "reason", YEAR, "n"]).astype({YEAR: "Int64"})
    units_frame = found[[YEAR, BE_ID]].assign(n_kvk=1)
    units_frame[ENTRY_YEAR] = pd.Series(found.get(ENTRY, np.nan), index=found.index).astype("Int64")
    return Linkage(funnel, units_frame.sort_values([YEAR, BE_ID], ignore_index=True))
