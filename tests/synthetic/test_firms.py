"""Simulated firms: the frame says that it is simulated, also after it was written and read again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import si_eval as se
from si_eval.results import Panel


def panel_of(frame: pd.DataFrame) -> Panel:
    return se.panel_from_frame(frame, unit="firm", year="year", participant="participant", revenue="revenue")


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    return se.simulate_firms(firms=120, participants=20, years=5, seed=3).frame


def test_a_simulated_frame_stays_simulated_through_parquet(tmp_path: Path, firms: pd.DataFrame) -> None:
    firms.to_parquet(tmp_path / "firms.parquet")
    panel = panel_of(pd.read_parquet(tmp_path / "firms.parquet"))
    assert panel.simulation == panel_of(firms).simulation
    assert (panel.simulation.preset, panel.simulation.seed) == ("firms", 3)


def test_the_frame_of_a_simulated_panel_stays_simulated_through_parquet(tmp_path: Path, firms: pd.DataFrame) -> None:
    panel_of(firms).to_frame().to_parquet(tmp_path / "panel.parquet")
    again = pd.read_parquet(tmp_path / "panel.parquet")[["be_id", "year", "participant", "revenue"]]
    panel = se.panel_from_frame(again, unit="be_id", year="year", participant="participant", revenue="revenue")
    assert panel.simulation is not None


@pytest.mark.parametrize("said", ["by hand", {"preset": "firms"}, {"preset": "firms", "scale": "?", "seed": 1}])
def test_a_frame_that_says_anything_of_a_simulation_is_simulated(firms: pd.DataFrame, said: object) -> None:
    frame = firms.copy()
    frame.attrs = {"simulation": said}
    assert panel_of(frame).simulation is not None
    frame.attrs = {}
    assert panel_of(frame).simulation is None
