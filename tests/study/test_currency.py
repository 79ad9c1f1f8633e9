"""A study in another currency than the euro: every unit, label and sign is of it, and other money is refused.

That no byte of the results says euro is tested on a whole run, in test_chapters.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from si_eval.errors import InputError, StudyError
from si_eval.programme.efficiency import cost_per, costs_by, leverage, load_costs, load_firms
from si_eval.published.verdicts import not_one_currency
from si_eval.registry import currency_of, in_euro, indicators, named_currency
from si_eval.report import cell
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.vocabulary import label

HEAD = "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,perspective,reason\n"
COSTS = "1,grant,state,national,subsidy,2019,2020,12500000,GBP,total,yes,national,\n"
COSTS += "2,fee,firms,firm,fee,2020,2020,600,GBP,total,yes,private,\n"
STUDY = """
name = "vouchers"
title = { nl = "Bonnen", en = "Vouchers" }
currency = "GBP"
[facts]
costs = "costs.csv"
firms = "firms.csv"
[[exhibits]]
id = "paid"
chapter = "1"
title = { nl = "Kosten", en = "Costs" }
function = "costs_by"
arguments = { by = ["payer"] }
chart = { kind = "bars", x = "category", divisor = 1000 }
[[exhibits]]
id = "each"
chapter = "1"
title = { nl = "Kosten per firma", en = "Costs for each firm" }
function = "cost_per"
arguments = { keys = ["firm"] }
chart = { kind = "table" }
[[exhibits]]
id = "others"
chapter = "1"
title = { nl = "Hefboom", en = "Leverage" }
function = "leverage"
chart = { kind = "table" }
"""


def programme(folder: Path, text: str = STUDY, costs: str = COSTS) -> Path:
    (folder / "costs.csv").write_text(HEAD + costs, encoding="utf-8")
    (folder / "firms.csv").write_text("id,key,value,counts,source\n1,firm,50,yes,A\n", encoding="utf-8")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def test_indicators_of_the_registry_are_in_the_currency_of_the_study():
    units = {name: entry.unit for name, entry in indicators("GBP").items()}
    assert units["revenue_per_employee"] == "GBP per person employed"
    assert not [unit for unit in units.values() if "EUR" in unit]
    assert indicators()["revenue"].unit == "EUR"


def test_costs_in_pounds_add_up_and_none_is_zero(tmp_path):
    study = load_study(programme(tmp_path))
    safe = {table.exhibit: table for table in protect_exhibits(study, compute_exhibits(study))}
    paid = safe["paid"].to_frame().set_index("category")
    assert paid["estimate"].to_dict() == {"state": 12_500_000.0, "firms": 600.0, "all": 12_500_600.0}
    assert set(paid["unit"]) == {"GBP"}
    assert cell(safe["paid"], category="state", format="money").text == {"nl": "£\u00a012.500.000", "en": "£12,500,000"}
    with pytest.raises(StudyError, match='write format="money"'):
        cell(safe["paid"], category="state", format="euro")


REFUSED = {
    "another currency": ("12500000,EUR,total,yes,national,", "an amount in another currency"),
    "another currency that does not count": ("5,EUR,total,no,national,told twice", "an amount in another currency"),
    "another currency in words": ("5,million dollars,total,no,national,told twice", "an amount in another currency"),
    "millions": ("12.5,GBP million,total,yes,national,", "a cost that counts in another unit"),
    "a unit that is not known": ("12.5,florins,total,yes,national,", "a cost that counts in another unit"),
    "a sign before the amount": ("£12.5,GBP,total,yes,national,", "value"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_money_that_is_not_understood_is_refused(tmp_path, name):
    row, told = REFUSED[name]
    path = programme(tmp_path, costs=f"1,grant,state,national,subsidy,2019,2020,{row}\n").parent / "costs.csv"
    with pytest.raises(InputError) as error:
        load_costs(path, currency="GBP")
    assert told in str(error.value)


def test_costs_that_nobody_tells_are_missing_not_zero(tmp_path):
    path = programme(tmp_path, costs="1,grant,state,national,subsidy,2019,2020,5,FTE,total,yes,national,\n").parent
    costs, firms = load_costs(path / "costs.csv", currency="GBP"), load_firms(path / "firms.csv")
    for table in (costs_by(costs, by=["payer"]), cost_per(costs, firms, keys=["firm"]), leverage(costs)):
        money = table.to_frame().query("indicator != 'leverage_others' and indicator != 'leverage_own'")
        assert money["estimate"].isna().all(), table.function
        assert (money["note"] != "").all(), table.function


def test_key_figures_in_another_currency_are_refused(tmp_path):
    kpis = "id,indicator,year,value,unit,source\na,funding,2020,5,EUR million,Yearbook\n"
    (tmp_path / "figures.csv").write_text(kpis, encoding="utf-8")
    exhibit = '[[exhibits]]\nid = "k"\nchapter = "1"\ntitle = { nl = "K", en = "K" }\nfunction = "kpi_growth"\n'
    exhibit += 'arguments = { indicators = ["funding"] }\n'
    text = STUDY.replace("[facts]", '[facts]\nkpis = "figures.csv"') + exhibit + 'chart = { kind = "table" }\n'
    with pytest.raises(InputError, match="money in GBP"):
        compute_exhibits(load_study(programme(tmp_path, text)))


LABELS = {
    ("GBP", "en"): "British pounds",
    ("GBP per person employed", "en"): "British pounds per person employed",
    ("GBP per person employed", "nl"): "Britse pond per werkzame persoon",
    ("CHF for each CHF", "en"): "Swiss francs for each Swiss franc",
    ("GBP per patent", "en"): "GBP per patent",
    ("EUR", "en"): "euro",
}


@pytest.mark.parametrize(("term", "language"), LABELS)
def test_units_of_money_have_labels_in_any_currency(term, language):
    assert label(term, language) == LABELS[term, language]


def test_a_unit_is_money_only_where_it_begins_with_a_currency():
    assert [currency_of(unit) for unit in ("GBP", "GBP a year", "TOP sales", "persons", "")] == [
        "GBP",
        "GBP",
        "",
        "",
        "",
    ]
    assert [named_currency(unit) for unit in ("million euro", "£m", "GBP", "vouchers")] == ["EUR", "GBP", "GBP", ""]
    assert in_euro("GBP for each GBP") == "EUR for each EUR"


def test_a_figure_that_was_published_in_another_currency_is_not_compared():
    assert not_one_currency("EUR", "GBP per person employed")
    assert not not_one_currency("GBP million", "GBP")
    assert not not_one_currency("EUR", "persons")


def test_what_is_no_currency_is_refused(tmp_path):
    with pytest.raises(InputError, match="currency: found 'GPB'; expected the code of a currency"):
        load_study(programme(tmp_path, STUDY.replace('"GBP"', '"GPB"')))
