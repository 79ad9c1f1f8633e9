"""The influence of single units, against calculations in pandas, and the warning of a rule that touches one group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import si_eval as se

EXACT = 1e-12  # relative: the same sums in another order


def firms(seed: int = 5) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    size = 80
    frame = pd.DataFrame({"firm": np.tile(np.arange(size), 2), "year": np.repeat([2014, 2015], size)})
    frame["joined"] = frame["firm"] % 4 == 0
    frame["holding"] = frame["firm"] // 3
    frame["kind"] = np.where(frame["firm"] % 5 < 2, "a", "b")
    return frame.assign(sales=generator.lognormal(3, 2, 2 * size) * np.where(frame["firm"] % 7 == 0, -1, 1))


def panel_of(frame: pd.DataFrame) -> object:
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", group="holding", sector="kind", extra=["sales"]
    )


def test_shares_and_means_without_the_largest_unit():
    frame = firms()
    found = se.describe_influence(panel_of(frame.sample(frac=1, random_state=2)), indicator="sales", by="sector")
    assert len(found) == 8
    for row in found.to_dict("records"):
        joined = row["group"] == "participant"
        part = frame[(frame["year"] == row["year"]) & (frame["kind"] == row["sector"]) & (frame["joined"] == joined)]
        size = part["sales"].abs().sort_values()
        assert row["n_units"] == len(part)
        assert row["mean"] == pytest.approx(part["sales"].mean(), rel=EXACT)
        assert row["share_of_largest"] == pytest.approx(size.iloc[-1] / size.sum(), rel=EXACT)
        assert row["share_of_two_largest"] == pytest.approx(size.iloc[-2:].sum() / size.sum(), rel=EXACT)
        holdings = size.groupby(part["holding"]).sum()
        assert row["share_of_largest_holding"] == pytest.approx(holdings.max() / size.sum(), rel=EXACT)
        assert row["mean_without"] == pytest.approx(part["sales"].drop(size.index[-1]).mean(), rel=EXACT)


def test_a_difference_that_hangs_on_one_unit_says_so():
    frame = pd.DataFrame({"firm": range(12), "year": 2019, "joined": [True, False] * 6, "sales": [10.0, 11.0] * 6})
    assert not se.describe_influence(panel_of_sales(frame), indicator="sales")["sign_changes"].any()
    frame.loc[0, "sales"] = 100.0
    assert se.describe_influence(panel_of_sales(frame), indicator="sales")["sign_changes"].all()


def panel_of_sales(frame: pd.DataFrame) -> object:
    return se.panel_from_frame(frame, unit="firm", year="year", participant="joined", extra=["sales"])


def test_one_unit_has_no_mean_without_it():
    frame = pd.DataFrame({"firm": [1, 2, 3], "year": 2019, "joined": [True, False, False], "sales": [1.0, 2.0, 0.0]})
    found = se.describe_influence(panel_of_sales(frame), indicator="sales").set_index("group")
    assert np.isnan(found.loc["participant", "mean_without"])
    assert found.loc["non_participant", "mean_without"] == 0


def test_it_is_no_table_that_could_leave():
    found = se.describe_influence(panel_of(firms()), indicator="sales")
    with pytest.raises(se.SiEvalError):
        se.protect([found])


def test_wrong_arguments_are_refused():
    with pytest.raises(se.StudyError, match="indicator"):
        se.describe_influence(panel_of(firms()), indicator="profit")


def test_a_panel_says_that_its_outlier_rule_looked_at_one_group(tmp_path):
    se.simulate_extract(tmp_path / "extract", seed=1)
    extract = se.read_extract(tmp_path / "extract")
    linkage = se.link_participants(extract)
    (note,) = se.build_panel(extract, linkage, rules="replicate_2020").notes
    assert note.startswith("the outlier rule set 4 participants aside and looks at no other unit")
    assert not se.build_panel(extract, linkage, rules="recommended").notes
