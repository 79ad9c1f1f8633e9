"""One row a unit and year: missing and duplicate keys, and values that a column cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from si_eval.errors import Problem
from si_eval.registers.any_frame.columns import Codes, Numbers
from si_eval.registers.any_frame.names import frame_problem, row_examples
from si_eval.vocabulary import EMPLOYED_PERSONS, PARTICIPANT, YEAR

UNIT = "unit"


def key_problems(unit: Codes, year: Codes, names: Mapping[str, str | None]) -> Iterator[Problem]:
    """Find rows without a unit or year, and unit-years with several rows, after both were read."""
    column = f"{names[UNIT]}, {names[YEAR]}"
    missing = ~unit.known | (~year.known if not year.problems else False)
    if missing.any():
        yield frame_problem(
            column, f"{int(missing.sum())} rows without unit or year", "both in every row", "fill or drop them",
            row_examples(np.flatnonzero(missing)),
        )  # fmt: skip
    if unit.problems or year.problems:
        return
    keys = pd.DataFrame({UNIT: unit.values, YEAR: year.values})
    twice = keys.duplicated(keep=False).to_numpy() & ~missing
    if twice.any():
        largest = int(keys[twice].value_counts().max())
        yield frame_problem(
            column, f"{int(twice.sum())} rows with a key that occurs twice (up to {largest} rows a unit and year)",
            "one row a unit and year", "keep one of them; of quarters or months, add them up to years first",
            row_examples(np.flatnonzero(twice)),
        )  # fmt: skip


def value_problems(numbers: Mapping[str, Numbers], names: Mapping[str, str | None]) -> Iterator[Problem]:
    """Find participation other than 0 and 1, and negative persons."""
    kinds = (
        (PARTICIPANT, "values other than 0 and 1", "0 or 1", "recode them", lambda values: ~np.isin(values, (0, 1))),
        (EMPLOYED_PERSONS, "negative values", "0 or more persons", "correct them", lambda values: values < 0),
    )
    for argument, found, expected, action, is_wrong in kinds:
        if argument not in numbers:
            continue
        values = numbers[argument].values
        wrong = np.isfinite(values) & is_wrong(values)
        if wrong.any():
            shown = row_examples(np.flatnonzero(wrong), pd.Series(values).map("{:g}".format))
            yield frame_problem(names[argument], f"{int(wrong.sum())} {found}", expected, action, shown)
