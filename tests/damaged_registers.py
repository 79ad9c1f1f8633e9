"""Every kind of damage to registers that the checks of plausibility must see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sound_registers import YEARS, Frames

KEYS = 7_000_003  # another key gives other numbers


@dataclass(frozen=True)
class Damage:
    """A kind of damage: what it does to the tables, and a check that must fail, or at least remark."""

    check: str
    apply: Callable[[Frames, int], Frames]
    fails: bool = True


def _change(table: str, column: str, value: Callable[[pd.Series], object], *, where: str = "year") -> Callable:
    """Change a column of a table: in a year, from a year on, or everywhere."""

    def apply(frames: Frames, year: int) -> Frames:
        frame = frames[table].copy()
        rows = pd.Series(True, index=frame.index)
        if where == "year":
            rows = frame["year"] == year
        elif where == "half":
            rows = (frame["year"] == year) & (frame["be_id"] % 2 == 0)
        elif where == "quarter":
            rows = (frame["year"] == year) & (frame["quarter"] == 2)
        elif where == "software":
            rows = frame["asset"] == "software"
        changed = value(frame.loc[rows, column])
        frame[column] = frame[column].astype(object)
        frame.loc[rows, column] = changed
        frame[column] = frame[column].infer_objects()
        return {**frames, table: frame}

    return apply


def _code(code: float) -> Callable[[pd.Series], object]:
    """Write a code in every twelfth row."""
    return lambda values: values.where(np.arange(len(values)) % 12 > 0, code)


def _drop(table: str, rows: Callable[[pd.DataFrame, int], pd.Series]) -> Callable[[Frames, int], Frames]:
    """Leave rows out of a table."""
    return lambda frames, year: {**frames, table: frames[table][~rows(frames[table], year)].reset_index(drop=True)}


def _copy_year(table: str, noise: float = 0.0) -> Callable[[Frames, int], Frames]:
    """Deliver the file of the year before under this year's name."""

    def apply(frames: Frames, year: int) -> Frames:
        frame = frames[table]
        earlier = frame[frame["year"] == year - 1].assign(year=year)
        for column in {"turnover", "amount"} & set(earlier):
            earlier[column] = earlier[column] * (1 + noise * (-1.0) ** earlier["be_id"])
        return {**frames, table: pd.concat([frame[frame["year"] != year], earlier], ignore_index=True)}

    return apply


def _cumulate(frames: Frames, year: int) -> Frames:
    """Add quarters up from the start of a year."""
    frame = frames["turnover"].sort_values(["be_id", "year", "quarter"]).reset_index(drop=True)
    sums = frame.groupby(["be_id", "year"])["turnover"].cumsum()
    return {**frames, "turnover": frame.assign(turnover=frame["turnover"].where(frame["year"] != year, sums))}


def _same_quarters(frames: Frames, year: int) -> Frames:
    """Give each quarter the mean of its year."""
    frame = frames["turnover"]
    means = frame.groupby(["be_id", "year"])["turnover"].transform("mean")
    return {**frames, "turnover": frame.assign(turnover=frame["turnover"].where(frame["year"] != year, means))}


def _swap(table: str, first: str, second: str, *, all_years: bool = False) -> Callable[[Frames, int], Frames]:
    """Swap two columns of a table."""

    def apply(frames: Frames, year: int) -> Frames:
        frame = frames[table].copy()
        rows = (frame["year"] == year) | all_years
        swapped = frame.loc[rows, [second, first]].to_numpy()
        frame[[first, second]] = frame[[first, second]].astype(object)
        frame.loc[rows, [first, second]] = swapped
        return {**frames, table: frame.infer_objects()}

    return apply


def _persons_are_turnover(frames: Frames, year: int) -> Frames:
    """Give the register the turnover of a unit for its persons, and the turnover file its persons."""
    turnover, units = frames["turnover"], frames["business_units"]
    revenue = turnover.groupby(["be_id", "year"])["turnover"].sum().rename("revenue").reset_index()
    units = units.merge(revenue, on=["be_id", "year"], how="left")
    persons = units[["be_id", "year", "employed_persons"]]
    swapped = turnover.merge(persons, on=["be_id", "year"], how="left")
    return {
        **frames,
        "business_units": units.assign(employed_persons=units["revenue"].fillna(0)).drop(columns="revenue"),
        "turnover": swapped.assign(turnover=swapped["employed_persons"]).drop(columns="employed_persons"),
    }


def _links(change: Callable[[pd.DataFrame, int], pd.DataFrame], table: str = "person_business_unit") -> Callable:
    return lambda frames, year: {**frames, table: change(frames[table], year)}


def _end_before(links: pd.DataFrame, year: int) -> pd.DataFrame:
    return links.assign(end=links["end"].mask(links["end"].dt.year >= year, pd.Timestamp(year - 1, 12, 31)))


def _leave_few(links: pd.DataFrame, year: int) -> pd.DataFrame:
    """Let 95 in 100 links end before a year and start again after it."""
    number = pd.Series(np.arange(len(links)), index=links.index)
    gone = links[number % 20 != 0]
    before = gone.assign(end=gone["end"].mask(gone["end"].dt.year >= year, pd.Timestamp(year - 1, 12, 31)))
    after = gone.assign(start=pd.Timestamp(year + 1, 1, 1), end=pd.Timestamp(2079, 6, 6))
    return pd.concat([links[number % 20 == 0], before[before["start"] <= before["end"]], after], ignore_index=True)


def _by_year(persons: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    return pd.concat([persons.assign(year=float(year)) for year in years], ignore_index=True)


def _other_persons(persons: pd.DataFrame, year: int) -> pd.DataFrame:
    """Give the persons of a year another key."""
    rows = _by_year(persons, YEARS)
    return rows.assign(person_id=rows["person_id"].mask(rows["year"] == year, rows["person_id"] + "x"))


def _other_numbers(persons: pd.DataFrame, year: int) -> pd.DataFrame:
    """Give the registration numbers of a year another key."""
    rows = _by_year(persons, YEARS)
    return rows.assign(kvk_id=rows["kvk_id"].mask(rows["year"] == year, rows["kvk_id"] + "x"))


def _other_numbers_before(persons: pd.DataFrame, year: int) -> pd.DataFrame:
    """Give the registration numbers of all years before another key."""
    rows = _by_year(persons, YEARS)
    return rows.assign(kvk_id=rows["kvk_id"].mask(rows["year"] < year, rows["kvk_id"] + "x"))


def _another_key(numbers: pd.Series) -> pd.Series:
    return (numbers * 31) % KEYS + 90_000_000


def _fill(value: object) -> Callable[[pd.Series], pd.Series]:
    return lambda column: pd.Series(value, index=column.index)


def _other_classification(codes: pd.Series) -> pd.Series:
    """Write activities in the classification before: other divisions, some of which there are no more."""
    before = {"01": "0111", "10": "1581", "25": "2852", "41": "4521", "46": "5190", "62": "7222", "71": "7420"}
    return codes.map(lambda code: before.get(str(code)[:2], "8511") + "0")


def _times(factor: float) -> Callable[[pd.Series], pd.Series]:
    return lambda amounts: amounts * factor


DAMAGES: dict[str, Damage] = {
    **{
        f"turnover of a year times {factor:g}": Damage(
            "turnover_between_years", _change("turnover", "turnover", _times(factor))
        )
        for factor in (1000, 100, 0.01, 0.001)
    },
    **{
        f"turnover of a quarter times {factor:g}": Damage(
            "quarters_between", _change("turnover", "turnover", _times(factor), where="quarter")
        )
        for factor in (1000, 100, 0.01, 0.001)
    },
    **{
        f"all turnover times {factor:g}": Damage(
            "turnover_per_person", _change("turnover", "turnover", _times(factor), where="all")
        )
        for factor in (1000, 100, 0.01, 0.001)
    },
    "one firm times 100 000": Damage(
        "turnover_total",
        _change("turnover", "turnover", lambda sums: sums.where(sums < sums.max(), sums * 100_000)),
    ),
    "half of a year in thousands": Damage(
        "turnover_jumps", _change("turnover", "turnover", _times(0.001), where="half")
    ),
    **{
        f"investments of a year times {factor:g}": Damage(
            "investments_between_years", _change("investments", "amount", _times(factor))
        )
        for factor in (1000, 100, 0.001)
    },
    **{
        f"all investments times {factor:g}": Damage(
            "investments_against_turnover", _change("investments", "amount", _times(factor), where="all")
        )
        for factor in (1000, 100, 0.01, 0.001)
    },
    "software times 1000": Damage(
        "investments_per_person", _change("investments", "amount", _times(1000), where="software")
    ),
    "components in euro, totals in thousands": Damage(
        "components_above_total",
        lambda frames, year: {
            **frames,
            "investments": frames["investments"].assign(
                amount=lambda rows: rows["amount"].where(rows["component"] != "total", rows["amount"] / 1000)
            ),
        },
    ),
    "negative turnover": Damage("turnover_negative", _change("turnover", "turnover", _times(-1))),
    "negative investments": Damage("investments_negative", _change("investments", "amount", _times(-1))),
    "turnover zero": Damage("turnover_zero", _change("turnover", "turnover", _times(0))),
    "turnover missing": Damage("turnover_missing", _change("turnover", "turnover", _fill(np.nan))),
    "turnover constant": Damage("turnover_repeats", _change("turnover", "turnover", _fill(1234.0))),
    "a quarter gone": Damage(
        "quarters_present", _drop("turnover", lambda rows, year: (rows["year"] == year) & (rows["quarter"] == 4))
    ),
    "quarters added up": Damage("quarters_cumulative", _cumulate),
    "a year in four equal parts": Damage("quarters_same", _same_quarters),
    "turnover of the year before": Damage("turnover_repeat_a_year", _copy_year("turnover")),
    "turnover of the year before, revised": Damage("turnover_repeat_a_year", _copy_year("turnover", noise=0.0005)),
    "investments of the year before": Damage("investments_repeat_a_year", _copy_year("investments")),
    "register of the year before": Damage("persons_repeat_a_year", _copy_year("business_units")),
    "investments all imputed": Damage(
        "investments_imputed", _change("investments", "response", _fill("imputed")), fails=True
    ),
    "most turnover of a year gone": Damage(
        "rows_between_years", _drop("turnover", lambda rows, year: (rows["year"] == year) & (rows["be_id"] % 20 != 0))
    ),
    "half of a register gone": Damage(
        "rows_between_years",
        _drop("business_units", lambda rows, year: (rows["year"] == year) & (rows["be_id"] % 5 < 4)),
    ),
    "units of a year under another key": Damage("units_go_on", _change("business_units", "be_id", _another_key)),
    "turnover of a year under another key": Damage("units_in_register", _change("turnover", "be_id", _another_key)),
    "investments under another key": Damage("units_in_register", _change("investments", "be_id", _another_key)),
    "groups under another key": Damage("groups_known", _change("enterprise_groups", "group_id", _another_key)),
    "groups of units under another key": Damage(
        "groups_between_years", _change("business_units", "group_id", _another_key)
    ),
    "unit and group swapped": Damage("units_go_on", _swap("business_units", "be_id", "group_id")),
    "unit and group swapped in all years": Damage(
        "units_in_register", _swap("business_units", "be_id", "group_id", all_years=True)
    ),
    "size code and municipality swapped": Damage(
        "size_codes_known", _swap("business_units", "size_code", "municipality")
    ),
    "activity and municipality swapped": Damage(
        "activities_between_years", _swap("business_units", "sbi", "municipality")
    ),
    "persons and turnover swapped": Damage("persons_against_size_code", _persons_are_turnover),
    "persons times 100": Damage(
        "persons_against_size_code", _change("business_units", "employed_persons", _times(100), where="all")
    ),
    "persons of a year times 10": Damage(
        "persons_between_years", _change("business_units", "employed_persons", _times(10))
    ),
    "persons of one unit times 100 000": Damage(
        "persons_total",
        _change("business_units", "employed_persons", lambda count: count.where(count < count.max(), count * 100_000)),
    ),
    "persons of groups times 1000": Damage(
        "group_persons", _change("enterprise_groups", "employed_persons", _times(1000), where="all")
    ),
    "persons constant": Damage("columns_constant", _change("business_units", "employed_persons", _fill(1.0))),
    "persons missing": Damage("persons_missing", _change("business_units", "employed_persons", _fill(np.nan))),
    "persons zero": Damage("persons_zero", _change("business_units", "employed_persons", _times(0))),
    "size codes of units mixed up": Damage(
        "persons_against_size_code",
        _change("business_units", "size_code", lambda codes: codes.to_numpy()[::-1]),
    ),
    "one size code": Damage("size_class_shares", _change("business_units", "size_code", _fill("10"))),
    "one-digit size codes": Damage(
        "size_codes_known", _change("business_units", "size_code", lambda c: c.str[:1] + "x")
    ),
    "activities of the classification before": Damage(
        "activities_between_years", _change("business_units", "sbi", _other_classification)
    ),
    "activity shares of the classification before": Damage(
        "activity_shares", _change("business_units", "sbi", _other_classification)
    ),
    "activities without zeros, then padded": Damage(
        "activities_with_zero", _change("business_units", "sbi", lambda codes: "0" + codes.str[:4], where="all")
    ),
    "activities that there are not": Damage(
        "activities_known", _change("business_units", "sbi", lambda codes: "34" + codes.str[2:], where="all")
    ),
    "activities missing": Damage("activities_missing", _change("business_units", "sbi", _fill(None))),
    "one municipality": Damage(
        "municipalities_between_years", _change("business_units", "municipality", _fill("0855"))
    ),
    "founded in 1900": Damage("founding_dates", _change("business_units", "founded", _fill(pd.Timestamp(1900, 1, 1)))),
    "founded later than the register": Damage(
        "founding_dates", _change("business_units", "founded", lambda days: days + pd.DateOffset(years=40))
    ),
    "founded a century early": Damage(
        "founding_long_ago",
        _change("business_units", "founded", lambda days: days - pd.DateOffset(years=100), where="all"),
    ),
    "founded on one day": Damage(
        "founding_on_one_day", _change("business_units", "founded", _fill(pd.Timestamp(2005, 7, 1)))
    ),
    "founding dates four years early": Damage(
        "founding_between_years", _change("business_units", "founded", lambda days: days - pd.DateOffset(days=1462))
    ),
    "a constant group": Damage("columns_constant", _change("business_units", "group_id", _fill(50_000_001.0))),
    "links end before a year": Damage("links_fall", _links(_end_before)),
    "links of a year gone": Damage("participants_linked", _links(_leave_few)),
    "links of 1900": Damage(
        "participants_linked",
        _links(lambda links, year: links.assign(start=pd.Timestamp(1900, 1, 1), end=pd.Timestamp(1900, 12, 31))),
    ),
    "links that start in 1900": Damage(
        "link_dates", _links(lambda links, year: links.assign(start=pd.Timestamp(1900, 1, 1)))
    ),
    "links that start after a year": Damage(
        "participants_linked", _links(lambda links, year: links.assign(start=pd.Timestamp(year, 6, 1)))
    ),
    "all links to one unit": Damage(
        "participants_apart", _links(lambda links, year: links.assign(be_id=links["be_id"].iloc[0]))
    ),
    "units of links under another key": Damage(
        "links_in_register", _links(lambda links, year: links.assign(be_id=_another_key(links["be_id"])))
    ),
    "persons of a year under another key": Damage("links_fall", _links(_other_persons, "kvk_person")),
    "numbers of a year under another key": Damage("participants_known", _links(_other_numbers, "kvk_person")),
    "numbers of earlier years under another key": Damage("links_rise", _links(_other_numbers_before, "kvk_person")),
    "the list under another key": Damage(
        "participants_known", _links(lambda rows, year: rows.assign(kvk_id=rows["kvk_id"] + "x"), "participants")
    ),
    "one participant many times": Damage(
        "participants_differ",
        _links(lambda rows, year: rows.assign(kvk_id=rows["kvk_id"].iloc[0]), "participants"),
    ),
    "a code for missing turnover": Damage("codes_for_missing", _change("turnover", "turnover", _code(9_999_999.0))),
    "a negative code for missing turnover": Damage("codes_for_missing", _change("turnover", "turnover", _code(-99.0))),
    "a code for missing persons": Damage(
        "codes_for_missing", _change("business_units", "employed_persons", _code(99_999.0))
    ),
    "a code for missing investments in thousands": Damage(
        "codes_for_missing", _change("investments", "amount", _code(9_999_000.0), where="everywhere")
    ),
    "entries of 1900": Damage(
        "entry_dates", _links(lambda rows, year: rows.assign(entry_date=pd.Timestamp(1900, 1, 1)), "participants")
    ),
}
