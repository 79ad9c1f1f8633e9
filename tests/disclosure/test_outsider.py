"""Requests as evaluators make them, protected, written and attacked; and what is found where nothing protects.

More of them: `python benchmarks/attack.py 0 300`, of firms without holdings with `--frames`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from asked_registers import draw_wide_request
from asked_requests import Asked, AskedRequest, draw_request
from outsider import attack

from si_eval.disclosure import ReleaseLedger, protect

FEWEST = 10
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units"]


@dataclass
class Naive:
    """A table of which small cells alone are withheld, and others by their labels."""

    frame: pd.DataFrame

    def to_frame(self):
        return self.frame


def naively(table, also=lambda rows: False):
    """Withhold the rows with few units, and some others, and nothing that gives them back."""
    rows = table.frame.reset_index(drop=True)
    gone = (rows["n_units"] < FEWEST) | also(rows)
    rows = rows.assign(status=np.where(gone, "suppressed", "shown"))
    rows.loc[gone, NUMBERS] = np.nan
    return Naive(rows)


def firms(**columns):
    """Make firms of one year twice over, as the attack knows two years."""
    units = len(columns["turnover"])
    base = {"firm": np.arange(units), "joined": 0, "persons": 20.0, "branch": "C", "alpha": 0.0, "beta": 0.0,
            "profit": 1.0, "tech": np.arange(units) % 2.0}  # fmt: skip
    frame = pd.DataFrame({**base, **columns})
    return pd.concat([frame.assign(year=year) for year in (2014, 2019)], ignore_index=True)


def kinds(found):
    return {kind for kind, _, _ in found}


def test_total_minus_parts_is_found():
    turnover = np.random.default_rng(1).lognormal(10, 1, 60)
    request = AskedRequest(
        firms(turnover=turnover, alpha=(np.arange(60) < 7) * 1.0, joined=np.arange(60) % 2), ((),),
        (Asked("compare_groups", 0, "revenue", ("alpha",)), Asked("compare_groups", 0, "revenue")),
    )  # fmt: skip
    assert "a withheld cell is given back" in kinds(attack(request, [naively(table) for table in request.tables]))
    assert not attack(request, [naively(table, lambda rows: rows["category"] != "all") for table in request.tables])


def test_a_few_firms_between_two_populations_are_found():
    turnover = np.random.default_rng(1).lognormal(10, 1, 80)
    asked = [Asked("compare_groups", at, "revenue", ("sector",)) for at in (0, 1)]
    request = AskedRequest(firms(turnover=turnover, joined=np.arange(80) % 2), ((), (4, 6)), tuple(asked))
    assert "firms are given back" in kinds(attack(request, [naively(table) for table in request.tables]))


def test_firms_of_one_holding_between_two_filters_are_found():
    turnover, few = np.random.default_rng(1).lognormal(10, 1, 60), np.arange(60) < 12
    asked = (Asked("compare_groups", 0, "revenue"), Asked("compare_groups", 0, "revenue", where={"alpha": 0}))
    for holding, kind in ((np.where(few, 1.0, np.nan), {"firms are given back"}), (np.full(60, np.nan), set())):
        request = AskedRequest(firms(turnover=turnover, alpha=few * 1.0, holding=holding), ((),), asked)
        assert kinds(attack(request, [naively(table) for table in request.tables])) == kind


def test_a_block_of_single_firms_is_solved_for_by_squares():
    """Four firms in a block of two branches by two classes; all sums and standard errors of its margins are printed."""
    rng = np.random.default_rng(3)
    branch = np.repeat(["A", "A", "B", "B", "C", "C"], [1, 1, 1, 1, 30, 30])
    alpha = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], [1, 1, 1, 1, 30, 30])
    request = AskedRequest(
        firms(turnover=rng.lognormal(10, 1, 64), branch=branch, alpha=alpha), ((),),
        (Asked("compare_groups", 0, "revenue", ("sector", "alpha")), Asked("compare_groups", 0, "revenue", ("sector",)),
         Asked("compare_groups", 0, "revenue", ("alpha",))),
    )  # fmt: skip
    tables = [Naive(table.frame.assign(status="shown")) for table in request.tables]
    inner = tables[0].frame
    hidden = inner["sector"].isin(["A", "B"])
    inner.loc[hidden, NUMBERS], inner.loc[hidden, "status"] = np.nan, "suppressed"
    assert "a firm is solved for by squares" in kinds(attack(request, tables))
    for table in tables:
        table.frame[["std_error", "conf_low", "conf_high"]] = np.nan
    assert "a firm is solved for by squares" not in kinds(attack(request, tables))


def draw_block(rng, later):
    """Four firms in a block of two branches by two classes, beside sixty others; in the second year times ``later``."""
    branch = np.repeat(["A", "A", "B", "B", "C", "C"], [1, 1, 1, 1, 30, 30])
    alpha = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], [1, 1, 1, 1, 30, 30])
    frame = firms(turnover=rng.lognormal(10, 1, 64), branch=branch, alpha=alpha)
    now = frame["year"] == 2019
    return frame.assign(turnover=frame["turnover"].where(~now, frame["turnover"] * np.tile(later, 2)))


def test_changes_of_a_block_of_single_firms_are_solved_for_by_squares():
    rng = np.random.default_rng(3)
    splits = (("sector", "alpha"), ("sector",), ("alpha",))
    asked = tuple(Asked("compare_changes", 0, "revenue", by) for by in splits)
    request = AskedRequest(draw_block(rng, rng.uniform(0.5, 2, 64)), ((),), asked)
    tables = [Naive(table.frame.assign(status="shown")) for table in request.tables]
    inner = tables[0].frame
    hidden = inner["sector"].isin(["A", "B"])
    inner.loc[hidden, NUMBERS], inner.loc[hidden, "status"] = np.nan, "suppressed"
    found = [cell for kind, _, cell in attack(request, tables) if kind == "a firm is solved for by squares"]
    assert any("change of revenue" in cell for cell in found)


def test_a_few_firms_of_a_yes_or_no_are_found_however_it_is_coded():
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (10.0, 20.0)):
        tech = np.where(np.arange(40) < 3, high, low)
        request = AskedRequest(firms(turnover=np.ones(40), tech=tech), ((),), (Asked("compare_groups", 0, "tech"),))
        assert kinds(attack(request, [naively(table) for table in request.tables])) == {"a few firms of a yes or no"}


@pytest.mark.parametrize(
    ("draw", "seed"),
    [*((draw_request, seed) for seed in (1, 6, 8, 12, 22)), (draw_wide_request, 3), (draw_wide_request, 4)],
)
def test_nothing_comes_back_of_requests_that_evaluators_make(draw, seed):
    request = draw(seed)
    in_turn, ledger = bool(seed % 2), ReleaseLedger()
    safe = [protect([one], ledger=ledger)[0] for one in request.tables] if in_turn else protect(request.tables)
    assert attack(request, safe, in_turn=in_turn) == []
