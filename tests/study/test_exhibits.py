"""The exhibits of a study: shared calls, inputs of its own, and what is refused."""

from __future__ import annotations

import pytest
from small_registers import make_extract, one_link_each

from si_eval.disclosure import protect
from si_eval.errors import InputError, StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.study.evaluation import protect_exhibits, study_tables
from si_eval.study.exhibits import compute_exhibits, exhibits_without_registers
from si_eval.study.file import load_study


def test_an_exhibit_that_the_study_does_not_have_is_refused():
    with pytest.raises(StudyError, match="found nowhere"):
        compute_exhibits(load_study(), only=["nowhere"])


def test_exhibits_without_registers_are_made_and_protected_alone():
    reference = load_study()
    tables = study_tables(reference)
    made = set(exhibits_without_registers(reference))
    assert made <= set(tables)
    assert "dialogic_table_08" not in tables
    assert {safe.rules for safe in tables.values()} >= {"survey", "as_published"}


def test_each_set_of_rules_has_its_own_request():
    reference = load_study()
    wanted = ["dialogic_figure_43", "tno_table_01"]
    safe = protect_exhibits(reference, compute_exhibits(reference, only=wanted))
    by_exhibit = {table.exhibit: table for table in safe}
    assert by_exhibit["dialogic_figure_43"].disclosure_rules == "as_published"
    assert by_exhibit["tno_table_01"].public


QUESTIONS = """
name = "other"
title = { nl = "Ander", en = "Other" }
[[questions]]
id = "V1"
kind = "single"
nl = "Sector"
en = "Sector"
dimension = "sector"
options = [{options}]
"""
REGISTER_STUDY = """
name = "own"
title = { nl = "Eigen", en = "Own" }
[survey]
questionnaire = "questions.toml"
responses = "responses.csv"
[[exhibits]]
id = "reach"
chapter = "1"
title = { nl = "Bereik", en = "Reach" }
function = "describe_reach"
arguments = { year = 2019 }
select = { indicator = "sector", group = "participant" }
chart = { kind = "table" }
[[exhibits]]
id = "answers"
disclosure = "{rules}"
chapter = "1"
title = { nl = "Antwoorden", en = "Answers" }
function = "survey_nonresponse"
arguments = { counts = ["reach"] }
chart = { kind = "table" }
"""
LINKED = {"C": ("28", 40), "G": ("46", 20), "J": ("62", 15), "M": ("71", 12), "A": ("01", 4), "K": ("64", 3)}
ANSWERED = {"C": 15, "G": 12, "J": 11, "M": 2, "A": 11, "K": 1}
RULES = 10
ROUNDED = 0.0005  # a share leaves with three decimals


def with_registers(folder, rules):
    """Make a study of a survey with registers in which two sectors have few participants."""
    options = ", ".join(
        f'{{ code = {place}, in_class = "{name}", nl = "{name}", en = "{name}" }}'
        for place, name in enumerate([*LINKED, "L"])
    )
    (folder / "questions.toml").write_text(QUESTIONS.replace("{options}", options), encoding="utf-8")
    answers = [place for place, count in enumerate(ANSWERED.values()) for _ in range(count)]
    lines = [f"r{number},{code}" for number, code in enumerate(answers)]
    (folder / "responses.csv").write_text("\n".join(["respondent,V1", *lines]), encoding="utf-8")
    (folder / "study.toml").write_text(REGISTER_STUDY.replace("{rules}", rules), encoding="utf-8")
    sectors = [sbi for sbi, count in LINKED.values() for _ in range(count)]
    units = [{"be_id": unit, "year": 2019, "sbi": sbi, "employed_persons": 5.0} for unit, sbi in enumerate(sectors)]
    others = [{**unit, "be_id": 1000 + place} for place, unit in enumerate(units * 5)]
    extract = make_extract(business_units=units + others, **one_link_each(range(len(units))))
    linkage = link_participants(extract)
    return load_study(folder / "study.toml"), build_panel(extract, linkage, rules="replicate_2020"), linkage


def protected(study, panel, linkage):
    return {
        table.exhibit: table.to_frame() for table in protect_exhibits(study, compute_exhibits(study, panel, linkage))
    }


def test_register_counts_below_the_threshold_do_not_leave_through_the_survey(tmp_path):
    tables = protected(*with_registers(tmp_path, "as_published"))
    reach = tables["reach"].query("statistic == 'count'").set_index("sector")
    withheld = set(reach.index[reach["status"] == "suppressed"])
    assert {"A", "K"} <= withheld
    answers = tables["answers"]
    known = answers[answers["indicator"] == "V1_population"].set_index("sector")
    assert set(known.index) == (set(LINKED) - withheld) | {"rest"}
    assert (known["n_units"] >= RULES).all() or known.loc["rest", "n_units"] == reach["n_total"].max() - reach[
        "estimate"
    ].sum()
    for name in set(LINKED) - withheld:
        assert known.loc[name, "estimate"] == pytest.approx(LINKED[name][1] / 94, abs=ROUNDED)
    assert known.loc["rest", "n_units"] == sum(LINKED[name][1] for name in withheld)
    ours = answers.query("indicator == 'V1' and group == 'all'").set_index("sector")
    assert ours.loc["rest", "n_units"] == sum(ANSWERED[name] for name in withheld)
    everything = {(row["sector"], row["n_units"]) for row in answers.to_dict("records")}
    assert not {(name, LINKED[name][1]) for name in withheld} & everything


def test_a_class_in_which_respondents_are_withheld_goes_with_the_rest(tmp_path):
    study, panel, linkage = with_registers(tmp_path, "cbs")
    (alone,) = protect(compute_exhibits(study, panel, linkage, only=["answers"]))
    ours = alone.to_frame().query("indicator == 'V1' and group == 'all'").set_index("sector")
    withheld = set(ours.index[ours["status"] == "suppressed"])
    assert {"M", "K"} <= withheld
    answers = protected(study, panel, linkage)["answers"]
    assert not withheld & set(answers["sector"])
    assert (answers.loc[answers["estimate"].notna(), "n_units"] >= RULES).all()


def test_few_respondents_in_a_class_are_not_found_from_the_total(tmp_path):
    study, panel, linkage = with_registers(tmp_path, "cbs")
    (alone,) = protect(compute_exhibits(study, panel, linkage, only=["answers"]))
    ours = alone.to_frame().query("indicator == 'V1' and group == 'all'")
    assert ours["n_total"].isna().all() or ours["n_total"].max() - ours["n_units"].sum() >= RULES


def test_without_the_registers_the_respondents_stand_alone(tmp_path):
    study, _, _ = with_registers(tmp_path, "as_published")
    (safe,) = study_tables(study).values()
    frame = safe.to_frame()
    assert frame.query("indicator == 'V1' and group == 'all'")["estimate"].notna().all()
    assert frame.query("indicator == 'V1_population'")["estimate"].isna().all()


def test_counts_of_an_exhibit_that_is_not_there_are_refused(tmp_path):
    _, panel, linkage = with_registers(tmp_path, "as_published")
    path = tmp_path / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('["reach"]', '["reachh"]'), encoding="utf-8")
    with pytest.raises(InputError, match=r"exhibit answers, counts: found 'reachh'; .*did you mean `reach`"):
        compute_exhibits(load_study(path), panel, linkage)
