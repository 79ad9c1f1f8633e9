"""What a study declares, on registers with a chain of links: the panel has what pandas computes of its own columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import StudyError
from si_eval.registry import ComparisonGroup, Declarations, Split, read_indicator

CLOSE = 1e-12  # relative: one division and two logarithms of doubles


class Study:
    """A study, as far as a panel knows of it."""

    def __init__(self, **declared):
        self.declared = Declarations(**declared)


def indicator(name, **entry):
    """Make an indicator as a study declares it."""
    return read_indicator(name, {"unit": "EUR", "domain": "own", "nl": name, "en": name, **entry})


GROWTH = indicator("growth", function="expression", expression="log(revenue) - log(lag(revenue))")
SOFTWARE = indicator("software", function="ratio", numerator="investment_software", denominator="revenue")


@pytest.fixture(scope="module")
def registers(simulated_extract):
    extract = se.read_extract(simulated_extract(scale=0.002))
    return extract, se.link_participants(extract)


@pytest.fixture(scope="module")
def panel(registers):
    study = Study(
        currency="GBP",
        indicators={"growth": GROWTH, "software": SOFTWARE},
        splits={"staff": Split("staff", "employed_persons", (0.0, 10.0, 50.0)), "letter": Split("letter", "sector")},
        groups={"makers": ComparisonGroup("makers", where={"sector": ("C",)})},
    )
    return se.build_panel(*registers, study=study)


@pytest.fixture(scope="module")
def frame(panel):
    return panel.to_frame()


def test_growth_is_that_of_the_year_before(frame):
    before = frame[["be_id", "year", "revenue"]].assign(year=frame["year"] + 1)
    both = frame.merge(before, on=["be_id", "year"], how="left", suffixes=("", "_before"))
    positive = (both["revenue"] > 0) & (both["revenue_before"] > 0)
    expected = np.log(both["revenue"].where(positive)) - np.log(both["revenue_before"].where(positive))
    assert expected.notna().sum() > 1000
    np.testing.assert_allclose(both["growth"].astype(float), expected.astype(float), rtol=CLOSE, atol=CLOSE)


def test_a_ratio_divides_where_that_can_be(frame):
    revenue = frame["revenue"].where(frame["revenue"] > 0)
    np.testing.assert_allclose(frame["software"], frame["investment_software"] / revenue, rtol=CLOSE)


def test_splits_and_groups_are_columns_of_classes(panel, frame):
    classes = pd.cut(frame["employed_persons"], [0, 10, 50, np.inf], right=False, labels=["0-9", "10-49", "50+"])
    assert frame["staff"].fillna("").tolist() == classes.astype(object).fillna("").tolist()
    assert frame["makers"].equals(frame["sector"].eq("C").fillna(False).astype(frame["makers"].dtype))
    assert panel.indicators["revenue"].unit == "GBP"
    table = se.compare_groups(panel, indicator="growth", by=["staff"], against="makers", years=[2018]).to_frame()
    assert {"10-49 · makers", "50+ · makers"} <= {" · ".join(sorted(one.split(" · "))) for one in table["category"]}


def test_what_cannot_be_computed_is_refused(registers):
    for wrong, told in (
        (indicator("odd", function="expression", expression="revenu + 1"), "column 'revenu'"),
        (indicator("odd", function="expression", expression="odd + 1"), "circle"),
        (indicator("revenue", function="expression", expression="age + 1"), "taken"),
    ):
        with pytest.raises(StudyError, match=told):
            se.build_panel(*registers, study=Study(indicators={wrong.name: wrong}))


def test_what_is_made_of_weighed_figures_is_weighed(registers):
    own = {"software": SOFTWARE, "growth": GROWTH}
    own["made"] = indicator("made", function="ratio", numerator="own_production_software", denominator="software")
    panel = se.build_panel(*registers, rules="recommended", study=Study(currency="EUR", indicators=own))
    assert {name: panel.indicators[name].weight for name in own} == {
        "software": "weight",
        "growth": "",
        "made": "weight",
    }
    frame = panel.to_frame().query("year == 2016 and participant == False and software.notna()")
    expected = np.average(frame["software"], weights=frame["weight"])
    table = se.compare_groups(panel, indicator="software", years=[2016], statistics=["mean"]).to_frame()
    assert table.set_index("group").loc["non_participant", "estimate"] == pytest.approx(expected, rel=CLOSE * 1e3)
    plain = se.build_panel(*registers, study=Study(currency="EUR", indicators=own))
    assert not any(panel.weight for panel in plain.indicators.values())
    later = indicator("later", function="expression", expression="investment_software - lag(investment_software)")
    with pytest.raises(StudyError, match="an earlier year of figures that are weighed"):
        se.build_panel(*registers, rules="recommended", study=Study(currency="EUR", indicators={"later": later}))
