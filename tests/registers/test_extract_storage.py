"""How values are stored: empty columns, time zones, short floats, Stata's periods, quoted line ends, wrong years."""

from __future__ import annotations

import csv
import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_extracts import canonical_frames, problems_of, write_extract, write_parquet

from si_eval.engine import open_engine
from si_eval.registers.extracts import read_extract
from si_eval.registers.extracts.delimited import delimited_to_parquet, ends_within_a_line
from si_eval.registers.extracts.parquet_files import describe_fault, with_local_days
from si_eval.registers.extracts.statistical import statistical_to_parquet

DAY = datetime.date(2015, 1, 1)


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Amsterdam", pd.Timestamp("2015-01-01", tz="Europe/Amsterdam")),
        ("UTC", pd.Timestamp("2014-12-31 23:00", tz="UTC")),
        ("UTC", pd.Timestamp("2015-01-01", tz="UTC")),
        ("America/New_York", pd.Timestamp("2015-01-01", tz="America/New_York")),
    ],
)
def test_moments_keep_their_local_day(zone, moment, tmp_path):
    pq.write_table(pa.table({"end": pa.array([moment, None], pa.timestamp("us", tz=zone))}), tmp_path / "a.parquet")
    local = pq.read_table(with_local_days(tmp_path / "a.parquet", tmp_path / "b.parquet"))["end"]
    assert [value and value.date() for value in local.to_pylist()] == [DAY, None]


@pytest.mark.parametrize("form", ["tm", "tq", "th", "tw", "ty", "td", "tc"])
def test_statas_periods_are_dates(form, tmp_path):
    frame = pd.DataFrame({"founded": [pd.Timestamp(DAY), pd.NaT]})
    frame.to_stata(tmp_path / "a.dta", write_index=False, convert_dates={"founded": form})
    assert statistical_to_parquet(tmp_path / "a.dta", tmp_path / "a.parquet", "a.dta") == []
    (value, missing) = pq.read_table(tmp_path / "a.parquet")["founded"].to_pylist()
    assert missing is None
    assert (value.date() if isinstance(value, datetime.datetime) else value) == DAY


def test_quoted_line_ends_make_no_rows_and_stray_quotes_are_named(tmp_path):
    path, rows = tmp_path / "a.csv", 9000
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["kvk_id", "fieldlab"])
        writer.writerows([f"{row:08d}", "one\ntwo; three\n" * 80] for row in range(rows))  # 12 MB
    assert delimited_to_parquet(path, tmp_path / "a.parquet", "a.csv") == []
    assert pq.read_metadata(tmp_path / "a.parquet").num_rows == rows
    path.write_text('kvk_id;fieldlab\n1;"A\n2;B\n3;"C\n4;D\n', encoding="utf-8")
    (problem,) = delimited_to_parquet(path, tmp_path / "b.parquet", "a.csv")
    assert "quote is missing" in problem.found


def test_a_line_without_end_and_a_claim_beyond_the_file_are_named(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.write(b"kvk_id;fieldlab\n1;")
        stream.truncate(200 << 20)  # a hole of zeros
    (problem,) = delimited_to_parquet(path, tmp_path / "a.parquet", "a.csv")
    assert "NUL" in problem.found
    path.write_bytes(b"kvk_id;fieldlab\n1;" + b"x" * (70 << 20))
    (problem,) = delimited_to_parquet(path, tmp_path / "a.parquet", "a.csv")
    assert "a line of more than" in problem.found
    pq.write_table(
        pa.table({"x": ["0" * (100 << 20)]}), tmp_path / "bomb.parquet", compression="zstd", use_dictionary=False
    )
    assert "million bytes in" in describe_fault(tmp_path / "bomb.parquet", open_engine(threads=1))


def test_one_wrong_year_is_one_problem_and_four_byte_floats_are_refused(tmp_path, cache):
    frames = canonical_frames()
    frames["turnover"].loc[3, "year"] = 20190101
    frames["person_business_unit"]["be_id"] = (frames["person_business_unit"]["be_id"] + 2**25).astype("float32")
    problems = problems_of(write_extract(tmp_path / "raw", frames, write_parquet), cache)
    (year,) = [problem for problem in problems if problem.column == "year"]
    assert (year.count, year.examples) == (1, ("row 4: '20190101'",))
    (inexact,) = [problem for problem in problems if problem.where == "person_business_unit.parquet"]
    assert "too large for their storage type" in inexact.found
    assert inexact.examples == ("row 1", "row 2", "row 3"), "no message shows an identifier"


def test_an_empty_column_of_any_type_is_an_empty_column(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    path = folder / "business_units.parquet"
    table = pq.read_table(path)
    kinds = {
        "founded": pa.null(), "group_id": pa.list_(pa.int8()), "municipality": pa.bool_(),
        "sbi": pa.binary(), "size_code": pa.struct([("x", pa.int8())]), "employed_persons": pa.date32(),
    }  # fmt: skip
    for name, kind in kinds.items():
        table = table.set_column(table.column_names.index(name), name, pa.nulls(len(table), kind))
    pq.write_table(table, path)
    extract = read_extract(folder, cache=cache)
    read = extract.tables["business_units"].to_pandas()
    assert read[list(kinds)].isna().all(axis=None)
    for again in (extract, read_extract(folder, cache=cache)):  # also where the file was inspected before
        assert sum("business_units has no values of" in note for note in again.notes) == len(kinds) - 1
        assert f"business_units: {len(table)} rows without employed_persons" in again.notes
    pq.write_table(table.set_column(0, "be_id", pa.array([[1]] * len(table))), path)
    assert "stored as array" in str(problems_of(folder, cache)[0])


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_nan_in_parquet_is_refused_though_its_footer_leaves_it_out(kind, tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    path = folder / "turnover.parquet"
    table = pq.read_table(path)
    values = [float("nan"), *table["turnover"].to_pylist()[1:]]
    table = table.set_column(table.column_names.index("turnover"), "turnover", pa.array(values, kind))
    pq.write_table(table, path)
    (problem,) = problems_of(folder, cache)
    assert (problem.found, problem.count) == ("1 row: values that are infinite or not a number", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(("end", "within"), [("\n", False), ("\r\n", False), ("\r", False), ("", True)])
def test_a_last_line_without_an_end_may_have_been_cut_off(end, within, encoding, tmp_path):
    path = tmp_path / "turnover.csv"
    path.write_bytes(("be_id;turnover\n1;4000" + end).encode(encoding))
    assert ends_within_a_line(path) == within


def test_a_file_that_may_have_been_cut_off_is_remarked_on(tmp_path):
    folder = write_extract(tmp_path / "extract", canonical_frames(), write_parquet)
    path = next(folder.glob("turnover*.parquet"))
    path.with_suffix(".csv").write_text(pd.read_parquet(path).to_csv(index=False, sep=";").rstrip("\n"))
    path.unlink()
    notes = read_extract(folder).notes
    assert [note for note in notes if "line end" in note] == [
        f"{path.stem}.csv has no line end after its last line: it may have been cut off"
    ]
