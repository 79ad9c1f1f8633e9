"""Key figures as tidy rows: one number a cell, shares of the stated total, figures per project."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.programme.monitoring.cells import (
    CANNOT_SHOW,
    dated,
    preferred_row,
    split_cells,
    statistic_of,
    tidy_row,
    why_no_value,
)
from si_eval.programme.monitoring.store import MISSING, TOTAL, KpiStore
from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.results import ResultTable
from si_eval.vocabulary import LANGUAGES, MEAN, SHARE, Language, Reason, bilingual, bilingual_label, label


def describe_kpis(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """List indicators as published: one row an indicator, category, period and definition.

    Where sources give a cell more than once, the row takes the table before the text, the plain before the hedged
    number, and then the figure whose id comes first; its note says how else the cell is given. An indicator whose
    definition breaks has its definition as category, so that no line joins the two sides; a period other than a year
    stands in the category too.

    Parameters
    ----------
    store : KpiStore
        The key figures, from `load_kpis`.
    indicators : sequence of str
        The indicators to list.
    sources : sequence of str, optional
        The sources to use; all by default.
    years : sequence of int, optional
        The years to use; all by default.
    table : str, optional
        The one table of a source to use; all tables and texts by default.

    Returns
    -------
    ResultTable
        Tidy rows, public. ``estimate`` is the printed number in the ``unit`` of the source, ``n_units`` the number of
        projects that it covers.

    Raises
    ------
    StudyError
        For a name that the store does not have, or a selection without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import describe_kpis, load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "jobs", "year": [2019, 2020], "value": [9, 12], "unit": "jobs",
    ...      "source": "report"}
    ... ).to_csv("kpis_of_jobs.csv", index=False)
    >>> table = describe_kpis(load_kpis("kpis_of_jobs.csv"), indicators=["jobs"])
    >>> table.to_frame()[["indicator", "year", "estimate", "unit"]]
      indicator  year  estimate  unit
    0      jobs  2019       9.0  jobs
    1      jobs  2020      12.0  jobs
    """
    require_input("store", store, KpiStore, "load_kpis")
    selected = store.select(indicators, sources=sources, years=years, table=table)
    rows = [_described_row(store, cell) for cell in split_cells(selected)]
    return public_table(rows, "describe_kpis", CANNOT_SHOW)


def kpi_shares(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """Compute the share of every category in the total that the source states for the same year and indicator.

    The total is the one that the source prints, not the sum of the parts: the two may differ by rounding. Without a
    stated total, or where the indicator is a share already, the estimate is empty and the note says why.

    Parameters
    ----------
    store, indicators, sources, years, table : see `describe_kpis`
        What to use of the store.

    Returns
    -------
    ResultTable
        Tidy rows, public: one a category, ``estimate`` a share between 0 and 1.

    Raises
    ------
    StudyError
        For a name that the store does not have, or a selection without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import kpi_shares, load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "loans", "category": ["bank", "total"], "year": 2021, "value": [30, 40],
    ...      "unit": "EUR", "source": "report"}
    ... ).to_csv("kpis_of_loans.csv", index=False)
    >>> table = kpi_shares(load_kpis("kpis_of_loans.csv"), indicators=["loans"])
    >>> table.to_frame()[["category", "year", "estimate"]]
      category  year  estimate
    0     bank  2021      0.75
    """
    require_input("store", store, KpiStore, "load_kpis")
    selected = store.select(indicators, sources=sources, years=years, table=table)
    preferred = [preferred_row(cell) for cell in split_cells(selected)]
    totals = {_total_key(row): row for row in preferred if row["category"] == TOTAL}
    rows = []
    for row in preferred:
        if row["category"] == TOTAL:
            continue
        total = totals.get(_total_key(row))
        reason = _why_no_share(row, total)
        value = np.nan if reason or total is None else float(row["value"]) / float(total["value"])
        note = reason or _share_note(store, row, total)
        rows.append(tidy_row(store, row, statistic=SHARE, estimate=value, unit=SHARE, note=note))
    if not rows:
        raise StudyError(
            f"indicators: found no category but the total for {', '.join(map(str, indicators))}; expected parts of it; "
            "name an indicator with categories"
        )
    return public_table(rows, "kpi_shares", f"{CANNOT_SHOW} Shares are of the total that the source states.")


def kpi_per_project(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
    project: str = "project",
) -> ResultTable:
    """Divide an indicator by the number of projects that it covers; empty, with the reason, where that is unknown.

    Parameters
    ----------
    store, indicators, sources, years, table : see `describe_kpis`
        What to use of the store.
    project : str, default "project"
        The programme's own word for one of its projects, as units and notes are to say it.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``estimate`` is a mean in the unit of the source per project.

    Raises
    ------
    StudyError
        For a name that the store does not have, or a selection without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import kpi_per_project, load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a"], "indicator": "funding", "year": 2021, "value": [60], "unit": "EUR million", "n_projects": 20,
    ...      "source": "report"}
    ... ).to_csv("kpis_of_funding.csv", index=False)
    >>> table = kpi_per_project(load_kpis("kpis_of_funding.csv"), indicators=["funding"])
    >>> table.to_frame()[["year", "estimate", "unit"]]
       year  estimate                     unit
    0  2021       3.0  EUR million per project
    """
    require_input("store", store, KpiStore, "load_kpis")
    rows = []
    for cell in split_cells(store.select(indicators, sources=sources, years=years, table=table)):
        row = preferred_row(cell)
        number = row["n_projects"]
        reason = why_no_value(row) or ("" if pd.notna(number) else Reason.NO_PROJECT_COUNT.note)
        value = np.nan if reason else float(row["value"]) / float(number)
        note = reason or bilingual_label("kpi_per_project").format(value=row["value"], n=number, project=project)
        unit = f"{row['unit']} per {project}"
        rows.append(tidy_row(store, row, statistic=MEAN, estimate=value, unit=unit, note=note))
    return public_table(rows, "kpi_per_project", f"{CANNOT_SHOW} A mean over projects hides how unequal they are.")


def _described_row(store: KpiStore, cell: pd.DataFrame) -> TidyRow:
    """Make the tidy row of one cell as published, with what a reader has to know of it as its note."""
    row = preferred_row(cell)
    nl, en = (_reading_note(store, cell, row, language) for language in LANGUAGES)
    return tidy_row(
        store,
        row,
        statistic=statistic_of(row),
        estimate=float(row["value"]),
        unit=row["unit"],
        note=bilingual(nl, en) if en else "",
    )


def _reading_note(store: KpiStore, cell: pd.DataFrame, row: pd.Series, language: Language) -> str:
    """Write in one language what a reader has to know of a row, and how else its cell is given."""
    others = cell[(cell["value"] != row["value"]) & cell["value"].notna()] if len(cell) > 1 else cell[:0]
    broken = store.broken(str(row["indicator"]))
    parts = [
        label(why_no_value(row), language),
        label(row["precision"], language, store.labels) if row["precision"] not in ("exact", "", *MISSING) else "",
        label("kpi_period", language).format(period=row["period"]) if row["period"] and not dated(row) else "",
        store.definitions.get(row["definition"], {}).get(language, "") if broken else "",
        *(
            label("kpi_also_given", language).format(value=other["value"], source=other["source"], table=other["table"])
            for _, other in others.iterrows()
        ),
    ]
    return "; ".join(filter(None, parts))


def _share_note(store: KpiStore, row: pd.Series, total: pd.Series | None) -> str:
    """Write in both languages which number was divided by which total."""
    if total is None:
        return ""
    nl, en = (
        label("kpi_share_of", language).format(
            value=row["value"], total=total["value"], unit=label(row["unit"], language, store.labels)
        )
        for language in LANGUAGES
    )
    return bilingual(nl, en)


def _total_key(row: pd.Series) -> tuple[str, str, str, str]:
    """Return what a part has in common with its total."""
    return (row["indicator"], str(row["year"]), row["period"], row["unit"])


def _why_no_share(row: pd.Series, total: pd.Series | None) -> str:
    """Return the reason why a share cannot be computed, in both languages; nothing where it can."""
    if total is None or pd.isna(total["value"]) or not total["value"]:
        return Reason.NO_TOTAL.note
    if row["unit"] == SHARE:
        return Reason.ALREADY_A_SHARE.note
    return why_no_value(row)
