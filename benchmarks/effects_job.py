"""Estimate one effect of a frame in parquet, with si_eval or a peer, and write what it gave and took.

python benchmarks/effects_job.py TASK WHO FRAME RESULT
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

COVARIATES = ["staff", "years"]
Estimated = tuple[float, float]  # an estimate and its standard error
Job = Callable[[], Estimated]


def si_eval(task: str, frame: pd.DataFrame) -> Job:
    """Estimate with the verb that an evaluator calls."""
    import si_eval as se  # noqa: PLC0415  peers do not load it

    match_units, estimate_effect = se.match_units, se.estimate_effect  # loaded before the clock runs

    panel = se.panel_from_frame(
        frame, unit="unit", year="year", participant="treated", entry_year="entry", sector="cell",
        extra=["outcome", *COVARIATES],
    )  # fmt: skip

    def match() -> Estimated:
        rows = match_units(panel, exact=["sector"], method="coarsened").to_frame()
        matched = rows.query("indicator == 'matched' and group == 'participant'")
        return float(matched["estimate"].iloc[0]), 0.0

    def estimate() -> Estimated:
        two_way = task == "two_way"
        table = estimate_effect(
            panel, outcome="outcome", design="twfe" if two_way else "staggered", cluster="unit",
            covariates=COVARIATES if task == "two_covariates" else (), aggregation=None if two_way else ["simple"],
        ).to_frame()  # fmt: skip
        row = table[(table["statistic"] == "att") & (two_way | (table["category"] == "simple"))].iloc[0]
        return float(row["estimate"]), float(row["std_error"])

    return match if task == "match" else estimate


def diff_diff(task: str, frame: pd.DataFrame) -> Job:
    """Estimate with the class that its documentation shows for years of entry that differ."""
    from diff_diff import CallawaySantAnna  # noqa: PLC0415

    def estimate() -> Estimated:
        covariates = COVARIATES if task == "two_covariates" else None
        design = CallawaySantAnna(base_period="universal", pscore_trim=1e-9)
        found = design.fit(frame, "outcome", "unit", "year", "entry", covariates=covariates)
        return float(found.overall_att), float(found.overall_se)

    return estimate


def pyfixest(_: str, frame: pd.DataFrame) -> Job:
    """Estimate two-way fixed effects with errors by unit."""
    from pyfixest import feols  # noqa: PLC0415

    def estimate() -> Estimated:
        found = feols("outcome ~ treated | unit + year", frame, vcov={"CRV1": "unit"})
        return float(found.coef()["treated"]), float(found.se()["treated"])

    return estimate


WHO = {"si_eval": si_eval, "diff_diff": diff_diff, "pyfixest": pyfixest}


def main(task: str, who: str, frame: str, result: str) -> None:
    """Do one job; the seconds are those after reading, of all threads."""
    job = WHO[who](task, pd.read_parquet(frame))
    started = time.process_time()
    estimate, std_error = job()
    seconds = time.process_time() - started
    Path(result).write_text(json.dumps({"estimate": estimate, "std_error": std_error, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
