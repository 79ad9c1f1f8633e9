"""What became of the units of a base year: whether the register has them later, their size class and persons then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval import engine
from si_eval.cells.units import Where, select_units
from si_eval.results import Extract, Panel
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.vocabulary import BE_ID, EMPLOYED_PERSONS, GROUP, GROUP_ID, PARTICIPANTS, SHARED_GROUP, YEAR

EXITS = ("death", "takeover", "merger", "break_up", "restructuring", "split_off", "birth_and_death")  # first is told
UNKNOWN = "unknown"
LATER = "_later"


@dataclass(frozen=True)
class GroupMeans:
    """Means of participants and of others, and their difference: estimate, standard error, dof and units, (3,) each."""

    estimate: FloatArray
    std_error: FloatArray
    dof: FloatArray
    n: FloatArray


def read_base_units(panel: Panel, base_year: int, by: Sequence[str], where: Where | None, extra: str) -> pd.DataFrame:
    """Read the units of both groups in a base year: id, group, cell, persons, cluster and a further column."""
    table = select_units(panel, by=by, where=where, years=[base_year])
    shared = table[SHARED_GROUP].fill_null(False)
    columns = list(dict.fromkeys([BE_ID, GROUP, *by, EMPLOYED_PERSONS, extra]))
    rows = engine.fetch(table.select(*columns, cluster=shared.ifelse(table[GROUP_ID], None).cast("int64")))
    own = -1 - rows[BE_ID].astype("int64")
    return rows.assign(cluster=rows["cluster"].astype("Int64").fillna(own).astype("int64"))


def add_later(panel: Panel, units: pd.DataFrame, year: int, extra: str) -> pd.DataFrame:
    """Add what the register has of units in a later year, whatever their group: ``present``, persons and a column."""
    table = panel.table.filter(panel.table[YEAR] == year)
    rows = engine.fetch(table.select(*dict.fromkeys([BE_ID, EMPLOYED_PERSONS, extra])))
    return units.merge(rows.assign(present=True), on=BE_ID, how="left", suffixes=("", LATER)).assign(
        present=lambda both: both["present"].notna()
    )


def exit_types(extract: Extract | None, units: pd.DataFrame, base_year: int, year: int) -> pd.Series:
    """Return how each unit ended by its last event from the base year on; ``unknown`` where no event tells."""
    ids = units[BE_ID].to_numpy()
    if extract is None or "events" not in extract.tables:
        return pd.Series(UNKNOWN, index=units.index)
    events = extract.tables["events"]
    kept = events.filter(events.event.isin(EXITS) & events[YEAR].between(base_year, year))
    rows = engine.fetch(kept.select(BE_ID, YEAR, "event"))
    rows = rows.assign(rank=rows["event"].map({name: place for place, name in enumerate(EXITS)}))
    last = rows.sort_values([YEAR, "rank"], ascending=[False, True]).drop_duplicates(BE_ID).set_index(BE_ID)["event"]
    return pd.Series(last.reindex(ids).fillna(UNKNOWN).to_numpy(), index=units.index)


def group_means(value: FloatArray, joined: BoolArray, cluster: IntArray) -> GroupMeans:
    """Compute the means of two groups and their difference; residuals are added up by cluster."""
    known = ~np.isnan(value)
    value, joined, cluster = value[known], joined[known], cluster[known]
    _, number = np.unique(cluster, return_inverse=True)
    means, scores, counts, clusters = [], [], [], []
    for side in (joined, ~joined):
        n = side.sum()
        mean = value[side].mean() if n else np.nan
        means.append(mean)
        scores.append(np.bincount(number, np.where(side, value - mean, 0.0) / n if n else np.zeros(len(value))))
        counts.append(float(n))
        clusters.append(float(len(np.unique(number[side]))))
    estimate = np.array([*means, means[0] - means[1]])
    fewest = np.array([*clusters, min(clusters)])
    squares = np.array([np.sum(one**2) for one in (*scores, scores[0] - scores[1])])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(squares * np.where(fewest > 1, fewest / (fewest - 1), np.nan))
    return GroupMeans(
        estimate, np.where(np.isnan(estimate), np.nan, error), fewest - 1, np.array([*counts, min(counts)])
    )


def is_participant(units: pd.DataFrame) -> BoolArray:
    """Say which units are participants."""
    return (units[GROUP] == PARTICIPANTS).to_numpy()
