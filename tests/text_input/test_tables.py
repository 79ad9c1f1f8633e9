"""Small tables as text: encodings, delimiters, quoted line ends; every fault is named with its line."""

from __future__ import annotations

import os
import re

import pytest

from si_eval.errors import InputError
from si_eval.text_input import parse_text_table, read_text_table

READ = {
    "semicolons": b"a;b\n1,5;2\n",
    "commas": b'a,b\n"1,5",2\n',
    "tabs": b"a\tb\n1,5\t2\n",
    "bars": b"a|b\n1,5|2\n",
    "byte-order mark": b"\xef\xbb\xbfa;b\n1,5;2",
    "UTF-16": "a;b\n1,5;2\n".encode("utf-16"),
    "UTF-16, high byte first": b"\xfe\xff" + "a;b\n1,5;2\n".encode("utf-16-be"),
    "old line ends": b"a;b\r1,5;2\r",
    "a spreadsheet's own line": b"sep=;\r\na;b\r\n1,5;2\r\n",
    "empty lines": b"\na;b\n\n1,5;2\n\n\n",
}
REFUSED = {
    b"": "an empty file",
    b"\n \n": "an empty file",
    b"a,b\n1,2\n3\n": "1 lines with another number of fields.*line 3: 1 fields",
    b"a,b\n1,2,3\n": "line 2: 3 fields",
    b'a;b\n"x;2\n': "broken quotes.*line 2",
    b"a;a;b\n1;2;3": "2 columns named 'a'",
    b"a;b;\n1;2;\n": "1 columns without a name",
    b"a;b,c\n1;2,3\n": "semicolon and as one with the comma",
    b"a;b\n1;\x002\n": "NUL bytes.*line 2",
    "a;b\n1;2\n".encode("utf-16-le"): "UTF-16 text without a byte-order mark",
    "a;b\n1;2\n".encode("utf-32"): "UTF-32",
    b"PK\x03\x04....": "workbook",
    b"PAR1....": "parquet",
    "a;b\né;2\n".encode() + "é;2\n".encode("cp1252"): "UTF-8 and cp1252 mixed.*line 3",
    b"a;b\n\x81;2\n": "neither UTF-8 nor cp1252.*line 2",
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_a_table_is_read_as_text(content):
    table = parse_text_table(content, name="x.csv")
    assert table.frame.to_dict("list") == {"a": ["1,5"], "b": ["2"]}


@pytest.mark.parametrize("content", REFUSED, ids=lambda content: str(content)[:30])
def test_a_fault_is_named(content):
    with pytest.raises(InputError) as error:
        parse_text_table(content, name="x.csv")
    assert re.search(REFUSED[content], str(error.value), re.DOTALL)


def test_no_cell_becomes_missing_and_quoted_line_ends_stay():
    table = parse_text_table('a;b\n"x\ny";NA\nNone;\n'.encode("cp1252"), name="x.csv")
    assert table.frame.to_dict("list") == {"a": ["x\ny", "None"], "b": ["NA", ""]}
    assert table.lines == (2, 4)


def test_paths_that_are_no_files_are_named(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    expected = {".": "a folder", "nothing": "no such file", "gone": "a link to nothing", "pipe": "a pipe"}
    for name, found in expected.items():
        with pytest.raises(InputError, match=found):
            read_text_table(tmp_path / name)
    with pytest.raises(InputError, match="a device"):
        read_text_table("/dev/zero")
    with pytest.raises(InputError, match="cannot be read"):
        read_text_table("a\0b")
