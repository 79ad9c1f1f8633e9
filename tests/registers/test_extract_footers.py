"""Damage that no reader notices: values that a parquet file's own footer excludes, and pages with checksums."""

from __future__ import annotations

import datetime
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_extracts import canonical_frames, problems_of, write_extract, write_parquet

from si_eval.registers.extracts.parquet_files import has_checksums

DAYS = (datetime.date(2001, 1, 1) - datetime.date(1970, 1, 1)).days
# column, the bytes of a value in its middle (its ends stand before the page as well), and what they become
CHANGES = {
    "whole number above": ("be_id", struct.pack("<q", 10_000_002), struct.pack("<q", 99_000_001)),
    "whole number below": ("be_id", struct.pack("<q", 10_000_002), struct.pack("<q", 1)),
    "number": ("employed_persons", struct.pack("<d", 20.0), struct.pack("<d", 1e12)),
    "denormal": ("employed_persons", struct.pack("<d", 20.0), struct.pack("<d", 5e-324)),
    "day": ("founded", struct.pack("<i", DAYS), struct.pack("<i", DAYS + 365 * 60)),
    "text": ("municipality", b"0363", b"9363"),
}
INSIDE = ("be_id", struct.pack("<q", 10_000_002), struct.pack("<q", 10_000_003))


def register() -> pa.Table:
    """A register of three units, whose footer knows each column exactly."""
    return pa.table(
        {
            "be_id": [10_000_001, 10_000_002, 10_000_004],
            "year": [2014] * 3,
            "employed_persons": [4.0, 20.0, 60.0],
            "sbi": ["01110", "25620", "62010"],
            "founded": [datetime.date(2001, 1, 1), datetime.date(1999, 12, 31), datetime.date(2005, 6, 15)],
            "municipality": ["0014", "0363", "1680"],
        }
    )


def write_changed(folder: Path, change: tuple[str, bytes, bytes] | None, **options: object) -> Path:
    """Write a canonical extract whose register of 2014 has the first bytes of a value changed."""
    write_extract(folder, canonical_frames(), write_parquet)
    for path in folder.glob("business_units*"):
        path.unlink()
    path = folder / "business_units.parquet"
    pq.write_table(register(), path, compression="none", use_dictionary=False, **options)
    if change is not None:
        content = path.read_bytes()
        assert change[1] in content
        path.write_bytes(content.replace(change[1], change[2], 1))
    return folder


@pytest.mark.parametrize("name", CHANGES)
def test_a_value_that_the_footer_excludes_is_damage(name, tmp_path):
    column, before, after = CHANGES[name]
    problems = problems_of(write_changed(tmp_path / "raw", (column, before, after)), tmp_path / "cache")
    assert [problem.found for problem in problems if column in problem.found and "footer" in problem.found]
    assert {problem.where for problem in problems} == {"business_units.parquet"}


def test_a_changed_value_is_found_by_the_checksum_of_its_page(tmp_path):
    folder = write_changed(tmp_path / "raw", INSIDE, write_page_checksum=True)
    assert [problem for problem in problems_of(folder, tmp_path / "cache") if "CRC" in problem.found]
    pages = {"data_page_version": ["1.0", "2.0"], "use_dictionary": [True, False], "compression": ["none", "snappy"]}
    for option, values in pages.items():
        for value in values:
            for written in (True, False):
                pq.write_table(register(), tmp_path / "a.parquet", write_page_checksum=written, **{option: value})
                assert has_checksums(tmp_path / "a.parquet") == written
    pq.write_table(register().slice(0, 0), tmp_path / "a.parquet")
    assert not has_checksums(tmp_path / "a.parquet")


def frame_of(rows: int) -> pd.DataFrame:
    """Values at the edges of their types: no value contradicts a footer that a sound writer makes."""
    rng = np.random.default_rng(rows)
    frame = pd.DataFrame({"be_id": 2**62 + np.arange(rows), "year": 2014, "employed_persons": rng.random(rows)})
    frame.loc[::3, "employed_persons"] = -0.0
    frame["group_id"] = pd.array(2**53 + rng.integers(0, 9, rows), dtype="Int64")
    frame.loc[::2, "group_id"] = pd.NA
    frame["sbi"] = pd.array(rng.choice(["01110", "62010"], rows), dtype="string")
    frame["municipality"] = pd.array(rng.choice(["é" * 40, "ｚ" * 90, "Z", "\U0001f600"], rows), dtype="string")
    frame["founded"] = [datetime.date(1, 1, 1) + datetime.timedelta(int(day)) for day in rng.integers(0, 10**6, rows)]
    frame["size_code"] = None
    return frame


@pytest.mark.parametrize("writer", ["pyarrow", "engine", "without statistics", "groups", "float32"])
def test_a_sound_file_contradicts_no_footer(writer, tmp_path):
    folder = write_changed(tmp_path / "raw", None)
    frame, path = frame_of(500), folder / "business_units.parquet"
    if writer == "engine":
        import duckdb

        with duckdb.connect() as connection:
            connection.register("frame", frame)
            connection.execute(f"COPY frame TO '{path}' (FORMAT parquet)")
    else:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if writer == "float32":
            place = table.schema.get_field_index("employed_persons")
            table = table.set_column(place, "employed_persons", table["employed_persons"].cast(pa.float32()))
        pq.write_table(
            table,
            path,
            row_group_size=7 if writer == "groups" else None,
            write_statistics=writer != "without statistics",
        )
    problems = problems_of(folder, tmp_path / "cache")
    assert not [problem for problem in problems if "footer" in problem.found]


@pytest.mark.parametrize("day", [-(10**8), -719_529, 2_932_897, 10**8])
def test_a_day_of_no_calendar_is_refused(day, tmp_path):
    folder = write_changed(tmp_path / "raw", None)
    days = pa.array([day, 0, None], pa.int32()).cast(pa.date32())
    place = register().schema.get_field_index("founded")
    pq.write_table(register().set_column(place, "founded", days), folder / "business_units.parquet")
    assert [one for one in problems_of(folder, tmp_path / "cache") if "outside the years 1-9999" in one.found]


def test_the_first_and_the_last_day_of_the_calendar_are_read(tmp_path):
    folder = write_changed(tmp_path / "raw", None)
    days = pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None])
    place = register().schema.get_field_index("founded")
    pq.write_table(register().set_column(place, "founded", days), folder / "business_units.parquet")
    assert not [one for one in problems_of(folder, tmp_path / "cache") if "outside the years" in one.found]
