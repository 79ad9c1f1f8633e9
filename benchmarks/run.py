"""Time the core job beside a scan of the same columns and peers whose numbers must agree: pandas, DuckDB, polars.

    python benchmarks/run.py 0.01 0.1 1.0 --runs 3 --memory-limit 500MB

Prints medians: wall and CPU seconds and peak memory of each whole process, and ratios. Quote ratios: machines differ.
Jobs take turns, so that what else a machine does falls on all of them. Polars is a peer where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
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
PEERS = ("pandas_job", "duckdb_job", "polars_job")
KEYS = ["indicator", "group", "year", "size_class", "sector"]


Figures = tuple[float, float, float]  # wall seconds, CPU seconds and peak memory in GB of a whole process


def timed(arguments: list[str]) -> Figures:
    """Run a command once."""
    started = time.perf_counter()
    process = subprocess.Popen(arguments)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[1]} ended with {status}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def medians(jobs: dict[str, list[str]], runs: int) -> dict[str, Figures]:
    """Run each job several times, in turns; give the medians of its figures."""
    turns = [
        {name: timed([sys.executable, str(HERE / job[0]), *job[1:]]) for name, job in jobs.items()} for _ in range(runs)
    ]
    return {
        name: tuple(statistics.median(turn[name][place] for turn in turns) for place in range(3))  # type: ignore[misc]
        for name in jobs
    }


def simulate(folder: Path, scale: float) -> None:
    """Simulate an extract, apart (a child's peak is never below what its parent held), and validate it once."""
    command = [sys.executable, "-m", "si_eval", "simulate", str(folder), "--scale", str(scale)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, str(HERE / "core_job.py"), str(folder)], check=True)


def agree(ours: Path, theirs: Path) -> None:
    """Refuse to print times of jobs that differ."""
    left = pd.read_parquet(ours).query("n > 0").set_index(KEYS).sort_index().drop(columns=ONLY_OURS)
    right = pd.read_parquet(theirs).query("n > 0").set_index(KEYS).sort_index()
    columns = [column for column in left.columns if column in right.columns]
    if missing := set(left.columns) - set(right.columns):
        raise SystemExit(f"{theirs.stem} has no {', '.join(sorted(missing))}")
    pd.testing.assert_frame_equal(left[columns], right[columns].astype(float), rtol=AGREE, check_names=False)


def main() -> None:
    """Print one line a scale and job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scales", nargs="+", type=float)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory-limit")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if importlib.util.find_spec(peer.removesuffix("_job"))]
    print(f"{os.cpu_count()} cores; whole processes; medians of {options.runs} runs")
    print(f"{'scale':>6} {'job':<14} {'wall s':>8} {'cpu s':>8} {'GB':>6} {'x scan (cpu)':>13} {'x pandas (cpu)':>15}")
    with tempfile.TemporaryDirectory() as work:
        for scale in options.scales:
            folder = Path(work) / f"extract_{scale:g}"
            simulate(folder, scale)
            ours, *theirs = (Path(work) / f"{job}_{scale:g}.parquet" for job in ("core_job", *peers))
            jobs = {"scan": ["scan.py", str(folder)], "si_eval": ["core_job.py", str(folder), str(ours)]}
            if options.memory_limit:
                jobs[f"si_eval {options.memory_limit}"] = [*jobs["si_eval"], options.memory_limit]
            jobs |= {peer: [f"{peer}.py", str(folder), str(to)] for peer, to in zip(peers, theirs, strict=True)}
            figures = medians(jobs, options.runs)
            for result in theirs:
                agree(ours, result)
            for name, (wall, cpu, memory) in figures.items():
                scan, pandas = cpu / figures["scan"][1], cpu / figures["pandas_job"][1]
                print(f"{scale:>6g} {name:<14} {wall:>8.2f} {cpu:>8.2f} {memory:>6.2f} {scan:>13.1f} {pandas:>15.2f}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
