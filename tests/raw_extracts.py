"""Small raw extracts as files: every format, the names of CBS, and ways to spoil them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from si_eval.errors import InputError
from si_eval.registers.extracts import read_extract
from si_eval.registers.schema import wide_codes
from si_eval.registry import assets

DAY = datetime.date


MACHINES = next(asset for asset, entry in assets().items() if entry["cbs_code"] == "C012")


YEARS = (2014, 2015, 2016)


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


def break_file(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
