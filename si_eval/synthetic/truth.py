"""What is true of a simulated extract and no table of it says: written beside the tables, in ``truth.json``."""

from __future__ import annotations

from typing import Any

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.investments import ASSETS, NOT_SAMPLED, OBSERVED, InvestmentYear
from si_eval.synthetic.register import NON_PARTICIPANT, OTHER_YEARS, PARTICIPANT, Register, RegisterYear
from si_eval.synthetic.simulated_data import YearData

GROUPS = {"participant": PARTICIPANT, "non_participant": NON_PARTICIPANT}
SIZE_CLASSES = {"all": (0, 1, 2, 3, 4), "0-9": (0, 1), "10-49": (2,), "50-249": (3,), "250+": (4,)}
ALL = "all"


class Truth:
    """Collects, year by year, what is true: a row a figure, with the keys of tidy results."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.rows: list[dict[str, Any]] = []
        self.base = np.full(len(register.units), np.nan)  # log revenue per person employed in the first year

    def add(self, year: YearData) -> None:
        """Add what is true of one year."""
        if year.survey is not None:
            self._add_investments(year.state, year.survey)
            self._add_sample(year.state, year.survey)
        self._add_changes(year)

    def content(self) -> dict[str, Any]:
        """Return everything: figures, and the units that were planted."""
        register, happened = self.register, self.register.restructuring
        be_id, years = register.be_id, register.preset.years
        grouped = register.group[: len(register.participants)]
        _, sizes = np.unique(grouped, return_counts=True)
        takeovers = zip(be_id[happened.absorbed], be_id[happened.absorbing], happened.takeover_year, strict=True)
        exits = zip(be_id[happened.exited], happened.exit_year, strict=True)
        sisters = zip(be_id[happened.main], be_id[happened.sister], strict=True)
        return {
            "figures": self.rows,
            "holdings_of_several_participants": int((sizes > 1).sum()),
            "participants_in_them": int(sizes[sizes > 1].sum()),
            "exits": [{"be_id": int(unit), "last_year": int(year)} for unit, year in exits],
            "takeovers": [
                {"absorbed": int(one), "absorbing": int(other), "year": int(year)} for one, other, year in takeovers
            ],
            "second_units": [{"participant": int(main), "second": int(other)} for main, other in sisters],
            "years": list(years),
        }

    def _add_investments(self, state: RegisterYear, survey: InvestmentYear) -> None:
        """Add totals, means and shares of investing units among all covered units with persons employed."""
        place = survey.place
        persons, size_class, status = state.persons[place], state.size_class[place], state.status[place]
        industry = state.cell[place] < len(codes.CLASS_LOWER)
        for asset, truth in zip(ASSETS, survey.truth, strict=True):
            known = (truth >= 0) & (persons > 0)
            for group, wanted in GROUPS.items():
                for sector, in_sector in ((ALL, known), ("C", known & industry)):
                    for name, classes in SIZE_CLASSES.items():
                        rows = in_sector & (status == wanted) & np.isin(size_class, classes)
                        key = _key(group, state.year, sector, name, int(rows.sum()))
                        if not key["n_units"]:
                            continue
                        amount = truth[rows]
                        mean = float((amount / persons[rows]).mean())
                        ratio = float(amount.sum() / persons[rows].sum())
                        per_employee = f"investment_{asset}_per_employee"
                        self._add(per_employee, "mean", mean, key)
                        self._add(per_employee, "ratio_of_sums", ratio, key)
                        self._add(per_employee, "share_investing", float((amount > 0).mean()), key)
                        self._add(f"investment_{asset}", "total", float(amount.sum()), key)

    def _add_sample(self, state: RegisterYear, survey: InvestmentYear) -> None:
        """Add how many covered units there are, were asked and responded."""
        status = state.status[survey.place]
        for group, wanted in GROUPS.items():
            rows = status == wanted
            counts = {"asked": survey.response != NOT_SAMPLED, "responded": survey.response == OBSERVED}
            key = _key(group, state.year, ALL, ALL, int(rows.sum()))
            for name, flag in counts.items():
                self._add("investment_survey", name, float((rows & flag).sum()), key)

    def _add_changes(self, year: YearData) -> None:
        """Add the slope of log revenue per person employed on that of the first year, within size classes.

        A slope below 1 is regression to the mean: a unit that began one above its class is the slope above it later.
        """
        state, turnover = year.state, year.turnover
        complete = (turnover.has_row & turnover.has_value).all(axis=1)
        revenue = turnover.quarters.sum(axis=1)
        usable = complete & (state.persons > 0) & (revenue > 0) & (state.status != OTHER_YEARS)
        level = np.full(len(revenue), np.nan)
        level[usable] = np.log(revenue[usable] / state.persons[usable])
        if state.year == self.register.preset.years[0]:
            self.base[state.index] = level
            return
        base = self.base[state.index]
        for group, wanted in GROUPS.items():
            rows = np.flatnonzero((state.status == wanted) & ~np.isnan(base) & ~np.isnan(level))
            slope = _slope_within(base[rows], level[rows], state.cell[rows])
            key = _key(group, state.year, ALL, ALL, len(rows))
            self._add("revenue_per_employee", "slope_on_first_year", slope, key)

    def _add(self, indicator: str, statistic: str, estimate: float, key: dict[str, Any]) -> None:
        self.rows.append({"indicator": indicator, "statistic": statistic, **key, "estimate": estimate})


def _key(group: str, year: int, sector: str, size_class: str, n_units: int) -> dict[str, Any]:
    return {"group": group, "year": year, "sector": sector, "size_class": size_class, "n_units": n_units}


def _slope_within(base: np.ndarray, later: np.ndarray, cell: np.ndarray) -> float:
    """Compute the slope of a regression on the level in the first year, with a constant for each cell."""
    number = np.maximum(np.bincount(cell), 1)
    away, change = (values - (np.bincount(cell, values) / number)[cell] for values in (base, later))
    return float((away * change).sum() / (away**2).sum())
