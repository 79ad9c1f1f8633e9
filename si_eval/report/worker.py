"""A process that draws figures: it loads the drawing first, then waits to be told where its work is."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from .charts import draw


def draw_work(work: Path) -> None:
    """Draw figures into their files: ``work`` holds of each figure what `draw` takes."""
    drawings = pickle.loads(work.read_bytes())
    work.unlink()
    for table, chart, language, path in drawings:
        path.write_bytes(draw(table, chart, language=language))


if __name__ == "__main__":
    for line in sys.stdin:
        draw_work(Path(line.strip()))
