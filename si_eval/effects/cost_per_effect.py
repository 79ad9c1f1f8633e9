"""What a unit of effect cost: costs over the effect and the firm-years that had it, unless it may be zero."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from si_eval import cells
from si_eval.arguments import Arguments
from si_eval.effects.by_entry import with_earliest_entry
from si_eval.effects.check_requests import check_of
from si_eval.effects.overall import averaged_effect
from si_eval.effects.panel_arrays import PanelArrays
from si_eval.effects.request_arrays import arrays_of, matched_only, matching_of
from si_eval.effects.requests import Request
from si_eval.programme.efficiency import Costs
from si_eval.programme.efficiency.totals import total_costs
from si_eval.results import EstimateUnits, Panel, ResultTable
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ATT,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    COST_PER_EFFECT,
    COUNT,
    DIFFERENCE,
    ESTIMATE,
    GROUP,
    INDICATOR,
    LOG_POINTS,
    N_UNITS,
    NOTE,
    RESTS_ON,
    RULE_SET,
    SE_CONVENTION,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    bilingual_label,
)

CANNOT_SHOW = (
    "Costs are a lower bound; the effect is that on firms that took part and were compared, and is called one only by "
    "the table of the effect."
)
FUNCTION = "cost_per_effect"
UNITS = "business units"
FIRM_YEARS = "firm_years"  # an indicator: the years of firms that had the effect
FIELLER = "Fieller, of a ratio with a known numerator"


class EffectTotal(NamedTuple):
    """The mean effect over firm-years since entry, its interval, how many they are, and the units behind it."""

    estimate: float
    low: float
    high: float
    firm_years: float
    fewest: int
    units: EstimateUnits | None
    reason: Reason | None


@on_one_thread
def cost_per_effect(
    costs: Costs,
    panel: Panel,
    *,
    of: dict[str, Any] | str,
    level: str | None = None,
    deadweight: tuple[float, float] = (0.0, 0.0),
    displacement: tuple[float, float] = (0.0, 0.0),
) -> ResultTable:
    r"""Divide costs by an effect and the firm-years that had it.

    Use it where an effect is told from zero: otherwise a cost per effect can be anything, and there is none.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.
    panel : Panel
        Units by year.
    of : mapping
        The arguments of `estimate_effect` (staggered); in a study file also the id of an exhibit.
    level : str, optional
        The level to which to restrict the costs; all by default.
    deadweight, displacement : tuple of float, default (0.0, 0.0)
        Lowest and highest share of the effect that would have come anyway beyond what the comparison takes off, and
        that went at the expense of firms that do not take part. They are yours to state: no register tells them.

    Returns
    -------
    ResultTable
        Rows ``cost_per_effect``: of the effect as estimated, and with ``deadweight`` and ``displacement`` at their
        lowest and highest. Intervals are Fieller's, with the lowest costs that sources tell at the lower end and the
        highest at the upper. The effect itself (``att``) and a count of ``firm_years`` stand beside them.

    Raises
    ------
    ArgumentError
        For shares outside 0 to 1 and everything that is wrong with ``of``.

    Notes
    -----
    .. math:: c / (N \, ATT)

    with the mean effect over the N firm-years since entry of participants that are compared. With known costs,
    Fieller's interval is :math:`c / (N \, high)` to :math:`c / (N \, low)` where the interval of the effect excludes
    zero, and has no end otherwise.

    References
    ----------
    Fieller (1954), Journal of the Royal Statistical Society B 16, p. 175-185.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> from si_eval.effects import cost_per_effect
    >>> from si_eval.programme.efficiency import load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts\n"
    ...     "1,grant,state,national,subsidy,2014,2016,1000000,EUR,year,yes\n"
    ... )
    >>> firms = se.simulate_firms(firms=400, participants=120, years=7, seed=3).frame
    >>> panel = se.panel_from_frame(
    ...     firms, unit="firm", year="year", participant="participant", entry_year="entry_year",
    ...     employed_persons="employed_persons", revenue="revenue",
    ... )
    >>> table = cost_per_effect(load_costs(path), panel, of={"outcome": "revenue"}, displacement=(0.0, 0.2))
    >>> print(table.to_frame("en")[["statistic", "category", "estimate"]].round(4).to_string(index=False))
          statistic                          category     estimate
                att                               All 1055691.1202
              count                               All     298.0000
    cost_per_effect                      as estimated       0.0095
    cost_per_effect  with the lowest shares taken off       0.0095
    cost_per_effect with the highest shares taken off       0.0119
    """
    request, match = check_of(panel, of, FUNCTION)
    arguments = Arguments(FUNCTION)
    shares = {name: _check_shares(arguments, name, ends)
              for name, ends in (("deadweight", deadweight), ("displacement", displacement))}  # fmt: skip
    money = total_costs(costs)
    if level is not None:
        arguments.option("level", level, sorted(set(money["level"])))
        money = money[money["level"] == level]
    arguments.refuse_problems()
    found = _total_effect(panel, request, match)
    unit = LOG_POINTS if request.logarithm else panel.indicators[request.outcome].unit
    amounts = tuple(float(money[end].sum()) for end in ("low", "value", "high"))
    rows = _rows(found, amounts, unit, costs.currency, shares)
    frame = pd.DataFrame([{INDICATOR: request.outcome, **row} for row in rows])
    columns: cells.Columns = {GROUP: DIFFERENCE, RULE_SET: panel.rules.name}
    source = cells.unit_source(panel)
    return ResultTable(
        frame=cells.tidy_frame(frame.assign(**columns)),
        function=FUNCTION,
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources={source.population: source},
    )


def _check_shares(arguments: Arguments, name: str, ends: object) -> tuple[float, float]:
    """Return the lowest and highest share of the effect that is taken off."""
    pair = list(ends) if isinstance(ends, tuple | list) else [ends]
    numbers = [arguments.number(name, one, least=0, below=1, action="give shares of 0 to below 1") for one in pair]
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        arguments.add(name, str(ends), "two shares, the lower first", "write for example (0.1, 0.3)")
        return 0.0, 0.0
    return numbers[0], numbers[1]


def _total_effect(panel: Panel, request: Request, match: object) -> EffectTotal:
    """Estimate the mean effect over all firm-years since entry."""
    matching = matching_of(panel, request, match)
    arrays: PanelArrays = matched_only(with_earliest_entry(arrays_of(panel, request))[0], matching)
    found, effects = averaged_effect(arrays, request, "simple")
    if effects is None:
        return EffectTotal(np.nan, np.nan, np.nan, np.nan, 0, None, found.reason)
    used = np.isfinite(effects.att) & (effects.period >= effects.cohort)
    margin = float(special.stdtrit(found.dof, 0.5 + request.level / 2)) * found.corrected_error
    source = cells.unit_source(panel)
    units = None
    if found.sides is not None:
        what = ", ".join(f"{g}: {t} - {base}" for g, t, base in sorted(found.comparisons))
        name = f"log {request.outcome}" if request.logarithm else request.outcome
        units = EstimateUnits.among(source, f"{name}, {what}", source.lasting_ids(arrays.ids), found.sides)
    low, high = found.estimate - margin, found.estimate + margin
    firm_years = float(effects.n_treated[used].sum())
    return EffectTotal(found.estimate, low, high, firm_years, min(found.n_treated, found.n_controls), units, None)


def _rows(
    found: EffectTotal,
    costs: tuple[float, ...],
    unit: str,
    currency: str,
    shares: dict[str, tuple[float, float]],
) -> list[dict[str, object]]:
    """Make the rows of the effect, of its firm-years, and of what a unit of it cost."""
    behind = () if found.units is None else (found.units,)
    lowest, cost, highest = costs
    same = {N_UNITS: float(found.fewest), RESTS_ON: behind, NOTE: found.reason.note if found.reason else "",
            CATEGORY: "all"}  # fmt: skip
    rows: list[dict[str, object]] = [
        {**same, STATISTIC: ATT, ESTIMATE: found.estimate, CONF_LOW: found.low, CONF_HIGH: found.high,
         UNIT_OF_MEASURE: unit},
        {**same, INDICATOR: FIRM_YEARS, STATISTIC: COUNT, ESTIMATE: found.firm_years, UNIT_OF_MEASURE: UNITS},
    ]  # fmt: skip
    money = f"{currency} per {unit}"
    stages = [("as_estimated", 0.0, 0.0)]
    if any(high > 0 for _, high in shares.values()):
        stages += [(f"{end}_taken_off", shares["deadweight"][at], shares["displacement"][at])
                   for at, end in enumerate(("lowest", "highest"))]  # fmt: skip
    from_zero = found.low > 0 or found.high < 0
    for term, anyway, elsewhere in stages:
        left = found.firm_years * (1 - anyway) * (1 - elsewhere)
        row: dict[str, object] = {**same, STATISTIC: COST_PER_EFFECT, CATEGORY: bilingual_label(term),
                                  UNIT_OF_MEASURE: money, ESTIMATE: np.nan}  # fmt: skip
        if from_zero and found.units is not None:
            far, near = (found.high, found.low) if found.low > 0 else (found.low, found.high)
            ends = sorted((lowest / (left * far), highest / (left * near)))
            row |= {ESTIMATE: cost / (left * found.estimate), CONF_LOW: ends[0], CONF_HIGH: ends[1],
                    SE_CONVENTION: FIELLER}  # fmt: skip
        elif found.units is not None:
            row[NOTE] = Reason.EFFECT_MAY_BE_ZERO.note
        rows.append(row)
    return rows
