"""Processes that are started from here: what they may import, and kernels that cannot start, found out before work."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from si_eval.errors import StudyError
from si_eval.report import bootstrap
from si_eval.results.sealing import key_environment
from si_eval.system.failures import describe_failure
from si_eval.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from nbclient import NotebookClient

BOOTSTRAP = str(Path(bootstrap.__file__).resolve())
KERNEL = "python3"
START_TIMEOUT = 60  # seconds for a kernel to start
MAX_SOCKET_FOLDER = 86  # bytes: the path of a socket has at most 103, its name in the folder 17
CONNECTION_TIMEOUT = 5  # seconds for this machine to reach itself
PREFIX = "si_eval.kernels."
# Settings of this process that would change what a child computes, or stop it.
NOT_HANDED_ON = ("PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONINSPECT", "MPLBACKEND")
ADVICE = "or run with `--no-notebooks` for tables and figures without a report"


class KernelStartError(StudyError):
    """The kernel of a notebook cannot start, or cannot be reached; what was computed before it is sound."""


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment of a process started from here: no import from its working directory, this run's seals."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    environment["PYTHONPATH"] = os.pathsep.join(_search_path(environment.get("PYTHONPATH", "")))
    return {**environment, "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", **more, **key_environment()}


def _search_path(given: str) -> list[str]:
    """Return the folders of a search path as absolute ones, without the working directory in disguise."""
    here = Path.cwd().resolve()
    parts = [part for part in given.split(os.pathsep) if part]
    return [str(Path(part).resolve()) for part in parts if Path(part).is_absolute() or Path(part).resolve() != here]


def check_kernels() -> None:
    """Start a kernel and end it again. Raises `KernelStartError` where none can start within a minute."""
    import nbformat  # noqa: PLC0415  loaded with notebooks alone

    # In a thread: in the main one nbclient takes over the handling of signals, and leaves them without any.
    with temporary_folder(PREFIX) as runtime, ThreadPoolExecutor(1) as pool:
        check_connection("notebooks", runtime)
        client = make_client(nbformat.v4.new_notebook(), runtime, runtime)
        try:
            pool.submit(run_client, client, "notebooks", runtime=runtime).result()
        except BaseException:
            kill_kernel(client)
            raise


def check_connection(what: str, runtime: Path) -> None:
    """Raise `KernelStartError` where ports are needed and this machine cannot reach itself; ``what`` needs kernels.

    ``runtime`` is the folder of their private files.
    """
    if _by_files(runtime):
        return
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=CONNECTION_TIMEOUT).close()
    except OSError as error:
        raise KernelStartError(
            f"{what}: found no connection to 127.0.0.1 ({error.strerror or error}); expected the loopback network, by "
            f"which notebooks are run; allow it, {ADVICE}"
        ) from error


def make_client(
    notebook: Any, folder: Path, runtime: Path, *, timeout: int | None = None, hook: Callable[..., None] | None = None
) -> NotebookClient:
    """Prepare a notebook to run in ``folder``, with its private files in ``runtime``; ``hook`` is called a cell."""
    from nbclient import NotebookClient  # noqa: PLC0415  loaded with notebooks alone
    from traitlets.config import Config  # noqa: PLC0415

    silent = logging.getLogger(f"{__name__}.silent")
    silent.disabled = True
    manager = {"connection_file": str(runtime / "connection.json"), **_transport(runtime)}
    return NotebookClient(
        notebook, timeout=timeout, kernel_name=KERNEL, startup_timeout=START_TIMEOUT, on_cell_start=hook,
        resources={"metadata": {"path": str(folder)}}, config=Config({"KernelManager": manager}), log=silent,
        extra_arguments=[
            "--InteractiveShellApp.ignore_cwd=True",
            f"--InteractiveShellApp.exec_lines=__import__('runpy').run_path({BOOTSTRAP!r}) and None",
        ],
    )  # fmt: skip


def _transport(runtime: Path) -> dict[str, str]:
    """Return how a kernel is spoken to: by files in its private folder, or encrypted, by ports of this machine."""
    return {"transport": "ipc"} if _by_files(runtime) else {"transport_encryption": "auto"}


def _by_files(runtime: Path) -> bool:
    """Whether kernels can be spoken to by files in a folder: no port that another program may take, no network."""
    return hasattr(socket, "AF_UNIX") and len(os.fsencode(runtime)) <= MAX_SOCKET_FOLDER


def run_client(
    client: NotebookClient, what: str, *, runtime: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run a prepared notebook. Raises `KernelStartError` where its kernel cannot start; ``what`` needs it."""
    started: list[bool] = []
    client.on_notebook_start = lambda **_: started.append(True)
    try:
        asyncio.run(client.async_execute(env=child_environment(IPYTHONDIR=str(runtime), **(environment or {}))))
    except Exception as error:
        if started:
            raise
        if client.km is None:  # ended already: nbclient would end it once more when this process exits, and fail
            atexit.unregister(client._cleanup_kernel)
        said = " ".join(str(error).split()) or type(error).__name__
        found = describe_failure(error) or f"found {said}; expected one within {START_TIMEOUT} seconds; mend it"
        raise KernelStartError(f"{what}: no kernel of notebooks could start: {found}, {ADVICE}") from error


def kill_kernel(client: NotebookClient) -> None:
    """End a kernel at once, also in the middle of a cell: what it computed is not wanted any more."""
    process = getattr(getattr(client.km, "provisioner", None), "process", None)
    if process is not None and process.poll() is None:
        with suppress(OSError):
            process.kill()
