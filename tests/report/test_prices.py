"""Captions say in which prices money is: nominal unless it was deflated, in both languages, in tables and figures."""

from __future__ import annotations

import pandas as pd
import pytest

import si_eval as se
from si_eval.report import Chart, table_html
from si_eval.report.chart_data import prepare_chart

SAID = {
    "nominal": {"nl": "nominaal, in lopende prijzen", "en": "nominal, in current prices"},
    "2015": {"nl": "in prijzen van 2015", "en": "in prices of 2015"},
}
CHART = Chart(kind="bars", x="year", statistic="mean")
PRICES = pd.DataFrame({"year": [2015, 2016], "index": [100, 125]})


@pytest.fixture(scope="module")
def tables():
    firms = pd.DataFrame({"firm": range(80), "joined": [0, 1] * 40, "staff": 2.0, "sales": range(100, 180)})
    frame = pd.concat([firms.assign(year=year) for year in (2015, 2016)])
    found = {}
    for name in SAID:
        deflators = se.read_deflators(PRICES, base_year=2015) if name == "2015" else None
        panel = se.panel_from_frame(frame, unit="firm", year="year", participant="joined", employed_persons="staff",
                                    revenue="sales", deflators=deflators)  # fmt: skip
        results = [se.compare_groups(panel, indicator=name) for name in ("revenue", "employed_persons")]
        results.append(se.index_series(panel, indicator="revenue", base_year=2015))
        named = [one.named(f"table_{place}") for place, one in enumerate(results)]
        found[name] = se.protect(named)
    return found


@pytest.mark.parametrize("prices", SAID)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_captions_say_in_which_prices_money_is(tables, prices, language):
    money, persons, index = tables[prices]
    said = SAID[prices][language]
    others = {text for texts in SAID.values() for text in texts.values()} - {said}
    for table in (money, index):
        page = table_html(table, language=language)
        assert said in page.split("</caption>")[0]
        assert not any(text in page for text in others)
    assert said in prepare_chart(money, CHART, language).texts().subtitle
    assert said in money.in_language(language)._repr_html_()
    assert not any(text in table_html(persons, language=language) for text in SAID[prices].values())


def test_real_figures_are_those_of_the_base_year(tables):
    means = [tables[one][0].to_frame().query("statistic == 'mean' and group == 'participant'") for one in SAID]
    nominal, real = (rows.set_index("year")["estimate"] for rows in means)
    assert nominal[2015] == nominal[2016] == real[2015]
    assert real[2016] == pytest.approx(nominal[2016] / 1.25, rel=1e-2)  # leaving figures are rounded
