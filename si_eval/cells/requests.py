"""Checks what a comparison asks of a panel before any cell is computed: indicators, splits, filters and years."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import ibis.expr.datatypes as dt
import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments, describe_value, list_names, plain_value
from si_eval.cells.columns import IDENTIFIERS, describe_telling
from si_eval.cells.errors import Errors
from si_eval.cells.summary import CellRequest
from si_eval.cells.units import Value, list_values
from si_eval.errors import propose_name
from si_eval.registry import facts, sections, size_class_labels
from si_eval.registry.rule_settings import BY_CELL, CLUSTERS
from si_eval.results import Panel
from si_eval.vocabulary import (
    AGE_CLASS,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    DIVISION,
    GROUP,
    GROUP_ID,
    IMPUTED,
    INVESTMENT_STATUS,
    MEAN_LOG,
    NON_PARTICIPANTS,
    NONRESPONSE,
    NOT_COVERED,
    OBSERVED,
    PARTICIPANT,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    SIZE_CLASS_4,
    WINSORISED_MEAN,
    YEAR,
)

VOCABULARIES: dict[str, Callable[[], Iterable[str]]] = {  # the values of the panel's classes
    SIZE_CLASS: lambda: size_class_labels(SIZE_CLASS),
    SIZE_CLASS_4: lambda: size_class_labels(SIZE_CLASS_4),
    CURRENT_SIZE_CLASS: lambda: size_class_labels(SIZE_CLASS),
    CURRENT_SIZE_CLASS_4: lambda: size_class_labels(SIZE_CLASS_4),
    AGE_CLASS: lambda: facts("age_classes")["labels"],
    INVESTMENT_STATUS: lambda: (OBSERVED, IMPUTED, NONRESPONSE, NOT_COVERED),
    SECTOR: sections,
    DIVISION: lambda: (f"{at:02d}" for one in sections().values() for at in range(one["first"], one["last"] + 1)),
}
OPEN_CLASSES = (SECTOR,)  # a panel of a data frame, which has no divisions, has its own
MAX_NUMBER = 2.0**63  # of whole numbers in the engine
NO_INDICATORS: tuple[str, ...] = ("",)  # of a request for units alone
ADD_INDICATOR = "name one of these, or add it to the registry"


def check_panel(function: str, panel: object) -> Arguments:
    """Start the checks of a call whose panel is one; refuse anything else, as nothing else can be checked then."""
    arguments = Arguments(function)
    arguments.instance("panel", panel, Panel, "make one with build_panel or panel_from_frame")
    arguments.refuse_problems()
    return arguments


def check_two_years(arguments: Arguments, panel: Panel, base_year: object, year: object) -> tuple[int, int]:
    """Return the years between which a comparison looks at changes; keep a problem where they are no two years."""
    first = arguments.year("base_year", base_year, panel.per_year)
    last = arguments.year("year", year, panel.per_year)
    if first == last:
        arguments.add("year", str(last), "another year than base_year", "name two years")
    return first, last


def check_request(
    arguments: Arguments,
    panel: Panel,
    *,
    indicator: object,
    by: object = (),
    where: object = None,
    years: object = None,
    several: bool = True,
) -> CellRequest:
    """Return the request that a comparison makes of a panel, and keep every problem of its arguments.

    ``several`` says whether more than one indicator may be named; `NO_INDICATORS` asks for units alone.
    """
    if not several and not isinstance(indicator, str):
        arguments.add("indicator", describe_value(indicator), "the name of one indicator", "write one name")
        indicator = ()
    known = panel.indicators
    return CellRequest(
        indicators=()
        if indicator is NO_INDICATORS
        else arguments.names(
            "indicator", indicator, known, what="indicators of the panel", action=ADD_INDICATOR, empty=not several
        ),
        by=check_splits(arguments, panel, by),
        where=tuple(sorted(check_where(arguments, panel, where).items())),
        years=None if years is None else arguments.years("years", years, panel.per_year),
    )


def check_errors(
    arguments: Arguments, panel: Panel, *, level: object, cluster: object, statistics: Sequence[str] = ()
) -> Errors:
    """Return how errors are computed: as asked, or as the panel's rule set says where nothing (None) is asked."""
    rules = panel.rules
    coverage = rules.level if level is None else arguments.level("level", level)
    chosen = rules.cluster if cluster is None else arguments.option("cluster", cluster, CLUSTERS)
    by_group = chosen != "unit" and _knows_groups(panel)
    if chosen == GROUP and not by_group:
        arguments.add("cluster", "a panel without enterprise groups", "a panel that knows them", 'write "auto"')
    robust = tuple(name for name in (WINSORISED_MEAN, MEAN_LOG) if name in statistics)
    return Errors(coverage, by_group=by_group, robust=robust, winsorise_by=rules.winsorise_by if robust else BY_CELL)


def _knows_groups(panel: Panel) -> bool:
    """Whether any unit of a panel has an enterprise group."""
    groups = panel.table.filter(panel.table[GROUP_ID].notnull()).select(GROUP_ID).limit(1)
    return engine.count_rows(groups) > 0


def check_unweighted(arguments: Arguments, panel: Panel, names: Iterable[str]) -> None:
    """Keep a problem for indicators that are weighed: who answered in several years is no sample with known weights."""
    weighed = [name for name in names if panel.indicators[name].weight]
    if weighed:
        found = f"{', '.join(weighed)}, weighed as a sample of each year by itself"
        action = 'build the panel with rules.change(weights="none") to look at those who answered, or choose another'
        arguments.add("indicator", found, "figures of all units where the same units are followed", action)


def check_splits(arguments: Arguments, panel: Panel, by: object) -> tuple[str, ...]:
    """Return the columns that units are split by: those with classes, or with 0 and 1, as no cell may be one unit."""
    types = panel.table.schema()
    classes = [name for name, kind in types.items() if isinstance(kind, dt.String | dt.Boolean)]
    classes = [name for name in classes if name != PARTICIPANT]
    by = by if isinstance(by, str) else Arguments("by").sequence("by", by, "columns") if _is_list(by) else by
    listed = [by] if isinstance(by, str) else by if isinstance(by, list) else []
    others = [name for name in listed if isinstance(name, str) and name in types and name not in classes]
    flags = [name for name in dict.fromkeys(others) if is_flag(panel, name)]
    unsplit = set(others) - set(flags)
    why = "name one of these: identifiers, numbers other than 0 and 1, years and groups split no cells"
    splits = arguments.names(
        "by", by, [*classes, *flags], what="columns with classes", empty=True,
        action=why if unsplit else "name one of these", near=() if unsplit else classes,
    )  # fmt: skip
    return tuple(column for column in splits if _is_class(arguments, panel, column, "by"))


def _is_class(arguments: Arguments, panel: Panel, column: str, place: str) -> bool:
    """Whether units share the values of a column; one whose values tell them apart is a problem."""
    is_closed = column in VOCABULARIES and (column not in OPEN_CLASSES or DIVISION in panel.table.columns)
    telling = "" if is_closed else describe_telling(panel, column)
    if telling:
        action = "make classes of it in a column of their own, or choose another"
        arguments.add(place, f"{column!r}, {telling}", "a column whose values many units share", action)
    return not telling


def _is_list(value: object) -> bool:
    """Whether a value can be read as a list, maybe only once."""
    return isinstance(value, Iterable) and not isinstance(value, Mapping | bytes) and getattr(value, "ndim", 1) == 1


def is_flag(panel: Panel, column: str) -> bool:
    """Whether a column of numbers says yes and no as 1 and 0."""
    if column in (*IDENTIFIERS, YEAR) or not panel.table.schema()[column].is_numeric():
        return False
    values = panel.table.filter(panel.table[column].notnull()).select(column).distinct().limit(3)
    return set(engine.fetch(values)[column].astype(float).dropna()) <= {0.0, 1.0}


def check_where(arguments: Arguments, panel: Panel, where: object) -> dict[str, tuple[Value, ...]]:
    """Return the values that a filter keeps of each column; one that no unit has is a problem."""
    if where is None:
        return {}
    if not isinstance(where, Mapping):
        example = '{"sector": "C"}'
        arguments.add("where", describe_value(where), "a mapping of columns to values", f"write {example}")
        return {}
    types = panel.table.schema()
    columns = [name for name in types if name not in (*IDENTIFIERS, YEAR)]
    checked: dict[str, tuple[Value, ...]] = {}
    for column, wanted in where.items():
        place = f"where[{column!r}]"
        if column == YEAR:
            arguments.add(place, describe_value(wanted), "years under their own name", "write years=[…]")
        elif column in IDENTIFIERS:
            arguments.add(place, "a filter on an identifier", "a column that says what units are", "choose another")
        elif column not in columns:
            action = propose_name(column, columns, "name one of these")
            arguments.add("where", describe_value(column), f"columns of the panel: {list_names(columns)}", action)
        elif _is_class(arguments, panel, column, "where"):
            checked[column] = _check_values(arguments, panel, column, wanted, place)
    return checked


def refuse_empty(function: str, summary: pd.DataFrame, request: CellRequest) -> None:
    """Refuse a request whose cells have no units at all, as an empty table says nothing."""
    if len(summary):
        return
    kept = [f"{column} {' or '.join(map(str, values))}" for column, values in request.where]
    kept += [f"a value of {column}" for column in request.by]
    kept += [f"a year among {list_names(request.years)}"] if request.years is not None else []
    arguments = Arguments(function)
    found = f"no unit of either group with {', '.join(kept)}" if kept else "no unit of either group"
    arguments.add("where, by, years" if kept else "panel", found, "some units", "widen the choice, or check the panel")
    arguments.refuse_problems()


def fill_empty_groups(summary: pd.DataFrame, request: CellRequest, panel: Panel) -> pd.DataFrame:
    """Add cells without units where a group has none in a whole year, so that the table says so.

    A group that has units in some cells of a year has no row in the others.
    """
    years = list(panel.per_year if request.years is None else request.years)
    present = set(zip(summary[GROUP], summary[YEAR], strict=True))
    absent = [
        (group, year) for year in years for group in (NON_PARTICIPANTS, PARTICIPANTS) if (group, year) not in present
    ]
    if not absent:
        return summary
    columns = ["indicator", *request.by]
    cells = summary[columns].drop_duplicates()
    filled = cells.merge(pd.DataFrame(absent, columns=[GROUP, YEAR]), how="cross").assign(n=0.0, n_holdings=0.0)
    numbers = dict.fromkeys(summary.columns.difference(filled.columns), np.nan)
    filled = filled.assign(**numbers)[summary.columns]
    return pd.concat([summary, filled], ignore_index=True).astype(summary.dtypes)


def _check_values(arguments: Arguments, panel: Panel, column: str, wanted: object, place: str) -> tuple[Value, ...]:
    """Return the values of one column that a filter keeps."""
    kind = panel.table.schema()[column]
    if isinstance(wanted, Mapping) or getattr(wanted, "ndim", 1) > 1:
        arguments.add(place, describe_value(wanted), "a value or a list of values", "write the values as a list")
        return ()
    wanted = plain_value(wanted)
    values: list[Any] = [plain_value(one) for one in list_values(wanted)]  # type: ignore[arg-type]
    if not values:
        arguments.add(place, "an empty list", "a value or a list of values", "leave the column out for all units")
        return ()
    expected, fits = _expected(kind)
    strange = [one for one in values if not fits(one)]
    for one in strange:
        action = f"write {str(one)!r}" if isinstance(kind, dt.String) else "correct it"
        if one is None or one is pd.NA or (isinstance(one, float) and np.isnan(one)):
            action = "list the values to keep: there are no bounds, and missing is no value"
        arguments.add(place, describe_value(one), expected, action)
    right: tuple[Value, ...] = tuple(dict.fromkeys(one for one in values if fits(one)))
    known: list[Value] = list(VOCABULARIES[column]()) if column in VOCABULARIES else []
    unknown = [one for one in right if one not in known]
    if unknown and (column in OPEN_CLASSES or not known):
        known, unknown = _search_values(panel, column, unknown)
    for one in unknown:
        arguments.add(place, describe_value(one), f"one of {list_names(known)}", _advise(one, column, known))
    return right


def _expected(kind: dt.DataType) -> tuple[str, Callable[[object], bool]]:
    """Say which values a column of a type has, and check for one."""
    if isinstance(kind, dt.Boolean):
        return "True or False", lambda one: isinstance(one, bool)
    if isinstance(kind, dt.String):
        return "a text", lambda one: isinstance(one, str)
    return (
        "a finite number",
        lambda one: isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < MAX_NUMBER,
    )


def _search_values(panel: Panel, column: str, wanted: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    """Return values that the column has, and those wanted that no unit has; numbers are not listed."""
    values = panel.table.select(column).distinct()
    is_text = isinstance(panel.table.schema()[column], dt.String | dt.Boolean)
    if not is_text:
        values = values.filter(values[column].isin(list(wanted)))
    present = engine.fetch(values)[column].dropna().tolist()
    unknown = [one for one in wanted if one not in present]
    return (sorted(present) if is_text else ["the values that units have"]), unknown


def _advise(value: Value, column: str, known: Sequence[Value]) -> str:
    """Return what to do about a value that no unit has: another column may have it."""
    other = {SIZE_CLASS: SIZE_CLASS_4, SIZE_CLASS_4: SIZE_CLASS}.get(column)
    if other is not None and value in list(VOCABULARIES[other]()):
        return f"filter on {other}, which has it"
    return propose_name(value, [str(one) for one in known], "correct or drop it")
