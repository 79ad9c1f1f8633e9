"""In which years a register has units, and whether its turnover is in thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from si_eval.registers.any_frame.calendar_texts import begin_of_spans, dated
from si_eval.registers.any_frame.columns import read_numbers, year_numbers
from si_eval.registers.naming import says_thousands
from si_eval.registers.recognition.keys import Keyed
from si_eval.registers.recognition.readings import TableReading
from si_eval.text_input import is_missing_word

THOUSANDS = 1000
MAX_PER_PERSON = 3_000.0  # a turnover per person below it is in thousands: firms sell for more than that in a year
MIN_PAIRS = 5


def periods_of(register: TableReading, keyed: Keyed) -> tuple[int, ...]:
    """List the years of a register: of its rows, or of its files' names."""
    column = register.column("year")
    if column is None:
        return register.years
    texts = pd.Series(sorted(keyed.raw.ids(column.column)), dtype="string")
    begins = begin_of_spans(dated(texts), "year").column
    years = year_numbers(begins, "year", missing=lambda text: not text or is_missing_word(text))
    known = {int(year) for year in years.values[np.isfinite(years.values)]}
    if len(keyed.raw.paths) > 1 and register.years:
        return tuple(sorted(known | set(register.years)))
    return tuple(sorted(known))


def turnover_unit(tables: Sequence[TableReading], keyed: Mapping[str, Keyed]) -> tuple[int, float | None]:
    """Return what one in the turnover stands for, and the median turnover per person that says so."""
    units = next(one for one in tables if one.table == "business_units")
    table = next((one for one in tables if one.table == "turnover" and one.column("turnover")), units)
    money, persons = table.column("turnover"), units.column("employed_persons")
    if money is None:
        return 1, None
    named = THOUSANDS if says_thousands(money.column) else 1
    if persons is None:
        return named, None
    amounts = _by_unit(table, keyed[table.table], money.column)
    staff = _by_unit(units, keyed["business_units"], persons.column)
    quarters = 4.0 if table.is_quarterly else 1.0
    both = pd.concat([amounts * quarters, staff], axis=1, keys=["amount", "staff"]).dropna()
    both = both[(both["staff"] >= 1) & (both["amount"] > 0)]
    if len(both) < MIN_PAIRS:
        return named, None
    per_person = float((both["amount"] / both["staff"]).median())
    return (THOUSANDS if per_person < MAX_PER_PERSON else 1), per_person


def _by_unit(table: TableReading, keyed: Keyed, column: str) -> pd.Series:
    """Return the mean of a column by unit, over the rows of the first file."""
    key = next((one for one in table.columns if one.role == "be_id"), None)
    frame = keyed.raw.samples[0]
    if key is None or column not in frame:
        return pd.Series(dtype="float64")
    values = read_numbers(frame[column].reset_index(drop=True), column).values
    ids = frame[key.column].astype("string").str.strip().str.removesuffix(".0").reset_index(drop=True)
    return pd.Series(values).groupby(ids).mean()
