"""Time estimates of effects beside peers whose numbers must agree: diff-diff and pyfixest, where they are installed.

    python benchmarks/effects.py 200000 2000000 --runs 3

Firms by six years, few of which take part. Prints medians of whole processes, and CPU seconds of the estimate alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from run import HERE, timed

AGREE = 1e-6  # relative, of estimates: the same formula in another order, and fixed effects that are taken out in steps
ERRORS_AGREE = 0.01  # relative, of standard errors: corrections for few units differ by convention
YEARS = range(2013, 2019)
PARTICIPANTS = 494
TASKS = {"staggered": "diff_diff", "two_covariates": "diff_diff", "two_way": "pyfixest", "match": None}


def make_frame(firms: int, path: Path) -> None:
    """Simulate firms by year in which participants enter in three years and gain a fifth."""
    random = np.random.default_rng(firms)
    since = np.arange(len(YEARS))
    entry = np.zeros(firms, dtype=int)
    entry[random.choice(firms, PARTICIPANTS, replace=False)] = random.choice(YEARS[2:5], PARTICIPANTS)
    staff, years = random.normal(3.0, 1.0, firms), random.normal(15.0, 5.0, firms)
    treated = (entry[:, None] > 0) & (np.array(YEARS) >= entry[:, None])
    outcome = random.normal(0, 1, firms)[:, None] + staff[:, None] * (0.3 + 0.01 * since) + 0.05 * since
    outcome += random.normal(0, 0.5, outcome.shape) + 0.2 * treated
    columns = {"unit": np.arange(firms), "entry": entry, "staff": staff, "years": years}
    columns["cell"] = np.array([f"cell {place}" for place in range(40)])[random.integers(0, 40, firms)]
    frame = pd.DataFrame({name: np.repeat(values, len(YEARS)) for name, values in columns.items()})
    frame["year"], frame["treated"] = np.tile(YEARS, firms), treated.ravel().astype(int)
    frame["outcome"] = outcome.ravel()
    frame.to_parquet(path)


def main() -> None:
    """Print one line a number of firms, task and library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("firms", nargs="+", type=int)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    options = parser.parse_args()
    for firms in options.firms:
        with tempfile.TemporaryDirectory() as folder:
            frame, result = Path(folder) / "firms.parquet", Path(folder) / "result.json"
            make_frame(firms, frame)
            for task in options.tasks:
                peer = TASKS[task]
                who = ["si_eval", *([peer] if peer and importlib.util.find_spec(peer) else [])]
                found: dict[str, list[tuple[float, ...]]] = {name: [] for name in who}
                for _ in range(options.runs):
                    for name in who:
                        figures = timed(
                            [sys.executable, str(HERE / "effects_job.py"), task, name, str(frame), str(result)]
                        )
                        given = json.loads(result.read_text())
                        found[name].append((*figures, given["seconds"], given["estimate"], given["std_error"]))
                compare(found)
                for name, runs in found.items():
                    wall, cpu, peak, alone, *_ = (statistics.median(values) for values in zip(*runs, strict=True))
                    print(
                        f"{firms} firms {task} {name}: {wall:.1f} s, {cpu:.1f} s of CPU, {peak:.2f} GB; "
                        f"the estimate alone {alone:.2f} s of CPU",
                        flush=True,
                    )


def compare(found: dict[str, list[tuple[float, ...]]]) -> None:
    """Refuse to print times of jobs that differ."""
    estimates = {name: runs[0][-2:] for name, runs in found.items()}
    ours = estimates["si_eval"]
    for name, (estimate, std_error) in estimates.items():
        same = math.isclose(estimate, ours[0], rel_tol=AGREE) and math.isclose(std_error, ours[1], rel_tol=ERRORS_AGREE)
        if not same:
            raise SystemExit(f"{name} found {estimate} ({std_error}); si_eval {ours[0]} ({ours[1]})")


if __name__ == "__main__":
    main()
