"""The part of a proposed study file that says where the tables are and how their columns are called."""

from __future__ import annotations

from collections.abc import Iterator

from si_eval.registers.recognition import ColumnReading, TableReading
from si_eval.registers.recognition.readings import LIST
from si_eval.study.proposal.draft import Draft, quoted

KNOWN = "the library knows"  # begins the reason of what needs no mapping
DIRECT_ROLES = (
    "be_id",
    "year",
    "quarter",
    "employed_persons",
    "sbi",
    "founded",
    "group_id",
    "turnover",
    "entry_date",
    "intensity",
)
CHAIN_ROLES = (*DIRECT_ROLES, "municipality", "size_code", "kvk_id", "person_id", "start", "end", "fieldlab", "asset",
               "component", "amount", "response", "event")  # fmt: skip


def write_extract(draft: Draft, folder: str) -> None:
    """Write where the extract is, its files, columns and units of money."""
    reading = draft.reading
    direct = reading.link == "direct"
    draft.say("[extract]")
    draft.say(
        f'link = "{reading.link}"',
        "the list has the register's own identifiers" if direct else "the list leads to units over persons",
    )
    draft.say(f"folders = [{quoted(folder)}]")
    if direct:
        turnover = reading.table("turnover")
        quarterly = turnover is not None and turnover.is_quarterly
        draft.say(f'frequency = "{"quarterly" if quarterly else "annual"}"', "of turnover")
    tables = [table for table in reading.tables if table.table and not table.table.startswith(LIST)]
    named = [table for table in tables if not table.reason.startswith(KNOWN)]
    if named:
        draft.say("[extract.files]")
    for table in named:
        years = f", {table.years[0]}-{table.years[-1]}" if len(table.years) > 1 else ""
        draft.say(
            f"{table.table} = {quoted(table.pattern)}",
            f"{table.files} {'files' if table.files > 1 else 'file'}{years}{_shares(table)}",
        )
    units = reading.table("business_units")
    if draft.is_own_list and units is not None:
        draft.say(f"participants = {quoted(units.pattern)}", "the register itself says who took part")
    for table in reading.tables:
        if table.table:
            _write_columns(draft, table, DIRECT_ROLES if direct else CHAIN_ROLES)
    if draft.is_own_list and units is not None:
        _write_own_list(draft, units)
    several = [table for table in reading.tables if table.largest and direct]
    if several:
        draft.say("[extract.largest]")
    for table in several:
        name = next((one.role for one in table.columns if one.column == table.largest and one.role in DIRECT_ROLES), "")
        name = name or draft.names.get((table.pattern, table.largest), table.largest)
        draft.say(
            f"{table.table} = {quoted(name)}", "it has several rows of a unit: that with the largest decides texts"
        )
    _write_money(draft)
    draft.say()


def _shares(table: TableReading) -> str:
    """Say how many of a table's units are in the register, where it leads there."""
    if table.table in ("business_units", "kvk_person", "person_business_unit") or table.column("be_id") is None:
        return ""
    return f"; {table.share:.0%} of its identifiers are in the register"


def _write_columns(draft: Draft, table: TableReading, roles: tuple[str, ...]) -> None:
    """Write the columns of a table that have a role or are declared, with the reason of each."""
    lines = list(_columns(draft, table, roles))
    if lines:
        draft.say(f"[extract.columns.{table.table}]")
    for line, remark in lines:
        draft.say(line, remark)


def _columns(draft: Draft, table: TableReading, roles: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield a line and its remark for each column that is mapped."""
    is_list = table.table.startswith(LIST)
    for one in table.columns:
        if one.reason.startswith(KNOWN):
            continue
        if one.role in roles and not (is_list and one.role not in ("be_id",)):
            if not one.is_sure:
                draft.doubt(f"{table.pattern}: is `{one.column}` {one.role}?")
            yield f"{one.role} = {quoted(one.column)}", remark_of(one)
        elif (table.pattern, one.column) in draft.names:
            yield f"{draft.names[table.pattern, one.column]} = {quoted(one.column)}", remark_of(one)


def remark_of(one: ColumnReading) -> str:
    """Say how sure a reading is, why, and what else it could be."""
    beside = f"; or is it {' or '.join(f'`{other}`' for other in one.others)}?" if one.others else ""
    return f"{'sure' if one.is_sure else 'unsure'} ({one.confidence:.2f}): {one.reason}{beside}"


def _write_own_list(draft: Draft, units: TableReading) -> None:
    """Write how the register is read as the list of participants."""
    key, year, entry = units.column("be_id"), units.column("year"), units.column("entry_date")
    draft.say("[extract.columns.participants]")
    if key is not None:
        draft.say(f"be_id = {quoted(key.column)}")
    decision = units.column("decision")
    if decision is not None and (units.pattern, decision.column) in draft.names:
        draft.say(f"{draft.names[units.pattern, decision.column]} = {quoted(decision.column)}", remark_of(decision))
    dated = entry or year
    if dated is not None:
        draft.say(
            f"entry_date = {quoted(dated.column)}",
            remark_of(entry) if entry else "the first year in which a firm takes part",
        )


def _write_money(draft: Draft) -> None:
    """Write what one in the amounts stands for."""
    reading = draft.reading
    table = next(
        (one for one in (reading.table("turnover"), reading.table("business_units")) if one and one.column("turnover")),
        None,
    )
    if table is None or (reading.unit == 1 and reading.link == "chain"):
        return
    told = (
        f"the median turnover per person is {reading.per_person:,.0f} in the files"
        if reading.per_person
        else "by its name"
    )
    meaning = "thousands" if reading.unit > 1 else "whole units"
    if reading.per_person is None:
        draft.doubt(f"{table.pattern}: what does one in the turnover stand for, 1 or 1000?")
    draft.say("[extract.money_unit]")
    amounts = ["turnover", *draft.money.get(table.pattern, [])]
    by_column = ", ".join(f"{name} = {reading.unit}" for name in amounts)
    unit = f"{{ {by_column} }}" if reading.link == "direct" else str(reading.unit)
    draft.say(f"{table.table} = {unit}", f"{'' if reading.per_person else 'unsure: '}{told}: {meaning}")
