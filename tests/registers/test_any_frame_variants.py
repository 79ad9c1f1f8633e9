"""Frames that hold the same firms in other types give the same panel; those that cannot are refused by column."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from si_eval.compare.levels import compare_groups
from si_eval.errors import InputError
from si_eval.registers.any_frame import panel_from_frame
from si_eval.results import Panel

ARGUMENTS = {
    "unit": "firm", "year": "year", "participant": "joined", "employed_persons": "staff", "revenue": "sales",
    "extra": ["scrap"],
}  # fmt: skip
HUGE = 2**60 + 1


def base() -> pd.DataFrame:
    """Make six firms by three years; firm 1 takes part from 2015, firm 2 from 2016."""
    frame = pd.DataFrame({"firm": np.repeat(np.arange(1, 7), 3), "year": [2014, 2015, 2016] * 6})
    entry = frame["firm"].map({1: 2015, 2: 2016}).fillna(9999)
    frame["joined"] = (frame["year"] >= entry).astype(int)
    frame["staff"] = 10.0 * frame["firm"]
    frame["sales"] = 100.0 * frame["firm"] + frame["year"] - 2014
    frame["scrap"] = frame["firm"] % 2 + 0.0
    return frame


def dates(frame: pd.DataFrame, day: str = "-12-31") -> pd.Series:
    return pd.to_datetime(frame["year"].astype(str) + day)


def arrow(kind: pa.DataType) -> pd.ArrowDtype:
    return pd.ArrowDtype(kind)


SAME = {
    "years as floats": lambda f: f.assign(year=f["year"].astype(float)),
    "years as Float32": lambda f: f.assign(year=f["year"].astype("Float32")),
    "years as int16": lambda f: f.assign(year=f["year"].astype("int16")),
    "years as text": lambda f: f.assign(year=f["year"].astype(str)),
    "years as text with .0": lambda f: f.assign(year=f["year"].astype(float).astype(str)),
    "years as string[pyarrow]": lambda f: f.assign(year=f["year"].astype("string[pyarrow]")),
    "years as dates of pandas": lambda f: f.assign(year=dates(f)),
    "years as dates with a zone": lambda f: f.assign(year=dates(f, "-01-01").dt.tz_localize("Europe/Amsterdam")),
    "years as dates of Python": lambda f: f.assign(year=[dt.date(year, 6, 1) for year in f["year"]]),
    "years as periods": lambda f: f.assign(year=dates(f).dt.to_period("Y")),
    "years as one quarter": lambda f: f.assign(year=dates(f).dt.to_period("Q")),
    "years as one month": lambda f: f.assign(year=dates(f).dt.to_period("M")),
    "years as objects": lambda f: f.assign(year=f["year"].astype(object)),
    "years as Decimal": lambda f: f.assign(year=f["year"].map(decimal.Decimal)),
    "years as a category": lambda f: f.assign(year=f["year"].astype("category")),
    "years as Int64": lambda f: f.assign(year=f["year"].astype("Int64")),
    "years of Arrow": lambda f: f.assign(year=f["year"].astype(arrow(pa.int32()))),
    "dates of Arrow": lambda f: f.assign(year=dates(f).dt.date.astype(arrow(pa.date32()))),
    "times of Arrow": lambda f: f.assign(year=dates(f).astype(arrow(pa.timestamp("us")))),
    "ids as floats": lambda f: f.assign(firm=f["firm"].astype(float)),
    "ids as Int64": lambda f: f.assign(firm=f["firm"].astype("Int64")),
    "ids as uint8": lambda f: f.assign(firm=f["firm"].astype("uint8")),
    "ids as objects": lambda f: f.assign(firm=f["firm"].astype(object)),
    "ids as a category": lambda f: f.assign(firm=f["firm"].astype("category")),
    "ids of Arrow": lambda f: f.assign(firm=f["firm"].astype(arrow(pa.int64()))),
    "ids as Decimal": lambda f: f.assign(firm=f["firm"].map(decimal.Decimal)),
    "participation as booleans": lambda f: f.assign(joined=f["joined"] == 1),
    "participation as boolean": lambda f: f.assign(joined=(f["joined"] == 1).astype("boolean")),
    "participation as objects": lambda f: f.assign(joined=(f["joined"] == 1).astype(object)),
    "participation as text": lambda f: f.assign(joined=f["joined"].astype(str)),
    "participation as a category": lambda f: f.assign(joined=f["joined"].astype("category")),
    "participation as Int8": lambda f: f.assign(joined=f["joined"].astype("Int8")),
    "participation of Arrow": lambda f: f.assign(joined=(f["joined"] == 1).astype(arrow(pa.bool_()))),
    "participation as sparse": lambda f: f.assign(joined=pd.arrays.SparseArray(f["joined"])),
    "money as text": lambda f: f.assign(sales=f["sales"].astype(str)),
    "money with a decimal comma": lambda f: f.assign(sales=f["sales"].map("{:.2f}".format).str.replace(".", ",")),
    "money as Decimal": lambda f: f.assign(sales=f["sales"].map(decimal.Decimal)),
    "money as Float64": lambda f: f.assign(sales=f["sales"].astype("Float64")),
    "money as sparse": lambda f: f.assign(sales=pd.arrays.SparseArray(f["sales"])),
    "money of Arrow": lambda f: f.assign(sales=f["sales"].map(decimal.Decimal).astype(arrow(pa.decimal128(9, 2)))),
    "a boolean outcome": lambda f: f.assign(scrap=f["scrap"] == 1),
    "a boolean outcome of objects": lambda f: f.assign(scrap=(f["scrap"] == 1).astype(object)),
    "rows in another order": lambda f: f.sample(frac=1, random_state=3),
    "an index that repeats": lambda f: f.set_axis([7] * len(f), axis=0),
    "an index of keys that are columns too": lambda f: f.set_index(["firm", "year"], drop=False),
    "columns in another order": lambda f: f[f.columns[::-1]],
    "a column of quarters that stays the same": lambda f: f.assign(quarter=4),
    "columns that nobody names, of any kind": lambda f: f.assign(weight=[[]] * len(f), entry_year="never"),
}  # fmt: skip
REFUSED = {
    "year 2014.5": (lambda f: f.assign(year=f["year"] + 0.5 * (f["firm"] == 1)), "3 years with decimals"),
    "dates as numbers": (lambda f: f.assign(year=f["year"] * 10000 + 101), "beyond 9999"),
    "months as numbers": (lambda f: f.assign(year=f["year"] * 100 + 1), "beyond 9999"),
    "one wrong year": (lambda f: f.assign(year=f["year"].replace({2014: 201})), "from the others"),
    "dates as text": (lambda f: f.assign(year=f["year"].astype(str) + "-01-01"), "no numbers of years"),
    "quarters as text": (lambda f: f.assign(year=f["year"].astype(str) + "Q1"), "no numbers of years"),
    "quarters as numbers": (lambda f: f.assign(year=f["year"] + 0.25), "with decimals"),
    "infinite year": (lambda f: f.assign(year=f["year"].replace({2014: np.inf})), "infinite"),
    "missing year": (lambda f: f.assign(year=f["year"].replace({2014: np.nan})), "6 rows without unit or year"),
    "NaT as year": (lambda f: f.assign(year=dates(f).where(f["firm"] > 1)), "3 rows without unit or year"),
    "years as booleans": (lambda f: f.assign(year=f["year"] == 2014), "type bool"),
    "years as spans of time": (lambda f: f.assign(year=pd.to_timedelta(f["year"], unit="D")), "timedelta"),
    "years as complex": (lambda f: f.assign(year=f["year"].astype(complex)), "complex"),
    "years as intervals": (lambda f: f.assign(year=pd.cut(f["year"], 3)), "years"),
    "dates and numbers": (
        lambda f: f.assign(year=[dt.date(y, 1, 1) if u == 1 else y for u, y in zip(f["firm"], f["year"], strict=True)]),
        "dates among numbers",
    ),
    "years as lists": (lambda f: f.assign(year=[[year] for year in f["year"]]), "no numbers of years"),
    "quarters as dates": (
        lambda f: pd.concat([f.assign(year=dates(f, day)) for day in ("-01-01", "-04-01", "-07-01", "-10-01")]),
        "up to 4 rows",
    ),
    "quarters as periods": (
        lambda f: pd.concat([f.assign(year=dates(f, day).dt.to_period("Q")) for day in ("-01-01", "-04-01")]),
        "add them up to years",
    ),
    "quarters beside years": (lambda f: pd.concat([f.assign(quarter=q) for q in range(1, 5)]), "quarter"),
    "ids as text and number": (
        lambda f: f.assign(firm=[str(u) if y > 2014 else u for u, y in zip(f["firm"], f["year"], strict=True)]),
        "read as another",
    ),
    "ids with a blank behind": (
        lambda f: f.assign(firm=["a" + " " * (u == 2) + "b" * (u > 2) * u for u in f["firm"]]), "read as another"
    ),
    "ids in full width": (lambda f: f.assign(firm=f["firm"].astype(str).replace("2", "\uff11")), "read as another"),
    "ids as bytes": (lambda f: f.assign(firm=[b"%d" % u for u in f["firm"]]), "type bytes"),
    "ids as booleans": (lambda f: f[f["firm"] < 3].assign(firm=lambda g: g["firm"] == 1), "type bool"),
    "ids as booleans and numbers": (
        lambda f: f.assign(firm=pd.Series([True if u == 2 else u for u in f["firm"]], dtype=object)), "bool"
    ),
    "ids as tuples": (lambda f: f.assign(firm=[(u, u) for u in f["firm"]]), "type tuple"),
    "ids as lists": (lambda f: f.assign(firm=[[u] for u in f["firm"]]), "type list"),
    "ids as dates": (lambda f: f.assign(firm=dates(f)), "datetime"),
    "ids with decimals": (lambda f: f.assign(firm=f["firm"] / 2), "with decimals"),
    "infinite ids": (lambda f: f.assign(firm=f["firm"].replace({1: np.inf})), "identifiers"),
    "ids beyond what a float holds": (lambda f: f.assign(firm=f["firm"].astype(float) + HUGE), "this type rounds"),
    "ids beyond what a small float holds": (lambda f: f.assign(firm=(f["firm"] + 2**24).astype("float32")), "rounds"),
    "missing ids": (lambda f: f.assign(firm=f["firm"].replace({1: np.nan})), "3 rows without unit or year"),
    "missing ids as text": (lambda f: f.assign(firm=f["firm"].replace({1: np.nan}).astype(str)), "3 rows without unit"),
    "empty ids": (lambda f: f.assign(firm=f["firm"].astype(str).replace("1", " ")), "3 rows without unit"),
    "twice a row": (lambda f: pd.concat([f, f.head(1)]), "2 rows with a key"),
    "text for numbers": (lambda f: f.assign(sales="many"), "no numbers"),
    "numbers read in two ways": (lambda f: f.assign(sales="1.500"), "1.500"),
    "infinite money": (lambda f: f.assign(sales=np.inf), "18 infinite"),
    "infinite money as text": (lambda f: f.assign(sales="inf"), "infinite"),
    "money too large": (lambda f: f.assign(sales="1e400"), "infinite"),
    "infinite indicator": (lambda f: f.assign(scrap=[-np.inf, *f["scrap"][1:]]), "1 infinite"),
    "infinite persons": (lambda f: f.assign(staff=np.inf), "infinite"),
    "infinite participation": (lambda f: f.assign(joined=np.inf), "infinite"),
    "money as dates": (lambda f: f.assign(sales=dates(f)), "datetime"),
    "money as spans of time": (lambda f: f.assign(sales=pd.to_timedelta(f["sales"], unit="s")), "timedelta"),
    "money as complex": (lambda f: f.assign(sales=f["sales"] + 1j), "complex"),
    "money as lists": (lambda f: f.assign(sales=[[v] for v in f["sales"]]), "type list"),
    "negative persons": (lambda f: f.assign(staff=-f["staff"]), "negative"),
    "participation 2": (lambda f: f.assign(joined=f["joined"] * 2), "other than 0 and 1"),
    "participation 0.5": (lambda f: f.assign(joined=f["joined"] / 2), "other than 0 and 1"),
    "participation as words": (lambda f: f.assign(joined=np.where(f["joined"], "yes", "no")), "no numbers"),
    "participation as counts of text": (lambda f: f.assign(joined=f["joined"].map({0: "0", 1: "10"})), "other than 0"),
    "no rows": (lambda f: f.head(0), "no rows"),
    "no columns": (lambda f: f[[]], "no rows"),
    "key in the index": (lambda f: f.set_index("firm"), "reset_index"),
    "keys in the index": (lambda f: f.set_index(["firm", "year"]), "reset_index"),
    "columns of two levels": (lambda f: pd.concat({"a": f}, axis=1), "2 levels"),
    "a column twice": (lambda f: pd.concat([f, f[["sales"]]], axis=1), "2 columns of this name"),
    "a name misspelled": (lambda f: f.rename(columns={"sales": "sale"}), "did you mean"),
    "no frame": (lambda f: f.to_dict("list"), "a dict"),
    "a column as frame": (lambda f: f["firm"], "a Series"),
}  # fmt: skip
WRONG_NAMES = {
    "one text for a list": ({"extra": "scrap"}, "write"),
    "a list for one column": ({"sector": ["scrap"]}, "the name of one column"),
    "a number for a name": ({"sector": 3}, "no such column"),
    "unit as year": ({"year": "firm"}, "unit and year"),
    "entry as participant": ({"entry_year": "joined"}, "participant and entry_year"),
    "money as persons": ({"employed_persons": "sales"}, "employed_persons and revenue"),
    "an indicator twice": ({"extra": ["scrap", "scrap"]}, "extra and extra"),
    "no list of indicators": ({"extra": None}, "a list of column names"),
    "a set of indicators": ({"extra": {"scrap"}}, "a list of column names"),
    "nothing for the unit": ({"unit": None}, "column of the frame"),
    "nothing for an indicator": ({"extra": ["scrap", None]}, "extra that is None"),
    "a key as indicator": ({"extra": ["joined"]}, "participant and extra"),
}


def panel_of(frame: pd.DataFrame, **change: object) -> Panel:
    return panel_from_frame(frame, **{**ARGUMENTS, **change})


@pytest.fixture(scope="module")
def base_panel() -> pd.DataFrame:
    return panel_of(base()).to_frame()


@pytest.mark.parametrize("name", SAME)
def test_the_same_firms_in_another_type_give_the_same_panel(name: str, base_panel: pd.DataFrame) -> None:
    frame = SAME[name](base())
    before = frame.copy(deep=True)
    panel = panel_of(frame)
    pd.testing.assert_frame_equal(panel.to_frame(), base_panel)
    assert panel.per_year == {2014: 6, 2015: 6, 2016: 6}
    assert not panel.notes
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_column(name: str) -> None:
    change, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as raised:
        panel_of(change(base()))
    assert "firm 1" not in str(raised.value)


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_names_that_do_not_fit_are_refused(name: str) -> None:
    change, message = WRONG_NAMES[name]
    with pytest.raises(InputError, match=message):
        panel_of(base(), **change)


TAKEN = [
    "weight", "entry_year", "size_class", "size_class_4", "records", "be_id", "year", "group", "value", "participant",
    "excluded_revenue", "Weight", "YEAR", "revenue", "employed_persons", "sector", "group_id", "shared_group", "domain",
    "indicator", "n_units", "left_out", "units", "log points", "all", "participation_ended", "a | b", "a · b", " scrap",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_of_the_panel_is_refused_as_an_indicator(name: str) -> None:
    frame = base().rename(columns={"scrap": name})
    arguments = {**ARGUMENTS, "extra": [name]}
    if name in ("year",):
        frame, arguments = frame.set_axis(["firm", "jaar", *frame.columns[2:]], axis=1), {**arguments, "year": "jaar"}
    with pytest.raises(InputError, match="in extra"):
        panel_from_frame(frame, **arguments)


@pytest.mark.parametrize(
    "name", ["weight", "size_class", "entry_year", "participant", "group", "value", "share", "EUR"]
)
def test_a_column_with_a_name_of_the_panel_may_stand_for_another_argument(name: str) -> None:
    frame = base().rename(columns={"sales": name})
    table = compare_groups(panel_of(frame, revenue=name), indicator="revenue", by=["size_class"]).to_frame()
    expected = compare_groups(panel_of(base()), indicator="revenue", by=["size_class"]).to_frame()
    pd.testing.assert_frame_equal(table.drop(columns="unit"), expected.drop(columns="unit"))


@pytest.mark.parametrize("name", ["records", "Records", "units", "divisions"])
def test_a_column_never_makes_money_look_like_a_count(name: str) -> None:
    with pytest.raises(InputError, match="tables use for counts"):
        panel_of(base().rename(columns={"sales": name}), revenue=name)


@pytest.mark.parametrize("names", [[0, 1, 2, 3, 4], [(1, 2), (2,), (3,), (4,), (5,)], [1.5, 2.5, 3.5, 4.5, 5.5]])
def test_columns_may_be_named_by_numbers_and_tuples(names: list[object]) -> None:
    frame = base().drop(columns="scrap")
    columns = pd.Index(names, tupleize_cols=False, dtype=object)
    keys = dict(zip(("unit", "year", "participant", "employed_persons", "revenue"), names, strict=True))
    panel = panel_from_frame(frame.set_axis(columns, axis=1), **keys)
    pd.testing.assert_frame_equal(panel.to_frame(), panel_of(base()).to_frame().drop(columns="scrap"))


@pytest.mark.parametrize(
    "ids", [[f"NL{u:03d}" for u in range(1, 7)], [HUGE + u for u in range(6)], [2**63 + u for u in range(6)],
            [10**30 + u for u in range(6)], [10**400 + u for u in range(6)],
            ["\u00e9\u00e8", "b", "c d", "=1+1", "x/y", "1e3"], [-3, -2, -1, 0, 1, 2]]
)  # fmt: skip
def test_identifiers_of_any_kind_keep_firms_apart_in_any_order(ids: list[object]) -> None:
    frame = base().assign(firm=lambda f: f["firm"].map(dict(zip(range(1, 7), ids, strict=True))))
    panel = panel_of(frame)
    assert panel.table.be_id.nunique().to_pandas() == 6
    assert not panel.notes
    shuffled = panel_of(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(panel.to_frame(), shuffled.to_frame())


@pytest.mark.parametrize("ids", [["a1", "A1", "b", "c", "d", "e"], ["007", "7", "8", "9", "10", "11"]])
def test_identifiers_that_look_alike_are_kept_apart_with_a_remark(ids: list[str]) -> None:
    panel = panel_of(base().assign(firm=lambda f: f["firm"].map(dict(zip(range(1, 7), ids, strict=True)))))
    assert panel.table.be_id.nunique().to_pandas() == 6
    assert "2 identifiers differ" in panel.summary()


@pytest.mark.parametrize("shift", [2017, 2015, 2014, 4000, -2013])
def test_years_may_be_any_whole_numbers(shift: int) -> None:
    moved = panel_of(base().assign(year=lambda f: f["year"] - shift)).to_frame()
    back = moved.assign(year=moved["year"] + shift, entry_year=moved["entry_year"] + shift)
    pd.testing.assert_frame_equal(back, panel_of(base()).to_frame())


def test_missing_participation_puts_a_row_in_no_group_with_a_remark() -> None:
    frame = base().assign(joined=lambda f: f["joined"].where((f["firm"] != 6) | (f["year"] > 2014)))
    panel = panel_of(frame)
    assert panel.to_frame()["participant"].isna().sum() == 1
    assert "1 rows of 1 units" in panel.summary()


def test_groups_that_read_alike_are_refused_because_they_are_counted() -> None:
    frame = base().assign(holding=["H" + " " * (u % 2) for u in range(18)])
    with pytest.raises(InputError, match="read as another"):
        panel_of(frame, group="holding")
    frame["holding"] = [None, "H"] * 9
    assert panel_of(frame, group="holding").to_frame()["group_id"].isna().sum() == 9
