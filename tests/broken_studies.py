"""Studies that are broken in one way each: what is changed in a sound study, and a part of the message expected."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from si_eval.study.file import data_folder

STUDY = """name = "small"
title = { nl = "Klein", en = "Small" }
rules = "replicate_2020"
languages = ["nl", "en"]
labels = "labels.toml"
include = ["part.toml"]
notebooks = ["notebook.py"]
[extract]
folders = ["extract"]
[engine]
threads = 2
[disclosure]
rules = "cbs"
known = "known.csv"
[survey]
questionnaire = "questions.toml"
responses = "answers.csv"
[facts]
kpis = "kpis.csv"
costs = "costs.csv"
firms = "firms.csv"
[published]
figures = ["printed.csv"]
claims = ["claims.csv"]
readings = "readings.toml"
[[exhibits]]
id = "reach"
chapter = "1"
title = { nl = "Bereik", en = "Reach" }
function = "describe_reach"
arguments = { year = 2019 }
select = { indicator = "sector", group = "participant" }
chart = { kind = "shares", x = "sector" }
[[exhibits]]
id = "levels"
chapter = "2"
title = { nl = "Niveaus", en = "Levels" }
function = "compare_groups"
arguments = { indicator = "revenue", by = ["size_class_4"], where = { sector = "C" }, years = [2014, 2019] }
chart = { kind = "bars", x = "size_class", panels = "year", divisor = 1000, statistic = "mean" }
[[exhibits]]
id = "effect"
chapter = "3"
title = { nl = "Effect", en = "Effect" }
function = "estimate_effect"
arguments = { outcome = "revenue", covariates = ["size_class"], level = 0.9, seed = 1 }
chart = { kind = "table" }
[[exhibits]]
id = "use"
chapter = "4"
title = { nl = "Gebruik", en = "Use" }
function = "survey_frequencies"
arguments = { question = "use", population = 40 }
select = { statistic = "share" }
chart = { kind = "shares", x = "category" }
[[exhibits]]
id = "paid"
chapter = "5"
title = { nl = "Kosten", en = "Costs" }
function = "costs_by"
arguments = { by = ["payer"] }
chart = { kind = "table" }
priority = 2.0
"""
PART = """[[exhibits]]
id = "pumps"
chapter = "6"
title = { nl = "Pompen", en = "Pumps" }
function = "kpi_growth"
arguments = { indicators = ["pumps_placed"] }
chart = { kind = "table" }
"""
QUESTIONS = """name = "members"
title = { nl = "Leden", en = "Members" }
[[questions]]
id = "use"
kind = "single"
nl = "Gebruikt u de kaart?"
en = "Do you use the map?"
options = [{ code = "y", nl = "Ja", en = "Yes" }, { code = "n", nl = "Nee", en = "No" }]
[[questions]]
id = "hours"
kind = "numeric"
nl = "Uren"
en = "Hours"
asked_if = { question = "use", answers = ["y"] }
"""
PUBLISHED = data_folder() / "published"
FILES = {
    "study.toml": STUDY,
    "part.toml": PART,
    "labels.toml": 'pumps_placed = { nl = "Pompen", en = "Pumps" }\n',
    "notebook.py": "# # A notebook\n",
    "questions.toml": QUESTIONS,
    "answers.csv": "respondent;use;hours\nm1;y;4\nm2;y;3\nm3;n;\n",
    "kpis.csv": "id,indicator,year,value,unit,source\na,pumps_placed,2031,40,pumps,Book\n"
    "b,pumps_placed,2032,50,pumps,Book\n",
    "costs.csv": "id,key,payer,level,kind,year_from,year_to,value,unit,per,counts\n"
    "1,grant,state,national,subsidy,2031,2032,100,EUR,year,yes\n",
    "firms.csv": "id,key,value,counts,source,reason\n1,member,40,yes,Yearbook,\n",
    "known.csv": "indicator,statistic,group,year,estimate,n_units\nbusiness_units,count,participant,2019,100,100\n",
    "printed.csv": "\n".join((PUBLISHED / "figures.csv").read_text(encoding="utf-8").splitlines()[:3]) + "\n",
    "claims.csv": "\n".join((PUBLISHED / "claims.csv").read_text(encoding="utf-8").splitlines()[:3]) + "\n",
    "readings.toml": (PUBLISHED / "readings.toml").read_text(encoding="utf-8"),
}  # fmt: skip
Change = Callable[[Path], None]


def write_study(folder: Path) -> Path:
    """Write the sound study and its files to a folder; return the study file."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "extract").mkdir()
    return folder / "study.toml"


def put(old: str, new: str, name: str = "study.toml") -> Change:
    """Return a change that puts a text in the place of one that is there."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, old
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def write(name: str, content: str | bytes) -> Change:
    """Return a change that writes a file anew."""
    return lambda folder: _write(folder / name, content)


def _write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def become(name: str, kind: str) -> Change:
    """Return a change after which a file is of another kind, gone or too large."""

    def change(folder: Path) -> None:
        path = folder / name
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "loop":
            path.symlink_to(path.name)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "socket":
            place = os.open(folder, os.O_RDONLY)
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(f"/proc/self/fd/{place}/{path.name}")
            os.close(place)
        elif kind == "large":
            with path.open("wb") as stream:
                stream.truncate(100_000_001)

    return change


def extract(settings: str) -> Change:
    """Return a change that adds settings to the extract."""
    return put('["extract"]', f'["extract"]\n{settings}')


LINES = STUDY.splitlines()
REACH = "arguments = { year = 2019 }"
GROUPS = 'arguments = { indicator = "revenue", by = ["size_class_4"], where = { sector = "C" }, years = [2014, 2019] }'
EFFECT = 'arguments = { outcome = "revenue", covariates = ["size_class"], level = 0.9, seed = 1 }'
BARS = 'chart = { kind = "bars", x = "size_class", panels = "year", divisor = 1000, statistic = "mean" }'
USE = 'arguments = { question = "use", population = 40 }'
SELECT = 'select = { indicator = "sector", group = "participant" }'
KINDS = {"folder": "a folder", "pipe": "a pipe", "loop": "", "device": "a device", "socket": "a socket",
         "gone": "no file", "large": "100 MB"}  # fmt: skip


def _values() -> dict[str, tuple[Change, str]]:
    """List a wrong value for every key: of the type that it does not take, of nothing, endless, and dates."""
    wrong = {
        "name": ("5", "[]", '""', '"../x"', '"a/b"', "1979-05-27", '"con"', f'"{"x" * 300}"', '"a\\u0000b"', "inf"),
        "title": ('"Small"', "[]", "{}", "{ nl = 1, en = 2 }", '{ nl = "", en = " " }',
                  '{ nl = "x", en = "y", fr = "z" }'),
        "rules": ("5", "[]", '""', '"replicate_2O20"', "true", "{}", '{ base = "none" }', '{ base = 3 }',
                  '{ base = "recommended", name = "" }', '{ base = "recommended", min_quarters = "4" }',
                  '{ base = "recommended", name = "replicate_2020" }', '{ base = "recommended", level = inf }',
                  '{ base = "recommended", outlier_fence = -1 }', '{ base = "recommended", colour = 1 }',
                  '{ base = "recommended", investment_responses = [] }', '{ base = "recommended", name = "../x" }'),
        "languages": ("[]", '"nl"', '["nl", "nl"]', '["fr"]', "5", "{}", "[1]", '[["nl"]]'),
        "labels": ("5", "[]", '""', '"none.toml"', '"study.toml"', '"\\u0000"', '"."', '"~nobody_at_all/x.toml"'),
        "include": ('"part.toml"', "[5]", '["none.toml"]', '["study.toml"]', '["part.toml", "./part.toml"]', "{}",
                    "[[]]", '["labels.toml"]', '[""]', '["extract"]', "true"),
        "notebooks": ('"notebook.py"', "[5]", '["none.py"]', '["extract"]', '["notebook.py", "notebook.py"]',
                      '["known.csv"]', "nan", '["\\u0007"]'),
        "folders": ('"extract"', "[5]", '["none"]', '["known.csv"]', '["/"]', '["extract", "extract"]', "{}", '[""]'),
        "threads": ("0", "-1", "true", '"2"', "1.5", "nan", "99999999", "10000000000000000000000000000000", "[]"),
        "known": ("5", '""', '"none.csv"', '"extract"', "[]", '"/dev/zero"'),
        "questionnaire": ("5", '"none.toml"', '"known.csv"', '"extract"', "[]"),
        "responses": ("5", '"none.csv"', '"extract"', "[]", '"study.toml"'),
        "kpis": ("5", '"none.csv"', '"extract"', '"answers.csv"', "true"),
        "costs": ("5", '"none.csv"', '"extract"', '"answers.csv"', '"/dev/zero"'),
        "firms": ("5", '"none.csv"', '"extract"', '"answers.csv"', "1e400"),
        "figures": ('"printed.csv"', "[]", "[5]", '["none.csv"]', '["extract"]', '["answers.csv"]', "{}"),
        "claims": ('"claims.csv"', "[]", "[5]", '["none.csv"]', '["extract"]', '["answers.csv"]', "07:32:00"),
        "readings": ("5", '"none.toml"', '"extract"', '"labels.toml"', "[]"),
        "id": ("5", '""', '"../x"', '"a/b"', '"a b"', f'"{"x" * 300}"', '"NUL"', '"levels"', '"Levels"', '"."', "[]",
               '"a.en"', '"x\\u0000"', '"x\\n"', "true"),
        "chapter": ("1", '""', "[]", "2020-01-01"),
        "function": ("5", '""', '"describe_reech"', "[]", '"__import__"', '"panel"'),
        "priority": ("0", "-1", "inf", "nan", "true", '"2"', "[]"),
    }  # fmt: skip
    lines = {line.partition(" = ")[0]: line for line in reversed(LINES) if " = " in line}
    return {
        f"{key} = {value[:40]}": (put(f"{lines[key]}\n", f"{key} = {value}\n"), "")
        for key, values in wrong.items()
        for value in values
    }


BROKEN: dict[str, tuple[Change, str]] = {
    **_values(),
    **{
        f"{name} is {kind}": (become(name, kind), found)
        for name in ("study.toml", "part.toml", "labels.toml", "questions.toml", "kpis.csv", "notebook.py")
        for kind, found in KINDS.items()
    },
    "an empty file": (write("study.toml", ""), "name: found nothing"),
    "bytes that are no text": (write("study.toml", b"name = '\xff\xfe'"), "expected TOML in UTF-8"),
    "UTF-16": (write("study.toml", STUDY.encode("utf-16")), "expected TOML in UTF-8"),
    "a NUL byte": (write("study.toml", STUDY.encode() + b"\x00"), "expected TOML"),
    "a list 10,000 deep": (write("study.toml", f"x = {'[' * 10_000}{']' * 10_000}\n{STUDY}"), "nested more than"),
    "a list 40 deep": (put(REACH, f"arguments = {{ year = {'[' * 40}{']' * 40} }}"), "nested more than"),
    "a key of 10,000 parts": (write("study.toml", ".".join("a" * 10_000) + f" = 1\n{STUDY}"), ""),
    "a number of 10,000 digits": (write("study.toml", f"x = {'9' * 10_000}\n{STUDY}"), "digits"),
    "a hexadecimal of 10,000 digits": (put(REACH, f"arguments = {{ year = 0x{'f' * 10_000} }}"), "64 bits"),
    "a key twice": (put('name = "small"', 'name = "small"\nname = "large"'), "expected TOML"),
    "a line cut off": (put('name = "small"', "name = "), "expected TOML"),
    "an unknown key": (put("languages", "langauges"), "did you mean `languages`?"),
    "an unknown part": (put("[engine]", "[engines]"), "did you mean `engine`?"),
    "an unknown key of a part": (put("threads", "thread"), "did you mean `threads`?"),
    "an unknown key of an exhibit": (put("chapter", "chaptr"), "did you mean `chapter`?"),
    "an unknown key of an exhibit of a part": (put("chapter", "chaptr", "part.toml"), "part.toml, exhibits.0.chaptr"),
    "an unknown fact": (put("kpis =", "kpi ="), "did you mean `kpis`?"),
    "no name": (put('name = "small"\n', ""), "name: found nothing"),
    "no exhibits": (lambda folder: _write(folder / "study.toml", STUDY[: STUDY.index("[[exhibits]]")].replace(
        'include = ["part.toml"]\n', "")), "exhibits: found nothing"),
    "exhibits that are no list": (lambda folder: _write(folder / "study.toml", "exhibits = 5\n" + STUDY[
        : STUDY.index("[[exhibits]]")]), "exhibits: found 5; expected a list"),
    "an exhibit that is no table": (lambda folder: _write(folder / "study.toml", "exhibits = [1]\n" + STUDY[
        : STUDY.index("[[exhibits]]")]), "exhibits.0: found 1; expected a table"),
    "exhibits of nothing": (lambda folder: _write(folder / "study.toml", "exhibits = []\n" + STUDY[
        : STUDY.index("[[exhibits]]")].replace('include = ["part.toml"]\n', "")), "exhibits: found []"),
    "a part without exhibits": (write("part.toml", ""), "part.toml, exhibits: found nothing"),
    "a part with more": (write("part.toml", f'name = "x"\n{PART}'), "part.toml, name: found an unknown key"),
    "a part that includes": (write("part.toml", f'include = ["part.toml"]\n{PART}'), "include: found an unknown key"),
    "a part whose exhibits are no list": (write("part.toml", "exhibits = 3"), "part.toml, exhibits: found 3"),
    "a part with an id that is there": (put('"pumps"', '"reach"', "part.toml"), "reach twice"),
    "a part that is no TOML": (write("part.toml", "x = "), "include.0: found"),
    "labels without English": (write("labels.toml", 'a = { nl = "b" }'), "labels.toml, a.en: found nothing"),
    "labels that are texts": (write("labels.toml", 'a = "b"'), "labels.toml, a: found 'b'; expected a table"),
    "labels in no language": (write("labels.toml", 'a = { nl = "b", en = "c", dutch = "d" }'), "a.dutch: found an un"),
    "labels that are numbers": (write("labels.toml", "a = { nl = 1, en = 2 }"), "labels.toml, a.nl: found 1"),
    "an unknown table of the extract": (extract('files = { unit = "*.csv" }'), "extract.files.unit"),
    "a pattern out of the folder": (extract('files = { turnover = "../*.csv" }'), "within the"),
    "a pattern of stars": (extract(f'files = {{ turnover = "{"*a" * 30}" }}'), "at most 8 stars"),
    "a pattern that is a number": (extract('files = { turnover = 5 }'), "a pattern, or a list"),
    "patterns of numbers": (extract('files = { turnover = [5] }'), "files.turnover.0"),
    "no pattern": (extract('files = { turnover = [] }'), "files.turnover: found []"),
    "an empty pattern": (extract('files = { turnover = "" }'), "files.turnover: found ''"),
    "an unknown column": (extract('columns = { turnover = { x = "y" } }'), "columns.turnover.x"),
    "columns that are no table": (extract('columns = { turnover = "y" }'), "columns.turnover"),
    "money in thousands as text": (extract('money_unit = { turnover = "1000" }'), "expected a num"),
    "money in cents": (extract('money_unit = { turnover = 0.01 }'), "1 or 1000 euro"),
    "endless money": (extract('money_unit = { turnover = inf }'), "a finite number"),
    "no participants": (extract('participants = "none.csv"'), "extract.participants"),
    "a cache that is a file": (extract('cache = "known.csv"'), "extract.cache"),
    "an unknown engine": (put("threads = 2", 'backend = "duckdbb"'), "did you mean `duckdb`?"),
    "memory without a unit": (put("threads = 2", 'memory_limit = "500"'), "an amount of memory"),
    "memory of nothing": (put("threads = 2", 'memory_limit = "0GB"'), "an amount of memory"),
    "unknown output rules": (put('rules = "cbs"', 'rules = "cbss"'), "did you mean `cbs`?"),
    "an unknown merge": (put('rules = "cbs"', 'merge = "sometimes"'), "one of 'never' or 'when_cheaper'"),
    "a negative public unit": (put('rules = "cbs"', "public_units = [-1]"), "disclosure.public_units.0"),
    "a true public unit": (put('rules = "cbs"', "public_units = [true]"), "disclosure.public_units.0: found True"),
    "a public unit in words": (put('rules = "cbs"', 'public_units = ["one"]'), "disclosure.public_units.0"),
    "a public unit twice": (put('rules = "cbs"', "public_units = [1, 1]"), "each once"),
    "one public unit": (put('rules = "cbs"', "public_units = 1"), "disclosure.public_units"),
    "a ledger that is none": (put('rules = "cbs"', 'ledger = "known.csv"'), "disclosure.ledger"),
    "a ledger that is a folder": (put('rules = "cbs"', 'ledger = "extract"'), "disclosure.ledger"),
    "a ledger that is a device": (put('rules = "cbs"', 'ledger = "/dev/zero"'), "disclosure.ledger: found a device"),
    "a survey without responses": (put('responses = "answers.csv"\n', ""), "survey: found no responses"),
    "a survey that is a list": (put('[survey]\nquestionnaire = "questions.toml"\nresponses = "answers.csv"',
                                    "[[survey]]"), "survey: found"),
    "an unknown kind of question": (put('kind = "single"', 'kind = "one"', "questions.toml"), "survey"),
    "a question asked if itself": (put('question = "use", ', 'question = "hours", ', "questions.toml"), "survey"),
    "a question asked if no other": (put('question = "use", ', 'question = "why", ', "questions.toml"), "survey"),
    "a question without options": (put("options = [", "optiens = [", "questions.toml"), "survey"),
    "answers to unknown questions": (put("hours", "ours", "answers.csv"), "survey"),
    "readings without words": (write("readings.toml", "words = 1"), "published"),
    "claims without columns": (write("claims.csv", "id\n1\n"), "published"),
    "known figures without columns": (write("known.csv", "id\n1\n"), "disclosure.known"),
    "an unknown argument": (put(REACH, "arguments = { year = 2019, yeers = 1 }"), "yeers: found an unknown name"),
    "arguments that are a list": (put(REACH, "arguments = [2019]"), "exhibits.0.arguments"),
    "no year": (put(REACH, "arguments = {}"), "reach, year: found nothing"),
    "a year of 5 digits": (put(REACH, "arguments = { year = 99999 }"), "a year from 1900"),
    "a negative year": (put(REACH, "arguments = { year = -2019 }"), "a year from 1900"),
    "a year as text": (put(REACH, 'arguments = { year = "2019" }'), "expected a whole number"),
    "a year as a date": (put(REACH, "arguments = { year = 2019-01-01 }"), "a date or time"),
    "a true year": (put(REACH, "arguments = { year = true }"), "expected a whole number"),
    "a broken year": (put(REACH, "arguments = { year = 2019.5 }"), "expected a whole number"),
    "an endless year": (put(REACH, "arguments = { year = inf }"), "a finite number"),
    "a huge year": (put(REACH, f"arguments = {{ year = 1{'0' * 30} }}"), "64 bits"),
    "an unknown indicator": (put('indicator = "revenue"', 'indicator = "revenues"'), "did you mean `revenue`?"),
    "no indicator": (put('indicator = "revenue"', "indicator = []"), "levels, indicator: found an empty list"),
    "an indicator twice": (put('indicator = "revenue"', 'indicator = ["revenue", "revenue"]'), "each value once"),
    "an unknown split": (put('["size_class_4"]', '["size"]'), "levels, by: found 'size'"),
    "a split by firm": (put('["size_class_4"]', '["be_id"]'), "levels, by: found 'be_id'"),
    "a split twice": (put('["size_class_4"]', '["sector", "sector"]'), "each value once"),
    "an unknown filter": (put('sector = "C"', 'sektor = "C"'), "did you mean `sector`?"),
    "an unknown sector": (put('sector = "C"', 'sector = "c"'), "where, sector: found 'c'"),
    "a sector as a number": (put('sector = "C"', "sector = 12"), "where, sector: found 12"),
    "an unknown class": (put('sector = "C"', 'size_class = "10_49"'), "did you mean `10-49`?"),
    "a filter of nothing": (put('sector = "C"', "sector = []"), "where, sector: found an empty list"),
    "years of nothing": (put("[2014, 2019]", "[]"), "levels, years: found an empty list"),
    "years as texts": (put("[2014, 2019]", '["2014"]'), "a list of whole numbers"),
    "a year twice": (put("[2014, 2019]", "[2014, 2014]"), "each value once"),
    **{f"an unknown {name}": (put("2019] }", f'2019], {name} = "magic" }}'), f"levels, {name}: found 'magic'")
       for name in ("cluster", "composition", "statistics")},
    "a coverage of 95": (put("level = 0.9", "level = 95"), "write 0.95"),
    "a coverage of 0": (put("level = 0.9", "level = 0"), "a number between 0 and 1"),
    "a coverage as text": (put("level = 0.9", 'level = "0.9"'), "effect, level"),
    "a negative seed": (put("seed = 1", "seed = -1"), "effect, seed: found -1"),
    "a seed of a half": (put("seed = 1", "seed = 0.5"), "effect, seed: found 0.5"),
    "an unknown covariate": (put('["size_class"]', '["colour"]'), "effect, covariates: found 'colour'"),
    "a covariate that is an id": (put('["size_class"]', '["group_id"]'), "effect, covariates: found 'group_id'"),
    "an unknown design": (put("level = 0.9", 'design = "magic"'), "effect, design: found 'magic'"),
    "an unknown question": (put('question = "use"', 'question = "uses"'), "exhibit use"),
    "a population of nobody": (put("population = 40", "population = 0"), "use, population: found 0"),
    "an unknown key figure": (put('["pumps_placed"]', '["pomps"]', "part.toml"), "exhibit pumps"),
    "costs by what is not": (put('["payer"]', '["colour"]'), "exhibit paid"),
    "rows of nothing": (put('statistic = "share"', 'statistic = "shares"'), "exhibit use: found no row with statistic"),
    "rows of an unknown group": (put('group = "participant"', 'group = "participants"'), "did you mean `participant`?"),
    "rows by an unknown column": (put(SELECT, "select = { colour = 1 }"), "select, colour: found an unknown column"),
    "rows by a list of nothing": (put(SELECT, "select = { indicator = [] }"), "select, indicator: found []"),
    "rows by a table": (put(SELECT, "select = { indicator = { a = 1 } }"), "select, indicator"),
    "rows by a true": (put(SELECT, "select = { year = true }"), "select, year"),
    "rows of a year as text": (put(SELECT, 'select = { year = "2019" }'), "select, year"),
    "rows by a list": (put(SELECT, 'select = ["sector"]'), "exhibits.0.select"),
    "no chart": (put('chart = { kind = "shares", x = "sector" }\n', ""), "exhibits.0.chart: found nothing"),
    "a chart that is a text": (put(BARS, 'chart = "bars"'), "exhibits.1.chart"),
    "a chart without a kind": (put('kind = "bars", ', ""), "levels, chart, kind: found nothing"),
    "an unknown kind of chart": (put('kind = "bars"', 'kind = "pie"'), "levels, chart, kind: found 'pie'"),
    "an unknown setting of a chart": (put("divisor", "divisior"), "did you mean `divisor`?"),
    "an unknown axis": (put('x = "size_class"', 'x = "size"'), "levels, chart, x"),
    "a divisor of 0": (put("divisor = 1000", "divisor = 0"), "levels, chart: found divisor 0"),
    "a divisor of nothing": (put("divisor = 1000", "divisor = nan"), "a finite number"),
    "an endless divisor": (put("divisor = 1000", "divisor = inf"), "a finite number"),
    "a true divisor": (put("divisor = 1000", "divisor = true"), "levels, chart, divisor"),
    "a chart of a numbered statistic": (put('statistic = "mean" }', "statistic = 5 }"), "levels, chart, statistic"),
    "an unknown statistic of a chart": (put('statistic = "mean" }', 'statistic = "means" }'), "did you mean `mean`?"),
    "a chart of unknown rows": (put("divisor = 1000", 'where = { colour = "red" }'), "levels, chart"),
    "a chart of a list of rows": (put("divisor = 1000", "where = { year = [2019] }"), "levels, chart, where"),
    "unknown signs": (put("divisor = 1000", 'signs = { x = ["y"] }'), "levels, chart"),
    "unknown rules of an exhibit": (put("priority = 2.0", 'disclosure = "none"'), "exhibits.4.disclosure"),
    "rules of an exhibit that are a list": (put("priority = 2.0", 'disclosure = ["cbs"]'), "exhibits.4.disclosure"),
}  # fmt: skip
SOUND: dict[str, Change] = {  # changes after which the study is as sound as before
    "Windows line ends": lambda folder: _write(folder / "study.toml", STUDY.replace("\n", "\r\n")),
    "a mark of UTF-8 before the text": lambda folder: _write(folder / "study.toml", b"\xef\xbb\xbf" + STUDY.encode()),
    "a link to the study": lambda folder: _link(folder, "study.toml"),
    "an absolute path": lambda folder: put('"labels.toml"', f'"{folder}/labels.toml"')(folder),
    "a path by way of the parent": lambda folder: put('"labels.toml"', f'"../{folder.name}/labels.toml"')(folder),
    "a path with a space and an accent": lambda folder: _rename(folder, "labels.toml", "mijn één.toml"),
    "a title with signs": put('en = "Small"', 'en = "Small: “é” – 5 % & <b>, a no-break\u00a0space"'),
    "an id with an accent": put('"reach"', '"bereik_één"'),
    "a ledger that is not there yet": put('rules = "cbs"', 'ledger = "ledger.json"'),
    "no part": put('include = ["part.toml"]\n', ""),
}


def _link(folder: Path, name: str) -> None:
    (folder / name).rename(folder / f"real_{name}")
    (folder / name).symlink_to(f"real_{name}")


def _rename(folder: Path, old: str, new: str) -> None:
    (folder / old).rename(folder / new)
    put(f'"{old}"', f'"{new}"')(folder)
