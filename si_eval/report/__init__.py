"""Tables, figures and the document: made from SafeTables only.

Names are loaded when they are first used: a figure needs no notebooks, and a run without a report draws in processes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cells import cell, say
    from .charts import draw
    from .comparison import show_comparison
    from .document import build_report
    from .exhibit import show
    from .specification import Chart
    from .tables import table_html

_HOME = {
    "Chart": "specification",
    "build_report": "document",
    "cell": "cells",
    "draw": "charts",
    "say": "cells",
    "show": "exhibit",
    "show_comparison": "comparison",
    "table_html": "tables",
}

__all__ = ["Chart", "build_report", "cell", "draw", "say", "show", "show_comparison", "table_html"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'si_eval.report' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
