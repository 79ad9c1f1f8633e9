"""Cells are sets of firms: what labels hid, and what standard errors, estimates and a changed extract tell."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.disclosure import DisclosureRules, ReleaseLedger, decide, protect
from si_eval.disclosure.cover import Cover
from si_eval.errors import DisclosureError, StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.results import Cell, UnitSet

UNITS = 160


def firms(seed=1, units=UNITS, **columns):
    """Make firms of one year: who joined, in which branch, and what is asked for."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"firm": np.arange(units), "year": 2019, "joined": np.arange(units) % 2, "sales": rng.lognormal(8, 0.6, units),
         "branch": np.where(np.arange(units) % 4 < 2, "B", "D")}
    )  # fmt: skip
    return frame.assign(**columns)


def panel_of(frame, **names):
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", revenue="sales", sector="branch", **names
    )


def means(table, group="participant"):
    return table.to_frame().query("statistic == 'mean' and group == @group")


def test_a_code_with_a_plus_is_a_class_of_its_own():
    """Five firms of B+D beside many of B and of D: the label is no union."""
    branch = np.array(["B", "D"])[np.arange(UNITS) // 2 % 2].astype(object)
    branch[:10] = "B+D"
    panel = panel_of(firms(branch=branch))
    (safe,) = protect([se.compare_groups(panel, indicator="revenue", by=["sector"])])
    rows = means(safe).set_index("sector")
    assert rows.loc["B+D", "status"] == "suppressed"
    whole, split = protect([se.compare_groups(panel, indicator="revenue", by=list(by)) for by in ((), ("sector",))])
    both = [means(whole)["status"].tolist(), means(split)["status"].tolist()]
    assert sum(status == "suppressed" for statuses in both for status in statuses) > 1


def test_one_variable_under_two_names_is_one():
    """A cell that is withheld under one name is not given by the margins of the other."""
    small = np.where(np.arange(UNITS) < 12, "S", np.where(np.arange(UNITS) % 4 < 2, "B", "D"))
    frame = firms(branch=small).assign(turnover=lambda rows: rows["sales"])
    panel = panel_of(frame, extra=("turnover",))
    split = se.compare_groups(panel, indicator="revenue", by=["sector"])
    other = se.compare_groups(panel, indicator="turnover")
    parts = se.compare_groups(panel, indicator="turnover", where={"sector": ["B", "D"]})
    safe = protect([split, other, parts])
    gone = means(safe[0]).set_index("sector")["status"] == "suppressed"
    assert gone["S"]
    shown = [means(table)["status"].tolist() == ["shown"] for table in safe[1:]]
    assert not all(shown), "the total less the rest is the withheld cell"


def test_what_is_left_of_a_cell_is_judged_by_its_holdings():
    """Twelve firms of one holding are what two means differ by."""
    own = np.arange(UNITS).astype(float) + UNITS
    frame = firms(holding=np.where(np.arange(UNITS) < 24, 1.0, own), rest=(np.arange(UNITS) >= 24) * 1.0)
    for names, both_leave in (({"group": "holding"}, False), ({}, True)):
        panel = panel_of(frame, extra=("rest",), **names)
        tables = [se.compare_groups(panel, indicator="revenue", where=where) for where in (None, {"rest": 1})]
        shown = [means(table)["status"].item() == "shown" for table in protect(tables)]
        assert all(shown) == both_leave


@pytest.fixture
def block():
    """Make a panel with four firms in a block of two branches by two classes, and rules that let them be shown."""
    sizes = [1, 1, 1, 1, 40, 40]
    frame = firms(
        units=sum(sizes), joined=1, branch=np.repeat(list("AABBCC"), sizes), flag=np.repeat([0.0, 1.0] * 3, sizes)
    )
    return panel_of(frame, extra=("flag",))


def test_standard_errors_that_solve_a_block_of_single_firms_go(block):
    """Printed sums leave the block open, printed squares do not."""
    rules = DisclosureRules(min_units=1, dominance=((1, 0.95),), p_percent=0, zeros="safe", quantile_units=0)
    asked = ([], ["sector"], ["flag"], ["sector", "flag"])
    decision = decide([se.compare_groups(block, indicator="revenue", by=by) for by in asked], rules=rules)
    block = means(decision.tables[3]).query("sector != 'C'")
    assert set(block["status"]) == {"suppressed"}
    margins = pd.concat([means(decision.tables[1]).query("sector != 'C'"), means(decision.tables[2])])
    assert set(margins["status"]) == {"shown"}
    gone = margins["std_error"].isna()
    assert gone.any(), "two sums of squares and a sum give the four firms"
    assert margins.loc[gone, ["conf_low", "conf_high", "p_value"]].isna().all(axis=None)
    assert margins.loc[gone, "note"].str.contains("without standard error").all()
    assert not margins.loc[~gone, "note"].str.contains("without standard error").any()


def test_means_of_logarithms_of_single_firms_go(block):
    """Sums of logarithms that are, or leave, those of single firms go; a total with many other firms stays."""
    rules = DisclosureRules(min_units=1, dominance=((1, 0.95),), p_percent=0, zeros="safe", quantile_units=0)
    asked = ([], ["sector"], ["flag"], ["sector", "flag"])
    tables = [se.compare_groups(block, indicator="revenue", by=by, statistics=["mean", "mean_log"]) for by in asked]
    safe = [table.to_frame().query("group == 'participant'") for table in protect(tables, rules=rules)]
    means, logs = (pd.concat(safe[:3]).query("statistic == @name") for name in ("mean", "mean_log"))
    assert means["status"].eq("shown").all()
    shown = logs.query("status == 'shown'")
    assert shown["sector"].eq("all").all(), "the total less branch C is four firms, and both less each are two"
    assert shown["category"].tolist() == ["all", "1.0"], "with either class the other and branch C are four firms"


def test_two_estimates_one_firm_apart_do_not_both_leave():
    simulated = se.simulate_firms(firms=400, participants=120, years=6, seed=1).frame
    names = {"unit": "firm", "year": "year", "participant": "participant", "revenue": "revenue"}
    tables = []
    for frame in (simulated, simulated[simulated["firm"] != simulated["firm"].max()]):
        panel = se.panel_from_frame(frame, **names, entry_year="entry_year")
        tables.append(se.estimate_effect(panel, outcome="revenue", design="staggered").named(f"e{len(tables)}"))
    overall = "category == 'overall' and statistic == 'att'"
    statuses = [table.to_frame().query(overall)["status"].item() for table in protect(tables)]
    assert statuses == ["shown", "suppressed"]
    ledger = ReleaseLedger()
    protect(tables[:1], ledger=ledger)
    kept = ReleaseLedger.from_content(ledger.content())
    kept.sources = dict(ledger.sources)
    (later,) = protect(tables[1:], ledger=kept)
    assert later.to_frame().query(overall)["status"].item() == "suppressed"
    same = protect([tables[0], tables[0].named("again")])
    assert all((table.to_frame()["status"] == "shown").any() for table in same)


def test_a_withheld_count_of_nobody_leaves_no_trace_in_means():
    """No participant is in branch J; the count says nothing of it, and so must the mean."""
    units = [{"be_id": unit, "year": 2019, "employed_persons": 20.0, "sbi": "28000"} for unit in range(1, 81)]
    units += [{"be_id": unit, "year": 2019, "employed_persons": 20.0, "sbi": "62000"} for unit in range(81, 121)]
    turnover = [row for unit in range(1, 121) for row in quarters(unit, 2019, [1000.0 + 7 * unit] * 4)]
    extract = make_extract(business_units=units, turnover=turnover, **one_link_each(range(1, 41)))
    panel = build_panel(extract, link_participants(extract))
    tables = [
        se.describe_reach(panel, year=2019), se.compare_groups(panel, indicator="revenue", by=["sector"], years=[2019])
    ]  # fmt: skip
    inside = tables[0].frame.query("indicator == 'sector' and sector == 'J' and group == 'participant'")
    assert inside["n_units"].eq(0).all()
    counts, levels = protect(tables)
    nobody = counts.to_frame().query("indicator == 'sector' and sector == 'J' and group == 'participant'")
    trace = levels.to_frame().query("sector == 'J' and group == 'participant'")
    assert set(nobody["status"]) <= {"suppressed"}
    assert set(trace["status"]) <= {"suppressed"}
    assert trace["note"].eq("").all()


def test_a_ratio_gives_way_to_the_means_and_counts_beside_it():
    """Four firms have persons and no revenue: the ratio of sums, which tells persons of the others, goes alone."""
    branches = {unit: "62000" if unit <= 14 else "46000" if unit <= 28 else "28000" for unit in range(1, UNITS + 1)}
    units = [
        {"be_id": unit, "year": 2019, "employed_persons": (20.0 if unit % 8 < 4 else 80.0) + unit % 7,
         "sbi": branches[unit], "founded": date(2010, 1, 1)}
        for unit in branches
    ]  # fmt: skip
    turnover = [
        row for unit in branches if unit not in (1, 2, 9, 17) for row in quarters(unit, 2019, [1000.0 + 7 * unit] * 4)
    ]
    extract = make_extract(business_units=units, turnover=turnover, **one_link_each(range(1, UNITS + 1, 2)))
    panel = build_panel(extract, link_participants(extract))
    split = {"by": ["size_class"], "years": [2019]}
    reach, revenue, per_employee = (
        table.to_frame().query("statistic != 'median'")
        for table in protect([
            se.describe_reach(panel, year=2019),
            se.compare_groups(panel, indicator="revenue", **split),
            se.compare_groups(panel, indicator="revenue_per_employee", **split),
        ])
    )  # fmt: skip
    assert (reach.query("indicator == 'sector' and group == 'participant'")["status"] == "suppressed").any()
    assert (reach.query("indicator in ('size_class', 'employed_persons')")["status"] == "shown").all()
    assert (revenue["status"] == "shown").all()
    gone = per_employee["status"] == "suppressed"
    assert set(per_employee.loc[gone, "statistic"]) == {"ratio_of_sums"}


def test_a_ledger_of_other_data_is_refused_until_a_checker_agrees(tmp_path):
    first = panel_of(firms(seed=1))
    ledger = ReleaseLedger()
    protect([se.compare_groups(first, indicator="revenue")], ledger=ledger)
    kept = ReleaseLedger.load(ledger.save(tmp_path / "ledger.json"))
    again = se.compare_groups(panel_of(firms(seed=1)), indicator="revenue")
    assert (means(protect([again], ledger=kept)[0])["status"] == "shown").all()
    kept = ReleaseLedger.load(tmp_path / "ledger.json")
    other = se.compare_groups(panel_of(firms(seed=2)), indicator="revenue")
    with pytest.raises(DisclosureError, match="set_aside_earlier"):
        protect([other], ledger=kept)
    with pytest.raises(DisclosureError, match="reason"):
        kept.set_aside_earlier(list(other.sources), reason=" ")
    assert (
        kept.set_aside_earlier(list(other.sources), reason="the register was delivered anew; agreed by the office") > 0
    )
    assert (means(protect([other], ledger=kept)[0])["status"] == "shown").all()
    assert ReleaseLedger.from_content(kept.content()).set_aside == kept.set_aside


class WeighingPanel:
    """A source of units that says which variables it weighs, and has no units."""

    universe = fingerprint = "one extract"

    def __init__(self, population, weighed=()):
        self.population, self.weighed = population, weighed

    def weight_of(self, variable):
        return "weight" if variable in self.weighed else ""

    def partition(self, cells, others):
        raise StudyError("parted")


@pytest.mark.parametrize("years", [(2019, 2019), (2018, 2019)])
def test_investments_leave_weighed_or_as_they_are_but_not_both(years):
    """Where all firms are asked both are one figure, of populations that may differ by a firm."""
    sources = {"plain": WeighingPanel("plain"), "weighed": WeighingPanel("weighed", ["machines"])}
    for variables, refused in ((("machines", "machines"), years[0] == years[1]), (("revenue", "revenue"), False)):
        cells = [
            Cell(UnitSet(population, year), variable)
            for population, year, variable in zip(sources, years, variables, strict=True)
        ]
        with pytest.raises(DisclosureError if refused else StudyError, match="machines" if refused else "parted"):
            Cover.of(cells, sources)
