"""What an effect cost, and the same effect by ways that assume different things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.effects import cost_per_effect
from si_eval.errors import StudyError
from si_eval.programme.efficiency import Costs, load_costs
from si_eval.results import Panel
from si_eval.synthetic import simulate_firms

SAME_FORMULA = 1e-10  # the same quotient
FAR = 4  # standard errors, over all draws: a wrong assumption is that far off at least


@pytest.fixture
def costs(tmp_path: Path) -> Costs:
    path = tmp_path / "costs.csv"
    path.write_text(
        "id,key,payer,level,kind,year_from,year_to,value,low,high,unit,per,counts\n"
        "1,grant,state,national,subsidy,2014,2016,100,80,120,EUR,total,yes\n"
    )
    return load_costs(path)


@pytest.fixture(scope="module")
def firms(panel_of: Callable[..., Panel]) -> tuple[Panel, pd.DataFrame]:
    frame = simulate_firms(firms=240, participants=90, years=6, seed=3).frame
    return panel_of(frame), frame


def test_a_cost_per_effect_has_fiellers_interval_or_none(costs: Costs, firms: tuple[Panel, pd.DataFrame]) -> None:
    panel, frame = firms
    of = {"outcome": "revenue", "min_units": 5}
    table = cost_per_effect(costs, panel, of=of, deadweight=(0.1, 0.5), displacement=(0.0, 0.2)).to_frame()
    rows = table[table["statistic"] == "cost_per_effect"]
    effect = table[table["statistic"] == "att"].iloc[0]
    years = float(table.loc[table["indicator"] == "firm_years", "estimate"].iloc[0])
    entry = frame["entry_year"].astype("float64")
    assert years == int((frame["year"] >= entry).sum())
    simple = se.estimate_effect(panel, **of, aggregation=["simple"]).to_frame().query("category == 'simple'").iloc[0]
    assert effect["estimate"] == pytest.approx(simple["estimate"], rel=SAME_FORMULA)
    assert effect["conf_low"] == pytest.approx(simple["conf_low"], rel=SAME_FORMULA)
    for (_, row), left in zip(rows.iterrows(), (1.0, 0.9, 0.5 * 0.8), strict=True):
        assert row["estimate"] == pytest.approx(100 / (years * left * effect["estimate"]), rel=SAME_FORMULA)
        assert row["conf_low"] == pytest.approx(80 / (years * left * effect["conf_high"]), rel=SAME_FORMULA)
        assert row["conf_high"] == pytest.approx(120 / (years * left * effect["conf_low"]), rel=SAME_FORMULA)
    (safe,) = se.protect([cost_per_effect(costs, panel, of=of).named("cost")])
    assert (safe.to_frame()["status"] == "shown").all()
    narrow = cost_per_effect(costs, panel, of={**of, "level": 0.9999999999}).to_frame()
    refused = narrow[narrow["statistic"] == "cost_per_effect"].iloc[0]
    assert np.isnan(refused["estimate"])
    assert "can be anything" in refused["note"]
    with pytest.raises(StudyError, match="displacement"):
        cost_per_effect(costs, panel, of=of, displacement=(0.5, 0.1))


def draw(seed: int, falls_back: bool) -> pd.DataFrame:
    """Firms of which the higher take part, without an effect: outcomes that fall back, or lasting differences."""
    random = np.random.default_rng(seed)
    lasting = random.normal(size=160)
    before = (0.0 if falls_back else lasting) + random.normal(size=160)
    joined = ((before if falls_back else lasting) + random.normal(size=160)) > 0.3
    after = (0.5 * before if falls_back else lasting) + random.normal(size=160)
    firm = np.arange(160)
    rows = [
        pd.DataFrame({"firm": firm, "year": year, "y": y, "joined": joined & (year == 2001)})
        for year, y in ((2000, before), (2001, after))
    ]
    return pd.concat(rows)


@pytest.mark.parametrize("falls_back", [True, False])
def test_the_bracket_holds_the_truth_under_either_assumption(falls_back: bool) -> None:
    """Where outcomes fall back, plain changes are too low; where differences last, the others are too high."""
    found = []
    for seed in range(12):
        frame = draw(seed, falls_back).astype({"joined": int})
        panel = se.panel_from_frame(frame, unit="firm", year="year", participant="joined", extra=["y"])
        table = se.check_effect(panel, of={"outcome": "y"}, checks=["bracket"]).to_frame("en")
        found.append(table[table["statistic"] == "bracket"].set_index("category")["estimate"])
    values = pd.concat(found, axis=1)
    far = values.mean(axis=1) / (values.std(axis=1) / np.sqrt(values.shape[1]))
    plain, level = far["difference-in-differences"], far["from the same level"]
    assert plain < -FAR if falls_back else level > FAR
    assert abs(level if falls_back else plain) < FAR
    assert {"matched difference-in-differences"} <= set(values.index)
