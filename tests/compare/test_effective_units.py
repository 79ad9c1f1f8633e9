"""Beside figures of weighted units stands how many units of equal weight say as much, also where they leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.report import table_html

EXACT = 1e-9  # relative: sums of a few hundred weights
INDICATOR = "invests_machinery"
YEARS = (2016, 2018)


@pytest.fixture(scope="module")
def panel(simulated_extract):
    extract = se.read_extract(simulated_extract(scale=0.002))
    return se.build_panel(extract, se.link_participants(extract), rules="recommended")


@pytest.fixture(scope="module")
def kish(panel):
    """Compute (sum of w)^2 / sum of w^2 of the units with a value by group and year."""
    frame = panel.to_frame()
    frame = frame[frame[INDICATOR].notna() & frame["participant"].notna() & frame["year"].isin(YEARS)]
    weights = frame.groupby([frame["participant"].astype(bool), "year"])["weight"]
    found = weights.sum() ** 2 / weights.agg(lambda one: (one**2).sum())
    return {("participant" if takes_part else "non_participant", year): float(n)
            for (takes_part, year), n in found.items()}  # fmt: skip


def test_levels_differences_and_indexes_have_kishs_number(panel, kish):
    table = se.compare_groups(panel, indicator=[INDICATOR, "revenue"], years=YEARS).to_frame()
    rows = table[table["indicator"] == INDICATOR].set_index(["group", "year"])
    for key, expected in kish.items():
        np.testing.assert_allclose(rows.loc[[key], "n_effective"], expected, rtol=EXACT)
    for year in YEARS:
        fewest = min(kish["participant", year], kish["non_participant", year])
        np.testing.assert_allclose(rows.loc[[("difference", year)], "n_effective"], fewest, rtol=EXACT)
    assert table.loc[table["indicator"] == "revenue", "n_effective"].isna().all()
    index = se.index_series(panel, indicator=INDICATOR, base_year=YEARS[0], years=YEARS).to_frame()
    index = index[index["year"] == YEARS[1]].set_index("group")["n_effective"]
    for group in ("participant", "non_participant"):
        assert index[group] == pytest.approx(min(kish[group, year] for year in YEARS), rel=EXACT)


def test_it_is_printed_where_it_may_leave_and_not_where_nothing_is_weighted(panel, kish):
    weighted, plain = (se.compare_groups(panel, indicator=name, years=[2016]) for name in (INDICATOR, "revenue"))
    assert "n_effective" not in plain.to_frame()
    safe, other = se.protect([weighted.named("weighted"), plain.named("plain")])
    rows = safe.to_frame()
    shown = rows[(rows["status"] == "shown") & (rows["statistic"] == "mean") & (rows["group"] == "participant")]
    assert pd.to_numeric(shown["n_effective"]).tolist() == [round(kish["participant", 2016])]
    assert pd.to_numeric(rows.loc[rows["status"] != "shown", "n_effective"]).isna().all()
    assert "effective " in table_html(safe, language="en")
    assert "effectief " in table_html(safe, language="nl")
    assert "effective" not in table_html(other, language="en")


@pytest.mark.parametrize(
    "ask",
    [
        lambda panel: se.compare_groups(panel, indicator=INDICATOR, composition="balanced"),
        lambda panel: se.decompose_change(panel, indicator=INDICATOR, base_year=2016, year=2018),
        lambda panel: se.compare_changes(panel, indicator=INDICATOR, base_year=2016, year=2018),
    ],
)
def test_the_same_units_in_several_years_are_no_sample(panel, ask):
    with pytest.raises(se.StudyError, match="weighed as a sample of each year by itself"):
        ask(panel)


def test_an_effect_on_weighted_figures_says_whether_it_is_weighted(panel):
    ask = {"outcome": INDICATOR, "design": "long_difference", "years": YEARS, "method": "unadjusted"}
    for weights in (None, "weight"):
        rows = se.estimate_effect(panel, **ask, weights=weights).to_frame()
        notes = rows.loc[rows["statistic"] == "att", "note"]
        assert len(notes)
        assert notes.str.contains("not weighted").all() == (weights is None)
