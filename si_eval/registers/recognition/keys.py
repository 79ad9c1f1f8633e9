"""Which table is the register of units, by which column other tables lead to it, and which year their rows are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from si_eval.registers.extracts.files import recognise_name
from si_eval.registers.naming import has_word, score_name
from si_eval.registers.recognition.profiles import Profile
from si_eval.registers.recognition.raw import RawTable, overlap
from si_eval.registers.recognition.readings import LIST, ColumnReading
from si_eval.registers.recognition.scores import score_column
from si_eval.registers.schema import Column, contracts, wide_investments

UNITS, TURNOVER, PARTICIPANTS = "business_units", "turnover", "participants"
DESCRIBES = {
    "employed_persons": 0.35,
    "sbi": 0.3,
    "size_code": 0.15,
    "founded": 0.1,
    "region": 0.1,
    "municipality": 0.1,
}
MIN_REGISTER = 0.2  # a table that describes units less than this is no register of them
MIN_NAME = 0.7  # a name that says what a column is
MIN_ID = 0.5  # values that look like identifiers
MIN_SHARED = 0.3  # of identifiers, for a table to be of the same units
UNIQUE = 1.02  # rows a unit in the register of a year
MAX_LISTED = 0.6  # a list has fewer of the register's units; a table with more describes all of them
ONCE = "once in a year"
ALL_VALUES = 1.0
MIN_YEARS = 0.9  # values that look like years


@dataclass(frozen=True)
class Keyed:
    """A table, what it is taken for (nothing where it leads nowhere), and its keys by column.

    ``share`` of its identifiers are in the register, ``covers`` is the share of the register's that it has.
    """

    raw: RawTable
    table: str = ""
    keys: Mapping[str, ColumnReading] = field(default_factory=dict)
    share: float = 0.0
    covers: float = 0.0
    reason: str = ""


def key_tables(tables: Sequence[RawTable]) -> list[Keyed]:
    """Find the register, and say of every table what it is and what its keys are; nothing of any without a register."""
    known = known_tables(tables)
    if known:
        return [known.get(one, Keyed(table)) for one, table in enumerate(tables)]
    found_key = _find_register(tables)
    if found_key is None:
        return [Keyed(table) for table in tables]
    place, unit = found_key
    register = tables[place]
    units = register.ids(unit.column)
    found = {place: Keyed(register, UNITS, {unit.column: unit, **_year(register, {unit.column})}, 1.0, 1.0)}
    left = [one for one in range(len(tables)) if one != place]
    found |= _chain(tables, left, units, unit)
    left = [one for one in left if one not in found]
    linked = {one: _linked(tables[one], unit, units) for one in left}
    found |= {one: keyed for one, keyed in linked.items() if keyed.keys}
    return _name_tables(tables, found, register)


def known_tables(tables: Sequence[RawTable]) -> dict[int, Keyed]:
    """Return the tables that the library knows by the names of their files, where these are a whole chain of links."""
    named = {one: recognise_name(table.family.paths[0]) for one, table in enumerate(tables)}
    if not {UNITS, PARTICIPANTS, "kvk_person", "person_business_unit"} <= {
        file.table for file in named.values() if file
    }:
        return {}
    found = {}
    for one, file in named.items():
        if file is None:
            continue
        contract = contracts()[file.table]
        columns = (
            wide_investments().columns if file.table == "investments" and file.layout == "cbs" else contract.columns
        )
        spelled = {alias.name.casefold(): name for name, column in columns.items() for alias in column.names}
        keys = {
            name: ColumnReading(name, role, 1.0, "the library knows its name", profile)
            for name, profile in tables[one].profiles.items()
            if (role := spelled.get(name.casefold()) or _by_beginning(name, columns))
        }
        found[one] = Keyed(tables[one], file.table, keys, 1.0, 1.0, "the library knows the names of its files")
    return found


def _by_beginning(name: str, columns: Mapping[str, Column]) -> str:
    """Return the column one of whose names, with a star at its end, a name begins with."""
    folded = name.casefold()
    starts = {
        alias.name[:-1].casefold(): one
        for one, column in columns.items()
        for alias in column.names
        if alias.name.endswith("*")
    }
    return next((one for start, one in starts.items() if folded.startswith(start)), "")


def _find_register(tables: Sequence[RawTable]) -> tuple[int, ColumnReading] | None:
    """Return the place of the table that describes units best, and its identifier: one that is there once in a year."""
    scores = _register_scores(tables)
    likely = sorted((place for place, score in scores.items() if score > MIN_REGISTER), key=lambda one: -scores[one])
    keys = {place: _unit_key(tables[place], [*tables[:place], *tables[place + 1 :]]) for place in likely}
    known = [(place, key) for place, key in keys.items() if key is not None]
    return next((one for one in known if ONCE in one[1].reason), next(iter(known), None))


def _register_scores(tables: Sequence[RawTable]) -> dict[int, float]:
    """Score how far each table describes units: persons, activity, size, in each year."""
    scores = {}
    for number, table in enumerate(tables):
        described = sum(
            weight * max((score_column(one, role).total for one in table.profiles.values()), default=0.0)
            for role, weight in DESCRIBES.items()
        )
        yearly = 1.0 if table.family.years or _year(table, set()) else 0.4
        score = (
            described * yearly
            + 0.15 * has_word(table.family.name, UNITS)
            - 0.3 * has_word(table.family.name, PARTICIPANTS)
        )
        lists = max(
            (score_name(name, role).score for name in table.columns for role in ("decision", "scheme")), default=0
        )
        score -= 0.2 * (lists >= MIN_NAME)
        holds = max((score_name(name, "be_id").score for name in table.columns), default=0)
        score -= 0.3 * (
            holds < 0.5 and max((score_name(name, "group_id").score for name in table.columns), default=0) > MIN_NAME
        )
        scores[number] = score
    return scores


def _id_columns(table: RawTable) -> list[Profile]:
    """List the columns of a table that may hold identifiers."""
    return [
        one
        for one in table.profiles.values()
        if (one.fits.get("id", 0) >= MIN_ID or score_name(one.name, "be_id").score >= MIN_NAME)
        and one.fits.get("id", 0) > 0
        and one.fits.get("year", 0) < ALL_VALUES
    ]


def _unit_key(register: RawTable, others: Sequence[RawTable]) -> ColumnReading | None:
    """Choose the identifier of units in the register: named so, once in each year, and found in other tables."""
    best, chosen, near = 0.0, None, []
    year = next(iter(_year(register, set())), "")
    for one in _id_columns(register):
        named = max(score_name(one.name, "be_id").score, 0.0)
        if score_name(one.name, "group_id").score > max(named, MIN_NAME):
            continue
        rows = register.samples[0]
        slice_of = rows[rows[year] == rows[year].iloc[0]] if year else rows
        known = slice_of[one.name].dropna()
        unique = len(known) / max(known.nunique(), 1) <= UNIQUE and len(known) == len(slice_of)
        values = register.ids(one.name)
        shared = [
            max(
                (overlap(values, table.ids(other.name), named=named >= MIN_NAME) for other in _id_columns(table)),
                default=0.0,
            )
            for table in others
        ]
        tables = sum(share >= MIN_SHARED for share in shared)
        score = 0.35 * named + 0.25 * unique + 0.4 * (tables / len(others) if others else 0.5)
        if not (unique or named >= MIN_NAME) or (one.fits["id"] < MIN_ID and named < MIN_NAME):
            continue
        told = f"its name is as `{score_name(one.name, 'be_id').synonym}`" if named else "no word of its name says it"
        often = ONCE if unique else "several times in a year"
        reason = f"{told}; {often}; {tables} of {len(others)} other tables have its values"
        near.append((score, one.name))
        if score > best:
            best, chosen = score, ColumnReading(one.name, "be_id", round(min(1.0, 0.25 + score * 0.85), 2), reason, one)
    if chosen is None:
        return None
    others_near = tuple(name for score, name in near if name != chosen.column and score > best - 0.1)
    return replace(chosen, others=others_near)


def _year(table: RawTable, taken: set[str]) -> dict[str, ColumnReading]:
    """Find the column with the year of each row."""
    best, chosen = 0.4, None
    for one in table.profiles.values():
        if one.name in taken or max(score_name(one.name, role).score for role in ("founded", "entry_date")) > 0.75:
            continue
        score = score_column(one, "year")
        of_files = set(table.family.years)
        told = one.fits.get("year", 0) >= MIN_YEARS and (not of_files or set(one.years) <= of_files)
        told &= score.name.score >= MIN_NAME or (table.is_panel and one.fits.get("date", 0) < ALL_VALUES)
        named = score.total if told else 0.0
        if named > best:
            reason = f"its name is as `{score.name.synonym}`" if score.name.score else "no word of its name says it"
            best, chosen = named, ColumnReading(one.name, "year", round(named, 2), f"{reason}; it has years", one)
    return {} if chosen is None else {chosen.column: chosen}


def _linked(table: RawTable, unit: ColumnReading, units: frozenset[str]) -> Keyed:
    """Find the column of a table that has the register's identifiers."""
    best, chosen, share, covers = 0.0, None, 0.0, 0.0
    for one in _id_columns(table):
        named = score_name(one.name, "be_id").score if one.name.casefold() != unit.column.casefold() else 1.0
        values = table.ids(one.name)
        shared = overlap(values, units, named=named >= MIN_NAME)
        small = named >= MIN_NAME and len(values) < 3
        if shared < MIN_SHARED and not small:
            continue
        score = 0.7 * shared + 0.3 * named
        if score > best:
            told = f"{len(values & units)} of its {len(values)} values are in the register"
            best, share = score, len(values & units) / max(len(values), 1)
            covers = len(values & units) / max(len(units), 1)
            chosen = ColumnReading(one.name, "be_id", round(min(1.0, 0.2 + score), 2), told, one)
    if chosen is None:
        return Keyed(table)
    return Keyed(table, "", {chosen.column: chosen, **_year(table, {chosen.column})}, share, covers)


def _chain(
    tables: Sequence[RawTable], left: Sequence[int], units: frozenset[str], unit: ColumnReading
) -> dict[int, Keyed]:
    """Find the list whose identifiers lead to units over two tables: to persons, and from these to units."""
    for last in left:
        to_units = _linked(tables[last], unit, units)
        key = next((one.column for one in to_units.keys.values() if one.role == "be_id"), None)
        if key is None:
            continue
        for person in _id_columns(tables[last]):
            if person.name == key or len(tables[last].columns) > 8:
                continue
            for middle in left:
                found = _middle(tables, left, middle, last, person, units)
                if found is None:
                    continue
                inner, kvk, listed, own = found
                reason = f"the identifiers lead from `{tables[middle].family.pattern}` to the register"
                of_link = {
                    key: _key(tables[last].profiles[key], "be_id", "its values are in the register"),
                    person.name: _key(person, "person_id", reason),
                }
                of_persons = {
                    kvk.name: _key(kvk, "kvk_id", "its values are on the list of participants"),
                    inner.name: _key(inner, "person_id", "its values lead to units"),
                    **_year(tables[middle], {kvk.name, inner.name}),
                }
                of_list = {own.name: _key(own, "kvk_id", "its values lead to persons")}
                return {
                    last: Keyed(tables[last], "person_business_unit", of_link),
                    middle: Keyed(tables[middle], "kvk_person", of_persons),
                    listed: Keyed(tables[listed], PARTICIPANTS, of_list, 1.0),
                }
    return {}


def _middle(
    tables: Sequence[RawTable], left: Sequence[int], middle: int, last: int, person: Profile, units: frozenset[str]
) -> tuple[Profile, Profile, int, Profile] | None:
    """Find how a table leads from a list to persons: its column of persons, of the list, the list and its column."""
    if middle == last or len(tables[middle].columns) > 6:
        return None
    persons = tables[last].ids(person.name)
    for inner in _id_columns(tables[middle]):
        named = min(score_name(inner.name, "person_id").score, score_name(person.name, "person_id").score) >= MIN_NAME
        if overlap(tables[middle].ids(inner.name), persons, named=named) < MIN_SHARED:
            continue
        for kvk in _id_columns(tables[middle]):
            if kvk.name == inner.name:
                continue
            for listed in left:
                if listed in (middle, last):
                    continue
                for own in _id_columns(tables[listed]):
                    values = tables[listed].ids(own.name)
                    known = min(score_name(own.name, "kvk_id").score, score_name(kvk.name, "kvk_id").score) >= MIN_NAME
                    if (
                        overlap(values, tables[middle].ids(kvk.name), named=known) >= MIN_SHARED
                        and overlap(values, units) < MIN_SHARED
                    ):
                        return inner, kvk, listed, own
    return None


def _key(profile: Profile, role: str, reason: str) -> ColumnReading:
    named = score_name(profile.name, role)
    told = f"its name is as `{named.synonym}`; {reason}" if named.score else reason
    return ColumnReading(profile.name, role, round(0.75 + 0.25 * named.score, 2), told, profile)


def _name_tables(tables: Sequence[RawTable], found: Mapping[int, Keyed], register: RawTable) -> list[Keyed]:
    """Name the tables that lead to the register: turnover, participants, other lists, and tables of the study's own."""
    named = dict(found)
    open_ones = {one: keyed for one, keyed in found.items() if not keyed.table}
    money = {one: _turnover_score(keyed) for one, keyed in open_ones.items() if _is_yearly(keyed)}
    own = max((score_column(one, TURNOVER).total for one in register.profiles.values()), default=0.0)
    best = max(money, key=lambda one: money[one], default=None)
    if best is not None and money[best] > max(0.55, own * 0.8):
        named[best] = replace(open_ones.pop(best), table=TURNOVER)
    lists = {one: _list_score(keyed) for one, keyed in open_ones.items()}
    chain = any(keyed.table == PARTICIPANTS for keyed in found.values())
    ordered = [] if chain else sorted((one for one in lists if lists[one] > 0.4), key=lambda one: -lists[one])
    for rank, one in enumerate(ordered):
        keyed = open_ones.pop(one)
        named[one] = replace(keyed, table=PARTICIPANTS if rank == 0 else f"{LIST}{keyed.raw.family.name}")
    for one, keyed in open_ones.items():
        named[one] = replace(keyed, table=_other_name(keyed, chain=chain))
    return [named.get(one, Keyed(table)) for one, table in enumerate(tables)]


def _other_name(keyed: Keyed, *, chain: bool) -> str:
    """Name a table of the study's own after its files; with a chain of links only the contract's tables are read."""
    if not chain:
        name = keyed.raw.family.name
        return f"table_{name}" if name.startswith(LIST) else name
    columns = keyed.raw.profiles.values()
    for table, roles in {"investments": ("asset", "component", "amount"), "events": ("event",)}.items():
        if all(max((score_column(one, role).total for one in columns), default=0) > 0.6 for role in roles):
            return table
    return ""


def _is_yearly(keyed: Keyed) -> bool:
    return bool(keyed.raw.family.years) or any(one.role == "year" for one in keyed.keys.values())


def _turnover_score(keyed: Keyed) -> float:
    """Score how far a table is that of turnover."""
    columns = max((score_column(one, TURNOVER).total for one in keyed.raw.profiles.values()), default=0.0)
    return columns + 0.1 * has_word(keyed.raw.family.name, TURNOVER)


def _list_score(keyed: Keyed) -> float:
    """Score how far a table is a list of those that took part: named so, decided upon, of few of the units."""
    raw, name = keyed.raw, keyed.raw.family.name
    roles = max(
        (score_name(one, role).score for one in raw.columns for role in ("decision", "entry_date", "scheme")),
        default=0.0,
    )
    few = keyed.covers < MAX_LISTED
    repeated = _is_yearly(keyed) and raw.repetition(next(iter(keyed.keys))) > 1.5
    score = (
        0.45 * has_word(name, PARTICIPANTS) + 0.3 * roles + 0.25 * few - 0.3 * repeated - 0.2 * bool(raw.family.years)
    )
    score -= 0.3 * has_word(name, "rejected") + 0.3 * has_word(name, "other_scheme")
    return max(score, 0.41) if few and (has_word(name, "rejected") or not _is_yearly(keyed)) else score
