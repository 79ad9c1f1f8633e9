"""Reads written tables as equations on firms. Shares no code with the border.

A mean and its count give a sum, a standard error or an interval the sum of squares; differences, ratios, indexes and
ratios of sums are equations too. A printed number is open by half of its last digit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from asked_requests import YEARS, Asked, AskedRequest
from scipy import stats

BOUNDS = ["0-1", "2-9", "10-49", "50-249", "250+"]
COLUMN = {"size_class": "size_class", "size_class_4": "size_class", "sector": "sector"}  # of a split; else category
LOG, CHANGE = "log of ", "change of "
PARTS = ("change", "change_within", "change_switching", "change_entry", "change_exit")
PARTICIPANT, OTHERS = "participant", "non_participant"


class Block(NamedTuple):
    """A variable in a year."""

    variable: str
    year: int


class Equation(NamedTuple):
    """What a printed number says: the sums over sets of firms, each times a factor, give a value up to ``slack``."""

    terms: tuple[tuple[Block, bytes, float], ...]
    value: float
    slack: float
    table: int


@dataclass
class Cell:
    """A cell of a row: the firms with a value, by their rows, and what the row says of them."""

    block: Block
    rows: np.ndarray
    table: int
    label: str
    shown: bool
    mean: float
    n: int
    error: float
    digits: tuple[float, float]
    holdings: int = 0

    @property
    def of_change(self) -> bool:
        return self.block.variable.startswith(CHANGE)


class Firms:
    """What the outsider knows of the firms, and, to judge by, their values."""

    def __init__(self, request: AskedRequest) -> None:
        self.request, self.frame = request, request.firms
        frame = self.frame
        persons = frame["persons"].to_numpy()
        self.size = np.array(BOUNDS)[np.searchsorted([2, 10, 50, 250], persons, side="right")]
        size_4 = np.where(np.isin(self.size, BOUNDS[:2]), "0-9", self.size)
        self.classes = {
            "size_class": self.size, "size_class_4": size_4, "sector": frame["branch"].to_numpy(dtype=object),
            "alpha": frame["alpha"].to_numpy(), "beta": frame["beta"].to_numpy(),
        }  # fmt: skip
        ever = frame.groupby("firm")["joined"].transform("max").to_numpy() == 1
        self.groups = {PARTICIPANT: ever, OTHERS: ~ever}
        turnover = frame["turnover"].to_numpy()
        self.values = {
            "revenue": turnover, "employed_persons": persons, "revenue_per_employee": turnover / persons,
            "profit": frame["profit"].to_numpy(), "tech": frame["tech"].to_numpy(),
        }  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            self.values |= {LOG + name: np.where(values > 0, np.log(values), np.nan)
                            for name, values in self.values.items()}  # fmt: skip
        self.place = frame.reset_index(drop=True).reset_index().pivot(index="firm", columns="year", values="index")
        self.values |= {CHANGE + name: self.other_year(values) for name, values in self.values.items()}
        self.population = [~frame["firm"].isin(out).to_numpy() for out in request.left_out]
        alone = pd.Series(-1.0 - frame["firm"].to_numpy())
        self.holding = (
            frame["holding"].reset_index(drop=True).fillna(alone) if "holding" in frame else alone
        ).to_numpy()
        self.classes |= {"age_class": frame["age_class"].to_numpy(dtype=object)} if "age_class" in frame else {}
        self.aside = [np.zeros(len(frame), bool) for _ in request.left_out]
        for at, panel in enumerate(request.panels):
            ordered = panel.to_frame().sort_values(["year", "be_id"])
            self.aside[at] = ordered["excluded_revenue"].to_numpy(dtype=bool)

    def other_year(self, values: np.ndarray) -> np.ndarray:
        """Return by how much each firm's value differs from that of the base year; missing in the base year."""
        change = np.full(len(values), np.nan)
        both = self.place.dropna().astype(int)
        now, then = both[YEARS[1]].to_numpy(), both[YEARS[0]].to_numpy()
        change[now] = values[now] - values[then]
        return change

    def levels(self, block: Block, rows: np.ndarray) -> list[tuple[Block, np.ndarray]]:
        """List the levels that a mean tells of: itself, or those of the two years of a change, with their rows."""
        if not block.variable.startswith(CHANGE):
            return [(block, rows)]
        mask = np.isin(np.arange(len(self.frame)), rows)
        name = block.variable.removeprefix(CHANGE)
        return [(Block(name, YEARS[1]), rows), (Block(name, YEARS[0]), np.flatnonzero(self.also(mask, YEARS[0])))]

    def also(self, rows: np.ndarray, year: int) -> np.ndarray:
        """Mark the rows of a year of the firms that have one of some rows in the other year."""
        firms = self.frame["firm"]
        return ((self.frame["year"] == year) & firms.isin(firms[rows & (self.frame["year"] != year)])).to_numpy()

    def having(self, block: Block, population: int | None = None) -> np.ndarray:
        """Mark the firms with a value of a variable in a year; in a population, those that its rules leave in."""
        known = (self.frame["year"].to_numpy() == block.year) & ~np.isnan(self.values[block.variable])
        of_revenue = block.variable.removeprefix(LOG).removeprefix(CHANGE) in ("revenue", "revenue_per_employee")
        return known if population is None or not of_revenue else known & ~self.aside[population]

    def holdings(self, rows: np.ndarray) -> int:
        """Count the holdings of some rows."""
        return len(np.unique(self.holding[rows]))

    def asked(self, one: Asked) -> np.ndarray:
        """Mark the firms of a population that a filter keeps."""
        chosen = self.population[one.population].copy()
        for column, wanted in one.where.items():
            chosen &= np.isin(self.classes[column], wanted if isinstance(wanted, list) else [wanted])
        return chosen

    def by_label(self, one: Asked) -> dict[tuple[str, str, str], np.ndarray]:
        """Mark the firms of each class of a split, by the texts that its rows have for it."""
        if one.function == "check_selection" and one.by:
            return self.by_label(replace(one, by=())) | self.by_label(replace(one, function="compare_groups"))
        chosen = self.asked(one)
        places = [np.unique(self.classes[column][chosen].astype(object)) for column in one.by]
        marked = {}
        for values in itertools.product(*places):
            texts = {"size_class": "all", "sector": "all", "category": "all"}
            written = [(column, _filter_text(wanted)) for column, wanted in sorted(one.where.items())
                       if column not in one.by]  # fmt: skip
            rows = chosen.copy()
            for column, text in [*written, *((c, str(v)) for c, v in zip(one.by, values, strict=True))]:
                place = COLUMN.get(column, "category")
                texts[place] = text if texts[place] == "all" else f"{texts[place]} · {text}"
            for column, value in zip(one.by, values, strict=True):
                rows &= self.classes[column] == value
            label = (texts["size_class"], texts["sector"], texts["category"])
            assert label not in marked or not (rows & marked[label]).any(), "two cells with one label"
            if rows.any():
                assert label not in marked, "two cells with one label"
                marked[label] = rows
        if one.function == "compare_changes":  # by the classes of the base year
            return {label: self.also(rows, YEARS[1]) & chosen for label, rows in marked.items()}
        return marked


def _filter_text(wanted: object) -> str:
    return "+".join(str(one) for one in wanted) if isinstance(wanted, list) else str(wanted)


def read_cells(firms: Firms, one: Asked, table: pd.DataFrame, at: int) -> Iterator[Cell]:
    """Read the means of one group: withheld ones too, with nothing but their label."""
    means = {"mean": "", "mean_log": LOG, **({"change": CHANGE} if one.function == "compare_changes" else {})}
    rows = table[table["statistic"].isin(list(means)) & table["group"].isin([PARTICIPANT, OTHERS])]
    marked = firms.by_label(one)
    for row in rows.to_dict("records"):
        block = Block(means[row["statistic"]] + row["indicator"], int(row["year"]))
        members = np.flatnonzero(
            marked[_label(row)] & firms.groups[row["group"]] & firms.having(Block(*block), one.population)
        )
        shown = row["status"] == "shown" and row["estimate"] != ""
        if not len(members):
            continue
        mean, error, digits = _number(row["estimate"]), _number(row["std_error"]), _last_digit(row)
        room = _last_digit_of_error(row["std_error"])
        if (room or math.isnan(error)) and row["conf_high"] and row["conf_low"] and len(members) > 1:
            quantile = stats.t.ppf(0.975, len(members) - 1)
            error, room = (_number(row["conf_high"]) - _number(row["conf_low"])) / 2 / quantile, digits / quantile
        if shown:
            truth = firms.values[block.variable][members].mean()
            assert abs(mean - truth) <= digits / 2 + 1e-9 * abs(truth), ("a shown value was altered", row, truth)
        holdings = firms.holdings(members)
        error = error if holdings == len(members) else math.nan  # of clusters: it tells no sum of squares
        yield Cell(block, members, at, _describe(row), shown, mean, len(members), error, (digits, room), holdings)


def sum_of(cell: Cell) -> Equation:
    return Equation(
        ((cell.block, cell.rows.tobytes(), 1.0),), cell.mean * cell.n, cell.digits[0] / 2 * cell.n, cell.table
    )


def read_contrasts(firms: Firms, one: Asked, table: pd.DataFrame, at: int) -> Iterator[Equation]:
    """Read differences and ratios of means, ratios of sums and indexes as equations on sums."""
    marked = firms.by_label(one) if len(table) and one.function != "estimate_effect" else {}
    shown = table[(table["status"] == "shown") & (table["estimate"] != "")]
    for row in shown.to_dict("records"):
        if _label(row) not in marked or not row["year"].isdigit():
            continue
        block, value = Block(row["indicator"], int(row["year"])), _number(row["estimate"])
        half = _last_digit(row) / 2
        both = [marked[_label(row)] & firms.groups[group] for group in (PARTICIPANT, OTHERS)]
        own = marked[_label(row)] & firms.groups.get(row["group"], np.zeros(len(firms.frame), bool))
        if one.function == "decompose_change":
            yield from _parts_of_change(firms, one, row, marked[_label(row)] & firms.groups[row["group"]], (half, at))
            continue
        if one.function == "compare_changes":
            block = Block(CHANGE + block.variable, block.year)
        if row["statistic"] in ("mean", "change") and row["group"] in ("difference", "ratio"):
            sets = [np.flatnonzero(rows & firms.having(block, one.population)) for rows in both]
            factor = 1.0 if row["group"] == "difference" else value
            size = 1.0 if row["group"] == "difference" else abs(firms.values[block.variable][sets[1]].mean())
            if min(map(len, sets)):
                yield Equation(((block, sets[0].tobytes(), 1 / len(sets[0])),
                                (block, sets[1].tobytes(), -factor / len(sets[1]))),
                               value if row["group"] == "difference" else 0.0, half * size, at)  # fmt: skip
        elif row["statistic"] == "index" and own.any() and int(row["year"]) != YEARS[0]:
            base = Block(block.variable, YEARS[0])
            now, then = (np.flatnonzero(own & firms.having(when, one.population)) for when in (block, base))
            size = abs(firms.values[block.variable][then].mean()) / 100
            yield Equation(((block, now.tobytes(), 1 / len(now)), (base, then.tobytes(), -value / 100 / len(then))),
                           0.0, half * size, at)  # fmt: skip
        elif row["statistic"] == "ratio_of_sums" and row["indicator"] == "revenue_per_employee" and own.any():
            rows = np.flatnonzero(own & firms.having(block, one.population)).tobytes()
            parts = [Block(name, block.year) for name in ("revenue", "employed_persons")]
            slack = half * firms.values["employed_persons"][np.frombuffer(rows, np.int64)].sum()
            yield Equation(((parts[0], rows, 1.0), (parts[1], rows, -value)), 0.0, slack, at)


def _parts_of_change(
    firms: Firms, one: Asked, row: dict[str, str], own: np.ndarray, printed: tuple[float, int]
) -> Iterator[Equation]:
    """Read a part of the change of a mean: in each year the means of who stayed and of who did something else."""
    if row["statistic"] not in PARTS:
        return
    terms, value = [], 0.0
    for sign, year, other in ((1, YEARS[1], YEARS[0]), (-1, YEARS[0], YEARS[1])):
        block = Block(row["indicator"], year)
        here = own & firms.having(block, one.population)
        there = firms.having(Block(row["indicator"], other), one.population)
        both = here & firms.also(firms.asked(one) & there, year)
        stay = here & firms.also(own & there, year)
        did = {"change": here, "change_within": stay, "change_switching": both & ~stay}.get(row["statistic"])
        if did is None:
            did = here & ~both if (row["statistic"] == "change_entry") == (sign > 0) else here & False
        if not did.any():
            continue
        weight = sign * (1.0 if row["statistic"] in PARTS[:2] else did.sum() / here.sum())
        sets = [(did, weight), *([] if row["statistic"] in PARTS[:2] else [(stay, -weight)])]
        for rows, factor in sets:
            terms.append((block, np.flatnonzero(rows).tobytes(), factor / rows.sum()))
            value += factor * firms.values[row["indicator"]][rows].mean()
    estimate = _number(row["estimate"])
    assert abs(value - estimate) <= printed[0] + 1e-9 * abs(value), ("a shown value was altered", row, value)
    if terms:
        yield Equation(tuple(terms), estimate, *printed)


def link_changes(firms: Firms, cells: Sequence[Cell], equations: Sequence[Equation]) -> Iterator[Equation]:
    """Say of the smallest groups of firms with a change that it is what they have now less what they had then."""
    sets = {(cell.block, cell.rows.tobytes()) for cell in cells}
    sets |= {term[:2] for one in equations for term in one.terms}
    for name in sorted({block.variable for block, _ in sets if block.variable.startswith(CHANGE)}):
        blocks = [Block(name, YEARS[1]), *(Block(name.removeprefix(CHANGE), year) for year in YEARS[::-1])]
        present = np.flatnonzero(firms.having(blocks[0]))
        masks = []
        for block, rows in sorted(sets):
            if block in blocks:
                mask = np.zeros(len(firms.frame), bool)
                mask[np.frombuffer(rows, np.int64)] = True
                masks.append((mask if block.year == YEARS[1] else firms.also(mask, YEARS[1]))[present])
        _, atom = np.unique(np.array(masks).T, axis=0, return_inverse=True)
        then = firms.place.loc[firms.frame["firm"].iloc[present], YEARS[0]].to_numpy().astype(np.int64)
        for one in range(atom.max() + 1):
            now = present[atom.ravel() == one]
            rows = [now, now, np.sort(then[atom.ravel() == one])]
            terms = zip(blocks, (part.tobytes() for part in rows), (1.0, -1.0, 1.0), strict=True)
            yield Equation(tuple(terms), 0.0, 0.0, -1)


def _label(row: dict[str, str]) -> tuple[str, str, str]:
    return row["size_class"], row["sector"], row["category"]


def _describe(row: dict[str, str]) -> str:
    return " ".join(row[column] for column in ("indicator", "group", "year", "size_class", "sector", "category"))


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _last_digit(row: dict[str, str]) -> float:
    """Return what the last digit of an estimate stands for, as rounding is documented; 0 where it has more digits."""
    error, estimate = _number(row["std_error"]), _number(row["estimate"])
    ends = 1 if row["statistic"] == "index" else 0
    if error > 0:
        ends = max(ends, 2 - math.floor(math.log10(error)))
        ends += round(estimate, ends) != estimate == round(estimate, ends + 1)  # an error of 9.96 is printed as 10
    elif row["statistic"] != "index" and estimate:
        ends = max(ends, 3 - math.floor(math.log10(abs(estimate)))) if not math.isnan(estimate) else ends
        ends = min(ends, len(row["estimate"].rstrip("0").partition(".")[2]))  # its error may be withheld alone
    return 0.0 if round(estimate, ends) != estimate else 10.0**-ends


def _last_digit_of_error(text: str) -> float:
    """Return what the last of two significant digits of a standard error stands for; 0 where it has more of them."""
    error = _number(text)
    if not error > 0 or float(f"{error:.1e}") != error:
        return 0.0
    return 10.0 ** (math.floor(math.log10(error)) - 1)
