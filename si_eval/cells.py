"""The unit border: units go in, cells come out, and what disclosure needs travels with each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from si_eval import engine as engines
from si_eval.errors import StudyError
from si_eval.registry import Indicator, size_class_labels
from si_eval.results import Panel
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    EVIDENCE_COLUMNS,
    GROUP,
    GROUP_ID,
    INDICATOR,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    TIDY,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Where = Mapping[str, "str | int | float | Sequence[str | int | float]"]
TOP = 2
MEASURES = (
    "n", "mean", "sd", "median", "total", "numerator", "denominator", "largest", "second_largest", "holding_largest",
    "holding_second", "n_holdings",
)  # fmt: skip


def summarise(
    panel: Panel,
    *,
    indicator: str | Sequence[str],
    by: Sequence[str] = (),
    where: Where | None = None,
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Summarise indicators over the cells of group x year x ``by``, in one pass a year.

    Returns one row an indicator and cell: ``indicator, group, year``, the columns of ``by``, and `MEASURES`: number of
    units with a value, mean, standard deviation (n - 1), median, sum of values, the sums whose ratio is the ratio of
    sums, the two largest contributions in absolute terms (of units, and of holdings: enterprise groups, where a unit
    without one is its own), and the number of holdings. Units that a rule set set aside as outliers do not count; a
    unit without a value in a ``by`` column is in no cell. A large panel is worked on year by year.

    Raises `StudyError` for a name that the panel does not have.
    """
    names = check_indicators(panel, indicator)
    keys = [GROUP, YEAR, *by]
    wide, holdings = [], []
    for part in _parts(panel, years):
        table = compared_units(panel, by=by, where=where, years=part)
        measures: dict[str, ir.Value] = {}
        for name in names:
            measures |= _measures(table, panel.indicators[name])
        wide.append(engines.fetch(table.group_by(keys).aggregate(**measures)))
        holdings.append(_holdings(panel, table, names, keys))
    cells = _long(pd.concat(wide, ignore_index=True), names, keys)
    cells = _with_holdings(cells, pd.concat(holdings, ignore_index=True), [INDICATOR, *keys])
    cells[YEAR] = cells[YEAR].astype("int64")
    return cells.sort_values([INDICATOR, *keys], key=_in_order, ignore_index=True)


def _parts(panel: Panel, years: Sequence[int] | None) -> list[list[int] | None]:
    """Give the years to work on at once: all of them, or one by one where the panel is large."""
    units = panel.coverage_frame.query("measure == 'units'").groupby(YEAR)["n_units"].sum()
    wanted = [int(year) for year in units.index if years is None or int(year) in {int(one) for one in years}]
    if units[wanted].sum() <= engines.ROWS_AT_ONCE:
        return [None if years is None else [int(year) for year in years]]
    return [[year] for year in wanted]


def _long(wide: pd.DataFrame, names: Sequence[str], keys: Sequence[str]) -> pd.DataFrame:
    """Give one row an indicator and cell."""
    frames = []
    for name in names:
        frame = wide[list(keys)].copy()
        frame.insert(0, INDICATOR, name)
        for measure in ("n", "mean", "sd", "median", "total", "numerator", "denominator"):
            frame[measure] = wide[f"{name}__{measure}"].astype("float64")
        for kind in ("unit", "single"):
            largest = wide[f"{name}__{kind}_largest"]
            for place in range(2):
                frame[f"{kind}_{place}"] = [_nth(values, place) for values in largest]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _nth(values: Any, place: int) -> float:
    return np.nan if values is None or len(values) <= place else float(values[place])


def _holdings(panel: Panel, table: ir.Table, names: Sequence[str], keys: Sequence[str]) -> pd.DataFrame:
    """Give, by cell and indicator, the enterprise groups that may have several units in it: their size and number.

    Only units whose group has another unit in that year can share a holding; all others are holdings of their own.
    """
    shared = table.filter(table[SHARED_GROUP])
    values = {name: values_of(shared, panel.indicators[name]) for name in names}
    sums = {f"{name}__sum": value.abs().sum() for name, value in values.items()}
    counts = {f"{name}__units": value.count() for name, value in values.items()}
    groups = engines.fetch(shared.group_by([*keys, GROUP_ID]).aggregate(**sums, **counts))
    frames = []
    for name in names:
        known = groups[groups[f"{name}__units"] > 0]
        frame = known[list(keys)].assign(
            contribution=known[f"{name}__sum"].astype("float64"), units=known[f"{name}__units"].astype("int64")
        )
        frame.insert(0, INDICATOR, name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _with_holdings(cells: pd.DataFrame, groups: pd.DataFrame, cell: list[str]) -> pd.DataFrame:
    """Add the number of holdings, and the two largest contributions of units and of holdings."""
    singles = cells.melt(id_vars=cell, value_vars=["single_0", "single_1"], value_name="contribution").dropna()
    ranked = pd.concat([singles, groups])[[*cell, "contribution"]].sort_values("contribution", ascending=False)
    ranked["place"] = ranked.groupby(cell).cumcount()
    top = ranked[ranked["place"] < TOP].pivot(index=cell, columns="place", values="contribution")
    top = top.reindex(columns=range(TOP)).set_axis(["holding_largest", "holding_second"], axis=1)
    size = groups.groupby(cell).agg(grouped=("units", "sum"), shared=("units", "size"))
    cells = cells.merge(top.reset_index(), on=cell, how="left").merge(size.reset_index(), on=cell, how="left")
    cells["n_holdings"] = cells["n"] - cells["grouped"].fillna(0) + cells["shared"].fillna(0)
    cells = cells.rename(columns={"unit_0": "largest", "unit_1": "second_largest"})
    return cells[[*cell, *MEASURES]]


def _in_order(column: pd.Series) -> pd.Series:
    """Sort size classes as the registry lists them, and everything else by value."""
    if column.name in (SIZE_CLASS, SIZE_CLASS_4):
        places = {label: place for place, label in enumerate(size_class_labels(str(column.name)))}
        return column.map(places)
    return column


def compared_units(
    panel: Panel, *, by: Sequence[str] = (), where: Where | None = None, years: Sequence[int] | None = None
) -> ir.Table:
    """Give the units of both groups that fall in the cells asked for, with their ``group``."""
    table = panel.table
    check_columns(table, [*by, *(where or {})])
    table = table.filter(table[PARTICIPANT].notnull())
    for column, wanted in (where or {}).items():
        values = [wanted] if isinstance(wanted, str | int | float) else list(wanted)
        table = table.filter(table[column].isin(values))
    if years is not None:
        table = table.filter(table[YEAR].isin([int(year) for year in years]))
    for column in by:
        table = table.filter(table[column].notnull())
    return table.mutate(group=ibis.ifelse(table[PARTICIPANT], PARTICIPANTS, NON_PARTICIPANTS))


def values_of(table: ir.Table, indicator: Indicator) -> ir.Column:
    """Give an indicator's values, missing for the units that are set aside in its domain."""
    value = table[indicator.name].cast("float64")
    flag = excluded(indicator.domain)
    return value if flag not in table.columns else ibis.ifelse(table[flag], ibis.null("float64"), value)


def check_indicators(panel: Panel, indicator: str | Sequence[str]) -> list[str]:
    """Give the indicators asked for as a list; refuse those that the panel does not have."""
    names = [indicator] if isinstance(indicator, str) else list(indicator)
    unknown = [name for name in names if name not in panel.indicators]
    if unknown or not names:
        raise StudyError(
            f"indicator: found {', '.join(unknown) or 'none'}; expected one of {', '.join(panel.indicators)}; "
            "name one of these, or add it to the registry"
        )
    return names


def check_columns(table: ir.Table, columns: Sequence[str]) -> None:
    """Refuse columns that the panel does not have."""
    unknown = [column for column in columns if column not in table.columns]
    if unknown:
        raise StudyError(
            f"by or where: found {', '.join(unknown)}; expected columns of the panel ({', '.join(table.columns)}); "
            "name one of these"
        )


def tidy_keys(cells: pd.DataFrame, by: Sequence[str], where: Where | None) -> pd.DataFrame:
    """Write the split of each cell in the tidy columns; a dimension that is not split says ``all``.

    Both systems of size classes go in ``size_class``; a split or a filter that has no column of its own goes in
    ``category``.
    """
    columns = {SIZE_CLASS: SIZE_CLASS, SIZE_CLASS_4: SIZE_CLASS, SECTOR: SECTOR}
    tidy = pd.DataFrame(ALL, index=cells.index, columns=[SIZE_CLASS, SECTOR, CATEGORY], dtype=object)
    for column, wanted in (where or {}).items():
        text = str(wanted) if isinstance(wanted, str | int | float) else "+".join(str(value) for value in wanted)
        _write(tidy, columns.get(column, CATEGORY), pd.Series(text, index=cells.index))
    for column in by:
        target = columns.get(column, CATEGORY)
        if column in (where or {}):
            tidy[target] = ALL
        _write(tidy, target, cells[column].astype(str))
    return tidy


def _write(tidy: pd.DataFrame, target: str, values: pd.Series) -> None:
    taken = tidy[target] != ALL
    tidy[target] = values.where(~taken, tidy[target] + " · " + values)


def evidence(summary: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the columns that disclosure judges a mean by: contributions, their total and the number of holdings."""
    return {column: summary[column] for column in EVIDENCE_COLUMNS}


def tidy_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the tidy columns first and in order; the evidence for disclosure follows."""
    rest = [column for column in rows.columns if column not in TIDY]
    return rows.reindex(columns=[*TIDY, *rest]).reset_index(drop=True)


def coverage_of(
    panel: Panel, indicator: str | Sequence[str], *, where: Where | None, years: Sequence[int] | None
) -> dict[str, tuple[int, int]]:
    """Count, by group, the unit-years with a value of every indicator asked for, and all unit-years."""
    names = check_indicators(panel, indicator)
    table = compared_units(panel, where=where, years=years)
    known = table[names[0]].notnull()
    for name in names[1:]:
        known = known & table[name].notnull()
    counts = engines.fetch(table.group_by(GROUP).aggregate(known=known.sum(), units=table.count()))
    return {row[GROUP]: (int(row["known"]), int(row["units"])) for _, row in counts.iterrows()}


def _measures(table: ir.Table, indicator: Indicator) -> dict[str, ir.Value]:
    """Write the aggregations of one indicator."""
    value = values_of(table, indicator)
    known = value.notnull()
    numerator = denominator = ibis.null("float64")
    if indicator.numerator:
        numerator = table[indicator.numerator].sum(where=known)
        denominator = table[indicator.denominator].sum(where=known)
    single = ibis.ifelse(table[SHARED_GROUP], ibis.null("float64"), value.abs())
    measures = {
        "n": value.count(),
        "mean": value.mean(),
        "sd": value.std(how="sample"),
        "median": value.median(),
        "total": value.sum(),
        "numerator": numerator,
        "denominator": denominator,
        "unit_largest": engines.largest(value.abs(), TOP),
        "single_largest": engines.largest(single, TOP),
    }
    return {f"{indicator.name}__{measure}": expression for measure, expression in measures.items()}
