"""A process that draws figures: it loads the drawing first, then waits to be told where its work is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from si_eval.errors import SiEvalError, StudyError
from si_eval.report.charts import draw
from si_eval.report.specification import Chart
from si_eval.results.table_files import read_tables


def draw_work(work: Path) -> None:
    """Draw figures into their files: ``work`` lists of each figure its table, chart, language and file.

    Raises DisclosureError where a table is not what the run sealed, StudyError for a chart that does not fit its table.
    """
    content = json.loads(work.read_text(encoding="utf-8"))
    tables = read_tables(Path(content["tables"]))
    for place, chart, language, path in content["drawings"]:
        try:
            drawn = draw(tables[place], Chart(**chart), language=language)
        except StudyError as error:
            raise StudyError(f"exhibit {tables[place].exhibit}: {error}") from error
        Path(path).write_bytes(drawn)


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            draw_work(Path(json.loads(line)))
        except SiEvalError as error:
            sys.exit(str(error))
