"""The core job with si_eval: link, panel, all cells of all indicators by size class and sector, one index."""

from __future__ import annotations

import sys

import pandas as pd

import si_eval as se
from si_eval import cells, engine
from si_eval.registers import extracts

SPLIT = ["size_class", "sector"]


def core_job(folder: str, memory_limit: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the cells and the index."""
    extract = extracts.read_extract(folder, engine=engine.open_engine(memory_limit=memory_limit))
    panel = se.build_panel(extract, se.link_participants(extract))
    index = se.index_series(
        panel, indicator="revenue_per_employee", by=["size_class_4"], where={"sector": "C"}, base_year=2014
    )
    return cells.summarise(panel, indicator=list(panel.indicators), by=SPLIT), index.to_frame()


if __name__ == "__main__":
    job, index = core_job(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None)
    if len(sys.argv) > 2:
        job.to_parquet(sys.argv[2])
