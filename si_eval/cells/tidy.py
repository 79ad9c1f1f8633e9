"""Cells as tidy rows: what each is split by, what disclosure judges it by, and the order of the columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from si_eval.cells.units import Where, list_values
from si_eval.results import Panel
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    EVIDENCE_COLUMNS,
    INDICATOR,
    N_EFFECTIVE,
    N_HOLDINGS,
    N_PUBLIC,
    PUBLIC_COLUMNS,
    SECTOR,
    SIZE_CLASS,
    SIZE_CLASS_4,
    TIDY,
)

Columns = dict[str, pd.Series | FloatArray | str | float]  # to assign to tidy rows, by name
TIDY_COLUMN = {SIZE_CLASS: SIZE_CLASS, SIZE_CLASS_4: SIZE_CLASS, SECTOR: SECTOR}  # of a split; all others: category


def label_cells(cells: pd.DataFrame, by: Sequence[str], where: Where | None) -> pd.DataFrame:
    """Write the split of each cell in the tidy columns; a dimension that is not split says ``all``.

    Both systems of size classes go in ``size_class``; a split or a filter that has no column of its own goes in
    ``category``.
    """
    tidy = pd.DataFrame(ALL, index=cells.index, columns=[SIZE_CLASS, SECTOR, CATEGORY], dtype=object)
    for column, wanted in (where or {}).items():
        if column in by:
            continue  # the split says more
        text = "+".join(str(value) for value in list_values(wanted))
        _write(tidy, TIDY_COLUMN.get(column, CATEGORY), pd.Series(text, index=cells.index))
    for column in by:
        target = TIDY_COLUMN.get(column, CATEGORY)
        _write(tidy, target, cells[column].astype(str))
    return tidy


def disclosure_columns(summary: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns that disclosure judges a mean by: contributions, their total and the number of holdings."""
    return {column: summary[column] for column in (*EVIDENCE_COLUMNS, *PUBLIC_COLUMNS) if column in summary}


def holding_columns(counts: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns that disclosure judges a number of units by, as `count_holdings` counted them."""
    return {name: counts[name].astype("float64") for name in (N_HOLDINGS, N_PUBLIC) if name in counts}


def of_weighted(panel: Panel, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the effective number of units where units are weighted; without any, the column goes."""
    weighted = rows[INDICATOR].map({name: bool(entry.weight) for name, entry in panel.indicators.items()})
    if not weighted.any():
        return rows.drop(columns=N_EFFECTIVE)
    return rows.assign(**{N_EFFECTIVE: rows[N_EFFECTIVE].where(weighted.astype(bool))})


def tidy_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the tidy columns first and in order; the columns for disclosure follow."""
    rest = [column for column in rows.columns if column not in TIDY]
    return rows.reindex(columns=[*TIDY, *rest]).reset_index(drop=True)


def _write(tidy: pd.DataFrame, target: str, values: pd.Series) -> None:
    """Write values in a tidy column, after those that stand there already."""
    taken = tidy[target] != ALL
    tidy[target] = values.where(~taken, tidy[target] + " · " + values)
