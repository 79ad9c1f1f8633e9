"""How often the intervals of comparisons cover the truth, and how often their tests reject what is true.

    python benchmarks/coverage.py 4000

Each draw is a sector of one panel, so that a design takes one call. Standard error of a coverage of 0.95 in 4,000
draws: 0.003.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

import si_eval as se

Rng = np.random.Generator
MEAN_OF_LOGNORMAL = np.exp(0.5)


def panel_of(draws: int, sizes: tuple[int, int], values: Callable[[Rng, int], np.ndarray], holding: int = 1) -> object:
    """Make a panel of draws (sectors), each of so many participants and others in holdings of ``holding`` units.

    ``values`` gives those of all units of a draw and a group, shape (years, units).
    """
    rng = np.random.default_rng(1)
    frames = []
    for draw in range(draws):
        for joined, units in zip((1, 0), sizes, strict=True):
            drawn = values(rng, units)
            for year, value in enumerate(drawn, 2014):
                number = np.arange(units)
                frames.append(
                    pd.DataFrame(
                        {
                            "firm": [f"{draw}.{joined}.{unit}" for unit in number],
                            "year": year,
                            "joined": joined,
                            "draw": f"d{draw:05d}",
                            "holding": [f"{draw}.{joined}.{unit // holding}" for unit in number],
                            "x": value,
                        }
                    )
                )
    frame = pd.concat(frames, ignore_index=True)
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", sector="draw", group="holding", extra=["x"]
    )


def in_holdings(size: int, icc: float) -> Callable[[Rng, int], np.ndarray]:
    """Draw normal values whose correlation within holdings is ``icc``."""

    def draw(rng: Rng, units: int) -> np.ndarray:
        common = rng.normal(0, np.sqrt(icc), -(-units // size)).repeat(size)[:units]
        return (10 + common + rng.normal(0, np.sqrt(1 - icc), units))[None]

    return draw


def correlated_years(correlation: float) -> Callable[[Rng, int], np.ndarray]:
    """Draw lognormal values of two years whose logs are correlated."""

    def draw(rng: Rng, units: int) -> np.ndarray:
        common = rng.normal(0, np.sqrt(correlation), units)
        return np.exp(0.5 * (common + rng.normal(0, np.sqrt(1 - correlation), (2, units))))

    return draw


def report(name: str, rows: pd.DataFrame, truth: float) -> None:
    """Print how many intervals cover the truth."""
    covered = (rows["conf_low"] <= truth) & (rows["conf_high"] >= truth)
    print(f"{name:<62}{covered[rows['conf_low'].notna()].mean():>8.3f}")


def main(draws: int) -> None:
    """Print one line a design."""
    for holding, icc in ((3, 0.5), (5, 0.7)):
        for sizes in ((15, 45), (30, 90), (60, 300)):
            panel = panel_of(draws, sizes, in_holdings(holding, icc), holding)
            for cluster in ("unit", "auto"):
                table = se.compare_groups(panel, indicator="x", by="sector", cluster=cluster).to_frame()
                name = f"difference, {sizes[0]} and {sizes[1]} in holdings of {holding}, icc {icc}, {cluster}"
                report(name, table[(table["group"] == "difference")], 0.0)
                report(name.replace("difference", "median"), table[(table["statistic"] == "median")], 10.0)
    for n in (30, 60, 200):
        panel = panel_of(draws, (n, 2), lambda rng, units: rng.lognormal(0, 1, units)[None])
        table = se.compare_groups(panel, indicator="x", by="sector").to_frame()
        rows = table[(table["group"] == "participant")]
        report(f"mean, {n} of lognormal s = 1", rows[rows["statistic"] == "mean"], MEAN_OF_LOGNORMAL)
        report(f"median, {n} of lognormal s = 1", rows[rows["statistic"] == "median"], 1.0)
    for correlation in (0.5, 0.98):
        for n in (10, 30, 100):
            panel = panel_of(draws, (n, n), correlated_years(correlation))
            table = se.index_series(panel, indicator="x", by="sector", base_year=2014, years=[2015]).to_frame()
            report(f"index, {n} units, correlation {correlation}", table[table["group"] == "participant"], 100.0)
            report(f"index difference, {n} and {n}, {correlation}", table[table["group"] == "difference"], 0.0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
