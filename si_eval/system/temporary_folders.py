"""Folders for work in progress: private, locked while a process uses them, and swept once that process is gone."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from si_eval.interrupts import held_back

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
ATTEMPTS = 20  # of a new folder: each fails only where another process sweeps at that very moment
HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


def take_lock(path: Path, *, create: bool = True) -> int | None:
    """Lock a file and return its handle, or None where another process holds it.

    The lock ends with the process, however that ends: a file that was left behind locks nothing. Close the handle to
    give the lock back. Raises OSError where the file cannot be made or opened.
    """
    while True:
        handle = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        try:
            if not _lock(handle):
                os.close(handle)
                return None
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass  # another process was done and removed it in between: once more
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def make_folder(prefix: str, parent: Path | None = None) -> tuple[Path, int]:
    """Make a private, locked folder and return it with the handle of its lock; folders of dead processes go first."""
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    sweep_folders(prefix, parent)
    for _ in range(ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError):  # a process that sweeps may take a folder before it is locked: another one
            handle = take_lock(folder / LOCK)
            if handle is not None:
                return folder, handle
    raise OSError(errno.EAGAIN, f"other processes took {ATTEMPTS} new folders", str(parent))


def remove_folder(folder: Path, handle: int) -> None:
    """Remove a folder of `make_folder` with all that is in it, and give its lock back."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        os.close(handle)


@contextmanager
def temporary_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Make a private folder that is gone in the end, also where the block is interrupted."""
    folder, handle = make_folder(prefix, parent)
    try:
        yield folder
    finally:
        with held_back():
            remove_folder(folder, handle)


def sweep_folders(prefix: str, parent: Path) -> None:
    """Remove the folders of `make_folder` whose process is gone; what cannot be removed stays."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            if folder.is_symlink() or not (folder / LOCK).is_file():
                continue
            handle = take_lock(folder / LOCK, create=False)
        except OSError:
            continue  # of another user, or just removed
        if handle is not None:
            remove_folder(folder, handle)


def _lock(handle: int) -> bool:
    """Lock an open file for this process alone; True as well where the file system has no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD
    return True
