"""How many units are behind effects by year of entry, what the others are worth, and who is gone when."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from si_eval.effects.design_result import Counted
from si_eval.effects.group_time import GroupTimeEffects
from si_eval.effects.panel_arrays import NEVER_TREATED, PanelArrays
from si_eval.effects.sides import placed
from si_eval.effects.small_sample import effective_units
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import NON_PARTICIPANTS, PARTICIPANTS

COMPARED, EFFECTIVE, WITHOUT_OUTCOME = "compared", "effective_units", "without_outcome"


def count_units(
    arrays: PanelArrays, known: BoolArray, effects: GroupTimeEffects, weights: Callable[[int], FloatArray]
) -> Iterator[Counted]:
    """Yield the units in any effect since entry, what the others are worth, and participants without an outcome.

    ``effects`` are of the ``known`` units (units,), ``weights`` gives what these count for in those of a cohort.
    Participants of an effect whose outcome is missing so many years after entry are counted by that number of years:
    they left the register, or have no figure.
    """
    used = np.flatnonzero(np.isfinite(effects.att) & (effects.period >= effects.cohort))
    sides, _ = effects.units(used)
    if sides is None:
        return
    treated, others = np.unpackbits(sides, axis=1, count=int(known.sum())).astype(np.bool_)
    yield Counted(COMPARED, PARTICIPANTS, float(treated.sum()), placed(treated, known))
    yield Counted(COMPARED, NON_PARTICIPANTS, float(others.sum()), placed(others, known))
    own = np.sum([weights(int(g)) for g in effects.cohorts], axis=0)  # others may serve several cohorts
    worth = float(np.round(effective_units(own[others])))
    yield Counted(EFFECTIVE, NON_PARTICIPANTS, worth, placed(others, known))
    cohort, outcome = arrays.cohort[known], arrays.outcome[known]
    event = np.asarray(arrays.years)[None, :] - cohort[:, None]
    gone = np.isnan(outcome) & (treated & (cohort > NEVER_TREATED))[:, None]
    for since in range(int(effects.period.max() - effects.cohort.min()) + 1):
        at_event = np.any(gone & (event == since), axis=1)
        if at_event.any():
            yield Counted(WITHOUT_OUTCOME, PARTICIPANTS, float(at_event.sum()), placed(at_event, known), f"{since:+d}")
