"""Money that counts: each cost once, with the lowest and highest that is told of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.programme.efficiency.costs import EURO, Costs
from si_eval.vocabulary import YEAR


def totals(costs: Costs) -> pd.DataFrame:
    """Give the money that counts: total value, and the lowest and highest total that sources tell of the same cost."""
    frame = costs.frame[costs.frame["unit"] == EURO].copy()
    years = (frame["year_to"] - frame["year_from"] + 1).where(frame["per"] == "year", 1.0)
    ends = {name: frame[name].fillna(frame["value"]) * years for name in ("value", "low", "high")}
    frame = frame.assign(**ends)
    frame["whole"] = frame["same_as"].where(frame["same_as"] != "", frame["id"])
    told = frame.groupby("whole").agg(lowest=("low", "min"), highest=("high", "max"))
    kept = frame[(frame["counts"] == "yes") & frame["value"].notna()].join(told, on="whole")
    return kept.assign(low=kept["lowest"], high=kept["highest"]).drop(columns=["lowest", "highest"])


def by_year(costs: Costs) -> pd.DataFrame:
    """Give every cost that counts a row for each of its years, with the lowest and highest that is told of that year.

    Only yearly amounts, and amounts of a single year, have years; the rest keeps one row without a year.
    """
    money = totals(costs)
    told = costs.frame.assign(whole=costs.frame["same_as"].where(costs.frame["same_as"] != "", costs.frame["id"]))
    yearly = told[(told["per"] == "year") & told["year_from"].notna() & (told["unit"] == EURO)]
    rows: list[dict[str, object]] = []
    for cost in money.to_dict("records"):
        first, last = cost["year_from"], cost["year_to"]
        if cost["per"] != "year":
            rows.append({**cost, YEAR: first if first == last else np.nan})
            continue
        tellings = yearly[yearly["whole"] == cost["id"]]
        for year in range(int(tellings["year_from"].min()), int(tellings["year_to"].max()) + 1):
            within = (tellings["year_from"] <= year) & (tellings["year_to"] >= year)
            lows, highs = (tellings[end].fillna(tellings["value"]).where(within, 0.0) for end in ("low", "high"))
            value = cost["value"] / (last - first + 1) if first <= year <= last else 0.0
            rows.append({**cost, YEAR: float(year), "value": value, "low": lows.min(), "high": highs.max()})
    return pd.DataFrame(rows, columns=[*money.columns, YEAR])
