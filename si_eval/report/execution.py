"""Run notebooks, and let through only what is safe: every other output stops the report."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import jupytext
import matplotlib
import matplotlib.font_manager
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from si_eval.errors import DisclosureError, StudyError
from si_eval.report.display import LANGUAGES, SAFE_MIME, is_sealed_payload
from si_eval.report.kernels import PREFIX, check_connection, kill_kernel, make_client, run_client
from si_eval.system.progress import Progress
from si_eval.system.temporary_folders import temporary_folder
from si_eval.vocabulary import Language

TIMEOUT = 1800
MAX_KERNELS = 4
EXHIBIT_KEYS = {"kind", "exhibit", "form", "titles", "findings", "html", "tables", "png", "alt", "synthetic", "seal"}
ANSWER_KEYS = {"kind", "exhibit", "questions", "html", "synthetic", "seal"}
TEXT_KEYS = {"kind", "exhibit", "text", "html", "synthetic", "seal"}


@dataclass(frozen=True)
class ExecutedCell:
    """One cell as the document needs it: prose for some languages, or code with its safe payloads."""

    kind: Literal["prose", "code"]
    source: str
    languages: tuple[Language, ...] = LANGUAGES
    payloads: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ExecutedNotebook:
    """A notebook that ran to its end and showed nothing but safe payloads."""

    name: str
    cells: tuple[ExecutedCell, ...] = field(default_factory=tuple)


def execute_notebooks(
    notebooks: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    timeout: int = TIMEOUT,
) -> list[ExecutedNotebook]:
    """Run jupytext notebooks, each once in a kernel of its own under the current interpreter, as many as processors.

    ``environment`` adds variables to those of this process; ``progress`` is told each notebook and the part done;
    ``timeout`` is in seconds a cell. Raises StudyError for a cell that fails and DisclosureError for an output that is
    not safe.
    """
    paths = [Path(notebook) for notebook in notebooks]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise StudyError(
            f"notebooks: found no file {', '.join(missing)}; expected jupytext notebooks (.py); check the list"
        )
    executed: list[ExecutedNotebook] = []
    kernels = _Kernels()
    with temporary_folder(PREFIX) as runtime, ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_KERNELS)) as pool:
        check_connection(", ".join(path.name for path in paths) or "notebooks", runtime / str(len(paths)))
        running = []
        for place, path in enumerate(paths):
            (runtime / str(place)).mkdir()
            running.append(pool.submit(_execute, path, runtime / str(place), environment or {}, timeout, kernels))
        try:
            for place, (path, result) in enumerate(zip(paths, running, strict=True), start=1):
                if progress is not None:
                    progress(f"notebook {place}/{len(paths)}: {path.stem}", (place - 1) / len(paths))
                executed.append(result.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.end()
            raise
    return executed


class _Kernels:
    """The kernels at work; once they are to end, no other cell begins."""

    def __init__(self) -> None:
        self.clients: list[NotebookClient] = []
        self.ended = threading.Event()

    def end(self) -> None:
        """End all kernels, also one that is just starting."""
        self.ended.set()
        for client in self.clients:
            kill_kernel(client)

    def check(self, **_: object) -> None:
        """Raise where the kernels are to end."""
        if self.ended.is_set():
            raise StudyError("notebooks: found the run ended; expected nothing more to do; run it again")


def _execute(
    path: Path, runtime: Path, environment: Mapping[str, str], timeout: int, kernels: _Kernels
) -> ExecutedNotebook:
    kernels.check()
    try:
        notebook = jupytext.read(path)
    except (nbformat.ValidationError, ValueError, SyntaxError) as error:
        found = str(error).strip().splitlines()[0]
        raise StudyError(f"{path.name}: found {found}; expected a jupytext notebook; check its header") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = make_client(notebook, path.resolve().parent, runtime, timeout=timeout, hook=kernels.check)
    kernels.clients.append(client)
    try:
        fonts = {"MPLCONFIGDIR": matplotlib.get_cachedir()}  # this process's font list
        run_client(client, path.name, runtime=runtime, environment={**fonts, **environment})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise StudyError(_failure(path, notebook, error)) from error
    return ExecutedNotebook(
        path.stem, tuple(_cell(path, place, cell) for place, cell in enumerate(notebook.cells, start=1))
    )


def _failure(path: Path, notebook: nbformat.NotebookNode, error: Exception) -> str:
    """Describe which cell failed and with what, in one line each."""
    for place, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                first = next((line for line in cell.source.splitlines() if line.strip()), "")
                return f"{path.name}, cell {place} ({first.strip()!r}): {output.ename}: {output.evalue}"
    ran = [place for place, cell in enumerate(notebook.cells, start=1) if cell.get("execution_count")]
    where = f"after cell {ran[-1]}" if ran else "before the first cell was done"
    return f"{path.name}, {where}: {type(error).__name__}: {str(error).strip().splitlines()[0]}"


def _cell(path: Path, place: int, cell: nbformat.NotebookNode) -> ExecutedCell:
    tags = cell.get("metadata", {}).get("tags", [])
    languages = tuple(one for one in LANGUAGES if one in tags) or LANGUAGES
    if cell.cell_type == "markdown":
        return ExecutedCell("prose", cell.source, languages)
    if cell.cell_type != "code":
        return ExecutedCell("prose", "", languages)
    return ExecutedCell("code", cell.source, languages, tuple(_payload(path, place, output) for output in cell.outputs))


def _payload(path: Path, place: int, output: nbformat.NotebookNode) -> Mapping[str, Any]:
    """Take the safe payload of an output and nothing else of it."""
    where = f"{path.name}, cell {place}"
    data = output.get("data", {})
    if output.output_type not in ("display_data", "execute_result") or SAFE_MIME not in data:
        kind = output.get("name") or ", ".join(sorted(data)) or output.output_type
        raise DisclosureError(
            f"{where}: found an output of kind {kind}; expected only what se.show, se.say and se.show_comparison give; "
            "assign the value to a name, or protect and show it"
        )
    payload = data[SAFE_MIME]
    keys = {"exhibit": EXHIBIT_KEYS, "text": TEXT_KEYS, "answers": ANSWER_KEYS}.get(
        payload.get("kind", "") if isinstance(payload, dict) else ""
    )
    if keys is None or set(payload) != keys or any(set(payload[name]) != set(LANGUAGES) for name in ("html",)):
        raise DisclosureError(f"{where}: found a payload of another form; expected one made by se.show or se.say")
    if not is_sealed_payload(payload):
        raise DisclosureError(
            f"{where}: found a payload that is not what se.show or se.say made in this run; expected an unchanged one; "
            "show the table itself"
        )
    return payload
