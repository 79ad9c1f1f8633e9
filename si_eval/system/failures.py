"""Failures of the machine, not of the input: a full disk, no memory, a place without rights, as one clear message."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from si_eval.errors import SiEvalError, StudyError

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

MIN_MEMORY = 1536 * 2**20  # bytes of address space without which a small study does not begin
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


def check_memory_limit() -> None:
    """Raise `StudyError` where this process may not have the memory to begin: libraries would end it without a word."""
    if resource is None:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < MIN_MEMORY:
        raise StudyError(
            f"memory: found a limit of {limit // 2**20} MB; expected at least {MIN_MEMORY // 2**20} MB; raise it "
            "(`ulimit -v`), then try again"
        )


def _describe(error: BaseException) -> str | None:
    text = " ".join(str(error).split())
    low = text.lower()
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or any(word in low for word in MEMORY_WORDS):
        number, name = errno.ENOMEM, ""
    elif isinstance(error, RuntimeError) and "can't start new thread" in low:
        number, name = errno.EAGAIN, ""
    elif isinstance(error, OSError) or type(error).__module__.startswith("zmq"):
        file = getattr(error, "filename", None)
        name = f" at {Path(str(file)).name!r}" if file else ""
    elif type(error).__module__.split(".")[0] in ENGINE and "IOException" in [
        one.__name__ for one in type(error).__mro__
    ]:
        return _compose(f"a file that the engine cannot use ({_cut(text)})", "room and rights for it; make them")
    else:
        return None
    if number in BY_NUMBER:
        found, expected = BY_NUMBER[number]
        return _compose(f"{found}{name}", expected)
    if "requested and" in text:  # numpy says of a file how much of it was written
        return _compose(
            "a file that could not be written whole", "room on the disk, and no limit on files; see to both"
        )
    said = getattr(error, "strerror", None) or _cut(text) or type(error).__name__
    return _compose(f"{said}{name}", "it to work; see to that")


def _compose(found: str, expected: str) -> str:
    wanted, _, action = expected.partition("; ")
    return f"found {found}; expected {wanted}; {action}, then try again"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
