"""Requests as evaluators make them, drawn at random: firms, populations a few firms apart, and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

import si_eval as se
from si_eval.registry import RuleSet

YEARS = (2014, 2019)
BRANCHES = (["C", "J", "M"], ["A", "B", "B+D", "D"], ["x", "y", "x · y"], ["0-9", "10-49", "C"])
CODINGS = ((0.0, 1.0), (1.0, 2.0), (-1.0, 1.0), (10.0, 20.0))
FUNCTIONS = (
    "compare_groups", "index_series", "check_selection", "estimate_effect", "decompose_change", "compare_changes",
)  # fmt: skip
MIN_ROWS = 12  # firms in two years that a filter leaves
MEASURES = ("revenue", "revenue_per_employee", "employed_persons", "profit", "tech")


@dataclass(frozen=True)
class Asked:
    """One table that is asked for: a function with its arguments, of one of the populations."""

    function: str
    population: int
    indicator: str
    by: tuple[str, ...] = ()
    where: dict[str, object] = field(default_factory=dict)
    statistics: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskedRequest:
    """The firms, who is left out of each population, and what is asked; tables and panels are made when asked for.

    ``panels`` are given where registers stand behind the populations; ``rules`` are those of each population else.
    """

    firms: pd.DataFrame
    left_out: tuple[tuple[int, ...], ...]
    asked: tuple[Asked, ...]
    rules: Sequence[str | RuleSet] = ("replicate_2020", "replicate_2020")
    panels: tuple[se.Panel, ...] = ()

    @cached_property
    def populations(self) -> list[pd.DataFrame]:
        """The rows of each population, with the numbers of the rows of all firms."""
        return [self.firms[~self.firms["firm"].isin(firms)] for firms in self.left_out]

    @cached_property
    def tables(self) -> list[se.ResultTable]:
        """The tables, in the order in which they are asked for."""
        panels = self.panels or [
            se.panel_from_frame(
                rows, unit="firm", year="year", participant="joined", employed_persons="persons", revenue="turnover",
                sector="branch", group="holding" if "holding" in rows else None,
                extra=("alpha", "beta", "profit", "tech"), rules=rules,
            )
            for rows, rules in zip(self.populations, self.rules, strict=False)
        ]  # fmt: skip
        return [_compute(panels[one.population], one) for one in self.asked]


def draw_request(seed: int) -> AskedRequest:
    """Draw what one evaluator may ask: two to five tables of firms, on one population or on two that nearly agree."""
    rng = np.random.default_rng(seed)
    firms = _draw_firms(rng, int(rng.integers(80, 420)))
    left_out: list[tuple[int, ...]] = [()]
    if rng.random() < 0.4:
        few = int(rng.integers(1, 9))
        largest = firms.groupby("firm")["turnover"].max().nlargest(few).index
        chosen = largest if rng.random() < 0.5 else rng.choice(firms["firm"].unique(), few, replace=False)
        left_out.append(tuple(int(one) for one in chosen))
    measures = rng.choice(MEASURES, int(rng.integers(1, 3)), replace=False)
    asked = []
    for _ in range(int(rng.integers(2, 6))):
        function = str(rng.choice(FUNCTIONS, p=[0.55, 0.1, 0.1, 0.08, 0.09, 0.08]))
        where = _draw_filter(rng, firms)
        by = _draw_split(rng, where) if function != "estimate_effect" else ()
        asked.append(Asked(function, int(rng.integers(len(left_out))), str(rng.choice(measures)), by, where))
    return AskedRequest(firms, tuple(left_out), tuple(asked))


def _draw_firms(rng: np.random.Generator, units: int) -> pd.DataFrame:
    """Draw firms in two years: skewed revenue, losses in some draws, missing values, codes with the signs of labels."""
    joined, persons = rng.random(units) < 0.4, np.round(np.exp(rng.normal(2.8, 1.4, units))) + 1
    codes = BRANCHES[rng.integers(len(BRANCHES))]
    branch, low_high = rng.choice(codes, units), CODINGS[rng.integers(len(CODINGS))]
    alpha, beta = ((rng.random(units) < share).astype(float) for share in rng.choice([0.05, 0.1, 0.3], 2))
    entered = YEARS[int(rng.random() < 0.25)]  # where nobody takes part in the first year, effects can be computed
    tech, losses = np.array(low_high)[(rng.random(units) < 0.3).astype(int)], rng.random() < 0.5
    years = []
    for year in YEARS:
        employed = np.maximum(np.round(persons * np.exp(rng.normal(0, 0.15, units))), 1)
        turnover = employed * np.exp(rng.normal(4, 0.6, units)) * 1000
        turnover[rng.random(units) < 0.06] = np.nan
        profit = turnover * rng.normal(0.05, 0.1, units) if losses else turnover * rng.uniform(0, 0.2, units)
        years.append(pd.DataFrame({
            "firm": np.arange(units), "year": year, "joined": (joined & (year >= entered)).astype(int),
            "persons": employed, "turnover": turnover, "branch": branch, "alpha": alpha, "beta": beta,
            "profit": profit, "tech": tech,
        }))  # fmt: skip
    return pd.concat(years, ignore_index=True)


def _draw_filter(rng: np.random.Generator, firms: pd.DataFrame) -> dict[str, object]:
    """Draw a filter, which most tables do not have, that leaves some firms."""
    branches = list(firms["branch"].unique())
    filters: list[dict[str, object]] = [
        {"alpha": 1}, {"alpha": 0}, {"beta": 1}, {"sector": branches[0]}, {"sector": branches[:2]},
        {"size_class": ["50-249", "250+"]}, {"size_class": ["0-1", "2-9"]}, {"alpha": 1, "sector": branches[0]},
    ]  # fmt: skip
    drawn = {} if rng.random() < 0.45 else filters[rng.integers(len(filters))]
    kept = firms
    for column in ("alpha", "beta", "sector"):
        wanted = drawn.get(column, [])
        values = kept["branch" if column == "sector" else column]
        kept = kept[values.isin(wanted if isinstance(wanted, list) else [wanted])] if column in drawn else kept
    return drawn if len(kept) >= MIN_ROWS else {}


def _draw_split(rng: np.random.Generator, where: dict[str, object]) -> tuple[str, ...]:
    """Draw a split by up to three columns; a filter may be on one of them, but two systems of classes never meet."""
    count = int(rng.choice(4, p=[0.15, 0.35, 0.35, 0.15]))
    size = "size_class" if "size_class" in where else str(rng.choice(["size_class", "size_class_4"]))
    return tuple(str(one) for one in rng.permutation([size, "sector", "alpha", "beta"])[:count])


def _compute(panel: se.Panel, one: Asked) -> se.ResultTable:
    """Compute one table."""
    by, where = list(one.by), one.where or None
    if one.function == "index_series":
        return se.index_series(panel, indicator=one.indicator, by=by, where=where, base_year=YEARS[0])
    if one.function == "check_selection":
        return se.check_selection(panel, year=YEARS[0], indicator=one.indicator, by=by, where=where)
    if one.function == "estimate_effect":
        return se.estimate_effect(panel, outcome=one.indicator, design="long_difference", where=where)
    if one.function in ("decompose_change", "compare_changes"):
        change = se.decompose_change if one.function == "decompose_change" else se.compare_changes
        return change(panel, indicator=one.indicator, by=by, where=where, base_year=YEARS[0], year=YEARS[1])
    statistics = one.statistics or None
    return se.compare_groups(panel, indicator=one.indicator, by=by, where=where, statistics=statistics)
