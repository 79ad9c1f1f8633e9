"""Raw extracts under the names of CBS, of every period, and under names that are given."""

from __future__ import annotations

import pyarrow as pa
import pytest
from raw_extracts import (
    DAY,
    MACHINES,
    WRITERS,
    YEARS,
    canonical_frames,
    cbs_files,
    contents,
    problems_of,
    write_cbs,
    write_csv,
    write_extract,
    write_parquet,
)

from si_eval.registers.extracts import read_extract


@pytest.mark.parametrize(
    ("year", "kind"),
    [(2010, "sav"), (2014, "csv in cp1252"), (2018, "sav"), (2021, "parquet"), (2021, "csv in cp1252")],
)
def test_cbs_names_of_every_period(year, kind, tmp_path, cache):
    extract = read_extract(write_cbs(tmp_path / "raw", year, WRITERS[kind]), cache=cache)
    rows = contents(extract)
    assert rows["business_units"] == [
        (1, year, 1.5, "10", "01110", DAY(1850, 1, 1), 51, "0363"),
        (2, year, 20.0, "50", "02562", DAY(2000, 2, 29), 52, "0014"),
        (3, year, 0.0, "00", "62010", None, None, "1680"),
    ]
    assert rows["enterprise_groups"] == [(51, year, 300.0, "82"), (52, year, 20.0, "50")]
    assert rows["kvk_person"] == [("aa", "901", year), ("bb", "902", year)]
    assert rows["person_business_unit"] == [
        ("901", 1, DAY(year, 1, 1) if year > 2010 else DAY(2010, 1, 1), DAY(year, 12, 31)),
        ("902", 2, DAY(year, 1, 1), DAY(year, 9, 30)),
        ("902", 3, DAY(year, 7, 1), DAY(year, 12, 31)),
    ]
    assert rows["events"] == [(2, year, "takeover"), (3, year, "split_off")]
    assert rows["turnover"][2] == (1, year, 3, -5.0)
    assert rows["participants"] == [("aa", "X", DAY(2015, 3, 4), 1.0), ("bb", "Y", None, 2.5)]
    if year >= 2012:
        kept = {row[:4]: row[4:] for row in rows["investments"]}
        assert kept[1, year, MACHINES, "total"] == (12345.68, "observed"), "thousands of euro, rounded to cents"
        assert kept[1, year, MACHINES, "new"] == (2500.0, "observed")
        assert kept[2, year, MACHINES, "total"] == (None, "nonresponse")
        assert kept[2, year, "software", "total"][0] is None
        assert kept[3, year, "software", "custom"] == (1000.0, "imputed")
        assert kept[4, year, MACHINES, "total"] == (0.0, "imputed"), "the second quality code goes first"
        assert len(rows["investments"]) == 2 + 4 + 2 + 2
    else:
        assert "investments" not in extract.tables
    notes = " ".join(extract.notes)
    assert "left-censored" not in notes
    assert "outside the year of their file" in notes
    assert "rows without kvk_id" in notes


def test_without_founding_dates_the_start_in_the_register_counts_and_is_said_to_be_censored(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, WRITERS["sav"])
    for path in folder.glob("BDK*"):
        path.unlink()
    extract = read_extract(folder, cache=cache)
    assert contents(extract)["business_units"][2][5] == DAY(2013, 1, 1)
    assert "left-censored" in " ".join(extract.notes)


def test_the_newest_version_wins_and_early_investments_are_left_aside(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    newer = cbs_files(2018)["BE_ABR2018V1"].assign(RBE_WerkzamePersonen=[7.0, 8.0, 9.0])
    write_parquet(newer, folder / "be_abr2018v3.x")
    write_parquet(cbs_files(2018)["BE_ABR2018V1"], folder / "BE_ABR2018V2.x")
    write_parquet(newer, folder / "Investeringen_main 2011V1.x")
    extract = read_extract(folder, cache=cache)
    assert set(extract.tables["business_units"].to_pandas()["employed_persons"]) == {7.0, 8.0, 9.0}
    chosen = {source.table: source.version for source in extract.sources}
    assert chosen["business_units"] == "V3"
    assert sum("left aside" in note for note in extract.notes) == 2
    assert any("Investeringen_main 2011V1.parquet cannot be used" in note for note in extract.notes)


def test_money_units_can_be_given(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    extract = read_extract(folder, cache=cache, money_unit={"investments": 1, "turnover": 1000})
    assert 12.35 in set(extract.tables["investments"].to_pandas()["amount"])
    assert 40_000.0 in set(extract.tables["turnover"].to_pandas()["turnover"])


def test_files_columns_and_participants_can_be_given(reference, tmp_path, cache):
    frames = canonical_frames()
    folder = write_extract(
        tmp_path / "raw", {k: v for k, v in frames.items() if k not in {"turnover", "participants"}}, write_parquet
    )
    for year in YEARS:
        for quarter in (1, 2, 3, 4):
            rows = frames["turnover"].query("year == @year and quarter == @quarter").drop(columns="year")
            renamed = rows.rename(columns={"turnover": "bedrag", "quarter": "kw"})
            write_parquet(renamed, folder / f"omzet_{year}_k{quarter}.x")
    write_csv("utf-8", ",", ".", "%Y-%m-%d")(frames["participants"], tmp_path / "lijst van buiten.x")
    extract = read_extract(
        folder,
        files={"turnover": "Omzet_{year}_k*.parquet"},
        columns={"turnover": {"turnover": "Bedrag"}},
        participants=tmp_path / "lijst van buiten.csv",
        cache=cache,
    )
    assert contents(extract) == contents(reference)


def test_unknown_quality_codes_are_named(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    wide = cbs_files(2018)["Investeringen_nationaal2018V1"].assign(Kwaliteit_1=["A", "E", "Q", "A"], Kwaliteit_2="A")
    write_parquet(wide, folder / "Investeringen_nationaal2018V1.x")
    (problem,) = problems_of(folder, cache)
    assert problem.column == "Kwaliteit_1"
    assert problem.count == 1
    assert problem.examples == ("row 3: 'Q'",)


def test_wide_parquet_and_long_parquet_are_the_same_type(tmp_path, cache):
    extract = read_extract(write_cbs(tmp_path / "raw", 2018, write_parquet), cache=cache)
    amounts = extract.tables["investments"].to_pyarrow()
    assert amounts.schema.field("amount").type == pa.float64()
