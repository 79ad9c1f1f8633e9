"""Tables with a column a year (`sales_2014`, `sales_2015`): one row a unit and year is made of each of their rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from si_eval.vocabulary import YEAR

PLACE = "{year}"


def melt_years(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Turn the columns whose name a study gives with `{year}` into rows, one a year that any of them has.

    A year without any value in a row has no row; the table has the year in a column of its own then. Columns without a
    year are repeated. A pattern that no column fits is left for others to tell.
    """
    by_year: dict[int, dict[str, str]] = {}
    for pattern in columns.values():
        if PLACE not in pattern:
            continue
        expression = re.compile(re.escape(pattern).replace(re.escape(PLACE), "((?:19|20)[0-9]{2})"), re.IGNORECASE)
        for name in map(str, frame.columns):
            match = expression.fullmatch(name)
            if match:
                by_year.setdefault(int(match[1]), {})[name] = pattern
    if not by_year:
        return frame
    wide = {name for names in by_year.values() for name in names}
    same = [name for name in frame.columns if name not in wide]
    parts = []
    for year, names in sorted(by_year.items()):
        known = frame[list(names)].notna().any(axis=1)
        of_year = frame.loc[known, [*same, *names]].rename(columns=names)
        parts.append(of_year.assign(**{YEAR: year}))
    return pd.concat(parts, ignore_index=True)
