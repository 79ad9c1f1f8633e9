"""Tidy rows of figures that were public before: agendas, budgets, judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    NOTE,
    NUMBERS,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
)

AS_PUBLISHED = "as_published"
BILINGUAL = "{nl} | {en}"


def public_table(
    rows: Sequence[Mapping[str, object]], function: str, cannot_show: str, titles: Mapping[str, str] | None = None
) -> ResultTable:
    """Make a result of rows whose numbers were public before; what a row leaves out is not split."""
    frame = pd.DataFrame([dict(row) for row in rows])
    for column in (EXHIBIT, UNIT_OF_MEASURE, NOTE):
        frame[column] = frame[column].fillna("") if column in frame else ""
    for column in (GROUP, SIZE_CLASS, SECTOR, CATEGORY):
        frame[column] = frame[column].fillna(ALL) if column in frame else ALL
    for column in NUMBERS:
        frame[column] = frame[column].astype("float64") if column in frame else np.nan
    frame[YEAR] = frame[YEAR].astype("Int64") if YEAR in frame else pd.array([pd.NA] * len(frame), dtype="Int64")
    frame[RULE_SET] = AS_PUBLISHED
    frame.loc[frame[ESTIMATE].isna() & (frame[NOTE] == ""), NOTE] = "not told by the source"
    return ResultTable(
        frame=frame[list(TIDY)],
        function=function,
        evidence="goal_attainment",
        cannot_show=cannot_show,
        rules=AS_PUBLISHED,
        titles=dict(titles or {}),
        public=True,
    )
