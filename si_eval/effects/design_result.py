"""What a design estimates: one number each, before it becomes a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from si_eval.effects.sides import Sides
from si_eval.stats import BoolArray
from si_eval.vocabulary import ALL, ATT, BOTH_LANGUAGES, Evidence, Reason, bilingual

OVERALL = "overall"
MARYLAND_COMPARED, MARYLAND_TRENDS = 2, 3  # Maryland scale: a comparison over time; with trends before that bear it
NORMAL = np.inf  # degrees of freedom of an interval that rests on the normal limit
# Conventions: standard error, then what the interval rests on.
BY_UNIT = "influence; interval: HC2, t (Welch-Satterthwaite)"
BY_CLUSTER = "influence summed by cluster; interval: CR2, t (Satterthwaite)"
WELCH = "HC2, t (Welch)"
WELCH_SATTERTHWAITE = "HC2, t (Welch-Satterthwaite)"
CR2 = "CR2, t (Satterthwaite)"
WEIGHTED = "influence over the root of one less leverage, t (n - 1)"
MATCHED = "Abadie-Imbens, t (n - 1)"
NESTED_EFFECTS = "CR1, t (clusters - 1), unit effects nested in clusters counted as one, as in fixest"
COUNTED_EFFECTS = "CR0, t (clusters - 1), all effects counted as parameters, as in linearmodels"
MATCHED_SETS = "CR2 over matched sets and clusters, t (Satterthwaite)"


class Estimate(NamedTuple):
    """One estimate; ``n_treated`` and ``n_controls`` are the units behind it, ``reason`` is why there is none.

    ``sides`` are all units that it rests on, in any of its ``comparisons``: cohort (0 for all), period and the period
    that it is compared with. ``corrected_error`` is the standard error that its interval rests on where that is another
    one than ``std_error``, ``convention`` says how they are made, ``note`` what else there is to say.
    """

    category: str
    estimate: float
    std_error: float = np.nan
    n_treated: int = 0
    n_controls: int = 0
    statistic: str = ATT
    year: int | str = ALL
    p_value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    dof: float = NORMAL
    reason: Reason | None = None
    sides: Sides | None = None
    comparisons: tuple[tuple[int, int, int], ...] = ()
    corrected_error: float = np.nan
    convention: str = ""
    note: str = ""


def with_note(estimate: Estimate, reason: Reason | None) -> Estimate:
    """Add a remark to what an estimate says already."""
    if reason is None:
        return estimate
    if not estimate.note:
        return estimate._replace(note=reason.note)
    nl, _, en = estimate.note.partition(BOTH_LANGUAGES)
    return estimate._replace(note=bilingual(f"{nl}; {reason.text('nl')}", f"{en}; {reason.text('en')}"))


class Counted(NamedTuple):
    """A number of units that is no estimate: of an indicator and group, with who they are (units,)."""

    indicator: str
    group: str
    number: float
    units: BoolArray
    category: str = ALL


@dataclass(frozen=True)
class DesignResult:
    """Result of a design: estimates, participants left out by reason (units,), and what they may be called.

    ``why`` is why the estimates are an effect, or the first condition for that which fails.
    """

    estimates: list[Estimate]
    why: Reason
    left_out: dict[Reason, BoolArray] = field(default_factory=dict)
    evidence: Evidence = "association"
    counted: list[Counted] = field(default_factory=list)
