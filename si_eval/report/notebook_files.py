"""Notebooks to open in Jupyter: one file a source and language, without outputs, in that language alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat

from si_eval.arguments import Arguments
from si_eval.vocabulary import LANGUAGES, Language, label

TOLD_LANGUAGE = ("open_reference", "open_study", "say", "show", "show_comparison")  # functions that take `language`
COURSE = "teaching"
SHOWN = re.compile(r'se\.show\(tables\["(?P<exhibit>\w+)"\], study\.chart\("(?P=exhibit)"\)\)')
SOLUTION = "solution"  # the tag of a cell that a reader should try alone first
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def find_sources(folder: Path) -> dict[Path, str]:
    """Map each source in a folder to the folder of its notebook: the course has one of its own."""
    sources = dict.fromkeys(sorted(folder.glob("*.py")), "")
    return {**sources, **dict.fromkeys(sorted((folder / COURSE).glob("*.py")), COURSE)}


def write_notebooks(
    sources: Mapping[Path, str],
    folder: Path,
    *,
    language: str,
    calls: Mapping[str, str] = {},
    overwrite: bool = False,
) -> list[Path]:
    """Write each source, a jupytext file in several languages, as an ``.ipynb`` in one; return the paths.

    ``sources`` are mapped to folders within ``folder``. Cells of other languages are left out, and what is shown is
    shown in this one. Before an exhibit stands the call that makes it, where ``calls`` has it, by the exhibit's id.
    Solutions of exercises are folded. The same source gives the same bytes. Raises StudyError for a
    language that there is not, and before anything is written for files that are there, unless ``overwrite``.
    """
    arguments = Arguments("notebooks")
    arguments.option("language", language, LANGUAGES)
    targets = {source: folder / place / f"{source.stem}.ipynb" for source, place in sources.items()}
    there = [path.name for path in targets.values() if path.exists()]
    if there and not overwrite:
        arguments.add(
            "out", f"{len(there)} notebooks that are there, such as {there[0]}", "a folder without them",
            "choose another, or say `--overwrite`: what you changed in them is then lost",
        )  # fmt: skip
    arguments.refuse_problems()
    texts = {path: notebook_text(source, "nl" if language == "nl" else "en", calls) for source, path in targets.items()}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def notebook_text(source: Path, language: Language, calls: Mapping[str, str] = {}) -> str:
    """Return the content of the notebook of a source in one language, with the calls behind its exhibits."""
    cells = []
    for place, cell in enumerate(jupytext.read(source).cells):
        tags = cell.metadata.get("tags", [])
        if set(tags) & set(LANGUAGES) and language not in tags:
            continue
        name = f"{source.stem}-{place:02d}".replace("_", "-")
        if cell.cell_type == "markdown":
            cells.append(nbformat.v4.new_markdown_cell(cell.source, id=name))
            continue
        code = tell_language(cell.source, language)
        shown = SHOWN.fullmatch(cell.source)
        if shown and shown["exhibit"] in calls:
            inside, outside = (label(f"notebook_{place}", language) for place in ("inside", "outside"))
            code = f"# {inside}\ninside = {calls[shown['exhibit']]}\n\n# {outside}\n{code}"
        made = nbformat.v4.new_code_cell(code, id=name)
        if SOLUTION in tags:
            made.metadata = {"tags": [SOLUTION], "jupyter": {"source_hidden": True}}
        cells.append(made)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def tell_language(code: str, language: Language) -> str:
    """Return code in which every function of `si_eval` that shows something is told the language."""
    lines = code.split("\n")
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and _is_told(node)]
    for node in sorted(found, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0), reverse=True):
        row, column = (node.end_lineno or 1) - 1, (node.end_col_offset or 1) - 1
        head = lines[row].encode("utf-8")[:column].decode("utf-8")
        tail = lines[row][len(head) :]
        before = head.rstrip() or lines[row - 1].rstrip()
        if not head.strip():  # the bracket stands alone on its line, under arguments
            lines[row] = f'{head}    language="{language}",\n{head}{tail}'
        else:
            joint = "" if before.endswith("(") else " " if before.endswith(",") else ", "
            lines[row] = f'{head}{joint}language="{language}"{tail}'
    return "\n".join(lines)


def _is_told(node: ast.Call) -> bool:
    """Whether a call is one of ``se.show(…)`` and the like, without a language of its own."""
    function = node.func
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "se"):
        return False
    return function.attr in TOLD_LANGUAGE and not any(word.arg == "language" for word in node.keywords)
