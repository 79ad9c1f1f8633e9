"""Money that counts: each cost once, with the lowest and highest value that the sources give of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from si_eval.programme.efficiency.costs import Costs
from si_eval.vocabulary import YEAR


def total_costs(costs: Costs) -> pd.DataFrame:
    """Compute the total of each cost that counts: its value, and the lowest and highest total that any source gives."""
    frame = costs.frame[costs.frame["unit"] == costs.currency].copy()
    years = (frame["year_to"] - frame["year_from"] + 1).where(frame["per"] == "year", 1.0)
    ends = {name: frame[name].fillna(frame["value"]) * years for name in ("value", "low", "high")}
    frame = frame.assign(**ends, cost=_first_ids(frame))
    ranges = frame.groupby("cost").agg(lowest=("low", "min"), highest=("high", "max"))
    kept = frame[(frame["counts"] == "yes") & frame["value"].notna()].join(ranges, on="cost")
    return kept.assign(low=kept["lowest"], high=kept["highest"]).drop(columns=["lowest", "highest"])


def yearly_costs(costs: Costs) -> pd.DataFrame:
    """Spread every cost that counts over its years, with the lowest and highest value that any source gives of a year.

    Only yearly amounts, and amounts of a single year, have years; the rest keeps one row without a year.
    """
    money = total_costs(costs)
    frame = costs.frame.assign(cost=_first_ids(costs.frame))
    yearly = frame[(frame["per"] == "year") & frame["year_from"].notna() & (frame["unit"] == costs.currency)]
    rows: list[dict[Hashable, Any]] = []
    for cost in money.to_dict("records"):
        first, last = cost["year_from"], cost["year_to"]
        if cost["per"] != "year":
            rows.append({**cost, YEAR: first if first == last else np.nan})
            continue
        same = yearly[yearly["cost"] == cost["id"]]
        for year in range(int(same["year_from"].min()), int(same["year_to"].max()) + 1):
            within = (same["year_from"] <= year) & (same["year_to"] >= year)
            lows, highs = (same[end].fillna(same["value"]).where(within, 0.0) for end in ("low", "high"))
            value = cost["value"] / (last - first + 1) if first <= year <= last else 0.0
            rows.append({**cost, YEAR: float(year), "value": value, "low": lows.min(), "high": highs.max()})
    return pd.DataFrame(rows, columns=[*money.columns, YEAR])


def _first_ids(frame: pd.DataFrame) -> pd.Series:
    """Return for each row the id of the row that gives the same cost first, shape (rows,)."""
    return frame["same_as"].where(frame["same_as"] != "", frame["id"])
