"""Rows that the border judges: single cells, and tables of simulated firms with their margins."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from si_eval.results import ResultTable

SIZES = ["0-9", "10-49", "50-249", "250+"]


def rows(*cells, **extra):
    """Make a table of cells: each a dictionary over a safe cell of its own year."""
    base = {
        "exhibit": "x", "indicator": "revenue", "statistic": "mean", "group": "participant", "size_class": "all",
        "sector": "all", "category": "all", "estimate": 10.0, "std_error": 1.0, "conf_low": 8.0, "conf_high": 12.0,
        "p_value": np.nan, "n_units": 50.0, "unit": "EUR", "rule_set": "r", "note": "", "largest": 60.0,
        "second_largest": 50.0, "n_holdings": 50.0,
    }  # fmt: skip
    listed = [{**base, "year": 2000 + number, **extra, **cell} for number, cell in enumerate(cells)]
    frame = pd.DataFrame(listed)
    if "total" not in frame:
        frame["total"] = frame["estimate"] * frame["n_units"]
    return ResultTable(frame=frame, function="f", evidence="association", cannot_show="cause", rules="r")


def simulated(seed, units, sectors, categories):
    rng = np.random.default_rng(seed)
    size = rng.choice(4, units, p=[0.8, 0.15, 0.04, 0.01])
    shares = np.array([0.6**place for place in range(sectors)])
    return pd.DataFrame(
        {
            "size_class": np.array(SIZES)[size],
            "sector": np.array(list("ABCDEFGHIJ"))[rng.choice(sectors, units, p=shares / shares.sum())],
            "category": [f"k{place}" for place in rng.choice(categories, units)],
            "value": np.exp(rng.normal(1 + 1.2 * size, 1.0)),
        }
    )


def with_margins(firms, dimensions):
    cells = []
    for split in itertools.chain(*(itertools.combinations(dimensions, size) for size in range(len(dimensions) + 1))):
        for key, part in firms.groupby(list(split)) if split else [((), firms)]:
            top = [*part["value"].nlargest(2), 0.0]
            n = float(len(part))
            cells.append(
                {
                    **dict(zip(split, key, strict=True)), "year": 2019, "estimate": part["value"].mean(), "n_units": n,
                    "std_error": part["value"].std() / np.sqrt(n), "largest": top[0], "second_largest": top[1],
                    "n_holdings": n,
                }
            )  # fmt: skip
    return rows(*cells)
