"""Raking: weights with which the respondents match known distributions, and their design effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.frozen import keep_frames
from si_eval.stats import BoolArray, FloatArray
from si_eval.survey.answers import RESPONDENT, Survey
from si_eval.survey.margins import Margin, PopulationSource, read_margins
from si_eval.survey.requests import SurveyArguments
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import Reason

TOL = 1e-10
MAX_ITER = 1_000


class RakingResult(NamedTuple):
    """Weights with mean 1, shape (n,), after ``iterations`` rounds; ``deviation`` is the largest from a margin."""

    weights: FloatArray
    iterations: int
    deviation: float
    converged: bool


@keep_frames("frame", "convergence")
@dataclass(frozen=True)
class Weights:
    """Weights of respondents, made by `rake`. Unit-level: they stay inside.

    Attributes
    ----------
    frame : DataFrame
        ``respondent, weight``; the weights have mean 1.
    convergence : DataFrame
        ``question, category, population, unweighted, weighted, n_units, left_out``: shares by class.
    iterations : int
        Rounds of raking.
    converged : bool
        Whether every share is met.
    trimmed : int
        Respondents whose weight is at a bound.
    design_effect : float
        Kish's factor by which weighting multiplies the variance.
    reason : Reason or None
        Why the shares are not met, where they are not.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> known = pd.DataFrame({"question": "Q5", "category": ["0-9", "10-49"], "count": [28, 12]})
    >>> weights = survey.rake(survey.load_example(), margins=known)
    >>> round(weights.design_effect, 2)
    1.16
    """

    frame: pd.DataFrame
    convergence: pd.DataFrame
    iterations: int
    converged: bool
    trimmed: int
    design_effect: float
    reason: Reason | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return ``respondent, weight``: the argument ``weights`` of the functions that count."""
        return self.frame.copy()

    def report(self) -> pd.DataFrame:
        """Return ``question, category, population, unweighted, weighted, n_units, left_out``: one row a class."""
        return self.convergence.copy()

    def summary(self) -> str:
        """Return a line with the convergence, the range and the design effect of the weights."""
        weights = self.frame["weight"]
        state = "converged" if self.reason is None else f"did not converge: {self.reason.text('en')}"
        return (
            f"Weights of {len(weights)} respondents: {state} after {self.iterations} rounds; {weights.min():.2f} to "
            f"{weights.max():.2f}, {self.trimmed} at a bound; variance times {self.design_effect:.2f} (Kish)"
        )

    def __repr__(self) -> str:
        return self.summary()


@on_one_thread
def rake(
    survey: Survey,
    *,
    margins: PopulationSource,
    trim: tuple[float, float] | None = None,
    year: int | None = None,
    fewest: int = 0,
) -> Weights:
    """Compute weights with which the respondents match the known distributions of several questions (raking).

    Weighting repairs differences in these classes only, and increases the variance (`Weights.design_effect`).

    Parameters
    ----------
    survey : Survey
        The answers, from `read_responses`.
    margins : DataFrame, path, ResultTable, SafeTable or list of tables
        Counts of the population: columns ``question, category, count`` (a frame or a CSV file), or tables that count
        participants by sector and size class.
    trim : tuple of two floats, optional
        Lower and upper bound of the weights, which have mean 1, such as ``(0.3, 3)``.
    year : int, optional
        The year of the counts of tables; the latest by default.
    fewest : int
        Classes with fewer respondents are pooled, with the rest, as one class ``rest``.

    Returns
    -------
    Weights
        The weights (``respondent, weight``), the convergence and the design effect.

    Raises
    ------
    InputError
        If nobody answered in a class of the population, respondents are in a class without population, or a count is
        missing: merge the class, or give ``fewest``.
    ArgumentError
        If ``trim`` does not enclose 1, or ``fewest`` leaves one class.

    Notes ----- Iterative proportional fitting: each round multiplies the weights of a class by its share in the
    population over its weighted share, for one question after the other, until no share is off by more than 1e-10. With
    ``trim`` each round ends by cutting the weights, so that the others take over. A respondent without an answer to a
    question is not scaled for it.

    References ---------- Deming and Stephan (1940), Annals of Mathematical Statistics 11, p. 427-444. Kish (1965),
    Survey Sampling, section 11.7.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> answers = survey.load_example()
    >>> known = pd.DataFrame({"question": "Q5", "category": ["0-9", "10-49"], "count": [28, 12]})
    >>> weights = survey.rake(answers, margins=known)
    >>> weights
    Weights of 8 respondents: converged after 1 rounds; 0.60 to 1.40, 0 at a bound; variance times 1.16 (Kish)
    >>> weights.report()[["category", "population", "unweighted", "weighted"]]
      category  population  unweighted  weighted
    0      0-9         0.7         0.5       0.7
    1    10-49         0.3         0.5       0.3
    """
    arguments = SurveyArguments("rake", survey)
    low, high = arguments.trim(trim)
    fewest = arguments.whole("fewest", fewest, least=0)
    arguments.optional_year(year)
    arguments.refuse_problems()
    known = read_margins(survey, margins, "margins", year=year)
    margin_list = [margin.pool_small_classes(fewest) for margin in known]
    for before, margin in zip(known, margin_list, strict=True):
        if len(margin.names) == 1 < len(before.names):
            expected = f"at least two classes of {before.question.id} with as many respondents"
            arguments.add("fewest", repr(fewest), expected, "lower it, or rake without this question")
    arguments.refuse_problems()
    _check_no_empty_class(margin_list)
    index = survey.asked_frame.index
    members = [margin.members.reindex(index, fill_value=False).to_numpy() for margin in margin_list]
    raked = rake_arrays(members, [margin.shares for margin in margin_list], low=low, high=high)
    weights = raked.weights
    at_bound = np.isclose(weights, low) | np.isclose(weights, high)
    return Weights(
        frame=pd.DataFrame({RESPONDENT: index, "weight": weights}),
        convergence=_report(margin_list, members, weights),
        iterations=raked.iterations,
        converged=raked.converged,
        trimmed=int(at_bound.sum()),
        reason=_why_not_met(raked, trimmed=trim is not None and bool(at_bound.any())),
        design_effect=float(len(weights) * (weights**2).sum() / weights.sum() ** 2),
    )


def rake_arrays(
    members: Sequence[BoolArray],
    shares: Sequence[FloatArray],
    *,
    low: float = 0.0,
    high: float = np.inf,
    tolerance: float = TOL,
    max_iterations: int = MAX_ITER,
) -> RakingResult:
    """Rake weights to margins: each ``members`` is Boolean, shape (n, classes), each ``shares`` sums to 1."""
    weights = np.ones(members[0].shape[0])
    deviation, previous = np.inf, weights
    for iteration in range(1, max_iterations + 1):
        for member, share in zip(members, shares, strict=True):
            weights = weights * _factors(member, share, weights)
        weights = np.clip(weights / weights.mean(), low, high)
        deviation = max(
            float(np.abs(_class_shares(member, weights) - share).max())
            for member, share in zip(members, shares, strict=True)
        )
        if deviation < tolerance:
            return RakingResult(weights, iteration, deviation, True)
        if np.abs(weights - previous).max() < tolerance * 1e-3:
            break
        previous = weights
    return RakingResult(weights, iteration, deviation, False)


def _why_not_met(raked: RakingResult, *, trimmed: bool) -> Reason | None:
    """Return why raking did not meet the margins; None where it did."""
    if raked.converged:
        return None
    if trimmed:
        return Reason.MARGINS_AGAINST_TRIMMING
    return Reason.MARGINS_NOT_MET_IN_TIME if raked.iterations == MAX_ITER else Reason.MARGINS_CONTRADICT


def _factors(member: BoolArray, share: FloatArray, weights: FloatArray) -> FloatArray:
    """Compute the factor of every respondent: target share over weighted share of the class; 1 outside all classes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(share > 0, share / _class_shares(member, weights), 0.0)
    return np.where(member.any(axis=1), member @ np.nan_to_num(factor, nan=0.0, posinf=0.0), 1.0)


def _class_shares(member: BoolArray, weights: FloatArray) -> FloatArray:
    """Compute the weighted share of each class, shape (classes,)."""
    totals = weights @ member.astype("float64")
    return totals / totals.sum()


def _check_no_empty_class(margins: Sequence[Margin]) -> None:
    """Raise `InputError` for classes without respondents, which no weight can fill, and for missing counts."""
    problems = []
    for margin in margins:
        if np.isnan(margin.counts).any():
            found, expected = "counts that are withheld, and no total", "counts that add up to a known total"
            problems.append(Problem("margins", found, expected, "rake without it", column=margin.question.id))
        for name, count, reached in zip(margin.names, margin.counts, margin.members.sum(), strict=True):
            if count == 0 and reached > 0:
                found = f"respondents in {name} ({reached}), of which the population has none"
                expected, action = "a count above 0", "correct the count, or merge the class with another: A+B"
                problems.append(Problem("margins", found, expected, action, column=margin.question.id))
            if count > 0 and reached == 0:
                found, expected = f"nobody answered in {name}", "a respondent in every class of the population"
                action = "merge it with another class: A+B, or take small classes together with `fewest`"
                problems.append(Problem("margins", found, expected, action, column=margin.question.id))
    if problems:
        raise InputError(problems, what="the margins")


def _report(margins: Sequence[Margin], members: Sequence[BoolArray], weights: FloatArray) -> pd.DataFrame:
    """Tabulate the share of each class in the population, and among respondents before and after weighting."""
    rows = []
    for margin, member in zip(margins, members, strict=True):
        before, after = _class_shares(member, np.ones_like(weights)), _class_shares(member, weights)
        left_out = int((~member.any(axis=1)).sum())
        for place, name in enumerate(margin.names):
            one = (margin.question.id, name, margin.shares[place], before[place], after[place])
            rows.append((*one, int(member[:, place].sum()), left_out))
    columns = ["question", "category", "population", "unweighted", "weighted", "n_units", "left_out"]
    return pd.DataFrame(rows, columns=columns)
