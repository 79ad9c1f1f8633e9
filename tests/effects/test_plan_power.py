"""What a study can find, planned: against numbers of other software, and its label by drawing studies."""

from __future__ import annotations

import pandas as pd
import pytest

import si_eval as se
from si_eval.errors import StudyError

SAME_FORMULA = 1e-9  # the same closed form in another language
PLANS = [  # arguments; error, detectable effect, participants and others that are needed in all: stored R results
    (
        {"participants": 60, "others": 40, "sd": 1.2, "years_before": 2, "years_after": 5, "autocorrelation": 0.5,
         "effect": 0.4},
        (0.144913767461894, 0.405988268822303, 104),
    ),
    ({"participants": 50, "others": 50, "effect": 0.5}, (None, None, 252)),
]  # fmt: skip


def estimates(table: object) -> pd.Series:
    return table.to_frame("en").set_index(["statistic", "category"])["estimate"].astype(float)


@pytest.mark.parametrize(("arguments", "expected"), PLANS)
def test_a_plan_has_the_errors_and_numbers_of_other_software(arguments: dict, expected: tuple) -> None:
    found = estimates(se.plan_power(**arguments)).droplevel("category")
    error, detectable, needed = expected
    if error is not None:
        assert found["design_std_error"] == pytest.approx(error, abs=SAME_FORMULA)
        assert found["minimum_detectable_effect"] == pytest.approx(detectable, abs=SAME_FORMULA)
    share = arguments["participants"] / (arguments["participants"] + arguments["others"])
    assert found["required_participants"] - 1 < needed * share <= found["required_participants"] + 1
    again = {**arguments, "participants": int(found["required_participants"])}
    again["others"] = round(again["participants"] * (1 - share) / share)
    assert estimates(se.plan_power(**again)).droplevel("category")["power"] == pytest.approx(0.8, abs=0.01)


def test_the_chance_of_the_label_grows_with_participants() -> None:
    plan = {"others": 300, "sd": 0.2, "years_before": 3, "years_after": 2, "autocorrelation": 0.5, "draws": 12}
    chances = [
        estimates(se.plan_power(participants=number, effect=0.3, smallest_effect=0.2, **plan))["chance_of_label"]
        for number in (30, 150)
    ]
    assert chances[0]["Without an effect"] == chances[1]["Without an effect"] == 0
    assert chances[0]["With this effect"] <= chances[1]["With this effect"] == 1
    none_larger = "Without an effect: none larger than declared"
    assert chances[0][none_larger] <= chances[1][none_larger] == 1


def test_a_plan_can_be_shown_and_refuses_all_that_is_wrong() -> None:
    (safe,) = se.protect([se.plan_power(participants=30, others=30).named("plan")])
    assert (safe.to_frame()["status"] == "shown").all()
    with pytest.raises(StudyError) as told:
        se.plan_power(participants=1, others=30, effect=-1.0, power=0.1, draws=5)
    for word in ("participants", "effect", "power", "years_before"):
        assert word in str(told.value)


def test_correlations_that_do_not_go_together_over_all_years_of_entry_are_refused() -> None:
    plan = {"participants": 40, "others": 80, "years_before": 2, "years_after": 1, "autocorrelation": -0.3}
    assert se.plan_power(**plan).to_frame()["estimate"].gt(0).all()
    with pytest.raises(
        StudyError, match=r"autocorrelation: found -0\.3; expected correlations that go together over 5 years"
    ):
        se.plan_power(**plan, cohorts=3, draws=1)
