"""What tests of several folders share: simulated extracts, each made once for all processes that test."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from si_eval.registers.any_frame import panel_from_frame
from si_eval.synthetic import simulate_extract

SCALE = 0.01  # the scale of the simulated extracts that tests share
MAX_WAIT = 120  # seconds for another process to simulate an extract
SimulatedExtract = Callable[..., Path]
# Files of more than ten seconds of CPU, the dearest first: begun last, one process would end long after the others.
DEAREST_FIRST = (
    "disclosure/test_attacks.py", "study/test_reference_study.py", "engine/test_spark.py", "study/test_same_output.py",
    "registers/test_plausibility.py", "study/test_broken_studies.py", "study/test_ledger.py",
    "study/test_released_presets.py", "registers/test_extracts_cbs.py", "registers/test_panel.py",
    "disclosure/test_rules.py", "effects/test_degenerate_panels.py", "registers/test_extracts_problems.py",
    "registers/test_extracts.py", "registers/test_extract_damage.py", "registers/test_linkage.py",
)  # fmt: skip

# Compiling queries makes many objects that live on: looking for dead circles among them less often saves a twentieth.
gc.set_threshold(50_000, 20, 100)

# No test is judged by the clock: a machine at work on something else is no failure.
settings.register_profile("si_eval", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("si_eval")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the dearest files first."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(DEAREST_FIRST)}
    missing = [path.name for path in places if not path.is_file()]
    if missing:
        raise pytest.UsageError(f"tests/conftest.py, DEAREST_FIRST: no {', '.join(missing)}; name them as they are now")
    items.sort(key=lambda item: places.get(item.path, len(places)))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is at work on a path."""
    lock = path.with_name(path.name + ".lock")
    for _ in range(MAX_WAIT * 20):
        try:
            lock.mkdir()
            break
        except FileExistsError:
            time.sleep(0.05)
    else:
        raise TimeoutError(f"{lock} is there for {MAX_WAIT} seconds; another test process ended halfway")
    try:
        yield
    finally:
        lock.rmdir()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """Return a folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def conversions(shared_folder) -> Iterator[Path]:
    """Keep converted raw files of tests out of the user's own cache, in one folder for all processes that test."""
    with pytest.MonkeyPatch.context() as patch:
        folder = shared_folder / "conversions"
        patch.setenv("SI_EVAL_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def simulated_extract(shared_folder) -> SimulatedExtract:
    """Return a function that gives the folder of a simulated extract; each is made once, and tests never change it."""

    def extract(seed: int = 1, layout: str = "canonical", format: str = "parquet", scale: float = SCALE) -> Path:
        folder = shared_folder / f"extract_{seed}_{layout}_{format}_{scale:g}"
        with alone(folder):
            if not folder.exists():
                simulate_extract(folder, scale=scale, seed=seed, layout=layout, format=format)
        return folder

    return extract


@pytest.fixture(scope="session")
def nsw():
    """Make a panel of the National Supported Work experiment: trained and controls in 1975, with what was known."""
    frame = pytest.importorskip("causaldata").nsw_mixtape.load_pandas().data.rename(columns={"age": "years"})
    known = ["years", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    place = np.arange(len(frame))
    frame = frame.assign(person=place, site=place % 89, year=1975, **frame[known].astype(float))
    return panel_from_frame(frame, unit="person", year="year", participant="treat", group="site", extra=known)
