"""The notebooks of the site with what they show: each run once, and kept until it, the package or the data change."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any

import nbformat

from si_eval.report.kernels import make_client, run_client
from si_eval.results.table_files import write_tables
from si_eval.study.evaluation import TABLES_VARIABLE, evaluate
from si_eval.study.file import load_study
from si_eval.study.inputs import EXTRACT_VARIABLE
from si_eval.system.temporary_folders import temporary_folder

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "out" / "docs_notebooks"
NOTEBOOKS = ROOT / "notebooks" / "en"
READ = ("si_eval", "data")  # folders that a notebook's outputs rest on
TIMEOUT = 1800
PREFIX = "si_eval.docs."
PLACE = '<div data-output="{}"></div>'
NOT_RUN = "docs: the notebooks are shown without outputs; `make docs` names an extract (SI_EVAL_EXTRACT) and runs them"


def notebooks() -> list[Path]:
    """List the notebooks of the site, the chapters of the reference study first."""
    return [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted((NOTEBOOKS / "teaching").glob("*.ipynb"))]


def run_notebooks(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Return what each cell shows as HTML, by the name of its notebook; nothing where no extract is named."""
    if EXTRACT_VARIABLE not in os.environ:
        print(NOT_RUN, file=sys.stderr)
        return {}
    KEPT.mkdir(parents=True, exist_ok=True)
    base = _digest(file for name in READ for file in sorted((ROOT / name).rglob("*")) if file.suffix != ".pyc")
    files = {path: _file(path, base) for path in paths}
    missing = [path for path, file in files.items() if not file.is_file()]
    if missing:
        _run_missing(missing, files)
    for old in set(KEPT.glob("*.json")) - set(files.values()):
        old.unlink()
    return {path.stem: json.loads(file.read_text(encoding="utf-8")) for path, file in files.items()}


def page_of(path: Path, shown: Mapping[str, Sequence[str]]) -> str:
    """Write a notebook as a page with a place for each output; solutions of exercises are folded."""
    outputs = shown.get(path.stem, [])
    parts = []
    for place, cell in enumerate(_read(path).cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        code = f"```python\n{cell.source}\n```"
        if "solution" in cell.metadata.get("tags", []):
            code = f"<details markdown><summary>solution</summary>\n\n{code}\n\n</details>"
        parts.append(code)
        if place < len(outputs) and outputs[place]:
            parts.append(PLACE.format(f"{path.stem}/{place}"))
    return "\n\n".join(parts)


def fill_places(html: str, shown: Mapping[str, Sequence[str]]) -> str:
    """Put the outputs in their places on a page."""
    for name, outputs in shown.items():
        for place, output in enumerate(outputs):
            html = html.replace(PLACE.format(f"{name}/{place}"), output)
    return html


def title_of(path: Path) -> str:
    """Return the title of a notebook."""
    lines = (line for cell in _read(path).cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), path.stem)


def _run_missing(paths: Sequence[Path], files: Mapping[Path, Path]) -> None:
    """Run notebooks side by side, over tables of the study that are protected once, and keep what they show."""
    with temporary_folder(PREFIX) as folder, ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        tables = folder / "tables"
        _write_study(tables)
        environment = {TABLES_VARIABLE: str(tables)}
        for path, shown in zip(paths, pool.map(lambda path: _run(path, environment), paths), strict=True):
            files[path].write_text(json.dumps(shown), encoding="utf-8")


def _write_study(folder: Path) -> None:
    """Write the protected tables of the reference study, as a run hands them to its notebooks."""
    extracts = [Path(part) for part in os.environ[EXTRACT_VARIABLE].split(os.pathsep)]
    write_tables(evaluate(load_study(), folders=extracts).tables.values(), folder)


def _run(path: Path, environment: Mapping[str, str] = {}) -> list[str]:
    notebook = _read(path)
    with temporary_folder(PREFIX) as runtime:
        client = make_client(notebook, path.parent, runtime, timeout=TIMEOUT)
        run_client(client, path.name, runtime=runtime, environment=environment)
    return ["".join(_html(output) for output in cell.get("outputs", [])) for cell in notebook.cells]


def _html(output: Mapping[str, Any]) -> str:
    """Write one output as HTML: as it is where it is HTML, a picture, else its text."""
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="output">{data["text/html"]}</div>'
    if "image/png" in data:
        return f'<div class="output"><img alt="" src="data:image/png;base64,{data["image/png"].strip()}"></div>'
    text = output.get("text") or data.get("text/plain", "")
    return f'<pre class="output">{escape(text)}</pre>' if text else ""


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def _file(path: Path, base: str) -> Path:
    return KEPT / f"{path.stem}-{_digest([path], base)}.json"


def _digest(files: Sequence[Path] | Iterator[Path], start: str = "") -> str:
    found = hashlib.sha256(f"{start}{os.environ.get(EXTRACT_VARIABLE, '')}".encode())
    for file in files:
        if file.is_file():
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
