"""The exhibits of a study: shared calls, inputs of its own, and what is refused."""

from __future__ import annotations

import pytest

from si_eval.errors import StudyError
from si_eval.exhibits import MAKERS, compute_exhibits, without_registers
from si_eval.study import protect_exhibits, study_tables
from si_eval.study_file import load_study

STUDY = """
name = "own"
title = { nl = "Eigen", en = "Own" }
{more}
[[exhibits]]
id = "one"
chapter = "1"
title = { nl = "Een", en = "One" }
function = "{function}"
arguments = {arguments}
chart = { kind = "table" }
"""


def study(tmp_path, function="list_costs", more="", arguments="{}"):
    text = STUDY.replace("{function}", function).replace("{more}", more).replace("{arguments}", arguments)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    return load_study(tmp_path / "study.toml")


REFUSED = {
    "an unknown function": ({"function": "guess"}, "found function 'guess'; expected one of describe_linkage"),
    "no file of facts": ({}, "found no costs; expected its file under"),
    "no survey": ({"function": "survey_frequencies"}, r"found no \[survey\]"),
    "no panel": ({"function": "describe_reach", "arguments": "{ year = 2019 }"}, "pass panel and linkage"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_made_is_refused(tmp_path, changes, message):
    with pytest.raises(StudyError, match=message):
        compute_exhibits(study(tmp_path, **changes))


def test_wrong_arguments_are_named_with_their_exhibit():
    reference = load_study()
    (exhibit,) = [one for one in reference.file.exhibits if one.id == "efficiency_costs"]
    wrong = exhibit.model_copy(update={"arguments": {"colour": "red"}})
    changed = reference.model_copy(update={"file": reference.file.model_copy(update={"exhibits": (wrong,)})})
    with pytest.raises(StudyError, match=r"exhibit efficiency_costs: .*colour"):
        compute_exhibits(changed)


def test_an_exhibit_that_the_study_does_not_have_is_refused():
    with pytest.raises(StudyError, match="found nowhere"):
        compute_exhibits(load_study(), only=["nowhere"])


def test_every_function_of_the_reference_study_is_known():
    functions = {exhibit.function for exhibit in load_study().file.exhibits}
    assert functions <= {*MAKERS, "synthesise"}


def test_exhibits_without_registers_are_made_and_protected_alone():
    reference = load_study()
    tables = study_tables(reference)
    made = set(without_registers(reference))
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
