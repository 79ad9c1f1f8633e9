"""Response rates, non-response and raking, against the definitions and other formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from si_eval import survey as sv
from si_eval.errors import StudyError
from si_eval.results import ResultTable
from si_eval.stats import standardised_mean_difference
from si_eval.survey.nonresponse import standardised_difference
from si_eval.survey.weighting import rake_arrays
from si_eval.vocabulary import Reason

INVITED = 280
PARTICIPANTS = 494.0
SAME = 1e-12  # the same formula in another order of sums
RAKED = 1e-8  # two algorithms that stop at a deviation of 1e-10
CHI_SQUARE = 2e-3  # an approximation with 57 respondents, and 20 000 draws


def test_response_rates_follow_the_definitions(small, tmp_path, row, problems_of, wide):
    path = Path(__file__).parent / "small_frame.toml"
    survey = sv.read_responses(
        wide.assign(B_1=[1, 1, 0, "", 0], C_1=["1", "", "", "", ""], C_2=["", "1", "", "", ""]), small
    )
    result = sv.survey_response(survey, frame=path, complete=0.9, partial=0.5)
    complete, partial, known, unknown, out = 2, 2, 20, 10, 4 + 1
    share = known / (known + out)
    expected = {
        "RR1": complete / (known + unknown),
        "RR2": (complete + partial) / (known + unknown),
        "RR3": complete / (known + share * unknown),
        "RR4": (complete + partial) / (known + share * unknown),
        "RR5": complete / known,
        "RR6": (complete + partial) / known,
    }
    for name, rate in expected.items():
        assert row(result, category=name)["estimate"] == pytest.approx(rate, abs=SAME)
    assert row(result, indicator="respondents_beyond_invited")["estimate"] == 0
    given = sv.survey_response(survey, frame=path, eligibility=0.25, complete=0.9)
    assert row(given, category="RR3")["estimate"] == pytest.approx(complete / (known + 2.5), abs=SAME)
    assert row(given, category="RR3")["note"] == "e = 0.250, given"
    with pytest.raises(StudyError, match="from 0 to 1"):
        sv.survey_response(survey, frame=path, eligibility=25)
    broken = tmp_path / "frame.toml"
    broken.write_text(path.read_text().replace("refused = 2", "refused = 22").replace("unknown", "unknwon"))
    assert "did you mean `unknown`?" in problems_of(sv.load_frame, broken)[1]


def test_response_by_fieldlab_adds_up(survey, survey_folder):
    frame = sv.survey_response(survey, frame=survey_folder / "frame.toml").to_frame()
    strata = frame[(frame["category"] != "all") & (frame["statistic"] == "count")]
    assert strata.groupby("indicator")["estimate"].sum().to_dict() == {"respondents": 57, "invited": 280}
    zephyros = frame[frame["category"] == "RR5 | Fieldlab Zephyros"].iloc[0]
    assert (zephyros["estimate"], zephyros["n_units"], zephyros["n_total"]) == (0.5, 7, 14)


def test_non_response_matches_other_formulas(survey, responses, row, register_counts, sizes):
    result = sv.survey_nonresponse(survey, population=register_counts())
    share = np.array([3, 10, 22, 8, 14]) / 57
    known = np.array(list(sizes.values()))
    whole = row(result, indicator="Q14", statistic="standardised_mean_difference", size_class="all")
    statistic = distributions.chisquare(share * 57, known / 494 * 57).statistic
    assert whole["p_value"] == pytest.approx(distributions.chi2.sf(statistic * 493 / (494 - 57), 4), rel=1e-9)
    draws = np.random.default_rng(3).multivariate_hypergeometric(known.astype(int), 57, size=20_000)
    drawn = ((draws - known / 494 * 57) ** 2 / (known / 494 * 57)).sum(axis=1)
    assert whole["p_value"] == pytest.approx((drawn >= statistic).mean(), abs=CHI_SQUARE)
    gap = row(result, indicator="Q13", group="difference", statistic="share", sector="C")
    assert gap["estimate"] == pytest.approx((responses["Q13"] == "3").mean() - 143 / 494, abs=SAME)
    rest = row(result, indicator="Q13_population", sector="rest")
    assert (rest["estimate"], rest["n_units"], rest["n_total"]) == (139 / 494, 139, 494)
    one, two = np.array([0.3, 0.7]), np.array([0.55, 0.45])
    two_classes = standardised_mean_difference(*[np.array(x) for x in (0.3, 0.21**0.5, 0.55, (0.55 * 0.45) ** 0.5)])
    assert standardised_difference(one, two) == pytest.approx(abs(float(two_classes)), abs=1e-9)
    few = pd.DataFrame({"question": "Q14", "category": ["1+2", "3", "rest"], "count": [6, 250, 24]})
    drawn = row(
        sv.survey_nonresponse(survey, population=few), size_class="all", statistic="standardised_mean_difference"
    )
    assert "random draws" in drawn["note"]
    assert drawn["p_value"] < 0.01


def test_counts_of_a_stage_and_a_file_of_the_same_counts_are_the_same(
    survey, tmp_path, register_counts, sectors, sizes
):
    rows = [("Q13", name, count) for name, count in sectors.items() if np.isfinite(count)]
    rows += [("Q13", "rest", 139), *(("Q14", name, count) for name, count in sizes.items())]
    path = tmp_path / "population.csv"
    pd.DataFrame(rows, columns=["question", "category", "count"]).to_csv(path, index=False)
    from_file = sv.survey_nonresponse(survey, population=path).to_frame()
    earlier = pd.concat([register_counts(2014).assign(estimate=1.0), register_counts()])
    for tidy in (register_counts(), earlier, [ResultTable(register_counts(), "f", "goal_attainment", "", "r")]):
        pd.testing.assert_frame_equal(sv.survey_nonresponse(survey, population=tidy).to_frame(), from_file)
    with pytest.raises(StudyError, match="found 2016; expected one of 2014, 2019"):
        sv.survey_nonresponse(survey, population=earlier, year=2016)
    file, stage = (sv.rake(survey, margins=one, trim=(0.2, 5)).to_frame() for one in (path, register_counts()))
    pd.testing.assert_frame_equal(file, stage)


def test_without_a_known_total_or_without_counts_the_respondents_stand_alone(survey, problems_of, register_counts):
    withheld = register_counts(total=np.nan)
    for population in (None, withheld):
        frame = sv.survey_nonresponse(survey, population=population).to_frame()
        respondents, known = frame[frame["indicator"] == "Q13"], frame[frame["indicator"] == "Q13_population"]
        assert known["estimate"].isna().all()
        assert set(known["note"]) == {Reason.NO_POPULATION_COUNT.note}
        assert respondents[respondents["group"] == "all"]["estimate"].sum() == pytest.approx(1, abs=SAME)
        assert respondents[respondents["group"] == "difference"]["estimate"].isna().all()
    assert (
        sv.survey_nonresponse(survey, population=withheld)
        .to_frame()
        .query("indicator == 'Q14_population'")["estimate"]
        .notna()
        .all()
    )
    assert "no total" in problems_of(sv.rake, survey, margins=withheld)[1]
    assert "no counts for any question" in problems_of(sv.rake, survey, margins=withheld.iloc[:0])[1]


def test_classes_with_few_respondents_are_raked_together(survey, problems_of, register_counts, sectors):
    more = {**sectors, "P": 14.0, "Q": 13.0, "K": 10.0}
    assert "nobody answered in" in problems_of(sv.rake, survey, margins=register_counts(sectors=more))[1]
    weights = sv.rake(survey, margins=register_counts(sectors=more), fewest=5)
    report = weights.report().query("question == 'Q13'").set_index("category")
    assert set(report.index) == {"C", "M", "J", "rest"}
    assert report.loc["rest", "population"] == pytest.approx((494 - 143 - 89 - 69) / 494, abs=SAME)
    assert report["weighted"].to_numpy() == pytest.approx(report["population"].to_numpy(), abs=RAKED)


def test_raking_matches_proportional_fitting_of_the_table(survey, responses, row, register_counts, sectors, sizes):
    weights = sv.rake(survey, margins=register_counts())
    sector = responses["Q13"].map({"3": "C", "13": "M", "10": "J", "7": "G"}).fillna("rest")
    table = pd.crosstab(sector, responses["Q14"]).to_numpy(dtype=float)
    rows = np.array([sectors[name] for name in "CGJM"] + [139]) / PARTICIPANTS  # in order of name, the rest last
    columns = np.array(list(sizes.values())) / PARTICIPANTS
    fitted = table.copy()
    for _ in range(500):
        fitted *= (rows / fitted.sum(axis=1))[:, None]
        fitted *= columns / fitted.sum(axis=0)
    names = sorted(sector.unique())
    cell = [(names.index(one), int(two) - 1) for one, two in zip(sector, responses["Q14"], strict=True)]
    expected = np.array([fitted[place] / table[place] for place in cell])
    found = weights.to_frame().set_index("respondent")["weight"].loc[responses["respondent"]].to_numpy()
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=RAKED)
    assert weights.converged
    assert weights.design_effect == pytest.approx(57 * (found**2).sum() / found.sum() ** 2, rel=SAME)
    chosen = {"question": "Q10", "interval": "wilson", "population": INVITED}
    result = sv.survey_frequencies(survey, weights=weights.to_frame(), **chosen)
    more = row(result, category="Yes, more", statistic="share")
    assert more["estimate"] == pytest.approx(found[(responses["Q10"] == "3").to_numpy()].sum() / 57, rel=1e-9)
    assert more["n_units"] == 13
    plain = row(sv.survey_frequencies(survey, **chosen), category="Yes, more", statistic="share")
    assert more["conf_high"] - more["conf_low"] > plain["conf_high"] - plain["conf_low"]


def test_weighted_shares_are_those_of_the_weights_and_say_what_they_cost(survey, responses, row, register_counts):
    arguments = {"question": "Q09", "base": "known", "answers": "nets"}
    weights = sv.rake(survey, margins=register_counts(), trim=(0.3, 3.0), fewest=5)
    result = sv.survey_weighted(
        survey,
        count="survey_matrix",
        margins=register_counts(),
        trim=(0.3, 3.0),
        fewest=5,
        population=INVITED,
        **arguments,
    )
    weight = weights.to_frame().set_index("respondent")["weight"].loc[responses["respondent"]].to_numpy()
    names = [f"Q09_{place}" for place in range(1, 8)]
    some, known = (responses[names].isin(codes).to_numpy() for codes in (["1", "2", "3"], ["1", "2", "3", "4", "5"]))
    for place, name in enumerate(names):
        expected = weight[some[:, place]].sum() / weight[known[:, place]].sum()
        assert row(result, indicator=name)["estimate"] == pytest.approx(expected, abs=SAME)
    pooled = (weight @ some).sum() / (weight @ known).sum()
    assert row(result, indicator="Q09")["estimate"] == pytest.approx(pooled, abs=SAME)
    assert row(result, indicator="design_effect")["estimate"] == weights.design_effect > 1
    assert set(result.to_frame()["statistic"]) == {"share", "ratio_of_sums"}
    alone = sv.survey_weighted(survey, count="survey_matrix", margins=None, **arguments).to_frame()
    assert alone["estimate"].isna().all()
    assert set(alone["note"]) == {Reason.NO_POPULATION_COUNT.note}
    with pytest.raises(StudyError, match="found 'survey_numeric'; expected one of survey_frequencies"):
        sv.survey_weighted(survey, count="survey_numeric", question="Q15", margins=None)


def test_trimmed_weights_keep_their_bounds_and_the_report_says_what_it_costs(survey, register_counts):
    loose = sv.rake(survey, margins=register_counts(), trim=(0.3, 3.5))
    assert loose.converged
    assert loose.to_frame()["weight"].between(0.3 - 1e-9, 3.5 + 1e-9).all()
    assert loose.report().eval("weighted - population").abs().max() < RAKED
    tight = sv.rake(survey, margins=register_counts(), trim=(0.5, 1.5))
    assert not tight.converged
    assert tight.trimmed > 0
    assert tight.report().eval("weighted - population").abs().max() > 0.01
    assert "did not converge" in tight.summary()
    with pytest.raises(StudyError, match="a bound below 1 and one above 1"):
        sv.rake(survey, margins=register_counts(), trim=(2, 3))


def test_respondents_without_a_class_keep_their_weight():
    members = [np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=bool)]
    raked = rake_arrays(members, [np.array([0.5, 0.5])])
    np.testing.assert_allclose(raked.weights[0] * 2, raked.weights[2], rtol=1e-9)
    assert raked.converged


def test_margins_that_do_not_fit_are_all_reported(survey, problems_of):
    margins = pd.DataFrame(
        [("Q13", "C", 5), ("Q13", "J+X9", 5), ("Q14", "1", 5), ("Q14", "1+2", -1), ("Q05", "1", 3)],
        columns=["question", "category", "count"],
    )
    found, text = problems_of(sv.rake, survey, margins=margins)
    assert {name for name, _ in found} == {"Q13", "Q14", "question"}
    assert "X9" in text
    empty = pd.DataFrame({"question": "Q13", "category": ["D", "rest"], "count": [5, 95]})
    assert "nobody answered in D" in problems_of(sv.rake, survey, margins=empty)[1]
