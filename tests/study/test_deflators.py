"""Price series and outcome of a study: read with its file, refused with all that is wrong, told in the provenance."""

from __future__ import annotations

import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import InputError
from si_eval.study.checks import check_study
from si_eval.study.provenance import describe_deflators

STUDY = """
name = "small"
title = "Small"
languages = ["en"]
currency = "GBP"
[extract]
link = "direct"
folders = ["raw"]
[indicators.exports]
column = "exports"
unit = "GBP"
labels = "Exports"
[deflators]
file = "prices.csv"
base_year = 2016
{more}
[[exhibits]]
id = "exports"
chapter = "1"
title = "Exports"
function = "compare_groups"
arguments = {{ indicator = "exports", years = [2015] }}
chart = {{ kind = "table" }}
"""


@pytest.fixture
def write(tmp_path):
    """Write a study with its registers and prices; return its path."""
    raw = tmp_path / "raw"
    raw.mkdir()
    firms = pd.DataFrame({"be_id": ["a", "b"] * 2, "year": [2015, 2015, 2016, 2016], "sbi": "25", "turnover": 10.0,
                          "exports": 4.0})  # fmt: skip
    firms.to_csv(raw / "business_units.csv", index=False)
    pd.DataFrame({"be_id": ["a"]}).to_csv(raw / "participants.csv", index=False)

    def written(more="", prices="year;index\n2015;80\n2016;100\n"):
        (tmp_path / "prices.csv").write_text(prices)
        (tmp_path / "study.toml").write_text(STUDY.format(more=more))
        return tmp_path / "study.toml"

    return written


def test_money_of_a_study_is_in_prices_of_its_base_year(write):
    study = se.load_study(write())
    _, _, panel = se.read_registers(study)
    frame = panel.to_frame()
    assert frame.loc[frame["year"] == 2015, ["revenue", "exports"]].to_numpy().tolist() == [[12.5, 5.0]] * 2
    assert frame.loc[frame["year"] == 2016, ["revenue", "exports"]].to_numpy().tolist() == [[10.0, 4.0]] * 2
    assert panel.prices_of(panel.indicators).items() >= {"exports": "2016", "revenue": "2016"}.items()
    told = describe_deflators(study.deflators)["deflators"]
    assert told["file"] == "prices.csv"
    assert told["base_year"] == 2016
    assert len(told["sha256"]) == 64
    assert describe_deflators(None) == {}


def test_everything_wrong_with_prices_is_told_with_the_study(write):
    with pytest.raises(InputError) as refused:
        se.load_study(write('where_missing = "guess"', "year;index\n2015;-1\n2016;x\n"))
    assert "where_missing" in str(refused.value)
    with pytest.raises(InputError) as refused:
        se.load_study(write("", "year;index\n2015;-1\n2015;100\n"))
    assert "study.toml, deflators, prices.csv" in str(refused.value)
    assert "a price level that is not above 0" in str(refused.value)
    assert "a year that its series has before" in str(refused.value)


def test_an_outcome_that_counts_is_an_indicator(write):
    path = write()
    path.write_text('primary = ["exprts"]\n' + path.read_text())
    with pytest.raises(InputError) as refused:
        check_study(se.load_study(path))
    assert "primary" in str(refused.value)
    assert "did you mean `exports`?" in str(refused.value)
