"""Draws many figures at once, in a few processes that load the drawing while the study is still computed."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from si_eval.errors import StudyError
from si_eval.frozen import encode
from si_eval.report.kernels import BOOTSTRAP, child_environment
from si_eval.report.specification import Chart
from si_eval.results import SafeTable
from si_eval.results.table_files import write_tables
from si_eval.system.progress import Progress
from si_eval.vocabulary import Language

WORKER = "si_eval.report.worker"
MAX_PROCESSES = 8
FIGURES_EACH = 16  # a process takes as long to load as to draw about as many
PAUSE = 0.05  # seconds between two looks at how far the processes are

Drawing: TypeAlias = tuple[SafeTable, Chart, Language, Path]


class Drawers:
    """Processes that wait for figures to draw; they end with the context. What travels to them are SafeTables.

    There are as many as there are cores, and fewer for few ``figures``.
    """

    def __init__(self, figures: int) -> None:
        self._paths: list[Path] = []
        self._work: list[Path] = []
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-P", BOOTSTRAP, WORKER],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                cwd=Path(BOOTSTRAP).parent,  # where no file of the user's is read
                env=child_environment(MPLBACKEND="agg"),
            )
            for _ in range(min(os.cpu_count() or 1, MAX_PROCESSES, max(math.ceil(figures / FIGURES_EACH), 1)))
        ]

    def __enter__(self) -> Drawers:
        """Return the drawers."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes, drawn or not."""
        for process in self._processes:
            process.kill()
            for pipe in (process.stdin, process.stderr):
                if pipe is not None and not pipe.closed:
                    with suppress(OSError):
                        pipe.close()
            process.wait()
        for work in self._work:
            shutil.rmtree(work, ignore_errors=True)

    def start(self, drawings: Sequence[Drawing], folder: Path) -> None:
        """Begin to draw figures into their files, once; ``folder`` holds the work until the end."""
        self._paths = [path for *_, path in drawings]
        for place, process in enumerate(self._processes):
            mine = drawings[place :: len(self._processes)]
            tables = list({id(table): table for table, *_ in mine}.values())
            places = {id(table): number for number, table in enumerate(tables)}
            work = folder / f".drawing_{place}"
            work.mkdir()
            write_tables(tables, work / "tables")
            listed = [[places[id(table)], asdict(chart), language, str(path)] for table, chart, language, path in mine]
            content = {"tables": str(work / "tables"), "drawings": listed}
            (work / "work.json").write_text(encode(content), encoding="utf-8")
            self._work.append(work)
            if process.stdin is not None:
                with suppress(BrokenPipeError):  # it ended early: `finish` says why
                    process.stdin.write(f"{json.dumps(str(work / 'work.json'))}\n")
                    process.stdin.close()

    def finish(self, progress: Progress) -> None:
        """Wait until every figure is drawn. Raises `StudyError` where one fails."""
        while any(process.poll() is None for process in self._processes):
            done = sum(path.exists() for path in self._paths)
            progress(f"drawn {done} of {len(self._paths)} figures", done / max(len(self._paths), 1))
            time.sleep(PAUSE)
        for work in self._work:
            shutil.rmtree(work, ignore_errors=True)
        for process in self._processes:
            if process.returncode:
                told = process.stderr.read().strip().splitlines() if process.stderr is not None else []
                raise StudyError(f"figures: {told[-1] if told else 'a drawing process ended early'}; correct the chart")
