"""How a result is presented: by the room of reports, which is named here and loaded when a result is first shown."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

PRESENTER = "si_eval.report.presenting"  # a name, not an import: results know no report


class Presenter(Protocol):
    """What the room of reports does with one table."""

    def plot(self, table: Any, chart: Any, *, language: Any) -> Any:
        """Return the figure of a table, to show in a notebook."""

    def to_excel(self, table: Any, path: str | Path, *, language: Any) -> Path:
        """Write a table as a workbook."""

    def to_word(self, table: Any, path: str | Path, chart: Any, *, language: Any) -> Path:
        """Write a table, and its figure, as a Word file."""

    def state_numbers(self, table: Any, *, language: Any) -> str:
        """Return what a table shows, in sentences."""


def load_presenter() -> Presenter:
    """Return the room of reports."""
    return cast(Presenter, import_module(PRESENTER))
