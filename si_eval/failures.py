"""Failures of the machine, not of the input: a full disk, no memory, a place without rights, as one clear message."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from si_eval.errors import SiEvalError, StudyError

BY_NUMBER = {
    errno.ENOSPC: ("no room left on the disk", "room for the results; make room, or choose another place"),
    errno.EDQUOT: ("the quota of the disk used up", "room for the results; make room, or choose another place"),
    errno.EFBIG: ("a file larger than the limit", "no limit on the size of files (`ulimit -f`); raise it"),
    errno.EMFILE: ("too many open files", "a limit of 256 open files or more (`ulimit -n`); raise it"),
    errno.ENFILE: ("too many open files", "fewer open files on this machine; end other programs"),
    errno.ENOMEM: ("no memory left", "more memory; end other programs, or raise the limit (`ulimit -v`)"),
    errno.EAGAIN: ("no more processes or threads allowed", "a higher limit (`ulimit -u`); raise it"),
    errno.EACCES: ("no rights", "a place that this user may read and write; choose another, or ask for the rights"),
    errno.EPERM: ("no rights", "a place that this user may read and write; choose another, or ask for the rights"),
    errno.EROFS: ("a place that can only be read", "a place that can be written; choose another"),
    errno.ENAMETOOLONG: ("a name that is too long", "a shorter name; choose one"),
    errno.ELOOP: ("links that lead to each other", "a real folder; correct the links"),
}
NO_MEMORY = BY_NUMBER[errno.ENOMEM]
MEMORY_WORDS = ("cannot allocate memory", "bad allocation", "bad_alloc", "out of memory", "failed to map segment")
ENGINE = ("duckdb", "_duckdb")
MAX_LENGTH = 200  # characters of a foreign message


def describe_failure(error: BaseException) -> str | None:
    """Say what of the machine failed, from an error or what it came from; None where it is none of these."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if (message := _describe(cause)) is not None:
            return message
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return None


@contextmanager
def explain_failures(what: str) -> Iterator[None]:
    """Raise a failure of the machine as a `StudyError` that says what to do; ``what`` begins its message."""
    try:
        yield
    except (SiEvalError, BrokenPipeError):
        raise
    except Exception as error:
        message = describe_failure(error)
        if message is None:
            raise
        raise StudyError(f"{what}: {message}") from error


def _describe(error: BaseException) -> str | None:
    text = " ".join(str(error).split())
    low = text.lower()
    if isinstance(error, MemoryError) or any(word in low for word in MEMORY_WORDS):
        return _compose(*NO_MEMORY)
    if isinstance(error, RuntimeError) and "can't start new thread" in low:
        return _compose(*BY_NUMBER[errno.EAGAIN])
    number = getattr(error, "errno", None)
    if number in BY_NUMBER and (isinstance(error, OSError) or type(error).__module__.startswith("zmq")):
        found, expected = BY_NUMBER[number]
        name = getattr(error, "filename", None)
        return _compose(f"{found} at {Path(str(name)).name!r}" if name else found, expected)
    if type(error).__module__.split(".")[0] in ENGINE and "IOException" in {
        kind.__name__ for kind in type(error).__mro__
    }:
        return _compose(f"a file that the engine cannot use ({_cut(text)})", "room and rights for it; make them")
    if isinstance(error, OSError):
        name = f" at {Path(str(error.filename)).name!r}" if error.filename else ""
        return _compose(f"{error.strerror or _cut(text) or type(error).__name__}{name}", "it to work; see to that")
    return None


def _compose(found: str, expected: str) -> str:
    wanted, _, action = expected.partition("; ")
    return f"found {found}; expected {wanted}; {action}, then try again"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
