"""Every verdict on a printed figure, on cells made up for it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_cells import FILE, OTHER, READINGS, WITHHELD, cell, judge, pair, published, safe

from si_eval.published import compare_published
from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS
from si_eval.published.verdicts import VERDICTS

FIGURES = [
    (100.4, {"value": "100", "step": "1"}, "exact", "computed 100.4, printed 100"),
    (100.6, {"value": "100", "step": "1"}, "fails", "allowed 99.5 to 100.5"),
    (0.2249, {"value": "0.22", "step": "0.01", "precision": "percent"}, "within precision", ""),
    (0.2251, {"value": "0.22", "step": "0.01", "precision": "percent"}, "fails", ""),
    (100.9, {"value": "100", "step": "1", "precision": "just_above"}, "within precision", ""),
    (99.9, {"value": "100", "step": "1", "precision": "just_above"}, "fails", ""),
    (575.0, {"value": "550", "step": "50", "precision": "about"}, "within precision", ""),
    (WITHHELD, {"value": "100", "step": "1"}, "not computable", "suppressed here"),
    (None, {"value": "100", "step": "1"}, "not computable", "no such data"),
    (100.0, {"value": "100", "step": "1", "indicator": "age"}, "not computable", "no exhibit holds Firm age · Mean"),
    (WITHHELD, {"precision": "withheld"}, "exact", "withheld here and in the source"),
    (100.0, {"precision": "withheld"}, "not computable", "no printed number"),
    (100.0, {"precision": "unprinted"}, "not computable", "prints no value"),
    (100.0, {"value": "900", "precision": "target"}, "not computable", "a target for the future"),
    (
        100.0,
        {"value": "100", "step": "1", "confidence": "0.6", "note": "lost label"},
        "exact",
        "ambiguous, read with confidence 0.6; lost",
    ),
]


@pytest.mark.parametrize(("value", "keys", "verdict", "reason"), FIGURES)
def test_figure_gets_its_verdict(value: float | str | None, keys: dict[str, str], verdict: str, reason: str) -> None:
    row = judge("figure", [cell(value)], **keys)
    assert row["verdict"] == verdict
    assert reason in row["reason"]
    assert pd.isna(row["computed"]) == (verdict == "not computable" or value == WITHHELD)


def test_growth_is_a_figure_too() -> None:
    row = judge(
        "figure",
        [cell(100.0), cell(152.0, year=2018)],
        quantity="change",
        year="2014..2018",
        value="0.5",
        step="0.1",
        precision="about",
    )
    assert (row["verdict"], round(row["computed"], 6)) == ("within precision", 0.52)


def test_thinned_population_is_not_counted() -> None:
    keys = {"value": "100", "step": "1", "whole_population": "yes"}
    assert "scale 0.01" in judge("figure", [cell(1.0)], scale=0.01, **keys)["reason"]
    assert judge("figure", [cell(100.0)], scale=1.0, **keys)["verdict"] == "exact"


def test_the_basis_says_what_agreement_proves() -> None:
    keys = {"value": "100", "step": "1"}
    met = judge("figure", [cell(100.0)], scale=1.0, **keys)
    assert (met["basis"], met["verdict"]) == ("calibrated", "exact")
    assert "calibrated to this figure" in met["reason"]
    missed = judge("figure", [cell(90.0)], scale=1.0, **keys)
    assert (missed["basis"], missed["verdict"]) == ("calibrated", "fails")
    assert "calibrated" not in missed["reason"]
    other = judge("figure", [cell(1.0), cell(100.0, year=2015)], scale=1.0, **{**keys, "year": "2015"})
    assert (other["basis"], other["verdict"]) == ("simulated", "exact")
    assert judge("figure", [cell(100.0)], **keys)["basis"] == "computed"
    told = judge("figure", [cell(100.0)], public=True, **keys)
    assert (told["basis"], told["verdict"]) == ("restated", "exact")
    assert "the source's own number" in told["reason"]
    assert judge("figure", [cell(100.0)], **{**keys, "year": "2015"})["basis"] == ""


def test_several_numbers_have_the_basis_that_proves_least() -> None:
    change = {"quantity": "change", "year": "2014..2018", "value": "0.5", "step": "0.1", "precision": "about"}
    rows = [cell(100.0), cell(152.0, year=2018)]
    assert judge("figure", rows, scale=1.0, **change)["basis"] == "calibrated"  # of the first year alone
    claim = judge("claim", pair(2.0, 1.0), scale=1.0, comparison=">", other=OTHER)
    assert (claim["basis"], claim["verdict"]) == ("calibrated", "direction holds")


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["printed", "percent", "just_above", "about"]),
            st.integers(1, 10**9),
            st.sampled_from([0.01, 0.1, 1, 50, 10_000]),
            st.floats(0.01, 0.99),
            st.floats(0.01, 10),
        ),
        min_size=4,
        max_size=4,
    )
)
def test_leaving_the_precision_flips_the_verdict(cases: list[tuple[str, int, float, float, float]]) -> None:
    rows, figures, expected = [], [], []
    for rule, value, step, inside, beyond in cases:
        facts = READINGS["precision"][rule]
        low, high = value - facts["below"] * step, value + facts["above"] * step
        far = (beyond + 1e-6) * step + 1e-6 * value
        for number in (low + inside * (high - low), low - far, high + far):
            year = str(2000 + len(rows))
            rows.append(cell(number, year=int(year)))
            keys = {"id": year, "year": year, "value": str(value), "step": str(step), "precision": rule}
            figures.append(published(FIGURE_COLUMNS, **keys))
        expected += [facts["verdict"], "fails", "fails"]
    verdicts = compare_published(
        [safe(rows)], figures=pd.concat(figures), claims=published(CLAIM_COLUMNS).iloc[:0], readings=FILE
    ).to_frame()
    assert verdicts["verdict"].tolist() == expected


def test_every_verdict_of_a_figure_is_tried() -> None:
    assert {verdict for *_, verdict, _ in FIGURES} == set(VERDICTS) - {"direction holds"}
