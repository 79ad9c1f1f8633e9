"""A programme of another country from its raw files to protected figures: each equals the one that pandas computes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from vouchers import EFFECT, REGIONS, STUDY, THOUSAND, write_vouchers

import si_eval as se
from si_eval.errors import InputError
from si_eval.study.calls import exhibit_calls
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study

CLOSE = 1e-9  # relative: sums of doubles in another order
FIRMS = 900


@pytest.fixture(scope="module")
def vouchers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vouchers")
    made = write_vouchers(folder / "extract", firms=FIRMS)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "study.toml")
    _, linkage, panel = se.read_registers(study, folders=[made.folder])
    tables = {table.exhibit: table.to_frame() for table in compute_exhibits(study, panel, linkage)}
    return made.firms, tables, panel, study


@pytest.fixture(scope="module")
def firms(vouchers):
    """Return the firms as pandas has them, with what the study declares computed in pandas alone."""
    frame = vouchers[0].sort_values(["entref", "year"]).assign(treated=lambda rows: rows["decision"] == "awarded")
    frame["revenue"] = frame["turnover"] * THOUSAND
    frame["rd_per_employee"] = frame["rd"] / frame["employees"]
    frame["revenue_per_employee"] = frame["revenue"] / frame["employees"]
    frame["log_productivity"] = np.log(frame["revenue_per_employee"])
    frame["growth"] = np.log(frame["revenue"]) - np.log(frame.groupby("entref")["revenue"].shift())
    frame["staff"] = pd.cut(frame["employees"], [0, 10, 50, np.inf], right=False, labels=["0-9", "10-49", "50+"])
    return frame


def test_the_call_of_an_exhibit_gives_its_numbers(vouchers):
    _, tables, panel, study = vouchers
    calls = exhibit_calls(study)
    keys = ["indicator", "statistic", "group", "year", "size_class", "sector", "category", "estimate"]
    compared = [name for name in tables if calls.get(name, "").startswith(("se.compare_groups(", "se.index_series("))]
    assert compared
    for name in compared:
        written = eval(calls[name], {"se": se, "panel": panel}).to_frame()
        rows, found = ({tuple(row) for row in one[keys].astype(str).to_numpy()} for one in (tables[name], written))
        assert rows <= found, calls[name]


def number(rows, **keys):
    """Return the one estimate of tidy rows with these keys."""
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, keys
    return rows["estimate"].iloc[0]


GROUPS = {"participant": True, "non_participant": False}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("region", REGIONS)
def test_spending_by_region_is_that_of_pandas(vouchers, firms, group, region):
    rows = vouchers[1]["rd_by_region"]
    cell = firms[(firms["year"] == 2018) & (firms["itl1"] == region) & (firms["treated"] == GROUPS[group])]
    known = cell.dropna(subset="rd")
    keys = {"group": group, "category": region}
    assert number(rows, statistic="mean", **keys) == pytest.approx(known["rd_per_employee"].mean(), rel=CLOSE)
    ratio = known["rd"].sum() / known["employees"].sum()
    assert number(rows, statistic="ratio_of_sums", **keys) == pytest.approx(ratio, rel=CLOSE)
    assert set(rows.loc[rows["statistic"] == "mean", "unit"]) == {"GBP per person employed", "ratio"}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("year", [2015, 2019])
def test_thousands_of_pounds_are_pounds_by_classes_of_staff(vouchers, firms, group, year):
    rows = vouchers[1]["productivity_by_staff"]
    cells = firms[(firms["year"] == year) & (firms["treated"] == GROUPS[group])].groupby("staff", observed=True)
    for staff, mean in cells["revenue_per_employee"].mean().items():
        keys = {"group": group, "year": year, "category": staff, "statistic": "mean"}
        assert number(rows, **keys) == pytest.approx(mean, rel=CLOSE)


COMPARED = {
    "rejected": lambda firms: firms["decision"] == "rejected",
    "southern": lambda firms: ~firms["treated"] & (firms["itl1"] == "South"),
}


@pytest.mark.parametrize("name", COMPARED)
def test_growth_is_compared_with_the_firms_of_a_group_alone(vouchers, firms, name):
    rows = vouchers[1][f"growth_against_{name}"]
    of_year = firms[firms["year"] == 2018]
    others = of_year[COMPARED[name](of_year)]
    treated = of_year.loc[of_year["treated"], "growth"].mean()
    assert number(rows, group="non_participant", statistic="mean") == pytest.approx(others["growth"].mean(), rel=CLOSE)
    assert rows.loc[rows["group"] == "non_participant", "n_units"].iloc[0] == len(others)
    assert number(rows, group="participant", statistic="mean") == pytest.approx(treated, rel=CLOSE)


def test_reach_counts_sections_of_dotted_codes(vouchers, firms):
    rows = vouchers[1]["reach"].query("indicator == 'sector' and statistic == 'count'")
    letters = {"25": "C", "28": "C", "62": "J", "71": "M", "46": "G", "01": "A"}
    of_year = firms[firms["year"] == 2018]
    counts = of_year.groupby(["treated", of_year["nace"].str[:2].map(letters)]).size()
    for group, treated in GROUPS.items():
        for letter, count in counts[treated].items():
            assert number(rows, group=group, sector=letter) == count


def test_the_list_is_accounted_for(vouchers, firms):
    rows = vouchers[1]["found"]
    treated = firms.loc[firms["treated"], "entref"].nunique()
    assert number(rows, indicator="participants_listed") == treated
    assert number(rows, indicator="participants_without_unit") == 0
    assert number(rows, indicator="linked_units", year=2016) == treated


def test_the_planted_effect_is_within_the_interval(vouchers):
    rows = vouchers[1]["effect"].query("statistic == 'att' and category == 'overall'").iloc[0]
    assert rows["conf_low"] < EFFECT < rows["conf_high"]
    assert rows["std_error"] < EFFECT / 10


def test_classes_stand_in_the_order_of_the_study_and_under_its_names(vouchers):
    shown = vouchers[1]["rd_by_region"]["category"].drop_duplicates().tolist()
    assert shown == ["South", "Midlands", "North"]
    assert vouchers[3].labels["North"]["en"] == "The North"
    assert vouchers[3].labels["rd_per_employee"]["en"] == "R&D spending per person employed"


def test_the_panel_has_no_column_that_only_declarations_are_made_of(vouchers):
    columns = set(vouchers[2].table.columns)
    assert {"region", "staff", "rejected", "rd", "rd_per_employee", "growth", "age", "sector"} <= columns
    assert not columns & {"decision", "itl1", "nace"}


def test_a_frame_takes_the_same_declarations(vouchers, firms):
    _, tables, _, study = vouchers
    frame = firms.assign(joined=firms["treated"].astype(int), region=firms["itl1"])
    frame = frame.rename(columns={"employees": "employed_persons"})
    declared = study.file.model_copy(update={"groups": {}})
    panel = se.panel_from_frame(
        frame[["entref", "year", "joined", "employed_persons", "revenue", "rd", "region", "nace", "birth"]],
        unit="entref", year="year", participant="joined", employed_persons="employed_persons", revenue="revenue",
        activity="nace", founded="birth", study=study.model_copy(update={"file": declared}),
    )  # fmt: skip
    rows = se.compare_groups(panel, indicator="rd_per_employee", by=["region"], years=[2018]).to_frame()
    same = tables["rd_by_region"].sort_values(["category", "group", "statistic"])["estimate"].to_numpy()
    assert rows.sort_values(["category", "group", "statistic"])["estimate"].to_numpy() == pytest.approx(same, rel=CLOSE)
    reach = se.describe_reach(panel, year=2018).to_frame()
    assert reach["indicator"].nunique() > 3, "all of reach works on a frame"


def broken(text, old, new):
    assert old in text
    return text.replace(old, new)


REFUSED = {
    "a column that no table has": ('numerator = "rd"', 'numerator = "rd_totl"', ["`rd_totl` in no table"]),
    "a file's column that is not there": ('rd = "rd_total"', 'rd = "rd_totals"', ["did you mean `rd_total`?"]),
    "a file that is not there": ('"berd_{year}.*"', '"bird_{year}.*"', ["no file that matches bird", "berd_20"]),
    "a value that the order does not name": ('"South", "Midlands", "North"]', '"South", "North"]', ["Midlands"]),
    "a group that nobody is in": ('decision = "rejected"', 'decision = "refused"', ["awarded, rejected"]),
    "a condition on a column of no list": ('decision = "awarded"', 'decided = "awarded"', ["no column 'decided'"]),
    "several faults at once": (
        'be_id = "entref"', 'be_id = "vat"', ["register_2014.csv", "accounts_2014.csv", "applications.csv"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_the_files_is_told(vouchers, tmp_path, name):
    old, new, told = REFUSED[name]
    (tmp_path / "study.toml").write_text(broken(STUDY, old, new), encoding="utf-8")
    study = load_study(tmp_path / "study.toml")
    folder = vouchers[3].path.parent / "extract"
    with pytest.raises(InputError) as error:
        se.read_registers(study, folders=[folder])
    assert all(text in str(error.value) for text in told), str(error.value)


DAMAGE = {
    "a firm twice in a year": lambda rows: [*rows, rows[1]],
    "no identifier": lambda rows: [rows[0], rows[1].replace(rows[1].split(",")[0], "", 1), *rows[2:]],
    "a word for a number": lambda rows: [rows[0], rows[1].split(",")[0] + ",many", *rows[2:]],
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_of_a_table_is_refused(vouchers, tmp_path, name):
    folder = tmp_path / "extract"
    folder.mkdir()
    for path in (vouchers[3].path.parent / "extract").iterdir():
        rows = path.read_text(encoding="utf-8").splitlines()
        rows = DAMAGE[name](rows) if path.name == "accounts_2016.csv" else rows
        (folder / path.name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="turnover"):
        se.read_registers(vouchers[3], folders=[folder])


WRONG = {
    "an indicator in two ways": ('numerator = "rd"', 'column = "rd"\nnumerator = "rd"', "one of: a column"),
    "half of a ratio": ('denominator = "employed_persons"\n', "", "one of: a column, a numerator with a denominator"),
    "an expression that is none": ("log(lag(revenue))", "exp(revenue)", "correct `exp` of 1 terms"),
    "an import": ("log(lag(revenue))", "__import__('os')", "correct `__import__`"),
    "borders that fall": ("borders = [0, 10, 50]", "borders = [0, 50, 10]", "borders that rise"),
    "a function that has nothing to start from": ('"describe_linkage"', '"describe_plausibility"', "no chain of links"),
    "an indicator of other registers": ('"growth"', '"investment_software"', "found 'investment_software'"),
    "a split with the name of a column": ("[splits.staff]", "[splits.sector]", "splits.sector: found a name"),
    "a group with the name of a split": ("[groups.southern]", "[groups.region]", "groups.region: found a name"),
    "an unknown key": ("borders = [0, 10, 50]", "border = [0, 10, 50]", "did you mean `borders`?"),
    "an unknown indicator": ('indicator = "growth"', 'indicator = "grwth"', "did you mean `growth`?"),
    "an unknown split": ('by = ["region"]', 'by = ["regions"]', "did you mean `region`?"),
    "an unknown group": ('against = "rejected"', 'against = "rejects"', "did you mean `rejected`?"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_declarations_that_cannot_be_are_told_before_anything_is_read(tmp_path, name):
    old, new, told = WRONG[name]
    (tmp_path / "study.toml").write_text(broken(STUDY, old, new), encoding="utf-8")
    (tmp_path / "extract").mkdir()
    with pytest.raises(InputError) as error:
        se.run_study(tmp_path / "study.toml", out=tmp_path / "out", extract=tmp_path / "extract")
    assert told in str(error.value)
