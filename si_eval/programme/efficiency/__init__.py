"""What the programme cost, who paid, and what one can and cannot divide it by.

Money and staff time as the sources give them. A cost that is given twice counts once: a row of the costs counts or has
its reason why not, and where it repeats another row (``same_as``) the two together give a range.
"""

from si_eval.programme.efficiency.costs import Costs, load_costs
from si_eval.programme.efficiency.firms import Firms, load_firms
from si_eval.programme.efficiency.ratios import cost_per, cost_per_participant, leverage
from si_eval.programme.efficiency.sums import costs_by, in_kind, list_costs, missing_costs, shares_by_perspective

__all__ = [
    "Costs",
    "Firms",
    "cost_per",
    "cost_per_participant",
    "costs_by",
    "in_kind",
    "leverage",
    "list_costs",
    "load_costs",
    "load_firms",
    "missing_costs",
    "shares_by_perspective",
]
