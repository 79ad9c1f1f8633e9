"""Growth between years, and comparable subsets: never across a break in the definition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.errors import StudyError
from si_eval.programme.monitoring.cells import CANNOT_SHOW, preferred_row, split_cells, statistic_of, tidy_row
from si_eval.programme.monitoring.store import KpiStore
from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.results import ResultTable
from si_eval.vocabulary import CHANGE, GROWTH, INDICATOR, LANGUAGES, SHARE, Reason, bilingual, bilingual_label


def kpi_growth(
    store: KpiStore,
    *,
    indicators: Sequence[str],
    sources: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    table: str | None = None,
) -> ResultTable:
    """Compute the change and the relative growth from each year to the next that the source has.

    Across a break in the definition the estimate is empty and the note gives the reason. Rows for a period longer than
    a year are left out.

    Parameters
    ----------
    store, indicators, sources, years, table : see `describe_kpis`
        What to use of the store.

    Returns
    -------
    ResultTable
        Tidy rows, public, two a step: ``change`` in the unit of the source and ``growth`` as a share of the earlier
        value, both in the later year.

    Raises
    ------
    StudyError
        For a name that the store does not have, or a selection without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import kpi_growth, load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "jobs", "year": [2019, 2020], "value": [8, 12], "unit": "jobs",
    ...      "source": "report"}
    ... ).to_csv("kpis_of_jobs.csv", index=False)
    >>> table = kpi_growth(load_kpis("kpis_of_jobs.csv"), indicators=["jobs"])
    >>> table.to_frame()[["statistic", "year", "estimate", "unit"]]
      statistic  year  estimate   unit
    0    change  2020       4.0   jobs
    1    growth  2020       0.5  share
    """
    require_input("store", store, KpiStore, "load_kpis")
    rows: list[TidyRow] = []
    for series in _yearly_series(store.select(indicators, sources=sources, years=years, table=table)):
        for before, after in pairwise(series):
            rows += _growth_rows(store, before, after)
    if not rows:
        raise StudyError(
            f"years: found fewer than two years of {', '.join(map(str, indicators))}; expected two or more to compare; "
            "widen the selection"
        )
    return public_table(
        rows, "kpi_growth", f"{CANNOT_SHOW} Growth may come from more projects rather than larger ones."
    )


def kpi_subset(
    store: KpiStore,
    *,
    indicator: str,
    whole: str,
    years: Sequence[int],
    sources: Sequence[str] | None = None,
) -> ResultTable:
    """Compare a comparable subset, such as the projects that there were in both years, with the whole.

    Parameters
    ----------
    store : KpiStore
        The key figures, from `load_kpis`.
    indicator : str
        The indicator of the subset.
    whole : str
        The indicator of the whole.
    years : sequence of int
        The first and the last of these years are compared.
    sources : sequence of str, optional
        The sources to use; all by default.

    Returns
    -------
    ResultTable
        Tidy rows, public, for each category of the subset: its levels, its ``change``, the ``change`` of the whole, and
        (indicator ``<whole>_outside_subset``) the change of the whole minus that of the subset.

    Raises
    ------
    StudyError
        For a name that the store does not have, or a selection without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import kpi_subset, load_kpis
    >>> pd.DataFrame(
    ...     {"id": list("abcd"), "indicator": ["money", "money", "money_old", "money_old"],
    ...      "year": [2019, 2020] * 2, "value": [10, 18, 10, 13], "unit": "EUR million", "source": "report"}
    ... ).to_csv("kpis_of_money.csv", index=False)
    >>> table = kpi_subset(load_kpis("kpis_of_money.csv"), indicator="money_old", whole="money", years=[2019, 2020])
    >>> table.to_frame().query("statistic == 'change'")[["indicator", "estimate"]]
                  indicator  estimate
    2             money_old       3.0
    3                 money       8.0
    4  money_outside_subset       5.0
    """
    require_input("store", store, KpiStore, "load_kpis")
    arguments = Arguments("kpi_subset")
    arguments.names("indicator", [indicator], sorted(set(store.frame["indicator"])), what="names of the store")
    arguments.names("whole", [whole], sorted(set(store.frame["indicator"])), what="names of the store")
    known = [int(year) for year in store.frame["year"].dropna().unique()]
    years = arguments.years("years", years, known, action="name years of the store")
    if not arguments.problems and len(years) < 2:
        arguments.add("years", repr(list(years)), "a first and a last year", "name two years")
    arguments.refuse_problems()
    first, last = min(years), max(years)
    between = bilingual_label("kpi_between").format(first=first, last=last)
    selected = store.select([indicator], sources=sources, years=[last])
    rows: list[TidyRow] = []
    for category, after in {row["category"]: row for row in map(preferred_row, split_cells(selected))}.items():
        before = _find_row(store, indicator, category, first, sources)
        whole_before, whole_after = (_find_row(store, whole, category, year, sources) for year in (first, last))
        rows += [_level_row(store, row) for row in (before, after) if row is not None]
        inside = _difference(store, before, after)
        total = _difference(store, whole_before, whole_after)
        rows.append(_change_row(store, after, inside, indicator, between))
        rows.append(_change_row(store, after if whole_after is None else whole_after, total, whole, between))
        outside = bilingual_label("kpi_outside_subset")
        rows.append(_change_row(store, after, total - inside, f"{whole}_outside_subset", outside))
    return public_table(
        rows, "kpi_subset", f"{CANNOT_SHOW} The subset leaves out what is new, and what has ended is still in."
    )


def _yearly_series(frame: pd.DataFrame) -> list[list[pd.Series]]:
    """List the series by indicator, category and unit: one row a year, in order, none for a longer period."""
    frame = frame[frame["year"].notna() & (frame["period"] == "")]
    preferred = pd.DataFrame([preferred_row(cell) for cell in split_cells(frame)])
    if preferred.empty:
        return []
    return [
        [row for _, row in group.sort_values("year").iterrows()]
        for _, group in preferred.groupby(["indicator", "category", "unit"], sort=False)
    ]


def _growth_rows(store: KpiStore, before: pd.Series, after: pd.Series) -> list[TidyRow]:
    """Make the rows of the change and the growth of one step, empty with the reason where there is none."""
    first, last = int(before["year"]), int(after["year"])
    reason = _why_not_comparable(store, before, after)
    old, new = float(before["value"]), float(after["value"])
    note = reason or bilingual_label("kpi_change").format(before=old, first=first, after=new, last=last)
    change = np.nan if reason else new - old
    growth = np.nan if reason or not old else change / old
    growth_note = note if reason or old else Reason.EARLIER_VALUE_ZERO.note
    unit = after["unit"]
    return [
        tidy_row(store, after, statistic=CHANGE, estimate=change, unit=unit, note=note),
        tidy_row(store, after, statistic=GROWTH, estimate=growth, unit=SHARE, note=growth_note),
    ]


def _why_not_comparable(store: KpiStore, before: pd.Series, after: pd.Series) -> str:
    """Return the reason why two years cannot be compared, in both languages; nothing where they can."""
    years = int(before["year"]), int(after["year"])
    breaks = [store.break_between(after["indicator"], *years, language) for language in LANGUAGES]
    if not any(breaks) and before["definition"] and after["definition"] and before["definition"] != after["definition"]:
        breaks = [Reason.DEFINITIONS_DIFFER.text(language) for language in LANGUAGES]
    if any(breaks):
        pairs = zip(LANGUAGES, breaks, strict=True)
        nl, en = (Reason.NOT_COMPARABLE.text(language).format(why=why) for language, why in pairs)
        return bilingual(nl, en)
    return Reason.NO_VALUE_IN_A_YEAR.note if pd.isna(before["value"]) or pd.isna(after["value"]) else ""


def _find_row(
    store: KpiStore, indicator: str, category: str, year: int, sources: Sequence[str] | None
) -> pd.Series | None:
    """Find the row of an indicator and category in a year; None where the store has none."""
    frame = store.select([indicator], sources=sources)
    frame = frame[(frame["category"] == category) & (frame["year"] == year) & (frame["period"] == "")]
    return None if frame.empty else preferred_row(frame)


def _difference(store: KpiStore, before: pd.Series | None, after: pd.Series | None) -> float:
    """Subtract two rows; NaN where one is not there or a break lies between them."""
    if before is None or after is None:
        return np.nan
    if store.break_between(after["indicator"], int(before["year"]), int(after["year"])):
        return np.nan
    return float(after["value"]) - float(before["value"])


def _level_row(store: KpiStore, row: pd.Series) -> TidyRow:
    """Make the row of a printed level."""
    value = float(row["value"])
    return tidy_row(store, row, statistic=statistic_of(row), estimate=value, unit=row["unit"], note="")


def _change_row(store: KpiStore, row: pd.Series, change: float, indicator: str, note: str) -> TidyRow:
    """Make the row of a change, named after its indicator; empty with the reason where there is none."""
    note = note if pd.notna(change) else Reason.NOT_COMPARABLE_OR_MISSING.note
    changed = tidy_row(store, row, statistic=CHANGE, estimate=change, unit=row["unit"], note=note)
    return {**changed, INDICATOR: indicator}
