"""Files that a user names: looked at before they are opened, read whole, or refused with what was found."""

from __future__ import annotations

import os
import stat
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from si_eval.errors import StudyError

MAX_BYTES = 50_000_000  # of a file that a person writes; a register file is read by the engine, not here
MAX_DEPTH = 30  # of tables and lists within each other
MEGABYTE = 1_000_000
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
PAIRS = {"nl": "en", "en": "nl"}  # the other of the two languages of files of facts


def require_file(path: str | Path, *, what: str, expected: str, max_bytes: int = MAX_BYTES) -> Path:
    """Return the path of a regular file that is not too large; raises `StudyError` for anything else, unopened."""
    if not isinstance(path, str | os.PathLike):
        raise StudyError(f"{what}: found {type(path).__name__}; expected the path of {expected}; give a text or a Path")
    name = repr((Path(path).name or str(path))[:80])
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise StudyError(f"{what}: found no file {name[1:-1]}; expected {expected}; check the path") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"{what}: found {name}, {_why(error)}; expected {expected}; check the path") from error
    kind = next((name_of for is_kind, name_of in KINDS if is_kind(status.st_mode)), "")
    if kind:
        raise StudyError(f"{what}: found {kind}, {name}; expected {expected}; name the file itself")
    if status.st_size > max_bytes:
        found, most = (f"{size / MEGABYTE:.0f} MB" for size in (status.st_size, max_bytes))
        raise StudyError(f"{what}: found {name} of {found}; expected {expected} of at most {most}; check the path")
    return Path(path)


def read_bytes(path: str | Path, *, what: str, expected: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file whole; raises `StudyError` where it is none or may not be read."""
    path = require_file(path, what=what, expected=expected, max_bytes=max_bytes)
    try:
        return path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"{what}: found {path.name!r}, {_why(error)}; expected {expected}; check the file and its permissions"
        ) from error


def read_toml(
    path: str | Path, *, what: str, max_bytes: int = MAX_BYTES, allow_control_characters: bool = False
) -> dict[str, Any]:
    """Read a TOML file in UTF-8; raises `StudyError` where it is not there, is no file, or is no TOML.

    Texts with control characters, such as NUL, are refused, unless the caller looks for them itself.
    """
    content = read_bytes(path, what=what, expected="a TOML file", max_bytes=max_bytes)
    where = f"{what} {Path(path).name}"
    try:
        read = tomllib.loads(content.decode("utf-8-sig"))
        if _is_deeper(read, MAX_DEPTH):
            raise RecursionError
    except RecursionError as error:
        found = f"lists or tables nested more than {MAX_DEPTH} deep"
        raise StudyError(f"{where}: found {found}; expected a flat file; correct it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{where}: found {error}; expected TOML in UTF-8; correct that line") from error
    except ValueError as error:
        raise StudyError(f"{where}: found a number of thousands of digits; expected TOML; correct it") from error
    if not allow_control_characters:
        broken = next((text for text in texts_of(read) if has_control_characters(text)), None)
        if broken is not None:
            found = f"a control character in {broken[:80]!r}"
            raise StudyError(f"{where}: found {found}; expected text that can be printed; write it anew")
    return read


def in_both_languages(content: dict[str, Any]) -> dict[str, Any]:
    """Return a content whose texts are under `nl` or `en` alone with each under both; any other as it is.

    A file in both languages that lacks a text in one of them is left for its reader to refuse.
    """
    known = {key for table in _tables(content) for key in PAIRS if isinstance(table.get(key), str)}
    return content if len(known) != 1 else _with_pairs(content, known.pop())


def _with_pairs(content: Any, known: str) -> Any:
    """Copy a content with every text of one language under the key of the other too."""
    if isinstance(content, list):
        return [_with_pairs(one, known) for one in content]
    if not isinstance(content, dict):
        return content
    both = {PAIRS[known]: content[known]} if isinstance(content.get(known), str) else {}
    return {key: _with_pairs(one, known) for key, one in content.items()} | both


def _tables(content: object) -> Iterator[dict[str, Any]]:
    """Yield every table of a content."""
    if isinstance(content, dict):
        yield content
    for one in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _tables(one)


def has_control_characters(text: str) -> bool:
    """Whether a text has characters that do not print, other than ends of lines."""
    return any(unicodedata.category(character) == "Cc" and character != "\n" for character in text)


def texts_of(content: object) -> Iterator[str]:
    """Yield the keys and the texts of what a file holds, in its order."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from texts_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts_of(value)


def _is_deeper(content: object, depth: int) -> bool:
    """Whether tables and lists lie within each other more than ``depth`` times."""
    level = [content]
    for _ in range(depth):
        tables = [one for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, list)]
        level = [inner for one in tables for inner in one.values()] + [inner for one in lists for inner in one]
    return any(isinstance(one, dict | list) for one in level)


def _why(error: OSError | ValueError) -> str:
    """Say in plain words why a path could not be used."""
    return (error.strerror or "which cannot be read").lower() if isinstance(error, OSError) else "which is no path"
