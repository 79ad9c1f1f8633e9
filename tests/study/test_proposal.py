"""Study files that are proposed for unknown folders: they are sound, and what they say of the data holds."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest
from typer.testing import CliRunner
from unlike_folders import FOLDERS, population, write_folder

import si_eval as se
from si_eval.cli import app
from si_eval.errors import InputError, StudyError
from si_eval.study.checks import check_study
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.study.proposal import write_proposal

READ = ["a column a year", "companies house", "a chain of links"]
RUN = ["dutch words", "vat numbers and financial years"]  # whose exhibits are computed
CLOSE = 1e-9  # relative: sums of doubles in another order


def propose(folder, name, **settings):
    write_folder(folder / "raw", FOLDERS[name])
    return write_proposal(folder / "raw", folder / "study.toml", **settings)


@pytest.fixture(scope="module", params=READ)
def proposed(request, tmp_path_factory):
    written = propose(tmp_path_factory.mktemp("proposed"), request.param)
    study = load_study(written.path)
    check_study(study)
    return request.param, study, se.read_registers(study), written


def test_a_proposed_study_reads_its_folder(proposed):
    name, _, (_, _, panel), _ = proposed
    frame = panel.to_frame()
    firms = population()["units"]
    listed = FOLDERS[name].tables["list"][1]
    taking_part = firms["draw"] < (0.25 if "decision" in listed else 0.4)
    assert len(frame) == len(firms)
    assert frame.groupby("be_id")["participant"].max().sum() == firms[taking_part]["number"].nunique()
    assert frame["revenue"].sum() == pytest.approx(firms["sales"].sum(), rel=1e-5), "money in whole units; cents may go"


@pytest.mark.parametrize("name", RUN)
def test_its_exhibits_are_those_that_pandas_computes(tmp_path, name):
    study = load_study(propose(tmp_path, name).path)
    _, linkage, panel = se.read_registers(study)
    tables = {table.exhibit: table.to_frame() for table in compute_exhibits(study, panel, linkage)}
    firms = population()["units"].query("year == 2018")
    per_head = firms["sales"] / firms["persons"]
    treated = firms["draw"] < (0.25 if "decision" in FOLDERS[name].tables["list"][1] else 0.4)
    rows = tables["by_region"].query("statistic == 'mean' and group == 'participant'").set_index("category")["estimate"]
    expected = per_head[treated].groupby(firms["region"]).mean()
    assert rows.to_dict() == pytest.approx(expected.to_dict(), rel=1e-4 if FOLDERS[name].thousands else CLOSE)
    assert "effect" in tables


def test_the_file_says_why_and_what_is_unsure(tmp_path):
    written = propose(tmp_path, "companies house")
    text = written.path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("employed_persons ="))
    assert "sure (" in line
    assert "avg_employees" in line
    assert any("money" in doubt for doubt in written.proposal.unsure)
    assert (tomllib.loads(text)["rules"], tomllib.loads(text)["labels"]["business units"]) == ("recommended", "firms")
    assert tomllib.loads(text)["extract"]["money_unit"] == {
        "business_units": {"turnover": 1000, "overseas_turnover": 1000}
    }


def test_what_may_be_read_in_two_ways_is_asked(tmp_path):
    asked = []

    def ask(question, options, proposed):
        asked.append(question)
        return options.index("turnover_uk") if "turnover_uk" in options else proposed

    folder = tmp_path / "raw"
    folder.mkdir()
    ids = [f"F{number * 37:05d}" for number in range(1, 41)]
    firms = pd.DataFrame(
        {"id": ids, "staff": [3 + number % 17 for number in range(40)], "nace": ["25.11", "62.01"] * 20}
    )
    for year in (2018, 2019):
        firms.to_csv(folder / f"firms_{year}.csv", index=False)
        money = firms[["id"]].assign(turnover_all=firms["staff"] * 90_000, turnover_uk=firms["staff"] * 50_000)
        money.to_csv(folder / f"accounts_{year}.csv", index=False)
    firms[["id"]].head(9).to_csv(folder / "awards.csv", index=False)
    written = write_proposal(folder, tmp_path / "study.toml", ask=ask, currency="USD", language="en")
    content = tomllib.loads(written.path.read_text(encoding="utf-8"))
    assert content["extract"]["columns"]["turnover"]["turnover"] == "turnover_uk"
    assert [question for question in asked if "turnover" in question]
    assert content["currency"] == "USD"
    assert not [doubt for doubt in written.proposal.unsure if "`turnover_uk`" in doubt]
    assert "no effects by moment of entry" in " ".join(written.proposal.unanswered)


def test_the_command_writes_the_file_once_and_check_points_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "raw", FOLDERS["english"])
    runner = CliRunner()
    checked = runner.invoke(app, ["check", "raw"])
    assert checked.exit_code == 1
    assert "si-eval new raw" in checked.output
    assert "total_sales_gbp: turnover" in checked.output
    made = runner.invoke(app, ["new", "raw", "--yes"])
    assert made.exit_code == 0, made.output
    assert load_study("raw.toml").file.currency == "GBP"
    assert runner.invoke(app, ["new", "raw", "--yes"]).exit_code == 1, "a file that is there is kept"
    assert runner.invoke(app, ["check", "raw.toml"]).exit_code == 0


def test_folders_without_registers_and_places_that_are_taken_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file with a table"):
        write_proposal(tmp_path / "empty", tmp_path / "study.toml")
    with pytest.raises(StudyError, match="found no folder"):
        write_proposal(tmp_path / "absent", tmp_path / "study.toml")
    (tmp_path / "empty" / "rain.csv").write_text("day,rain\n1,2.5\n2,3.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"nothing like a register of firms in rain\.csv \(day, rain\)"):
        write_proposal(tmp_path / "empty", tmp_path / "study.toml")


def test_several_rows_of_a_unit_are_seen(tmp_path):
    write_folder(tmp_path / "raw", FOLDERS["english"])
    firms = population()["units"].query("year > 2015")
    sites = pd.DataFrame({"unit_ref": firms["number"].map(FOLDERS["english"].unit.format), "yr": firms["year"]})
    sites = pd.concat([sites.assign(site="a", jobs=3, land="x"), sites.assign(site="b", jobs=5, land="y")])
    sites.to_csv(tmp_path / "raw" / "sites.csv", index=False)
    written = write_proposal(tmp_path / "raw", tmp_path / "study.toml")
    content = tomllib.loads(written.path.read_text(encoding="utf-8"))
    assert content["extract"]["largest"] == {"sites": "jobs"}
    _, _, panel = se.read_registers(load_study(written.path))
    assert panel.to_frame().query("year > 2015")["jobs_value"].tolist() == [8] * len(firms)
    assert set(panel.to_frame()["land"].dropna()) == {"y"}


def test_each_group_of_a_list_is_declared_but_what_was_not_decided(tmp_path):
    write_folder(tmp_path / "raw", FOLDERS["english"])
    path = tmp_path / "raw" / "apps.csv"
    listed = pd.read_csv(path)
    listed.loc[:4, "app_outcome"], listed.loc[5:8, "app_outcome"] = "R&D tax credit", "Withdrawn"
    listed.to_csv(path, index=False)
    content = tomllib.loads(write_proposal(tmp_path / "raw", tmp_path / "study.toml").path.read_text(encoding="utf-8"))
    conditions = {name: group["where"]["app_outcome"] for name, group in content["groups"].items()}
    expected = {"treated": "Successful", "rejected": "Unsuccessful", "r_d_tax_credit": "R&D tax credit"}
    assert conditions == expected


def test_one_cause_in_many_files_is_told_once(tmp_path):
    write_folder(tmp_path / "raw", FOLDERS["english"])
    study = tmp_path / "study.toml"
    write_proposal(tmp_path / "raw", study)
    study.write_text(study.read_text(encoding="utf-8").replace('"n_emps"', '"staff"'), encoding="utf-8")
    with pytest.raises(InputError) as error:
        se.read_registers(load_study(study))
    (problem,) = error.value.problems
    assert problem.where == "pop_2015.csv and 3 more files"
