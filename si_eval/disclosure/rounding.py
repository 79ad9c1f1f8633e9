"""Rounds every number that leaves to what it can bear, once: all files, figures and texts show the same digits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.registry import facts, in_euro
from si_eval.stats import FloatArray, IntArray
from si_eval.vocabulary import (
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    N_EFFECTIVE,
    P_VALUE,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
)

MAX_DECIMALS = 300  # of numbers near the smallest that a double holds
NO_DECIMALS = 2.0**53  # from here on a double is whole


def round_released(frame: pd.DataFrame) -> pd.DataFrame:
    """Round the numbers of tidy rows by the facts of ``rounding.toml``.

    A standard error has two significant digits, a p-value four decimals. An estimate ends one digit below its standard
    error, but is never coarser than the decimals of its unit of measure or statistic (a euro, a tenth of a per cent),
    which it has where it has no error; where these have none, it has four significant digits and is never coarser than
    a whole number. An interval ends as its estimate. An effective number of units is a whole number.
    """
    rules = facts("rounding")
    estimates, errors = (frame[column].to_numpy(dtype=float) for column in (ESTIMATE, STD_ERROR))
    end_of_error = _decimals(errors, rules["significant_digits"]["std_error"])
    ends = np.maximum(_decimals(estimates, rules["significant_digits"]["estimate"]), 0)
    named = (
        frame[UNIT_OF_MEASURE]
        .map(in_euro, na_action="ignore")
        .map(rules["units"])
        .fillna(frame[STATISTIC].map(rules["statistics"]))
    )
    ends = named.fillna(pd.Series(ends, index=frame.index)).to_numpy(dtype=np.int64)
    least = named.fillna(0).to_numpy(dtype=np.int64)
    ends = np.where(np.nan_to_num(errors) > 0, np.maximum(end_of_error + 1, least), ends)
    rounded = {column: _round(frame[column].to_numpy(dtype=float), ends) for column in (ESTIMATE, CONF_LOW, CONF_HIGH)}
    rounded[STD_ERROR] = _round(errors, end_of_error)
    rounded[P_VALUE] = np.round(frame[P_VALUE].to_numpy(dtype=float), rules["p_value"])
    if N_EFFECTIVE in frame:
        rounded[N_EFFECTIVE] = np.round(frame[N_EFFECTIVE].to_numpy(dtype=float))
    return frame.assign(**rounded)


def _decimals(values: FloatArray, digits: int) -> IntArray:
    """Return after how many decimals each value has so many significant digits; below 0 for tens and more."""
    size = np.abs(np.nan_to_num(values))
    places = np.floor(np.log10(np.where(size > 0, size, 1.0))).astype(np.int64)
    return np.minimum(digits - 1 - places, MAX_DECIMALS)


def _round(values: FloatArray, decimals: IntArray) -> FloatArray:
    """Round each value to its own number of decimals; zero has no sign."""
    rounded = values.copy()
    for places in np.unique(decimals):
        rows = (decimals == places) & (np.abs(values) < NO_DECIMALS)
        rounded[rows] = np.round(values[rows], places)
    return rounded + 0.0
