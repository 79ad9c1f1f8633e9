"""An effect estimated again: where it should be zero, without a part of the firms, with participation drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from si_eval.effects.by_class import class_of
from si_eval.effects.design_result import Estimate
from si_eval.effects.panel_arrays import NEVER_TREATED, UNKNOWN_ENTRY, PanelArrays
from si_eval.effects.sides import placed_sides
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import (
    LANGUAGES,
    LEFT_ONE_OUT,
    PLACEBO,
    RANDOMISATION,
    Reason,
    bilingual,
    bilingual_label,
    label,
)

Estimator = Callable[[PanelArrays], Estimate]
TEST_SIZE = 0.05


def placebo_dates(
    arrays: PanelArrays, dates: Sequence[int], anticipation: int, estimate: Estimator
) -> Iterator[Estimate]:
    """Yield the effect of entry some years earlier than it was, on the years before the programme could matter."""
    joins = arrays.cohort > NEVER_TREATED
    since = joins[:, None] & (np.asarray(arrays.years) >= (arrays.cohort - anticipation)[:, None])
    before = replace(arrays, outcome=np.where(since, np.nan, arrays.outcome))
    for years in dates:
        back = anticipation + years
        earlier = np.where(joins, np.maximum(arrays.cohort - back, 1), arrays.cohort)
        matched = None if arrays.matched is None else {
            max(g - back, 1) if g > NEVER_TREATED else g: own for g, own in arrays.matched.items()
        }  # fmt: skip
        yield estimate(replace(before, cohort=earlier, matched=matched))._replace(
            statistic=PLACEBO, category=bilingual_label("entry_earlier", number=years)
        )


def leave_out_cohorts(arrays: PanelArrays, estimate: Estimator) -> Iterator[Estimate]:
    """Yield the effect without each year of entry, where there are several."""
    cohorts = np.unique(arrays.cohort[arrays.cohort > NEVER_TREATED])
    for g in cohorts if len(cohorts) > 1 else ():
        yield _without(arrays, arrays.cohort == g, f"cohort {g - arrays.shift}", estimate)


def leave_out_classes(arrays: PanelArrays, column: str, estimate: Estimator) -> Iterator[Estimate]:
    """Yield the effect without each class of a column that has participants, on both sides.

    ``estimate`` takes from the arrays the covariates that are its own: the column may be one of these.
    """
    code, names = class_of(arrays, column)
    joins = arrays.cohort != NEVER_TREATED
    there = np.unique(code[joins & (code >= 0)])
    for one in there if len(there) > 1 else ():
        of_both = (f"{label(column, language)} {label(names[one], language)}" for language in LANGUAGES)
        yield _without(arrays, code == one, bilingual(*of_both), estimate)


def leave_out_largest(arrays: PanelArrays, size: FloatArray, estimate: Estimator) -> Iterator[Estimate]:
    """Yield the effect without the participant that is largest by ``size`` (units,)."""
    joins = (arrays.cohort > NEVER_TREATED) & np.isfinite(size)
    if joins.any():
        largest = np.arange(len(size)) == np.flatnonzero(joins)[np.argmax(size[joins])]
        yield _without(arrays, largest, "", estimate)._replace(category=bilingual_label("without_largest"))


def _without(arrays: PanelArrays, out: BoolArray, part: str, estimate: Estimator) -> Estimate:
    """Estimate without some of the units; its sides are among all."""
    found = estimate(arrays.only(~out))
    sides = None if found.sides is None else placed_sides(found.sides, ~out)
    return found._replace(statistic=LEFT_ONE_OUT, category=bilingual_label("without_part", part=part), sides=sides)


def draw_participation(arrays: PanelArrays, whole: Estimate, draws: int, seed: int, estimate: Estimator) -> Estimate:
    """Test the effect by exchanging years of entry among units: how often the t statistic is as far from zero.

    Units whose entry is known are exchanged, so each draw has as many participants in each year of entry. Source: Wu &
    Ding (2021), Journal of the American Statistical Association 116, p. 1898-1913 (the t statistic).
    """
    nothing = whole._replace(std_error=np.nan, corrected_error=np.nan, convention="", statistic=RANDOMISATION)
    if not np.isfinite(whole.corrected_error):
        return nothing._replace(estimate=np.nan)
    generator = np.random.default_rng(seed)
    exchanged = np.flatnonzero(arrays.cohort != UNKNOWN_ENTRY)
    observed = abs(whole.estimate / whole.corrected_error)
    extreme = 0
    for _ in range(draws):
        cohort = arrays.cohort.copy()
        cohort[exchanged] = cohort[generator.permutation(exchanged)]
        one = estimate(replace(arrays, cohort=cohort))
        extreme += bool(abs(one.estimate / one.corrected_error) >= observed)
    p_value = (1 + extreme) / (1 + draws)
    why = Reason.CHANCE_RARELY if p_value < TEST_SIZE else Reason.CHANCE_OFTEN
    return nothing._replace(estimate=whole.estimate / whole.corrected_error, p_value=p_value, note=why.note)
