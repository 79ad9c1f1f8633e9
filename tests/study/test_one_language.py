"""A study in one language: no other is asked for or written; its own words stand for those of the registry."""

from __future__ import annotations

import json
import re

import pytest

from si_eval.errors import InputError
from si_eval.programme.theory import list_goals, load_goals
from si_eval.registry import facts
from si_eval.report import Chart, draw, table_html
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.study.run import run_study
from si_eval.survey import load_questionnaire

STUDY = """
name = "vouchers"
title = "Innovation vouchers"
languages = ["en"]
[labels]
participant = "Voucher firms"
non_participant = "Firms without a voucher"
participants_listed = "Firms on the list of awards"
"business units" = "enterprises"
[facts]
kpis = "figures.csv"
costs = "costs.csv"
[[exhibits]]
id = "listed"
chapter = "1"
title = "Firms found in the register"
function = "describe_linkage"
chart = { kind = "table" }
[[exhibits]]
id = "levels"
chapter = "1"
title = "Turnover of firms"
function = "compare_groups"
arguments = { indicator = "revenue_per_employee", by = ["size_class_4"], years = [2018] }
chart = { kind = "bars", x = "size_class" }
[[exhibits]]
id = "plausible"
chapter = "1"
title = "Are the data plausible?"
function = "describe_plausibility"
chart = { kind = "table" }
[[exhibits]]
id = "growth"
chapter = "2"
title = "Vouchers"
function = "kpi_growth"
arguments = { indicators = ["vouchers"] }
chart = { kind = "table" }
[[exhibits]]
id = "listed_costs"
chapter = "2"
title = "Costs"
function = "list_costs"
chart = { kind = "table" }
"""
FILES = {
    "figures.csv": "id,indicator,year,value,unit,source\na,vouchers,2019,40,bonds,A\nb,vouchers,2020,50,bonds,A\n",
    "costs.csv": "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts,reason\n"
    "1,grant,state,national,subsidy,2019,2020,5000,EUR,total,yes,\n2,gift,x,local,fee,2019,2019,3,EUR,total,no,unsure\n",
}
MIN_LETTERS = 9  # a shorter Dutch text may be a part of an English one


def write_study(folder, text=STUDY, **files):
    for name, content in {**FILES, "study.toml": text, **files}.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder / "study.toml"


def dutch_texts():
    """List the Dutch texts of the registry, the parts before and between the places that are filled."""
    checks = {name: entry for name, entry in facts("plausibility")["checks"].items() if "nl" in entry}
    entries = [*facts("labels").values(), *facts("reasons").values(), *checks.values(), *facts("sbi")["sections"]]
    english = " ".join(entry["en"] for entry in entries).lower()
    parts = {part.strip() for entry in entries for part in re.split(r"\{[^}]*\}", entry["nl"])}
    return {part for part in parts if len(part) >= MIN_LETTERS and part.lower() not in english}


@pytest.fixture(scope="module")
def results(tmp_path_factory, simulated_extract):
    folder = tmp_path_factory.mktemp("english")
    out = folder / "out"
    return run_study(write_study(folder), out=out, extract=simulated_extract(scale=0.002), notebooks=False), out


def test_no_dutch_stands_in_the_results(results):
    _, out = results
    texts = {path.name: path.read_text(encoding="utf-8") for path in out.rglob("*") if path.suffix in (".csv", ".json")}
    assert {"plausible.csv", "listed_costs.csv", "exhibits.csv", "provenance.json"} <= set(texts)
    assert len(dutch_texts()) > 100
    assert [(name, one) for name, text in texts.items() for one in dutch_texts() if one in text] == []
    assert "nl" not in json.loads(texts["provenance.json"])["rule_set"]
    tables = sorted(path.stem for path in (out / "tables").iterdir())
    assert sorted(path.stem for path in (out / "figures").iterdir()) == tables


def test_words_of_the_study_stand_for_those_of_the_registry(results):
    tables = results[0].tables
    shown = table_html(tables["listed"], language="en") + table_html(tables["levels"], language="en")
    assert "Firms on the list of awards" in shown
    assert "Firms without a voucher" in shown
    assert "Difference: voucher firms against firms without a voucher." in shown
    assert "number of enterprises (n)" in shown
    assert not re.search(
        r"\b(Non-)?[Pp]articipants (against|are)|business units|Registration numbers on the list", shown
    )


REFUSED = {
    "two languages and one text": ('languages = ["en"]', 'languages = ["en", "nl"]', "expected a table"),
    "another language than the text has": (
        'title = "Innovation vouchers"', 'title = { nl = "Bonnen" }', "title.en: found nothing"
    ),
    "no language is named": (
        'title = "Innovation vouchers"\nlanguages = ["en"]', 'title = { en = "Vouchers" }', 'languages = ["en"]'
    ),
    "a language that there is not": ('languages = ["en"]', 'languages = ["xx"]', "the code of a language"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_texts_that_lack_are_told(tmp_path, name):
    old, new, told = REFUSED[name]
    with pytest.raises(InputError) as error:
        load_study(write_study(tmp_path, STUDY.replace(old, new)))
    assert told in str(error.value)


CANNOT = (
    "A monitor counts what happened around the programme, not what the programme brought about. "
    "Growth may come from more projects rather than larger ones."
)
FRENCH = """
participant = { fr = "Bénéficiaires" }
growth = { fr = "Croissance" }
change = { fr = "Évolution" }
vouchers = { fr = "Bons" }
goal_attainment = { fr = "réalisation des objectifs" }
"{cannot}" = { fr = "Un suivi compte." }
"""


def test_a_third_language_is_a_label_file(tmp_path):
    text = re.sub(r"\[labels\].*?(?=\[facts\])", "", STUDY, flags=re.DOTALL)
    text = text.replace('languages = ["en"]', 'languages = ["fr"]\nlabels = "fr.toml"')
    exhibits = text.partition("[[exhibits]]")[0] + "".join(
        "[[exhibits]]" + part for part in text.split("[[exhibits]]")[4:]
    )
    study = load_study(write_study(tmp_path, exhibits, **{"fr.toml": FRENCH.replace("{cannot}", CANNOT)}))
    safe = {table.exhibit: table for table in protect_exhibits(study, compute_exhibits(study))}
    shown = table_html(safe["growth"], language="fr")
    assert all(word in shown for word in ("Croissance", "Évolution", "Bons", "Un suivi compte."))
    assert "Costs that no source tells" in table_html(safe["listed_costs"], language="fr"), "what lacks is in English"
    assert "5\u202f000" in table_html(safe["listed_costs"], language="fr"), "numbers as the language writes them"
    assert draw(safe["growth"], Chart(kind="table"), language="fr").startswith(b"\x89PNG")


QUESTIONS = """
name = "firms"
title = { en = "Firms" }
[[questions]]
id = "use"
kind = "single"
en = "Did you use it?"
options = [{ code = "y", en = "Yes" }, { code = "n", en = "No" }]
"""


def test_files_of_a_survey_and_of_goals_may_be_in_english_alone(tmp_path):
    (tmp_path / "questions.toml").write_text(QUESTIONS, encoding="utf-8")
    (tmp_path / "goals.csv").write_text(
        "id,level,key,en,target,realised,score\n1,project,users,Users,50,40,+\n", encoding="utf-8"
    )
    questionnaire = load_questionnaire(tmp_path / "questions.toml")
    assert [option.en for option in questionnaire.question("use").options] == ["Yes", "No"]
    assert list_goals(load_goals(tmp_path / "goals.csv")).to_frame("en")["note"].str.startswith("Users").any()


def test_a_file_in_both_languages_that_lacks_a_text_is_refused(tmp_path):
    text = QUESTIONS.replace('en = "Yes"', 'nl = "Ja", en = "Yes"')
    (tmp_path / "questions.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="nl"):
        load_questionnaire(tmp_path / "questions.toml")
