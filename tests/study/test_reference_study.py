"""The reference study end to end on simulated extracts: the published cells come out, and the pipeline only reads."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from si_eval import cells, engine
from si_eval.cli import app
from si_eval.errors import StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.study.evaluation import evaluate, protect_exhibits
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.study.inputs import read_extract
from si_eval.study.run import run_study

# The source contradicts itself: about 50 % where its own table doubles, 700 and 600 participants where it lists 552.
CONTRADICTED_FIGURES = {"MP106", "MP121", "MP122"}
# The monitor tells these twice, in a table and otherwise in the text; the table counts.
CONTRADICTED_IN_THE_MONITOR = {f"MN{number}" for number in (108, 112, 115, 118, 162, 166, 168, 171, 220, 242)}
CONTRADICTED_CLAIMS = {"MC070"}
ORDER_OF_SUMS = 1e-9  # relative: the same doubles added up in another order
SMALL = 0.002


@pytest.fixture(scope="module")
def run(simulated_extract, tmp_path_factory):
    """Run the study in the place of an earlier run: the folder that both are in, and the results."""
    place = tmp_path_factory.mktemp("run")
    for name, mark in (("out", "provenance.json"), ("out.inside", "STAYS_INSIDE.txt")):
        (place / name / "tables").mkdir(parents=True)
        for file in (mark, "tables/of_an_earlier_run.csv"):
            (place / name / file).write_text('{"study": "s", "run_on": "2020-01-01", "files": {}}')
    return place, run_study(load_study(), out=place / "out", extract=simulated_extract(1), notebooks=False)


@pytest.fixture(scope="module")
def evaluated(run, simulated_extract):
    return {1: run[1], 2: evaluate(load_study(), folders=[simulated_extract(2)])}


def panel_of(folder):
    extract = read_extract(folder)
    return build_panel(extract, link_participants(extract)).to_frame()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_published_figure_comes_out_but_those_that_the_source_contradicts(evaluated, seed):
    verdicts = evaluated[seed].comparison.to_frame().set_index("id")
    figures = verdicts[(verdicts["kind"] == "figure") & verdicts.index.str.startswith("MP")]
    assert len(figures) == 127
    assert set(figures.index[figures["verdict"] == "fails"]) == CONTRADICTED_FIGURES
    tables = figures.loc[[f"MP{number:03d}" for number in (*range(1, 12), *range(18, 34), *range(50, 106))]]
    assert set(tables["verdict"]) <= {"exact", "within precision"}
    assert (figures.loc[[f"MP{n:03d}" for n in range(50, 106)], "verdict"] == "exact").all()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_claim_holds_but_those_that_the_tables_contradict(evaluated, seed):
    verdicts = evaluated[seed].comparison.to_frame().set_index("id")
    claims = verdicts[(verdicts["kind"] == "claim") & verdicts.index.str.startswith("MC")]
    assert len(claims) == 165
    assert set(claims.index[claims["verdict"] == "fails"]) == CONTRADICTED_CLAIMS


def test_the_survey_the_monitor_the_goals_and_the_costs_come_out_too(evaluated):
    verdicts = evaluated[1].comparison.to_frame().set_index("id")
    others = verdicts[~verdicts.index.str.startswith(("MP", "MC"))]
    assert set(others.index[others["verdict"] == "fails"]) == CONTRADICTED_IN_THE_MONITOR
    unknown = others[others["verdict"] == "not computable"]
    assert unknown["reason"].str.contains("the source prints no value").all()
    assert len(others) > 400


def test_the_suppressed_cell_of_table_10_is_withheld_and_the_others_are_not(evaluated):
    rows = evaluated[1].tables["dialogic_table_10"].to_frame()
    cells = rows[
        (rows["indicator"] == "investment_communication_per_employee")
        & (rows["group"] == "participant")
        & (rows["statistic"] == "mean")
    ].set_index(["year", "size_class"])["status"]
    assert cells[cells == "suppressed"].index.tolist() == [(2014, "250+")]
    assert len(cells) == 8


def test_another_seed_gives_other_firms(simulated_extract):
    first, second = (pd.read_parquet(simulated_extract(seed) / "participants.parquet") for seed in (1, 2))
    assert not set(first["kvk_id"]) & set(second["kvk_id"])


def test_the_pipeline_reads_and_does_not_know(simulated_extract, tmp_path):
    """Doubling the turnover of one participant moves the cell that it is in, and no other cell of table 8."""
    edited = shutil.copytree(simulated_extract(), tmp_path / "edited")
    panel = panel_of(simulated_extract())
    participant = panel[
        panel["participant"].fillna(False)
        & (panel["year"] == 2014)
        & (panel["sector"] == "C")
        & (panel["size_class_4"] == "10-49")
        & panel["revenue_per_employee"].notna()
    ].iloc[0]
    turnover = pd.read_parquet(edited / "turnover_2014.parquet")
    turnover.loc[turnover["be_id"] == participant["be_id"], "turnover"] *= 2
    turnover.to_parquet(edited / "turnover_2014.parquet")

    def table_8(folder):
        extract = read_extract(folder)
        linkage = link_participants(extract)
        study, panel = load_study(), build_panel(extract, linkage)
        (safe,) = protect_exhibits(study, compute_exhibits(study, panel, linkage, only=["dialogic_table_08"]))
        rows = safe.to_frame()
        rows = rows[(rows["statistic"] == "mean") & rows["group"].isin(["participant", "non_participant"])]
        return rows.set_index(["group", "year", "size_class"])["estimate"]

    before, after = table_8(simulated_extract()), table_8(edited)
    moved = after[(after - before).abs() > 0.5]
    assert moved.index.tolist() == [("participant", 2014, "10-49")]


def test_a_large_register_is_worked_on_year_by_year_with_the_same_figures(simulated_extract, monkeypatch):
    def figures():
        extract = read_extract(simulated_extract(1))
        panel = build_panel(extract, link_participants(extract))
        asked = {"indicator": list(panel.indicators), "by": ["size_class", "sector"]}
        return panel.to_frame(), panel.coverage(), panel.outliers(), cells.summarise(panel, **asked)

    at_once = figures()
    monkeypatch.setattr(engine, "MAX_ROWS_AT_ONCE", 0)
    for whole, by_year in zip(at_once, figures(), strict=True):
        pd.testing.assert_frame_equal(by_year, whole, rtol=ORDER_OF_SUMS)


def test_synthetic_figures_say_so(evaluated):
    for safe in evaluated[1].tables.values():
        assert (safe.simulation is not None) != safe.public


def test_a_run_writes_everything_and_replaces_an_earlier_one(run):
    place, results = run
    out = place / "out"
    assert not list(place.rglob("of_an_earlier_run.csv"))
    listed = pd.read_csv(out / "exhibits.csv")
    assert set(listed.columns) == {
        "exhibit", "title", "chapter", "table_file", "figure_file", "function", "rule_set", "input_hashes",
    }  # fmt: skip
    assert list(listed["exhibit"]) == list(results.tables)
    assert len(listed) == len(load_study().file.exhibits)
    for files in (listed["table_file"], listed["figure_file"]):
        assert all((out / file).is_file() for file in files)
    assert len(pd.read_csv(out / "published.csv")) == len(results.comparison.to_frame())
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["synthetic"] == {"preset": "smart_industry_2020", "scale": 0.01, "seed": 1}
    assert all(len(entry["sha256"]) == 64 for entry in provenance["inputs"])
    assert sorted(path.name for path in place.iterdir()) == ["out", "out.inside"]


def test_a_folder_that_is_no_earlier_run_is_left_alone(simulated_extract, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StudyError, match="not an earlier run"):
        run_study(load_study(), out=tmp_path, extract=simulated_extract(1), notebooks=False)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def broken(simulated_extract, tmp_path):
    folder = shutil.copytree(simulated_extract(1), tmp_path / "broken")
    (folder / "turnover_2015.parquet").unlink()
    (folder / "business_units_2016.parquet").write_bytes(b"")
    units = pd.read_parquet(folder / "business_units_2017.parquet")
    pd.concat([units, units.head(2)]).to_parquet(folder / "business_units_2017.parquet")
    return folder


def test_bad_input_is_one_error_with_every_problem_exit_1_and_no_output(simulated_extract, tmp_path):
    folder = broken(simulated_extract, tmp_path)
    runner = CliRunner()
    for command in (["check", str(folder)], ["run", str(folder), "--out", str(tmp_path / "out"), "--no-notebooks"]):
        result = runner.invoke(app, command)
        assert result.exit_code == 1
        message = result.output
        for part in ("turnover", "business_units_2016", "business_units_2017", "expected"):
            assert part in message
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken"]


def test_check_and_simulate_from_the_command_line(tmp_path):
    runner = CliRunner()
    folder = tmp_path / "extract"
    assert runner.invoke(app, ["simulate", str(folder), "--scale", "0.002", "--seed", "3"]).exit_code == 0
    result = runner.invoke(app, ["check", str(folder)])
    assert result.exit_code == 0
    assert "synthetic" in result.output
    again = runner.invoke(app, ["simulate", str(folder)])
    assert again.exit_code == 1
