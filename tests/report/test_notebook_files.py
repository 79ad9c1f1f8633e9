"""Notebooks for Jupyter: in step with their sources, in one language; exercises whose answers are checked."""

from __future__ import annotations

import ast
from pathlib import Path

import jupytext
import nbformat
import pytest
from paths import ROOT

from si_eval.report.notebook_files import SOLUTION, notebook_text, tell_language
from si_eval.study.calls import exhibit_calls
from si_eval.study.file import load_study

CALLS = exhibit_calls(load_study())
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
COURSE = sorted((ROOT / "notebooks" / "teaching").glob("*.py"))
FOLDERS = dict.fromkeys(SOURCES, "") | dict.fromkeys(COURSE, "teaching")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_source_has_its_notebook_in_step(language: str) -> None:
    expected = {
        Path(folder) / f"{source.stem}.ipynb": notebook_text(source, language, CALLS)  # type: ignore[arg-type]
        for source, folder in FOLDERS.items()
    }
    place = ROOT / "notebooks" / language
    found = {path.relative_to(place): path.read_text(encoding="utf-8") for path in place.rglob("*.ipynb")}
    assert set(found) == set(expected), "run `make notebooks`"
    assert [str(name) for name in expected if found[name] != expected[name]] == [], "run `make notebooks`"


def test_a_notebook_has_one_language_and_no_output() -> None:
    source = ROOT / "notebooks" / "03_selection.py"
    for language, word, other in (("nl", "# Selectie", "# Selection"), ("en", "# Selection", "# Selectie")):
        notebook = nbformat.reads(notebook_text(source, language), as_version=4)  # type: ignore[arg-type]
        prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        assert word in prose.splitlines()
        assert other not in prose.splitlines()
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
        assert any(f'language="{language}"' in cell.source for cell in code)
        for cell in code:
            ast.parse(cell.source)


def test_the_call_stands_before_its_exhibit() -> None:
    text = notebook_text(ROOT / "notebooks" / "04_impact_on_microdata.py", "en", CALLS)
    assert "inside = se.index_series(" in text
    assert text.index("inside = se.index_series(") < text.index("dialogic_figure_34")
    for call in CALLS.values():
        ast.parse(call)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("se.show(a, b)", 'se.show(a, b, language="nl")'),
        ("study, extract = se.open_reference()", 'study, extract = se.open_reference(language="nl")'),
        ('se.show(a, language="en")', 'se.show(a, language="en")'),
        ("se.protect([a])", "se.protect([a])"),
        ('se.say(\n    "é {x}",\n    x=1,\n)', 'se.say(\n    "é {x}",\n    x=1,\n    language="nl",\n)'),
        ('x = "é"; se.show(f(a))', 'x = "é"; se.show(f(a), language="nl")'),
    ],
)
def test_what_shows_is_told_its_language(code: str, told: str) -> None:
    assert tell_language(code, "nl") == told


@pytest.mark.parametrize("source", COURSE, ids=lambda source: source.stem)
def test_the_solutions_of_the_course_are_right(source: Path) -> None:
    names: dict[str, object] = {}
    for place, cell in enumerate(jupytext.read(source).cells):
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{source.name}, cell {place}", "exec"), names)


@pytest.mark.parametrize("source", COURSE, ids=lambda source: source.stem)
def test_what_a_solution_finds_is_checked_right_after_it(source: Path) -> None:
    code = [cell for cell in jupytext.read(source).cells if cell.cell_type == "code"]
    solutions = [place for place, cell in enumerate(code) if SOLUTION in cell.metadata.get("tags", [])]
    assert len(solutions) >= 2
    for place in solutions:
        found = {one.id for one in ast.walk(ast.parse(code[place].source)) if isinstance(one, ast.Name)}
        check = ast.parse(code[place + 1].source)
        assert any(isinstance(one, ast.Assert) for one in ast.walk(check)), (source.name, place)
        assert found & {one.id for one in ast.walk(check) if isinstance(one, ast.Name)}, (source.name, place)


def test_the_course_is_in_both_languages() -> None:
    for source in COURSE:
        tags = [cell.metadata.get("tags") for cell in jupytext.read(source).cells if cell.cell_type == "markdown"]
        assert tags.count(["nl"]) == tags.count(["en"]) == len(tags) // 2 > 3
        assert sum("Exercise" in cell.source for cell in jupytext.read(source).cells) >= 2
