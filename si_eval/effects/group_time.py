"""Effects by cohort and period: each a two-by-two comparison with units that are not treated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from si_eval.effects.histories import NEVER
from si_eval.effects.two_by_two import Method, two_by_two
from si_eval.errors import StudyError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Controls = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
FEW = "te weinig bedrijven | too few firms"
EARLY = "nam al deel in het eerste jaar | took part in the first year already"
UNSEEN = "minder dan twee jaren met een uitkomst | fewer than two years with an outcome"
UNBALANCED = "niet elk jaar waargenomen | not observed in every year"


@dataclass(frozen=True)
class GroupTime:
    """Effects of cohorts by period, shape (cells,); a cell without an estimate has a ``reason`` and NaN.

    ``cohorts`` are the cohorts and ``shares`` their shares of all units. ``covariance`` is that of the effects followed
    by the shares, shape (cells + cohorts, cells + cohorts), from their influence functions, clustered where asked:
    sum over clusters of products, without small-sample correction. ``dropped`` counts units by reason.
    """

    cohort: Integers
    period: Integers
    att: Floats
    n_treated: Integers
    n_controls: Integers
    reason: tuple[str, ...]
    cohorts: Integers
    shares: Floats
    covariance: Floats
    clusters: int
    dropped: Mapping[str, int]

    @property
    def std_error(self) -> Floats:
        """Give the standard errors of the effects, NaN where there is none."""
        variance = np.diag(self.covariance)[: len(self.att)]
        return np.where(np.isnan(self.att), np.nan, np.sqrt(variance))


def group_time_effects(
    outcome: Floats,
    cohort: Integers,
    periods: Sequence[int],
    *,
    controls: Controls = "never",
    method: Method = "dr",
    covariates: Callable[[int], Floats | None] | None = None,
    anticipation: int = 0,
    base: Base = "varying",
    balanced: bool = False,
    cluster: Integers | None = None,
    min_units: int = 1,
) -> GroupTime:
    """Estimate the effect on each cohort in each period.

    ``outcome`` has shape (units, periods), NaN where it is not observed; ``cohort`` (units,) is the first period of
    treatment, 0 for never. From the period of treatment on, the change is taken since the last period before it (less
    ``anticipation``); earlier since the period before (``base`` "varying"), or to that same last period ("universal",
    which sensitivity analysis needs and which has no cell for it). ``controls`` are units that are never treated, or are not yet by
    the later of the two periods. ``covariates`` gives, for the place of the earlier period, an array (units, k); units
    with a gap in it are not in the cell. A unit is in a cell when it is observed in both periods; ``balanced`` keeps
    only units observed in all, as R's `did` does by default. Cells with fewer than ``min_units`` on either side are not
    estimated. Units treated from the first period on have nothing to compare with and are dropped.

    Raises `StudyError` for shapes, options and cohorts that cannot be used. Source: Callaway & Sant'Anna (2021), Journal
    of Econometrics 225, p. 200-230, theorem 1 (equations 2.1-2.8); reference implementation: R `did`.
    """
    _check(outcome, cohort, periods, controls, base, cluster)
    calendar = np.asarray(periods)
    observed = ~np.isnan(outcome)
    kept, dropped = _kept(observed, cohort, calendar, anticipation, balanced)
    units, treated_in = np.flatnonzero(kept), cohort[kept]
    outcome = outcome[kept]
    cohorts = np.unique(treated_in[(treated_in != NEVER) & (treated_in <= calendar[-1])])
    if not len(cohorts):
        raise StudyError("cohort: found no unit treated after the first period; expected some; give years before and after")
    groups = np.unique(cluster[kept], return_inverse=True)[1] if cluster is not None else None
    clusters = len(units) if groups is None else int(groups.max()) + 1
    influence = np.zeros((len(cohorts) * (len(calendar) - 1) + len(cohorts), clusters))
    cells = []
    for row, (first, place, since) in enumerate(_pairs(cohorts, calendar, anticipation, base)):
        ours = treated_in == first
        theirs = treated_in == NEVER
        if controls == "not_yet":
            theirs |= (treated_in > max(calendar[place], calendar[since]) + anticipation) & ~ours
        member = (ours | theirs) & ~np.isnan(outcome[:, place]) & ~np.isnan(outcome[:, since])
        design = None if covariates is None else covariates(min(place, since))
        if design is not None:
            design = design[units]
            member &= ~np.isnan(design).any(axis=1)
            design = _varying(design[member])
        n_treated, n_controls = int((ours & member).sum()), int((theirs & member).sum())
        att, reason = np.nan, FEW
        if min(n_treated, n_controls) >= max(min_units, 1):
            cell = two_by_two(outcome[member, since], outcome[member, place], ours[member], design, method=method)
            att, reason = cell.att, cell.reason
            scaled = cell.influence * (len(units) / member.sum())
            influence[row] = _spread(scaled, np.flatnonzero(member), groups, clusters)
        cells.append((first, calendar[place], att, n_treated, n_controls, reason))
    for row, first in enumerate(cohorts, start=len(cells)):
        share = (treated_in == first).astype(float)
        influence[row] = _spread(share - share.mean(), np.arange(len(units)), groups, clusters)
    first, period, att, n_treated, n_controls, reasons = zip(*cells, strict=True)
    return GroupTime(
        cohort=np.array(first),
        period=np.array(period),
        att=np.array(att),
        n_treated=np.array(n_treated),
        n_controls=np.array(n_controls),
        reason=tuple(reasons),
        cohorts=cohorts,
        shares=np.array([(treated_in == one).mean() for one in cohorts]),
        covariance=influence @ influence.T / len(units) ** 2,
        clusters=clusters,
        dropped={reason: count for reason, count in dropped.items() if count},
    )


def _check(
    outcome: Floats, cohort: Integers, periods: Sequence[int], controls: str, base: str, cluster: Integers | None
) -> None:
    """Refuse what cannot be used."""
    if outcome.ndim != 2 or outcome.shape != (len(cohort), len(periods)) or len(periods) < 2:
        raise StudyError(
            f"outcome: found shape {outcome.shape} with {len(cohort)} cohorts and {len(periods)} periods; expected (units, "
            "periods) with a cohort a unit and at least two periods; give a line a unit and a column a period"
        )
    if any(later <= earlier for earlier, later in zip(periods, periods[1:], strict=False)):
        raise StudyError(f"periods: found {list(periods)}; expected ascending periods; sort the columns")
    for name, found, expected in (("controls", controls, get_args(Controls)), ("base", base, get_args(Base))):
        if found not in expected:
            raise StudyError(f"{name}: found {found!r}; expected one of {', '.join(expected)}; choose one of these")
    if controls == "never" and not np.any(cohort == NEVER):
        raise StudyError("controls: found no unit that is never treated; expected some; choose controls='not_yet'")
    if np.any(cohort < 0):
        raise StudyError("cohort: found negative numbers; expected a period, or 0 for never; leave these units out")
    if cluster is not None and len(cluster) != len(cohort):
        raise StudyError(f"cluster: found {len(cluster)} codes for {len(cohort)} units; expected one a unit; give one each")


def _kept(
    observed: npt.NDArray[np.bool_], cohort: Integers, calendar: Integers, anticipation: int, balanced: bool
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Say which units are used, and count the others by reason."""
    early = (cohort != NEVER) & (cohort <= calendar[0] + anticipation)
    unseen = ~early & (observed.sum(axis=1) < 2)
    partly = ~early & ~unseen & ~observed.all(axis=1) if balanced else np.zeros(len(cohort), dtype=bool)
    return ~(early | unseen | partly), {
        EARLY: int(early.sum()),
        UNSEEN: int(unseen.sum()),
        UNBALANCED: int(partly.sum()),
    }


def _pairs(cohorts: Integers, calendar: Integers, anticipation: int, base: str) -> Iterator[tuple[int, int, int]]:
    """Give each cohort with the places of a period and of the period that it is compared with."""
    for first in cohorts:
        last_before = int(np.flatnonzero(calendar + anticipation < first)[-1])
        for place in range(len(calendar)):
            if base == "universal" or calendar[place] >= first:
                if place != last_before:
                    yield int(first), place, last_before
            elif place > 0:
                yield int(first), place, place - 1


def _spread(values: Floats, at: Integers, groups: Integers | None, clusters: int) -> Floats:
    """Put influences at their units, or add them up by cluster."""
    if groups is not None:
        return np.bincount(groups[at], values, minlength=clusters)
    spread = np.zeros(clusters)
    spread[at] = values
    return spread


def _varying(design: Floats) -> Floats | None:
    """Keep the covariates that differ between the units of a cell."""
    kept = design[:, np.ptp(design, axis=0) > 0] if len(design) else design[:, :0]
    return kept if kept.shape[1] else None
