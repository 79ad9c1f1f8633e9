"""The year that is 100 in a table of index figures."""

from __future__ import annotations

import pandas as pd

from si_eval.report.border import NUMBER, STATE, safe_rows
from si_eval.report.chart_data import ChartData
from si_eval.report.selection import ordered_values
from si_eval.vocabulary import ESTIMATE, INDEX, NOTE, STATISTIC, UNIT_OF_MEASURE, YEAR, label

BASE = 100.0
BASE_YEAR = r"(\d{4})\s*=\s*100"


def base_year_text(data: ChartData) -> str:
    """Write which year is 100, where the table tells it: in its unit, in a note, or as the first year of the series."""
    texts = pd.concat([data.rows[UNIT_OF_MEASURE], data.rows[NOTE]])
    named = texts.str.extract(BASE_YEAR)[0].dropna().unique()
    if len(named) == 1:
        return label("report_base", data.language, data.own).format(base=named[0])
    rows = safe_rows(data.safe)
    hundred = rows[(rows[STATISTIC] == INDEX) & (rows[STATE] == NUMBER) & (rows[ESTIMATE].round(9) == BASE)]
    years = ordered_values(rows, YEAR)
    if len(years) > 1 and len(hundred) and set(hundred[YEAR]) == {years[0]}:
        return label("report_base", data.language, data.own).format(base=years[0])
    return label("report_base_unknown", data.language, data.own)
