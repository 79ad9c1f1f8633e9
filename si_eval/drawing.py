"""Draws many figures at once, in a few processes that load the drawing while the study is still computed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import si_eval
from si_eval.errors import StudyError
from si_eval.report import Chart, draw
from si_eval.results import SafeTable
from si_eval.study import Progress
from si_eval.vocabulary import Language, study_labels, use_labels

MOST_PROCESSES = 8
PAUSE = 0.1  # seconds between two looks at how far the processes are

Drawing: TypeAlias = tuple[SafeTable, Chart, Language, Path]


class Drawers:
    """Processes that wait for figures to draw; they end with the context. What travels to them are SafeTables."""

    def __init__(self) -> None:
        home = str(Path(si_eval.__file__).resolve().parent.parent)
        search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "si_eval.drawing"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": search},
            )
            for _ in range(min(os.cpu_count() or 1, MOST_PROCESSES))
        ]

    def __enter__(self) -> Drawers:
        """Give the drawers."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes, drawn or not."""
        for process in self._processes:
            process.kill()
            for pipe in (process.stdin, process.stderr):
                if pipe is not None and not pipe.closed:
                    pipe.close()
            process.wait()

    def draw(self, drawings: Sequence[Drawing], folder: Path, progress: Progress) -> None:
        """Draw figures into their files; ``folder`` holds the work meanwhile. Raises `StudyError` where one fails."""
        for place, process in enumerate(self._processes):
            work = folder / f".drawing_{place}.pickle"
            work.write_bytes(pickle.dumps((study_labels(), list(drawings[place :: len(self._processes)]))))
            if process.stdin is not None:
                process.stdin.write(f"{work}\n")
                process.stdin.close()
        while any(process.poll() is None for process in self._processes):
            done = sum(path.exists() for *_, path in drawings)
            progress(f"drawn {done} of {len(drawings)} figures", done / max(len(drawings), 1))
            time.sleep(PAUSE)
        for process in self._processes:
            if process.returncode:
                told = process.stderr.read().strip().splitlines() if process.stderr is not None else []
                raise StudyError(f"figures: {told[-1] if told else 'a drawing process ended early'}; correct the chart")


def draw_work(work: Path) -> None:
    """Draw the figures of one process."""
    labels, drawings = _read_work(work)
    work.unlink()
    use_labels(labels)
    for table, chart, language, path in drawings:
        path.write_bytes(draw(table, chart, language=language))


def _read_work(work: Path) -> tuple[Mapping[str, Mapping[str, str]], list[Drawing]]:
    return pickle.loads(work.read_bytes())


if __name__ == "__main__":
    for line in sys.stdin:
        draw_work(Path(line.strip()))
