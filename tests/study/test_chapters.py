"""A report without notebooks: chapters of the study or one a stage, in its languages; what stands in none is named."""

from __future__ import annotations

import base64
import re
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner
from vouchers import STUDY, write_vouchers

from si_eval.cli import app
from si_eval.errors import InputError
from si_eval.report.chapters import ReportChapter, write_chapters
from si_eval.report.outline import outline_report
from si_eval.report.page import write_page
from si_eval.study.chapters import report_chapters
from si_eval.study.checks import check_study
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study

LEFT_OUT = ', "growth_against_southern", "productivity_by_staff", "rd_by_region", "effect"]'
FIRMS = 600
FOREIGN = re.compile(r"€|\beuros?\b|\bEUR\b|&euro;", re.IGNORECASE)
KPIS = "id,indicator,year,value,unit,source\na,vouchers,2019,40,bonds,A\nb,vouchers,2020,50,bonds,A\n"
SMALL = """
name = "small"
title = { nl = "Klein", en = "Small" }
[facts]
kpis = "kpis.csv"
[[exhibits]]
id = "growth"
chapter = "1"
title = { nl = "Groei", en = "Growth" }
function = "kpi_growth"
arguments = { indicators = ["vouchers"] }
chart = { kind = "table" }
[[exhibits]]
id = "doubts"
chapter = "1"
title = { nl = "Opgave", en = "Statement" }
function = "describe_kpis"
arguments = { indicators = ["vouchers"] }
chart = { kind = "table" }
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the whole programme from its raw files to the report, as the command line does."""
    folder = tmp_path_factory.mktemp("report")
    extract = write_vouchers(folder / "extract", firms=FIRMS).folder
    text = STUDY.replace(LEFT_OUT, ', "productivity_by_staff"]')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    told = CliRunner().invoke(
        app, ["run", str(folder / "study.toml"), "--extract", str(extract), "--out", str(folder / "out")]
    )
    assert told.exit_code == 0, told.output
    return folder / "out", told.output


def test_chapters_have_their_text_and_exhibits(run):
    page = (run[0] / "report" / "report_en.html").read_text(encoding="utf-8")
    titles = re.findall(r'<h2><span class="number">(\d)</span> ([^<]*)</h2>', page)
    assert titles == [("1", "Who took part"), ("2", "What changed")]
    assert "<strong>asked</strong>" in page
    assert ">Where they are</h3>" in page
    shown = re.findall(r'<figure id="([^"]*)"', page)
    assert shown == ["found", "reach", "growth_against_rejected", "productivity_by_staff"]


def test_the_report_links_to_what_stands_beside_it(run):
    place = run[0] / "report"
    page = (place / "report_en.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="([^"#]+)"', page))
    assert {"report_en.docx", "tables_en.xlsx", "explorer_en.html"} <= linked
    assert all((place / name).is_file() for name in linked)


def test_exhibits_in_no_chapter_are_named_in_the_report_and_at_the_end_of_the_run(run):
    out, told = run
    page = (out / "report" / "report_en.html").read_text(encoding="utf-8")
    unshown = page[page.index("In no chapter") :]
    assert "rd_by_region" in unshown
    assert "growth_against_rejected" not in unshown
    assert "in no chapter of the report, though made: rd_by_region, growth_against_southern, effect" in told


def read_words(path: Path) -> bytes:
    """Return the bytes of a file; of a Word file those of its text, of which the PDF has the same."""
    if path.suffix != ".docx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in ("word/document.xml", "word/header1.xml", "docProps/core.xml"))


def test_no_byte_of_the_results_is_of_another_currency_or_language(run):
    files = {path.name: read_words(path) for path in run[0].rglob("*") if path.is_file() and path.suffix != ".pdf"}
    for picture in re.findall(rb"base64,([A-Za-z0-9+/=]+)", files["report_en.html"]):
        assert base64.b64decode(picture).startswith(b"\x89PNG")
    texts = {
        name: re.sub(rb"base64,[A-Za-z0-9+/=]+", b"", content).decode("utf-8", "replace")
        for name, content in files.items()
        if not name.endswith(".png")
    }
    assert [name for name, text in texts.items() if FOREIGN.search(text)] == []
    assert [name for name, content in files.items() if "€".encode() in content and not name.endswith(".png")] == []
    words = re.compile(r"\b(deelnemers?|niet-deelnemers|bedrijfseenheden|grootteklasse|kosten|gemiddelde?|cijfers)\b")
    assert [name for name, text in texts.items() if words.search(text.lower())] == []
    assert not any(name.endswith(".nl.png") for name in files)
    assert "£" in texts["report_en.html"]
    assert "SBI" not in texts["report_en.html"]
    assert "Sector (NACE Rev. 2)" in texts["report_en.html"]
    assert ">Staff</th>" in texts["report_en.html"], "a split goes by its title"


def test_words_of_the_study_stand_in_the_report(run):
    page = (run[0] / "report" / "report_en.html").read_text(encoding="utf-8")
    assert "Voucher firms" in page
    assert "R&amp;D spending" not in page, "its exhibit is in no chapter"
    assert not re.search(r">\s*(Non-)?participants\s*<", page, re.IGNORECASE)


@pytest.fixture
def small(tmp_path):
    (tmp_path / "kpis.csv").write_text(KPIS, encoding="utf-8")
    (tmp_path / "study.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path / "study.toml"


def test_without_chapters_there_is_one_a_stage_in_each_language(small):
    study = load_study(small)
    tables = {table.exhibit: table for table in protect_exhibits(study, compute_exhibits(study))}
    chapters = report_chapters(study, tables)
    assert [chapter.title["en"] for chapter in chapters] == ["Monitoring"]
    executed = write_chapters(chapters, ["nl", "en"])
    pages = {one: write_page(outline_report(executed, language=one, title="T")) for one in ("nl", "en")}
    assert "Groei" in pages["nl"]
    assert "Growth" not in pages["nl"]
    assert "Statement" in pages["en"]


def test_every_function_of_the_catalogue_has_a_stage_with_a_label():
    from si_eval.study.catalogue import EXHIBIT_FUNCTIONS
    from si_eval.vocabulary import is_labelled

    stages = {entry.stage for entry in EXHIBIT_FUNCTIONS.values()}
    assert {"participants", "comparison", "effects", "survey", "costs", "synthesis"} <= stages
    assert all(is_labelled(f"report_stage_{stage}") for stage in stages)


def test_a_report_of_a_study_without_registers_needs_no_notebook(small):
    text = small.read_text(encoding="utf-8")
    small.write_text(text + "[extract]\nfolders = []\n", encoding="utf-8")
    study = load_study(small)
    tables = {table.exhibit: table for table in protect_exhibits(study, compute_exhibits(study))}
    (chapter,) = write_chapters([ReportChapter({"en": "All"}, exhibits=[])], ["en"])
    page = write_page(
        outline_report([chapter], language="en", title="T", exhibits={name: {"en": name} for name in tables})
    )
    assert page.index("In no chapter") < page.index("doubts")


def test_a_chapter_that_names_what_there_is_not_is_refused(small):
    chapter = '[[chapters]]\ntitle = { nl = "Een", en = "One" }\nexhibits = ["growt"]\n'
    small.write_text(small.read_text(encoding="utf-8") + chapter, encoding="utf-8")
    with pytest.raises(InputError, match="did you mean `growth`"):
        check_study(load_study(small))
