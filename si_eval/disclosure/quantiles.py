"""Quantiles at the border: the mean of the values around a quantile leaves in place of one firm's value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from si_eval.disclosure.declared_rows import number_in
from si_eval.disclosure.primary import dominated
from si_eval.disclosure.rules import DisclosureRules
from si_eval.vocabulary import (
    BOTH_LANGUAGES,
    CONF_HIGH,
    CONF_LOW,
    ESTIMATE,
    MEDIAN,
    MOVED_COLUMNS,
    N_UNITS,
    NOTE,
    P_VALUE,
    PSEUDO_HOLDINGS,
    PSEUDO_QUANTILE,
    PSEUDO_UNITS,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    WINSORISED_MEAN,
    label,
)

SHARES = {MEDIAN: 0.5}  # the statistics that are quantiles, and the share of the values below them
OF_THE_EXACT_ONE = (STD_ERROR, CONF_LOW, CONF_HIGH, P_VALUE)


def is_unsafe_quantile(row: Mapping[Any, Any] | pd.Series, counted: float, rules: DisclosureRules) -> bool:
    """Whether a quantile has too few units on either side, or nothing that may leave in its place.

    ``counted`` is the number of units of its cell that the rules count. A pseudo-quantile averages at least
    ``quantile_units`` units (or holdings, where these count); rules that ask for one unit let the exact one leave.
    """
    if row[STATISTIC] == WINSORISED_MEAN:
        return _moves_few(row, rules)
    share = SHARES.get(row[STATISTIC])
    if share is None:
        return False
    units = min(number for number in (number_in(row, N_UNITS), counted) if not math.isnan(number))
    if min(share, 1 - share) * units < rules.quantile_units:
        return True
    if rules.quantile_units <= 1:
        return False
    averaged, holdings = number_in(row, PSEUDO_UNITS), number_in(row, PSEUDO_HOLDINGS)
    if rules.unit == "group" and not math.isnan(holdings):
        averaged = min(averaged, holdings)
    return math.isnan(number_in(row, PSEUDO_QUANTILE)) or not averaged >= rules.quantile_units


def _moves_few(row: Mapping[Any, Any] | pd.Series, rules: DisclosureRules) -> bool:
    """Whether a winsorised mean, beside the mean, tells how far the values of a few lie above or below one of them."""
    units, total, largest, second = (number_in(row, column) for column in MOVED_COLUMNS)
    if units == 0:
        return False
    return not units >= rules.quantile_units or dominated(largest, second, total, rules)


def replace_quantiles(frame: pd.DataFrame, rules: DisclosureRules) -> pd.DataFrame:
    """Return the rows with pseudo-quantiles for quantiles, said in the note; what described the exact one goes.

    A quantile without one loses its estimate.
    """
    rows = frame[STATISTIC].isin(list(SHARES)) & frame[ESTIMATE].notna()
    rows &= ~frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units)
    if rules.quantile_units <= 1 or not rows.any():
        return frame
    pseudo = frame[PSEUDO_QUANTILE] if PSEUDO_QUANTILE in frame else pd.Series(math.nan, index=frame.index)
    notes = [add_note(note, f"pseudo_{statistic}") for statistic, note in frame.loc[rows, [STATISTIC, NOTE]].to_numpy()]
    gone = {column: frame[column].mask(rows) for column in OF_THE_EXACT_ONE}
    replaced = frame.assign(**{ESTIMATE: frame[ESTIMATE].mask(rows, pseudo)}, **gone)
    replaced.loc[rows, NOTE] = notes
    return replaced


def add_note(note: Any, term: str) -> str:
    """Add what a term says to a note, in both languages."""
    kept = "" if pd.isna(note) else str(note)
    return BOTH_LANGUAGES.join(
        "; ".join(part for part in (label(kept, language), label(term, language)) if part) for language in ("nl", "en")
    )
