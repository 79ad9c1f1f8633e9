"""Tidy rows as a table to look at: what varies down the side, groups and years across; and that table as HTML."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

import pandas as pd

from si_eval.arguments import Arguments
from si_eval.results.prices import price_labels, row_prices
from si_eval.vocabulary import (
    ALL,
    BESIDE,
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    KEYS,
    N_UNITS,
    NUMBERS,
    SHOWN,
    STATUS,
    YEAR,
    Evidence,
    Labels,
    Language,
    label,
)

ACROSS = (GROUP, YEAR)
MAX_ROWS = 60  # of a table in a notebook
DIGITS = 4  # that an estimate is shown with in a notebook
STYLE = "border-left:4px solid {colour};padding:.2em .8em;margin:.3em 0"
INSIDE_COLOUR, SAFE_COLOUR = "#b3261e", "#004b7a"


def to_wide(frame: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """Return tidy rows with a row for each indicator, statistic and class, and a column for each group and year.

    A key that is the same everywhere is left out. Several ``values`` give a level of columns of their own. Where two
    rows have the same keys they are kept apart by their number.
    """
    keys = [name for name in KEYS if name in frame and name != EXHIBIT]
    filled = frame.assign(**{name: _filled(frame[name]) for name in keys})
    varying = [name for name in keys if filled[name].nunique() > 1] or keys[:1]
    if filled.duplicated(varying).any():
        filled = filled.assign(row=filled.groupby(varying).cumcount() + 1)
        varying = [*varying, "row"]
    across = [name for name in ACROSS if name in varying]
    down = [name for name in varying if name not in across]
    if not across:
        return filled.set_index(down)[list(values)]
    if not down:
        down, filled = ["row"], filled.assign(row="")
    wide = filled.set_index([*down, *across])[list(values)].unstack(across)
    if len(values) == 1:
        wide = wide[values[0]]
        wide = wide[_in_order(filled, across)]
    return pd.DataFrame(wide.loc[_in_order(filled, down)])


def _in_order(filled: pd.DataFrame, names: list[str]) -> pd.Index:
    """Return the combinations of values that there are, each name by the order in which its values first stand."""
    places = {name: {value: place for place, value in enumerate(filled[name].unique())} for name in names}
    there = filled[names].drop_duplicates()
    order = there.apply(lambda column: column.map(places[str(column.name)])).sort_values(names).index
    ordered = there.loc[order]
    return pd.Index(ordered[names[0]]) if len(names) == 1 else pd.MultiIndex.from_frame(ordered)


def check_values(frame: pd.DataFrame, values: str | Sequence[str]) -> list[str]:
    """Return the columns of numbers that are asked for; raises ArgumentError for any other."""
    arguments = Arguments("to_wide")
    known = [name for name in (*NUMBERS, *BESIDE) if name in frame]
    wanted = arguments.names("values", values, known, what="columns of numbers")
    arguments.refuse_problems()
    return list(wanted)


def _filled(values: pd.Series) -> pd.Series:
    """Return a key without gaps: what is not split is ``all``, a year is a whole number."""
    whole = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    return pd.Series([ALL if value is None or pd.isna(value) else value for value in whole], values.index, dtype=object)


class _Result(Protocol):
    """What the head of a table is made of."""

    @property
    def frame(self) -> pd.DataFrame: ...
    @property
    def prices(self) -> Mapping[str, str]: ...
    @property
    def titles(self) -> Mapping[str, str]: ...
    @property
    def exhibit(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def evidence(self) -> Evidence: ...
    @property
    def rules(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def labels(self) -> Labels: ...


def head_of(table: _Result) -> str:
    """Return what a table is in one line: its title, the prices of money, evidence and rules."""
    title = table.titles.get(table.language) or table.exhibit or table.function
    prices = price_labels(row_prices(table.frame, table.prices), table.language, table.labels)
    return " · ".join([title, *prices, label(table.evidence, table.language, table.labels), table.rules])


def to_html(frame: pd.DataFrame, head: str, language: Language, labels: Labels, *, inside: bool) -> str:
    """Write tidy rows as a small HTML table under a line that says what they are, and whether they stay inside."""
    shown = frame.head(MAX_ROWS)
    texts = shown.assign(**{ESTIMATE: [_text(row) for row in shown.to_dict("records")]})

    def named(value: object) -> str:
        return label(str(value), language, labels)

    table = to_wide(texts, [ESTIMATE]).fillna("").rename(index=named, columns=named)
    for axis in (table.index, table.columns):
        axis.names = ["" if name in (None, "row") else named(name) for name in axis.names]
    left = len(frame) - len(shown)
    more = f"<p>{escape(label('result_more_rows', language, labels).format(n=left))}</p>" if left else ""
    mark = label("result_inside" if inside else "result_safe", language, labels)
    style = STYLE.format(colour=INSIDE_COLOUR if inside else SAFE_COLOUR)
    return f'<div style="{style}"><p><b>{escape(mark)}</b> {escape(head)}</p>{table.to_html(border=0)}{more}</div>'


def _text(row: Mapping[Hashable, Any]) -> str:
    """Write an estimate with its interval; what was withheld, or could not be computed, is a mark."""
    if pd.isna(row[ESTIMATE]):
        return "*" if row.get(STATUS, SHOWN) != SHOWN else "."
    text = _number(row[ESTIMATE])
    low, high, units = (row.get(name) for name in (CONF_LOW, CONF_HIGH, N_UNITS))
    if pd.notna(low) and pd.notna(high):
        text += f" ({_number(low)} … {_number(high)})"
    return f"{text}; n {units:,.0f}" if pd.notna(units) else text


def _number(value: Any) -> str:
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 10 ** (DIGITS - 1) else f"{number:,.{DIGITS}g}"
