"""Studies that ship as examples: written, sound, and what they show is what pandas computes from the same firms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from linearmodels.datasets import jobtraining

import si_eval as se
from si_eval.errors import InputError, StudyError
from si_eval.study.checks import check_study
from si_eval.study.examples import write_example
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.synthetic.vouchers import EFFECT

CLOSE = 1e-9  # relative: sums of doubles in another order


@pytest.fixture(scope="module")
def michigan(tmp_path_factory):
    study = load_study(write_example("michigan_training", tmp_path_factory.mktemp("michigan")))
    check_study(study)
    _, linkage, panel = se.read_registers(study)
    return {table.exhibit: table.to_frame() for table in compute_exhibits(study, panel, linkage)}


@pytest.fixture(scope="module")
def firms():
    frame = jobtraining.load()
    entry = frame[frame["grant"] == 1].groupby("fcode")["year"].min().rename("entry")
    return frame.merge(entry, on="fcode", how="left")


@pytest.mark.parametrize("year", [1987, 1988, 1989])
def test_hours_of_training_are_those_of_the_firms(michigan, firms, year):
    rows = michigan["hours"].query(f"statistic == 'mean' and year == {year}").set_index("group")["estimate"]
    of_year = firms[firms["year"] == year]
    for group, chosen in (("participant", of_year["entry"].notna()), ("non_participant", of_year["entry"].isna())):
        assert rows[group] == pytest.approx(of_year.loc[chosen, "tothrs"].mean(), rel=CLOSE)


@pytest.mark.parametrize("cohort", [1988, 1989])
def test_the_effect_on_scrap_is_the_difference_of_changes(michigan, firms, cohort):
    wide = np.log(firms.pivot(index="fcode", columns="year", values="scrap"))
    change = (wide[cohort] - wide[cohort - 1]).dropna()
    entry = firms.groupby("fcode")["entry"].first().reindex(change.index)
    expected = change[entry == cohort].mean() - change[entry.isna()].mean()
    rows = michigan["effect_on_scrap"].query(f"statistic == 'att' and year == {cohort}")
    cell = rows[rows["category"].str.contains(f"{cohort}")]
    assert expected in [pytest.approx(value, rel=CLOSE) for value in cell["estimate"].dropna()], cell[
        "category"
    ].tolist()


def test_the_simulated_example_recovers_its_effect(tmp_path):
    study = load_study(write_example("innovation_vouchers", tmp_path / "example"))
    truth = json.loads((tmp_path / "example" / "extract" / "truth.json").read_text(encoding="utf-8"))
    extract, _, panel = se.read_registers(study)
    assert extract.simulation.preset == "innovation_vouchers"
    assert truth["effect_on_log_turnover"] == EFFECT
    effect = se.estimate_effect(panel, outcome="log_productivity").to_frame().query("category == 'overall'")
    overall = effect[effect["statistic"] == "att"].iloc[0]
    assert overall["conf_low"] < EFFECT < overall["conf_high"]
    assert panel.to_frame().query("participant == True")["be_id"].nunique() == truth["awarded"]


def test_examples_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(StudyError, match="did you mean `michigan_training`"):
        write_example("michigan", tmp_path / "out")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StudyError, match="found content"):
        write_example("michigan_training", tmp_path)
    with pytest.raises(InputError, match=r"layout: found 'cbs'.*leave it out"):
        se.simulate_extract(tmp_path / "out", preset="innovation_vouchers", layout="cbs")
    assert not (tmp_path / "out").exists()
