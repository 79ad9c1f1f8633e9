"""The participation model: how well what is known of firms tells who takes part, and who has no like among others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from si_eval import cells, stats
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays, read_arrays
from si_eval.effects.propensity import Logit, fit_logit, with_constant
from si_eval.effects.requests import check_cluster, check_covariates
from si_eval.results import Panel, ResultTable
from si_eval.stats import BoolArray, FloatArray, IntArray
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ABOVE_SUPPORT,
    AUC,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LEFT_OUT,
    LOG_ODDS,
    N_UNITS,
    NOTE,
    OUTSIDE_SUPPORT,
    P_VALUE,
    PARTICIPANT,
    PARTICIPANTS,
    RULE_SET,
    SE_CONVENTION,
    SHARE,
    STATISTIC,
    STD_ERROR,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

BY_UNIT, BY_CLUSTER = "sandwich, normal", "sandwich by cluster, normal"
CANNOT_SHOW = (
    "A model that tells participants from others shows what they differ in, not why they took part; what registers do "
    "not hold is not in it."
)


class Discrimination(NamedTuple):
    """The chance that a participant has the higher score of a pair, and its standard error."""

    auc: float
    std_error: float


@on_one_thread
def model_participation(
    panel: Panel,
    *,
    year: int,
    covariates: str | Sequence[str],
    where: cells.Where | None = None,
    cluster: str = "auto",
    level: float | None = None,
) -> ResultTable:
    r"""Model who takes part by a logit on what is known of units in a year before.

    Use it before matching or weighting: it tells in what participants differ, all else alike, how well that tells them
    from others, and how many of them have no like. The table stays inside: `protect` refuses it.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    year : int
        A year before the programme, whose values are used.
    covariates : str or sequence of str
        Panel columns, numbers or classes; of a class each label but the one that most participants have.
    where : mapping, optional
        Values by panel column: chooses units by the first year in which the panel has them, as `estimate_effect` does.
    cluster : {"auto", "unit", "group"} or str, default "auto"
        Which units may move together, as in `estimate_effect`.
    level : float, optional
        Coverage of intervals. That of the rule set by default.

    Returns
    -------
    ResultTable
        Rows ``log_odds`` by ``indicator`` (the covariate) and ``category`` (the label of a class), and of the indicator
        ``participant`` the ``auc`` (area under the receiver operating characteristic: .5 tells nothing, 1 everything),
        and the shares of participants whose propensity lies outside the range of the others (``outside_support``) and
        above their highest (``above_support``). A ``count`` says how many participants lack a covariate. Without a
        maximum of the likelihood the rows have the reason in ``note``.

    Raises
    ------
    StudyError
        With every argument that is wrong.

    See Also
    --------
    check_selection : The groups compared on one figure at a time.

    Notes
    -----
    Participants are the units that take part in any year of the panel, the others those that never do. Of the model see
    `effects.fit_logit`. With :math:`A` the information and :math:`s_g` the score of cluster :math:`g`, the covariance
    is :math:`\frac{G}{G - 1} A^{-1} (\sum_g s_g s_g') A^{-1}`. The area is the share of pairs in which the participant
    has the higher score, ties counting half; its standard error is DeLong's, with deviations added up by cluster. It is
    that of the units fitted, and so a little too high where covariates are many.

    References
    ----------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Comparing the areas under two or more correlated
    receiver operating characteristic curves. Biometrics 44, 837-845. Obuchowski, N. A. (1997). Nonparametric analysis
    of clustered ROC curve data. Biometrics 53, 567-578. Heckman, J. J., Ichimura, H. and Todd, P. E. (1997). Review of
    Economic Studies 64, 605-654 (common support).

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=400, participants=100, years=6, seed=1).frame
    >>> panel = se.panel_from_frame(
    ...     firms, unit="firm", year="year", participant="participant", employed_persons="employed_persons",
    ...     revenue="revenue",
    ... )
    >>> table = se.model_participation(panel, year=2012, covariates=["employed_persons", "revenue_per_employee"])
    >>> rows = table.to_frame().query("indicator == 'participant'")
    >>> print(rows[["statistic", "estimate", "n_units"]].round(2).to_string(index=False))
          statistic  estimate  n_units
                auc      0.78      100
    outside_support      0.04      100
      above_support      0.04      100
    """
    arguments = cells.check_panel("model_participation", panel)
    chosen = arguments.year("year", year, panel.per_year)
    names = check_covariates(arguments, panel, covariates)
    if not names and not arguments.problems:
        arguments.add("covariates", "none", "one or more columns of the panel", "name what may tell who takes part")
    kept = cells.check_where(arguments, panel, where) or None
    by = check_cluster(arguments, panel, cluster)
    coverage = panel.rules.level if level is None else arguments.level("level", level)
    arguments.refuse_problems()
    outcome = next((name for name in names if name in panel.indicators), next(iter(panel.indicators)))
    arrays = read_arrays(panel, outcome, where=kept, years=(chosen,), covariates=names, cluster=by)
    rows = pd.DataFrame(_rows(arrays, coverage))
    rows[YEAR], rows[RULE_SET] = chosen, panel.rules.name
    keys = cells.label_cells(rows, [], kept)
    return ResultTable(
        frame=cells.tidy_frame(pd.concat([rows, keys.drop(columns=CATEGORY)], axis=1)),
        function="model_participation",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
    )


def measure_discrimination(score: FloatArray, treated: BoolArray, cluster: IntArray | None = None) -> Discrimination:
    """Compute the area under the receiver operating characteristic and its standard error, by cluster where given.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, p. 837-845, by ranks.
    """
    among_all = scipy_stats.rankdata(score)
    placement = np.empty(len(score))  # the share of the other side that a unit's score is on the right side of
    for side, other in ((treated, ~treated), (~treated, treated)):
        placement[side] = (among_all[side] - scipy_stats.rankdata(score[side])) / other.sum()
    placement[~treated] = 1 - placement[~treated]
    auc = float(placement[treated].mean())
    deviation = np.where(treated, (placement - auc) / treated.sum(), (placement - auc) / (~treated).sum())
    groups = np.arange(len(score)) if cluster is None else cluster
    sums: FloatArray = np.zeros(groups.max(initial=0) + 1)
    for side in (treated, ~treated):
        count = len(np.unique(groups[side]))
        factor = np.sqrt(count / (count - 1)) if count > 1 else np.nan
        of_side = np.bincount(groups[side], deviation[side], minlength=len(sums))
        sums += factor * of_side
    return Discrimination(auc, float(np.sqrt(sums @ sums)))


def robust_covariance(logit: Logit, covariates: FloatArray, treated: BoolArray, cluster: IntArray | None) -> FloatArray:
    """Compute the covariance of the coefficients of a logit, of shape (k + 1, k + 1), from the scores of clusters."""
    scores = with_constant(covariates) * (treated - logit.fitted)[:, None]
    groups = np.arange(len(treated)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    sums = np.stack([np.bincount(groups, column) for column in scores.T], axis=1)
    meat = sums.T @ sums * (len(sums) / (len(sums) - 1))
    return np.asarray(logit.covariance @ meat @ logit.covariance, dtype=np.float64)


def _rows(arrays: PanelArrays, level: float) -> list[dict[str, object]]:
    """Fit the model, and list its numbers."""
    design, joined = arrays.design(0), arrays.cohort != NEVER_TREATED
    assert design is not None
    known = np.isfinite(design).all(axis=1)
    x, treated = design[known], joined[known]
    cluster = None if arrays.cluster is None else np.unique(arrays.cluster[known], return_inverse=True)[1]
    logit = fit_logit(x, treated)
    fewest = float(min(treated.sum(), (~treated).sum()))
    covariance = robust_covariance(logit, x, treated, cluster) if logit.converged else logit.covariance
    convention = BY_UNIT if cluster is None else BY_CLUSTER
    rows = []
    for at, (name, code) in enumerate(arrays.design_columns(0), start=1):
        label = "all" if code is None else arrays.labels[name][code]
        variance = float(covariance[at, at])
        rows.append(_row(name, label, LOG_ODDS, DIFFERENCE, logit.coefficients[at], variance**0.5, level, fewest))
    area, outside, above = Discrimination(np.nan, np.nan), np.nan, np.nan
    if logit.converged:
        area, score = measure_discrimination(logit.fitted, treated, cluster), logit.fitted
        above = float(np.mean(score[treated] > score[~treated].max()))
        outside = above + float(np.mean(score[treated] < score[~treated].min()))
    rows.append(_row(PARTICIPANT, "all", AUC, DIFFERENCE, *area, level, fewest) | {P_VALUE: np.nan})
    for name, share in ((OUTSIDE_SUPPORT, outside), (ABOVE_SUPPORT, above)):
        rows.append(_row(PARTICIPANT, "all", name, PARTICIPANTS, share, np.nan, level, float(treated.sum())))
    for row in rows:
        row |= {SE_CONVENTION: convention, NOTE: "" if logit.reason is None else logit.reason.note}
    lacking = float((joined & ~known).sum())
    rows.append(_row(LEFT_OUT, "all", COUNT, PARTICIPANTS, lacking, np.nan, level, lacking))
    return [*rows[:-1], rows[-1] | {UNIT_OF_MEASURE: "business units", NOTE: Reason.MISSING_COVARIATES.note}]


def _row(
    indicator: str, category: str, statistic: str, group: str, estimate: float, error: float, level: float, n: float
) -> dict[str, object]:
    """Make a row; its interval and p-value rest on the normal distribution."""
    interval = stats.student_interval(np.array([estimate]), np.array([error]), np.array([np.inf]), level)
    return {
        INDICATOR: indicator, CATEGORY: category, STATISTIC: statistic, GROUP: group,
        ESTIMATE: float(estimate), STD_ERROR: float(error), CONF_LOW: interval.low[0], CONF_HIGH: interval.high[0],
        P_VALUE: interval.p_value[0], N_UNITS: n, UNIT_OF_MEASURE: "log odds" if statistic == LOG_ODDS else SHARE,
    }  # fmt: skip
