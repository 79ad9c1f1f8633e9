"""What a firm knows of itself, and what the order of rows could tell: neither helps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from disclosure_rows import simulated, with_margins

import si_eval as se
from si_eval.disclosure import protect

P_PERCENT = 0.1  # of the preset
DRAWN = 12  # tables of one split and its total


def withheld_values(seed):
    """Return the values of the firms in each withheld cell of a table of one split with its total."""
    firms = simulated(seed, 120, 8, 1)
    after = protect([with_margins(firms, ("sector",))])[0].to_frame()
    assert after.set_index("sector").loc["all", "status"] == "shown"
    gone = after.loc[after["status"] != "shown", "sector"]
    return [firms.loc[firms["sector"] == sector, "value"].to_numpy() for sector in gone]


def test_a_firm_that_subtracts_itself_learns_of_no_other():
    """The total less the cells that are shown is known: less a firm's own value it bounds the largest other firm."""
    alone = 0
    for seed in range(DRAWN):
        cells = withheld_values(seed)
        if not cells:
            continue
        alone += len(cells) > 1 and any(len(cell) == 1 for cell in cells)
        largest, second = np.sort(np.concatenate(cells))[::-1][:2]
        rest = np.concatenate(cells).sum() - largest - second
        assert rest >= P_PERCENT * largest, seed
    assert alone, "cells of one firm, as complements of others, are among the tables"


def labels_of(values):
    """Return the labels of the rows of tables of firms with these values, in order."""
    size = len(values)
    frame = pd.DataFrame({
        "firm": np.arange(size), "year": 2019, "joined": np.arange(size) % 2, "sales": values,
        "branch": np.array(list("ABCDE"))[np.arange(size) // 2 % 5],
    })  # fmt: skip
    panel = se.panel_from_frame(frame, unit="firm", year="year", participant="joined", revenue="sales", sector="branch")
    tables = [
        se.compare_groups(panel, indicator="revenue", by="sector"),
        se.index_series(panel, indicator="revenue", by="sector", base_year=2019),
        se.check_selection(panel, year=2019, by="sector"),
    ]
    keys = ["indicator", "statistic", "group", "sector", "category"]
    return [list(table.to_frame()[keys].itertuples(index=False, name=None)) for table in protect(tables)]


def test_the_order_of_rows_tells_nothing_of_values():
    values = np.random.default_rng(1).lognormal(8, 1, 120)
    assert labels_of(values) == labels_of(values[::-1]) == labels_of(np.sort(values))
