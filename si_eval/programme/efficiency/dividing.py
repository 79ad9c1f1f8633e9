"""Costs divided: by what others paid beside them, and by the firms that took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from si_eval.errors import StudyError
from si_eval.programme.efficiency.costs import Costs
from si_eval.programme.efficiency.firms import Firms
from si_eval.programme.efficiency.rows import amount_row, cost_table, range_rows, total_rows
from si_eval.programme.efficiency.totals import totals
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
)

NOT_CAUSAL = "no causal claim: what others paid beside this money, not what they paid because of it"
CANNOT_SHOW = f"Leverage makes {NOT_CAUSAL}."
COST_CANNOT_SHOW = "Cost per firm says nothing of what a firm gained; costs are a lower bound."


def leverage(costs: Costs, *, payers: Sequence[str] | None = None, level: str | None = None) -> ResultTable:
    """Divide what all others paid by what some payers paid; by default the payers of the national perspective.

    ``category`` names the payers and the level. The result says how much money stood beside one euro. It is no causal
    claim: nothing says that the others paid because of it, or would not have paid without it.
    """
    money = totals(costs)
    money = money if level is None else money[money["level"] == level]
    chosen = money["perspective"] == "national" if payers is None else money["payer"].isin(list(payers))
    if payers is not None:
        strange = sorted(set(payers) - set(money["payer"]))
        if strange:
            known = ", ".join(sorted(set(money["payer"])))
            raise StudyError(f"payers: found {', '.join(strange)}; expected some of {known}; name payers that count")
    own, others = money[chosen], money[~chosen]
    whose = "+".join(payers) if payers is not None else "national"
    at = {CATEGORY: " · ".join(part for part in (whose, level) if part) or ALL, NOTE: NOT_CAUSAL}
    rows = total_rows("leverage_own", own, at, NOT_CAUSAL) + total_rows("leverage_others", others, at, NOT_CAUSAL)
    if own["high"].sum() == 0:
        nothing = amount_row("leverage", np.nan, at | {NOTE: "these payers paid nothing that is known"})
        return cost_table([*rows, nothing], "leverage", CANNOT_SHOW)
    middle = others["value"].sum() / own["value"].sum()
    low = others["low"].sum() / own["high"].sum()
    high = others["high"].sum() / own["low"].sum() if own["low"].sum() > 0 else np.nan
    rows += range_rows("leverage", low, high, {**at, STATISTIC: RATIO_OF_SUMS}, "EUR for each EUR", middle=middle)
    return cost_table(rows, "leverage", CANNOT_SHOW)


def cost_per(costs: Costs, firms: Firms, *, keys: Sequence[str], level: str | None = None) -> ResultTable:
    """Divide the costs that count by the numbers of firms that sources tell of, for each of some ``keys``.

    The lowest costs over the most firms give ``_low``, the highest over the fewest ``_high``; the value between divides
    the costs by the middle of both numbers. Rows are given for all payers and for the public ones (every perspective
    but ``private``). Both are lower bounds: costs that no source tells are missing.
    """
    money = _of_level(costs, level)
    rows = [row for key in keys for row in _cost_rows(money, key, *firms.range_of(key))]
    return cost_table(rows, "cost_per", COST_CANNOT_SHOW)


def cost_per_participant(
    costs: Costs, linkage: Linkage, *, steps: Sequence[str] = ("unique", "counted"), level: str | None = None
) -> ResultTable:
    """Divide the costs that count by the participants that the linkage kept at some steps of its funnel.

    ``steps`` are steps of `Linkage.funnel`: ``unique`` (distinct participants on the list), ``counted`` (business units
    linked in the last year of the register), and the others. Their numbers are rows of the result, and give a range as
    in `cost_per`. Unlike costs, they rest on registers: the result is not public, and ``n_units`` is the fewest.
    """
    counts = [_kept(linkage.funnel(), step) for step in steps]
    if not counts:
        raise StudyError("steps: found none; expected steps of the funnel, such as unique; name one")
    numbers = [float(str(row[ESTIMATE])) for row in counts]
    few, many = min(numbers), max(numbers)
    rows = [
        {**row, GROUP: PARTICIPANTS, N_UNITS: few}
        for row in _cost_rows(_of_level(costs, level), "participant", few, many)
    ]
    return replace(cost_table([*rows, *counts], "cost_per_participant", COST_CANNOT_SHOW), public=False)


def _of_level(costs: Costs, level: str | None) -> pd.DataFrame:
    money = totals(costs)
    return money if level is None else money[money["level"] == level]


def _cost_rows(money: pd.DataFrame, name: str, few: float, many: float) -> list[dict[str, object]]:
    """Give the costs for one of ``few`` to ``many`` firms, of all payers and of the public ones."""
    rows: list[dict[str, object]] = []
    for category, part in ((ALL, money), ("public", money[money["perspective"] != "private"])):
        rows += range_rows(
            f"cost_per_{name}",
            part["low"].sum() / many,
            part["high"].sum() / few,
            {CATEGORY: category, STATISTIC: RATIO_OF_SUMS, NOTE: "a lower bound: see the costs that are missing"},
            f"EUR per {name.replace('_', ' ')}",
            middle=part["value"].sum() / ((few + many) / 2),
        )
    return rows


def _kept(funnel: pd.DataFrame, step: str) -> dict[str, object]:
    """Give the row of the participants that a step kept: in the last year, where it knows years."""
    kept = funnel[(funnel["reason"] == "kept") & (funnel["n"] > 0)]
    if step not in set(kept["step"]):
        known = ", ".join(dict.fromkeys(kept["step"])) or "none, because no participant was kept"
        raise StudyError(f"steps: found {step!r}; expected one of {known}; name one of these")
    last = kept[kept["step"] == step].sort_values(YEAR).iloc[-1]
    count, yearly = float(last["n"]), pd.notna(last[YEAR])
    row = {STATISTIC: COUNT, GROUP: PARTICIPANTS, ESTIMATE: count, UNIT_OF_MEASURE: RECORDS}
    if not yearly:
        return {**row, INDICATOR: f"participants_{step}"}
    name = "linked_units" if step == "counted" else f"participants_{step}"
    return {**row, INDICATOR: name, YEAR: int(last[YEAR]), N_UNITS: count, UNIT_OF_MEASURE: "business_units"}
