"""The KPI store and what is read from it: every published value comes back, and nothing is joined across a break."""

from __future__ import annotations

import pandas as pd
import pytest
from paths import DATA, REFERENCE

from si_eval.errors import InputError, StudyError
from si_eval.programme.monitoring import (
    describe_kpis,
    kpi_growth,
    kpi_per_project,
    kpi_shares,
    kpi_subset,
    load_kpis,
    targets_against_results,
)
from si_eval.published.sources import FIGURE_COLUMNS, find_problems, read_readings, read_rows
from si_eval.vocabulary import TIDY

KPIS = DATA / "monitoring" / "kpis.csv"
FIGURES = DATA / "published" / "monitoring_figures.csv"
STORE = REFERENCE / "monitoring.csv"
FUNDING = "fieldlab_funding_cumulative_incl_commitments"
SUBSET = "fieldlab_funding_cumulative_same_41_fieldlabs"
TABLES = {
    "tno_table_01": "TNO table 1",
    "tno_table_02": "TNO table 2",
    "tno_table_03": "TNO table 3",
    "tno_table_04": "TNO table 4",
    "tno_table_05": "TNO table 5",
    "tno_table_06": "TNO table 6",
    "dialogic_table_01": "Dialogic table 1",
    "agenda_table_01": "Agenda table 1",
    "agenda_figure_03": "Agenda figure 3",
    "agenda_figure_06": "Agenda figure 6",
    "dialogic_figure_08": "Dialogic figure 8",
    "dialogic_box_09": "Box 9",
    "dialogic_box_11": "Box 11",
}


@pytest.fixture(scope="module")
def store():
    return load_kpis(KPIS)


def lookup(table, **keys):
    frame = table.frame
    for column, value in keys.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, frame.to_string()
    return frame.iloc[0]


# --- the store ---
@pytest.mark.skipif(not STORE.is_file(), reason="the reference folder is not part of the project")
def test_every_row_of_the_reference_is_in_the_store(store):
    reference = pd.read_csv(STORE).set_index("id")
    frame = store.to_frame().set_index("id")
    assert [name for name in frame.index if name in reference.index] == list(reference.index)
    frame = frame.loc[reference.index]
    assert frame["value"].equals(reference["value"].set_axis(frame.index))
    assert frame["indicator"].tolist() == reference["indicator"].tolist()


def test_the_published_figures_can_be_read():
    rows = read_rows(FIGURES)
    readings = read_readings(None, beside=[FIGURES])
    assert not find_problems(rows, FIGURES.name, FIGURE_COLUMNS, readings)
    assert len(rows) == len(pd.read_csv(KPIS))


@pytest.mark.parametrize(("exhibit", "table"), TABLES.items())
def test_every_value_of_an_exhibit_is_reproduced(store, exhibit, table):
    figures = pd.read_csv(FIGURES, dtype={"year": str}).query("exhibit == @exhibit")
    indicators = list(dict.fromkeys(store.frame.loc[store.frame["table"] == table, "indicator"]))
    computed = describe_kpis(store, indicators=indicators, table=table).frame
    computed["year"] = computed["year"].astype("string").fillna("all")
    keys = ["indicator", "statistic", "year", "category"]
    joined = figures[figures["indicator"].isin(indicators)].merge(computed, on=keys, how="left", validate="1:1")
    shown = joined[joined["value"].notna()]
    assert len(shown)
    assert (shown["value"] == shown["estimate"]).all()
    assert joined.loc[joined["value"].isna(), "note_y"].str.contains("no value").all()


def test_all_problems_are_told_at_once(tmp_path):
    rows = pd.read_csv(KPIS, dtype=str, keep_default_na=False).head(6)
    rows.loc[0, "value"], rows.loc[1, "unit"], rows.loc[2, "year"] = "many", "", "'20"
    rows.loc[3, "id"], rows.loc[4, "definition"] = "MN001", "unheard"
    rows.to_csv(tmp_path / "kpis.csv", index=False)
    with pytest.raises(InputError) as caught:
        load_kpis(tmp_path / "kpis.csv", definitions=KPIS.with_name("definitions.toml"))
    told = {(problem.column, problem.examples[:1]) for problem in caught.value.problems if problem.column}
    assert {("value", ("MN001",)), ("unit", ("MN002",)), ("year", ("MN003",)), ("definition", ("MN005",))} <= told
    assert any(problem.column == "id" and problem.count == 2 for problem in caught.value.problems)


def test_an_unknown_column_names_the_nearest(tmp_path):
    pd.read_csv(KPIS, dtype=str).rename(columns={"unit": "units"}).to_csv(tmp_path / "kpis.csv", index=False)
    with pytest.raises(InputError, match="rename `units`") as caught:
        load_kpis(tmp_path / "kpis.csv")
    assert "did you mean `unit`?" in str(caught.value)


def test_contradictions_are_kept_and_repetitions_noted(tmp_path):
    rows = pd.DataFrame(
        {"id": ["a", "b", "c"], "indicator": "jobs", "year": 2020, "value": [9, 9, 12], "unit": "jobs", "source": "x"}
    )
    rows.to_csv(tmp_path / "kpis.csv", index=False)
    other = load_kpis(tmp_path / "kpis.csv")
    assert other.notes == ("1 rows repeat another: b",)
    row = lookup(describe_kpis(other, indicators=["jobs"]), indicator="jobs")
    assert row["estimate"] == 9
    assert "also told as 12" in row["note"]


def test_names_that_are_not_there_are_refused(store):
    with pytest.raises(StudyError, match="did you mean `jobs_created`"):
        describe_kpis(store, indicators=["job_created"])
    with pytest.raises(StudyError, match="table: found 'TNO table 9'"):
        describe_kpis(store, indicators=["jobs_created"], table="TNO table 9")
    with pytest.raises(StudyError, match="no file"):
        load_kpis("nowhere.csv")


# --- readings ---
def test_results_are_tidy_and_public(store):
    for table in (
        describe_kpis(store, indicators=["jobs_created"]),
        kpi_growth(store, indicators=["jobs_created"]),
        kpi_per_project(store, indicators=[FUNDING]),
        kpi_shares(store, indicators=[FUNDING], table="TNO table 1"),
        kpi_subset(store, indicator=SUBSET, whole=FUNDING, years=[2019, 2020]),
        targets_against_results(store, DATA / "monitoring" / "targets.csv"),
    ):
        assert tuple(table.frame.columns) == TIDY
        assert table.public
        assert table.evidence == "goal_attainment"
        assert not table.frame.loc[table.frame["estimate"].isna(), "note"].eq("").any()
        assert not table.frame.duplicated(["indicator", "statistic", "year", "category", "unit"]).any()


def test_the_whole_store_has_one_row_a_cell(store):
    frame = describe_kpis(store, indicators=list(store.frame["indicator"].unique())).frame
    assert not frame.duplicated(["indicator", "statistic", "year", "category"]).any()


def test_shares_growth_and_means_meet_what_was_printed(store):
    shares = kpi_shares(store, indicators=[FUNDING], table="TNO table 1")
    assert lookup(shares, year=2020, category="private")["estimate"] == pytest.approx(148 / 367)
    growth = kpi_growth(store, indicators=[FUNDING, "jobs_created"], sources=["TNO 2020"])
    assert lookup(growth, indicator=FUNDING, statistic="change", year=2020, category="all")["estimate"] == 53
    assert lookup(growth, indicator="jobs_created", statistic="change", year=2020)["estimate"] == 383
    means = kpi_per_project(store, indicators=[FUNDING], project="fieldlab", table="TNO table 1")
    assert round(lookup(means, year=2019, category="all")["estimate"], 1) == 7.7


def test_the_number_of_projects_is_read_under_its_earlier_name(store, tmp_path):
    rows = pd.read_csv(KPIS, dtype=str, keep_default_na=False)
    rows.rename(columns={"n_projects": "n_fieldlabs"}).to_csv(tmp_path / "kpis.csv", index=False)
    earlier = load_kpis(tmp_path / "kpis.csv", definitions=KPIS.with_name("definitions.toml"))
    pd.testing.assert_frame_equal(earlier.to_frame(), store.to_frame())
    assert earlier.to_frame()["n_projects"].notna().any()


def test_a_break_is_shown_and_never_joined(store):
    levels = describe_kpis(store, indicators=["partner_companies"], table="TNO table 4").frame
    assert levels["category"].tolist() == ["companies_mentions", "companies_mentions", "companies_unique"]
    growth = kpi_growth(store, indicators=["partners", "partner_companies", "students"], table="TNO table 4").frame
    assert growth.loc[growth["year"] == 2020, "estimate"].isna().all()
    assert growth.loc[growth["year"] == 2020, "note"].str.contains("| not comparable", regex=False).all()
    assert growth.loc[growth["year"] == 2019, "estimate"].notna().all()


def test_a_subset_splits_the_change_of_the_whole(store):
    parts = kpi_subset(store, indicator=SUBSET, whole=FUNDING, years=[2019, 2020], sources=["TNO 2020"])
    change = {
        name: lookup(parts, indicator=name, statistic="change", category="private")["estimate"]
        for name in (SUBSET, FUNDING, f"{FUNDING}_outside_subset")
    }
    assert list(change.values()) == [24, 31, 7]


def test_targets_stand_beside_results(store):
    table = targets_against_results(store, DATA / "monitoring" / "targets.csv")
    hubs = lookup(table, indicator="hubs", statistic="attainment")
    assert hubs["estimate"] == 1
    assert "| reached" in hubs["note"]
    private = lookup(table, indicator="fieldlab_funding_share", statistic="attainment")
    assert private["estimate"] == pytest.approx(0.8)
    assert "not reached yet" in private["note"]
    assert "no result" in lookup(table, indicator="companies_digital_tool", statistic="attainment")["note"]


def test_targets_that_cannot_be_are_refused(store):
    targets = pd.DataFrame({"id": ["t"], "indicator": "hubs", "target": 5, "unit": "hubs", "year": 2018})
    with pytest.raises(InputError, match="not later than its base"):
        targets_against_results(store, targets.assign(base_year=2018))
    with pytest.raises(InputError, match="no unit, year"):
        targets_against_results(store, targets.drop(columns=["unit", "year"]))


def test_another_programme_gives_its_own_files(tmp_path):
    frame = pd.DataFrame(
        {
            "id": list("abcdef"),
            "indicator": ["loans"] * 4 + ["trained"] * 2,
            "category": ["bank", "state", "total", "total", "", ""],
            "year": [2021, 2021, 2021, 2022, 2021, 2022],
            "value": [30, 10, 40, 60, 100, 80],
            "unit": ["EUR"] * 4 + ["persons"] * 2,
            "source": "annual report",
            "definition": ["", "", "", "", "per_course", "per_person"],
        }
    )
    frame.to_csv(tmp_path / "store.csv", index=False)
    (tmp_path / "definitions.toml").write_text(
        '[definitions.per_course]\nnl = "x"\nen = "by course"\n[definitions.per_person]\nnl = "x"\nen = "by person"\n'
        '[[breaks]]\nindicator = "trained"\nyear = 2022\nnl = "anders geteld"\nen = "counted by person"\n'
    )
    other = load_kpis(tmp_path / "store.csv")
    assert lookup(kpi_shares(other, indicators=["loans"], years=[2021]), category="bank")["estimate"] == 0.75
    assert lookup(kpi_growth(other, indicators=["loans"]), statistic="growth")["estimate"] == 0.5
    assert "counted by person" in lookup(kpi_growth(other, indicators=["trained"]), statistic="change")["note"]
