"""Files that a user names: what is no regular, readable, flat TOML file is refused by name, and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from si_eval.errors import StudyError
from si_eval.text_input.toml_files import MAX_BYTES, read_toml

CONTENT = {
    "UTF-16": ("a = 1".encode("utf-16"), "expected TOML in UTF-8"),
    "Windows code page": ("a = 'caf\u00e9'".encode("cp1252"), "expected TOML in UTF-8"),
    "NUL": (b"a = \x00", "expected TOML in UTF-8"),
    "NUL in a text": (b'a = ["b", {c = "d\\u0000"}]', r"a control character in 'd\\x00'"),
    "escape in a key": (b'"a\\u001b" = 1', "a control character"),
    "nested lists": (b"a = " + b"[" * 10_000 + b"]" * 10_000, "nested more than 30 deep"),
    "nested keys": (b".".join([b"a"] * 5_000) + b" = 1", "nested more than 30 deep"),
    "huge number": (b"a = " + b"9" * 5_000, "a number of thousands of digits"),
    "no such date": (b"a = 2019-02-30", "Invalid date"),
    "a key twice": (b"a = 1\na = 2", "Cannot overwrite"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_content_that_is_no_toml_is_refused_by_name(name, tmp_path):
    content, found = CONTENT[name]
    path = tmp_path / "facts.toml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=found) as caught:
        read_toml(path, what="facts")
    assert "facts facts.toml: found" in str(caught.value)


def test_a_mark_of_the_encoding_is_read(tmp_path):
    path = tmp_path / "facts.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert read_toml(str(path), what="facts") == {"a": 1, "b": 2}


PLACES = {
    "nothing": ("none.toml", "found no file none.toml"),
    "folder": ("folder", "found a folder, 'folder'"),
    "pipe": ("pipe", "found a pipe, 'pipe'"),
    "device": ("/dev/zero", "found a device, 'zero'"),
    "link to itself": ("loop", "too many levels of symbolic links"),
    "child of a file": ("huge/child.toml", "not a directory"),
    "NUL": ("a\0b", "which is no path"),
    "no text": ("", "found a folder"),
    "long": ("x" * 5_000, "file name too long"),
    "too large": ("huge", "of at most 50 MB"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_path_that_is_no_file_is_refused_unopened(name, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    place, found = PLACES[name]
    with pytest.raises(StudyError, match=found):
        read_toml(str(Path(tmp_path, place)) if "\0" not in place else place, what="facts")


@pytest.mark.parametrize("path", [None, 3, ["a.toml"], b"a.toml"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(StudyError, match="expected the path of a TOML file"):
        read_toml(path, what="facts")
