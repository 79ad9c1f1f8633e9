"""Answers to the questions of an evaluation: each sentence, and each number in it, follows from protected cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from si_eval.disclosure import protect
from si_eval.errors import DisclosureError, InputError, StudyError
from si_eval.report.answer_file import check_answers, load_answers
from si_eval.report.answers import answer_questions, state_limits
from si_eval.results import ResultTable, SafeTable
from si_eval.vocabulary import TIDY, Evidence

QUESTIONS = [
    ("a", {"nl": "Groeiden zij?", "en": "Did they grow?"}),
    ("b", {"nl": "Iets anders?", "en": "Anything else?"}),
]


def safe_table(
    rows: list[dict[str, Any]],
    *,
    exhibit: str = "growth",
    public: bool = True,
    evidence: Evidence = "association",
    cannot_show: str = "",
    **of_all: Any,
) -> SafeTable:
    filled = [
        {"indicator": "revenue", "statistic": "mean", "group": "all", "year": "all", "size_class": "all",
         "sector": "all", "category": "all", "n_units": 50.0, "unit": "share", "note": "",
         "rule_set": "recommended", **of_all, **row}
        for row in rows
    ]  # fmt: skip
    frame = pd.DataFrame(filled).assign(exhibit=exhibit).reindex(columns=TIDY)
    table = ResultTable(
        frame=frame,
        function="made_up",
        evidence=evidence,
        cannot_show=cannot_show,
        rules="recommended",
        exhibit=exhibit,
        titles={"nl": "Groei", "en": "Growth"},
        public=public,
    )
    (safe,) = protect([table], rules="as_published")
    return safe


def answered(tmp_path: Path, entry: str, safe: SafeTable) -> str:
    """Return the English sentence of one answer."""
    path = tmp_path / "answers.toml"
    path.write_text(f'[[answers]]\nquestion = "a"\nexhibit = "{safe.exhibit}"\n{entry}', encoding="utf-8")
    payload = answer_questions(QUESTIONS, answers=load_answers(path), tables=[safe]).payload
    (sentence,) = payload["questions"][0]["sentences"]
    return str(sentence["text"]["en"])


DIFFERENCE = """
rule = "difference"
format = "growth"
up.en = "more: {estimate} ({low} to {high})"
down.en = "less: {estimate} ({low} to {high})"
unclear.en = "cannot be told: {estimate} ({low} to {high})"
"""


@pytest.mark.parametrize(
    ("estimate", "low", "high", "sentence"),
    [
        (0.0953102, 0.0487902, 0.1397619, "more: 10.0% (5.0% to 15.0%)"),  # logarithms of 1.10, 1.05 and 1.15
        (-0.2231436, -0.3566749, -0.1053605, "less: -20.0% (-30.0% to -10.0%)"),
        (0.0953102, -0.0512933, 0.2623643, "cannot be told: 10.0% (-5.0% to 30.0%)"),
    ],
)
def test_the_interval_chooses_the_sentence(
    tmp_path: Path, estimate: float, low: float, high: float, sentence: str
) -> None:
    row = {"group": "difference", "estimate": estimate, "conf_low": low, "conf_high": high, "std_error": 0.03}
    safe = safe_table([row], unit="log points", statistic="att")
    assert answered(tmp_path, DIFFERENCE, safe) == sentence


def test_an_estimate_without_an_interval_is_not_called_a_difference(tmp_path: Path) -> None:
    safe = safe_table([{"group": "difference", "estimate": 0.5}], unit="log points", statistic="att")
    assert answered(tmp_path, DIFFERENCE, safe).startswith("Cannot be said")


DIFFERENCES = """
rule = "differences"
some.en = "{higher} higher, {lower} lower, {unclear} unclear of {tested} tested and {all} asked"
none.en = "none of {tested}"
"""


def test_differences_are_counted_by_their_intervals(tmp_path: Path) -> None:
    bounds = [(1.0, 2.0), (0.5, 3.0), (-2.0, -1.0), (-1.0, 1.0), (None, None)]
    rows = [
        {"group": "difference", "size_class": f"{n}-{n}", "estimate": 1.0, "conf_low": low, "conf_high": high}
        for n, (low, high) in enumerate(bounds)
    ]
    others = [
        {"group": group, "estimate": 1.0, "conf_low": 0.5, "conf_high": 1.5} for group in ("participant", "ratio")
    ]
    sentence = answered(tmp_path, DIFFERENCES, safe_table([*rows, *others]))
    assert sentence == "2 higher, 1 lower, 1 unclear of 4 tested and 5 asked"
    assert answered(tmp_path, DIFFERENCES, safe_table(rows[3:4])) == "none of 1"


def test_targets_are_compared_in_one_unit_and_a_rank_is_better_when_lower(tmp_path: Path) -> None:
    goals = [  # target and its unit, realised and its unit
        ("share_in_percent", (50.0, "percent"), (0.37, "share")),
        ("count", (5.0, "hubs"), (5.0, "hubs")),
        ("rank", (15.0, "rank"), (12.0, "rank")),
        ("not_measured", (5.0, "firms"), (None, "firms")),
    ]
    rows = [
        {"category": name, "indicator": indicator, "estimate": value, "unit": unit, "statistic": "count"}
        for name, *pair in goals
        for indicator, (value, unit) in zip(("goal_target", "goal_realised"), pair, strict=True)
    ]
    entry = 'rule = "attainment"\ntext.en = "{reached} reached, {missed} missed, {unknown} unknown of {all}"'
    assert answered(tmp_path, entry, safe_table(rows)) == "2 reached, 1 missed, 1 unknown of 4"


def test_the_last_year_is_set_beside_the_first(tmp_path: Path) -> None:
    series = {"staff": (4.0, 9.0, 5.0), "projects": (5.0, 6.0, 4.0), "fieldlabs": (3.0, 4.0, 3.0), "students": (7.0,)}
    rows = [
        {"indicator": name, "year": 2018 + place, "estimate": value, "statistic": "count", "unit": "persons"}
        for name, values in series.items()
        for place, value in reversed(list(enumerate(values)))
    ]
    entry = 'rule = "growth"\ntext.en = "{rose} rose, {fell} fell, {same} stayed of {all}"'
    assert answered(tmp_path, entry, safe_table(rows)) == "1 rose, 1 fell, 1 stayed of 3"


def test_categories_are_ranked_and_ties_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [
        {"category": name, "estimate": value, "statistic": "share"}
        for name, value in (("Skills", 0.4), ("Knowledge", 0.7), ("Contacts", 0.4), ("Money", 0.1))
    ]
    entry = """
rule = "ranking"
format = "percent"
text.en = "{first} ({first_value}), {second} ({second_value}); least {last} ({last_value})"
"""
    for ordered in (rows, rows[::-1]):
        sentence = answered(tmp_path, entry, safe_table(ordered))
        assert sentence == "knowledge (70.0%), contacts (40.0%); least money (10.0%)"


def test_a_withheld_cell_gives_no_number(tmp_path: Path) -> None:
    rows = [
        {"group": group, "size_class": size, "statistic": "count", "indicator": "firms", "unit": "business units",
         "estimate": count, "n_units": count}
        for group, size, count in (("participant", "0-9", 3.0), ("participant", "10-49", 40.0))
    ]  # fmt: skip
    frame = pd.DataFrame(rows).assign(year=2019, sector="all", category="all", exhibit="firms", note="", rule_set="r")
    table = ResultTable(
        frame.reindex(columns=TIDY), "made_up", "association", "", "r", exhibit="firms", titles={"nl": "n", "en": "n"}
    )
    (safe,) = protect([table], rules="cbs")
    entry = 'rule = "cells"\ntext.en = "there were {n}"\ncells.n = { where = { size_class = "0-9" } }'
    assert answered(tmp_path, entry, safe) == "there were not shown"


def test_a_question_that_nothing_answers_says_so(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("answers = []", encoding="utf-8")
    shown = answer_questions(QUESTIONS, answers=load_answers(path), tables=[], language="en")
    assert shown.payload["html"]["en"].count("Not answered") == len(QUESTIONS)
    assert "Niet beantwoord" not in shown.payload["html"]["en"]


def test_only_tables_that_crossed_the_border_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("answers = []", encoding="utf-8")
    with pytest.raises(DisclosureError, match="expected SafeTable"):
        answer_questions(QUESTIONS, answers=load_answers(path), tables=[pd.DataFrame()])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('rule = "cells"\ntext.en = "{n}"\ncells.n = { where = { year = 1999 } }', "no row with year 1999"),
        ('rule = "cells"\ntext.en = "{n}"\ncells.n = {}', "2 rows for n, which differ in year"),
    ],
)
def test_keys_that_do_not_single_out_a_row_are_refused(tmp_path: Path, entry: str, message: str) -> None:
    safe = safe_table([{"year": year, "estimate": 1.0, "statistic": "count"} for year in (2018, 2019)])
    with pytest.raises(StudyError, match=message):
        answered(tmp_path, entry, safe)


def test_the_file_is_refused_with_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(
        """
[[answers]]
question = "a"
exhibit = "x"
rule = "differences"
some.en = "{hihger} of 4"
where = { sise_class = "0-9" }
""",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as raised:
        load_answers(path)
    found = {(problem.where.rpartition("answers.0.")[2], problem.found) for problem in raised.value.problems}
    assert found == {
        ("none", "no sentence"),
        ("where.sise_class", "an unknown column"),
        ("some.en", "the place {hihger}"),
        ("some.en", "the digits 4"),
    }
    assert "size_class" in str(raised.value)
    assert "higher" in str(raised.value)


def test_a_study_has_what_its_answers_name(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    entry = '[[answers]]\nquestion = "z"\nexhibit = "y"\nrule = "growth"\ntext.en = "{rose}"'
    path.write_text(entry, encoding="utf-8")
    answers = load_answers(path)
    known = {"questions": ["a"], "exhibits": ["x"], "place": "study"}
    assert {problem.where for problem in check_answers(answers, languages=("nl", "en"), **known)} == {
        "study.0.question",
        "study.0.exhibit",
        "study.0.text",
    }
    assert len(list(check_answers(answers, languages=("en",), **known))) == 2


def test_limits_name_the_strongest_evidence_of_each_question_and_each_limit_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    entry = 'exhibit = "{}"\nrule = "cells"\ncells.x = {{ where = {{}} }}\ntext.nl = "{{x}}"\ntext.en = "{{x}}"\n'
    path.write_text(
        "".join(f'[[answers]]\nquestion = "a"\n{entry.format(name)}' for name in ("growth", "reach")), encoding="utf-8"
    )
    cannot = "It does not say why."
    tables = [
        safe_table([{"estimate": 1.0}], evidence="goal_attainment", cannot_show=cannot),
        safe_table([{"estimate": 1.0}], exhibit="reach", cannot_show=cannot),
    ]
    answers = load_answers(path)
    strength, limits = state_limits(QUESTIONS, answers=answers, tables=tables).payload["questions"]
    assert [one["text"]["en"] for one in strength["sentences"]] == [
        "The figures behind a show this: association, not an effect.",
        "Not answered: b.",
    ]
    assert [(one["text"]["en"], one["exhibit"]) for one in limits["sentences"]] == [(cannot, "growth")]
