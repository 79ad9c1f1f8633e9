"""Processes started from here import nothing from the working directory; a kernel that cannot start is named."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient

from si_eval.errors import StudyError
from si_eval.report import kernels
from si_eval.report.execution import execute_notebooks
from si_eval.report.kernels import KernelStartError, check_kernels, child_environment
from si_eval.report.processes import Drawers

TRAPS = ("pandas", "numpy", "si_eval", "json", "sitecustomize", "usercustomize", "matplotlib", "IPython", "ipykernel")
NOTEBOOK = """# %%
import sys
from pathlib import Path
import pandas, si_eval, json
here = Path.cwd().resolve()
assert here not in [Path(part).resolve() for part in sys.path], sys.path
assert not [one for one in (pandas, si_eval, json) if Path(one.__file__).resolve().parent == here]
assert Path(si_eval.__file__).resolve() == Path({package!r}).resolve()
"""


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """Work in a folder whose modules stop whoever imports them."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    for name in TRAPS:
        (folder / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", os.environ.get("PYTHONPATH", ""), ""]))
    monkeypatch.setenv("PYTHONSTARTUP", str(folder / "pandas.py"))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    return folder


def test_no_child_imports_from_the_working_directory_or_the_notebook_s_folder(trapped):
    import si_eval

    (trapped / "notebook.py").write_text(NOTEBOOK.format(package=si_eval.__file__), encoding="utf-8")
    with Drawers(1) as drawers:
        drawers.start([], trapped)
        drawers.finish(lambda step, fraction: None)
    (executed,) = execute_notebooks([trapped / "notebook.py"])
    assert len(executed.cells) == 1


def test_the_search_path_of_a_child_is_absolute(trapped, monkeypatch):
    (trapped / "library").mkdir()
    parts = ["", ".", "library", str(trapped.parent), "../a folder"]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(parts))
    environment = child_environment(MPLBACKEND="agg")
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(trapped / "library"), str(trapped.parent)]
    assert environment["PYTHONSAFEPATH"] == "1"
    assert environment["MPLBACKEND"] == "agg"
    assert not {"PYTHONSTARTUP", "PYTHONWARNINGS"} & set(environment)


def test_a_network_is_needed_only_where_files_cannot_carry_what_kernels_say(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    (tmp_path / "chapter.py").write_text("# %%\n1\n")
    check_kernels()
    monkeypatch.setattr(kernels, "MAX_SOCKET_FOLDER", 0)
    for start in (check_kernels, lambda: execute_notebooks([tmp_path / "chapter.py"])):
        with pytest.raises(KernelStartError, match=r"found no connection to 127.0.0.1 .*`--no-notebooks`"):
            start()
    with pytest.raises(StudyError, match=r"^chapter.py: "):
        execute_notebooks([tmp_path / "chapter.py"])


def test_a_kernel_that_takes_too_long_is_named(monkeypatch):
    async def wait(client, **_):
        raise RuntimeError(f"Kernel didn't respond in {client.startup_timeout} seconds")

    monkeypatch.setattr(NotebookClient, "async_execute", wait)
    with pytest.raises(KernelStartError, match=r"^notebooks: no kernel .* in 60 seconds; .*`--no-notebooks`"):
        check_kernels()


def test_a_kernel_that_never_answers_gives_one_message_and_nothing_when_the_process_ends(tmp_path):
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    waits = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    never = {"argv": [sys.executable, "-c", waits], "display_name": "slow", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(never))
    program = (
        "from si_eval.report import kernels\n"
        "kernels.START_TIMEOUT = 1\n"
        "try:\n"
        "    kernels.check_kernels()\n"
        "except kernels.KernelStartError as error:\n"
        "    print(error)\n"
    )
    environment = {**os.environ, "JUPYTER_PATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.stdout.startswith("notebooks: no kernel of notebooks could start: ")
    assert "`--no-notebooks`" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_a_kernel_that_starts_leaves_the_handling_of_signals_as_it_was():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    check_kernels()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_bootstrap_that_loads_this_package_lies_in_it():
    assert Path(kernels.BOOTSTRAP).is_file()
