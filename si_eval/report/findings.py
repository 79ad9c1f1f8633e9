"""What an exhibit finds, in a sentence for its title: of protected cells, never stronger than their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from si_eval.report.border import ASSUMED, NUMBER, STATE, safe_rows
from si_eval.report.difference import find_by_place
from si_eval.report.formats import measure_key, measures, number
from si_eval.report.grid import Row
from si_eval.report.labels import cell_text, value_label
from si_eval.report.selection import select
from si_eval.report.specification import DIMENSIONS, Chart
from si_eval.results import SafeTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    INDICATOR,
    SECTOR,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
    Labels,
    Language,
    label,
    within_sentence,
)

RANKED = (CATEGORY, SECTOR, INDICATOR)  # dimensions whose largest value is worth a title
MOST_NAMED = 2  # categories that a title names
FEWEST_RANKED = 3


def finding_of(safe: SafeTable, chart: Chart | None, language: Language) -> str:
    """State what a figure or a table shows; empty where its rows leave no single statement.

    In this order: how many differences between participants and others have an interval on one side of zero, in the
    last year shown; which category is largest, with those whose intervals overlap its own, where every category has a
    number and none is assumed; how many series rose.
    """
    rows = safe_rows(safe)
    if chart is not None:
        if chart.kind in ("layers", "words", "checks", "profile"):
            return ""
        rows = select(rows, chart)
    if rows.empty or bool(rows.loc[rows[STATE] == NUMBER, ASSUMED].all()):
        return ""
    for rule in (_differences, _ranking, _growth):
        text = rule(safe, rows, chart, language)
        if text:
            return text
    return ""


def _differences(safe: SafeTable, rows: pd.DataFrame, chart: Chart | None, language: Language) -> str:
    """Count the differences whose intervals lie on one side of zero; empty where the table has none."""
    years = [year for year in rows[YEAR] if year != ALL]
    last = max(years) if years else ALL
    differences = find_by_place(safe, rows[rows[YEAR] == last])
    tested = [
        row
        for row in differences.values()
        if row[STATE] == NUMBER and pd.notna(row[CONF_LOW]) and pd.notna(row[CONF_HIGH])
    ]
    if not tested or any(row[ASSUMED] for row in tested):
        return ""
    higher, lower = sum(row[CONF_LOW] > 0 for row in tested), sum(row[CONF_HIGH] < 0 for row in tested)
    counts = {"higher": higher, "lower": lower, "unclear": len(tested) - higher - lower}
    if len(tested) == 1:
        (name,) = (name for name, count in counts.items() if count)
        text = label(f"report_finding_one_{name}", language, safe.labels)
    else:
        parts = _parts({name: count for name, count in counts.items() if count}, len(tested), language, safe.labels)
        text = label("report_finding_compared", language, safe.labels).format(parts=", ".join(parts))
    return _sentence(_in_year(text, last, years, language, safe.labels))


def _parts(counts: Mapping[str, int], tested: int, language: Language, own: Labels) -> list[str]:
    """Say how many comparisons came out how; the first of them names how many there are."""
    parts: list[str] = []
    for name, count in counts.items():
        term = "all" if count == tested else "part" if parts else "of"
        parts.append(
            label(f"report_finding_{term}", language, own).format(
                n=number(count, language),
                tested=number(tested, language),
                outcome=label(f"report_finding_{name}", language, own),
            )
        )
    return parts


def _ranking(safe: SafeTable, rows: pd.DataFrame, chart: Chart | None, language: Language) -> str:
    """Name the largest category of one series of shares or amounts, or those that cannot be told apart."""
    if (
        chart is None
        or chart.axis not in RANKED
        or any(rows[name].nunique() > 1 for name in DIMENSIONS if name != chart.axis)
    ):
        return ""
    shown = rows[rows[chart.axis] != ALL]
    if (shown[STATE] != NUMBER).any() or shown[ASSUMED].any():
        return ""  # what is withheld may be larger than what is shown
    if len(shown) < FEWEST_RANKED or (rows[STATISTIC].iloc[0] != SHARE and chart.kind != "shares"):
        return ""
    ordered = shown.sort_values([ESTIMATE, chart.axis], ascending=[False, True], kind="stable")
    records: list[Row] = [dict(row) for row in ordered.to_dict("records")]
    first = records[0]
    ties = [row for row in records[1:] if _overlap(row, first)]
    if len(ties) >= MOST_NAMED or first[ESTIMATE] == 0:
        return ""
    if any(_overlap(row, records[1]) for row in records[MOST_NAMED:]):
        return ""  # which is the second cannot be told
    kinds = measures(rows)
    texts = {
        f"{name}{place}": value
        for place, row in enumerate([first, *ties, *records[len(ties) + 1 :]][:2], start=1)
        for name, value in (
            ("name", _named(safe, chart.axis, row, language)),
            ("value", cell_text(row, kinds[measure_key(row)], language)),
        )
    }
    return _sentence(label(f"report_finding_{'tie' if ties else 'largest'}", language, safe.labels).format(**texts))


def _named(safe: SafeTable, dimension: str, row: Row, language: Language) -> str:
    """Return what a category is called within a sentence; a sector keeps its letter."""
    text = value_label(dimension, row[dimension], language, safe.labels)
    return text if dimension == SECTOR else within_sentence(text)


def _overlap(row: Row, first: Row) -> bool:
    """Whether a number cannot be told from the largest: their intervals overlap, or they are equal."""
    if pd.isna(row[CONF_HIGH]) or pd.isna(first[CONF_LOW]):
        return bool(row[ESTIMATE] == first[ESTIMATE])
    return bool(row[CONF_HIGH] >= first[CONF_LOW])


def _growth(safe: SafeTable, rows: pd.DataFrame, chart: Chart | None, language: Language) -> str:
    """Set the last year beside the first where the numbers are counted, not estimated."""
    shown = rows[(rows[STATE] == NUMBER) & (rows[YEAR] != ALL) & ~rows[ASSUMED]].sort_values(YEAR, kind="stable")
    if (
        chart is None
        or chart.kind not in ("lines", "bars")
        or YEAR not in chart.channels
        or shown[CONF_LOW].notna().any()
    ):
        return ""
    if not safe.public or rows[UNIT_OF_MEASURE].nunique() > 1:
        return ""
    keys = [name for name in DIMENSIONS if name != YEAR]
    series = shown.groupby(keys, sort=False)
    firsts, lasts = series.head(1), series.tail(1)
    several = series[ESTIMATE].size() > 1
    if not several.any():
        return ""
    if len(several) == 1:
        kinds = measures(rows)
        places: Sequence[tuple[str, Row]] = [
            (name, dict(frame.to_dict("records")[0])) for name, frame in (("first", firsts), ("last", lasts))
        ]
        texts = {name: cell_text(row, kinds[measure_key(row)], language) for name, row in places}
        years = {f"{name}_year": row[YEAR] for name, row in places}
        return label("report_finding_from_to", language, safe.labels).format(**texts, **years)
    change = (series[ESTIMATE].last() - series[ESTIMATE].first())[several]
    counts = {"rose": int((change > 0).sum()), "fell": int((change < 0).sum()), "all": int(several.sum())}
    texts = {name: number(value, language) for name, value in counts.items()}
    return label("report_finding_series", language, safe.labels).format(
        **texts, first=shown[YEAR].min(), last=shown[YEAR].max()
    )


def _in_year(text: str, year: str, years: Sequence[str], language: Language, own: Labels) -> str:
    """Say which year a sentence is about, where the exhibit shows more than one."""
    if len(set(years)) < 2:
        return text
    return label("report_finding_in_year", language, own).format(year=year, text=text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
