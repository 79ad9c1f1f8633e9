"""Cells of a panel: year by year or all at once, shared by several requests, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval import cells, engine
from si_eval.cells.summary import _split_years
from si_eval.registers.any_frame import panel_from_frame

YEARS = (2014, 2015, 2016)
UNITS = 40
SAME = 1e-12  # relative: the same sums in another order


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Units in three years, a third of them participants, with gaps in both values."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame([(unit, year) for unit in range(UNITS) for year in YEARS], columns=["unit", "year"])
    frame["joined"] = frame["unit"] % 3 == 0
    frame["persons"] = rng.choice([1.0, 5.0, 20.0, 80.0, 400.0], UNITS)[frame["unit"]]
    for name in ("x", "y"):
        frame[name] = rng.lognormal(2, 1, len(frame))
        frame.loc[rng.random(len(frame)) < 0.2, name] = np.nan
    return frame


@pytest.fixture(scope="module")
def panel(frame: pd.DataFrame):
    return panel_from_frame(
        frame, unit="unit", year="year", participant="joined", employed_persons="persons", extra=["x", "y"]
    )


@pytest.mark.parametrize("years", [None, (2016, 2014)])
@pytest.mark.parametrize("most", [0, 1, UNITS * len(YEARS), 10**6])
def test_cells_are_those_of_pandas_however_many_rows_are_worked_on_at_once(frame, panel, years, most, monkeypatch):
    monkeypatch.setattr(engine, "MAX_ROWS_AT_ONCE", most)
    found = cells.summarise(panel, indicator=["x", "y"], by=["size_class"], years=years)
    wanted = frame[frame["year"].isin(years or YEARS)].melt(["unit", "year", "joined", "persons"], ["x", "y"])
    bounds = [-1, 1, 9, 49, 249, np.inf]
    labels = ["0-1", "2-9", "10-49", "50-249", "250+"]
    wanted["size_class"] = pd.cut(wanted["persons"], bounds, labels=labels).astype(str)
    wanted["group"] = np.where(wanted["joined"], "participant", "non_participant")
    expected = wanted.groupby(["variable", "group", "year", "size_class"])["value"].agg(["count", "mean", "sum"])
    got = found.set_index(["indicator", "group", "year", "size_class"])
    assert not got.index.duplicated().any()
    assert set(got.index) == set(expected.index)
    assert list(found.index) == list(range(len(found)))
    got = got.loc[expected.index]
    assert got["n"].tolist() == expected["count"].tolist()
    np.testing.assert_allclose(got["mean"], expected["mean"], rtol=SAME)
    filled = expected["count"] > 0
    np.testing.assert_allclose(got["total"][filled], expected["sum"][filled], rtol=SAME)
    of_one = found.query("indicator == 'x' and group == 'participant' and year == 2014")["size_class"]
    assert [labels.index(one) for one in of_one] == sorted(labels.index(one) for one in of_one)


@pytest.mark.parametrize(
    ("most", "years", "expected"),
    [
        (3 * UNITS, None, [None]),
        (3 * UNITS - 1, None, [[2014], [2015], [2016]]),
        (2 * UNITS, (2016, 2014), [[2016, 2014]]),
        (2 * UNITS - 1, (2016, 2014), [[2014], [2016]]),
    ],
)
def test_a_panel_is_worked_on_year_by_year_where_it_has_more_rows(panel, most, years, expected, monkeypatch):
    monkeypatch.setattr(engine, "MAX_ROWS_AT_ONCE", most)
    assert _split_years(panel, years) == expected


def test_coverage_counts_the_units_of_all_years_that_have_a_value(frame, panel):
    for indicators, years in ((["x"], None), (["x", "y"], None), (["y"], (2015,))):
        found = cells.count_coverage(panel, indicators, where=None, years=years)
        rows = frame[frame["year"].isin(years or YEARS)]
        for group, joined in (("participant", True), ("non_participant", False)):
            part = rows[rows["joined"] == joined]
            assert found[group] == (int(part[indicators].notna().all(axis=1).sum()), len(part))


def test_requests_with_one_split_give_what_each_gives_alone(panel):
    requests = [
        cells.cell_request(["x"], by=["size_class"], years=[2014], errors=None),
        cells.cell_request(["y", "x"], by=["size_class"], years=[2015, 2016], errors=None),
        cells.cell_request(["y"], years=None, errors=None),
    ]
    together = cells.summarise_requests(panel, requests)
    for request in requests:
        alone = cells.summarise(panel, indicator=list(request.indicators), by=list(request.by), years=request.years)
        pd.testing.assert_frame_equal(together[request].to_frame(), alone)
        coverage = cells.count_coverage(panel, request.indicators, where=None, years=request.years)
        assert together[request].coverage == coverage
