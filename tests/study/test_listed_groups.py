"""Comparison groups on a list of their own, in a study whose participants are linked by a chain."""

from __future__ import annotations

import pandas as pd
import pytest

import si_eval as se
from si_eval import engine
from si_eval.errors import InputError, StudyError
from si_eval.study.checks import check_study

STUDY = """
name = "small"
title = "Small"
languages = ["en"]
[extract]
link = "chain"
[groups.rejected]
title = "Rejected applicants"
file = "rejected.csv"
{more}
[[exhibits]]
id = "levels"
chapter = "1"
title = "Levels"
function = "compare_groups"
arguments = {{ indicator = "revenue_per_employee", years = [2018], against = ["all", "rejected"] }}
chart = {{ kind = "table" }}
"""


@pytest.fixture(scope="module")
def folder(simulated_extract):
    return simulated_extract(scale=0.002)


@pytest.fixture(scope="module")
def rejected(folder):
    """Numbers of the trade register that are on no list of participants, and lead to persons."""
    tables = se.read_extract(folder).tables
    listed = set(engine.fetch(tables["participants"].select("kvk_id"))["kvk_id"])
    known = sorted(set(engine.fetch(tables["kvk_person"].select("kvk_id"))["kvk_id"]) - listed)
    return known[:60]


@pytest.fixture
def write(tmp_path, rejected):
    def written(more=""):
        pd.DataFrame({"kvk_id": rejected}).to_csv(tmp_path / "rejected.csv", index=False)
        (tmp_path / "study.toml").write_text(STUDY.format(more=more))
        return se.load_study(tmp_path / "study.toml")

    return written


def test_the_units_of_a_list_are_those_that_its_numbers_lead_to(write, folder, rejected):
    study = write()
    extract, linkage, panel = se.read_registers(study, folders=[folder])
    assert len(rejected) > 20
    assert set(engine.fetch(extract.tables["list_rejected"])["kvk_id"]) == set(rejected)
    people = engine.fetch(extract.tables["kvk_person"]).query("kvk_id in @rejected")["person_id"]
    links = engine.fetch(extract.tables["person_business_unit"])
    reached = set(links.loc[links["person_id"].isin(people), "be_id"].astype(int))
    marked = panel.to_frame().query("rejected")["be_id"].unique().tolist()
    assert marked
    assert set(marked) <= reached
    assert linkage.units()["be_id"].nunique() > 0
    table = se.compute_exhibits(study, panel, linkage)[0].to_frame()
    found = table[(table["category"] == "rejected") & (table["group"] == "non_participant")]
    assert found["n_units"].max() <= len(marked)
    with pytest.raises(StudyError, match="rejected on a list that was not read"):
        se.build_panel(extract, linkage, study=study)


def test_what_a_list_cannot_be_is_refused(write, folder, tmp_path):
    study = write('where = { fieldlab = "A" }\n[groups.treated]\nwhere = { fieldlab = "A" }')
    with pytest.raises(InputError) as refused:
        check_study(study, folders=[folder])
    assert "groups.rejected.where" in str(refused.value)
    assert "groups.treated" in str(refused.value)
    study = write()
    (tmp_path / "rejected.csv").unlink()
    with pytest.raises(InputError) as refused:
        check_study(study, folders=[folder])
    assert "rejected.csv" in str(refused.value)
