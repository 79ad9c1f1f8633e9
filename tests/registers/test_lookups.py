"""Participants under an identifier that only another table links to the register's."""

from __future__ import annotations

import pytest

import si_eval as se
from si_eval.errors import InputError
from si_eval.study.file import load_study

STUDY = """
name = "small"
title = "Small"
languages = ["en"]
[extract]
link = "direct"
folders = ["extract"]
[extract.files]
numbers = "vat_*.csv"
participants = "awards.csv"
[extract.columns.business_units]
be_id = "entref"
[extract.columns.numbers]
be_id = "entref"
[extract.columns.participants]
vat = "vat_reg"
[extract.lookup]
table = "numbers"
id = "vat"
[groups.treated]
where = { decision = "yes" }
[groups.refused]
file = "refused.csv"
[indicators.paid]
column = "paid"
unit = "EUR"
labels = "Paid"
[[exhibits]]
id = "x"
chapter = "1"
title = "X"
function = "describe_linkage"
chart = { kind = "table" }
"""
FILES = {
    "business_units.csv": "entref,year,employed_persons,turnover\n"
    + "".join(f"E{unit},{year},3,{unit}00\n" for unit in range(1, 7) for year in (2018, 2019)),
    # E1 has two numbers; the numbers of the table begin with zeros that the list lost
    "vat_links.csv": "entref,vat\nE1,0101\nE1,0102\nE2,0201\nE3,0301\nE3,0301\nE6,0601\n,0999\n",
    "awards.csv": "vat_reg,decision,paid\n101,yes,5\n102,yes,6\n201,yes,7\n301,no,8\n777,yes,9\n",
    "refused.csv": "vat_reg\n601\n",
}


def read(folder, study=STUDY, **files):
    (folder / "extract").mkdir()
    for name, text in {**FILES, **files}.items():
        (folder / "extract" / name).write_text(text, encoding="utf-8")
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return se.read_registers(load_study(folder / "study.toml"))


def test_lists_are_linked_by_a_table_and_counted(tmp_path):
    extract, linkage, panel = read(tmp_path)
    frame = panel.to_frame().query("year == 2019").set_index("revenue")  # E1 sold 100, E2 200
    assert frame.index[frame["participant"] == 1].tolist() == [100, 200]
    assert frame["paid"].dropna().to_dict() == {100: 11.0, 200: 7.0}
    assert frame.index[frame["refused"].astype(bool)].tolist() == [600]
    funnel = linkage.funnel().query("step == 'register'").set_index("reason")["n"].to_dict()
    assert funnel == {"kept": 2, "never_in_register": 1}
    (note,) = (one for one in extract.notes if one.startswith("participants: 4 of 5"))
    assert note.endswith("lead to 3 units by numbers: 2 one to one, 1 units have several")
    assert "numbers: 1 rows lead to no unit" in extract.notes
    assert "kvk_id" in extract.tables["participants"].columns, "a release is scanned for them"


REFUSED = {
    "an identifier of two units": (
        {"vat_links.csv": FILES["vat_links.csv"] + "E4,0201\n"},
        "1 values of `vat` that lead",
    ),
    "no such column": ({"vat_links.csv": "entref,number\nE1,1\n"}, "no column `vat`"),
    "a list without either": ({"refused.csv": "name\nx\n"}, "no column for be_id"),
    "a row without one": ({"awards.csv": FILES["awards.csv"] + ",yes,1\n"}, "1 rows without `vat`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_lead_to_one_unit_is_refused(tmp_path, name):
    files, told = REFUSED[name]
    with pytest.raises(InputError) as error:
        read(tmp_path, **files)
    assert told in str(error.value)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no table number"):
        read(tmp_path, STUDY.replace('table = "numbers"', 'table = "number"'))
