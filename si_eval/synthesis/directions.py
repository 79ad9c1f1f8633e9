"""Directions: the cells of a reading, the sign of each, and where a majority of them points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval.results import SafeTable
from si_eval.synthesis.findings import UNKNOWN, Reading
from si_eval.vocabulary import (
    CATEGORY,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    KEYS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    RULE_SET,
    YEAR,
)


def read_cells(table: SafeTable, reading: Reading, rule_set: str) -> pd.DataFrame:
    """Choose the cells of a reading; under the rule set that is read, where the table has several."""
    frame = table.to_frame()
    for column, values in reading.where.items():
        texts = {str(value) for value in (values if isinstance(values, list | tuple) else [values])}
        frame = frame[frame[column].astype(str).isin(texts)]
    under_rules = frame[frame[RULE_SET] == rule_set]
    return under_rules if len(under_rules) else frame


def cell_signs(cells: pd.DataFrame, reading: Reading, about: float) -> list[float]:
    """Compute the direction of each cell or pair of cells: 1 up, -1 down, 0 no difference."""
    if reading.rule == "share":
        return [
            1.0 if one >= reading.up else 0.0 if one <= reading.none else np.nan for one in read_shares(cells, reading)
        ]
    if reading.rule == "labels":
        counts = cells.dropna(subset=[ESTIMATE])
        pairs = zip(counts[INDICATOR], counts[ESTIMATE], strict=True)
        return [
            float(reading.signs[label]) for label, count in pairs if label in reading.signs for _ in range(int(count))
        ]
    keys = [name for name in KEYS if name not in (EXHIBIT, YEAR, GROUP)]
    years = pd.to_numeric(cells[YEAR], errors="coerce").astype("float64").fillna(0.0)
    wide = cells.assign(**{YEAR: years}).dropna(subset=[ESTIMATE])
    if reading.rule == "gap":
        return _gap_signs(wide, [*keys, YEAR], about)
    growth = _growth_ratios(wide, [*keys, GROUP])
    if reading.rule == "growth":
        return [_sign(change, about) for change in growth[ESTIMATE] - 1]
    return _gap_signs(growth, keys, about)


def read_shares(cells: pd.DataFrame, reading: Reading) -> list[float]:
    """Return the shares that are read: each cell, or the sum over the categories of each indicator."""
    known = cells.dropna(subset=[ESTIMATE])
    if reading.combine == "each":
        return known[ESTIMATE].astype("float64").tolist()
    keys = [name for name in KEYS if name not in (EXHIBIT, CATEGORY)]
    return known.groupby(keys, dropna=False, sort=False)[ESTIMATE].sum().astype("float64").tolist()


def _growth_ratios(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Divide the last year's number by the first year's, where both are shown, differ and the first is not 0."""
    ordered = cells.sort_values(YEAR).groupby(list(keys), dropna=False, sort=False)
    first, last = ordered.first(), ordered.last()
    known = (first[YEAR] < last[YEAR]) & (first[ESTIMATE] != 0)
    return (last.loc[known, [ESTIMATE]] / first.loc[known, [ESTIMATE]]).reset_index()


def _gap_signs(cells: pd.DataFrame, keys: Sequence[str], about: float) -> list[float]:
    """Compute the direction of participants against non-participants for every cell that both have."""
    sides = [
        cells[cells[GROUP] == group].set_index(list(keys))[ESTIMATE].astype("float64")
        for group in (PARTICIPANTS, NON_PARTICIPANTS)
    ]
    both = pd.concat(sides, axis=1, join="inner", keys=[PARTICIPANTS, NON_PARTICIPANTS])
    both = both[both[NON_PARTICIPANTS] != 0]
    return [
        _sign(change, about) for change in (both[PARTICIPANTS] - both[NON_PARTICIPANTS]) / both[NON_PARTICIPANTS].abs()
    ]


def _sign(change: float, about: float) -> float:
    """Return the sign of a change; 0 where it is no larger than ``about``."""
    return 0.0 if abs(change) <= about else float(np.sign(change))


def share_up(sign: float) -> float:
    """Return how far a sign points up: 1 up, 0 down or nowhere, a half where it is unknown."""
    return 0.5 if np.isnan(sign) else float(sign > 0)


def decide_direction(signs: Sequence[float], majority: float) -> str:
    """Decide where a majority points; a cell that points neither way (NaN) counts among them all."""
    if not signs:
        return UNKNOWN
    shares = {
        name: sum(sign == at for sign in signs) / len(signs) for name, at in (("up", 1), ("down", -1), ("none", 0))
    }
    return next((name for name, share in shares.items() if share >= majority), "mixed")
