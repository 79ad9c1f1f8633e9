"""How far the distributions of the two groups of a cell lie apart: mean and largest distance of their functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval.cells.summary import CellRequest
from si_eval.cells.tidy import Columns
from si_eval.cells.year_pairs import read_years
from si_eval.results import Panel
from si_eval.stats import distribution_distances
from si_eval.vocabulary import ECDF_MAX, ECDF_MEAN, GROUP, INDICATOR, PARTICIPANTS

_AT = "_at"


def measure_distances(panel: Panel, request: CellRequest, year: int) -> pd.DataFrame:
    """Measure the distances of each cell of a year: a row an indicator and cell, ``ecdf_mean`` and ``ecdf_max``."""
    return pd.concat([_of_indicator(panel, request, name, year) for name in request.indicators], ignore_index=True)


def _of_indicator(panel: Panel, request: CellRequest, indicator: str, year: int) -> pd.DataFrame:
    by = list(request.by)
    units = read_years(panel, replace(request, indicators=(indicator,)), [year])[year]
    labels: pd.DataFrame = units.labels
    cells = labels[by].drop_duplicates(ignore_index=True) if by else pd.DataFrame(index=[0])
    numbered = cells.assign(**{_AT: cells.index})
    place = labels.merge(numbered, on=by, how="left")[_AT].to_numpy() if by else np.zeros(len(labels), int)
    cell, joined = place[units.cell], (labels[GROUP] == PARTICIPANTS).to_numpy()[units.cell]
    sides = ((units.value[(cell == at) & joined], units.value[(cell == at) & ~joined]) for at in cells.index)
    distances = np.array([distribution_distances(*side) for side in sides], dtype=float).reshape(-1, 2)
    measured: Columns = {INDICATOR: indicator, ECDF_MEAN: distances[:, 0], ECDF_MAX: distances[:, 1]}
    return cells.assign(**measured)
