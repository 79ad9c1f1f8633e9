"""The verb: what a study of some size can find, before it is done or after it found nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
import pandas as pd
from scipy import linalg, special

from si_eval import cells
from si_eval.arguments import Arguments
from si_eval.effects.label_chance import Plan, draw_labels
from si_eval.effects.power import design_std_error, detectable_effect, power_of
from si_eval.results import ResultTable
from si_eval.stats import FloatArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    DESIGN_ERROR,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LABEL_CHANCE,
    MDE,
    N_UNITS,
    NOTE,
    POWER,
    REQUIRED,
    RULE_SET,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    bilingual_label,
)

OUTCOME_UNIT = "unit of sd"
FIRMS = "business units"
CANNOT_SHOW = "Power is of the size of an effect, not of its cause; outcomes that vary otherwise need other numbers."


@on_one_thread
def plan_power(
    *,
    participants: int,
    others: int,
    sd: float = 1.0,
    years_before: int = 1,
    years_after: int = 1,
    cohorts: int = 1,
    autocorrelation: float | Sequence[float] = 0.0,
    icc: float = 0.0,
    cluster_size: float = 1.0,
    effect: float | None = None,
    smallest_effect: float | None = None,
    power: float = 0.8,
    level: float = 0.95,
    draws: int = 0,
    seed: int = 0,
) -> ResultTable:
    r"""Compute what effect a study can find, how many participants it needs, and how often it would earn the label.

    Use it before an evaluation, to choose years and registers, and after one that found nothing. No microdata are
    needed: ``sd`` and ``autocorrelation`` are those of the outcome in years before the programme.

    Parameters
    ----------
    participants, others : int
        Numbers of firms; of weighted others the effective number.
    sd : float, default 1.0
        Standard deviation of the outcome over firms in one year. Results are in its unit.
    years_before, years_after : int, default 1
        Years with an outcome before the first entry, and from the last entry on.
    cohorts : int, default 1
        Years in which participants enter, one after the other, as many in each.
    autocorrelation : float or sequence of float, default 0.0
        Correlation of a firm's outcomes over time: one for all pairs of years, or one for each lag.
    icc, cluster_size : float, default 0.0 and 1.0
        Correlation within clusters of what is compared, and firms in a cluster.
    effect : float, optional
        An effect: adds the power to find it, and the participants that are needed for ``power``.
    smallest_effect : float, optional
        A size that is declared beforehand: adds, with ``draws``, how often none larger would be concluded.
    power : float, default 0.8
        Probability to find the effect, from 0.5 to below 1.
    level : float, default 0.95
        Coverage of the interval that belongs to the test.
    draws : int, default 0
        Studies that are drawn to count labels; 100 take some seconds and tell a chance to 5 points.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    ResultTable
        Rows ``design_std_error`` and ``minimum_detectable_effect``; with ``effect`` also ``power`` and
        ``required_participants`` (with as many others for each as now); with ``draws`` ``chance_of_label``, by
        ``category``: without an effect, with this ``effect``, and of none larger than ``smallest_effect``.

    Raises
    ------
    ArgumentError
        With every argument that is out of range.

    See Also
    --------
    estimate_effect : Prints, after a study, what its design could have found.

    Notes
    -----
    .. math:: MDE = (z_{(1 + level) / 2} + z_{power}) \, SE

    with the standard error of `effects.design_std_error`. Required participants solve that for their number. Labels are
    drawn: normal outcomes with parallel trends, and the rule of `estimate_effect`, with at most 1,500 others.

    References
    ----------
    Bloom (1995), Evaluation Review 19, p. 547-556. McKenzie (2012), Journal of Development Economics 99, p. 210-221.
    Burlig, Preonas & Woerman (2020), Journal of Development Economics 144, 102458.

    Examples
    --------
    >>> import si_eval as se
    >>> table = se.plan_power(
    ...     participants=60, others=40, sd=1.2, years_before=2, years_after=5, autocorrelation=0.5, effect=0.4
    ... )
    >>> print(table.to_frame()[["statistic", "estimate"]].round(3).to_string(index=False))
                    statistic  estimate
             design_std_error     0.145
    minimum_detectable_effect     0.406
                        power     0.788
        required_participants    62.000
    """
    arguments = Arguments("plan_power")
    count = "count firms"
    participants = arguments.whole("participants", participants, least=2, action=count)
    others = arguments.whole("others", others, least=2, action=count)
    years_before = arguments.whole("years_before", years_before, least=0, action="count years")
    years_after = arguments.whole("years_after", years_after, least=1, action="count years")
    cohorts = arguments.whole("cohorts", cohorts, least=1, most=max(participants, 1), action="count years of entry")
    draws = arguments.whole("draws", draws, least=0, action="give a number of studies")
    seed = arguments.whole("seed", seed, least=0, action="give a whole number")
    for name, size in (("effect", effect), ("smallest_effect", smallest_effect)):
        if size is not None:
            arguments.number(name, size, above=0, action="give a size above 0")
    arguments.number("power", power, least=0.5, below=1, action="choose, for example, 0.8")
    arguments.number("level", level, least=0.8, below=1, action="choose, for example, 0.95")
    if draws and years_before < 2:
        arguments.add("years_before", str(years_before), "2 or more, to draw labels", "add years, or leave draws out")
    arguments.refuse_problems()
    error = design_std_error(
        participants, others, sd=sd, icc=icc, cluster_size=cluster_size, pre_periods=years_before,
        post_periods=years_after, autocorrelation=autocorrelation,
    )  # fmt: skip
    detectable = detectable_effect(error, power=power, level=level)
    rows: list[tuple[str, str, float, str]] = [
        (DESIGN_ERROR, ALL, error, OUTCOME_UNIT),
        (MDE, ALL, detectable, OUTCOME_UNIT),
    ]
    if effect is not None:
        needed = _required(effect, error, participants, power, level)
        rows += [(POWER, ALL, power_of(effect, error, level), SHARE), (REQUIRED, ALL, float(needed), FIRMS)]
    if draws:
        correlation = _correlation(autocorrelation, years_before + cohorts - 1 + years_after)
        if not np.linalg.eigvalsh(correlation).min() > 0:
            found, expected = f"{autocorrelation}", f"correlations that go together over {len(correlation)} years"
            arguments.add("autocorrelation", found, expected, "estimate them from one process")
            arguments.refuse_problems()
        plan = Plan(participants, others, years_before, years_after, cohorts, sd, correlation)
        rows += _chances(plan, effect, smallest_effect, draws, seed)
    frame = pd.DataFrame(rows, columns=[STATISTIC, CATEGORY, ESTIMATE, UNIT_OF_MEASURE])
    fewest = float(min(participants, others))
    columns: cells.Columns = {INDICATOR: POWER, GROUP: DIFFERENCE, N_UNITS: fewest, NOTE: "", RULE_SET: ""}
    frame = frame.assign(**columns)
    return ResultTable(
        frame=cells.tidy_frame(frame), function="plan_power", evidence="association", cannot_show=CANNOT_SHOW, rules="",
        public=True,
    )  # fmt: skip


def _required(effect: float, error: float, participants: int, power: float, level: float) -> int:
    """Solve for the participants that find an effect with a power, with as many others for each as there are now."""
    needed = special.ndtri(0.5 + level / 2) + special.ndtri(power)
    return max(2, ceil(participants * (needed * error / effect) ** 2))


def _correlation(autocorrelation: float | Sequence[float], years: int) -> FloatArray:
    """Return the correlation of a firm's outcomes between years; lags that are not given have that of the last."""
    lags = np.atleast_1d(np.asarray(autocorrelation, dtype=np.float64))
    lags = np.concatenate([lags, np.full(max(years - 1 - len(lags), 0), lags[-1])])[: years - 1]
    return np.asarray(linalg.toeplitz(np.insert(lags, 0, 1.0)), dtype=np.float64)


def _chances(
    plan: Plan, effect: float | None, smallest_effect: float | None, draws: int, seed: int
) -> Iterator[tuple[str, str, float, str]]:
    """Yield how often the label is earned, without an effect and with it."""
    without = draw_labels(plan, 0.0, smallest_effect, draws, seed)
    yield LABEL_CHANCE, bilingual_label("without_effect"), without.effect, SHARE
    if smallest_effect is not None:
        yield LABEL_CHANCE, bilingual_label("none_larger"), without.none_larger, SHARE
    if effect is not None:
        found = draw_labels(plan, effect, smallest_effect, draws, seed)
        yield LABEL_CHANCE, bilingual_label("with_effect"), found.effect, SHARE
