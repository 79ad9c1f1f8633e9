"""SPSS and Stata files: what is decoded with arrays is what pyreadstat reads; the rest is read by pyreadstat."""

from __future__ import annotations

import datetime
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from si_eval.registers.extracts import statistical, system_file
from si_eval.registers.extracts.statistical import decode, statistical_to_parquet

SECONDS = datetime.timedelta(seconds=1)
SPSS_START = datetime.datetime(1582, 10, 14)
FORMATS = {"plain": {}, "bytecode": {"row_compress": True}, "zsav": {"compress": True}}
# what the readers may hold at once, far below the size of the values in the file of the memory test
LARGEST_GROWTH_MB = 100
ROWS_WRITTEN, TIMES, COLUMNS = 40_000, 100, 8  # 256 MB
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def write(path: Path, frame: pd.DataFrame, form: str = "plain", **options: object) -> Path:
    path = path.with_suffix(".zsav" if form == "zsav" else ".sav")
    pyreadstat.write_sav(frame, path, **FORMATS[form], **options)
    return path


def metadata_of(path: Path) -> object:
    return pyreadstat.read_sav(path, metadataonly=True, user_missing=True)[1]


def decoded(path: Path) -> pa.Table | None:
    target = path.with_suffix(".decoded")
    return pq.read_table(target) if decode(path, target, metadata_of(path)) else None


def converted(path: Path) -> pa.Table:
    target = path.with_suffix(".parquet")
    assert statistical_to_parquet(path, target, path.name) == []
    return pq.read_table(target)


def as_pyreadstat_reads(path: Path) -> dict[str, list]:
    """Give each column as a list: None for missing, dates as dates, moments to the millisecond."""
    frame, _ = pyreadstat.read_sav(path)
    columns = {}
    for name in frame:
        values = [None if pd.isna(value) else value for value in frame[name]]
        columns[name] = [pd.Timestamp(v).round("ms") if isinstance(v, datetime.datetime) else v for v in values]
    return columns


def assert_equal(table: pa.Table | None, path: Path) -> None:
    assert table is not None
    expected = as_pyreadstat_reads(path)
    assert table.column_names == list(expected)
    for name, values in expected.items():
        assert table[name].to_pylist() == values, name


NUMBERS = st.one_of(
    st.integers(-101, 256).map(float),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 2.0**53, 99.5]),
)
DAYS = st.none() | st.dates(datetime.date(1582, 10, 15))
MOMENTS = st.none() | st.datetimes(datetime.datetime(1600, 1, 1), datetime.datetime(2262, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@st.composite
def system_files(draw):
    rows = draw(st.integers(1, 40))

    def column(values):
        return draw(st.lists(values, min_size=rows, max_size=rows))

    width = draw(st.sampled_from([1, 7, 8, 9, 16, 60, 255]))
    text = st.text(PRINTABLE, max_size=width)
    frame = pd.DataFrame(
        {
            "number": np.array(column(NUMBERS)),
            "text": column(text | st.sampled_from(["Zoë", "€ ½", "10"])),
            "day": pd.Series(column(DAYS), dtype=object),
            "code": column(st.sampled_from(["10", "21", " 7", ""])),
            "moment": pd.Series(column(MOMENTS), dtype="datetime64[ms]"),
            "share": np.array(column(st.floats(0, 1))),
        }
    )
    low, high = sorted(draw(st.tuples(st.integers(-100, 255), st.integers(-100, 255))))
    missing = {
        "number": draw(
            st.sampled_from([[], [float(low)], [{"lo": low, "hi": high}], [{"lo": low, "hi": high}, 256.0]])
        ),
        "code": draw(st.sampled_from([[], ["21"], ["21", "10"]])),
    }
    options = {
        "missing_ranges": {name: ranges for name, ranges in missing.items() if ranges},
        "variable_value_labels": {"number": {1.0: "één", 99.0: "onbekend"}, "code": {"10": "één persoon"}},
        "column_labels": ["Aantal " * 20, "", "Datum", "x", "y", "z"],
        "note": "a note",
    }
    return frame, draw(st.sampled_from(sorted(FORMATS))), options


@QUICK
@given(system_files())
def test_every_value_that_is_decoded_is_what_pyreadstat_reads(tmp_path_factory, case):
    frame, form, options = case
    path = write(tmp_path_factory.mktemp("sav") / "file", frame, form, **options)
    assert_equal(decoded(path), path)


@QUICK
@given(system_files())
def test_both_readers_give_the_same_table(tmp_path_factory, case):
    frame, form, options = case
    path = write(tmp_path_factory.mktemp("sav") / "file", frame, form, **options)
    fast = converted(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistical, "decode", lambda *_: False)
        slow = converted(path)
    assert fast.schema.equals(slow.schema)
    assert fast.equals(slow)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(FORMATS)), st.floats(0, 1, exclude_max=True), st.integers(0, 7), st.booleans())
def test_a_damaged_file_is_never_decoded_into_something_else(tmp_path_factory, form, place, bit, cut):
    path = write(tmp_path_factory.mktemp("sav") / "file", mixed_frame(), form)
    whole = decoded(path)
    content = bytearray(path.read_bytes())
    start = system_file.read_layout(path).data  # damage in the dictionary can crash pyreadstat itself
    at = start + int(place * (len(content) - start))
    if cut:
        del content[at:]
    else:
        content[at] ^= 1 << bit
    path.write_bytes(content)
    try:
        table = decoded(path)
    except ValueError:
        return  # a date beyond the calendar: the file is refused
    if table is None or table.equals(whole):
        return  # refused, or read as it was: the damage is in a part that says nothing of the values
    assert_equal(table, path)


def mixed_frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "number": rng.normal(size=90),
            "small": rng.integers(-99, 251, 90).astype(float),
            "text": ["", "Zoë", "plain", "x" * 20, " lead"] * 18,
        }
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_longer_than_a_piece_keeps_its_rows_in_order(form, tmp_path, monkeypatch):
    monkeypatch.setattr(system_file, "BATCH_SLOTS", 7)
    monkeypatch.setattr(system_file, "_BYTES_AT_ONCE", 40)
    path = write(tmp_path / "file", mixed_frame(), form)
    assert_equal(decoded(path), path)


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows(form, tmp_path):
    path = write(tmp_path / "file", mixed_frame().iloc[:0], form)
    assert converted(path).num_rows == 0


DATE_FORMATS = ["DATE9", "DATE11", "ADATE10", "EDATE10", "JDATE7", "SDATE10", "MOYR6", "QYR6", "WKYR8"]


@pytest.mark.parametrize("form", ["plain", "bytecode"])
@pytest.mark.parametrize("layout", [*DATE_FORMATS, "DATETIME17", "DATETIME23.2", "YMDHMS16"])
def test_every_spss_date_format_is_a_date_or_a_moment(form, layout, tmp_path):
    moment = datetime.datetime(2014, 3, 4, 5, 6, 7)
    frame = pd.DataFrame({"d": [(moment - SPSS_START) / SECONDS, np.nan]})
    table = decoded(write(tmp_path / "file", frame, form, variable_format={"d": layout}))
    expected = moment.date() if layout in DATE_FORMATS else moment
    assert table["d"].to_pylist() == [expected, None]


@pytest.mark.parametrize(
    "layout", ["TIME8", "DTIME9", "WKDAY3", "MONTH3", "COMMA8.2", "DOT8.2", "PCT8", "N8", "E8", "F40"]
)
def test_other_spss_formats_are_numbers(layout, tmp_path):
    frame = pd.DataFrame({"d": [5.0, np.nan, 0.25]})
    table = converted(write(tmp_path / "file", frame, variable_format={"d": layout}))
    assert table["d"].to_pylist() == [5.0, None, 0.25]


@pytest.mark.parametrize("reader", ["arrays", "pyreadstat"])
def test_a_date_beyond_the_calendar_is_named(reader, tmp_path, monkeypatch):
    if reader == "pyreadstat":
        monkeypatch.setattr(statistical, "decode", lambda *_: False)
    frame = pd.DataFrame({"founded": [1e10, 1e12, -1e12]})
    path = write(tmp_path / "file", frame, variable_format={"founded": "DATE11"})
    (problem,) = statistical_to_parquet(path, tmp_path / "out.parquet", path.name)
    assert problem.column == "founded"
    assert problem.found.startswith("2 dates outside")


# --- what is left to pyreadstat --------------------------------------------------------------------------------------
def in_code_page(path: Path, name: bytes | None, number: int, byte: bytes) -> Path:
    """Write a file as an older SPSS does: its code page by name and number, texts with a byte above 127."""
    write(path, pd.DataFrame({"a": [1.0, 2.0, 3.0], "s": ["caf#", "b", "##"]}))
    content = path.read_bytes()
    spelled = struct.pack("<4i", 7, 20, 1, 5) + b"UTF-8"
    integers = struct.pack("<4i", 7, 3, 4, 8)
    assert content.count(spelled) == content.count(integers) == 1
    content = content.replace(spelled, struct.pack("<4i", 7, 20, 1, len(name)) + name if name else b"")
    page = content.index(integers) + len(integers) + 7 * 4
    content = content[:page] + struct.pack("<i", number) + content[page + 4 :]
    path.write_bytes(content.replace(b"#", byte))
    return path


@pytest.mark.parametrize(
    ("name", "number", "byte", "letter"),
    [
        (b"windows-1252", 1252, b"\xe9", "é"),
        (b"windows-1252", 1252, b"\x80", "€"),
        (None, 1252, b"\xe9", "é"),
        (b"ISO-8859-15", 28605, b"\xa4", "€"),
        (None, 850, b"\x82", "é"),
    ],
)
def test_letters_of_another_code_page_are_read_by_pyreadstat(name, number, byte, letter, tmp_path):
    path = in_code_page(tmp_path / "file.sav", name, number, byte)
    assert decoded(path) is None
    assert converted(path)["s"].to_pylist() == [f"caf{letter}", "b", 2 * letter]


@pytest.mark.parametrize("name", [b"windows-1252", b"ISO-8859-1", b"UTF-8"])
def test_plain_texts_are_decoded_whatever_the_code_page(name, tmp_path):
    path = in_code_page(tmp_path / "file.sav", name, {b"UTF-8": 65001}.get(name, 1252), b"x")
    assert decoded(path)["s"].to_pylist() == ["cafx", "b", "xx"]


def test_a_text_that_is_not_utf8_is_named_not_shortened(tmp_path):
    path = in_code_page(tmp_path / "file.sav", b"UTF-8", 65001, b"\xe9")
    (problem,) = statistical_to_parquet(path, tmp_path / "out.parquet", path.name)
    assert "invalid byte sequence" in problem.found


@pytest.mark.parametrize("length", [256, 300, 1000, 5000])
def test_very_long_texts_are_read_by_pyreadstat(length, tmp_path):
    path = write(tmp_path / "file", pd.DataFrame({"a": [1.0, 2.0], "s": ["y" * length, ""], "b": [3.0, 4.0]}))
    assert decoded(path) is None
    assert converted(path)["s"].to_pylist() == ["y" * length, ""]


def header(path: Path, offset: int, value: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(value)] = value
    path.write_bytes(content)
    return path


def test_a_file_that_does_not_say_how_many_rows_it_has_is_read_by_pyreadstat(tmp_path):
    path = header(write(tmp_path / "file", mixed_frame()), 80, struct.pack("<i", -1))
    assert decoded(path) is None
    assert converted(path).num_rows == len(mixed_frame())


def test_another_compression_bias_is_read_by_pyreadstat(tmp_path):
    path = header(write(tmp_path / "file", mixed_frame(), "bytecode"), 84, struct.pack("<d", 50.0))
    assert decoded(path) is None


def test_a_file_with_fewer_rows_than_promised_is_named(tmp_path):
    path = header(write(tmp_path / "file", mixed_frame()), 80, struct.pack("<i", len(mixed_frame()) + 1))
    (problem,) = statistical_to_parquet(path, tmp_path / "out.parquet", path.name)
    assert "cannot be read to its end" in problem.found


# --- Stata -----------------------------------------------------------------------------------------------------------
def test_stata_dates_labels_and_missing_values(tmp_path):
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None, 2**31 - 1], dtype="Int64"),
            "day": [datetime.date(1850, 1, 1), None, datetime.date(2079, 6, 6)],
            "moment": pd.Series(
                [datetime.datetime(2014, 1, 2, 3, 4, 5, 678000), None, datetime.datetime(1900, 1, 1)],
                dtype="datetime64[ms]",
            ),
            "text": ["Zoë", "", "x" * 300],
        }
    )
    path = tmp_path / "file.dta"
    pyreadstat.write_dta(frame.astype({"whole": "float64"}), path, variable_value_labels={"whole": {1: "one"}})
    table = converted(path)
    assert table["whole"].to_pylist() == [1.0, None, float(2**31 - 1)]
    assert table["day"].to_pylist() == frame["day"].tolist()
    assert table["moment"].to_pylist() == [
        datetime.datetime(2014, 1, 2, 3, 4, 5, 678000),
        None,
        datetime.datetime(1900, 1, 1),
    ]
    assert table["text"].to_pylist() == ["Zoë", "", "x" * 300]


# --- memory ----------------------------------------------------------------------------------------------------------
# getrusage in a child counts the parent's peak as well; the kernel's own figure does not
MEASURED = """
import re, sys
from pathlib import Path
import pyreadstat
from si_eval.registers.extracts.statistical import decode
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
source, target = Path(sys.argv[1]), Path(sys.argv[2])
assert decode(source, target, pyreadstat.read_sav(source, metadataonly=True, user_missing=True)[1])
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("form", ["plain", "bytecode"])
def test_memory_is_bounded(form, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"x{number}": rng.normal(size=ROWS_WRITTEN) for number in range(COLUMNS)})
    path = write(tmp_path / "file", frame)
    content, start = path.read_bytes(), system_file.read_layout(path).data
    cases = content[start:]
    if form == "bytecode":  # a command that eight stored words follow, before each case of eight words
        words = np.frombuffer(cases, "u8").reshape(-1, COLUMNS)
        cases = np.insert(words, 0, 0xFDFD_FDFD_FDFD_FDFD, axis=1).tobytes()
    path.write_bytes(content[:start] + cases * TIMES)
    header(path, 72, struct.pack("<i", list(FORMATS).index(form)))
    header(path, 80, struct.pack("<i", ROWS_WRITTEN * TIMES))
    command = [sys.executable, "-c", MEASURED, str(path), str(tmp_path / "out.parquet")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(result.stdout) / 1024 < LARGEST_GROWTH_MB
