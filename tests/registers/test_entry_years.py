"""The year of entry follows one rule: what each way of writing it gives, and what contradicts participation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from si_eval.errors import InputError
from si_eval.registers.any_frame.entries import settle_entries
from si_eval.registers.any_frame.panel import panel_from_frame

YEARS = range(2013, 2018)
ENTRY = {1: 2015, 2: 2016, 3: 2016}  # of the units that take part; 4 to 6 never do


def base(*, of_the_year: bool = True) -> pd.DataFrame:
    frame = pd.DataFrame([(unit, year) for unit in range(1, 7) for year in YEARS], columns=["unit", "year"])
    frame["entry"] = frame["unit"].map(ENTRY).astype("float64")
    frame["part"] = (frame["year"] >= frame["entry"]).astype(int) if of_the_year else frame["entry"].notna().astype(int)
    return frame


def entries(frame: pd.DataFrame) -> dict[int, float]:
    """Return the entry of each unit, nan where it has none."""
    panel = panel_from_frame(frame, unit="unit", year="year", participant="part", entry_year="entry").to_frame()
    assert (panel.groupby("be_id")["entry_year"].nunique(dropna=False) == 1).all()
    return panel.groupby("be_id")["entry_year"].first().astype("float64").to_dict()


def change(unit: int, value: object, years: Callable[[pd.Series], pd.Series] = lambda year: year > 0) -> Callable:
    """Return a change of the entries of one unit in some years."""

    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        column = frame["entry"].astype(object)
        column[(frame["unit"] == unit) & years(frame["year"])] = value
        return frame.assign(entry=column)

    return changed


SAME = {
    "as it is": lambda f: f,
    "0 for never": lambda f: f.assign(entry=f["entry"].fillna(0)),
    "infinite for never": lambda f: f.assign(entry=f["entry"].fillna(np.inf)),
    "infinite for one, 0 for another": lambda f: change(5, np.inf)(change(4, 0)(f)),
    "NaT and dates": lambda f: f.assign(entry=pd.to_datetime(f["entry"].map("{:.0f}-07-01".format), errors="coerce")),
    "dates of Python": lambda f: f.assign(entry=[dt.date(int(v), 12, 31) if v > 0 else None for v in f["entry"]]),
    "periods": lambda f: f.assign(
        entry=pd.to_datetime(f["entry"].map("{:.0f}-07-01".format), errors="coerce").dt.to_period("Q")
    ),
    "text": lambda f: f.assign(entry=[f"{v:.0f}" if v > 0 else "" for v in f["entry"]]),
    "text with .0, and NA": lambda f: f.assign(entry=[f"{v:.1f}" if v > 0 else "NA" for v in f["entry"]]),
    "Int64": lambda f: f.assign(entry=f["entry"].astype("Int64")),
    "a category": lambda f: f.assign(entry=f["entry"].astype("category")),
    "given in one row": lambda f: f.assign(entry=f["entry"].where(f["year"] == 2014)),
    "0 before entry": lambda f: f.assign(entry=f["entry"].where(f["year"] >= f["entry"], 0)),
    "another order": lambda f: f.sample(frac=1, random_state=2),
}  # fmt: skip
UNKNOWN = {"0": 0, "missing": np.nan, "an empty text": "", "a word for missing": "NA", "None": None, "NA": pd.NA}
REFUSED = {
    "a fraction": (change(1, 2015.5), "with decimals"),
    "an infinite year of a participant": (change(1, np.inf), "says never"),
    "less than infinite": (change(4, -np.inf), "more than 100 years"),
    "negative": (change(4, -1), "more than 100 years"),
    "a code for never": (change(4, 9999), "more than 100 years"),
    "another code": (change(4, -9), "more than 100 years"),
    "two digits": (change(1, 15), "more than 100 years"),
    "a month": (change(1, 201501), "beyond 9999"),
    "a date as a number": (change(1, 20150701), "beyond 9999"),
    "a date as text": (change(1, "2015-07-01"), "no numbers of years"),
    "a word": (change(4, "never"), "no numbers of years"),
    "a boolean": (lambda f: f.assign(entry=f["part"] == 1), "bool"),
    "a boolean among years": (change(1, True), "no numbers of years"),
    "the participation itself": (lambda f: f.assign(entry=f["part"]), "more than 100 years"),
    "several of one unit": (change(2, 2017, lambda year: year > 2014), "several years of entry"),
    "a year and infinite": (change(2, np.inf, lambda year: year > 2014), "several years of entry"),
    "of a unit that never takes part": (change(4, 2015), "never take part but have"),
    "in the last year of one that never takes part": (change(4, 2017), "never take part but have"),
    "after taking part": (change(1, 2016), "before their year of entry"),
    "before taking part": (change(1, 2014), "later than from their year of entry"),
    "spans of time": (lambda f: f.assign(entry=pd.to_timedelta(f["entry"], unit="D")), "timedelta"),
    "complex": (lambda f: f.assign(entry=f["entry"].astype(complex)), "complex"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("of_the_year", [True, False], ids=["of the year", "of the unit"])
def test_each_way_of_writing_an_entry_gives_the_same_year(name: str, of_the_year: bool) -> None:
    found = entries(SAME[name](base(of_the_year=of_the_year)))
    np.testing.assert_array_equal([found[unit] for unit in range(1, 7)], [2015, 2016, 2016, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("name", UNKNOWN)
def test_no_entry_of_a_participant_is_an_unknown_one_with_a_remark(name: str) -> None:
    frame = change(1, UNKNOWN[name])(base())
    assert np.isnan(entries(frame)[1])
    panel = panel_from_frame(frame, unit="unit", year="year", participant="part", entry_year="entry")
    assert "1 units that take part have no year of entry" in panel.summary()


@pytest.mark.parametrize("name", REFUSED)
def test_an_entry_that_cannot_be_is_refused(name: str) -> None:
    changed, message = REFUSED[name]
    for frame in (changed(base()), changed(base()).sample(frac=1, random_state=4)):
        with pytest.raises(InputError, match=message):
            entries(frame)


def test_an_entry_after_the_last_row_says_when_the_unit_will_begin() -> None:
    frame = change(4, 2020)(base())
    assert entries(frame)[4] == 2020
    panel = panel_from_frame(frame, unit="unit", year="year", participant="part", entry_year="entry")
    assert not panel.to_frame().query("be_id == 4")["participant"].any()
    assert "1 units enter after their last row" in panel.summary()


def test_around_zero_zero_is_a_year() -> None:
    frame = base().assign(year=lambda f: f["year"] - 2015, entry=lambda f: f["entry"] - 2015)
    assert entries(frame)[1] == 0
    with pytest.raises(InputError, match="never take part but have"):
        entries(change(4, 0)(frame))


def test_leaving_and_pausing_are_named() -> None:
    frame = base().drop(columns="entry")
    frame.loc[(frame["unit"] == 1) & (frame["year"] == 2017), "part"] = 0
    frame.loc[(frame["unit"] == 2) & (frame["year"] == 2014), "part"] = 1
    frame.loc[(frame["unit"] == 2) & (frame["year"] == 2015), "part"] = 0
    panel = panel_from_frame(frame, unit="unit", year="year", participant="part")
    assert "1 units stop taking part, and 1 stop for some years" in panel.summary()
    rows = panel.to_frame()
    assert rows.loc[rows["participation_ended"], ["be_id", "year"]].values.tolist() == [[1, 2017]]
    assert rows.groupby("be_id")["participant"].any().tolist() == [True] * 3 + [False] * 3


def test_participation_that_never_changes_is_named_where_entries_are_not_given() -> None:
    frame = base(of_the_year=False).drop(columns="entry")
    panel = panel_from_frame(frame, unit="unit", year="year", participant="part")
    assert "changes within no unit" in panel.summary()


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(2013, 2017), st.sampled_from([0.0, 1.0, np.nan]),
            st.sampled_from([np.nan, 0.0, np.inf, 2014.0, 2016.0, 2019.0, 2015.5]),
        ),
        min_size=1, max_size=15, unique_by=lambda cell: cell[:2],
    ),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_what_is_settled_does_not_depend_on_the_order_of_rows(cells: list[tuple], seed: int) -> None:
    frame = pd.DataFrame(cells, columns=["unit", "year", "part", "entry"])
    shuffled = frame.sample(frac=1, random_state=seed)
    found, again = (
        settle_entries(
            *(f[c].to_numpy() for c in ("unit", "year", "part")), f["entry"].reset_index(drop=True), ("p", "e")
        )
        for f in (frame, shuffled)
    )
    # rows have other numbers in another order
    problems, others = (
        sorted(re.sub(r" \(for example [^)]*\)", "", str(one)) for one in entries.problems)
        for entries in (found, again)
    )
    assert problems == others
    assert found.notes == again.notes
    order = shuffled.index.to_numpy()
    np.testing.assert_array_equal(found.year[order], again.year)
    np.testing.assert_array_equal(found.ended[order], again.ended)
    if not found.problems:  # one entry a unit, and never one before which it takes part in a single year
        assert (pd.Series(found.year).groupby(frame["unit"]).nunique(dropna=False) == 1).all()
