"""Which number stands for a cell, and what is refused before anything is compared."""

from __future__ import annotations

import pandas as pd
import pytest
from paths import DATA
from published_cells import FILE, WITHHELD, cell, judge, published, safe

from si_eval.errors import DisclosureError, InputError, StudyError
from si_eval.published import compare_published
from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS
from si_eval.results import ResultTable, SafeTable

PUBLISHED = DATA / "published"


def test_a_withheld_whole_is_not_added_up_from_its_parts() -> None:
    keys = {"indicator": "size_class", "statistic": "share"}
    parts = [cell(0.2, size_class="50-249", **keys), cell(0.1, size_class="250+", **keys)]
    asked = {"value": "0.3", "step": "0.1", "size_class": "50+", **keys}
    assert judge("figure", parts, **asked)["verdict"] == "exact"
    assert judge("figure", [*parts, cell(WITHHELD, size_class="50+", **keys)], **asked)["verdict"] == "not computable"
    assert (
        judge("figure", [parts[0], cell(WITHHELD, size_class="250+", **keys)], **asked)["verdict"] == "not computable"
    )


def test_means_are_never_added_up() -> None:
    rows = [cell(1.0, size_class="50-249"), cell(2.0, size_class="250+")]
    assert judge("figure", rows, value="3", step="1", size_class="50+")["verdict"] == "not computable"


def test_the_cited_exhibit_and_the_rule_set_of_the_source_come_first() -> None:
    tables = [safe([cell(1.0)], exhibit="cited"), safe([cell(2.0)], exhibit="elsewhere")]
    recommended = safe([cell(9.0) | {"rule_set": "recommended"}], exhibit="cited")

    def verdict(tables: list[SafeTable], exhibit: str) -> pd.Series:
        figures = published(FIGURE_COLUMNS, value="1", step="1", exhibit=exhibit)
        claims = published(CLAIM_COLUMNS).iloc[:0]
        return compare_published(tables, figures=figures, claims=claims, readings=FILE).frame.iloc[0]

    assert verdict([*tables, recommended], "cited;other")["verdict"] == "exact"
    assert "several numbers for one cell (cited, elsewhere)" in verdict(tables, "")["reason"]
    assert verdict([recommended], "cited")["verdict"] == "fails"


def test_only_protected_tables_are_taken() -> None:
    unprotected = ResultTable(pd.DataFrame([cell(1.0)]), "f", "association", "", "replicate_2020")
    for found in (unprotected, unprotected.frame):
        with pytest.raises(DisclosureError, match=f"found {type(found).__name__}; expected SafeTable"):
            compare_published([found], figures=PUBLISHED / "figures.csv", claims=PUBLISHED / "claims.csv")


def test_every_problem_of_the_rows_is_told_at_once() -> None:
    figures = published(FIGURE_COLUMNS, quantity="mood", precision="roughly", value="ten", year="lately")
    claims = published(CLAIM_COLUMNS, comparison="~", quantifier="few", word="hugely", quantity="gap")
    with pytest.raises(InputError) as raised:
        compare_published([], figures=pd.concat([figures, figures]), claims=claims, readings=FILE)
    told = str(raised.value)
    for found in (
        "mood",
        "roughly",
        "2 values that are not a number",
        "lately",
        "the same id twice",
        "~",
        "few",
        "hugely",
        "group:non_participant",
    ):
        assert found in told
    with pytest.raises(InputError, match="no word"):
        compare_published([], figures=figures.iloc[:0], claims=claims.drop(columns="word"), readings=FILE)


def test_rows_without_a_file_need_readings() -> None:
    with pytest.raises(StudyError, match="readings="):
        compare_published([], figures=published(FIGURE_COLUMNS), claims=published(CLAIM_COLUMNS))
