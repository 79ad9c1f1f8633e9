"""Kinds of damage to whole columns of registers: values beside other units, repeated, rounded, in other units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from damaged_registers import Damage, _change, _code, _drop
from sound_registers import Frames


def _repeat_quarter(frames: Frames, year: int) -> Frames:
    """Deliver the second quarter of a year as its third."""
    frame = frames["turnover"]
    of_year = frame["year"] == year
    second = frame[of_year & (frame["quarter"] == 2)].assign(quarter=3)
    return {**frames, "turnover": pd.concat([frame[~(of_year & (frame["quarter"] == 3))], second], ignore_index=True)}


def _turn(amounts: pd.Series) -> object:
    """Move amounts to the units half the file on."""
    return np.roll(amounts.to_numpy(), len(amounts) // 8)


def _mix(values: pd.Series) -> object:
    """Give values to other units, in no order."""
    return np.random.default_rng(1).permutation(values.to_numpy())


def _part_in_thousands(amounts: pd.Series) -> pd.Series:
    """Write every fifth amount in thousands."""
    return amounts.where(np.arange(len(amounts)) % 5 > 0, amounts / 1000)


def _add_total(frames: Frames, year: int) -> Frames:
    """Add a row with the sum of all persons."""
    frame = frames["business_units"]
    rows = frame[frame["year"] == year]
    total = rows.iloc[[0]].assign(be_id=99_999_999, employed_persons=rows["employed_persons"].sum())
    return {**frames, "business_units": pd.concat([frame, total], ignore_index=True)}


COLUMN_DAMAGES: dict[str, Damage] = {
    "persons cut off at a size": Damage(
        "values_repeat",
        _change("business_units", "employed_persons", lambda count: count.clip(upper=count.quantile(0.9))),
        fails=False,
    ),
    "persons of a year rounded": Damage(
        "rounding_between_years",
        _change("business_units", "employed_persons", lambda count: count.round()),
        fails=False,
    ),
    "persons of a part in thousands": Damage(
        "persons_jump", _change("business_units", "employed_persons", _part_in_thousands)
    ),
    "a quarter under the next one": Damage("quarters_repeat", _repeat_quarter),
    "turnover of a year beside other units": Damage("order_between_years", _change("turnover", "turnover", _turn)),
    "no register of a year": Damage(
        "years_present", _drop("business_units", lambda rows, year: rows["year"] == year), fails=False
    ),
    "persons with a total row": Damage("total_rows", _add_total),
    "turnover beside other units in all years": Damage(
        "turnover_with_persons", _change("turnover", "turnover", _mix, where="all"), fails=False
    ),
    "persons beside other units in all years": Damage(
        "order_lasts", _change("business_units", "employed_persons", _mix, where="all"), fails=False
    ),
    "one amount for a twentieth": Damage(
        "values_repeat", _change("turnover", "turnover", _code(888_888.0)), fails=False
    ),
    "zero for a twelfth": Damage("zeros_between_years", _change("turnover", "turnover", _code(0.0)), fails=False),
    "investments in whole thousands": Damage(
        "rounding_between_years", _change("investments", "amount", lambda sums: sums.round(-3)), fails=False
    ),
    "a part of the quarters in thousands": Damage("quarters_jump", _change("turnover", "turnover", _part_in_thousands)),
    "investments missing for a third": Damage(
        "investments_missing",
        _change("investments", "amount", lambda sums: sums.where(np.arange(len(sums)) % 3 > 0)),
        fails=False,
    ),
}
