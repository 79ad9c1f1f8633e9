"""What a check found: one row a finding, a summary, and a table of counts that may be reported."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from si_eval.consistency.figure import Finding
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    NOTE,
    NUMBERS,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
    Verdict,
)

RULES = "consistency"
COLUMNS = ("rule", "severity", "verdict", "where", "found", "expected", "sentence")
CANNOT_SHOW = "The checks find figures that contradict each other, not which one is right, nor figures wrong alike."


@dataclass(frozen=True)
class ConsistencyReport:
    """What a table of figures contradicts itself in.

    Attributes
    ----------
    findings : tuple of Finding
        Contradictions (fail) and what rounding explains (informative); for pairs of claims also those that pass.
    rows : int
        The number of figures or pairs that were checked.
    rules : tuple of str
        The rules that were applied.
    """

    findings: tuple[Finding, ...]
    rows: int
    rules: tuple[str, ...]

    def to_frame(self, verdict: Verdict | None = "fail") -> pd.DataFrame:
        """List the findings, one row each: ``rule, severity, verdict, where, found, expected, sentence``.

        ``where`` lists the ids of the rows, the suspect first, joined by ``;``. ``verdict=None`` adds the informative
        ones, which rounding explains.
        """
        kept = [f for f in self.findings if verdict is None or f.verdict == verdict]
        rows = [[f.rule, f.severity, f.verdict, ";".join(f.where), f.found, f.expected, f.sentence] for f in kept]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def summary(self) -> str:
        """Summarise in a few lines how many rows were read and what was found."""
        failed = self.to_frame()
        explained = len(self.findings) - len(failed)
        lines = [f"Consistency: {self.rows} figures, {len(failed)} contradictions, {explained} explained by rounding"]
        return "\n".join([*lines, *(f"  {rule}: {n}" for rule, n in failed["rule"].value_counts(sort=False).items())])

    def table(self) -> ResultTable:
        """Count the findings by rule as tidy rows, public because the figures were."""
        counts = self.to_frame(None).groupby(["rule", "verdict"], sort=False).size().reset_index(name=ESTIMATE)
        rows = counts.rename(columns={"rule": INDICATOR, "verdict": CATEGORY}).reindex(columns=list(TIDY))
        texts = {STATISTIC: COUNT, GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, UNIT_OF_MEASURE: "findings"}
        rows = rows.assign(**texts, **{EXHIBIT: "", NOTE: "", RULE_SET: RULES})
        return ResultTable(
            frame=rows.astype({**dict.fromkeys(NUMBERS, "float64"), YEAR: "Int64"}),
            function="check_consistency",
            evidence="goal_attainment",
            cannot_show=CANNOT_SHOW,
            rules=RULES,
            public=True,
        )

    def __repr__(self) -> str:
        return self.summary()
