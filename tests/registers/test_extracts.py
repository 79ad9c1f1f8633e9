"""Raw extracts: every format and every CBS name gives the same tables; nothing that is wrong passes, or is lost."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from si_eval.errors import InputError
from si_eval.registers.extracts import examine_extract, read_extract
from si_eval.registers.schema import contracts, table_names, wide_codes
from si_eval.registry import assets

DAY = datetime.date
MACHINES = next(asset for asset, entry in assets().items() if entry["cbs_code"] == "C012")
YEARS = (2014, 2015, 2016)
TYPES = {"int64": "int64", "float64": "float64", "string": "string", "date": "date"}


def canonical_frames() -> dict[str, pd.DataFrame]:
    """Make a small extract; each call gives frames of its own."""
    units = pd.DataFrame(
        {
            "be_id": [10000001, 10000002, 10000003],
            "employed_persons": [1.5, 20.0, 0.25],
            "size_code": ["10", "50", "00"],
            "sbi": ["01110", "25620", "6201"],
            "founded": [DAY(1850, 1, 1), DAY(2000, 2, 29), None],
            "group_id": pd.array([501, None, 503], dtype="Int64"),
            "municipality": ["0363", None, "0014"],
        }
    )
    register = pd.concat([units.assign(year=year) for year in YEARS], ignore_index=True)
    turnover = pd.concat(
        [
            units[["be_id"]].assign(year=year, quarter=q, turnover=[1000.5, -20.25, 3e9])
            for year in YEARS
            for q in (1, 2, 3, 4)
        ],
        ignore_index=True,
    )
    rows = [
        (10000001, 2014, MACHINES, "total", 12_500.0, "observed"),
        (10000001, 2014, MACHINES, "new", 2_500.0, "observed"),
        (10000002, 2014, "software", "custom", 7_000.0, "imputed"),
        (10000003, 2014, "computers", "total", None, "nonresponse"),
    ]
    return {
        "business_units": register,
        "enterprise_groups": pd.DataFrame(
            {"group_id": [501] * 3, "year": YEARS, "employed_persons": [300.0] * 3, "size_code": ["82"] * 3}
        ),
        "turnover": turnover,
        "investments": pd.DataFrame(rows, columns=["be_id", "year", "asset", "component", "amount", "response"]),
        "participants": pd.DataFrame(
            {
                "kvk_id": ["00a1", "00b2", "00b2"],
                "fieldlab": ["Zoë, Één", "B; C", None],
                "entry_date": [DAY(2015, 3, 4), None, None],
                "intensity": [1.5, None, 2.0],
            }
        ),
        "kvk_person": pd.DataFrame({"kvk_id": ["00a1", "00b2"], "person_id": ["900001", "900002"]}),
        "person_business_unit": pd.DataFrame(
            {
                "person_id": ["900001", "900002", "900002"],
                "be_id": [10000001, 10000002, 10000003],
                "start": [DAY(2010, 1, 1), None, DAY(2014, 7, 1)],
                "end": [None, DAY(2015, 12, 31), DAY(2079, 6, 6)],
            }
        ),
        "events": pd.DataFrame({"be_id": [10000002], "year": [2015], "event": ["merger"]}),
    }


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path.with_suffix(".parquet"))


def write_csv(encoding: str, delimiter: str, decimal: str, date: str) -> Callable[[pd.DataFrame, Path], None]:
    def write(frame: pd.DataFrame, path: Path) -> None:
        dated = frame.copy()
        for column in frame.columns.intersection(["founded", "entry_date", "start", "end"]):
            dated[column] = [value.strftime(date) if isinstance(value, DAY) else value for value in frame[column]]
        dated.to_csv(path.with_suffix(".csv"), sep=delimiter, decimal=decimal, encoding=encoding, index=False)

    return write


def write_statistical(
    writer: Callable[..., None], suffix: str, **options: object
) -> Callable[[pd.DataFrame, Path], None]:
    def write(frame: pd.DataFrame, path: Path) -> None:
        plain = frame.copy()
        for column in plain:
            if str(plain[column].dtype) in {"Int64", "int64"}:
                plain[column] = plain[column].astype("float64")  # as a statistical package stores it
        writer(plain, path.with_suffix(suffix), **options)

    return write


WRITERS = {
    "parquet": write_parquet,
    "csv in utf-8": write_csv("utf-8", ",", ".", "%Y-%m-%d"),
    "csv in utf-8 with a mark": write_csv("utf-8-sig", "\t", ".", "%d-%m-%Y"),
    "csv in cp1252": write_csv("cp1252", ";", ",", "%Y%m%d"),
    "sav": write_statistical(pyreadstat.write_sav, ".sav"),
    "zsav": write_statistical(pyreadstat.write_sav, ".zsav", compress=True),
    "dta": write_statistical(pyreadstat.write_dta, ".dta"),
}


def write_extract(folder: Path, frames: dict[str, pd.DataFrame], write: Callable[[pd.DataFrame, Path], None]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for table, frame in frames.items():
        write(frame, folder / table)
    return folder


def contents(extract) -> dict[str, list[tuple]]:
    """Give every table as sorted rows, so that tables are compared by value, and their schema."""
    result = {}
    for name, table in extract.tables.items():
        arrow = table.to_pyarrow()
        result[name] = sorted(zip(*(arrow[column].to_pylist() for column in arrow.column_names), strict=True), key=repr)
    return result


def problems_of(folder: Path, cache: Path, **options) -> list:
    with pytest.raises(InputError) as caught:
        read_extract(folder, cache=cache, **options)
    assert str(folder) not in str(caught.value), "a message never shows a path"
    return list(caught.value.problems)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one cache to all tests: files that a test leaves as they were are not inspected again."""
    return tmp_path_factory.mktemp("cached") / "cache"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path):
    folder = tmp_path_factory.mktemp("reference")
    return read_extract(write_extract(folder / "raw", canonical_frames(), write_parquet), cache=cache)


# --- formats ---------------------------------------------------------------------------------------------------------
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
def wide_rows(columns: dict[str, list], codes: dict[str, list]) -> pd.DataFrame:
    empty = {code: [None] * 4 for code in wide_codes()}
    return pd.DataFrame({**columns, **empty, **codes}).astype(dict.fromkeys(wide_codes(), "float64"))


def cbs_files(year: int) -> dict[str, pd.DataFrame]:
    """Make the files of a year under the names of that year."""
    new = year >= 2021
    prefix = "120301 " if year < 2014 else ""
    space = " " if year <= 2014 else ""
    units = pd.DataFrame(
        {"id": [1.0, 2.0, 3.0], "start": [20050701.0, 20100101.0, 20130101.0], "sbi": ["01110", " 2562", "62010"]}
    )
    register = {
        "BE_ID" if year >= 2014 else "RBE_Identificatie": units["id"],
        "MaandBegin" if new else "RBE_DatumOntstaanToepassing": units["start"],
        "SbiGecoordineerd" if new else "RBE_SBIGecoordineerd": units["sbi"],
        "GkSbsGecoordineerd" if new else "RBE_GKSBSGecoordineerd": ["10", "50", "00"],
        "WPActueel" if new else "RBE_WerkzamePersonen": [1.5, 20.0, 0.0],
        "gemcode": ["0363", "0014", "1680"],
    }
    group = "OgIdentificatie" if new else "ROG_Identificatie"
    person = "CbsPersoonIdentificatie" if new else "PERSOON_IDENTIFICATIE"
    links = {
        person: [901.0, 902.0, 902.0, 902.0],
        "BE_ID": [1.0, 2.0, 3.0, 3.0],
        "MaandBegin" if new else "ROP_DatumOntstaanToepassing": [20100101.0, None, year * 10000 + 701.0, 20010101.0],
        "MaandEinde" if new else "ROP_DatumOpheffingToepassing": [20790606.0, year * 10000 + 930.0, None, 20020101.0],
    }
    kvk = {"KvkNummer" if new else "VEP_KvKNummer_crypt": ["aa", "bb", None], person: [901.0, 902.0, 903.0]}

    def name(old: str, recent: str) -> str:
        return f"{recent}{year}V1" if new else f"{prefix}{old}{space}{year}V1"

    files = {
        (f"ABR_BE{year}V1" if new else f"BE_ABR{year}V1"): pd.DataFrame(register),
        name("OG_ABR", "ABR_OG"): pd.DataFrame(
            {
                group: [51.0, 52.0],
                "WPActueel" if new else "ROG_WerkzamePersonen": [300.0, 20.0],
                "GkSbsGecoordineerd" if new else "ROG_GKSBSGecoordineerd": ["82", "50"],
            }
        ),
        name("BE_OG_ABR", "ABR_BE_OG"): pd.DataFrame({"BE_ID": [1.0, 2.0], group: [51.0, 52.0]}),
        name("BE_persoon_ABR", "ABR_BE_PERSOON"): pd.DataFrame(links),
        (f"ABR_CBS_persoon_KvK_FIN{year}V1" if new else f"CBS_persoon_KvK_FIN_ABR{year}V1"): pd.DataFrame(kvk),
        name("BE_eventbijdragen_ABR", "ABR_BE_EVENTBIJDRAGEN"): pd.DataFrame(
            {"BE_ID": [2.0, 3.0], "StatistischeEvent": ["07", "9"] if new else [7.0, 9.0]}
        ),
        f"BDK{year}V1": pd.DataFrame({"BE_ID": [1.0, 2.0], "oprichtingsdatumbedrijf": [18500101.0, 20000229.0]}),
        f"DRT_BEID{year}V1": pd.DataFrame(
            {
                "BEID": [1.0] * 4,
                "JAAR": [float(year)] * 4,
                "KWARTAAL": [1.0, 2.0, 3.0, 4.0],
                "OMZET": [10.0, 20.0, -5.0, 40.0],
            }
        ),
    }
    if year >= 2012:
        quality = {
            "Verslagjaar": [float(year)] * 4,
            "Beid": [1.0, 2.0, 3.0, 4.0],
            "SBI08_5d": ["01110"] * 4,
            "GKSBS": ["10"] * 4,
            "Kwaliteit_1": ["A", "E", "F", "A"],
            "Kwaliteit_2": ["A", " ", "Y", "Y"],
        }
        amounts = {
            "C012001": [2.5, None, None, 0.0],
            "C012004": [12.3456789, None, 3.0, 0.0],
            "C015002": [None, None, 1.0, None],
        }
        files[f"Investeringen_nationaal{year}V1"] = wide_rows(quality, amounts)
    return files


def write_cbs(folder: Path, year: int, write: Callable[[pd.DataFrame, Path], None]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in cbs_files(year).items():
        write(frame, folder / f"{name}.x")
    people = pd.DataFrame({"KvKnummer": ["aa", "bb"], "fieldlab": ["X", "Y"], "datum_toetreding": [20150304.0, None]})
    write(people.assign(intensiteit=[1.0, 2.5]), folder / "Deelnemers Smart Industry.x")
    return folder


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


def test_simulated_extracts_say_so(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    said = {"synthetic": True, "preset": "p", "scale": 0.01, "seed": 1, "calibrated": [{"a": 1}], "note": "n"}
    (folder / "simulation.json").write_text(json.dumps(said), encoding="utf-8")
    simulation = read_extract(folder, cache=cache).simulation
    assert simulation is not None
    assert simulation.calibrated == ({"a": 1},)
    assert simulation.seed == 1


# --- cache -----------------------------------------------------------------------------------------------------------
def test_the_cache_is_used_and_a_changed_file_is_read_again(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["sav"])
    first = contents(read_extract(folder, cache=cache))
    assert (cache.stat().st_mode & 0o777) == 0o700

    def refuse(*_, **__):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("si_eval.registers.extracts.statistical.statistical_to_parquet", refuse)
        assert contents(read_extract(folder, cache=cache)) == first
    changed = canonical_frames()["participants"].assign(intensity=[9.0, 9.0, 9.0])
    WRITERS["sav"](changed, folder / "participants")
    assert set(read_extract(folder, cache=cache).tables["participants"].to_pandas()["intensity"]) == {9.0}


def test_years_stored_in_different_ways_are_read_again_as_they_were(tmp_path):
    """Files that were read before are opened together: only those whose columns, types, years and names are alike."""
    frames = canonical_frames()
    turnover = frames.pop("turnover")
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    ways = [
        lambda frame: frame.assign(turnover=frame["turnover"].round()).astype({"turnover": "int64"}),
        lambda frame: frame[frame.columns[::-1]],
        lambda frame: frame.astype({"quarter": "int8", "turnover": "float32"}).drop(columns="year"),
    ]
    for year, way in zip(YEARS, ways, strict=True):
        write_parquet(way(turnover[turnover["year"] == year]), folder / f"turnover_{year}")
        write_parquet(frames["business_units"].query("year == @year").drop(columns="year"), folder / f"units_{year}")
    (folder / "business_units.parquet").unlink()
    files = {"business_units": "units_{year}*"}
    first = contents(read_extract(folder, cache=tmp_path / "cache", files=files))
    assert contents(read_extract(folder, cache=tmp_path / "cache", files=files)) == first
    assert [sum(row[1] == year for row in first["turnover"]) for year in YEARS] == [12, 12, 12]
    assert [sum(row[1] == year for row in first["business_units"]) for year in YEARS] == [3, 3, 3]


def test_raw_files_are_not_changed_and_a_read_only_folder_works(tmp_path):
    cache = tmp_path / "cache"
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["csv in cp1252"])
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    folder.chmod(0o500)
    try:
        read_extract(folder, cache=cache)
    finally:
        folder.chmod(0o700)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert not [path for path in cache.iterdir() if path.is_dir()], "nothing half-made stays behind"


# --- what is wrong ---------------------------------------------------------------------------------------------------
def edited(table: str, **columns) -> Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]]:
    """Replace columns of a table; a tuple (row, value) replaces one value."""

    def edit(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        frame = frames[table]
        for column, change in columns.items():
            values = frame[column].astype(object).to_list()
            row, value = change
            values[row] = value
            frame = frame.assign(**{column: pd.Series(values, index=frame.index)})
        return {**frames, table: frame}

    return edit


def repeated(table: str, **columns) -> Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]]:
    def edit(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        again = frames[table].iloc[[0]].assign(**columns)
        return {**frames, table: pd.concat([frames[table], again], ignore_index=True)}

    return edit


def without(table: str, *columns: str) -> Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]]:
    def edit(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        if columns:
            return {**frames, table: frames[table].drop(columns=list(columns))}
        return {name: frame for name, frame in frames.items() if name != table}

    return edit


HOSTILE = {
    "no required table": (without("kvk_person"), "kvk_person", "", "no file for kvk_person"),
    "no rows": (lambda frames: {**frames, "turnover": frames["turnover"].iloc[:0]}, "turnover", "", "no rows"),
    "no column": (
        lambda frames: {**frames, "turnover": frames["turnover"].rename(columns={"turnover": "turnovr"})},
        "turnover", "turnover", "nearest: turnovr",
    ),
    "text in a number": (
        edited("business_units", employed_persons=(4, "veel")), "business_units", "employed_persons", "not a number",
    ),
    "thousands points": (edited("turnover", turnover=(0, "1.234.567,50")), "turnover", "turnover", "not a number"),
    "text in a date": (edited("business_units", founded=(1, "31-02-2014")), "business_units", "founded", "not a date"),
    "half an id": (edited("turnover", be_id=(0, 1.5)), "turnover", "be_id", "not a whole number"),
    "empty key": (edited("business_units", be_id=(2, None)), "business_units", "be_id", "empty values"),
    "empty quarter": (edited("turnover", quarter=(2, None)), "turnover", "quarter", "empty values"),
    "identical rows": (repeated("turnover"), "turnover", "be_id, year, quarter", "1 in identical rows"),
    "rows that differ": (
        repeated("business_units", sbi="99999"), "business_units", "be_id, year", "1 in rows that differ",
    ),
    "groups twice": (repeated("enterprise_groups"), "enterprise_groups", "group_id, year", "1 in identical rows"),
    "investments twice": (
        repeated("investments", amount=1.0), "investments", "be_id, year, asset, component", "rows that differ",
    ),
    "fifth quarter": (edited("turnover", quarter=(0, 5)), "turnover", "quarter", "outside 1-4"),
    "unknown asset": (edited("investments", asset=(0, "boats")), "investments", "asset", "unknown values"),
    "unknown component": (edited("investments", component=(0, "old")), "investments", "component", "unknown values"),
    "unknown response": (edited("investments", response=(0, "maybe")), "investments", "response", "unknown values"),
    "negative persons": (
        edited("business_units", employed_persons=(0, -1.0)), "business_units", "employed_persons", "negative",
    ),
    "infinite": (edited("turnover", turnover=(0, float("inf"))), "turnover", "turnover", "infinite"),
    "end before start": (
        edited("person_business_unit", start=(0, DAY(2016, 1, 1)), end=(0, DAY(2015, 1, 1))),
        "person_business_unit", "end", "end before they start",
    ),
    "gap in the register": (
        lambda frames: {
            name: frame[frame["year"] != 2015] if name == "business_units" else frame for name, frame in frames.items()
        },
        "business_units", "year", "no rows for 2015",
    ),
    "turnover beyond the register": (
        lambda frames: {
            **frames,
            "turnover": pd.concat([frames["turnover"], frames["turnover"].query("year == 2016").assign(year=2017)]),
        },
        "turnover", "year", "without a register of business units: 2017",
    ),
    "empty kvk": (edited("participants", kvk_id=(1, None)), "participants", "kvk_id", "empty values"),
    "blank kvk": (edited("participants", kvk_id=(1, "  ")), "participants", "kvk_id", "empty values"),
    "other pseudonyms": (
        lambda frames: {**frames, "participants": frames["participants"].assign(kvk_id=["x", "y", "z"])},
        "participants", "kvk_id", "no kvk_id that occurs in kvk_person",
    ),
    "a boolean for a number": (
        lambda frames: {**frames, "turnover": frames["turnover"].assign(turnover=True)},
        "turnover", "turnover", "stored as boolean",
    ),
}  # fmt: skip


AS_TEXT = {"text in a number", "thousands points", "text in a date"}
ALONE = {"no required table", "gap in the register", "turnover beyond the register", "other pseudonyms"}


def bundle_cases() -> list[list[str]]:
    """Put cases of different tables together in one extract: every problem must be found among the others."""
    bundles: list[list[str]] = []
    for case, (_, table, _, _) in HOSTILE.items():
        for bundle in bundles:
            other_tables = table not in {HOSTILE[other][1] for other in bundle}
            if other_tables and not ({case, *bundle} & ALONE) and (case in AS_TEXT) == (bundle[0] in AS_TEXT):
                bundle.append(case)
                break
        else:
            bundles.append([case])
    return bundles


@pytest.mark.parametrize("cases", bundle_cases(), ids=", ".join)
def test_hostile_input_is_named(cases, tmp_path, cache):
    frames = canonical_frames()
    for case in cases:
        frames = HOSTILE[case][0](frames)
    write = write_csv("utf-8", ";", ",", "%Y-%m-%d") if cases[0] in AS_TEXT else write_parquet
    problems = problems_of(write_extract(tmp_path / "raw", frames, write), cache)
    assert len(problems) == len(cases), [str(problem) for problem in problems]
    for case in cases:
        _, table, column, found = HOSTILE[case]
        (problem,) = [problem for problem in problems if problem.table == table]
        assert problem.column == column
        assert found in str(problem)
        assert problem.expected
        assert problem.action
        assert len(problem.examples) <= 3


def test_examples_name_rows_and_counts(tmp_path, cache):
    frames = edited("turnover", quarter=(4, 7))(edited("turnover", quarter=(2, 9))(canonical_frames()))
    (problem,) = problems_of(write_extract(tmp_path / "raw", frames, write_parquet), cache)
    assert problem.where == "turnover.parquet"
    assert problem.count == 2
    assert problem.examples == ("row 3: '9'", "row 5: '7'")


def test_all_problems_of_all_tables_come_in_one_error(tmp_path, cache):
    frames = canonical_frames()
    for edit in (
        edited("turnover", quarter=(0, 5)),
        repeated("turnover", turnover=3.0),
        edited("business_units", employed_persons=(3, -4.0)),
        without("kvk_person", "person_id"),
        without("person_business_unit"),
        edited("participants", kvk_id=(0, " ")),
    ):
        frames = edit(frames)
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    problems = problems_of(folder, cache)
    assert {problem.table for problem in problems} == {
        "turnover", "business_units", "kvk_person", "person_business_unit", "participants"
    }  # fmt: skip
    examination = examine_extract(folder, cache=cache)
    assert examination.problems == tuple(problems)
    assert examination.extract is None
    assert all(str(problem) in examination.text for problem in problems)


def break_file(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "suffix", "keep", "found"),
    [
        ("parquet", "parquet", -40, "cannot be read"),
        ("parquet", "parquet", 0, "it is empty"),
        ("sav", "sav", -40, "cannot be read to its end"),
        ("dta", "dta", 300, "cannot be read to its end"),
        ("csv in utf-8", "csv", -16, "another number of fields"),
    ],
)
def test_truncated_files_are_named(kind, suffix, keep, found, tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS[kind])
    path = folder / f"turnover.{suffix}"
    path.write_bytes(path.read_bytes()[:keep])
    problems = problems_of(folder, cache)
    assert [problem.where for problem in problems] == [path.name]
    assert found in problems[0].found


def test_damage_inside_a_parquet_file_is_named(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    path = folder / "turnover.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(bytes(content))
    (problem,) = problems_of(folder, cache)
    assert problem.where == path.name
    assert "cannot be read" in problem.found


def test_mixed_encodings_are_named_with_the_line(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["csv in utf-8"])
    path = folder / "participants.csv"
    path.write_bytes(path.read_bytes() + "00b2,Café,,\n".encode("cp1252"))
    (problem,) = problems_of(folder, cache)
    assert "mixed" in problem.found
    assert problem.examples == ("line 5",)


@pytest.mark.parametrize(
    ("values", "found"),
    [(["1,5", "2.5", "3"], "with a comma and"), (["1.234", "2.500", "300"], "may be thousands or decimals")],
)
def test_numbers_that_can_be_read_in_two_ways_are_named(values, found, tmp_path, cache):
    frames = canonical_frames()
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    (folder / "business_units.parquet").unlink()
    units = frames["business_units"].assign(employed_persons=values * 3)
    write_csv("utf-8", ";", ",", "%Y%m%d")(units, folder / "business_units")
    (problem,) = problems_of(folder, cache)
    assert problem.column == "employed_persons"
    assert found in problem.found


def test_two_files_for_one_table_are_named(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    write_csv("utf-8", ",", ".", "%Y%m%d")(canonical_frames()["events"], folder / "events")
    shutil.copy(folder / "turnover.parquet", folder / "turnover_2014.parquet")
    problems = problems_of(folder, cache)
    found = " ".join(problem.found for problem in problems)
    assert "in different formats for events" in found
    assert "beside 1 files of a year" in found


def test_a_year_in_the_rows_that_is_not_the_files_year_is_named(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    (folder / "DRT_BEID2018V1.parquet").rename(folder / "DRT_BEID2017V1.parquet")
    found = " ".join(problem.found for problem in problems_of(folder, cache))
    assert "rows of another year in the file of 2017" in found


def test_unknown_quality_codes_are_named(tmp_path, cache):
    folder = write_cbs(tmp_path / "raw", 2018, write_parquet)
    wide = cbs_files(2018)["Investeringen_nationaal2018V1"].assign(Kwaliteit_1=["A", "E", "Q", "A"], Kwaliteit_2="A")
    write_parquet(wide, folder / "Investeringen_nationaal2018V1.x")
    (problem,) = problems_of(folder, cache)
    assert problem.column == "Kwaliteit_1"
    assert problem.count == 1
    assert problem.examples == ("row 3: 'Q'",)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"files": {"turnovr": "x*"}}, "files"),
        ({"files": {"turnover": "omzet*.csv"}}, "files"),
        ({"columns": {"turnovr": {}}}, "columns"),
        ({"columns": {"turnover": {"turnover": "omzet"}}}, "turnover.parquet"),
        ({"columns": {"turnover": {"amount": "turnover"}}}, "columns"),
        ({"money_unit": {"turnover": 100}}, "money_unit"),
        ({"participants": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_wrong_settings_are_problems(options, where, tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    problems = problems_of(folder, cache, **options)
    assert [problem.where for problem in problems] == [where]


def test_no_folder_and_an_empty_folder_are_problems(tmp_path, cache):
    assert "no such folder" in str(problems_of(tmp_path / "nowhere", cache)[0])
    (tmp_path / "empty").mkdir()
    required = [name for name, contract in contracts().items() if contract.required]
    assert [problem.table for problem in problems_of(tmp_path / "empty", cache)] == required


def test_what_is_odd_but_allowed_is_noted(tmp_path, cache):
    frames = edited("business_units", size_code=(0, "77"))(canonical_frames())
    frames["turnover"] = pd.concat([frames["turnover"], frames["turnover"].iloc[[0]].assign(be_id=10000009)])
    extract = read_extract(write_extract(tmp_path / "raw", frames, write_parquet), cache=cache)
    notes = " ".join(extract.notes)
    assert "12 negative turnovers" in notes
    assert "1 unknown size codes" in notes
    assert "turnover: 1 rows of units that are not in that year's register" in notes


def test_progress_is_told(tmp_path, cache):
    told: list[str] = []
    read_extract(write_extract(tmp_path / "raw", canonical_frames(), write_parquet), cache=cache, progress=told.append)
    assert "reading turnover.parquet" in told


def test_the_environment_names_the_cache(tmp_path, monkeypatch):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    monkeypatch.setitem(os.environ, "SI_EVAL_CACHE", str(tmp_path / "elsewhere"))
    read_extract(folder)
    assert any((tmp_path / "elsewhere").iterdir())


def test_wide_parquet_and_long_parquet_are_the_same_type(tmp_path, cache):
    extract = read_extract(write_cbs(tmp_path / "raw", 2018, write_parquet), cache=cache)
    amounts = extract.tables["investments"].to_pyarrow()
    assert amounts.schema.field("amount").type == pa.float64()
