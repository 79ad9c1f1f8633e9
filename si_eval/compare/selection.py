"""Selection: whether participants differed from the others before the programme could have changed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from si_eval import cells, stats
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    DIFFERENCE,
    EQUIVALENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    MEAN,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    P_VALUE,
    PARTICIPANTS,
    RULE_SET,
    SMD,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
)

EQUIVALENCE_BOUND = 0.25  # in standard deviations: Stuart (2010), Statistical Science 25, p. 1-21, section 4.1
CANNOT_SHOW = (
    "Likeness on these figures does not exclude selection on what the registers do not hold; the year may already hold "
    "early participation."
)


def check_selection(
    panel: Panel,
    *,
    year: int = 2014,
    indicator: str | Sequence[str] | None = None,
    by: Sequence[str] = ("size_class_4",),
    where: cells.Where | None = None,
    bound: float = EQUIVALENCE_BOUND,
) -> ResultTable:
    """Compare the groups in a year before the programme: means, standardised difference and an equivalence test.

    For each cell and indicator (all per-employee indicators by default): the mean of both groups; the standardised mean
    difference (root mean of the two variances as denominator); and the p-value of two one-sided tests of the hypothesis
    that the means differ by at least ``bound`` of those standard deviations: a small p-value says that they are alike,
    a large one says nothing. Raises `StudyError` for unknown names.

    Source: Austin (2009), Statistics in Medicine 28, p. 3085; Schuirmann (1987), J. Pharmacokinet. Biopharm. 15,
    p. 657-680.
    """
    by = [by] if isinstance(by, str) else list(by)
    if indicator is None:
        indicator = [name for name, entry in panel.indicators.items() if entry.balance] or list(panel.indicators)
    splits: list[list[str]] = [[], by] if by else [[]]
    frames = [_balance(panel, indicator, split, where, year, bound) for split in splits]
    rows = pd.concat(frames, ignore_index=True).assign(**{RULE_SET: panel.rules.name})
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="check_selection",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        coverage=cells.count_coverage(panel, indicator, where=where, years=[year]),
        simulation=panel.simulation,
    )


def _balance(
    panel: Panel, indicator: str | Sequence[str], by: Sequence[str], where: cells.Where | None, year: int, bound: float
) -> pd.DataFrame:
    """Give the rows of one split."""
    summary = cells.summarise(panel, indicator=indicator, by=by, where=where, years=[year])
    keys = pd.concat([summary[[INDICATOR, YEAR]], cells.label_cells(summary, by, where)], axis=1)
    units = summary[INDICATOR].map({name: entry.unit for name, entry in panel.indicators.items()})
    means = keys.assign(
        **{
            GROUP: summary[GROUP],
            STATISTIC: MEAN,
            ESTIMATE: summary["mean"],
            N_UNITS: summary["n"],
            UNIT_OF_MEASURE: units,
            **cells.disclosure_columns(summary),
        }
    )
    wide = pd.concat([keys, summary[[GROUP, "n", "mean", "sd"]]], axis=1)
    participants, others = (
        wide[wide[GROUP] == group].drop(columns=GROUP) for group in (PARTICIPANTS, NON_PARTICIPANTS)
    )
    both = participants.merge(others, on=list(keys.columns), suffixes=("_a", "_b"))
    mean_a, mean_b, sd_a, sd_b, n_a, n_b = (
        both[f"{name}_{side}"].to_numpy() for name in ("mean", "sd", "n") for side in ("a", "b")
    )
    smd = stats.standardised_mean_difference(mean_a, sd_a, mean_b, sd_b)
    p_value = stats.equivalence_p_value(mean_a, sd_a, n_a, mean_b, sd_b, n_b, bound)
    contrast = both[list(keys.columns)].assign(**{GROUP: DIFFERENCE, N_UNITS: np.minimum(n_a, n_b)})
    rows = pd.concat(
        [
            means,
            contrast.assign(**{STATISTIC: SMD, ESTIMATE: smd, UNIT_OF_MEASURE: "standard deviations"}),
            contrast.assign(
                **{
                    STATISTIC: EQUIVALENCE,
                    ESTIMATE: np.abs(smd),
                    P_VALUE: p_value,
                    UNIT_OF_MEASURE: "standard deviations",
                }
            ),
        ],
        ignore_index=True,
    )
    missing = rows[ESTIMATE].isna()
    return rows.assign(**{NOTE: np.where(missing, "one of the groups has too few values", "")})
