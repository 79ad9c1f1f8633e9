"""The first gate: too few units, nothing; unknown, refused; and only this gate makes SafeTables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from si_eval.disclosure import DisclosureRules, protect
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable, SafeTable
from si_eval.vocabulary import TIDY

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units"]


def table(**columns):
    size = len(next(iter(columns.values())))
    base = {
        "exhibit": "x", "indicator": "revenue", "statistic": "mean", "group": "participant", "year": 2014,
        "size_class": "all", "sector": "all", "category": "all", "estimate": 1.0, "std_error": 0.1, "conf_low": 0.8,
        "conf_high": 1.2, "p_value": 0.5, "n_units": 50.0, "unit": "EUR", "rule_set": "r", "note": "",
        "largest": 99.0, "second_largest": 98.0, "total": 500.0, "n_holdings": 40.0,
    }  # fmt: skip
    frame = pd.DataFrame({name: columns.get(name, [value] * size) for name, value in base.items()})
    return ResultTable(frame=frame, function="f", evidence="association", cannot_show="cause", rules="r")


def test_nothing_that_gives_a_small_cell_back_is_left():
    (safe,) = protect([table(n_units=[9.0, 10.0], year=[2014, 2015], n_holdings=[9.0, 10.0])])
    frame = safe.to_frame()
    assert frame["status"].tolist() == ["suppressed", "shown"]
    assert frame.loc[0, NUMBERS].isna().all()
    assert frame.loc[1, NUMBERS].tolist() == [1.0, 0.1, 0.8, 1.2, 0.5, 10.0]
    assert set(frame.columns) == {*TIDY, "status"}


def test_as_many_tables_in_order():
    first, second = table(n_units=[20.0]).named("a"), table(n_units=[20.0]).named("b")
    assert [safe.exhibit for safe in protect([first, second])] == ["a", "b"]
    assert protect([]) == []


def test_a_number_that_could_not_be_computed_keeps_its_reason():
    (safe,) = protect([table(estimate=[np.nan], n_units=[0.0], note=["no unit has a value"])])
    assert safe.to_frame()[["status", "note"]].to_numpy().tolist() == [["shown", "no unit has a value"]]


def test_counts_of_records_are_not_counts_of_firms():
    (safe,) = protect([table(unit=["records", "persons"], statistic=["count", "count"], n_units=[np.nan, 3.0])])
    assert safe.to_frame()["status"].tolist() == ["shown", "suppressed"]


def test_coverage_of_a_few_is_said_in_words():
    result = replace(table(n_units=[20.0]), coverage={"participant": (497, 500), "non_participant": (600, 1000)})
    (safe,) = protect([result])
    assert safe.coverage == "participants (nearly) all, non-participants 60%"


REFUSED = {
    "not a result": pd.DataFrame(),
    "an unknown statistic": table(statistic=["maximum"]),
    "a survival step": table(statistic=["survival"]),
    "a percentile": table(statistic=["p90"]),
    "an unknown group": table(group=["firm 12"]),
    "money in a unit of records": table(unit=["records"]),
    "a number without its count": table(n_units=[np.nan]),
}


@pytest.mark.parametrize("unsafe", REFUSED.values(), ids=REFUSED.keys())
def test_fails_closed(unsafe):
    with pytest.raises(DisclosureError, match="found"):
        protect([table(n_units=[20.0]), unsafe])


UNUSABLE = [
    {"rules": "strict"},
    {"rules": 10},
    {"known": pd.DataFrame()},
    {"known": pd.DataFrame({"indicator": ["revenue"], "statistic": ["median"], "estimate": [1.0]})},
    {"ledger": object()},
    {"merge": "always"},
]


@pytest.mark.parametrize("arguments", UNUSABLE)
def test_what_it_cannot_do_it_refuses(arguments):
    with pytest.raises(DisclosureError, match="expected"):
        protect([table(n_units=[20.0])], **arguments)


def test_a_single_table_is_refused_with_what_to_write():
    with pytest.raises(DisclosureError, match=r"protect\(\[table\]\)"):
        protect(table(n_units=[20.0]))


def test_a_safe_table_cannot_be_made_by_hand():
    (safe,) = protect([table(n_units=[20.0])])
    with pytest.raises(TypeError, match="protect"):
        SafeTable(**{**vars(safe), "seal": None})


def test_the_threshold_is_a_setting():
    (safe,) = protect([table(n_units=[12.0])], rules=DisclosureRules(name="own", min_units=15))
    assert safe.to_frame()["status"].tolist() == ["suppressed"]
    assert safe.disclosure_rules == "own"


def test_the_office_has_not_confirmed_its_preset():
    assert DisclosureRules.preset("cbs").verified_by == ""
