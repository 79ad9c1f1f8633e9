"""Pairs of claims are judged by their own rule, whether they come to `check_claim_pairs` or to `check_consistency`."""

from __future__ import annotations

import pandas as pd
import pytest
from paths import REFERENCE

from si_eval.consistency import check_claim_pairs, check_consistency
from si_eval.errors import InputError

RECALL = 0.9  # of the pairs of the reference study that contradict each other
COLUMNS = ["id", "claim_a", "value_a", "claim_b", "value_b", "check_rule"]
# One pair that holds and one that does not, for every rule that the documentation names.
PAIRS = [
    ("compare", ("almost 9,000 persons", "9000", "8,845 persons", "8845", "compare"), "pass"),
    ("compare", ("almost 9,000 persons", "9000", "9,845 persons", "9845", "compare"), "fail"),
    ("compare", ("three hubs", "", "3 hubs", "3", "compare"), "pass"),
    ("formula", ("growth of 53 million", "53", "53 million more", "53", "367-314 == 53"), "pass"),
    ("formula", ("growth of 49 million", "49", "49 million more", "49", "367-314 == 49"), "fail"),
    ("constant", ("22+29", "", "51", "51", "sum == 51"), "pass"),
    ("constant", ("22+28", "", "51", "51", "sum == 51"), "fail"),
    ("order", ("started in 2015", "2015", "plan of 2014", "2014", "a > b"), "pass"),
    ("order", ("started in 2013", "2013", "plan of 2014", "2014", "a > b"), "fail"),
    ("percent_change", ("growth of 50%", "0.5", "from 100 to 150", "", "pct_change"), "pass"),
    ("percent_change", ("growth of 50%", "0.5", "from 100 to 206", "", "pct_change"), "fail"),
    ("slight", ("a slight rise", "", "from 100 to 104", "", "slight < 10"), "pass"),
    ("slight", ("a slight rise", "", "from 100 to 140", "", "slight < 10"), "fail"),
    ("trend", ("it grew", "", "from 100 to 150", "", "trend"), "pass"),
    ("trend", ("it grew", "", "from 150 to 100", "", "trend"), "fail"),
    ("ratio_order", ("first 1/4", "", "then 1/2", "", "ratio(a) < ratio(b)"), "pass"),
    ("ratio_order", ("first 1/2", "", "then 1/4", "", "ratio(a) < ratio(b)"), "fail"),
    ("grim", ("42% of firms", "", "n = 57", "57", "grim"), "pass"),
    ("grim", ("50% of firms", "", "n = 7", "7", "grim"), "fail"),
    ("class_bound", ("a mean of 31 in firms of 10-49", "31", "mean", "", "bound of class"), "pass"),
    ("class_bound", ("a mean of 244 in firms of 10-49", "244", "mean", "", "bound of class"), "fail"),
    ("count_range", ("goals 1-8", "", "eight goals", "8", "count"), "pass"),
    ("count_range", ("goals 1-8", "", "nine goals", "9", "count"), "fail"),
    ("future_date", ("ready in 2022", "2022", "report of 2021", "2021", "future"), "pass"),
    ("future_date", ("ready in 2020", "2020", "report of 2021", "2021", "future"), "fail"),
    ("not_checkable", ("two of the three hubs", "2", "they started in spring", "", "trend"), "informative"),
]


@pytest.mark.parametrize(("rule", "pair", "verdict"), PAIRS)
def test_a_pair_is_judged_by_the_rule_that_it_names(rule, pair, verdict):
    frame = pd.DataFrame([["P1", *pair]], columns=COLUMNS)
    row = check_claim_pairs(frame).to_frame(None).iloc[0]
    assert (row["where"], row["rule"], row["verdict"]) == ("P1", rule, verdict)


def test_pairs_go_through_the_same_door():
    pairs = pd.DataFrame(
        [
            ["P1", "367-314", "367", "growth of 49 million", "49", "compare"],
            ["P2", "22+29", "22", "51", "51", "sum==51"],
        ],
        columns=["id", "claim_a", "value_a", "claim_b", "value_b", "check_rule"],
    )
    assert check_consistency(pairs).to_frame(None)["verdict"].tolist() == ["fail", "pass"]


def test_pairs_without_their_columns_are_refused():
    with pytest.raises(InputError, match="check_rule"):
        check_claim_pairs(pd.DataFrame({"id": [1]}))


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference folder is not part of the project")
def test_pairs_of_claims_are_judged_by_their_own_rule():
    pairs = pd.read_csv(REFERENCE / "inconsistencies.csv", dtype=str, keep_default_na=False)
    verdicts = check_claim_pairs(pairs.drop(columns=["expected", "status"])).to_frame(None)["verdict"]
    wrong = pairs["expected"] == "fail"
    assert (verdicts[wrong.to_numpy()] == "fail").mean() >= RECALL
    assert (verdicts[~wrong.to_numpy()] == "pass").all()
