"""The parts of a proposed study file that declare indicators, splits and groups of the study's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from si_eval.registers.naming import NEITHER, REJECTED, TREATED, decision_of, words_of
from si_eval.registers.recognition import ColumnReading, TableReading
from si_eval.registers.recognition.readings import LIST, OWN_CLASS, OWN_NUMBER
from si_eval.registry import facts
from si_eval.study.proposal.draft import Draft, quoted, title_of

SPLIT_ROLES = ("region", "municipality", "size_code", OWN_CLASS)
MAX_SPLITS, MAX_CLASSES = 4, 40
MAX_INDICATORS = 8


def declare_indicators(draft: Draft) -> None:
    """Declare numbers of the registers as indicators: money by person employed, the rest as they are."""
    units = draft.reading.table("business_units")
    persons = units is not None and units.column("employed_persons") is not None
    lines: list[tuple[str, str]] = []
    for table in draft.reading.tables:
        if not table.table or table.table == "participants" or table.table.startswith(LIST):
            continue
        for column in table.with_role(OWN_NUMBER):
            if len(draft.indicators) < MAX_INDICATORS:
                lines += _indicator(draft, table, column, persons=persons)
    if persons and _has_turnover(draft):
        lines += _expression(draft, "log_productivity", "log(revenue / employed_persons)")
    elif persons:
        lines += _expression(draft, "log_persons", "log(employed_persons)")
    for line, remark in lines:
        draft.say(line, remark)
    draft.say()


def _has_turnover(draft: Draft) -> bool:
    return any(
        table.column("turnover") for table in draft.reading.tables if table.table in ("turnover", "business_units")
    )


def _expression(draft: Draft, name: str, expression: str) -> list[tuple[str, str]]:
    """Declare the logarithm that effects are estimated on: they are then shares."""
    draft.taken.add(name)
    return [
        (f"[indicators.{name}]", ""),
        (f"expression = {quoted(expression)}", "for effects: a difference of 0.10 is 10 %"),
        ('unit = "log points"', ""),
        (f"labels = {quoted(draft.words(name))}", ""),
    ]


def _indicator(draft: Draft, table: TableReading, column: ColumnReading, *, persons: bool) -> list[tuple[str, str]]:
    """Declare a number of a register."""
    name, title = draft.column_name(table, column), title_of(column.column)
    is_money = (
        bool(set(words_of(column.column)) & set(facts("proposal")["money"]["words"])) and not column.profile.is_flag
    )
    if is_money:
        draft.money.setdefault(table.pattern, []).append(name)
    if is_money and persons:
        own = draft.free_name(f"{name}_per_employee")
        told = draft.words("per_person", title=title)
        draft.indicators[own] = told
        draft.doubt(f"{table.pattern}: is `{column.column}` money, in whole {draft.currency}?")
        return [
            (f"[indicators.{own}]", ""),
            (f"numerator = {quoted(name)}", f"unsure: `{column.column}` of {table.pattern} is money by its name"),
            ('denominator = "employed_persons"', ""),
            (f'unit = "{draft.currency} per person employed"', ""),
            (f"labels = {quoted(told)}", ""),
        ]
    own = draft.free_name(f"{name}_value")
    draft.indicators[own] = title
    unit = "share" if column.profile.is_flag else draft.currency if is_money else "number"
    return [
        (f"[indicators.{own}]", ""),
        (f"column = {quoted(name)}", f"unsure: numbers of {table.pattern}; say what they are"),
        (f"unit = {quoted(unit)}", ""),
        (f"labels = {quoted(title)}", ""),
    ]


def declare_splits(draft: Draft) -> None:
    """Declare the classes of the registers as splits."""
    for table in draft.reading.tables:
        if not table.table or table.table == "participants" or table.table.startswith(LIST):
            continue
        for role in SPLIT_ROLES:
            for column in table.with_role(role):
                if len(draft.splits) >= MAX_SPLITS or not 2 <= column.profile.distinct <= MAX_CLASSES:
                    continue
                name = draft.column_name(table, column)
                draft.splits[name] = title_of(column.column)
                draft.say(f"[splits.{name}]")
                draft.say(
                    f"title = {quoted(draft.splits[name])}", f"{column.profile.distinct} classes in {table.pattern}"
                )
    draft.say()


def declare_groups(draft: Draft) -> None:
    """Declare who took part, and comparison groups: rejected applicants, other schemes, other lists."""
    listed = draft.reading.table("participants") or draft.reading.table("business_units")
    if listed is None:
        return
    decided, programme = _read_decision(draft, listed), _read_scheme(draft, listed)
    where = {**decided.condition(decided.taken), **programme.condition(programme.taken)}
    if where:
        draft.say("[groups.treated]")
        draft.say(f"where = {_condition(where)}", "the rows of the list that took part")
    if not draft.is_own_list:
        if decided.refused:
            refused = {**decided.condition(decided.refused), **programme.condition(programme.taken)}
            _group(draft, REJECTED, draft.words("rejected"), refused, listed.pattern)
        for value in decided.further:
            _group(draft, value, value, decided.condition([value]), listed.pattern)
        for value in programme.further:
            of_scheme = {**programme.condition([value]), **decided.condition(decided.taken)}
            _group(draft, value, value, of_scheme, listed.pattern)
    for table in draft.reading.tables:
        if table.table.startswith(LIST):
            name = table.table.removeprefix(LIST)
            is_rejected = bool(set(words_of(name)) & set(facts("roles")["files"]["rejected"]))
            _group(draft, name, draft.words("rejected") if is_rejected else title_of(name), {}, table.pattern)
    draft.say()


class _Parted(NamedTuple):
    """The values of a column of a list that say that a firm took part, was refused, or is in another group.

    ``name`` is the study's name of the column, empty where the list has none.
    """

    name: str = ""
    taken: Sequence[str] = ()
    refused: Sequence[str] = ()
    further: Sequence[str] = ()

    def condition(self, values: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return the condition that the column has one of some values; none without any."""
        return {self.name: values} if values else {}


def _read_decision(draft: Draft, table: TableReading) -> _Parted:
    """Sort the values of a decision; what says that nothing was decided is in no group."""
    column = table.column("decision")
    if column is None or not column.profile.values:
        return _Parted()
    values = column.profile.values
    taken = [value for value in values if decision_of(value) == TREATED]
    refused = [value for value in values if decision_of(value) == REJECTED]
    others = [value for value in values if value not in (*taken, *refused)]
    if not taken:
        options = [value for value in values if value not in refused] or list(values)
        question = f"{table.pattern}: which `{column.column}` says that a firm took part?"
        taken = [options[draft.choose(question, options)]]
    elif others:
        draft.doubt(f"{table.pattern}: `{column.column}` has {', '.join(others)} as well: groups of their own?")
    further = [value for value in others if value not in taken and decision_of(value) != NEITHER]
    return _Parted(draft.column_name(table, column), taken, refused, further)


def _read_scheme(draft: Draft, table: TableReading) -> _Parted:
    """Choose which of several schemes of a list is the programme; the others are groups."""
    column = table.column("scheme")
    if column is None or len(column.profile.values) < 2:
        return _Parted()
    schemes = list(column.profile.values)
    chosen = schemes[draft.choose(f"{table.pattern}: which `{column.column}` is the programme?", schemes)]
    further = [value for value in schemes if value != chosen]
    return _Parted(draft.column_name(table, column), [chosen], (), further)


def _group(draft: Draft, name: str, title: str, where: Mapping[str, Sequence[str]], file: str) -> None:
    """Declare a comparison group on a list."""
    own = draft.free_name(name)
    draft.groups[own] = title
    draft.say(f"[groups.{own}]")
    draft.say(f"title = {quoted(title)}")
    draft.say(f"file = {quoted(file)}")
    if where:
        draft.say(f"where = {_condition(where)}")


def _condition(where: Mapping[str, Sequence[str]]) -> str:
    """Write a condition as TOML does: a value, or a list of several."""
    texts = {name: [quoted(value) for value in values] for name, values in where.items()}
    parts = [f"{name} = {one[0] if len(one) == 1 else '[' + ', '.join(one) + ']'}" for name, one in texts.items()]
    return f"{{ {', '.join(parts)} }}"
