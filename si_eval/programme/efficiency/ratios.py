"""Costs divided: by what others paid beside them, and by the firms that took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.errors import StudyError
from si_eval.programme.efficiency.costs import Costs
from si_eval.programme.efficiency.firms import Firms
from si_eval.programme.efficiency.rows import add_up, amount_row, cost_table, range_rows, total_rows
from si_eval.programme.efficiency.totals import total_costs
from si_eval.programme.rows import TidyRow, require_input
from si_eval.results import Linkage, ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_UNITS,
    NOTE,
    PARTICIPANTS,
    RATIO_OF_SUMS,
    RECORDS,
    STATISTIC,
    UNIT_OF_MEASURE,
    YEAR,
    Reason,
)

NOT_CAUSAL = "no causal claim: what others paid beside this money, not what they paid because of it"
LOWER_BOUND = "a lower bound: see the costs that are missing"
LEVERAGE_CANNOT_SHOW = f"Leverage makes {NOT_CAUSAL}."
COST_CANNOT_SHOW = "Cost per firm says nothing of what a firm gained; costs are a lower bound."


def leverage(costs: Costs, *, payers: Sequence[str] | None = None, level: str | None = None) -> ResultTable:
    r"""Divide what all others paid by what some payers paid; by default the payers of the national perspective.

    The result says how much money stood beside one euro. It is no causal claim: nothing says that the others paid
    because of it, or would not have paid without it.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.
    payers : sequence of str, optional
        The payers of the denominator; by default those of the perspective ``national``.
    level : str, optional
        The level to which to restrict the costs; all levels by default.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``leverage_own`` and ``leverage_others`` in money and ``leverage``, their ratio, with rows
        ``_low`` and ``_high`` where sources give a range; ``category`` names the payers and the level.

    Raises
    ------
    StudyError
        For a payer without a cost that counts.

    Notes
    -----
    ``leverage = others / own``; the lowest value divides the lowest of the others by the highest of the own costs.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import leverage, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> table = leverage(load_costs(path), payers=["state"])
    >>> table.to_frame()[["indicator", "category", "estimate", "unit"]]
             indicator category  estimate              unit
    0     leverage_own    state      30.0               EUR
    1  leverage_others    state      60.0               EUR
    2         leverage    state       2.0  EUR for each EUR
    """
    require_input("costs", costs, Costs, "load_costs")
    arguments = Arguments("leverage")
    money = _level_costs(costs, level, arguments)
    if payers is not None:
        payers = arguments.names("payers", payers, sorted(set(money["payer"])), what="payers that count", empty=True)
    arguments.refuse_problems()
    is_own = money["perspective"] == "national" if payers is None else money["payer"].isin(list(payers))
    own, others = money[is_own], money[~is_own]
    name = "+".join(payers) if payers is not None else "national"
    keys: TidyRow = {CATEGORY: " · ".join(part for part in (name, level) if part) or ALL, NOTE: NOT_CAUSAL}
    currency = costs.currency
    rows = total_rows("leverage_own", own, keys, NOT_CAUSAL, currency)
    rows += total_rows("leverage_others", others, keys, NOT_CAUSAL, currency)
    if add_up(own["high"]) == 0:
        rows.append(amount_row("leverage", np.nan, {**keys, NOTE: Reason.PAYMENT_UNKNOWN.text("en")}, currency))
        return cost_table(rows, "leverage", LEVERAGE_CANNOT_SHOW)
    middle = add_up(others["value"]) / add_up(own["value"])
    low = add_up(others["low"]) / add_up(own["high"])
    high = add_up(others["high"]) / add_up(own["low"]) if add_up(own["low"]) > 0 else np.nan
    rows += range_rows(
        "leverage", low, high, {**keys, STATISTIC: RATIO_OF_SUMS}, f"{currency} for each {currency}", middle=middle
    )
    return cost_table(rows, "leverage", LEVERAGE_CANNOT_SHOW)


def cost_per(costs: Costs, firms: Firms, *, keys: Sequence[str], level: str | None = None) -> ResultTable:
    r"""Divide the costs that count by the numbers of firms that sources give.

    All are lower bounds: costs that no source gives are missing.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.
    firms : Firms
        The numbers of firms, from `load_firms`.
    keys : sequence of str
        What to divide by: some keys of the numbers of firms.
    level : str, optional
        The level to which to restrict the costs; all levels by default.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``cost_per_<key>`` in money per firm, for all payers (``category`` is ``all``) and for the
        public ones (every perspective but ``private``), with rows ``_low`` and ``_high``.

    Raises
    ------
    StudyError
        For a key without a number that counts.

    Notes
    -----
    The lowest costs over the most firms give ``_low``, the highest over the fewest ``_high``; the value between divides
    the costs by the middle of both numbers.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import cost_per, load_costs, load_firms
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> firms = Path("numbers_of_firms.csv")
    >>> _ = firms.write_text("id,key,value,counts,source\n1,firm,9,yes,A\n")
    >>> table = cost_per(load_costs(path), load_firms(firms), keys=["firm"])
    >>> table.to_frame()[["indicator", "category", "estimate", "unit"]].round(2)
           indicator category  estimate          unit
    0  cost_per_firm      all     10.00  EUR per firm
    1  cost_per_firm   public      3.33  EUR per firm
    """
    require_input("costs", costs, Costs, "load_costs")
    arguments = Arguments("cost_per")
    money = _level_costs(costs, level, arguments)
    counted = sorted(set(firms.frame.loc[firms.frame["counts"] == "yes", "key"]))
    keys = arguments.names("keys", keys, counted, what="keys that count")
    arguments.refuse_problems()
    rows = [row for key in keys for row in _cost_rows(money, costs.currency, key, *firms.range_of(key))]
    return cost_table(rows, "cost_per", COST_CANNOT_SHOW)


def cost_per_participant(
    costs: Costs, linkage: Linkage, *, steps: Sequence[str] = ("unique", "counted"), level: str | None = None
) -> ResultTable:
    r"""Divide the costs that count by the participants that the linkage kept at some steps of its funnel.

    Unlike costs, the numbers of participants rest on registers: the result is not public, and ``n_units`` is the
    smallest of them.

    Parameters
    ----------
    costs : Costs
        The costs, from `load_costs`.
    linkage : Linkage
        The linked participants, from `link_participants`.
    steps : sequence of str, default ("unique", "counted")
        Steps of `Linkage.funnel`: ``unique`` (distinct participants on the list), ``counted`` (business units linked in
        the last year of the register), or others. Their numbers give a range as in `cost_per`.
    level : str, optional
        The level to which to restrict the costs; all levels by default.

    Returns
    -------
    ResultTable
        Tidy rows: ``cost_per_participant`` in money, as in `cost_per`, and the number of participants at each step.

    Raises
    ------
    StudyError
        For a step that the funnel does not have, or none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.efficiency import cost_per_participant, load_costs
    >>> path = Path("costs_of_a_programme.csv")
    >>> _ = path.write_text(
    ...     "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective\n"
    ...     "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes,national\n"
    ...     "2,fee,firms,firm,fee,2002,2002,60,EUR,total,yes,private\n"
    ...     "3,staff,school,firm,staff,2001,2002,2,FTE,year,yes,knowledge\n"
    ... )
    >>> import pandas as pd
    >>> from si_eval.results import Linkage
    >>> funnel = pd.DataFrame({"step": ["unique"], "reason": ["kept"], "year": [None], "n": [15]})
    >>> units = pd.DataFrame({"year": [], "be_id": [], "n_kvk": []})
    >>> table = cost_per_participant(load_costs(path), Linkage(funnel, units), steps=["unique"])
    >>> table.to_frame()[["indicator", "category", "estimate"]]
                  indicator category  estimate
    0  cost_per_participant      all       6.0
    1  cost_per_participant   public       2.0
    2   participants_unique      all      15.0
    """
    require_input("costs", costs, Costs, "load_costs")
    arguments = Arguments("cost_per_participant")
    money = _level_costs(costs, level, arguments)
    funnel = linkage.funnel()
    kept = list(dict.fromkeys(funnel.loc[(funnel["reason"] == "kept") & (funnel["n"] > 0), "step"]))
    steps = arguments.names("steps", steps, kept, what="steps of the funnel")
    arguments.refuse_problems()
    counts = [_kept_row(funnel, step) for step in steps]
    numbers = [float(str(row[ESTIMATE])) for row in counts]
    low, high = min(numbers), max(numbers)
    rows = _cost_rows(money, costs.currency, "participant", low, high)
    rows = [{**row, GROUP: PARTICIPANTS, N_UNITS: low} for row in rows]
    return replace(cost_table([*rows, *counts], "cost_per_participant", COST_CANNOT_SHOW), public=False)


def _level_costs(costs: Costs, level: str | None, arguments: Arguments) -> pd.DataFrame:
    """Compute the total of each cost of a level, or of all; keep a level that no cost has as a problem."""
    money = total_costs(costs)
    if level is None:
        return money
    arguments.option("level", level, sorted(set(money["level"])))
    return money[money["level"] == level]


def _cost_rows(money: pd.DataFrame, currency: str, name: str, low: float, high: float) -> list[TidyRow]:
    """Divide the costs of all payers, and of the public ones, by ``low`` to ``high`` firms."""
    rows: list[TidyRow] = []
    unit = f"{currency} per {name.replace('_', ' ')}"
    for category, part in ((ALL, money), ("public", money[money["perspective"] != "private"])):
        if part.empty:  # a cost that nobody tells is not zero
            keys: TidyRow = {CATEGORY: category, STATISTIC: RATIO_OF_SUMS}
            rows.append(amount_row(f"cost_per_{name}", np.nan, keys, unit))
            continue
        rows += range_rows(
            f"cost_per_{name}",
            add_up(part["low"]) / high,
            add_up(part["high"]) / low,
            {CATEGORY: category, STATISTIC: RATIO_OF_SUMS, NOTE: LOWER_BOUND},
            unit,
            middle=add_up(part["value"]) / ((low + high) / 2),
        )
    return rows


def _kept_row(funnel: pd.DataFrame, step: str) -> TidyRow:
    """Make the row of the participants that a step kept: in the last year, where the step knows years."""
    kept = funnel[(funnel["reason"] == "kept") & (funnel["n"] > 0)]
    if step not in set(kept["step"]):
        known = ", ".join(dict.fromkeys(kept["step"])) or "none, because no participant was kept"
        raise StudyError(f"steps: found {step!r}; expected one of {known}; name one of these")
    last = kept[kept["step"] == step].sort_values(YEAR).iloc[-1]
    count = float(last["n"])
    row: TidyRow = {STATISTIC: COUNT, GROUP: PARTICIPANTS, ESTIMATE: count, UNIT_OF_MEASURE: RECORDS}
    if pd.isna(last[YEAR]):
        return {**row, INDICATOR: f"participants_{step}"}
    name = "linked_units" if step == "counted" else f"participants_{step}"
    return {**row, INDICATOR: name, YEAR: int(last[YEAR]), N_UNITS: count, UNIT_OF_MEASURE: "business_units"}
