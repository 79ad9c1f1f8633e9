"""Files of facts as programs and people write them: read alike, or refused with what was found; options by name."""

from __future__ import annotations

import pandas as pd
import pytest

from si_eval.errors import InputError, StudyError
from si_eval.programme.efficiency import cost_per, costs_by, leverage, load_costs, load_firms
from si_eval.programme.monitoring import (
    describe_kpis,
    kpi_growth,
    kpi_shares,
    kpi_subset,
    load_kpis,
    targets_against_results,
)
from si_eval.programme.theory import load_goals

FACTS = {
    "kpis": (
        load_kpis,
        "id,indicator,year,value,unit,source\na,jobs,2019,1234.5,jobs,report\nb,jobs,2020,20.25,jobs,report\n",
    ),
    "costs": (
        load_costs,
        "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts\n"
        "a,grant,state,national,subsidy,2001,2003,1234.5,EUR,year,yes\n"
        "b,fee,firms,firm,fee,2002,2002,20.25,EUR,total,yes\n",
    ),
    "firms": (load_firms, "id,key,value,counts,source\na,firm,1234.5,yes,A\nb,firm,20.25,yes,B\n"),
    "goals": (load_goals, "id,level,key,nl,en,target,realised,score\na,p,u,G,U,1234.5,1,+\nb,p,v,H,V,20.25,2,-\n"),
}
WRITTEN = {
    "semicolons and decimal commas": lambda text: text.replace(",", ";").replace(".", ",").encode(),
    "thousands": lambda text: text.replace(",", ";").replace("1234.5", "1.234,5").replace("20.25", "20,25").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "a mark of the encoding": lambda text: text.encode("utf-8-sig"),
    "the Windows code page": lambda text: text.replace("state", "\u00e9tat").encode("cp1252"),
    "other line ends": lambda text: text.replace("\n", "\r\n").encode(),
}
REFUSED = {
    "infinite": lambda text: text.replace("1234.5", "inf"),
    "two readings": lambda text: text.replace("1234.5", "1.500").replace("20.25", "3"),
    "words": lambda text: text.replace("1234.5", "about 10"),
    "money": lambda text: text.replace("1234.5", "\u20ac 10"),
    "an id twice": lambda text: text.replace("\nb,", "\na,"),
    "a program's word": lambda text: text.replace("\nb,", "\nNA,"),
    "ragged lines": lambda text: text.replace("\nb,", "\nb,b,"),
    "a column twice": lambda text: text.replace("id,", "id,id,").replace("a,", "a,a,", 1),
    "no rows": lambda text: text.partition("\n")[0] + "\n",
    "nothing": lambda text: "",
    "NUL": lambda text: text.replace("1234.5", "\0"),
}


@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize("name", WRITTEN)
def test_facts_are_read_as_programs_write_them(kind, name, tmp_path):
    load, text = FACTS[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(WRITTEN[name](text))
    frame = load(path).to_frame()
    assert frame["target" if kind == "goals" else "value"].tolist() == [1234.5, 20.25]


@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize("name", REFUSED)
def test_facts_that_cannot_be_read_are_refused(kind, name, tmp_path):
    load, text = FACTS[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_text(REFUSED[name](text), encoding="utf-8")
    with pytest.raises(InputError, match=f"{kind}.csv"):
        load(path)
    with pytest.raises(StudyError, match="found a folder"):
        load(tmp_path)


def test_a_wrong_year_and_a_cost_in_another_unit_are_one_problem(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text(FACTS["costs"][1].replace("2003", "20190101").replace("20.25,EUR", "20.25,EUR million"))
    with pytest.raises(InputError) as caught:
        load_costs(path)
    assert [problem.column for problem in caught.value.problems] == ["unit", "year_to"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    loaded = {}
    for kind, (load, text) in FACTS.items():
        path = folder / f"{kind}.csv"
        path.write_text(text)
        loaded[kind] = load(path)
    return loaded


def test_options_are_refused_by_name_and_nothing_is_returned_empty(facts):
    store, costs, firms = facts["kpis"], facts["costs"], facts["firms"]
    calls = [
        *((describe_kpis, (store,), {"indicators": ["jobs"], **one}, name) for name, one in (
            ("years", {"years": 2019}), ("years", {"years": "2019"}), ("years", {"years": [1999]}),
            ("years", {"years": []}), ("sources", {"sources": ["x"]}), ("table", {"table": "x"}),
            ("indicators", {"indicators": []}), ("indicators", {"indicators": ["job"]}),
        )),
        (kpi_growth, (store,), {"indicators": ["jobs"], "years": [2019]}, "years"),
        (kpi_shares, (store,), {"indicators": ["jobs"]}, "indicators"),
        (kpi_subset, (store,), {"indicator": "jobs", "whole": "jobs", "years": [2019]}, "years"),
        (costs_by, (costs,), {"by": []}, "by"),
        (costs_by, (costs,), {"by": ["payer", "payer"]}, "by"),
        (leverage, (costs,), {"level": "x"}, "level"),
        (leverage, (costs,), {"payers": ["x"]}, "payers"),
        (cost_per, (costs, firms), {"keys": ["firm"], "level": "x"}, "level"),
    ]  # fmt: skip
    for function, arguments, options, name in calls:
        with pytest.raises(StudyError, match=f"^{name}: found"):
            function(*arguments, **options)


def test_a_frame_of_targets_follows_the_same_rule(facts):
    targets = pd.DataFrame({"id": ["t"], "indicator": "jobs", "target": [1500], "unit": "jobs", "year": 2021})
    for good in (targets, targets.astype({"target": str, "year": "Int64"}), targets.assign(target="1.500,0")):
        rows = targets_against_results(facts["kpis"], good).to_frame()
        assert rows["estimate"].iloc[0] == 1500
    for bad in (targets.assign(target="1.500"), targets.assign(target=float("inf")), targets.assign(year=20210101)):
        with pytest.raises(InputError, match="targets"):
            targets_against_results(facts["kpis"], bad)
