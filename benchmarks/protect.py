"""Time the protection of the tables that the tests protect, and count what it withholds beside what breaks a rule.

    python benchmarks/protect.py 4x10 4x5x2 4x10x5 4x10x12 --seeds 5

Prints for each shape: median and highest number of secondary cells for each primary one, and median CPU seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from si_eval.disclosure import decide

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from disclosure_rows import simulated, with_margins

FIRMS = 6_000
DIMENSIONS = ("size_class", "sector", "category")
SHAPES = {"4x10": (10, 1, 2), "4x5x2": (5, 2, 3), "4x10x5": (10, 5, 3), "4x10x12": (10, 12, 3)}


def measure(shape: str, seed: int) -> tuple[float, float]:
    """Give the secondary cells for each primary one, and CPU seconds."""
    sectors, categories, dimensions = SHAPES[shape]
    table = with_margins(simulated(seed, FIRMS, sectors, categories), DIMENSIONS[:dimensions])
    started = time.process_time()
    protection = decide([table]).protection
    seconds = time.process_time() - started
    reasons = [reason for cell, reason in protection.reasons.items() if not protection.cover.cells[cell].hidden]
    secondary = reasons.count("secondary")
    return secondary / max(len(reasons) - secondary, 1), seconds


def main() -> None:
    """Print one line a shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="+", choices=SHAPES)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'shape':<8} {'seeds':>5} {'median':>7} {'highest':>8} {'cpu s':>7}")
    for shape in options.shapes:
        ratios, seconds = zip(*(measure(shape, seed) for seed in range(options.seeds)), strict=True)
        median, time_taken = statistics.median(ratios), statistics.median(seconds)
        print(f"{shape:<8} {options.seeds:>5} {median:>7.2f} {max(ratios):>8.2f} {time_taken:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
