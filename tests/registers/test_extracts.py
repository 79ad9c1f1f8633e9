"""Raw extracts: every format gives the same tables, with the columns, types and values of the contract."""

from __future__ import annotations

import pyreadstat
import pytest
from raw_extracts import (
    DAY,
    WRITERS,
    YEARS,
    canonical_frames,
    contents,
    write_csv,
    write_extract,
    write_parquet,
)

from si_eval.registers.extracts import examine_extract, read_extract
from si_eval.registers.schema import contracts, table_names

TYPES = {"int64": "int64", "float64": "float64", "string": "string", "date": "date"}


def test_tables_have_exactly_the_contracts_columns_and_types(reference):
    assert list(reference.tables) == list(table_names())
    for name, table in reference.tables.items():
        expected = {column.name: TYPES[column.type] for column in contracts()[name].visible.values()}
        assert {column: str(kind) for column, kind in table.schema().items()} == expected
        assert list(table.columns) == list(expected)


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_same_tables(kind, reference, tmp_path, cache):
    extract = read_extract(write_extract(tmp_path / "raw", canonical_frames(), WRITERS[kind]), cache=cache)
    assert contents(extract) == contents(reference)
    for name, table in extract.tables.items():
        assert table.schema() == reference.tables[name].schema()


def test_values_arrive_as_they_were(reference):
    rows = contents(reference)
    unit = (10000001, 2014, 1.5, "10", "01110", DAY(1850, 1, 1), 501, "0363")
    assert unit in rows["business_units"]
    assert ("900002", 10000003, DAY(2014, 7, 1), None) in rows["person_business_unit"], "20790606 is an open end"
    assert ("900002", 10000002, None, DAY(2015, 12, 31)) in rows["person_business_unit"], "no start stays empty"
    assert ("00a1", "900001", None) in rows["kvk_person"]
    assert len(rows["participants"]) == 3
    sources = reference.to_frame()
    assert set(sources["rows"]) >= {9, 36, 4}
    assert sources["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_row_order_does_not_matter(reference, tmp_path, cache):
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in canonical_frames().items()}
    extract = read_extract(write_extract(tmp_path / "raw", shuffled, write_parquet), cache=cache)
    assert contents(extract) == contents(reference)


def test_one_file_a_year_and_two_folders_give_the_same_tables(reference, tmp_path, cache):
    frames = canonical_frames()
    for table in ("business_units", "turnover"):
        frame = frames.pop(table)
        for year in YEARS:
            rows = frame[frame["year"] == year].drop(columns="year" if year == 2015 else [])
            write_extract(tmp_path / "raw", {f"{table}_{year}": rows}, write_parquet)
    write_extract(tmp_path / "more", frames, write_parquet)
    extract = read_extract([tmp_path / "raw", tmp_path / "more"], cache=cache)
    assert contents(extract) == contents(reference)


def test_ids_stored_as_doubles_become_whole_numbers_exactly(tmp_path, cache):
    frames = canonical_frames()
    frames["business_units"]["be_id"] = frames["business_units"]["be_id"].astype("float64") + 2**52
    frames["person_business_unit"]["be_id"] += 2**52
    del frames["turnover"], frames["investments"], frames["events"]
    extract = read_extract(write_extract(tmp_path / "raw", frames, write_parquet), cache=cache)
    assert {row[0] for row in contents(extract)["business_units"]} == {
        2**52 + id_ for id_ in (10000001, 10000002, 10000003)
    }


def test_absent_columns_are_typed_nulls_and_absent_tables_are_noted(tmp_path, cache):
    frames = canonical_frames()
    frames["business_units"] = frames["business_units"][["be_id", "year", "employed_persons"]]
    frames["participants"] = frames["participants"][["kvk_id"]]
    del frames["turnover"], frames["investments"], frames["enterprise_groups"], frames["events"]
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    extract = read_extract(folder, cache=cache)
    assert str(extract.tables["business_units"].schema()["founded"]) == "date"
    assert "turnover" not in extract.tables
    assert any(note.startswith("turnover is absent") for note in extract.notes)
    assert any("has no sbi" in note for note in extract.notes)
    text = examine_extract(folder, cache=cache).text
    assert "no problems" in text
    assert "no revenue" in text
    assert str(folder) not in text


def test_codes_stored_as_numbers_get_their_zeros_back(tmp_path, cache):
    frames = canonical_frames()
    frames["business_units"] = frames["business_units"].assign(
        sbi=[1110, 25620, 62010] * 3, size_code=[10, 50, 0] * 3, municipality=[363, 14, 1680] * 3
    )
    extract = read_extract(write_extract(tmp_path / "raw", frames, write_parquet), cache=cache)
    units = extract.tables["business_units"].to_pandas()
    assert set(units["sbi"]) == {"01110", "25620", "62010"}
    assert set(units["size_code"]) == {"10", "50", "00"}
    assert set(units["municipality"]) == {"0363", "0014", "1680"}
    assert any("zero-padded" in note for note in extract.notes)


def test_texts_are_trimmed_and_blank_codes_read(tmp_path, cache):
    frames = canonical_frames()
    units = frames["business_units"]
    frames["business_units"] = units.assign(
        be_id="   " + units["be_id"].astype(str),
        sbi=["  1110", " 2562", "01.11 "] * 3,
        size_code=["10 ", "--", "  "] * 3,
    )
    extract = read_extract(write_extract(tmp_path / "raw", frames, write_csv("utf-8", ";", ",", "%Y%m%d")), cache=cache)
    read = extract.tables["business_units"].to_pandas()
    assert set(read["sbi"]) == {"01110", "02562", "0111"}
    assert set(read["size_code"].dropna()) == {"10", "--"}


def test_spss_value_labels_and_user_missing_values(tmp_path, cache):
    frames = canonical_frames()
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    (folder / "business_units.parquet").unlink()
    units = frames["business_units"].assign(employed_persons=[1.5, 99999.0, 0.25] * 3)
    units["group_id"] = units["group_id"].astype("float64")
    labels = {"size_code": {"10": "1 werkzame persoon"}}
    missing = {"employed_persons": [99999]}
    pyreadstat.write_sav(units, folder / "business_units.sav", variable_value_labels=labels, missing_ranges=missing)
    extract = read_extract(folder, cache=cache)
    read = extract.tables["business_units"].to_pandas()
    assert read["employed_persons"].isna().sum() == 3
    assert set(read["size_code"]) == {"10", "50", "00"}
    assert any("without employed_persons" in note for note in extract.notes)


# --- CBS layout ------------------------------------------------------------------------------------------------------
