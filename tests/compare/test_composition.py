"""A change of a mean is the sum of its parts, each of them by brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.compare.composition import decompose_change
from si_eval.disclosure import protect
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.vocabulary import Reason

FEWEST = 10  # units of the preset
ADDS_UP = 1e-12  # relative to the largest part
PARTS = ["change_within", "change_switching", "change_entry", "change_exit"]


@pytest.fixture(scope="module")
def firms():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"firm": np.tile(np.arange(300), 2), "year": np.repeat([2014, 2019], 300)})
    frame["joined"] = (frame["firm"] % 3 == 0).astype(int)
    frame["staff"] = rng.choice([5.0, 20.0, 80.0], 300)[frame["firm"]]
    moves = (frame["year"] == 2019) & (rng.random(600) < 0.2)
    frame.loc[moves, "staff"] = rng.choice([5.0, 20.0, 80.0], moves.sum())
    frame["sales"] = rng.lognormal(10, 1, 600)
    return frame[rng.random(600) > 0.15].sample(frac=1, random_state=1)


@pytest.fixture(scope="module")
def panel(firms):
    return panel_from_frame(
        firms, unit="firm", year="year", participant="joined", employed_persons="staff", revenue="sales"
    )


def wide_rows(table):
    rows = table.to_frame()
    keys = ["group", "size_class"]
    return tuple(rows.pivot(index=keys, columns="statistic", values=name) for name in ("estimate", "n_units"))


@pytest.mark.parametrize("by", [[], ["size_class_4"]], ids=str)
def test_the_parts_add_up_to_the_change_of_the_mean(firms, panel, by):
    estimates, units = wide_rows(decompose_change(panel, indicator="revenue", by=by, base_year=2014, year=2019))
    assert np.abs(estimates[PARTS].sum(axis=1) - estimates["change"]).max() <= ADDS_UP * estimates.abs().max().max()
    frame = firms.assign(size=pd.cut(firms["staff"], [0, 9, 49, 249], labels=["0-9", "10-49", "50-249"]).astype(str))
    frame = frame.assign(size=frame["size"] if by else "all")
    for (group, size), row in estimates.iterrows():
        side = frame[frame["joined"] == (group == "participant")]
        now, base = (side[side["year"] == year].set_index("firm") for year in (2019, 2014))
        here, there = now[now["size"] == size], base[base["size"] == size]
        stays = here.index.intersection(there.index)
        assert row["change"] == pytest.approx(here["sales"].mean() - there["sales"].mean(), rel=1e-9)
        expected = here.loc[stays, "sales"].mean() - there.loc[stays, "sales"].mean()
        assert row["change_within"] == pytest.approx(expected, rel=1e-9)
        enters = here.index.difference(base.index)
        expected = ((here.loc[enters, "sales"] - here.loc[stays, "sales"].mean()) / len(here)).sum()
        assert row["change_entry"] == pytest.approx(expected, rel=1e-9)
        leaves = there.index.difference(now.index)
        expected = ((there.loc[stays, "sales"].mean() - there.loc[leaves, "sales"]) / len(there)).sum()
        assert row["change_exit"] == pytest.approx(expected, rel=1e-9)
        counts = units.loc[(group, size), ["change_within", "change_entry", "change_exit"]]
        assert counts.tolist() == [len(stays), len(enters), len(leaves)]


def test_without_a_unit_that_stays_there_is_a_change_without_parts():
    frame = pd.DataFrame(
        {"firm": [1, 2, 3, 4], "year": [2014, 2014, 2019, 2019], "joined": 0, "x": [1.0, 2.0, 5.0, 6.0]}
    )
    panel = panel_from_frame(frame, unit="firm", year="year", participant="joined", extra=["x"])
    estimates, _ = wide_rows(decompose_change(panel, indicator="x", base_year=2014, year=2019))
    assert estimates["change"].tolist() == [4.0]
    assert estimates[PARTS].isna().all(axis=None)
    notes = decompose_change(panel, indicator="x", base_year=2014, year=2019).to_frame()["note"]
    assert notes.tolist() == ["", *[Reason.NOBODY_STAYS.note] * 4]


def test_each_part_says_of_which_units_it_is_and_those_of_few_do_not_leave(panel):
    table = decompose_change(panel, indicator="revenue", by="size_class_4", base_year=2014, year=2019)
    (source,) = table.sources.values()
    rows = table.frame.set_index("statistic")
    for year, place in ((2019, 0), (2014, 1)):
        sets = [row[place] for row in rows.loc["change_within", "rests_on"]]
        found = source.partition(sets, {})
        assert (found.members @ found.n_units).tolist() == rows.loc["change_within", "n_units"].tolist(), year
    (safe,) = protect([table])
    after = safe.to_frame()
    few = table.frame["n_units"].between(1, FEWEST - 1)
    assert few.any()
    assert after.loc[few, "status"].eq("suppressed").all()
    assert after["status"].eq("shown").any()


def test_two_different_years_are_needed(panel):
    with pytest.raises(StudyError, match="year: found 2014"):
        decompose_change(panel, indicator="revenue", base_year=2014, year=2014)
