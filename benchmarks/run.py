"""Time the core job beside a scan of the same columns and a pandas version whose numbers must agree.

    python benchmarks/run.py 0.01 0.1 1.0 --runs 3 --memory-limit 500MB

Prints medians: wall and CPU seconds and peak memory of each whole process, and ratios. Quote ratios: machines differ.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
AGREE = 1e-9  # relative: sums of the same doubles in another order
ONLY_OURS = ["pseudo_quantile", "pseudo_units", "pseudo_holdings"]  # tests hold these against brute force
KEYS = ["indicator", "group", "year", "size_class", "sector"]


def timed(arguments: list[str], runs: int) -> tuple[float, float, float]:
    """Run a command several times; give the medians of wall seconds, CPU seconds and peak memory in GB."""
    figures = []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(arguments)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{arguments[1]} ended with {status}")
        figures.append((time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6))
    return tuple(statistics.median(figure) for figure in zip(*figures, strict=True))  # type: ignore[return-value]


def agree(ours: Path, theirs: Path) -> None:
    """Refuse to print times of jobs that differ."""
    left = pd.read_parquet(ours).query("n > 0").set_index(KEYS).sort_index().drop(columns=ONLY_OURS)
    right = pd.read_parquet(theirs).query("n > 0").set_index(KEYS).sort_index()
    columns = [column for column in left.columns if column in right.columns]
    if missing := set(left.columns) - set(right.columns):
        raise SystemExit(f"the pandas version has no {', '.join(sorted(missing))}")
    pd.testing.assert_frame_equal(left[columns], right[columns].astype(float), rtol=AGREE, check_names=False)


def main() -> None:
    """Print one line a scale and job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scales", nargs="+", type=float)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory-limit")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; whole processes; medians of {options.runs} runs")
    print(f"{'scale':>6} {'job':<14} {'wall s':>8} {'cpu s':>8} {'GB':>6} {'x scan (cpu)':>13} {'x pandas (cpu)':>15}")
    with tempfile.TemporaryDirectory() as work:
        for scale in options.scales:
            folder = Path(work) / f"extract_{scale:g}"
            simulate = [sys.executable, "-m", "si_eval", "simulate", str(folder), "--scale", str(scale)]
            subprocess.run(simulate, check=True)  # apart: a child's peak is never below what its parent held
            results = [Path(work) / f"{job}_{scale:g}.parquet" for job in ("core_job", "pandas_job")]
            jobs = {"scan": ["scan.py", str(folder)]}
            jobs["si_eval"] = ["core_job.py", str(folder), str(results[0])]
            if options.memory_limit:
                jobs[f"si_eval {options.memory_limit}"] = [*jobs["si_eval"], options.memory_limit]
            jobs["pandas"] = ["pandas_job.py", str(folder), str(results[1])]
            subprocess.run([sys.executable, str(HERE / "core_job.py"), str(folder)], check=True)  # validation, once
            figures = {
                name: timed([sys.executable, str(HERE / job[0]), *job[1:]], options.runs) for name, job in jobs.items()
            }
            agree(*results)
            for name, (wall, cpu, memory) in figures.items():
                scan, pandas = cpu / figures["scan"][1], cpu / figures["pandas"][1]
                print(f"{scale:>6g} {name:<14} {wall:>8.2f} {cpu:>8.2f} {memory:>6.2f} {scan:>13.1f} {pandas:>15.2f}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
