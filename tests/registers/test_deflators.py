"""Money in prices of one year: series by figure and activity, book years, and what is said where one is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.errors import InputError
from si_eval.registry import Declarations, read_indicator

CLOSE = 1e-12  # relative: a few products and quotients of doubles
PRICES = pd.DataFrame(
    [  # figure, activity, year, level
        ("", "", 2014, 100), ("", "", 2015, 110), ("", "", 2016, 121),
        ("", "C", 2014, 50), ("", "C", 2015, 50), ("", "C", 2016, 100),
        ("", "62", 2014, 200), ("", "62", 2015, 100), ("", "62", 2016, 50),
        ("investment", "", 2014, 1.0), ("investment", "", 2015, 1.0), ("investment", "", 2016, 1.25),
        *(("investment_software", "", year, level) for year, level in ((2014, 8), (2015, 4), (2016, 2))),
    ],
    columns=["indicator", "activity", "year", "index"],
)  # fmt: skip
FIRMS = pd.DataFrame(
    {
        "firm": np.repeat(["a", "b", "c", "d"], 3),
        "year": [2014, 2015, 2016] * 4,
        "joined": [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "staff": [2.0] * 12,
        "sales": [100.0] * 12,
        "rd": [8.0] * 12,
        "code": np.repeat(["25.11", "62", "C", "47"], 3),
    }
)
ALL, INDUSTRY, SOFTWARE = [1.1, 1.0, 110 / 121], [1.0, 1.0, 0.5], [0.5, 1.0, 2.0]  # factors to prices of 2015


class Study:
    def __init__(self, **declared):
        self.declared = Declarations(**declared)


def frame_panel(deflators, frame=FIRMS, **arguments):
    return se.panel_from_frame(frame, unit="firm", year="year", participant="joined", employed_persons="staff",
                               revenue="sales", activity="code", deflators=deflators, **arguments)  # fmt: skip


def test_each_firm_has_the_series_nearest_to_its_activity_and_persons_have_none():
    frame = frame_panel(se.read_deflators(PRICES, base_year=2015)).to_frame()
    expected = 100 * np.array([INDUSTRY, SOFTWARE, INDUSTRY, ALL]).ravel()
    np.testing.assert_allclose(frame["revenue"], expected, rtol=CLOSE)
    np.testing.assert_allclose(frame["revenue_per_employee"], expected / 2, rtol=CLOSE)
    assert frame["employed_persons"].tolist() == [2.0] * 12


def test_growth_of_money_is_real_and_a_quotient_of_money_stays():
    growth = read_indicator("growth", {"function": "expression", "expression": "log(revenue) - log(lag(revenue))",
                                       "unit": "log points", "domain": "own", "nl": "g", "en": "g"})  # fmt: skip
    share = read_indicator("rd_share", {"function": "ratio", "numerator": "rd", "denominator": "revenue",
                                        "unit": "share", "domain": "own", "nl": "r", "en": "r"})  # fmt: skip
    heads = read_indicator("heads", {"function": "register_value", "of": "employed_persons", "unit": "persons",
                                     "domain": "own", "nl": "h", "en": "h"})  # fmt: skip
    study = Study(currency="EUR", indicators={one.name: one for one in (growth, share, heads)})
    panel = frame_panel(se.read_deflators(PRICES, base_year=2015, columns=["rd"]), study=study)
    frame = panel.to_frame()
    np.testing.assert_allclose(frame.loc[frame["year"] == 2016, "growth"], np.log([0.5, 2.0, 0.5, 1 / 1.1]), rtol=CLOSE)
    np.testing.assert_allclose(frame["rd_share"], 0.08, rtol=CLOSE)
    assert panel.prices_of(["growth", "revenue", "rd_share", "heads", "age"]) == {"growth": "2015", "revenue": "2015"}


def register(amount=100.0):
    """Make a register of one firm in software and one of unknown activity, three years, all investing each year."""
    codes = {1: "62010", 2: None}
    units = [{"be_id": unit, "year": year, "employed_persons": 4.0, "size_code": "10", "sbi": code}
             for unit, code in codes.items() for year in (2014, 2015, 2016)]  # fmt: skip
    investments = [
        {"be_id": unit, "year": year, "asset": asset, "component": part, "amount": share * amount,
         "response": "observed"}
        for unit in codes for year in (2014, 2015, 2016) for asset in ("machinery", "software")
        for part, share in (("total", 1.0), ("own_production", 0.25))
    ]  # fmt: skip
    turnover = [row for unit in codes for year in (2014, 2015, 2016) for row in quarters(unit, year, [amount / 4] * 4)]
    extract = make_extract(business_units=units, turnover=turnover, investments=investments, **one_link_each([1]))
    return extract, se.link_participants(extract)


def test_registers_have_prices_by_activity_and_asset_before_years_are_added_up():
    deflators = se.read_deflators(PRICES, base_year=2015)
    registers = register()
    frame = se.build_panel(*registers, deflators=deflators).to_frame()
    np.testing.assert_allclose(frame["revenue"], 100 * np.array([SOFTWARE, ALL]).ravel(), rtol=CLOSE)
    np.testing.assert_allclose(frame["investment_machinery"], [100.0, 100.0, 80.0] * 2, rtol=CLOSE)
    np.testing.assert_allclose(frame["investment_software"], [50.0, 100.0, 200.0] * 2, rtol=CLOSE)
    np.testing.assert_allclose(frame["own_production_software_share"], 0.25, rtol=CLOSE)
    rules = se.rule_set("replicate_2020").change(investment_years=2)
    summed = se.build_panel(*registers, rules=rules, deflators=deflators).to_frame()
    both = summed.loc[summed["be_id"] == 1, "investment_software"]
    np.testing.assert_allclose(both, [np.nan, 150.0, 300.0], rtol=CLOSE)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (12, [1.1, 1.0, 110 / 121]),
        (3, [None, 110 / (0.25 * 110 + 0.75 * 100), 110 / (0.25 * 121 + 0.75 * 110)]),
        (18, [110 / (0.5 * 110 + 0.5 * 100), 110 / (0.5 * 121 + 0.5 * 110), None]),
    ],
)
def test_a_book_year_has_the_prices_of_its_months(end, expected):
    prices = PRICES[(PRICES["activity"] == "") & (PRICES["indicator"] == "")]
    deflators = se.read_deflators(prices, base_year=2015, book_year_end={"revenue": end})
    years = [year for year, factor in zip((2014, 2015, 2016), expected, strict=True) if factor is not None]
    frame = frame_panel(deflators, FIRMS[FIRMS["year"].isin(years)]).to_frame()
    known = [factor for factor in expected if factor is not None]
    np.testing.assert_allclose(frame["revenue"], 100 * np.array(known * 4), rtol=CLOSE)


def test_all_missing_series_are_told_at_once_or_settled_as_asked():
    without = PRICES[PRICES["activity"].isin(["C", "62"]) & ~((PRICES["activity"] == "62") & (PRICES["year"] == 2016))]
    with pytest.raises(InputError) as refused:
        frame_panel(se.read_deflators(without, base_year=2015))
    told = str(refused.value)
    assert "no series for activity 47 (revenue)" in told
    assert "no 2016 in the series of all figures, activity 62 (revenue)" in told
    assert "2 problems" in told
    left_out = frame_panel(se.read_deflators(without, base_year=2015, where_missing="leave_out"))
    values = left_out.to_frame()["revenue"].tolist()
    assert values[:3] + values[6:9] == [100.0, 100.0, 50.0] * 2
    assert np.isnan(values[3:6] + values[9:]).all()
    assert sum("no figures in 2014, 2015, 2016" in note for note in left_out.notes) == 2
    whole = PRICES[~((PRICES["activity"] == "62") & (PRICES["year"] == 2016))]
    broader = frame_panel(se.read_deflators(whole, base_year=2015, where_missing="broader"))
    np.testing.assert_allclose(broader.to_frame()["revenue"][3:6], 100 * np.array(ALL), rtol=CLOSE)
    assert sum("all activities in its place" in note for note in broader.notes) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"index": 0}, "a price level that is not above 0"),
        ({"index": ""}, "no price level"),
        ({"year": 2014.5}, "a number that is no year"),
        ({"activity": "991"}, "no division or section"),
        ({"year": 2014, "activity": "", "indicator": ""}, "a year that its series has before"),
        ({"indicator": "revenu"}, "'revenu'"),
    ],
)
def test_a_wrong_line_is_refused(change, told):
    line = {"indicator": "", "activity": "G", "year": 2015, "index": 100, **change}
    prices = pd.concat([PRICES.astype(object), pd.DataFrame([line])], ignore_index=True)
    with pytest.raises(InputError) as refused:
        frame_panel(se.read_deflators(prices, base_year=2015))
    assert told in str(refused.value)


def test_deflated_values_are_other_values_of_the_same_units():
    nominal, real = frame_panel(None), frame_panel(se.read_deflators(PRICES, base_year=2015))
    assert nominal.identity.population != real.identity.population
    assert nominal.identity.universe == real.identity.universe
    assert nominal.prices_of(["revenue", "age"]) == {"revenue": "nominal"}
