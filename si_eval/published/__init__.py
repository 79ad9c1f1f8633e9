"""Published against computed: every printed figure and every claim of a study, each with a verdict and the numbers.

The rows are data (`figures.csv`, `claims.csv`), and so is what a word such as "slightly" allows (`readings.toml`).
Each row comes down to one question, put to one or more cells of the protected results: does this number lie above,
below or near that one? Only numbers that passed the public border are read; a withheld one stays withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError
from si_eval.published.lookup import collect_results
from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS, find_problems, read_readings, read_rows
from si_eval.published.verdicts import COLUMNS, VERDICTS, judge_claim, judge_figure
from si_eval.results import SafeTable, Simulation

__all__ = ["PublishedComparison", "compare_published"]


@dataclass(frozen=True)
class PublishedComparison:
    """Every published figure and claim with its verdict and the numbers behind it."""

    frame: pd.DataFrame
    simulation: Simulation | None = None

    def to_frame(self) -> pd.DataFrame:
        """Give one row a figure or claim: what was published, what is computed, the verdict and the reason."""
        return self.frame.copy()

    def summary(self) -> str:
        """Count the verdicts of the figures and of the claims."""
        lines = ["Published against computed"]
        for kind, rows in self.frame.groupby("kind", sort=False):
            counts = rows["verdict"].value_counts()
            told = ", ".join(f"{verdict} {counts.get(verdict, 0)}" for verdict in VERDICTS)
            lines.append(f"  {len(rows)} {kind}s: {told}")
        if self.simulation is not None:
            lines.append("  computed from a simulated extract: the verdicts test the program, not the source")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{self.summary()}</pre>" + self.frame.to_html(index=False, na_rep="")


def compare_published(
    tables: Sequence[SafeTable],
    *,
    figures: pd.DataFrame | str | Path,
    claims: pd.DataFrame | str | Path,
    readings: str | Path | None = None,
) -> PublishedComparison:
    """Check every published figure and claim of a study against its protected results.

    ``figures`` and ``claims`` are files or data frames in the form that data/README.md describes; ``readings`` is the
    TOML file with precisions, quantifiers and words: ``readings.toml`` beside the two files unless given. Raises
    DisclosureError for anything but SafeTables and InputError with every problem of the two files.

    Example: ``compare_published(tables, figures="data/published/figures.csv", claims="data/published/claims.csv")``.
    """
    known = read_readings(readings, beside=(figures, claims))
    results = collect_results(tables, known)
    figure_rows, claim_rows = read_rows(figures), read_rows(claims)
    problems = [
        *find_problems(figure_rows, "figures", FIGURE_COLUMNS, known),
        *find_problems(claim_rows, "claims", CLAIM_COLUMNS, known),
    ]
    if problems:
        raise InputError(problems, "what was published")
    judged = [judge_figure(row, results) for row in figure_rows] + [judge_claim(row, results) for row in claim_rows]
    frame = pd.DataFrame(judged, columns=list(COLUMNS)).astype({"published": float, "computed": float})
    return PublishedComparison(frame, results.simulation)
