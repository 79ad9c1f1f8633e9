"""Sixty firms in three years, twenty of them participants, as a frame and as a panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.registers.any_frame import panel_from_frame


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    units, years = np.arange(60), (2014, 2015, 2016)
    frame = pd.DataFrame([(unit, year) for unit in units for year in years], columns=["firm", "year"])
    frame["joined"] = (frame["firm"] % 3 == 0).astype(int)
    frame["staff"] = rng.choice([5.0, 20.0, 80.0], len(frame))
    frame["sales"] = rng.lognormal(10, 1, len(frame)) * frame["staff"]
    frame["branch"] = np.where(frame["firm"] % 2 == 0, "C", "J")
    frame.loc[rng.random(len(frame)) < 0.1, "sales"] = np.nan
    return frame


@pytest.fixture(scope="module")
def panel(frame):
    return panel_from_frame(
        frame,
        unit="firm",
        year="year",
        participant="joined",
        employed_persons="staff",
        revenue="sales",
        sector="branch",
    )
