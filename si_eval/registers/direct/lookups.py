"""Lists whose identifier only another table links to that of the register, such as a VAT number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from si_eval.errors import Problem, propose_name
from si_eval.registers.direct.lost_zeros import restore_zeros
from si_eval.vocabulary import BE_ID

LINKING = "kvk_id"  # the identifier that a list has in place of the register's, as the scan of a release knows it
NO_UNIT = "no unit of "  # begins what stands for a unit where an identifier leads to none: no register has it
AsTexts = Callable[[pd.Series], pd.Series]


@dataclass(frozen=True)
class Lookup:
    """The table with both identifiers, and the column in it and in the lists that leads to units."""

    table: str
    id: str


def link_lists(
    lookup: Lookup, frames: Mapping[str, pd.DataFrame], as_texts: AsTexts, problems: list[Problem], notes: list[str]
) -> dict[str, pd.DataFrame]:
    """Give the lists that have the linking identifier alone that of the register.

    Several identifiers may lead to one unit, which then counts once; one that leads to several units is a problem. Rows
    whose identifier leads to none stay, with a unit that no register has: the linkage counts them.
    """
    place = f"extract.lookup, {lookup.table}"
    table = frames.get(lookup.table)
    if table is None or lookup.id not in table:
        known = list(frames) if table is None else [str(name) for name in table.columns]
        found = f"no table {lookup.table}" if table is None else f"no column `{lookup.id}`"
        action = propose_name(
            lookup.table if table is None else lookup.id, known, f"name one of {', '.join(known[:12])}"
        )
        problems.append(Problem(place, found, "a table of the extract with both identifiers", action))
        return dict(frames)
    lists = {name for name, frame in frames.items() if lookup.id in frame and BE_ID not in frame}
    ids = {name: as_texts(frames[name][lookup.id]) for name in (lookup.table, *sorted(lists))}
    whole = restore_zeros({name: pd.DataFrame({BE_ID: one}) for name, one in ids.items()}, notes)
    linked = {name: frame.assign(**{LINKING: whole[name][BE_ID]}) if name in ids else frame
              for name, frame in frames.items()}  # fmt: skip
    keyed = linked[lookup.table].assign(**{BE_ID: as_texts(table[BE_ID])}).dropna(subset=[BE_ID])
    if len(keyed) < len(table):
        notes.append(f"{lookup.table}: {len(table) - len(keyed)} rows lead to no unit")
    linked[lookup.table] = keyed
    pairs = keyed[[LINKING, BE_ID]].dropna().drop_duplicates()
    several = pairs[LINKING].duplicated(keep=False)
    if several.any():
        count = int(pairs.loc[several, LINKING].nunique())
        found = f"{count} values of `{lookup.id}` that lead to several units"
        action = "leave one row of each in the table, that of the unit that counts"
        problems.append(Problem(place, found, "one unit for each", action, lookup.table, lookup.id, count))
    units = pairs.drop_duplicates(LINKING).set_index(LINKING)[BE_ID]
    for name in sorted(lists):
        own = linked[name][LINKING]
        if own.isna().any():
            count = int(own.isna().sum())
            found, action = f"{count} rows without `{lookup.id}`", "fill in or leave out these rows"
            problems.append(Problem(name, found, "one in every row", action, name, lookup.id, count))
        to = own.map(units).astype("string")
        notes.append(_told(name, lookup, own, to))
        linked[name] = linked[name].assign(**{BE_ID: to.fillna(f"{NO_UNIT}{lookup.table} " + own.astype("string"))})
    return linked


def _told(name: str, lookup: Lookup, own: pd.Series, units: pd.Series) -> str:
    """Count how the identifiers of a list lead to units: one to one, several to one, to none."""
    pairs = pd.DataFrame({LINKING: own, BE_ID: units}).drop_duplicates()
    known = pairs.dropna()
    for_each = known[BE_ID].value_counts()
    return (
        f"{name}: {len(known)} of {pairs[LINKING].nunique()} values of `{lookup.id}` lead to {len(for_each)} units by "
        f"{lookup.table}: {int((for_each == 1).sum())} one to one, {int((for_each > 1).sum())} units have several"
    )
