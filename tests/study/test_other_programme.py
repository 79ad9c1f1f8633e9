"""Another programme from end to end: its own study, survey, key figures, costs and firms; no register at all."""

from __future__ import annotations

import re
import warnings

import pytest

from si_eval.errors import DroppedRowsWarning, InputError
from si_eval.registry import facts
from si_eval.report import Chart, draw
from si_eval.study.evaluation import protect_exhibits, study_tables
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study

FILES = {
    "study.toml": """
name = "dike_watch"
title = { nl = "Dijkwacht", en = "Dike watch" }
disclosure = "as_published"
[survey]
questionnaire = "questions.toml"
responses = "answers.csv"
[facts]
kpis = "figures.csv"
costs = "costs.csv"
firms = "firms.csv"
[[exhibits]]
id = "use"
chapter = "1"
title = { nl = "Gebruik", en = "Use" }
function = "survey_frequencies"
arguments = { question = "use", population = 40 }
chart = { kind = "shares", x = "category" }
[[exhibits]]
id = "reasons"
chapter = "1"
title = { nl = "Redenen", en = "Reasons" }
function = "survey_multiple"
arguments = { question = "why" }
chart = { kind = "table" }
[[exhibits]]
id = "hours"
chapter = "1"
title = { nl = "Uren naar grootte", en = "Hours by size" }
function = "survey_numeric"
arguments = { question = "hours", by = "staff" }
chart = { kind = "table" }
[[exhibits]]
id = "doubts"
chapter = "1"
title = { nl = "Twijfelachtige antwoorden", en = "Doubtful answers" }
function = "survey_doubts"
chart = { kind = "table" }
[[exhibits]]
id = "response"
chapter = "1"
title = { nl = "Respons", en = "Response" }
function = "survey_response"
arguments = { frame = "frame.toml" }
chart = { kind = "table" }
[[exhibits]]
id = "like_all"
chapter = "1"
title = { nl = "Lijken zij op allen?", en = "Are they like all?" }
function = "survey_nonresponse"
arguments = { population = "members.csv" }
chart = { kind = "table" }
[[exhibits]]
id = "pumps"
chapter = "2"
title = { nl = "Pompen", en = "Pumps" }
function = "kpi_growth"
arguments = { indicators = ["pumps_placed"] }
chart = { kind = "table" }
[[exhibits]]
id = "paid"
chapter = "3"
title = { nl = "Kosten", en = "Costs" }
function = "costs_by"
arguments = { by = ["payer"] }
chart = { kind = "table" }
[[exhibits]]
id = "each"
chapter = "3"
title = { nl = "Kosten per lid", en = "Cost per member" }
function = "cost_per"
arguments = { keys = ["member"] }
chart = { kind = "table" }
""",
    "questions.toml": """
name = "members"
title = { nl = "Leden", en = "Members" }
[[questions]]
id = "use"
kind = "single"
nl = "Gebruikt u de kaart?"
en = "Do you use the map?"
options = [
  { code = "y", nl = "Ja", en = "Yes" },
  { code = "n", nl = "Nee", en = "No" },
  { code = "d", nl = "Weet niet", en = "Don't know", missing = true },
]
[[questions]]
id = "why"
kind = "multiple"
nl = "Waarom?"
en = "Why?"
asked_if = { question = "use", answers = ["y"] }
options = [
  { code = "time", nl = "Tijd", en = "Time" },
  { code = "cost", nl = "Kosten", en = "Cost" },
  { code = "none", nl = "Niets", en = "Nothing", exclusive = true },
]
[[questions]]
id = "hours"
kind = "numeric"
nl = "Uren"
en = "Hours"
minimum = 0
maximum = 60
[[questions]]
id = "staff"
kind = "single"
nl = "Grootte"
en = "Size"
dimension = "size_class"
options = [
  { code = "s", nl = "klein", en = "small", in_class = "0-9" },
  { code = "l", nl = "groot", en = "large", in_class = "10+" },
]
""",
    # m2 is there twice, m3 contradicts itself, m4 answers what it was not asked, m5 leaves a question out, m6 is odd
    "answers.csv": """respondent;use;why_time;why_cost;why_none;hours;staff
m1;Ja;1;0;0;4;s
m2;y;1;1;0;8;l
m2;y;;;;8;l
m3;y;0;1;1;2,5;s
m4;n;1;0;0;10;l
m5;;;;;6;l
m6;n;;;;99;s
""",
    "frame.toml": 'name = "members"\n[[cells]]\nstratum = ""\ninvited = 12\nunknown = 8\n',
    "members.csv": "question,category,count\nstaff,0-9,30\nstaff,10+,10\n",
    "figures.csv": """id,indicator,year,value,unit,source
a,pumps_placed,2031,40,pumps,Yearbook
b,pumps_placed,2032,50,pumps,Yearbook
""",
    "costs.csv": """id,key,payer,level,kind,year_from,year_to,value,unit,per,counts
1,grant,state,national,subsidy,2031,2032,100,EUR,year,yes
2,fee,members,local,fee,2032,2032,40,EUR,total,yes
""",
    "firms.csv": "id,key,value,counts,source,reason\n1,member,40,yes,Yearbook,\n2,member,50,yes,Newspaper,\n",
}
CLOSE = 0.05  # what leaves has three significant digits or more


def programme(folder, **changed):
    for name, text in {**FILES, **{name.replace("__", "."): text for name, text in changed.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_study(folder / "study.toml")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    study = programme(tmp_path_factory.mktemp("other"))
    with pytest.warns(DroppedRowsWarning, match="1 rows of respondents that are there twice"):
        made = compute_exhibits(study)
    return study, {table.exhibit: table for table in protect_exhibits(study, made)}


EXPECTED = {
    "who uses it, of who answered": ("use", {"statistic": "share", "category": "Yes"}, 3 / 5),
    "respondents behind it": ("use", {"statistic": "count", "category": "Yes"}, 3),
    "reasons of those asked alone": ("reasons", {"statistic": "share", "category": "Time", "indicator": "why"}, 2 / 3),
    "a contradiction stays as ticked": ("reasons", {"statistic": "count", "category": "Nothing"}, 1),
    "hours of large members": ("hours", {"statistic": "mean", "size_class": "10+"}, (8 + 10 + 6) / 3),
    "hours of small members": ("hours", {"statistic": "mean", "size_class": "0-9"}, (4 + 2.5 + 99) / 3),
    "double respondents": ("doubts", {"category": "double respondent", "indicator": "doubts"}, 1),
    "contradictions": ("doubts", {"category": "contradiction", "indicator": "doubts"}, 1),
    "answers to what was not asked": ("doubts", {"category": "not asked", "indicator": "doubts"}, 1),
    "missing answers": ("doubts", {"category": "missing", "indicator": "doubts"}, 1),
    "missing answers to the first question": ("doubts", {"category": "missing", "indicator": "use"}, 1),
    "numbers out of range": ("doubts", {"category": "out of range", "indicator": "doubts"}, 1),
    "unknown respondents": ("doubts", {"category": "unknown respondent", "indicator": "doubts"}, 0),
    "respondents": ("response", {"indicator": "respondents", "category": "all"}, 6),
    "response of the invited": ("response", {"category": "RR6"}, 6 / 12),
    "response of all who may count": ("response", {"category": "RR2"}, 6 / 20),
    "too few small members": ("like_all", {"group": "difference", "statistic": "share", "size_class": "0-9"}, -1 / 4),
    "growth": ("pumps", {"statistic": "growth", "year": 2032}, 0.25),
    "costs of the state": ("paid", {"category": "state"}, 200),
    "cost for each member, at most": ("each", {"indicator": "cost_per_member_high", "category": "all"}, 240 / 40),
    "cost for each member": ("each", {"indicator": "cost_per_member", "category": "all"}, 240 / 45),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_figures_are_those_of_a_calculation_by_hand(tables, name):
    exhibit, keys, expected = EXPECTED[name]
    rows = tables[1][exhibit].to_frame()
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    assert rows["estimate"].tolist() == [pytest.approx(expected, abs=CLOSE)]


def test_nothing_of_the_reference_study_is_in_it(tables):
    study, safe = tables
    assert list(safe) == [exhibit.id for exhibit in study.file.exhibits]
    for table in safe.values():
        words = " ".join([table.cannot_show, *map(str, table.frame.to_numpy().ravel())]).lower()
        assert not [word for word in ("smart industry", "fieldlab", "dialogic", "tno", "hubs") if word in words]


def test_the_library_has_no_words_of_the_reference_programme():
    own = re.compile(r"\b(smart industry|fieldlabs?|hubs?|dialogic|tno)\b", re.IGNORECASE)
    words = {term: " ".join((term, *entry.values())) for term, entry in facts("labels").items()}
    assert not [text for text in words.values() if own.search(text)]


def test_what_a_table_cannot_show_is_said_in_dutch_without_labels_of_a_study(tables):
    for table in tables[1].values():
        assert table.cannot_show in facts("labels"), table.exhibit


def test_every_exhibit_is_drawn_in_both_languages(tables):
    study, safe = tables
    for name, table in safe.items():
        for language in study.file.languages:
            assert draw(table, Chart(**study.chart(name)), language=language).startswith(b"\x89PNG")


def test_a_notebook_gets_all_of_it_without_registers(tmp_path):
    with pytest.warns(DroppedRowsWarning):
        assert set(study_tables(programme(tmp_path))) == {
            "use", "reasons", "hours", "doubts", "response", "like_all", "pumps", "paid", "each",
        }  # fmt: skip


ANSWERS = FILES["answers.csv"]
ASKED = ("respondent", "use", "why_time", "why_cost", "why_none", "hours", "staff")
REFUSED = {
    "an empty file": ("answers__csv", "", "found an empty file", {""}),
    "a file without respondents": ("answers__csv", ANSWERS.partition("\n")[0], "found no respondent", {""}),
    "an unknown option": (
        "answers__csv", ANSWERS.replace("m1;Ja", "m1;Maybe").replace("m6;n;;;;99;s", "m6;n;;;;many;x"),
        "unknown answers", {"use", "hours", "staff"},
    ),
    "unknown and missing columns": (
        "answers__csv", ANSWERS.replace("hours;staff", "hour;staff"), "did you mean `hours`?", {"hour", "hours"}
    ),
    "a key figure twice with different values": (
        "figures__csv", FILES["figures.csv"] + "b,pumps_placed,2032,60,,Yearbook\n", "an id twice", {"id", "unit"}
    ),
    "costs that run backwards and firms twice": (
        "costs__csv", FILES["costs.csv"].replace("2031,2032", "2032,2031").replace("2,fee", "1,fee"), "backwards",
        {"id", "year_to"},
    ),
    "a population that does not fit": (
        "members__csv", FILES["members.csv"].replace("0-9,30", "0-5,-3"), "0-5", {"staff"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_files_give_one_error_with_every_problem(tmp_path, name):
    file, text, told, columns = REFUSED[name]
    study = programme(tmp_path, **{file: text})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedRowsWarning)
        with pytest.raises(InputError) as error:
            compute_exhibits(study)
    assert told in str(error.value)
    assert {problem.column for problem in error.value.problems} == columns
