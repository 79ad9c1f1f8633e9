"""What the programme cost: every told amount once, ranges where sources give them, and what is not told."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from paths import ROOT
from safe_tables import make_safe_table

from si_eval.disclosure import protect
from si_eval.errors import InputError, StudyError
from si_eval.programme.efficiency import (
    Costs,
    cost_per,
    cost_per_participant,
    costs_by,
    in_kind,
    leverage,
    list_costs,
    load_costs,
    load_firms,
    missing_costs,
    shares_by_perspective,
)
from si_eval.published import compare_published
from si_eval.results import Linkage, ResultTable, SafeTable
from si_eval.vocabulary import TIDY

PUBLISHED = ROOT / "data" / "published"
FILE = ROOT / "data" / "theory" / "costs.csv"
COSTS = load_costs(FILE)
FIRMS = load_firms(FILE.with_name("firms.csv"))


def seal(table: ResultTable) -> SafeTable:
    return make_safe_table(table, table.to_frame().assign(status="shown"), "cbs")


def numbers(table: ResultTable, *keys: str) -> dict[object, float]:
    frame = table.to_frame()
    frame = frame[
        ~frame["indicator"].str.contains("_low|_high") & ~((frame["category"] == "all") & frame["year"].isna())
    ]
    index = frame[keys[0]] if len(keys) == 1 else frame[list(keys)].apply(tuple, axis=1)
    return dict(zip(index, frame["estimate"], strict=True))


def number(table: ResultTable, indicator: str, category: str = "all") -> float:
    frame = table.to_frame()
    (found,) = frame.loc[(frame["indicator"] == indicator) & (frame["category"] == category), "estimate"]
    return float(found)


def written(tmp_path: Path, **changes: dict[str, str]) -> Path:
    """Write the reference costs with some cells changed, by id."""
    with FILE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows = [{**row, **changes.get(row["id"], {})} for row in rows]
    path = tmp_path / "costs.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_the_same_cost_told_twice_counts_once():
    payers = numbers(costs_by(COSTS, by=["payer"]), "category")
    assert payers["ezk"] == 4 * 100_000 + 3 * 300_000 + 2 * 200_000 + 450_000
    assert payers["future_fund"] == 2_800_000 + 5_000_000
    programme_office = COSTS.to_frame().query("key.str.startswith('programme_office') and counts == 'yes'")
    assert len(programme_office) == 2
    office = (programme_office["value"] * (programme_office["year_to"] - programme_office["year_from"] + 1)).sum()
    assert office == COSTS.to_frame().set_index("id").loc["CO005", "value"]  # 1.3 million, as printed


def test_every_split_adds_up_to_the_same_total():
    totals = {number(costs_by(COSTS, by=by), "costs") for by in (["payer"], ["kind"], ["level"])}
    sums = {sum(numbers(costs_by(COSTS, by=[by]), "category").values()) for by in ("payer", "kind", "level")}
    years = sum(numbers(costs_by(COSTS, by=["year"]), "year", "category").values())
    assert totals | sums | {years} == {328_550_000.0}


def test_two_tellings_that_differ_give_a_range():
    frame = costs_by(COSTS, by=["payer"]).to_frame().query("category == 'ezk'").set_index("indicator")["estimate"]
    assert frame["costs_high"] - frame["costs"] == 200_000  # three years of hiring instead of two
    assert frame["costs_low"] == frame["costs"]
    years = costs_by(COSTS, by=["year"]).to_frame()
    assert years.query("indicator == 'costs_high' and year == year")[["year", "estimate"]].to_numpy().tolist() == [
        [2019, 500_000]
    ]


def test_an_amount_without_a_year_is_not_spread():
    frame = costs_by(COSTS, by=["year"]).to_frame()
    assert frame.query("category == 'not_told'")["note"].tolist() == ["the source does not say in which year"]
    assert numbers(costs_by(COSTS, by=["year"]), "year")[2015] == 100_000


def test_staff_time_in_years_and_ranges():
    table = in_kind(COSTS)
    assert number(table, "in_kind_years", "fme") == pytest.approx(4 * 1.2 + 3 * 2.5)
    assert (number(table, "in_kind_years_low", "kmu"), number(table, "in_kind_years_high", "kmu")) == (2.5, 5)
    assert number(table, "in_kind_years_low") == pytest.approx(12.3 + 2.5 + 7 + 7 + 0.9)
    assert number(table, "in_kind_years_high") == pytest.approx(12.3 + 5 + 14 + 14 + 0.9)
    assert number(table, "in_kind_each_year", "international_ambassador") == 0.2


def test_leverage_is_others_over_own_and_no_causal_claim():
    table = leverage(COSTS, payers=["national_government"], level="fieldlab")
    assert number(table, "leverage", "national_government · fieldlab") == pytest.approx((117 + 47 + 34 + 34) / 83)
    notes = " ".join(table.to_frame()["note"])
    assert "no causal claim" in notes
    assert "no causal claim" in table.cannot_show
    wide = leverage(COSTS)
    assert number(wide, "leverage_low", "national") < number(wide, "leverage", "national")
    with pytest.raises(StudyError, match="ezk"):
        leverage(COSTS, payers=["ministry"])
    nothing = leverage(COSTS, payers=[], level="hub").to_frame().query("indicator == 'leverage'")
    assert nothing["estimate"].isna().all()


def test_costs_per_firm_that_sources_tell_of():
    assert FIRMS.range_of("active_firm") == (600, 630)
    table = cost_per(COSTS, FIRMS, keys=["active_firm"])
    assert number(table, "cost_per_active_firm_low") == pytest.approx(328_550_000 / 630)
    assert number(table, "cost_per_active_firm_high") == pytest.approx(328_750_000 / 600)
    assert number(table, "cost_per_active_firm", "public") == pytest.approx((328_550_000 - 117_000_000) / 615)
    with pytest.raises(StudyError, match="found 'partner'; expected keys that count: active_firm"):
        cost_per(COSTS, FIRMS, keys=["partner"])


def funnel(**years: int) -> Linkage:
    rows = [("listed", "kept", None, 733), ("unique", "kept", None, 552), ("unique", "duplicate", None, 181)]
    rows += [("counted", "kept", int(year[1:]), count) for year, count in years.items()]
    rows += [("counted", "unit_shared", int(year[1:]), 7) for year in years]
    frame = pd.DataFrame(rows, columns=["step", "reason", "year", "n"]).astype({"year": "Int64"})
    return Linkage(frame, pd.DataFrame({"year": [], "be_id": [], "n_kvk": []}))


def test_costs_per_participant_are_over_what_the_linkage_kept():
    table = cost_per_participant(COSTS, funnel(y2019=494, y2014=428, y2020=0))
    assert number(table, "cost_per_participant_low") == pytest.approx(328_550_000 / 552)
    assert number(table, "cost_per_participant_high") == pytest.approx(328_750_000 / 494)
    assert number(table, "participants_unique") == 552
    linked = table.to_frame().query("indicator == 'linked_units'").iloc[0]
    assert linked[["year", "estimate", "n_units"]].tolist() == [2019, 494, 494]
    listed = cost_per_participant(COSTS, funnel(y2019=494), steps=["listed"], level="hub")
    assert number(listed, "cost_per_participant") == pytest.approx(2_800_000 / 733)
    with pytest.raises(StudyError, match="found 'found'; expected steps of the funnel: listed, unique, counted"):
        cost_per_participant(COSTS, funnel(y2019=494), steps=["found"])


@pytest.mark.parametrize(("linked", "shown"), [(12, True), (9, False)])
def test_costs_per_few_linked_participants_are_withheld(linked, shown):
    table = cost_per_participant(COSTS, funnel(y2019=linked))
    assert not table.public
    (safe,) = protect([table.named("cost")])
    frame = safe.to_frame().query("indicator != 'participants_unique'")
    assert (frame["estimate"].notna() == shown).all()
    assert (frame["status"] == ("shown" if shown else "suppressed")).all()


def test_faulty_numbers_of_firms_are_all_reported(tmp_path):
    path = tmp_path / "firms.csv"
    path.write_text("id,key,value,counts,source,reason\n1,firm,0,yes,A,\n1,firm,5,no,,\n2,firm,many,maybe,B,\n")
    with pytest.raises(InputError) as error:
        load_firms(path)
    assert {(problem.column, problem.count) for problem in error.value.problems} == {
        ("id", 1), ("value", 1), ("counts", 1), ("reason", 1), ("source", 1),
    }  # fmt: skip
    path.write_text("id,key,value,count,source\n")
    with pytest.raises(InputError, match="did you mean `counts`"):
        load_firms(path)


def test_shares_of_fieldlab_money_are_those_printed():
    frame = shares_by_perspective(COSTS).to_frame().query("indicator == 'cost_share_fieldlab'")
    shares = frame.set_index("category")["estimate"].round(2).to_dict()
    assert shares == {"national": 0.26, "private": 0.37, "regional": 0.15, "knowledge": 0.11, "european": 0.11}
    whole = shares_by_perspective(COSTS).to_frame().groupby("indicator")["estimate"].sum()
    assert np.allclose(whole, 1)


def test_what_is_not_told_is_listed_with_the_reason():
    frame = missing_costs(COSTS).to_frame()
    missing = frame[frame["estimate"].isna()]
    assert {"CO019", "CO033", "SC001"} <= set(missing.query("indicator == 'missing_amount'")["category"])
    assert {"CO009", "CO010"} <= set(missing.query("indicator == 'missing_year'")["category"])
    assert (missing["note"] != "").all()


def test_every_printed_cost_is_reproduced():
    figures = pd.read_csv(PUBLISHED / "goals_costs_figures.csv", dtype=str, keep_default_na=False)
    mine = figures[figures["exhibit"] == "efficiency_costs"]
    claims = pd.read_csv(PUBLISHED / "claims.csv", dtype=str, keep_default_na=False).head(0)
    tables = [seal(list_costs(COSTS).named("efficiency_costs"))]
    verdicts = compare_published(tables, figures=mine, claims=claims, readings=PUBLISHED / "readings.toml").to_frame()
    assert set(verdicts["verdict"]) <= {"exact", "within precision"}
    assert len(mine) == COSTS.to_frame()[["value", "low", "high"]].notna().sum().sum()


def test_tables_are_tidy_and_public():
    tables = [
        costs_by(COSTS, by=["payer"]), list_costs(COSTS), in_kind(COSTS), leverage(COSTS), missing_costs(COSTS),
        cost_per(COSTS, FIRMS, keys=["active_firm"]), shares_by_perspective(COSTS),
    ]  # fmt: skip
    for table in tables:
        frame = table.to_frame()
        assert table.public
        assert list(frame.columns) == list(TIDY)
        assert not frame.duplicated(["indicator", "statistic", "year", "category"]).any()
        assert (frame["estimate"].notna() | (frame["note"] != "")).all()


def test_row_order_never_matters_and_the_input_stays():
    before = COSTS.to_frame()
    shuffled = Costs(before.sample(frac=1, random_state=1).reset_index(drop=True))
    for by in (["payer"], ["year"], ["level", "kind"]):
        one, other = (costs_by(costs, by=by).to_frame() for costs in (COSTS, shuffled))
        keys = ["indicator", "category", "year"]
        pd.testing.assert_frame_equal(
            one.sort_values(keys, ignore_index=True), other.sort_values(keys, ignore_index=True)
        )
    pd.testing.assert_frame_equal(before, COSTS.to_frame())


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"CO001": {"value": "-1"}}, "value"),
        ({"CO001": {"value": "much"}}, "value"),
        ({"CO001": {"year_from": "2019"}}, "year_to"),
        ({"CO001": {"year_to": ""}}, "year_to"),
        ({"CO029": {"low": "3"}}, "high"),
        ({"CO003": {"same_as": "CO999"}}, "same_as"),
        ({"CO003": {"counts": "yes"}}, "same_as"),
        ({"CO003": {"reason": ""}}, "reason"),
        ({"CO003": {"id": "CO001"}}, "id"),
        ({"CO009": {"per": "month"}}, "per"),
        ({"CO009": {"per": "year"}}, "year_from"),
    ],
)
def test_faulty_costs_are_refused(tmp_path, changes, column):
    with pytest.raises(InputError) as error:
        load_costs(written(tmp_path, **changes))
    assert column in {problem.column for problem in error.value.problems}


def test_all_faults_at_once_and_unknown_columns(tmp_path):
    path = written(tmp_path, CO001={"value": "-1"}, CO003={"reason": ""}, CO029={"low": "3"})
    with pytest.raises(InputError) as error:
        load_costs(path)
    assert len(error.value.problems) == 3
    pd.read_csv(path, dtype=str).rename(columns={"payer": "payers"}).to_csv(path, index=False)
    with pytest.raises(InputError, match="did you mean `payer`"):
        load_costs(path)
    with pytest.raises(StudyError, match="expected splits: payer"):
        costs_by(COSTS, by=["colour"])


def test_another_programme_runs_on_its_own_file(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(
        "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts\n"
        "1,grant,state,national,subsidy,2001,2003,10,EUR,year,yes\n"
        "2,fee,firms,firm,fee,2002,2002,30,EUR,total,yes\n",
        encoding="utf-8",
    )
    costs = load_costs(path)
    assert numbers(costs_by(costs, by=["year"]), "year") == {2001: 10, 2002: 40, 2003: 10}
    assert number(leverage(costs, payers=["state"]), "leverage", "state") == 1
