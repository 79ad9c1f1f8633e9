"""Each estimate says which firms it rests on: against brute force over the rows of the panel."""

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.results import EstimateUnits
from si_eval.vocabulary import RESTS_ON, Reason

OUTCOME = "revenue_per_employee"


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    """Draw firms whose outcome has gaps, some of which stop taking part or were there from the start."""
    frame = se.simulate_firms(firms=300, participants=110, years=5, seed=4).frame.copy()
    draw = np.random.default_rng(4)
    frame.loc[draw.random(len(frame)) < 0.05, "revenue"] = np.nan
    return frame


@pytest.fixture(scope="module")
def panel(firms):
    names = {name: name for name in ("year", "participant", "entry_year", "employed_persons", "revenue")}
    return se.panel_from_frame(firms, unit="firm", **names)


@pytest.fixture(scope="module")
def observed(panel) -> pd.DataFrame:
    """Return the outcome by unit and year, and the entry of each."""
    frame = panel.to_frame()
    wide = frame.pivot(index="be_id", columns="year", values=OUTCOME)
    return wide.assign(entry=frame.groupby("be_id")["entry_year"].first().astype("float64"))


def sides(observed: pd.DataFrame, cohort: float, period: int, base: int, *, not_yet: bool = False):
    """Return who is compared, by brute force: both outcomes known, in the cohort or not treated."""
    both = observed[period].notna() & observed[base].notna()
    treated = observed["entry"] == cohort
    controls = observed["entry"].isna()
    if not_yet:
        controls |= (observed["entry"] > max(period, base)) & ~treated
    return set(observed.index[both & treated]), set(observed.index[both & controls])


@pytest.mark.parametrize("not_yet", [False, True])
def test_cells_and_averages_of_a_staggered_design(panel, observed, not_yet):
    controls = "not_yet" if not_yet else "never"
    table = se.estimate_effect(panel, outcome=OUTCOME, controls=controls, min_units=5)
    assert set(table.sources) == {panel.identity.population}
    rows = table.frame[(table.frame["statistic"] == "att") & (table.frame["indicator"] == OUTCOME)]
    in_cell = rows["year"] != "all"
    seen = {}
    for row in rows[in_cell].to_dict("records"):
        (units,) = row[RESTS_ON]
        cohort, period = int(row["category"].split()[1]), row["year"]
        base = cohort - 1 if period >= cohort else period - 1
        treated, others = sides(observed, cohort, period, base, not_yet=not_yet)
        assert (set(units.treated), set(units.controls)) == (treated, others)
        assert row["n_units"] == min(len(treated), len(others)) == min(units.n_treated, units.n_controls)
        if not np.isnan(row["estimate"]):
            seen[cohort, period] = treated, others
    assert len(seen) > 5
    two_before = [
        sides(observed, cohort, cohort - 2, cohort - 1, not_yet=not_yet)  # years since entry have one base
        for cohort in {cohort for cohort, _ in seen}
        if cohort - 2 in observed.columns
    ]
    for category, compared in {
        "overall": [seen[cell] for cell in seen if cell[1] >= cell[0]],
        "+1": [seen[cell] for cell in seen if cell[1] == cell[0] + 1],
        "-2": two_before,
    }.items():
        (row,) = rows[~in_cell & (rows["category"] == category)].to_dict("records")
        (units,) = row[RESTS_ON]
        assert set(units.treated) == set().union(*(treated for treated, _ in compared))
        assert set(units.controls) == set().union(*(others for _, others in compared))
        assert row["n_units"] <= min(units.n_treated, units.n_controls)


def test_both_years_of_a_long_difference_and_matched_firms(panel, observed):
    table = se.estimate_effect(
        panel, outcome=OUTCOME, design="long_difference", covariates=["employed_persons"], min_units=5
    )
    first, last = observed.columns[0], observed.columns[-2]
    both = observed[first].notna() & observed[last].notna()
    treated = set(observed.index[both & (observed["entry"] > first)])
    never = set(observed.index[both & observed["entry"].isna()])
    estimates = table.frame[table.frame["statistic"] == "att"].set_index("category")
    for method in ("unadjusted", "doubly_robust", "entropy_balancing"):
        (units,) = estimates.loc[method, RESTS_ON]
        assert (set(units.treated), set(units.controls)) == (treated, never)
    (units,) = estimates.loc["nearest_neighbour", RESTS_ON]
    assert set(units.treated) <= treated
    assert set(units.controls) < never
    assert min(units.n_treated, units.n_controls) == estimates.loc["nearest_neighbour", "n_units"]
    assert estimates.loc["unadjusted", RESTS_ON] == estimates.loc["doubly_robust", RESTS_ON]


def test_counts_of_firms_that_are_left_out_say_who(panel, observed):
    table = se.estimate_effect(panel, outcome=OUTCOME, min_units=5, years=[2014, 2015, 2016])
    counts = table.frame[table.frame["statistic"] == "count"]
    assert len(counts)
    entered = set(observed.index[observed["entry"].notna()])
    for row in counts.to_dict("records"):
        (units,) = row[RESTS_ON]
        assert row["estimate"] == units.n_treated == len(set(units.treated) & entered)
        if row["category"] == Reason.TREATED_FROM_START.note:
            assert set(units.treated) == set(observed.index[observed["entry"] <= 2014])


def test_equal_sets_of_firms_are_equal_in_other_tables_and_panels(panel, firms):
    names = {name: name for name in ("year", "participant", "entry_year", "employed_persons", "revenue")}
    again = se.panel_from_frame(firms.sample(frac=1, random_state=1), unit="firm", **names)
    one_less = se.panel_from_frame(firms[firms["firm"] != firms["firm"].max()], unit="firm", **names)

    def overall(panel, **options) -> EstimateUnits:
        frame = se.estimate_effect(panel, outcome=OUTCOME, min_units=5, **options).frame
        (units,) = frame[(frame["statistic"] == "att") & (frame["category"] == "overall")][RESTS_ON].iloc[0]
        return units

    units = overall(panel)
    assert units == overall(again, method="reg")
    other = overall(one_less)
    assert other != units
    assert other.universe == units.universe
    assert other.indicator == units.indicator
    assert len(np.setxor1d(units.treated, other.treated)) + len(np.setxor1d(units.controls, other.controls)) == 1
    assert units.indicator != overall(panel, logarithm=True).indicator


def test_the_text_of_an_estimate_shows_no_id(panel):
    table = se.estimate_effect(panel, outcome=OUTCOME, min_units=5)
    text = table.frame[RESTS_ON].astype(str).str.cat()
    assert "ids" not in text
    assert "sides" not in text
