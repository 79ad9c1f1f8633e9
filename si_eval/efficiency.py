"""What the programme cost, who paid, and what one can and cannot divide it by.

Money and staff time as the sources tell them. The same cost told twice counts once: a row of the costs counts or gives
its reason why not, and where it repeats another row (``same_as``) the two together give a range.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    NOTE,
    NUMBERS,
    RATIO_OF_SUMS,
    RULE_SET,
    SECTOR,
    SHARE,
    SIZE_CLASS,
    STATISTIC,
    SUM,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
)

EURO, FTE = "EUR", "FTE"
AS_PUBLISHED = "as_published"
TEXT_COLUMNS = (
    *("id", "key", "nl", "en", "payer", "perspective", "recipient", "level", "kind", "unit", "per", "precision"),
    *("counts", "same_as", "reason", "source", "section", "note"),
)
NUMBER_COLUMNS = ("year_from", "year_to", "value", "low", "high", "line", "line_end")
NEEDED = ("id", "key", "payer", "level", "kind", "year_from", "year_to", "value", "unit", "per", "counts")
ALLOWED = {"counts": ("yes", "no"), "per": ("year", "total", "")}
SPLITS = ("payer", "kind", "year", "level", "perspective")
UNKNOWN = "not_told"
LOW, HIGH = "_low", "_high"
BILINGUAL = "{nl} | {en}"
PROPOSAL_LIKENESS = 0.6
RANGE_NOTE = "lower and upper end of what the sources tell"
NO_YEAR = "the source does not say in which year"
CANNOT_SHOW = "Costs that no source tells are missing, so totals are lower bounds; money spent is no effect."
NOT_CAUSAL = "no causal claim: what others paid beside this money, not what they paid because of it"
Amount = float | tuple[float, float]


@dataclass(frozen=True)
class Costs:
    """Costs of a programme, one row for each time that a source tells one."""

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the costs: id, key, payer, level, kind, years, value and range, unit, whether it counts and why not."""
        return self.frame.copy()

    def summary(self) -> str:
        """Say in a line how many rows count."""
        return f"Costs: {len(self.frame)} rows, {int(_counted(self).sum())} count"


def load_costs(path: str | Path) -> Costs:
    """Read the costs of a programme from CSV.

    Raises `InputError` with every problem at once: missing or unknown columns, ids twice, negative amounts, years that
    run backwards, a range that does not hold its value, a repetition (``same_as``) of a row that is not there or that
    counts itself, a row that does not count without a reason.
    """
    path = Path(path)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise StudyError(f"costs: found no file {path.name}; expected a CSV file; check the path") from error
    problems = list(_column_problems(frame, path.name)) or list(_row_problems(frame, path.name))
    if problems:
        raise InputError(problems, what=f"the costs file {path.name}")
    for column in TEXT_COLUMNS:
        frame[column] = frame.get(column, "")
    for column in NUMBER_COLUMNS:
        frame[column] = _numbers(frame, column)
    return Costs(frame)


def costs_by(costs: Costs, *, by: Sequence[str]) -> ResultTable:
    """Add up the money that counts, by payer, kind, year, level or perspective; and in all.

    Where sources tell a range, rows of the indicator with ``_low`` and ``_high`` give its ends: not a confidence
    interval. A yearly amount counts in each of its years; an amount for several years, or for none that is told, is
    not spread over years and stands in the category ``not_told``.
    """
    unknown = [name for name in by if name not in SPLITS]
    if unknown or not by:
        raise StudyError(f"by: found {', '.join(unknown) or 'nothing'}; expected some of {', '.join(SPLITS)}; name one")
    money = _by_year(costs) if YEAR in by else _totals(costs).assign(**{YEAR: np.nan})
    names = [name for name in by if name != YEAR]
    rows = []
    for keys, part in money.groupby([*names, YEAR], dropna=False, sort=False):
        *labels, year = keys
        category = " · ".join(str(label or UNKNOWN) for label in labels) or ALL
        at = {YEAR: pd.NA if pd.isna(year) else int(year)}
        note = NO_YEAR if YEAR in by and pd.isna(year) else ""
        if note and not names:
            category = UNKNOWN
        rows += _with_range("costs", part, {**at, CATEGORY: category}, note)
    rows += _with_range("costs", _totals(costs), {}, "")
    return _table(rows, "costs_by", CANNOT_SHOW)


def list_costs(costs: Costs) -> ResultTable:
    """Give every amount as it was told, whether it counts or not: one row for each value and end of a range."""
    rows = []
    for cost in costs.frame.to_dict("records"):
        text = BILINGUAL.format(nl=cost["nl"], en=cost["en"])
        note = text if cost["counts"] == "yes" else f"{text}; does not count: {cost['reason']}"
        row = {CATEGORY: cost["id"], NOTE: note, UNIT_OF_MEASURE: _unit(cost), STATISTIC: _statistic(cost)}
        known = {"": cost["value"], LOW: cost["low"], HIGH: cost["high"]}
        told = {end: value for end, value in known.items() if pd.notna(value)} or {"": np.nan}
        rows += [{**row, INDICATOR: f"cost{end}", ESTIMATE: value} for end, value in told.items()]
    return _table(rows, "list_costs", CANNOT_SHOW)


def in_kind(costs: Costs) -> ResultTable:
    """Give the staff that organisations lent: FTE in each year by payer, and FTE-years over the whole time.

    A payer whose years are not told has a row ``in_kind_each_year`` without a year, and no sum.
    """
    staff = costs.frame[_counted(costs) & (costs.frame["unit"] == FTE)].copy()
    staff["low"], staff["high"] = (staff[end].fillna(staff["value"]) for end in ("low", "high"))
    rows: list[dict[str, object]] = []
    for cost in staff.to_dict("records"):
        years: Sequence[int | None] = [None]
        if pd.notna(cost["year_from"]):
            years = range(int(cost["year_from"]), int(cost["year_to"]) + 1)
        for year in years:
            at = {CATEGORY: cost["payer"], NOTE: "" if year else NO_YEAR} | ({YEAR: year} if year else {})
            rows += _ends("in_kind_each_year", cost["low"], cost["high"], at, f"{FTE} a year")
    known = staff.dropna(subset=["year_from", "year_to"])
    length = known["year_to"] - known["year_from"] + 1
    known = known.assign(low=known["low"] * length, high=known["high"] * length)
    for payer, part in known.groupby("payer", sort=False):
        rows += _ends("in_kind_years", part["low"].sum(), part["high"].sum(), {CATEGORY: payer}, f"{FTE} years")
    note = "without contributions whose years are not told" if len(known) < len(staff) else ""
    rows += _ends("in_kind_years", known["low"].sum(), known["high"].sum(), {NOTE: note}, f"{FTE} years")
    return _table(rows, "in_kind", "Staff time is not priced here; no source gives a rate.")


def leverage(costs: Costs, *, payers: Sequence[str] | None = None, level: str | None = None) -> ResultTable:
    """Divide what all others paid by what some payers paid; by default the payers of the national perspective.

    ``category`` names the payers and the level. The result says how much money stood beside one euro. It is no causal
    claim: nothing says that the others paid because of it, or would not have paid without it.
    """
    money = _totals(costs)
    money = money if level is None else money[money["level"] == level]
    chosen = money["perspective"] == "national" if payers is None else money["payer"].isin(list(payers))
    if payers is not None:
        strange = sorted(set(payers) - set(money["payer"]))
        if strange:
            known = ", ".join(sorted(set(money["payer"])))
            raise StudyError(f"payers: found {', '.join(strange)}; expected some of {known}; name payers that count")
    own, others = money[chosen], money[~chosen]
    whose = "+".join(payers) if payers is not None else "national"
    at = {CATEGORY: " · ".join(part for part in (whose, level) if part) or ALL, NOTE: NOT_CAUSAL}
    rows = _with_range("leverage_own", own, at, NOT_CAUSAL) + _with_range("leverage_others", others, at, NOT_CAUSAL)
    if own["high"].sum() == 0:
        return _table(
            [*rows, _row("leverage", np.nan, at | {NOTE: "these payers paid nothing that is known"})], "leverage"
        )
    middle = others["value"].sum() / own["value"].sum()
    low, high = others["low"].sum() / own["high"].sum(), others["high"].sum() / max(own["low"].sum(), 1e-9)
    rows += _ends("leverage", low, high, {**at, STATISTIC: RATIO_OF_SUMS}, "EUR for each EUR", middle=middle)
    return _table(rows, "leverage", f"Leverage makes {NOT_CAUSAL}.")


def cost_per(costs: Costs, *, participants: Amount, active_firms: Amount, level: str | None = None) -> ResultTable:
    """Divide the costs that count by participants and by active firms.

    ``participants`` and ``active_firms`` are numbers, or (low, high) where sources differ. The lowest costs over the
    most firms give ``_low``, the highest over the fewest ``_high``. Rows are given for all payers and for the public
    ones (every perspective but ``private``).
    """
    money = _totals(costs)
    money = money if level is None else money[money["level"] == level]
    rows: list[dict[str, object]] = []
    for name, given in (("participant", participants), ("active_firm", active_firms)):
        few, many = _pair(name, given)
        for category, part in ((ALL, money), ("public", money[money["perspective"] != "private"])):
            rows += _ends(
                f"cost_per_{name}",
                part["low"].sum() / many,
                part["high"].sum() / few,
                {CATEGORY: category, STATISTIC: RATIO_OF_SUMS, NOTE: "a lower bound: see the costs that are missing"},
                f"EUR per {name.replace('_', ' ')}",
                middle=part["value"].sum() / ((few + many) / 2),
            )
    return _table(rows, "cost_per", "Cost per firm says nothing of what a firm gained; costs are a lower bound.")


def shares_by_perspective(costs: Costs) -> ResultTable:
    """Give the part of the money that each perspective paid (national, regional, private, …), in all and by level."""
    money = _totals(costs)
    rows = []
    levels = [
        ("cost_share", money),
        *((f"cost_share_{name}", part) for name, part in money.groupby("level", sort=False)),
    ]
    for indicator, part in levels:
        whole = part["value"].sum()
        for perspective, mine in part.groupby("perspective", sort=False):
            at = {CATEGORY: str(perspective or UNKNOWN), STATISTIC: SHARE, UNIT_OF_MEASURE: SHARE}
            rows.append({**_row(indicator, mine["value"].sum() / whole, at), UNIT_OF_MEASURE: SHARE})
    cannot = (
        "Who paid is not who benefits; what the regions spent on hubs and implementation is not told, so theirs is low."
    )
    return _table(rows, "shares_by_perspective", cannot)


def missing_costs(costs: Costs) -> ResultTable:
    """List what is not told: costs without an amount, and costs that count without a year; one row each, with why."""
    rows: list[dict[str, object]] = []
    for cost in costs.frame.to_dict("records"):
        text = BILINGUAL.format(nl=cost["nl"], en=cost["en"])
        row = {STATISTIC: SUM, CATEGORY: cost["id"], UNIT_OF_MEASURE: cost["unit"]}
        if all(pd.isna(cost[name]) for name in ("value", "low", "high")):
            rows.append({**row, INDICATOR: "missing_amount", NOTE: f"{text}; {cost['reason'] or 'no amount told'}"})
        elif cost["counts"] == "yes" and pd.isna(cost["year_from"]):
            rows.append({**row, INDICATOR: "missing_year", NOTE: f"{text}; {NO_YEAR}"})
    counts = Counter(str(row[INDICATOR]) for row in rows)
    for name in ("missing_amount", "missing_year"):
        rows.append(
            {INDICATOR: f"{name}s", STATISTIC: COUNT, ESTIMATE: float(counts[name]), UNIT_OF_MEASURE: "records"}
        )
    return _table(rows, "missing_costs", "Costs that no source mentions are not in this list either.")


def _counted(costs: Costs) -> pd.Series:
    return costs.frame["counts"] == "yes"


def _totals(costs: Costs) -> pd.DataFrame:
    """Give the money that counts: total value, and the lowest and highest total that sources tell of the same cost."""
    frame = costs.frame[costs.frame["unit"] == EURO].copy()
    years = (frame["year_to"] - frame["year_from"] + 1).where(frame["per"] == "year", 1.0)
    ends = {name: frame[name].fillna(frame["value"]) * years for name in ("value", "low", "high")}
    frame = frame.assign(**ends)
    frame["whole"] = frame["same_as"].where(frame["same_as"] != "", frame["id"])
    told = frame.groupby("whole").agg(lowest=("low", "min"), highest=("high", "max"))
    kept = frame[(frame["counts"] == "yes") & frame["value"].notna()].join(told, on="whole")
    return kept.assign(low=kept["lowest"], high=kept["highest"]).drop(columns=["lowest", "highest"])


def _by_year(costs: Costs) -> pd.DataFrame:
    """Give every cost that counts a row for each of its years, with the lowest and highest that is told of that year.

    Only yearly amounts, and amounts of a single year, have years; the rest keeps one row without a year.
    """
    money = _totals(costs)
    told = costs.frame.assign(whole=costs.frame["same_as"].where(costs.frame["same_as"] != "", costs.frame["id"]))
    yearly = told[(told["per"] == "year") & told["year_from"].notna() & (told["unit"] == EURO)]
    rows: list[dict[str, object]] = []
    for cost in money.to_dict("records"):
        first, last = cost["year_from"], cost["year_to"]
        if cost["per"] != "year":
            rows.append({**cost, YEAR: first if first == last else np.nan})
            continue
        tellings = yearly[yearly["whole"] == cost["id"]]
        for year in range(int(tellings["year_from"].min()), int(tellings["year_to"].max()) + 1):
            within = (tellings["year_from"] <= year) & (tellings["year_to"] >= year)
            lows, highs = (tellings[end].fillna(tellings["value"]).where(within, 0.0) for end in ("low", "high"))
            value = cost["value"] / (last - first + 1) if first <= year <= last else 0.0
            rows.append({**cost, YEAR: float(year), "value": value, "low": lows.min(), "high": highs.max()})
    return pd.DataFrame(rows, columns=[*money.columns, YEAR])


def _with_range(indicator: str, part: pd.DataFrame, at: Mapping[str, object], note: str) -> list[dict[str, object]]:
    low, high, value = part["low"].sum(), part["high"].sum(), part["value"].sum()
    return _ends(indicator, low, high, {**at, NOTE: note}, EURO, middle=value)


def _ends(
    indicator: str, low: float, high: float, at: Mapping[str, object], unit: str, *, middle: float | None = None
) -> list[dict[str, object]]:
    """Give one row where both ends are the same, else rows for the ends and, where it is told, the value between."""
    if np.isclose(low, high):
        return [_row(indicator, high if middle is None else middle, at, unit)]
    note = at.get(NOTE) or RANGE_NOTE
    rows = [] if middle is None else [_row(indicator, middle, at, unit)]
    return [
        *rows,
        *(_row(indicator + end, value, {**at, NOTE: note}, unit) for end, value in ((LOW, low), (HIGH, high))),
    ]


def _row(indicator: str, value: float, at: Mapping[str, object], unit: str = EURO) -> dict[str, object]:
    return {INDICATOR: indicator, STATISTIC: SUM, ESTIMATE: float(value), UNIT_OF_MEASURE: unit, **at}


def _pair(name: str, given: Amount) -> tuple[float, float]:
    few, many = given if isinstance(given, tuple | list) else (given, given)
    if not 0 < few <= many:
        raise StudyError(f"{name}: found {given!r}; expected a number above 0, or (low, high); correct it")
    return float(few), float(many)


def _statistic(cost: Mapping[str, object]) -> str:
    return {EURO: SUM, FTE: SUM, "percent": SHARE}.get(str(cost["unit"]), COUNT)


def _unit(cost: Mapping[str, object]) -> str:
    return f"{cost['unit']} a year" if cost["per"] == "year" else str(cost["unit"])


def _table(rows: Sequence[Mapping[str, object]], function: str, cannot_show: str = NOT_CAUSAL) -> ResultTable:
    """Make a result of numbers that were public before; what a row leaves out is not split."""
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(TIDY))
    for column in (EXHIBIT, UNIT_OF_MEASURE, NOTE):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    for column in (GROUP, SIZE_CLASS, SECTOR, CATEGORY):
        frame[column] = frame[column].astype(object).where(frame[column].notna(), ALL)
    for column in NUMBERS:
        frame[column] = frame[column].astype("float64")
    frame[YEAR] = frame[YEAR].astype("Int64")
    frame[RULE_SET] = AS_PUBLISHED
    frame.loc[frame[ESTIMATE].isna() & (frame[NOTE] == ""), NOTE] = "no amount told"
    return ResultTable(
        frame=frame,
        function=function,
        evidence="doelrealisatie",
        cannot_show=cannot_show,
        rules=AS_PUBLISHED,
        public=True,
    )


def _numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    text = frame[column] if column in frame else pd.Series("", index=frame.index)
    return pd.to_numeric(text.replace("", np.nan), errors="coerce").astype("float64")


def _column_problems(frame: pd.DataFrame, where: str) -> Iterator[Problem]:
    known = (*TEXT_COLUMNS, *NUMBER_COLUMNS)
    for column in (column for column in NEEDED if column not in frame):
        yield Problem(where, "no such column", f"the columns {', '.join(NEEDED)}", "add it", column=column)
    for column in (column for column in frame if column not in known):
        near = difflib.get_close_matches(column, known, n=1, cutoff=PROPOSAL_LIKENESS)
        action = f"did you mean `{near[0]}`?" if near else "remove it"
        yield Problem(where, "an unknown column", f"one of {', '.join(known)}", action, column=column)


def _row_problems(frame: pd.DataFrame, where: str) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    number = {column: _numbers(frame, column) for column in NUMBER_COLUMNS}
    low, high, value = number["low"], number["high"], number["value"]
    other = frame.get("same_as", pd.Series("", index=frame.index))
    first_told = set(frame.loc[other == "", "id"])
    reason = frame.get("reason", pd.Series("", index=frame.index))
    yearly = (frame["per"] == "year") & (frame["counts"] == "yes") & (frame["unit"] == EURO)
    faults = [
        ("id", frame["id"].duplicated(), "an id twice", "each id once", "rename it"),
        *((column, ~frame[column].isin(known), "an unknown word", f"one of {', '.join(known)}", "correct it")
          for column, known in ALLOWED.items()),
        *((column, (frame[column] != "") & number[column].isna(), "text", "a number, or nothing", "correct it")
          for column in NUMBER_COLUMNS if column in frame),
        *((column, number[column] < 0, "a negative amount", "0 or more", "correct its sign")
          for column in ("value", "low", "high")),
        ("year_to", number["year_from"] > number["year_to"], "years that run backwards", "year_from before year_to",
         "swap them"),
        ("year_to", number["year_from"].isna() != number["year_to"].isna(), "one year of two", "both years, or none",
         "add the other"),
        ("year_from", yearly & number["year_from"].isna(), "a yearly amount without years", "its first and last year",
         "add them, or set counts to no"),
        ("high", (low > high) | (value < low) | (value > high), "a range that does not hold its value",
         "low, value, high in order", "correct it"),
        ("same_as", (other != "") & ~other.isin(first_told), "a repetition of no known row",
         "the id of the row that tells the cost first", "name that row"),
        ("same_as", (other != "") & (frame["counts"] == "yes"), "a repetition that counts", "no double counting",
         "set counts to no"),
        ("reason", (frame["counts"] == "no") & (reason == ""), "no reason", "why the row does not count", "add it"),
    ]  # fmt: skip
    for column, wrong, found, expected, action in faults:
        ids = frame.loc[wrong, "id"].tolist()
        if ids:
            yield Problem(where, found, expected, action, column=column, count=len(ids), examples=tuple(ids[:3]))
