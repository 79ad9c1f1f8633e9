"""The contract of the raw tables: what the facts say, and that they fit one another."""

from __future__ import annotations

import re

import ibis
import pytest

from si_eval.registers.extracts.converted import TextColumn
from si_eval.registers.extracts.files import FORMATS, find_files
from si_eval.registers.extracts.values import convert, kind_of_text, text_of
from si_eval.registers.schema import Column, contracts, row_checks, table_names, wide_codes, wide_investments
from si_eval.registry import assets, facts

CONTRACT = {
    "business_units": "be_id year employed_persons size_code sbi founded group_id municipality",
    "enterprise_groups": "group_id year employed_persons size_code",
    "turnover": "be_id year quarter turnover",
    "investments": "be_id year asset component amount response",
    "participants": "kvk_id fieldlab entry_date intensity",
    "kvk_person": "kvk_id person_id year",
    "person_business_unit": "person_id be_id start end",
    "events": "be_id year event",
}
REQUIRED = {"business_units", "participants", "kvk_person", "person_business_unit"}


def test_the_tables_are_those_of_the_contract_in_its_order():
    assert {name: " ".join(contracts()[name].visible) for name in table_names()} == CONTRACT
    assert {name for name in table_names() if contracts()[name].required} == REQUIRED
    assert all(contracts()[name].without for name in table_names()), "each says what cannot be answered without it"


@pytest.mark.parametrize("name", contracts())
def test_facts_fit_one_another(name):
    contract = contracts()[name]
    assert set(contract.key) <= set(contract.columns)
    assert contract.completes in {"", *table_names()}
    for column in contract.columns.values():
        assert column.type in {"int64", "float64", "string", "date"}
        assert all(alias.first <= alias.last for alias in column.names)
        spelled = [alias.name.casefold() for alias in column.names]
        assert len(spelled) == len(set(spelled)), f"{column.name} has an alias twice"


def test_every_asset_has_its_wide_columns():
    assert {asset for asset, _ in wide_codes().values()} == set(assets())
    components = contracts()["investments"].columns["component"].options
    assert {component for _, component in wide_codes().values()} <= set(components)
    assert all(re.fullmatch(r"C\d{6}", code) for code in wide_codes())
    assert set(wide_codes()) <= set(wide_investments().columns)
    responses = {rule["response"] for rule in facts("tables")["wide_investments"]["responses"]}
    assert responses == set(contracts()["investments"].columns["response"].options)


@pytest.mark.parametrize(
    ("name", "table", "year", "version"),
    [
        ("business_units.csv", "business_units", None, None),
        ("Business_Units_2014.PARQUET", "business_units", 2014, None),
        ("BE_ABR2014V2.sav", "business_units", 2014, 2),
        ("ABR_BE2022V1.sav", "business_units", 2022, 1),
        ("120301 OG_ABR 2012V1.sav", "enterprise_groups", 2012, 1),
        ("og_abr2016v3.dta", "enterprise_groups", 2016, 3),
        ("BE_OG_ABR 2014V1.sav", "business_unit_groups", 2014, 1),
        ("ABR_BE_OG2023V1.sav", "business_unit_groups", 2023, 1),
        ("BE_persoon_ABR2015V1.zsav", "person_business_unit", 2015, 1),
        ("ABR_BE_PERSOON2021V1.sav", "person_business_unit", 2021, 1),
        ("CBS_persoon_ABR2007.sav", "kvk_person", 2007, None),
        ("CBS_persoon_KvK_FIN_ABR2014V1.sav", "kvk_person", 2014, 1),
        ("ABR_CBS_persoon_KvK_FIN2024V1.sav", "kvk_person", 2024, 1),
        ("110405 BE_eventbijdragen_ABR 2010V1.sav", "events", 2010, 1),
        ("BDK2018V1.sav", "business_unit_founding", 2018, 1),
        ("Investeringen_nationaal2018V2.sav", "investments", 2018, 2),
        ("DRT_BEID2019V1.csv", "turnover", 2019, 1),
        ("Deelnemers Smart Industry 2019.csv", "participants", None, None),
        ("iets anders.csv", None, None, None),
        ("BE_ABR2014V1.xlsx", None, None, None),
    ],
)
def test_file_names_tell_table_year_and_version(name, table, year, version, tmp_path):
    (tmp_path / name).touch()
    found = find_files(tmp_path)
    if table is None:
        assert found.files == ()
        assert found.unrecognised == (name,)
    else:
        (file,) = found.files
        assert (file.table, file.year, file.version, file.format in FORMATS) == (table, year, version, True)


@pytest.mark.parametrize(("beside", "table"), [
    ("turnover_2.csv", "turnover"), ("Turnover - copy.csv", "turnover"), ("turnover2019 (1).csv", "turnover"),
    ("turnover.xlsx", "turnover"), ("DRT_BEID2018V1 (2).csv", "turnover"), ("be_abr final.csv", "business_units"),
    ("events.xlsx", "events"), ("turn.csv", None), ("turnovers.csv", None), ("x.pdf", None),
])  # fmt: skip
def test_a_file_that_begins_as_a_table_and_is_not_read_is_told(beside, table, tmp_path):
    for name in ("DRT_BEID2019V1.csv", "BE_ABR2019V1.csv", beside):
        (tmp_path / name).touch()
    found = find_files(tmp_path)
    assert [file.name for file in found.files] == ["BE_ABR2019V1.csv", "DRT_BEID2019V1.csv"]
    told = f"{beside} is not read: it begins as a file of {table}, and its name or format is of no table"
    assert found.notes == ((told,) if table else ())


def read_values(values: list, stored: str, column: Column) -> tuple[list, int]:
    """Convert values as an engine would, and count those that resist."""
    engine = ibis.duckdb.connect()
    raw = engine.create_table("raw", schema=ibis.schema({"row": "int64", "value": stored}))
    engine.insert("raw", ibis.memtable({"row": range(len(values)), "value": values}, schema=raw.schema()))
    text = text_of(raw.value, column) if stored == "string" else None
    converted = convert(raw.value, column, None if text is None else TextColumn(text, kind_of_text(text, column)))
    marks = [converted.checks[mark].fill_null(False) for mark in RESIST if mark in converted.checks]
    read = converted.readings.get("padded", converted.value)
    table = raw.select(raw.row, value=read, resists=ibis.or_(*marks, ibis.literal(False))).order_by("row").to_pyarrow()
    return table["value"].to_pylist(), sum(map(bool, table["resists"].to_pylist()))


RESIST = ("unreadable", "inexact", "resists")
INTEGER = Column("be_id", "int64", ())
NUMBER = Column("turnover", "float64", ())
DATE = Column("founded", "date", ())
FIRST_OF_MONTH = Column("start", "date", (), month="first")
LAST_OF_MONTH = Column("end", "date", (), month="last")
SBI = Column("sbi", "string", (), code="sbi", pad=5)
CODE = Column("municipality", "string", (), code="id", pad=4)


@pytest.mark.parametrize(
    ("column", "stored", "values", "expected", "resisting"),
    [
        (INTEGER, "string", ["  12", "12.0", "12,00", "", None, "1e3", "1.5", "12 3"], [12] * 3 + [None] * 5, 3),
        (INTEGER, "float64", [3.0, 2.0**53, 2.0**60, 1.5, None], [3, None, None, None, None], 3),
        (NUMBER, "string", ["1,5", "-0.25", "3", ",5", "1e3"], [1.5, -0.25, 3.0, 0.5, 1000.0], 0),
        (NUMBER, "string", ["1.234,5", "1.234.567", "NA", "1 000", "€ 5"], [1234.5, 1234567.0, None, 1000.0, None], 1),
        (DATE, "string", ["20140301", "2014-03-01", "01-03-2014", "2014-03-01 00:00:00"], ["2014-03-01"] * 4, 0),
        (DATE, "string", ["20140230", "01/03/2014", "2014", "201403", "0"], [None] * 5, 5),
        (DATE, "float64", [20140301.0, 18500101.0, 20141301.0, None], ["2014-03-01", "1850-01-01", None, None], 1),
        (FIRST_OF_MONTH, "int64", [202102, 20210203], ["2021-02-01", "2021-02-03"], 0),
        (LAST_OF_MONTH, "int64", [202102, 20210203, 20790606], ["2021-02-28", "2021-02-03", None], 0),
        (SBI, "string", [" 1110", "  1110", "01.11", "2562", "--", "C25", "1110.0"],
         ["01110", "01110", "0111", "02562", None, None, "01110"], 1),
        (SBI, "int64", [1110, 25620], ["01110", "25620"], 0),
        (CODE, "string", ["0363", " 14", "363.0"], ["0363", "0014", "0363"], 0),
        (CODE, "float64", [363.0, 1.5], ["0363", None], 1),
    ],
)  # fmt: skip
def test_values_are_read_as_they_are_stored(column, stored, values, expected, resisting):
    read, count = read_values(values, stored, column)
    assert [str(value) if column.type == "date" and value is not None else value for value in read] == expected
    assert count == resisting


def test_row_checks_name_what_they_find():
    table = ibis.table({"be_id": "int64", "year": "int64", "quarter": "int64", "turnover": "float64"}, name="t")
    values = {name: table[name] for name in table.columns}
    checks = row_checks(contracts()["turnover"], values, file_year=2014, layout="canonical")
    refused = {(check.name, check.column) for check in checks if check.problem}
    assert refused == {
        ("empty", "be_id"),
        ("empty", "year"),
        ("empty", "quarter"),
        ("quarter", "quarter"),
        ("year", "year"),
        ("year_of_file", "year"),
    }
    assert all(check.expected and check.action for check in checks if check.problem)
