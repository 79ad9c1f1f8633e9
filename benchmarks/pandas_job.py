"""The core job in straightforward pandas: the reference whose numbers must agree, and the time to beat."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.registry import facts, sections

ASSETS = ("computers", "communication", "machinery", "software")
INDICATORS = (
    "revenue",
    "revenue_per_employee",
    "employed_persons",
    "age",
    *[f"investment_{asset}" for asset in ASSETS],
    *[f"investment_{asset}_per_employee" for asset in ASSETS],
    *[f"own_production_{asset}_share" for asset in ASSETS],
)
KEYS = ["group", "year", "size_class", "sector"]
PERCENTILES = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}
RATIOS = {
    "revenue_per_employee": {"numerator": "revenue", "denominator": "employed_persons"},
    **{
        f"investment_{asset}_per_employee": {"numerator": f"investment_{asset}", "denominator": "employed_persons"}
        for asset in ASSETS
    },
    **{
        f"own_production_{asset}_share": {"numerator": f"own_{asset}", "denominator": f"investment_{asset}"}
        for asset in ASSETS
    },
}


def read(folder: Path, table: str, columns: list[str], year: int | None = None) -> pd.DataFrame:
    """Read the columns of a table, of one year where it has files of a year."""
    pattern = f"{table}_{year}.parquet" if year else f"{table}*.parquet"
    return pd.concat([pd.read_parquet(path, columns=columns) for path in sorted(folder.glob(pattern))])


def link(folder: Path) -> pd.DataFrame:
    """Give the unit of each participant in each year."""
    participants = read(folder, "participants", ["kvk_id"]).drop_duplicates()
    persons = read(folder, "kvk_person", ["kvk_id", "person_id"])
    links = read(folder, "person_business_unit", ["person_id", "be_id", "start", "end"])
    routes = participants.merge(persons, on="kvk_id").merge(links, on="person_id")
    routes["start"], routes["end"] = pd.to_datetime(routes["start"]), pd.to_datetime(routes["end"])
    chosen = []
    for path in sorted(folder.glob("business_units_*.parquet")):
        year = int(path.stem[-4:])
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        days = (
            routes["end"].fillna(last).clip(upper=last) - routes["start"].fillna(first).clip(lower=first)
        ).dt.days + 1
        register = pd.read_parquet(path, columns=["be_id", "employed_persons"])
        found = routes.assign(days=days)[days > 0].merge(register, on="be_id")
        found["employed_persons"] = found["employed_persons"].fillna(-1)
        found = found.sort_values(["kvk_id", "days", "employed_persons", "be_id"], ascending=[True, False, False, True])
        chosen.append(found.drop_duplicates("kvk_id")[["be_id"]].drop_duplicates().assign(year=year))
    return pd.concat(chosen)


def panel(folder: Path, year: int, linked: pd.DataFrame) -> pd.DataFrame:
    """Give the panel of one year."""
    table = read(
        folder, "business_units", ["be_id", "employed_persons", "size_code", "sbi", "founded", "group_id"], year
    )
    floor = table["size_code"].map(facts("size_classes")["codes"]).fillna(table["employed_persons"])
    classes = facts("size_classes")["classes"]["size_class"]
    table["size_class"] = pd.cut(floor, [*classes["lower"], np.inf], right=False, labels=classes["labels"]).astype(
        object
    )
    letters = {
        f"{division:02d}": letter
        for letter, section in sections().items()
        for division in range(section["first"], section["last"] + 1)
    }
    table["sector"] = table["sbi"].str[:2].map(letters)
    age = year - pd.to_datetime(table["founded"]).dt.year
    table["age"] = age.where(age >= 0)
    of_year, ever = linked.loc[linked["year"] == year, "be_id"], linked["be_id"]
    table["holding"] = holdings(table)
    is_linked = table["be_id"].isin(of_year)
    table["group"] = np.where(is_linked, "participant", "non_participant")
    table = table[is_linked | ~table["be_id"].isin(ever)]
    turnover = read(folder, "turnover", ["be_id", "turnover"], year).groupby("be_id")["turnover"].agg(["count", "sum"])
    table = table.join(turnover["sum"].where(turnover["count"] == 4).rename("revenue"), on="be_id")
    if (folder / f"investments_{year}.parquet").exists():
        table = table.join(investments(folder, year), on="be_id")
    persons = table["employed_persons"].where(table["employed_persons"] > 0)
    table["revenue_per_employee"] = table["revenue"] / persons
    for asset in ASSETS:
        amount = table.get(f"investment_{asset}", pd.Series(np.nan, table.index))
        own = table.get(f"own_{asset}", pd.Series(np.nan, table.index))
        table[f"investment_{asset}"], table[f"own_{asset}"] = amount, own
        table[f"investment_{asset}_per_employee"] = amount / persons
        table[f"own_production_{asset}_share"] = own / amount.where(amount > 0)
    return table.assign(year=year)


def investments(folder: Path, year: int) -> pd.DataFrame:
    """Give amounts by unit and asset: the total where present, else the sum of the components."""
    rows = read(folder, "investments", ["be_id", "asset", "component", "amount", "response"], year)
    rows = rows[rows["response"] != "nonresponse"].dropna(subset=["amount"])
    kind = rows["component"].where(rows["component"].isin(["total", "own_production"]), "other")
    wide = rows.assign(kind=kind).pivot_table(index="be_id", columns=["asset", "kind"], values="amount", aggfunc="sum")
    amounts = {}
    for asset in ASSETS:
        parts = wide[asset].reindex(columns=["own_production", "other"]).sum(axis=1, min_count=1)
        amounts[f"investment_{asset}"] = wide[asset]["total"].fillna(parts)
        amounts[f"own_{asset}"] = wide[asset].get("own_production")
    return pd.DataFrame(amounts)


def outliers(years: list[pd.DataFrame], folder: Path) -> dict[str, set[int]]:
    """Give the units that the rules of 2020 set aside."""
    aside: dict[str, set[int]] = {"revenue": set(), "investment": set()}
    codes, lower = facts("size_classes")["codes"], facts("size_classes")["classes"]["size_class"]["lower"]
    for table in years:
        ours = table[table["group"] == "participant"]
        groups = read(
            folder, "enterprise_groups", ["group_id", "employed_persons", "size_code"], int(table["year"].iloc[0])
        )
        floor = groups["size_code"].map(codes).fillna(groups["employed_persons"])
        place = np.searchsorted(lower, floor, side="right")
        higher = ours["group_id"].map(dict(zip(groups["group_id"], place, strict=True)))
        own = np.searchsorted(lower, ours["size_code"].map(codes).fillna(ours["employed_persons"]), side="right")
        for name in [name for name in INDICATORS if name.endswith("_per_employee")]:
            values = np.log(ours[name].where(ours[name] > 0))
            cells = values.groupby(ours["size_class"])
            first, third, size = (
                cells.transform("quantile", 0.25),
                cells.transform("quantile", 0.75),
                cells.transform("count"),
            )
            extreme = (values > third + 3 * (third - first)) & (size >= 8) & (higher > own)
            aside["revenue" if name.startswith("revenue") else "investment"] |= set(ours.loc[extreme, "be_id"])
    return aside


def holdings(table: pd.DataFrame) -> pd.Series:
    """Give the holding of each unit: its enterprise group where that has another unit, else the unit itself."""
    shared = table["group_id"].notna() & table.duplicated("group_id", keep=False)
    return table["group_id"].where(shared, -table["be_id"])


def two_largest(contributions: pd.Series, keys: list[pd.Series], names: list[str]) -> pd.DataFrame:
    """Give the two largest contributions of each cell."""
    ordered = contributions.dropna().sort_values(ascending=False)
    cells = ordered.groupby([key.reindex(ordered.index) for key in keys])
    return pd.DataFrame({name: cells.nth(place).groupby(
        [key.reindex(ordered.index) for key in keys]).first() for place, name in enumerate(names)})  # fmt: skip


def measure(table: pd.DataFrame, name: str, values: pd.Series) -> pd.DataFrame:
    """Give the measures of one indicator by group, year, size class and sector."""
    keys = [table[key] for key in KEYS]
    cells = values.groupby(keys)
    frame = cells.agg(n="count", mean="mean", sd="std", total="sum", smallest="min")
    shares = cells.quantile(list(PERCENTILES.values())).unstack()
    frame = frame.join(shares.set_axis(list(PERCENTILES), axis=1))
    for part, column in RATIOS.get(name, {}).items():
        frame[part] = table[column].where(values.notna()).groupby(keys).sum(min_count=1)
    size = values.abs()
    frame = frame.join(two_largest(size, keys, ["largest", "second_largest"]))
    by_holding = size.dropna().groupby([*[key[size.notna()] for key in keys], table["holding"][size.notna()]]).sum()
    frame["n_holdings"] = by_holding.groupby(level=KEYS).size()
    flat = by_holding.rename("contribution").reset_index()
    largest = two_largest(flat["contribution"], [flat[key] for key in KEYS], ["holding_largest", "holding_second"])
    return frame.join(largest).reset_index().assign(indicator=name)


def core_job(folder: Path) -> pd.DataFrame:
    """Give all measures of every indicator by group, year, size class and sector."""
    linked = link(folder)
    years = [panel(folder, int(path.stem[-4:]), linked) for path in sorted(folder.glob("business_units_*.parquet"))]
    aside = outliers(years, folder)
    frames = []
    for table in years:
        for name in INDICATORS:
            domain = "revenue" if name.startswith("revenue") else "investment"
            leaves = aside[domain] if name.startswith(("revenue", "investment", "own")) else set()
            values = table[name].where(~table["be_id"].isin(leaves)) if leaves else table[name]
            frames.append(measure(table, name, values))
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    job = core_job(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        job.to_parquet(sys.argv[2])
