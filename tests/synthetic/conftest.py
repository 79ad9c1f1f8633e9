"""Simulated extracts, each simulated once a session, and panels of them by the rules of the published study.

The rules are written out here and not taken from the package.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from si_eval.synthetic import canonical, cbs, simulate_extract

YEARS = range(2014, 2020)
CLASSES = ["0-1", "2-9", "10-49", "50-249", "250+"]
LOWER = [0, 2, 10, 50, 250]
CODES = {
    **dict.fromkeys(["00", "10"], "0-1"),
    **dict.fromkeys(["21", "22", "30"], "2-9"),
    **dict.fromkeys(["40", "50"], "10-49"),
    **dict.fromkeys(["60", "71", "72", "81"], "50-249"),
    **dict.fromkeys(["82", "91", "92", "93"], "250+"),
}
ASSETS = ["computers", "communication", "machinery", "software"]
INVESTMENTS = [f"investment_{name}_per_employee" for name in ASSETS]
SECTION_FIRST = {
    **{"A": 1, "B": 5, "C": 10, "D": 35, "E": 36, "F": 41, "G": 45, "H": 49, "I": 55, "J": 58, "K": 64, "L": 68},
    **{"M": 69, "N": 77, "O": 84, "P": 85, "Q": 86, "R": 90, "S": 94, "T": 97, "U": 99},
}  # the first division of each section


@pytest.fixture(scope="session")
def facts():
    """What the published study says, as the preset holds it."""
    return tomllib.loads((files("si_eval.synthetic") / "smart_industry_2020.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def figures(facts):
    """The published figures that carry a number."""
    return [entry for entry in facts["published"] if entry["reading"] != "suppressed"]


@pytest.fixture(scope="session")
def extracts(tmp_path_factory):
    """Simulate an extract, each case once; with ``year``, the yearly tables of that year alone are written."""
    folder = tmp_path_factory.mktemp("synthetic")

    def simulate(
        seed: int,
        scale: float = 0.01,
        layout: str = "canonical",
        format: str = "parquet",
        copy: int = 0,
        year: int | None = None,
    ) -> Path:
        out = folder / f"{seed}-{scale}-{layout}-{format}-{year}-{copy}"
        if out.exists():
            return out
        module = {"canonical": canonical, "cbs": cbs}[layout]
        tables = module.year_tables
        with pytest.MonkeyPatch.context() as patch:
            if year is not None:
                patch.setattr(module, "year_tables", lambda *of: tables(*of) if of[1].state.year == year else iter(()))
            return simulate_extract(out, seed=seed, scale=scale, layout=layout, format=format)

    return simulate


@pytest.fixture(scope="session")
def panels(extracts):
    """Evaluate an extract by the published rules, each case once."""
    return cache(lambda seed, scale: evaluate(extracts(seed, scale)))


@pytest.fixture(scope="session")
def read_table():
    """Read a parquet table of an extract, all its years."""
    return read


@pytest.fixture(scope="session")
def published_cell():
    """Select the values of one published cell from a panel."""
    return cell


def read(folder: Path, name: str) -> pd.DataFrame:
    """Read a table and put its years together."""
    paths = sorted(folder.glob(f"{name}.parquet")) or sorted(folder.glob(f"{name}_2*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def size_class(persons: pd.Series, code: pd.Series) -> pd.Series:
    """Size class by code where known, else by persons employed."""
    by_persons = pd.cut(persons, [*LOWER, np.inf], right=False, labels=CLASSES).astype(object)
    return code.map(CODES).astype(object).where(code.isin(CODES), by_persons)


def linked_units(folder: Path, units: pd.DataFrame) -> pd.DataFrame:
    """Link participants to one unit a year: most days in the year, then most persons, then the smallest identifier."""
    kvk = read(folder, "participants")[["kvk_id"]].drop_duplicates()
    person = kvk.merge(read(folder, "kvk_person"), on="kvk_id")
    links = person.merge(read(folder, "person_business_unit"), on="person_id")
    start = pd.to_datetime(links["start"]).astype("datetime64[s]")
    end = pd.to_datetime(links["end"]).astype("datetime64[s]").fillna(pd.Timestamp("2079-06-06"))
    rows = []
    for year in YEARS:
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        days = (end.clip(upper=last) - start.clip(lower=first)).dt.days + 1
        candidates = links.assign(days=days, year=year)[days > 0].merge(
            units[["be_id", "year", "employed_persons"]], on=["be_id", "year"]
        )
        candidates = candidates.sort_values(["days", "employed_persons", "be_id"], ascending=[False, False, True])
        rows.append(candidates.drop_duplicates("kvk_id")[["be_id", "year"]].drop_duplicates())
    return pd.concat(rows)


def evaluate(folder: Path) -> pd.DataFrame:
    """Build unit by year by the rules of the published study."""
    panel = read(folder, "business_units")
    linked = linked_units(folder, panel)
    panel = panel.merge(linked.assign(linked=True), on=["be_id", "year"], how="left")
    ever = panel["be_id"].isin(linked["be_id"])
    panel["group"] = np.select([panel["linked"].notna(), ~ever], ["participant", "non_participant"], "none")
    panel["size_class"] = size_class(panel["employed_persons"], panel["size_code"])
    panel["size_class_4"] = panel["size_class"].replace({"0-1": "0-9", "2-9": "0-9"})
    division = pd.to_numeric(panel["sbi"].str[:2]).fillna(0)
    place = np.searchsorted(list(SECTION_FIRST.values()), division, side="right") - 1
    panel["sector"] = np.where(division > 0, np.array(list(SECTION_FIRST))[place], None)
    panel["age"] = panel["year"] - pd.to_datetime(panel["founded"]).dt.year

    groups = read(folder, "enterprise_groups")
    groups["group_class"] = size_class(groups["employed_persons"], groups["size_code"])
    groups = groups.rename(columns={"employed_persons": "group_persons"}).drop(columns="size_code")
    panel = panel.merge(groups, on=["group_id", "year"], how="left")
    rank = {name: number for number, name in enumerate(CLASSES)}
    panel["group_larger"] = panel["group_persons"] > panel["employed_persons"]
    panel["group_higher_class"] = panel["group_class"].map(rank).astype(float) > panel["size_class"].map(rank).astype(
        float
    )

    quarters = (
        read(folder, "turnover").dropna(subset="turnover").groupby(["be_id", "year"])["turnover"].agg(["sum", "count"])
    )
    revenue = quarters["sum"].where(quarters["count"] == 4).rename("revenue")
    panel = panel.merge(revenue, on=["be_id", "year"], how="left")
    panel = panel.merge(investments(folder), on=["be_id", "year"], how="left")
    persons = panel["employed_persons"].where(panel["employed_persons"] > 0)
    panel["revenue_per_employee"] = panel["revenue"] / persons
    for name in ASSETS:
        panel[f"investment_{name}_per_employee"] = panel[name] / persons
    return without_outliers(panel)


def investments(folder: Path) -> pd.DataFrame:
    """Total investment by asset: the total where present, else the sum of components; and the own share of it."""
    rows = read(folder, "investments")
    rows = rows[rows["response"] != "nonresponse"]
    wide = rows.pivot(index=["be_id", "year", "asset"], columns="component", values="amount")
    parts = wide.drop(columns="total")
    wide["amount"] = wide["total"].fillna(parts.sum(axis=1, min_count=1))
    wide["share"] = (wide["own_production"] / wide["amount"]).where(wide["amount"] > 0)
    amount = wide["amount"].unstack("asset")
    share = wide["share"].unstack("asset").add_prefix("own_production_").add_suffix("_share")
    return amount.join(share)


def without_outliers(panel: pd.DataFrame) -> pd.DataFrame:
    """Set units aside for all years that have an extreme value while their enterprise group is in a higher class."""
    found = {"revenue": set(), "investment": set()}
    members = panel[panel["group"] == "participant"]
    for indicator in ["revenue_per_employee", *INVESTMENTS]:
        logs = np.log(members[indicator].where(members[indicator] > 0))
        by = logs.groupby([members["year"], members["size_class"]])
        upper, lower = by.transform("quantile", 0.75), by.transform("quantile", 0.25)
        extreme = (logs > upper + 3 * (upper - lower)) & members["group_higher_class"]
        found["revenue" if indicator.startswith("revenue") else "investment"] |= set(members.loc[extreme, "be_id"])
    for domain, columns in (("revenue", ["revenue", "revenue_per_employee"]), ("investment", INVESTMENTS)):
        panel.loc[panel["be_id"].isin(found[domain]), columns] = np.nan
    panel.attrs["outliers"] = {domain: len(units) for domain, units in found.items()}
    return panel


def cell(panel: pd.DataFrame, entry: dict) -> pd.Series:
    """Values of one published cell; shares are means of true and false."""
    chosen = panel[(panel["group"] == entry["group"]) & (panel["year"] == entry["year"])]
    if entry["indicator"] == "sector":
        return chosen["sector"] == entry["sector"]
    if entry["sector"] != "all":
        chosen = chosen[chosen["sector"] == entry["sector"]]
    if entry["size_class"] != "all":
        chosen = chosen[chosen["size_class_4"] == entry["size_class"]]
    if entry["indicator"] == "age_class":
        return chosen["age"].dropna() >= 6
    return chosen[entry["indicator"]].dropna()
