"""Many tests of one table: the differences that there are, those that chance alone would give, and those that stay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval import stats
from si_eval.frozen import keep_frames
from si_eval.stats import FloatArray
from si_eval.vocabulary import (
    DIFFERENCE,
    ERROR_DOF,
    GROUP,
    INDICATOR,
    N_UNITS,
    NO_LABELS,
    P_VALUE,
    STD_ERROR,
    Labels,
    Language,
    label,
)

FAMILY, Q_VALUE = "family", "q_value"
PRIMARY = "primary"
COUNTS = ["tested", "differ", "remain"]
POWER = 0.8  # with which the minimum detectable difference would be found


@keep_frames("frame", "families")
@dataclass(frozen=True)
class ManyTests:
    """The tests of a table together: ``frame`` has one row a test, ``families`` one row a family of tests."""

    frame: pd.DataFrame
    families: pd.DataFrame
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row a test: its cell and family, p-value and q-value."""
        return self.frame.copy()

    def sentence(self, language: Language = "en", own: Labels = NO_LABELS) -> str:
        """Say how many differences there are, how many chance alone would give, and how many remain."""
        counts = {name: int(self.families[name].sum()) for name in COUNTS}
        expected = f"{self.families['expected'].sum():.1f}"
        expected = expected.replace(".", ",") if language == "nl" else expected
        return label("report_many_tests", language, own).format(
            **counts, expected=expected, alpha=f"{1 - self.level:.0%}"
        )

    def summary(self) -> str:
        """Return the sentence in English."""
        return self.sentence()

    def __repr__(self) -> str:
        return self.summary()


def detectable_differences(tests: pd.DataFrame, level: float = 0.95) -> FloatArray:
    """Compute the difference that each test would find four times out of five, shape (N,).

    Degrees of freedom are those of the test; where a protected table does not tell, the units of the smaller group less
    one.
    """
    fewest = tests[N_UNITS].to_numpy(dtype=float, na_value=np.nan) - 1
    dof = tests[ERROR_DOF].to_numpy(dtype=float) if ERROR_DOF in tests else fewest
    multiple = stats.student_quantile(dof, level) + stats.student_quantile(dof, 2 * POWER - 1)
    return multiple * tests[STD_ERROR].to_numpy(dtype=float, na_value=np.nan)


def judge_tests(rows: pd.DataFrame, *, primary: Collection[str] = (), level: float = 0.95) -> ManyTests:
    """Judge the tested differences of tidy rows by family: the primary indicators together, each other one alone.

    q-values are those of Benjamini and Hochberg; by chance a share of ``1 - level`` of the tests differs.
    """
    frame = rows[(rows[GROUP] == DIFFERENCE) & rows[P_VALUE].notna()].reset_index(drop=True)
    frame[FAMILY] = np.where(frame[INDICATOR].isin(list(primary)), PRIMARY, frame[INDICATOR])
    p_values, q_values = frame[P_VALUE].to_numpy(dtype=float), np.full(len(frame), np.nan)
    for tests in frame.groupby(FAMILY).indices.values():
        q_values[tests] = stats.false_discovery(p_values[tests])
    frame[Q_VALUE], alpha = q_values, 1 - level
    counted = frame.assign(tested=1, differ=p_values < alpha, remain=q_values < alpha)
    families = counted.groupby(FAMILY, sort=False)[COUNTS].sum().reset_index()
    return ManyTests(frame, families.assign(expected=families["tested"] * alpha), level)
