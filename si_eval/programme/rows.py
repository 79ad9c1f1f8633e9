"""Tidy rows of figures that were public before: key figures, agendas, budgets, judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pandas as pd

from si_eval.arguments import Arguments
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
    Reason,
)

TidyRow: TypeAlias = dict[str, str | float | None]
AS_PUBLISHED = "as_published"


def require_input(name: str, value: object, kind: type, loader: str) -> None:
    """Raise `ArgumentError` for the first argument of a function where it is of another type."""
    arguments = Arguments(name)
    arguments.instance(name, value, kind, f"read one with `{loader}`")
    arguments.refuse_problems()


def public_table(
    rows: Sequence[TidyRow],
    function: str,
    cannot_show: str,
    *,
    missing: Reason | None = None,
    titles: Mapping[str, str] | None = None,
) -> ResultTable:
    """Make a public result of tidy rows: a row is not split by a key that it leaves out.

    ``missing`` is the note of a row without a number that has no note of its own.
    """
    frame = pd.DataFrame(list(rows), columns=list(TIDY))
    for column in (EXHIBIT, UNIT_OF_MEASURE, NOTE):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    for column in (GROUP, SIZE_CLASS, SECTOR, CATEGORY):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), ALL)
    frame[list(NUMBERS)] = frame[list(NUMBERS)].astype("float64")
    frame[YEAR] = frame[YEAR].astype("Int64")
    frame[RULE_SET] = AS_PUBLISHED
    if missing is not None:
        frame.loc[frame[ESTIMATE].isna() & (frame[NOTE] == ""), NOTE] = missing.text("en")
    return ResultTable(
        frame=frame,
        function=function,
        evidence="goal_attainment",
        cannot_show=cannot_show,
        rules=AS_PUBLISHED,
        titles=dict(titles or {}),
        public=True,
    )
