"""Protected tables for tests of what happens behind the border."""

from __future__ import annotations

import pandas as pd

from si_eval.disclosure import border
from si_eval.results import ResultTable, SafeTable


def make_safe_table(
    table: ResultTable, frame: pd.DataFrame | None = None, rules: str = "cbs", coverage: str = ""
) -> SafeTable:
    """Seal rows as they are, with the border's own seal; also rows that `protect` never gives, which must be refused.

    Tests of what the rules decide call `protect`.
    """
    return border._seal_table(table, table.frame if frame is None else frame, rules, coverage)
