"""Any table as it is printed, wide or long, in Dutch or English: what contradicts is found, what does not passes."""

from __future__ import annotations

import pandas as pd
import pytest

from si_eval.consistency import check_claim_pairs, check_consistency
from si_eval.consistency.number_words import find_number_words
from si_eval.errors import InputError

FORMS = ["{y} Q{q}", "Q{q} {y}", "kw. {q} {y}", "{q}e kwartaal {y}", "{y}k{q}"]
LEVELS = [
    ["Industry", "  Food", "  Metal", "Services", "  Hotels", "  Shops", "Total"],
    ["1 Industry", "1.1 Food", "1.2 Metal", "2 Services", "2.1 Hotels", "2.2 Shops", "Total"],
    ["Subtotaal nijverheid", "Voeding", "Metaal", "Subtotaal diensten", "Hotels", "Winkels", "Eindtotaal"],
    ["Industry", "of which food", "of which metal", "Services", "of which hotels", "of which shops", "Sum total"],
]
SIZE = ["small", "medium", "large", "Total"]
# A table, the cell that an error is planted in, what it becomes, and the rule that finds it.
TABLES = {
    "quarters in rows": (
        lambda: pd.DataFrame(
            {
                "when": [FORMS[0].format(y=2019, q=q) for q in (1, 2, 3, 4)] + ["2019"],
                "visits": [97, 389, 129, 263, 878],
            }
        ),
        (1, "visits", 839),
        "parts_of_year",
    ),
    "quarters in columns": (
        lambda: pd.DataFrame({"maat": ["banen"], "K1": [10], "K2": [20], "K3": [30], "K4": [40], "Hele jaar": [100]}),
        (0, "Hele jaar", 190),
        "parts_of_year",
    ),
    "targets": (
        lambda: pd.DataFrame({"result": ["jobs"], "aim": [200], "delivered": [150], "% of target": [75]}),
        (0, "% of target", 133),
        "attainment_against_target",
    ),
    "ratios of sums": (
        lambda: pd.DataFrame(
            {
                "size": SIZE,
                "firms": [10, 20, 30, 60],
                "sales": [50, 500, 3000, 3550],
                "sales per firm": [5.0, 25.0, 100.0, 59.2],
            }
        ),
        (3, "sales per firm", 43.3),
        "ratio_against_sums",
    ),
    "columns without a known name": (
        lambda: pd.DataFrame(
            {
                "x": list("abcde"),
                "p": [51, 72, 93, 84, 65],
                "q": [34, 31, 47, 29, 33],
                "r": [1.5, 2.32, 1.98, 2.9, 1.97],
            }
        ),
        (1, "r", 4.1),
        "ratio_against_sums",
    ),
    "scores of several items": (
        lambda: pd.DataFrame(
            {"schaal": ["vertrouwen"], "gemiddelde": [3.43], "aantal stellingen": [2], "respondenten": [15]}
        ),
        (0, "gemiddelde", 3.41),
        "grim",
    ),
    "overlapping sets": (
        lambda: pd.DataFrame(
            {"instrument": ["Subsidie", "Advies", "Subsidie en advies", "Minstens één"], "bedrijven": [90, 60, 25, 125]}
        ),
        (3, "bedrijven", 150),
        "overlapping_sets",
    ),
    "two currencies": (
        lambda: pd.DataFrame(
            {"item": ["budget"] * 2, "bron": ["tabel", "tekst"], "bedrag": ["€ 12,5 mln", "€ 12500 duizend"]}
        ),
        (1, "bedrag", "£ 12500 duizend"),
        "currency_mixed",
    ),
    "another magnitude": (
        lambda: pd.DataFrame(
            {"item": ["budget"] * 2, "source": ["table", "text"], "printed as": ["£12.5 million", "£12500 x 1,000"]}
        ),
        (1, "printed as", "£125000 x 1,000"),
        "told_twice",
    ),
    "words against numbers": (
        lambda: pd.DataFrame(
            {
                "what": ["jobs", "visits", "deals"],
                "figure": [24, 112, 7],
                "told": ["twenty-four new jobs came", "honderdtwaalf bezoeken in totaal", "in all seven deals"],
            }
        ),
        (0, "figure", 42),
        "text_against_number",
    ),
}
# Right as printed, although a rule could stumble over each.
CONTROLS = {
    "several answers": {"answer": ["faster", "better", "none"], "respondents": [39, 37, 8], "%": [68, 65, 14]},
    "a quarterly level and its mean": {
        "item": ["employees"],
        "Q1": [200],
        "Q2": [210],
        "Q3": [230],
        "Q4": [240],
        "Year": [220],
    },
    "rows of many kinds": {
        "item": ["Firms", "of which new", "Sales (mln)", "Total staff"],
        "2019": [699, 139, 312.5, 8388],
    },
    "a mean of ratios": {
        "size": SIZE[:3],
        "sales": [50, 500, 3000],
        "staff": [10, 20, 30],
        "sales per employee": [6.1, 21.4, 131.0],
    },
    "a rate over all": {"sector": ["C", "F", "Total"], "share that invested (%)": [30.1, 41.5, 35.0]},
    "attainment above all": {"result": ["jobs"], "plan": [100], "actual": [140], "% realised": ["140%"]},
}


@pytest.mark.parametrize("name", TABLES)
def test_a_planted_contradiction_is_found_and_names_both_sides(name):
    make, (row, column, value), rule = TABLES[name]
    assert check_consistency(make()).to_frame().empty
    frame = make().astype({column: object})
    frame.loc[row, column] = value
    found = check_consistency(frame).to_frame()
    assert rule in found["rule"].tolist(), found.to_string()
    assert (found["found"].str.len() > 0).all()
    assert (found["expected"].str.len() > 0).all()


@pytest.mark.parametrize("labels", LEVELS)
@pytest.mark.parametrize("planted", [None, 0, 4, 6])
def test_subtotals_need_no_parent_column(labels, planted):
    values = [50, 20, 30, 110, 70, 40, 160]
    if planted is not None:
        values[planted] += 35
    found = check_consistency(pd.DataFrame({"sector": labels, "firms": values})).to_frame()
    assert found.empty == (planted is None), found.to_string()


@pytest.mark.parametrize("form", FORMS)
def test_quarters_are_read_however_they_are_written(form):
    frame = pd.DataFrame([{"what": "visits", **{form.format(y=2019, q=q): 10 * q for q in (1, 2, 3, 4)}, "2019": 190}])
    assert check_consistency(frame).to_frame()["rule"].tolist() == ["parts_of_year"]


@pytest.mark.parametrize("name", CONTROLS)
def test_everyday_tables_pass(name):
    found = check_consistency(pd.DataFrame(CONTROLS[name])).to_frame()
    assert found.empty, found.to_string()


def test_marks_that_can_be_read_in_two_ways_are_refused():
    with pytest.raises(InputError, match=r"1\.500"):
        check_consistency(pd.DataFrame({"what": ["a", "b"], "printed as": ["1.500", "2.500"]}))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("twee- tot drieëntwintig bedrijven", [2, 23]),
        ("two thousand and sixteen firms and five others", [2016, 5]),
        ("one of the firms", []),
        ("honderdeen, tweeduizend vierhonderdzes", [101, 2406]),
    ],
)
def test_numbers_in_words(text, numbers):
    assert find_number_words(text) == numbers


@pytest.mark.parametrize(
    ("first", "second", "rule", "verdict"),
    [
        ("Q1 30, Q2 20, Q3 40 and Q4 10 visits", "100 visits in the year", "sum", "pass"),
        ("Q1 30, Q2 20, Q3 40 and Q4 10 visits", "190 visits in the year", "sum", "fail"),
        ("het doel was 80 banen, het resultaat 60", "75% van het doel", "attainment", "pass"),
        ("het doel was 80 banen, het resultaat 60", "133% van het doel", "attainment", "fail"),
        ("445.4 million for 87 projects", "5.1 million a project", "mean", "pass"),
        ("445.4 million for 87 projects", "6.1 million a project", "mean", "fail"),
        ("a mean score of 3.42 on 3 items", "16 respondents", "grim", "pass"),
        ("a mean score of 3.41 on 2 items", "15 respondents", "grim", "fail"),
        ("90 kregen subsidie, 60 advies, 25 beide", "125 verschillende bedrijven", "union", "pass"),
        ("90 kregen subsidie, 60 advies, 25 beide", "150 verschillende bedrijven", "union", "fail"),
        ("a budget of £12.5 million", "£12,500 thousand was spent", "compare", "pass"),
        ("a budget of £12.5 million", "€12,500 thousand was spent", "compare", "fail"),
        ("ninety-eight contracts", "98 contracts in table 3", "compare", "pass"),
        ("ninety-eight contracts", "89 contracts in table 3", "compare", "fail"),
    ],
)
def test_pairs_of_claims_by_the_same_kinds(first, second, rule, verdict):
    columns = ["id", "claim_a", "value_a", "claim_b", "value_b", "check_rule"]
    frame = pd.DataFrame([["P", first, "", second, "", rule]], columns=columns)
    assert check_claim_pairs(frame).to_frame(None)["verdict"].tolist() == [verdict]
