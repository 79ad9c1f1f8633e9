"""The simulated extract gives the published figures back, by rules written out here and not taken from the pipeline."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from si_eval.errors import StudyError
from si_eval.synthetic import simulate_extract

YEARS = range(2014, 2020)
INVESTMENT_YEARS = range(2014, 2019)
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
    "A": 1,
    "B": 5,
    "C": 10,
    "D": 35,
    "E": 36,
    "F": 41,
    "G": 45,
    "H": 49,
    "I": 55,
    "J": 58,
    "K": 64,
    "L": 68,
}
SECTION_FIRST |= {"M": 69, "N": 77, "O": 84, "P": 85, "Q": 86, "R": 90, "S": 94, "T": 97, "U": 99}
CASES = [(1, 0.01), (2, 0.01), (1, 0.02), (2, 0.02)]
ABOUT = 0.005  # "about 460 000" and "164 million" are met when the figure rounds to what was printed
LARGEST_CONTRIBUTION = 0.4  # no published cell of participants may hang on one unit
FACTS = tomllib.loads((files("si_eval.synthetic") / "smart_industry_2020.toml").read_text(encoding="utf-8"))
FIGURES = [entry for entry in FACTS["published"] if entry["reading"] != "suppressed"]


@pytest.fixture(scope="module")
def extracts(tmp_path_factory):
    """Simulate each case once."""
    folder = tmp_path_factory.mktemp("synthetic")

    def simulate(
        seed: int, scale: float = 0.01, layout: str = "canonical", format: str = "parquet", copy: int = 0
    ) -> Path:
        out = folder / f"{seed}-{scale}-{layout}-{format}-{copy}"
        return out if out.exists() else simulate_extract(out, seed=seed, scale=scale, layout=layout, format=format)

    return simulate


@pytest.fixture(scope="module")
def panels(extracts):
    """Evaluate each case once."""
    return cache(lambda seed, scale: evaluate(extracts(seed, scale)))


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


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_every_published_figure_comes_back(panels, seed, scale):
    panel = panels(seed, scale)
    wrong = []
    for entry in FIGURES:
        mean, value = cell(panel, entry).mean(), entry["value"]
        if entry["reading"] == "exact":
            good = round(mean, entry["decimals"]) == value
        else:
            good = (0 if entry["reading"] == "above" else -ABOUT) < mean / value - 1 < ABOUT
        if not good:
            wrong.append(
                (entry["id"], entry["indicator"], entry["group"], entry["year"], entry["size_class"], value, mean)
            )
    assert not wrong


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_counts_and_outliers(extracts, panels, seed, scale):
    folder, panel = extracts(seed, scale), panels(seed, scale)
    listed = read(folder, "participants")["kvk_id"]
    persons = read(folder, "kvk_person")
    facts = FACTS["linkage"]
    assert len(listed) == facts["rows"]["value"]
    assert listed.nunique() == facts["kvk_unique"]["value"]
    assert (~listed.drop_duplicates().isin(persons["kvk_id"])).sum() == facts["kvk_without_person"]["value"]
    linked = panel[panel["group"] == "participant"].groupby("year").size()
    assert linked.tolist() == facts["linked_units"]["value"]
    assert panel.attrs["outliers"] == {name: entry["value"] for name, entry in FACTS["outliers"].items()}
    non_participants = ((panel["group"] == "non_participant") & (panel["year"] == 2019)).sum()
    assert non_participants == max(round(facts["non_participants_2019"]["value"] * scale), 19000)


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_published_cells_of_participants_do_not_hang_on_few_units(panels, seed, scale):
    panel = panels(seed, scale)
    for entry in FIGURES:
        if entry["group"] == "participant" and entry["statistic"] == "mean":
            values = cell(panel, entry)
            assert len(values) >= 12, entry
            assert values.max() <= LARGEST_CONTRIBUTION * values.sum(), entry
    hidden = next(entry for entry in FACTS["published"] if entry["reading"] == "suppressed")
    assert len(cell(panel, hidden)) < 10
    assert len(cell(panel, {**hidden, "year": 2018})) >= 10


@pytest.mark.parametrize("seed", [1, 2])
def test_cells_of_non_participants_are_filled(panels, seed):
    panel = panels(seed, 0.01)
    panel = panel[panel["group"] == "non_participant"]
    by = [panel["year"], panel["sector"] == "C", panel["size_class"]]
    assert panel["revenue_per_employee"].groupby(by).count().min() >= 60
    covered = panel["investment_software_per_employee"].groupby(by).count()
    assert covered[covered.index.get_level_values("year") < 2019].min() >= 60


def test_links_have_the_awkward_cases(extracts, panels):
    folder, panel = extracts(1, 0.01), panels(1, 0.01)
    links = read(folder, "person_business_unit")
    ends = pd.to_datetime(links["end"])
    assert ends.isna().any()
    assert (ends == pd.Timestamp("2079-06-06")).any()
    listed = read(folder, "participants").merge(read(folder, "kvk_person"), on="kvk_id")["person_id"].unique()
    of_list = links[links["person_id"].isin(listed)]
    assert len(set(listed) - set(links["person_id"])) == 8
    assert (of_list.groupby("person_id")["be_id"].nunique() > 1).sum() >= 12
    assert (~of_list["be_id"].isin(panel["be_id"])).any()
    assert (panel["group"] == "none").any()


def test_share_made_in_house_moves_as_described(panels):
    panel = panels(1, 0.01)
    means = (
        panel[panel["group"] != "none"]
        .groupby(["group", "year"])[[f"own_production_{name}_share" for name in ASSETS]]
        .mean()
    )
    for name in ASSETS:
        taking_part, others = (
            means.loc[group, f"own_production_{name}_share"] for group in ("participant", "non_participant")
        )
        if name == "software":
            assert taking_part[2018] - taking_part[2014] > others[2018] - others[2014] > 0
        else:
            assert taking_part[2016] > taking_part[2014] > taking_part[2018]
            assert others[2014] > others[2018]


def digest(folder: Path) -> dict[str, str]:
    """Fingerprint every file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(("layout", "format"), [("canonical", "parquet"), ("cbs", "sav")])
def test_the_same_seed_gives_the_same_bytes(extracts, layout, format):
    assert digest(extracts(1, 0.01, layout, format)) == digest(extracts(1, 0.01, layout, format, 1))


def test_another_seed_gives_other_firms(extracts):
    first, second = (read(extracts(seed), "business_units_2019") for seed in (1, 2))
    assert set(first["be_id"]) != set(second["be_id"])
    assert digest(extracts(1)).keys() == digest(extracts(2)).keys()


def test_layouts_hold_the_same_amounts(extracts):
    canonical, cbs = extracts(1), extracts(1, 0.01, "cbs")
    ours = read(canonical, "turnover_2016").set_index(["be_id", "quarter"])["turnover"].sort_index()
    theirs = pd.read_parquet(cbs / "DRT_BEID2016V1.parquet").set_index(["BEID", "KWARTAAL"])["OMZET"].sort_index()
    np.testing.assert_array_equal(ours, theirs)
    rows = read(canonical, "investments_2018").dropna(subset="amount")
    wide = pd.read_parquet(cbs / "Investeringen_nationaal2018V2.parquet").set_index("Beid")
    for asset, code in (("computers", "C010"), ("machinery", "C012"), ("software", "C015")):
        for component, suffix in (("total", "004"), ("own_production", "003")):
            chosen = (
                rows[(rows["asset"] == asset) & (rows["component"] == component)]
                .set_index("be_id")["amount"]
                .sort_index()
            )
            np.testing.assert_allclose(chosen, 1000 * wide[f"{code}{suffix}"].dropna().sort_index(), rtol=1e-12)
    older = pd.read_parquet(cbs / "Investeringen_nationaal2018V1.parquet").set_index("Beid")
    assert (older["C012004"] != wide["C012004"].reindex(older.index)).any()


def test_formats_hold_the_same_content(extracts):
    parquet, csv = extracts(1), extracts(1, 0.01, "canonical", "csv")
    ours = read(parquet, "business_units_2017").sort_values("be_id", ignore_index=True)
    theirs = pd.read_csv(
        csv / "business_units_2017.csv",
        sep=";",
        decimal=",",
        encoding="cp1252",
        dtype={"sbi": str, "size_code": str},
        keep_default_na=False,
        na_values=[""],
    ).sort_values("be_id", ignore_index=True)
    np.testing.assert_array_equal(ours["employed_persons"], theirs["employed_persons"])
    assert ours["sbi"].astype(object).fillna("").tolist() == theirs["sbi"].astype(object).fillna("").tolist()
    assert (
        pd.to_datetime(ours["founded"]).dropna().dt.strftime("%Y%m%d").astype(int).tolist()
        == theirs["founded"].dropna().astype(int).tolist()
    )
    names = pd.read_csv(csv / "participants.csv", sep=";", encoding="cp1252")["fieldlab"]
    assert names.str.contains("ë|ö", regex=True).any()


def test_the_marker_says_what_is_calibrated(extracts):
    marker = json.loads((extracts(1) / "simulation.json").read_text(encoding="utf-8"))
    assert marker["synthetic"] is True
    assert marker["population_thinned"] is True
    calibrated = {tuple(entry.values()) for entry in marker["calibrated"]}
    assert len(calibrated) == len(marker["calibrated"]) > len(FIGURES)
    assert {"indicator": "linked_units", "year": 2014}.items() <= marker["calibrated"][0].items()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": 1.5}, "scale"),
        ({"preset": "x"}, "preset"),
        ({"layout": "x"}, "layout"),
        ({"format": "x"}, "format"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, arguments, word):
    with pytest.raises(StudyError, match=f"{word}: found .*expected"):
        simulate_extract(tmp_path / "out", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_content_is_refused(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(StudyError, match="expected a folder"):
        simulate_extract(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(step: str, fraction: float) -> None:
        if fraction > 0.5:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        simulate_extract(tmp_path / "out", progress=fail)
    assert not list(tmp_path.iterdir())
