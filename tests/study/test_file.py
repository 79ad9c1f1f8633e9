"""The study file: unknown keys with the nearest known name, every problem at once, own rules."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from si_eval.errors import InputError, StudyError
from si_eval.study.file import load_study

MINIMAL = """
name = "own"
title = { nl = "Eigen", en = "Own" }
[[exhibits]]
id = "one"
chapter = "1"
title = { nl = "Een", en = "One" }
function = "describe_reach"
chart = { kind = "table" }
"""


def written(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_reference_study_is_sound():
    study = load_study()
    assert study.file.name == "smart_industry_2020"
    assert len({exhibit.id for exhibit in study.file.exhibits}) == len(study.file.exhibits)
    published = study.file.published
    for place in (
        *published.figures,
        *published.claims,
        published.readings,
        *study.file.notebooks,
        *study.file.annexes,
    ):
        assert study.resolve(place).is_file(), place


def test_every_exhibit_is_shown_once_in_an_annex_and_every_one_shown_is_there():
    study = load_study()
    text = "\n".join(study.resolve(place).read_text(encoding="utf-8") for place in study.file.annexes)
    shown = re.findall(r'se\.show\((?:tables\["(\w+)"\]|\w+), study\.chart\("(\w+)"\)\)', text)
    assert {exhibit.id for exhibit in study.file.exhibits} == {chart for _, chart in shown}
    assert [pair for pair in shown if pair[0] not in ("", pair[1])] == []
    assert [name for name, count in Counter(chart for _, chart in shown).items() if count > 1] == []


def test_the_findings_show_what_answers_the_questions_and_each_thing_once():
    study = load_study()
    (place,) = (study.resolve(place) for place in study.file.notebooks if "findings" in place)
    named = re.findall(r'se\.show\(tables\["(\w+)"\], study\.chart\("(\w+)"\)\)', place.read_text(encoding="utf-8"))
    assert all(table == chart for table, chart in named)
    shown = [table for table, _ in named]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= {exhibit.id for exhibit in study.file.exhibits}


def test_every_problem_is_named_with_the_nearest_key(tmp_path):
    text = MINIMAL.replace('chapter = "1"', 'chaptr = "1"') + 'colour = "red"\n'
    with pytest.raises(InputError) as raised:
        load_study(written(tmp_path, f"disclosre = 'cbs'\n{text}"))
    message = str(raised.value)
    assert "did you mean `disclosure`?" in message
    assert "did you mean `chapter`?" in message
    assert "exhibits.0.chapter" in message
    assert "colour" in message
    assert len(raised.value.problems) == 4


def test_the_same_exhibit_twice_is_refused(tmp_path):
    exhibit = MINIMAL[MINIMAL.index("[[") :]
    with pytest.raises(InputError, match="one twice"):
        load_study(written(tmp_path, MINIMAL + exhibit))


@pytest.mark.parametrize("text", ["name = ", "name = 'a'\nname = 'b'"])
def test_what_is_no_toml_is_refused(tmp_path, text):
    with pytest.raises(StudyError, match="expected TOML"):
        load_study(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"found no file none\.toml"):
        load_study(tmp_path / "none.toml")


def test_a_study_may_have_rules_of_its_own(tmp_path):
    rules = '[rules]\nbase = "replicate_2020"\nname = "no_outliers"\noutliers = "none"\n'
    parts = MINIMAL.split("[[exhibits]]")
    study = load_study(written(tmp_path, f"{parts[0]}{rules}[[exhibits]]{parts[1]}"))
    own = study.file.rule_set()
    assert (own.name, own.outliers, own.min_quarters) == ("no_outliers", "none", 4)


def with_rules(tmp_path, rules):
    parts = MINIMAL.split("[[exhibits]]")
    return written(tmp_path, f"{parts[0]}{rules}\n[[exhibits]]{parts[1]}")


def test_rules_without_a_name_of_their_own_are_named_after_what_they_change(tmp_path):
    study = load_study(with_rules(tmp_path, '[rules]\nbase = "recommended"\nmin_employed_persons = 1\n'))
    assert study.file.rule_set().name == "recommended (min_employed_persons=1)"


def test_wrong_rules_and_every_other_problem_are_told_at_once(tmp_path):
    text = '[rules]\nbase = "replicate_2020"\nmin_quarters = 9\nlevel = nan\ninvestment_responses = ["guessed"]\n'
    path = with_rules(tmp_path, text)
    path.write_text(path.read_text().replace('chapter = "1"', 'chaptr = "1"'))
    with pytest.raises(InputError) as raised:
        load_study(path)
    message = str(raised.value)
    for part in ("rules.min_quarters: found 9", "rules.level: found nan", "guessed", "did you mean `chapter`?"):
        assert part in message


@pytest.mark.parametrize("rules", ['[rules]\nbase = "replicate_2O20"', 'rules = "replicate_2O20"'])
def test_unknown_rules_are_refused_when_the_study_is_loaded(tmp_path, rules):
    with pytest.raises(InputError, match="did you mean `replicate_2020`"):
        load_study(with_rules(tmp_path, rules))
