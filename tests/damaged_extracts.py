"""A tiny clean extract, and kinds of damage that users met: each spoils one value, column or file of it."""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat

from si_eval.errors import InputError
from si_eval.registers.extracts import read_extract
from si_eval.results import Extract

DAY = datetime.date
YEARS = (2014, 2015, 2016)
# How the files of a table begin at the statistical office, and its columns.
CBS_NAMES: dict[str, tuple[str, dict[str, str]]] = {
    "business_units": ("BE_ABR", {
        "be_id": "RBE_Identificatie", "year": "jaar", "employed_persons": "RBE_WerkzamePersonen",
        "sbi": "SbiGecoordineerd", "size_code": "GkSbsGecoordineerd",
        "founded": "oprichtingsdatumbedrijf", "group_id": "OgIdentificatie", "municipality": "gemcode",
    }),
    "turnover": ("DRT_BEID", {"be_id": "beid", "year": "JAAR", "quarter": "KWARTAAL", "turnover": "OMZET"}),
    "participants": ("Deelnemers", {"kvk_id": "KvKnummer", "entry_date": "datum_toetreding"}),
    "kvk_person": ("CBS_persoon_KvK_FIN_ABR", {"kvk_id": "VEP_KvKNummer_crypt", "person_id": "PERSOON_IDENTIFICATIE"}),
    "person_business_unit": ("BE_persoon_ABR", {
        "person_id": "PERSOON_IDENTIFICATIE", "be_id": "RBE_Identificatie", "start": "ROP_DatumOntstaanToepassing",
        "end": "ROP_DatumOpheffingToepassing",
    }),
}  # fmt: skip
Frames = dict[str, pd.DataFrame]

NUMBERS = {"business_units": ["employed_persons"], "turnover": ["turnover"]}
WHOLE = {"business_units": ["be_id", "year", "group_id"], "turnover": ["be_id", "year", "quarter"]}
LINKS = {"person_business_unit": ["person_id", "be_id"]}
IDS = {
    "participants": ["kvk_id"],
    "kvk_person": ["kvk_id", "person_id"],
    "person_business_unit": ["person_id", "be_id"],
}
CODES = {"business_units": ["sbi", "size_code", "municipality"]}
DATES = {"business_units": ["founded"], "participants": ["entry_date"], "person_business_unit": ["start", "end"]}
ANY = {"participants": ["fieldlab"], **NUMBERS, **IDS}


def clean_frames() -> Frames:
    """Make the clean extract; each call gives frames of its own, all values as text."""
    units = pd.DataFrame(
        {
            "be_id": ["10000001", "10000002", "10000003", "10000004"],
            "employed_persons": ["4.0", "20.0", "60.0", "300.0"],
            "size_code": ["21", "30", "50", "82"],
            "sbi": ["01110", "25620", "62010", "46900"],
            "founded": ["2001-01-01", "1999-12-31", "2005-06-15", "2010-02-28"],
            "group_id": ["501", "502", "503", "504"],
            "municipality": ["0363", "0014", "1680", "0599"],
        }
    )
    money = ["1500.0", "-2500.0", "3000.0", "1234567.0"]
    return {
        "business_units": pd.concat([units.assign(year=str(year)) for year in YEARS], ignore_index=True),
        "turnover": pd.concat(
            [
                units[["be_id"]].assign(year=str(year), quarter=str(quarter), turnover=money)
                for year in YEARS
                for quarter in (1, 2, 3, 4)
            ],
            ignore_index=True,
        ),
        "participants": pd.DataFrame(
            {"kvk_id": ["01234567", "12345678"], "fieldlab": ["A", "B"], "entry_date": ["2015-03-04", "2016-01-01"]}
        ),
        "kvk_person": pd.DataFrame({"kvk_id": ["01234567", "12345678"], "person_id": ["900001", "900002"]}),
        "person_business_unit": pd.DataFrame(
            {
                "person_id": ["900001", "900002"],
                "be_id": ["10000001", "10000002"],
                "start": ["2010-01-01", "2011-01-01"],
                "end": ["2079-06-06", "2079-06-06"],
            }
        ),
    }


def _texts(*changes: str | Callable[[str], str]) -> list[Callable[[str], str]]:
    return [change if callable(change) else (lambda _, text=change: text) for change in changes]


def _grouped(mark: str, decimal: str) -> Callable[[str], str]:
    def write(text: str) -> str:
        whole = f"{float(text):,.2f}" if decimal else f"{float(text):,.0f}"
        return whole.replace(",", "\0").replace(".", decimal or ".").replace("\0", mark)

    return write


MISSING = _texts(
    "NA", "N/A", "None", "null", "NaN", ".", "-", "#N/A", "#DIV/0!", "", "  ", "n.v.t.", "?", "--", "\u2014"
)
WORDS = [word for word in MISSING if word("").strip()]  # in a column that may be empty
NOT_UNKNOWN = [word for word in WORDS if word("") not in {"-", "--", "\u2014"}]  # which is a code of its own
WRAPPED = _texts(
    lambda text: f'="{text}"', lambda text: f"'{text}", lambda text: f" {text} ", lambda text: f"{text}\u00a0",
    lambda text: f"\ufeff{text}", lambda text: f"{text}\t", lambda text: f'"{text}"',
)  # fmt: skip
OTHER_DIGITS = _texts(
    lambda text: "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in text),
    lambda text: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in text),
)
SHORTENED = _texts(lambda text: text.lstrip("0"), lambda text: str(int(text)) + ".0" if text.isdigit() else text)
# kind of damage -> the columns it can meet, and what it makes of a text
ONE_VALUE: dict[str, tuple[dict[str, list[str]], list[Callable[[str], str]]]] = {
    "thousands": (NUMBERS, [_grouped(*pair) for pair in ((",", ""), (".", ""), ("\u00a0", ""))]),
    "other thousands": (NUMBERS, [_grouped(*pair) for pair in ((" ", ","), ("'", "."))]),
    "both marks": (NUMBERS, [_grouped(".", ","), _grouped(",", "."), _grouped("\u202f", ",")]),
    "decimal comma": (NUMBERS, _texts(lambda text: text.replace(".", ","))),
    "exponent": (IDS, _texts("1,23E+07", "1.2e-3", "1E+07", "1e400", "9" * 400)),
    "overflow": (NUMBERS, _texts("1e400", "-1e999", "9" * 400)),
    "infinite": (NUMBERS, _texts("inf", "-Infinity", "\u221e")),
    "sign": (NUMBERS, _texts(lambda t: f"{t.lstrip('-')}-", lambda t: f"({t})", lambda t: f"\u2212{t}")),
    "unit": (NUMBERS, _texts(lambda t: f"\u20ac {t}", lambda t: f"{t}%", lambda t: f"{t} EUR", "ca. 10")),
    "missing number": ({**NUMBERS, **WHOLE}, MISSING),
    "missing identifier": (IDS, MISSING),
    "missing code": (CODES, NOT_UNKNOWN),
    "missing date": (DATES, [*WORDS, *_texts("0000-00-00", "00000000")]),
    "wrapped number": ({**NUMBERS, **WHOLE}, WRAPPED),
    "wrapped identifier": (IDS, WRAPPED),
    "wrapped code": (CODES, WRAPPED),
    "wrapped date": (DATES, WRAPPED),
    "other digits": ({**NUMBERS, **IDS}, OTHER_DIGITS),
    "other digits in codes": ({**CODES, **DATES}, OTHER_DIGITS),
    "lost zeros": (IDS, SHORTENED),
    "lost zeros in codes": (CODES, SHORTENED),
    "letters in an identifier": (IDS, _texts(lambda t: t[:-1] + "O", lambda t: f"NL{t}", lambda t: t + "x")),
    "long identifier": ({"participants": ["kvk_id"]}, _texts(lambda text: text + "0", lambda text: text + "0000")),
    "dots in a code": ({"business_units": ["sbi"]}, _texts(lambda text: f"{text[:2]}.{text[2:4]}.{text[4:]}")),
    "letters in a code": ({"business_units": ["sbi"]}, _texts(lambda text: f"C{text}", "C", "C25", "256200", "25-62")),
    "date written otherwise": (
        DATES,
        _texts(
            lambda text: text.replace("-", ""), lambda text: "-".join(reversed(text.split("-"))), "04/03/2015",
            "2015-03", "42067", "4 maart 2015", "04-03-15", "2015-13-01", "2015-03-04T23:00:00Z",
        ),
    ),
    "placeholder": ({**IDS, **WHOLE}, _texts("0", "00000000", "-1")),
    "unlikely date": (DATES, _texts("0201-01-01", "150301", "1503-01-01")),
    "unknown code": ({"business_units": ["sbi", "size_code"]}, _texts("34000", "77")),
    "year": (
        {"business_units": ["year"], "turnover": ["year"]},
        _texts("20190101", "201", "2014.0", "20014", "14", "0", "-2014", "2014-01-01", "2014,5"),
    ),
    "fraction in an identifier": ({"turnover": ["be_id"]}, _texts(lambda text: text + ".5", lambda text: text + ".0")),
    "quarter": ({"turnover": ["quarter"]}, _texts("Q1", "5", "0", "1.5", "I")),
    "line end in a text": ({"participants": ["fieldlab"]}, _texts("A\nB", 'A";"B', "A;B", "A\r\nB")),
}  # fmt: skip


def _empty(column: pd.Series) -> list[object]:
    return [None] * len(column)


WHOLE_COLUMN: dict[str, tuple[dict[str, list[str]], list[Callable[[pd.Series], object]]]] = {
    "column with thousands commas": (NUMBERS, [lambda c: [_grouped(",", "")(text) for text in c]]),
    "column with thousands points": (NUMBERS, [lambda c: [_grouped(".", "")(text) for text in c]]),
    "column in Dutch": (NUMBERS, [lambda c: [_grouped(".", ",")(text) for text in c]]),
    "empty column": ({**ANY, **CODES, **DATES, **WHOLE}, [_empty, lambda c: [""] * len(c), lambda c: ["NA"] * len(c)]),
    "column of doubles": ({**WHOLE, **IDS}, [lambda c: [f"{float(text)}" for text in c], lambda c: c.astype(float)]),
    "column of four-byte floats": (
        LINKS, [lambda c: c.astype("float32"), lambda c: (c.astype(float) * 9).astype("float32")],
    ),
    "column without zeros": (IDS | CODES, [lambda c: [text.lstrip("0") for text in c], lambda c: c.astype("int64")]),
    "moments in a zone": (DATES, [
        lambda c: pd.to_datetime(c).dt.tz_localize("Europe/Amsterdam"),
        lambda c: pd.to_datetime(c).dt.tz_localize("Europe/Amsterdam").dt.tz_convert("UTC"),
        lambda c: pd.to_datetime(c).dt.tz_localize("Europe/Amsterdam").dt.tz_convert("UTC").dt.tz_localize(None),
    ]),
    "booleans": ({**NUMBERS, **IDS}, [lambda c: [True] * len(c)]),
    "categories": ({**IDS, **CODES}, [lambda c: c.astype("category"), lambda c: [text.encode() for text in c]]),
}  # fmt: skip


def _cut(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for place in chance.sample(range(len(content)), min(8, len(content))):
        content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content))


def _blot(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    start = chance.randrange(len(content))
    content[start : start + 40] = bytes(chance.choice((0x00, 0xFF)) for _ in content[start : start + 40])
    path.write_bytes(bytes(content))


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path, _: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone"))


def _encode(encoding: str) -> Callable[[Path, random.Random], None]:
    def write(path: Path, _: random.Random) -> None:
        path.write_bytes(path.read_bytes().decode("utf-8", errors="replace").encode(encoding, errors="replace"))

    return write


def _replace(old: bytes, new: bytes, count: int = -1) -> Callable[[Path, random.Random], None]:
    return lambda path, _: path.write_bytes(path.read_bytes().replace(old, new, count)) and None


def _append(more: bytes) -> Callable[[Path, random.Random], None]:
    return lambda path, _: path.write_bytes(path.read_bytes() + more) and None


FILES: dict[str, tuple[str, list[Callable[[Path, random.Random], None]]]] = {
    "cut off": ("", [_cut]),
    "nothing in it": ("", [lambda path, _: path.write_bytes(b"") and None]),
    "no file": ("", [_folder, _pipe, _link, lambda path, _: path.unlink()]),
    "flipped bits of parquet": ("parquet", [_flip, _blot]),
    "blot on a text": ("csv", [_blot]),
    "other encoding": ("csv", [_encode("utf-16"), _encode("utf-16-le"), _encode("utf-8-sig"), _encode("utf-32")]),
    "other delimiter": ("csv", [_replace(b";", mark) for mark in (b",", b"\t", b"|", b":")]),
    "line ends": ("csv", [_replace(b"\n", b"\r"), _replace(b"\n", b"\r\n"), _replace(b"\n", b"\n\n")]),
    "ragged line": ("csv", [_replace(b"\n1", b"\n;1", 1), _append(b"1;2")]),
    "stray quote": ("csv", [_replace(b";", b';"', 2), _replace(b"\n", b'\n"', 1), _replace(b";", b'"', 3)]),
    "another format": ("", [lambda path, _: path.write_bytes(b"PK\x03\x04" + b"x" * 99) and None]),
    "a column twice": ("csv", [lambda path, _: path.write_bytes(b"\n".join(
        line + b";" + line.split(b";")[0] for line in path.read_bytes().splitlines())) and None]),
}  # fmt: skip
KINDS = (*ONE_VALUE, *WHOLE_COLUMN, *FILES)


def write_damaged(folder: Path, kind: str, seed: int, layout: str = "canonical", form: str = "") -> str:
    """Write the tiny extract with one kind of damage; return in words what was done; ``form`` is any by default."""
    chance = random.Random(f"{kind} {seed}")
    frames: dict[str, pd.DataFrame] = clean_frames()
    formats = {table: form or chance.choice(("parquet", "csv")) for table in frames}
    done, column = "", ""
    if kind in FILES:
        fitting, ways = FILES[kind]
        table = chance.choice(sorted(frames))
        formats[table] = fitting or formats[table]
    else:
        columns, changes = (ONE_VALUE if kind in ONE_VALUE else WHOLE_COLUMN)[kind]
        table = chance.choice(sorted(columns))
        column, place = chance.choice(columns[table]), chance.randrange(len(changes))
        frame = frames[table]
        if kind in ONE_VALUE:
            row = chance.randrange(len(frame))
            value = changes[place](frame[column].iloc[row])
            frame.loc[row, column] = value
            done = f"row {row}: {value!r}"
        else:
            frames[table] = frame.assign(**{column: changes[place](frame[column])})
            done = f"change {place}"
        done = f"{table}.{column} {done}"
    for name, frame in frames.items():
        damaged = set(frame) if name == table and formats[name] in ("parquet", "csv") else {column}
        plain = frame if formats[name] == "csv" else _typed(frame, name, damaged if name == table else set())
        _write(plain, folder, name, formats[name], layout)
    if kind in FILES:
        place = chance.randrange(len(ways))
        path = min(
            path for path in folder.iterdir() if path.name.startswith(CBS_NAMES[table][0] if layout == "cbs" else table)
        )
        ways[place](path, chance)
        done = f"{path.name} way {place}"
    return f"{kind}: {done} ({formats[table]}, {layout})"


def _typed(frame: pd.DataFrame, name: str, damaged: set[str]) -> pd.DataFrame:
    typed = frame.copy()
    for column in set(frame) - damaged:
        if column in {*NUMBERS.get(name, ()), *WHOLE.get(name, ()), "be_id", "group_id"}:
            typed[column] = pd.to_numeric(frame[column])
        elif column in DATES.get(name, ()):
            typed[column] = [DAY.fromisoformat(text) for text in frame[column]]
    return typed


def _write(frame: pd.DataFrame, folder: Path, name: str, form: str, layout: str = "canonical") -> None:
    """Write a table: as one file, or under the names of the statistical office with a file a year."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: frame}
    if layout == "cbs":
        start, names = CBS_NAMES[name]
        files = {f"{start}{year}": part.rename(columns=names) for year, part in _by_year(frame, name).items()}
    for stem, part in files.items():
        if form == "parquet":
            part.to_parquet(folder / f"{stem}.parquet")
        elif form == "sav":
            doubles = {column: float for column in part if part[column].dtype.kind in "iuf"}
            texts = {column: str for column in part if part[column].dtype == "category"}
            pyreadstat.write_sav(part.astype(doubles | texts).reset_index(drop=True), folder / f"{stem}.sav")
        else:
            part.to_csv(folder / f"{stem}.csv", sep=";", index=False)


def _by_year(frame: pd.DataFrame, name: str) -> dict[str, pd.DataFrame]:
    """Part a table by year; a year that is damaged stays in the first file, and what has no year is in all."""
    if name == "participants":
        return {"": frame}
    if "year" not in frame:
        return dict.fromkeys(map(str, YEARS), frame)
    years = frame["year"].astype(str)
    later = {str(year): frame[years == str(year)] for year in YEARS[1:]}
    return {str(YEARS[0]): frame[~years.isin(list(later))], **later}


def headline(tables: Frames) -> dict[str, object]:
    """Compute units, sectors and means by group of the tables of an extract."""
    units, turnover = tables["business_units"], tables["turnover"]
    links = tables["participants"][["kvk_id"]].drop_duplicates().merge(tables["kvk_person"], on="kvk_id")
    links = links.merge(tables["person_business_unit"], on="person_id")
    linked = units["be_id"].isin(links["be_id"])
    revenue = turnover.groupby(["be_id", "year"], as_index=False)["turnover"].agg(["sum", "count"])
    units = units.assign(linked=linked).merge(revenue, on=["be_id", "year"], how="left")
    by_group = units.groupby(["linked", "year"])
    return {
        "units": by_group.size().to_dict(),
        "persons": by_group["employed_persons"].mean().round(6).to_dict(),
        "revenue": by_group["sum"].mean().round(4).to_dict(),
        "quarters": int(units["count"].sum()),
        "sectors": units["sbi"].value_counts().to_dict(),
        "sizes": units["size_code"].value_counts().to_dict(),
        "places": units["municipality"].value_counts().to_dict(),
        "founded": units["founded"].astype(str).value_counts().to_dict(),
        "groups": units["group_id"].value_counts().to_dict(),
        "fieldlabs": int(tables["participants"]["fieldlab"].count()),
        "entry": sorted(map(str, tables["participants"]["entry_date"])),
        "links": sorted(map(str, links[["start", "end"]].to_numpy().tolist())),
    }


def outcome_of(folder: Path, cache: Path, clean: dict[str, object]) -> str:
    """Read a damaged extract: `refused`, `remarked`, `unchanged`, or in words what went wrong."""
    table_names = tuple(clean_frames())
    try:
        extract = read_extract(folder, cache=cache)
    except InputError as error:
        named = all(
            any(name in f"{problem.where} {problem.table} {problem.column}" for name in table_names)
            for problem in error.problems
        )
        return "refused" if named else f"WRONG: a problem without its place: {error}"
    except Exception as error:  # the kind of outcome that must not be
        return f"WRONG: {type(error).__name__}: {error}"
    read = _figures(extract)
    if all(read[name] == clean[name] for name in read):
        return "unchanged"
    remarks = _remarks(extract) - clean["remarks"]
    if remarks:
        return "remarked"
    return f"WRONG: {[(name, read[name], clean[name]) for name in read if read[name] != clean[name]]}"


def clean_headline(folder: Path, cache: Path, layout: str = "canonical", form: str = "parquet") -> dict[str, object]:
    """Read the clean extract and compute its figures."""
    for name, frame in clean_frames().items():
        _write(_typed(frame, name, set()), folder, name, form, layout)
    extract = read_extract(folder, cache=cache)
    return {**_figures(extract), "remarks": _remarks(extract)}


def _figures(extract: Extract) -> dict[str, object]:
    return headline({name: table.to_pandas() for name, table in extract.tables.items()})


def _remarks(extract: Extract) -> set[str]:
    return {note for note in extract.notes if " is absent: " not in note}
