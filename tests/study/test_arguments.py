"""What a study asks of functions is checked before anything runs: every problem at once, with the nearest name."""

from __future__ import annotations

import typing

import pytest
from typer.testing import CliRunner

from si_eval.cli import app
from si_eval.errors import InputError
from si_eval.report.specification import Chart
from si_eval.study import exhibits
from si_eval.study.arguments import check_exhibits
from si_eval.study.catalogue import EXHIBIT_FUNCTIONS, FACTS, ExhibitFunction
from si_eval.study.evaluation import evaluate
from si_eval.study.exhibits import FACT_READERS, compute_exhibits
from si_eval.study.file import Facts, load_study

EXHIBIT = """
[[exhibits]]
id = "exhibit_{place}"
chapter = "1"
title = { nl = "Een", en = "One" }
function = "{function}"
arguments = {arguments}
chart = {chart}
"""
WHERE = "study.toml, exhibit exhibit_0"
GROUPS = "indicator = 'revenue'"
WEIGHTED = "counts = ['exhibit_0'], settings = { count = 'survey_matrix', question = 'Q1' }"
REACH = {"function": "describe_reach", "arguments": "{ year = 2019 }"}


def study(folder, *changes, more=""):
    """Write a study with an exhibit for each of some changes."""
    text = f"name = 'own'\ntitle = {{ nl = 'Eigen', en = 'Own' }}\n{more}"
    for place, change in enumerate(changes):
        exhibit = EXHIBIT
        for key, value in {**REACH, "chart": "{ kind = 'table' }", "place": str(place), **change}.items():
            exhibit = exhibit.replace(f"{{{key}}}", value)
        text += exhibit
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return load_study(folder / "study.toml")


def compare(arguments):
    return {"function": "compare_groups", "arguments": f"{{ {arguments} }}"}


REFUSED = {
    "a function": ({"function": "describe_reech"}, "found function 'describe_reech'; expected one of describe_linkage"),
    "the nearest function": ({"function": "describe_reech"}, "did you mean `describe_reach`?"),
    "no argument that is needed": ({"arguments": "{}"}, f"{WHERE}, year: found nothing; expected a whole number"),
    "an unknown argument": (
        compare(f"{GROUPS}, level_ = 0.9"), "level_: found an unknown name; expected one of indicator, by, where, years"
    ),
    "the nearest argument": (compare(f"{GROUPS}, yeers = [2019]"), "did you mean `years`?"),
    "an input as an argument": (compare(f"{GROUPS}, panel = 1"), "panel: found an unknown name"),
    "a text for a number": ({"arguments": "{ year = '2019' }"}, "year: found '2019'; expected a whole number"),
    "a truth for a number": ({"arguments": "{ year = true }"}, "year: found True; expected a whole number"),
    "a number for a text": (compare("indicator = 3"), "indicator: found 3; expected a text or a list of texts"),
    "a list of texts for years": (compare(f"{GROUPS}, years = ['a']"), "expected a list of whole numbers"),
    "a number for a list": (compare(f"{GROUPS}, years = 2019"), "years: found 2019; expected a list of whole numbers"),
    "a list for a table": (compare(f"{GROUPS}, where = ['C']"), "where: found .*; expected a table"),
    "an unknown choice": (
        {"function": "estimate_effect", "arguments": "{ outcome = 'revenue', design = 'magic' }"},
        "design: found 'magic'; expected one of 'staggered', 'two_by_two', 'long_difference', 'twfe'",
    ),
    "what no file can give": (
        {"function": "survey_matrix", "arguments": "{ question = 'Q1', weights = 3 }"},
        "weights: found 3; expected nothing: a study file cannot give it",
    ),
    "arguments of a function without any": (
        {"function": "list_costs", "arguments": "{ colour = 'red' }"}, "colour: found an unknown name; expected no arg"
    ),
    "no file of facts": ({"function": "list_costs"}, r"found no costs in the study; expected its file under \[facts\]"),
    "no survey": ({"function": "survey_doubts"}, r"found no \[survey\] in the study"),
    "no file at a path": (
        {"function": "survey_response", "arguments": "{ frame = 'none.toml' }"}, r"frame: found no file none\.toml"
    ),
    "one bound of two": (
        {"function": "survey_weighted", "arguments": f"{{ {WEIGHTED}, trim = [0.3] }}"},
        r"trim: found \[0.3\]; expected a list of 2 values: a number, a number",
    ),
    "a setting of an inner function": (
        {"function": "survey_weighted", "arguments": f"{{ {WEIGHTED.replace('question', 'qestion')} }}"},
        "settings, qestion: found an unknown name; .*did you mean `question`",
    ),
    "a reserved setting": (
        {"function": "survey_weighted", "arguments": f"{{ {WEIGHTED.replace('question', 'margins')} }}"},
        "settings, margins: found an unknown name",
    ),
    "counts of nothing": (
        {"function": "survey_weighted", "arguments": f"{{ {WEIGHTED.replace('exhibit_0', 'exhibit_9')} }}"},
        "counts: found 'exhibit_9'; expected ids of the study's exhibits",
    ),
    "arguments of the synthesis": (
        {"function": "synthesise", "arguments": "{ order = 1 }"}, "order: found an unknown name; expected no arguments"
    ),
    "a setting of the chart": ({"chart": "{ kind = 'bars', serie = 'year' }"}, "serie: .*did you mean `series`"),
    "no kind of chart": ({"chart": "{ x = 'year' }"}, "chart, kind: found nothing; expected one of 'bars', 'lines'"),
    "an unknown kind of chart": ({"chart": "{ kind = 'pie' }"}, "chart, kind: found 'pie'; expected one of 'bars'"),
    "a chart that refuses a value": ({"chart": "{ kind = 'bars', divisor = 0 }"}, "Chart: found divisor 0"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_carried_out_is_refused_before_anything_runs(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as raised:
        check_exhibits(study(tmp_path, changes))
    assert all(problem.where.startswith(WHERE) for problem in raised.value.problems)


def test_every_problem_of_every_exhibit_is_told_at_once(tmp_path):
    wrong = study(
        tmp_path, compare("indicator = 3, yeers = [2019]"), {"function": "guess"}, {"arguments": "{}"},
        {"chart": "{ kind = 'bars', serie = 'year' }"}, REACH,
    )  # fmt: skip
    with pytest.raises(InputError) as raised:
        compute_exhibits(wrong)
    told = [problem.where.removeprefix("study.toml, exhibit ") for problem in raised.value.problems]
    assert set(told) == {
        "exhibit_0", "exhibit_0, indicator", "exhibit_0, yeers", "exhibit_1", "exhibit_2", "exhibit_2, year",
        "exhibit_3", "exhibit_3, chart, serie", "exhibit_4",
    }  # fmt: skip


def test_registers_that_are_not_given_are_named(tmp_path):
    with pytest.raises(InputError, match=r"found no panel.*pass panel and linkage"):
        compute_exhibits(study(tmp_path, REACH))


def test_a_run_and_the_check_refuse_before_they_read_an_extract(tmp_path):
    wrong = study(tmp_path, {"function": "guess"}, more='extract = { folders = ["nowhere"] }\n')
    with pytest.raises(InputError, match="found function 'guess'"):
        evaluate(wrong)
    for command in (["check"], ["run", "--out", str(tmp_path / "out"), "--no-notebooks"]):
        result = CliRunner().invoke(app, [command[0], str(tmp_path / "study.toml"), *command[1:]])
        assert result.exit_code == 1
        assert "found function 'guess'" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_type_error_inside_a_stage_is_not_laid_at_the_study(tmp_path, monkeypatch):
    def fails(panel, *, year: int):
        return panel + year

    changed = {**EXHIBIT_FUNCTIONS, "describe_reach": ExhibitFunction(fails, ("panel",))}
    monkeypatch.setattr(exhibits, "EXHIBIT_FUNCTIONS", changed)
    with pytest.raises(TypeError, match="unsupported operand") as raised:
        compute_exhibits(study(tmp_path, REACH), panel={}, linkage={})
    assert raised.traceback[-1].name == "fails"


def test_the_reference_study_is_sound():
    check_exhibits(load_study())


@pytest.mark.parametrize("function", [*(entry.function for entry in EXHIBIT_FUNCTIONS.values()), Chart])
def test_every_function_has_types_that_can_be_checked(function):
    hints = typing.get_type_hints(function)
    assert len(hints) > 1


def test_every_file_of_facts_has_its_reader_and_its_key():
    assert set(FACTS) == {*FACT_READERS, "kpis"} == set(Facts.model_fields)  # key figures need the study's labels
