"""SPSS to parquet: CPU and wall seconds per million rows and peak memory of both readers, medians of three processes.

    python benchmarks/sav.py

Peak memory is the kernel's figure for the process itself: `getrusage` would count the parent's peak as well.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from si_eval.registers.extracts import statistical

MILLIONS = (1, 2)
RUNS = 3
FORMS = {"sav": {}, "bytecode.sav": {"row_compress": True}, "zsav": {"compress": True}}


def write_register(path: Path, rows: int, **options: bool) -> None:
    """Write a register of six columns: four numbers, some of them missing, and two codes."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "be_id": 1e8 + np.arange(rows),
            "year": np.full(rows, 2019.0),
            "employed_persons": np.where(rng.random(rows) < 0.05, np.nan, rng.gamma(1, 5, rows).round(2)),
            "size_code": rng.choice(["00", "10", "21", "22", "30", "40", "91"], rows),
            "sbi": rng.choice(["01110", "62010", "47", "2511", "70221"], rows),
            "group_id": np.where(rng.random(rows) < 0.8, np.nan, rng.integers(1, rows, rows)),
        }
    )
    pyreadstat.write_sav(frame, path, **options)


def convert(source: Path, reader: str) -> None:
    """Convert one file; print the CPU and wall seconds and the peak memory in GB."""
    if reader == "pyreadstat":
        statistical.decode = lambda *_: False
    wall, cpu = time.perf_counter(), time.process_time()
    problems = statistical.statistical_to_parquet(source, source.with_suffix(".parquet"), source.name)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if problems:
        raise SystemExit(str(problems[0]))
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    print(cpu, wall, int(peak[1]) / 1024**2 if peak else float("nan"))


def measure(source: Path, reader: str) -> list[float]:
    """Give the medians of CPU seconds, wall seconds and peak GB over runs in processes of their own."""
    command = [sys.executable, __file__, str(source), reader]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(RUNS)]
    return [statistics.median(float(figure) for figure in figures) for figures in zip(*runs, strict=True)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        convert(Path(sys.argv[1]), sys.argv[2])
        raise SystemExit
    print(f"{'file':<14}{'reader':<12}{'M rows':>7}{'CPU s per M':>13}{'wall s per M':>14}{'peak GB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for millions in MILLIONS:
            for form, options in FORMS.items():
                path = Path(folder) / f"register.{form}"
                write_register(path, millions * 1_000_000, **options)
                for reader in ("arrays", "pyreadstat"):
                    cpu, wall, peak = measure(path, reader)
                    cpu, wall = cpu / millions, wall / millions
                    print(f"{form:<14}{reader:<12}{millions:>7}{cpu:>13.2f}{wall:>14.2f}{peak:>9.2f}", flush=True)
