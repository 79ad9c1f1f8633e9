"""Changes beside those from the same start, against brute force and where the truth is zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from si_eval.compare.same_start import compare_changes
from si_eval.disclosure import protect
from si_eval.errors import StudyError
from si_eval.registers.any_frame import panel_from_frame

SAME = 1e-10  # relative: the same sums in another order
SLACK = 0.04  # of a coverage of 0.95 in 300 draws: three standard errors


def panel_of(frame, **columns):
    return panel_from_frame(frame, unit="firm", year="year", participant="joined", extra=["x"], **columns)


def drawn(rng, units):
    """Draw two years without any effect; firms that are low in the first year are likelier to take part."""
    level, noise = rng.normal(10, 1, units), rng.normal(0, 1, (2, units))
    joined = rng.random(units) < 0.3 / (1 + np.exp(2 * (level + noise[0] - 9)))
    return (level + noise).ravel(), np.tile(joined, 2)


def rows_of(table):
    return table.to_frame().set_index(["group", "statistic"])


def test_changes_are_those_of_brute_force():
    rng = np.random.default_rng(1)
    x, joined = drawn(rng, 400)
    frame = pd.DataFrame(
        {"firm": np.tile(np.arange(400), 2), "year": np.repeat([2014, 2019], 400), "x": x, "joined": joined}
    )
    frame = frame[rng.random(800) > 0.1].sample(frac=1, random_state=1)
    rows = rows_of(compare_changes(panel_of(frame), indicator="x", base_year=2014, year=2019))
    wide = frame.pivot(index="firm", columns="year", values="x").dropna()
    wide = wide.assign(joined=frame.groupby("firm")["joined"].first(), change=wide[2019] - wide[2014])
    wide["bin"] = np.searchsorted(np.quantile(wide[2014], np.linspace(0, 1, 11)[1:-1]), wide[2014], side="right")
    ours, theirs = wide[wide["joined"]], wide[~wide["joined"]]
    expected = ours["bin"].map(theirs.groupby("bin")["change"].mean())
    assert expected.notna().all()
    found = rows["estimate"]
    assert found["participant", "change"] == pytest.approx(ours["change"].mean(), rel=SAME)
    assert found["difference", "change"] == pytest.approx(ours["change"].mean() - theirs["change"].mean(), rel=SAME)
    assert found["non_participant", "change_from_same_start"] == pytest.approx(expected.mean(), rel=SAME)
    beyond = ours["change"] - expected
    assert found["difference", "change_beyond_same_start"] == pytest.approx(beyond.mean(), rel=SAME)
    assert rows.loc[("participant", "change"), "std_error"] == pytest.approx(ours["change"].sem(), rel=SAME)


def test_what_selection_on_the_level_gives_is_not_beyond_the_same_start():
    rng = np.random.default_rng(2)
    draws, units = 300, 400
    frames = []
    for draw in range(draws):
        x, joined = drawn(rng, units)
        firm = np.tile(np.arange(units), 2) + draw * units
        frames.append(pd.DataFrame(
            {"firm": firm, "year": np.repeat([2014, 2019], units), "x": x, "joined": joined, "draw": f"d{draw:03d}"}
        ))  # fmt: skip
    panel = panel_of(pd.concat(frames, ignore_index=True), sector="draw")
    table = compare_changes(panel, indicator="x", by="sector", base_year=2014, year=2019).to_frame()
    rows = {
        name: table[(table["group"] == "difference") & (table["statistic"] == name)] for name in set(table["statistic"])
    }
    naive, beyond = rows["change"], rows["change_beyond_same_start"]
    assert ((naive["conf_low"] <= 0) & (naive["conf_high"] >= 0)).mean() < 0.3
    assert naive["estimate"].mean() > 0.5
    assert abs(beyond["estimate"].mean()) < 0.05
    assert abs(((beyond["conf_low"] <= 0) & (beyond["conf_high"] >= 0)).mean() - 0.95) < SLACK


def test_a_placebo_is_the_same_over_years_before():
    rng = np.random.default_rng(4)
    x, joined = drawn(rng, 600)
    frame = pd.DataFrame({"firm": np.tile(np.arange(600), 2), "year": np.repeat([2014, 2019], 600), "x": x})
    frame = frame.assign(joined=joined)
    before = frame[frame["year"] == 2014].assign(year=2010, x=rng.normal(10, 1.4, 600))
    panel = panel_of(pd.concat([frame, before]))
    both = compare_changes(panel, indicator="x", base_year=2014, year=2019, placebo_year=2010).to_frame()
    alone = compare_changes(panel, indicator="x", base_year=2010, year=2014).to_frame()
    pd.testing.assert_frame_equal(both[both["year"] == 2014].reset_index(drop=True), alone)
    assert set(both["year"]) == {2014, 2019}
    notes = both[(both["group"] == "difference") & (both["statistic"] == "change")].set_index("year")["note"]
    assert "quarter of a standard deviation" in notes[2019]  # who was low in 2014 took part, whatever was before
    assert notes[2014] == ""
    with pytest.raises(StudyError, match="placebo_year: found 2019; expected a year before 2014"):
        compare_changes(panel, indicator="x", base_year=2014, year=2019, placebo_year=2019)


def test_changes_leave_where_enough_firms_changed_and_two_years_are_needed():
    x, joined = drawn(np.random.default_rng(3), 400)
    frame = pd.DataFrame(
        {"firm": np.tile(np.arange(400), 2), "year": np.repeat([2014, 2019], 400), "x": x, "joined": joined}
    )
    for units, leaves in ((400, True), (9, False)):
        panel = panel_of(frame[frame["firm"] < units])
        (safe,) = protect([compare_changes(panel, indicator="x", base_year=2014, year=2019)])
        assert (safe.to_frame()["estimate"].notna() == leaves).all()
    with pytest.raises(StudyError, match="year: found 2019"):
        compare_changes(panel, indicator="x", base_year=2019, year=2019)
