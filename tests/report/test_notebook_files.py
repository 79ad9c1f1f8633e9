"""Notebooks for Jupyter: in step with their sources, in one language; exercises whose answers are checked."""

from __future__ import annotations

import ast
from pathlib import Path

import jupytext
import nbformat
import pytest
from paths import ROOT

import si_eval as se
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


def test_the_call_before_an_exhibit_gives_its_numbers(simulated_extract) -> None:
    study = load_study()
    extract = se.read_extract(simulated_extract())
    linkage = se.link_participants(extract)
    panel = se.build_panel(extract, linkage, rules=study.file.rule_set())
    names = ["dialogic_figure_25", "dialogic_figure_34", "dialogic_table_08"]
    for name, table in zip(names, se.compute_exhibits(study, panel, linkage, only=names), strict=True):
        assert CALLS[name].startswith(f"se.{table.function}(")
        written = eval(CALLS[name], {"se": se, "panel": panel, "linkage": linkage}).to_frame()
        keys = ["indicator", "statistic", "group", "year", "size_class", "sector", "category", "estimate"]
        assert {tuple(row) for row in table.to_frame()[keys].astype(str).to_numpy()} <= {
            tuple(row) for row in written[keys].astype(str).to_numpy()
        }
    text = notebook_text(ROOT / "notebooks" / "04_impact_on_microdata.py", "en", CALLS)
    assert "inside = se.index_series(" in text


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


def run(source: Path, *, solved: bool) -> None:
    """Carry out the cells of a notebook, with or without its solutions."""
    names: dict[str, object] = {}
    for place, cell in enumerate(jupytext.read(source).cells):
        if cell.cell_type == "code" and (solved or SOLUTION not in cell.metadata.get("tags", [])):
            exec(compile(cell.source, f"{source.name}, cell {place}", "exec"), names)


@pytest.mark.parametrize("source", COURSE, ids=lambda source: source.stem)
def test_the_solutions_of_the_course_are_right_and_asked_for(source: Path) -> None:
    run(source, solved=True)
    with pytest.raises(NameError):
        run(source, solved=False)


def test_the_course_is_in_both_languages() -> None:
    for source in COURSE:
        tags = [cell.metadata.get("tags") for cell in jupytext.read(source).cells if cell.cell_type == "markdown"]
        assert tags.count(["nl"]) == tags.count(["en"]) == len(tags) // 2 > 3
        assert sum("Exercise" in cell.source for cell in jupytext.read(source).cells) >= 2
