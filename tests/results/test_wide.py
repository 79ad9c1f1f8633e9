"""A result in a notebook: groups and years across, marks where there is no number, and whether it stays inside."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from si_eval.disclosure import protect
from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.vocabulary import TIDY


def table(rows: list[dict[str, object]], **fields: object) -> ResultTable:
    of_all = {"indicator": "revenue", "statistic": "mean", "size_class": "all", "sector": "all", "category": "all",
              "unit": "EUR", "note": "", "rule_set": "recommended", "exhibit": "revenue"}  # fmt: skip
    frame = pd.DataFrame([{**of_all, **row} for row in rows]).reindex(columns=TIDY)
    return ResultTable(frame, "made_up", "association", "", "recommended", exhibit="revenue", **fields)  # type: ignore[arg-type]


SPLIT = (("10-49", "0-9"), (2019, 2014), ("participant", "all"))
ROWS: list[dict[str, object]] = [
    {"group": group, "year": year, "size_class": size, "estimate": 100.0 * place, "n_units": 10.0 * place}
    for place, (size, year, group) in enumerate(product(*SPLIT), start=1)
]  # fmt: skip


def test_every_number_stands_in_its_row_and_column() -> None:
    wide = table(ROWS).to_wide()
    assert wide.size == len(ROWS)
    for row in ROWS:
        assert wide.loc[row["size_class"], (row["group"], row["year"])] == row["estimate"]
    assert list(wide.index) == ["10-49", "0-9"]
    assert list(wide.columns.get_level_values("year")[:2]) == [2019, 2014]


def test_several_numbers_have_a_level_of_their_own() -> None:
    wide = table(ROWS).to_wide(["estimate", "n_units"])
    for row in ROWS:
        assert wide.loc[row["size_class"], ("n_units", row["group"], row["year"])] == row["n_units"]


def test_rows_with_the_same_keys_are_all_there() -> None:
    twice = [{"group": "all", "year": 2019, "estimate": value} for value in (1.0, 2.0)]
    assert table(twice).to_wide().to_numpy().ravel().tolist() == [1.0, 2.0]
    assert table(twice[:1]).to_wide().to_numpy().ravel().tolist() == [1.0]


def test_a_column_that_is_no_number_is_refused() -> None:
    with pytest.raises(StudyError, match="estimate"):
        table(ROWS).to_wide("estimat")


def test_a_notebook_says_what_stays_inside_and_marks_what_is_withheld() -> None:
    counts = [
        {"group": "participant", "year": 2019, "size_class": size, "statistic": "count", "estimate": n, "n_units": n,
         "indicator": "business_units", "unit": "business units"}
        for size, n in (("0-9", 7.0), ("10-49", 41.0))
    ]  # fmt: skip
    inside = table(counts)._repr_html_()
    assert "Stays inside" in inside
    assert "; n 7" in inside
    (safe,) = protect([table(counts)], rules="cbs")
    shown = safe.in_language("nl")._repr_html_()
    assert "Beschermd" in shown
    assert "<td>*</td>" in shown
    assert "n 7" not in shown
    assert "samenhang" in shown


def test_no_text_of_a_table_is_read_as_html() -> None:
    rows = [{**row, "category": "<script>x</script>"} for row in ROWS] + [{**ROWS[0], "category": "b", "year": 2020}]
    assert "<script>" not in table(rows, titles={"en": "<script>y</script>"})._repr_html_()
