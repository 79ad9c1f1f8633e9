"""The survey: published counts come back, doubtful answers are counted, intervals and weights match other sources."""

from __future__ import annotations

import itertools
import tomllib
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from paths import DATA
from scipy import stats as distributions
from statsmodels.stats.proportion import proportion_confint

from si_eval import survey as sv
from si_eval.errors import DroppedRowsWarning, InputError, StudyError
from si_eval.results import ResultTable
from si_eval.stats import standardised_mean_difference
from si_eval.survey.intervals import hypergeometric_interval, wilson_interval
from si_eval.survey.nonresponse import standardised_difference
from si_eval.survey.quality_flags import FLAG_KINDS
from si_eval.survey.tidy import join_notes
from si_eval.survey.weighting import rake_arrays
from si_eval.vocabulary import TIDY, Reason

SURVEY = DATA / "survey"
INVITED, ACTIVE = 280, 600
LINEARISED = 0.05  # relative: a linearised standard error against leaving one respondent of 57 out
SAME = 1e-12  # the same formula in another order of sums
PRINTED = 5e-4  # three decimals
RAKED = 1e-8  # two algorithms that stop at a deviation of 1e-10
CHI_SQUARE = 2e-3  # an approximation with 57 respondents, and 20 000 draws
DRAWN = 0.02  # 4 999 reorderings have a standard error below 0.0071

SMALL = """
name = "small"
title = { nl = "klein", en = "small" }
[[questions]]
id = "A"
kind = "single"
nl = "Neemt deel"
en = "Takes part"
options = [
  { code = 1, nl = "Ja", en = "Yes" },
  { code = 2, nl = "Soms", en = "At times" },
  { code = 3, nl = "Nooit", en = "Never", ends_survey = true },
  { code = 9, nl = "Weet niet", en = "Don't know", missing = true },
]
[[questions]]
id = "B"
kind = "multiple"
nl = "Waarom"
en = "Why"
options = [
  { code = 1, nl = "Kennis", en = "Knowledge" },
  { code = 2, nl = "Geld", en = "Money", open_text = true },
  { code = 8, nl = "Niets", en = "Nothing", exclusive = true },
]
[[questions]]
id = "C"
kind = "matrix"
nl = "Hoe goed"
en = "How good"
rows_from = "B"
options = [{ code = 1, nl = "Goed", en = "Good" }, { code = 2, nl = "Slecht", en = "Bad" }]
[[questions]]
id = "D"
kind = "numeric"
nl = "Uren"
en = "Hours"
minimum = 0
maximum = 100
asked_if = { question = "A", answers = [1] }
[[questions]]
id = "E"
kind = "open"
nl = "Opmerking"
en = "Remark"
options = [{ code = 1, nl = "Lof", en = "Praise" }, { code = 2, nl = "Klacht", en = "Complaint" }]
[[questions]]
id = "F"
kind = "open"
nl = "Adres"
en = "Address"
personal_data = true
[[questions]]
id = "G"
kind = "single"
nl = "Grootte"
en = "Size"
dimension = "size_class"
options = [
  { code = 1, nl = "klein", en = "small", in_class = "0-9", maximum = 9 },
  { code = 2, nl = "groot", en = "large", in_class = "10+", minimum = 10 },
]
[[checks]]
id = "more_than_size"
question = "D"
bounded_by = "G"
"""
WIDE = pd.DataFrame(
    [
        ("r1", "1", 1, 0, 0, "1", "", "", 5.0, "", "", "", "1"),
        ("r2", "2", 1, 1, 0, "2", "1", "", "", "", "", "", "2"),
        ("r3", "1", 0, 0, 1, "", "", "1", 12, "Bakkerij Jansen is blij", "1", "x@y.nl", "1"),
        ("r4", "3", "", "", "", "", "", "", "", "", "", "", ""),
        ("r5", "9", 0, 1, 0, "", "1", "", "", "meer uitleg", "2", "", "2"),
    ],
    columns=["respondent", "A", "B_1", "B_2", "B_8", "C_1", "C_2", "C_8", "D", "E", "E_code", "F", "G"],
)


@pytest.fixture(scope="module")
def questionnaire():
    return sv.load_questionnaire(SURVEY / "questionnaire.toml")


@pytest.fixture(scope="module")
def responses(questionnaire):
    return sv.simulate_survey(questionnaire, counts=SURVEY / "simulation.toml", seed=1)


@pytest.fixture(scope="module")
def survey(questionnaire, responses):
    simulation = sv.describe_simulation(questionnaire, counts=SURVEY / "simulation.toml")
    return sv.read_responses(responses, questionnaire, simulation=simulation)


@pytest.fixture
def small(tmp_path):
    return load(tmp_path, SMALL)


def load(folder, text):
    path = folder / "questionnaire.toml"
    path.write_text(text, encoding="utf-8")
    return sv.load_questionnaire(path)


def row(result, **keys):
    rows = result.to_frame()
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def problems_of(call, *arguments, **named):
    with pytest.raises(InputError) as caught:
        call(*arguments, **named)
    return {(problem.column, problem.found) for problem in caught.value.problems}, str(caught.value)


def doubts(survey):
    frame = survey.problems()
    return {(one.kind, one.question): one.count for one in frame.itertuples(index=False)}


SECTORS = {"C": 143.0, "M": 89.0, "J": 69.0, "G": 54.0, "A": np.nan, "B": np.nan}
SIZES = {"0-1": 79.0, "2-9": 133.0, "10-49": 133.0, "50-249": 90.0, "250+": 59.0}
PARTICIPANTS = 494.0


def counted(year=2019, sectors=SECTORS, total=PARTICIPANTS):
    """Give counts of participants as a stage gives them after the border: withheld ones empty, beside other rows."""
    rows = [
        {"indicator": name, "statistic": "count", "group": "participant", "year": year, name: one, "estimate": count,
         "n_units": count, "n_total": total if np.isfinite(count) else np.nan}
        for name, classes in (("sector", sectors), ("size_class", SIZES)) for one, count in classes.items()
    ]  # fmt: skip
    others = [{**row, "group": "non_participant", "estimate": 9_000.0} for row in rows]
    shares = [{**row, "statistic": "share", "estimate": 0.5} for row in rows]
    return pd.DataFrame([*rows, *others, *shares]).reindex(columns=[*TIDY, "n_total"])


# --- exhibits against the source ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exhibits(survey):
    tables = {}
    for entry in tomllib.loads((SURVEY / "exhibits.toml").read_text(encoding="utf-8"))["exhibits"]:
        arguments = {
            name: DATA / "studies" / value if str(value).startswith("../") else value
            for name, value in entry.get("arguments", {}).items()
        }
        if "population" in arguments:
            arguments["population"] = sv.load_frame(arguments["population"]).invited
        if entry["function"] == "survey_nonresponse":
            arguments = {"population": counted()}
        if entry["function"] == "survey_weighted":
            settings = {**arguments["settings"], "population": INVITED}
            arguments = {"margins": counted(), "fewest": 5, "trim": (0.3, 3.0), **settings}
        table = getattr(sv, entry["function"])(survey, **arguments)
        frame = table.frame
        for column, wanted in entry.get("select", {}).items():
            frame = frame[frame[column].isin(wanted if isinstance(wanted, list) else [wanted])]
        tables[entry["id"]] = replace(table, frame=frame)
    return tables


def published_figures():
    return pd.read_csv(DATA / "published" / "survey_figures.csv", dtype={"value": float}).to_dict("records")


@pytest.mark.parametrize("figure", published_figures(), ids=lambda figure: figure["id"])
def test_every_published_value_comes_back(figure, exhibits):
    precision = tomllib.loads((DATA / "published" / "readings.toml").read_text(encoding="utf-8"))["precision"]
    keys = ("indicator", "statistic", "group", "size_class", "sector", "category")
    found = row(exhibits[figure["exhibit"]], **{key: figure[key] for key in keys})
    if figure["precision"] == "unprinted":
        assert np.isnan(figure["value"])
        return
    allowed = precision[figure["precision"]]
    low = figure["value"] - allowed["below"] * figure["step"]
    high = figure["value"] + allowed["above"] * figure["step"]
    assert low - SAME <= found["estimate"] <= high + SAME


def test_every_row_of_the_reference_is_kept():
    ids = [figure["id"] for figure in published_figures()]
    assert ids == [f"SV{number:03d}" for number in range(1, 72)]


def entries_are_labelled(name):
    """Say whether an exhibit has answers of the questionnaire alone, not rates, checks, doubts or the population."""
    others = ("dialogic_table_11", "survey_plausibility", "survey_doubts", "survey_impact_weighted")
    return name not in others and "nonresponse" not in name


def test_results_are_tidy_counted_and_labelled(exhibits, questionnaire, survey):
    labels = questionnaire.labels()
    for name, table in exhibits.items():
        frame = table.to_frame()
        assert isinstance(table, ResultTable)
        assert list(frame.columns[: len(TIDY)]) == list(TIDY)
        assert frame.loc[frame["estimate"].notna(), "n_units"].notna().all()
        assert not frame.duplicated(["indicator", "statistic", "group", "size_class", "sector", "category"]).any()
        assert table.cannot_show
        assert table.simulation is survey.simulation
        if entries_are_labelled(name):
            assert set(frame["category"]) - {"all"} <= set(labels)
            assert set(frame["indicator"]) <= set(labels)
    assert exhibits["dialogic_figure_44"].evidence == exhibits["dialogic_figure_43"].evidence == "association"
    assert exhibits["dialogic_figure_41"].evidence == "goal_attainment"


def test_simulation_is_deterministic_says_so_and_knows_what_was_published(questionnaire, responses, survey, tmp_path):
    again = sv.simulate_survey(questionnaire, counts=SURVEY / "simulation.toml", seed=1)
    other = sv.simulate_survey(questionnaire, counts=SURVEY / "simulation.toml", seed=2)
    pd.testing.assert_frame_equal(responses, again)
    assert not responses.drop(columns="simulated").equals(other.drop(columns="simulated"))
    path = sv.write_responses(responses, path=tmp_path / "responses.csv")
    read = sv.read_responses(path, questionnaire)
    pd.testing.assert_frame_equal(read.answers, survey.answers)
    assert read.simulation.preset == "smart_industry_2020_survey, seed 1"
    assert len(survey.problems()) == 0
    cells = survey.simulation.calibrated
    assert any(cell["indicator"] == "Q08" and cell["category"] == "Process or product innovation" for cell in cells)
    assert not any(cell["indicator"] == "Q16" for cell in cells)


def test_counts_that_cannot_be_are_all_reported(questionnaire, tmp_path):
    text = (SURVEY / "simulation.toml").read_text(encoding="utf-8")
    broken = tmp_path / "counts.toml"
    broken.write_text(text.replace("{ 1 = 6, 2 = 14, 3 = 22", "{ 1 = 7, 2 = 14, 3 = 22").replace("6 = 17", "6 = 17"))
    assert ("Q16", "58 answers") in problems_of(sv.simulate_survey, questionnaire, counts=broken)[0]
    broken.write_text(text.replace("[questions.Q16]", "[questions.Q61]").replace("6 = 9, 7 = 4 }", "66 = 9 }"))
    found = problems_of(sv.simulate_survey, questionnaire, counts=broken)[0]
    assert {("questions.Q61", "no such question"), ("questions.Q03", "66")} <= found


# --- questionnaire and responses at the door ------------------------------------------------------------------------


def test_the_questionnaire_has_seventeen_questions(questionnaire):
    assert len(questionnaire.asked) == 17
    assert questionnaire.rows_of(questionnaire.question("Q06"))[-1].id == "97"
    with pytest.raises(StudyError, match="found 'Q99'"):
        questionnaire.question("Q99")


def test_every_problem_of_a_questionnaire_is_reported_with_the_nearest_name(tmp_path):
    broken = SMALL.replace("ends_survey", "end_survey").replace('kind = "matrix"', 'kind = "matrx"')
    found, text = problems_of(
        load, tmp_path, broken.replace('en = "Why"\n', "").replace("minimum = 0", 'minimum = "0"')
    )
    assert len(found) == 4
    for told in ("did you mean `ends_survey`?", "did you mean `matrix`?", "no `en`", "found '0'; expected a number"):
        assert told in text
    broken = SMALL.replace("answers = [1]", "answers = [7]").replace('rows_from = "B"', 'rows_from = "G"')
    broken = broken.replace('bounded_by = "G"', 'bounded_by = "B"').replace(
        'code = 8, nl = "Niets"', 'code = 2, nl = "N"'
    )
    found, text = problems_of(load, tmp_path, broken.replace('id = "F"', 'id = "E"'))
    assert {name for name, _ in found} == {
        *("questions.id", "questions.C.rows_from", "questions.D.asked_if.answers", "questions.B.options.code"),
        "checks.more_than_size.bounded_by",
    }
    with pytest.raises(StudyError, match="expected TOML"):
        load(tmp_path, "name = ")


@pytest.mark.parametrize(
    ("written", "read"), [("samenhang", "association"), ("doelrealisatie", "goal_attainment"), ("effect", "effect")]
)
def test_the_former_codes_of_evidence_are_read(written, read, tmp_path):
    questionnaire = load(tmp_path, SMALL.replace('en = "How good"', f'en = "How good"\nevidence = "{written}"'))
    assert questionnaire.question("C").evidence == read
    with pytest.raises(InputError, match="expected one of goal_attainment, association, effect; did you mean"):
        load(tmp_path, SMALL.replace('en = "How good"', 'en = "How good"\nevidence = "asociation"'))


def test_notes_are_joined_in_both_languages():
    assert join_notes("", "3 left out", "one dominates") == "3 left out; one dominates"
    assert join_notes(Reason.NO_NUMBERS.note, "3 left out") == (
        "geen getal ingevuld; 3 left out | no number was filled in; 3 left out"
    )


def test_wide_and_tidy_codes_and_labels_are_the_same(small):
    wide = sv.read_responses(WIDE, small)
    labelled = sv.read_responses(
        WIDE.assign(A=["Ja", "Soms", "Yes", "Never", "Don't know"], B_1=["x", "ja", 0, "", 0]), small
    )
    tidy = wide.to_frame().rename(columns={"value": "v"}).drop(columns="v")
    tidy.loc[tidy["question"] == "B", "answer"] = "1"
    again = sv.read_responses(tidy.sample(frac=1, random_state=1), small)
    pd.testing.assert_frame_equal(wide.answers, labelled.answers)
    pd.testing.assert_frame_equal(wide.asked_frame, again.asked_frame)
    for question in ("A", "B", "G"):
        asked = small.question(question)
        pd.testing.assert_frame_equal(wide.choices(asked), again.choices(asked), check_names=False)


def test_files_as_spreadsheets_write_them_are_read(small, tmp_path):
    path = tmp_path / "responses.csv"
    path.write_text("\ufeff" + WIDE.astype({"D": object}).to_csv(index=False, sep=";"), encoding="utf-8")
    pd.testing.assert_frame_equal(sv.read_responses(path, small).answers, sv.read_responses(WIDE, small).answers)
    numbers = WIDE.assign(A=[1.0, 2.0, 1.0, 3.0, 9.0], B_1=[1.0, 1.0, 0.0, np.nan, 0.0])
    numbers.to_csv(path, index=False)
    pd.testing.assert_frame_equal(sv.read_responses(path, small).answers, sv.read_responses(WIDE, small).answers)
    WIDE.astype(str).to_parquet(tmp_path / "responses.parquet")
    assert sv.read_responses(tmp_path / "responses.parquet", small).respondents == 4
    with pytest.raises(StudyError, match=r"found no file nowhere\.csv"):
        sv.read_responses(tmp_path / "nowhere.csv", small)
    path.write_bytes("respondent;A\nr1;caf\u00e9".encode("latin-1"))
    with pytest.raises(StudyError, match="expected UTF-8"):
        sv.read_responses(path, small)


def test_what_cannot_be_read_is_refused_at_once(small):
    found, text = problems_of(
        sv.read_responses, WIDE.rename(columns={"B_1": "B1"}).assign(respondent=["", *"abcd"]), small
    )
    assert {name for name, _ in found} == {"B1", "B_1", "respondent"}
    assert "did you mean `B_" in text
    broken = WIDE.assign(A=["7", *WIDE["A"][1:]], B_1=["maybe", *WIDE["B_1"][1:]], D=["many", *WIDE["D"][1:]], E_code=5)
    found, text = problems_of(sv.read_responses, broken, small)
    assert {name for name, _ in found} == {"A", "B", "D", "E"}
    tidy = pd.DataFrame({"respondent": ["a"], "question": ["H"], "item": [""], "answer": ["1"]})
    assert "found 1 unknown answers (for example H)" in problems_of(sv.read_responses, tidy, small)[1]


DOUBTS = {
    "skipped": ({"r2": {"D": "7"}}, {("not asked", "D"): 1}),
    "screened": ({"r4": {"G": "1"}}, {("not asked", "G"): 1}),
    "missing": ({"r1": {"G": "", "C_1": ""}}, {("missing", "G"): 1, ("missing", "C_1"): 1}),
    "contradiction": ({"r1": {"B_8": 1, "C_8": "1"}}, {("contradiction", "B"): 1}),
    "range": ({"r1": {"D": "-4"}, "r3": {"D": "101"}}, {("out of range", "D"): 2}),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_doubtful_answers_are_kept_and_counted(name, small):
    changes, expected = DOUBTS[name]
    frame = WIDE.astype(object).set_index("respondent")
    for respondent, answers in changes.items():
        for column, value in answers.items():
            frame.loc[respondent, column] = value
    usual = {("personal data", "F"): 1}
    survey = sv.read_responses(frame.reset_index(), small)
    assert doubts(survey) == usual | expected
    assert survey.respondents == 4
    assert survey.ineligible == 1
    for respondent, answers in changes.items():
        kept = survey.answers[survey.answers["respondent"] == respondent]
        assert all(value == "" or column[0] in set(kept["question"]) for column, value in answers.items())


def test_double_unknown_empty_and_equal_respondents_are_counted(small):
    same, fuller = WIDE.iloc[[1]], WIDE.iloc[[0]].assign(C_1="", D="")
    twin, silent = WIDE.iloc[[4]].assign(respondent="r6"), WIDE.iloc[[3]].assign(respondent="r7", A="")
    frame = pd.concat([WIDE, same, fuller, twin, silent], ignore_index=True)
    with pytest.warns(DroppedRowsWarning, match="2 rows"):
        survey = sv.read_responses(frame, small, respondents=["r1", "r2", "r3", "r4", "r5", "r6"])
    found = survey.problems().set_index(["kind", "found"])["respondents"]
    assert found["double respondent", "the same answers twice"] == ("r2",)
    assert found["double respondent", "different answers in two rows"] == ("r1",)
    assert found["unknown respondent", "not on the list"] == ("r7",)
    assert found["empty response", "no answer at all"] == ("r7",)
    assert found["same answers", "answers that are the same on every question"] == ("r5", "r6")
    assert survey.numbers(small.question("D"))["r1"] == 5.0
    assert survey.respondents == 5


def test_several_answers_to_one_question_count_as_none_and_the_note_says_so(small):
    tidy = pd.DataFrame(
        [("a", "A", "1"), ("a", "A", "2"), ("b", "A", "1"), ("b", "D", "4"), ("c", "A", "2"), ("c", "D", "3")],
        columns=["respondent", "question", "answer"],
    )
    survey = sv.read_responses(tidy, small)
    assert doubts(survey)["several answers", "A"] == 1
    result = sv.survey_frequencies(survey, question="A")
    assert row(result, category="Yes", statistic="count")["estimate"] == 1
    assert row(result, category="Yes", statistic="count")["n_total"] == 2
    assert row(result, category="Yes", statistic="count")["note"].startswith("1 gave several answers")
    numeric = sv.survey_numeric(survey, question="D")
    assert row(numeric, statistic="mean")["estimate"] == 4
    assert row(numeric, statistic="mean")["note"].endswith("1 answered without being asked and are left out")


def test_words_and_addresses_never_stay(small):
    survey = sv.read_responses(WIDE, small)
    text = survey.answers.to_csv() + survey.problems().to_csv() + repr(survey)
    assert "Jansen" not in text
    assert "x@y" not in text
    result = sv.open_answers(survey, question="E")
    assert row(result, category="all")["estimate"] == 2
    assert row(result, category="Praise", statistic="share")["estimate"] == 0.5
    assert row(sv.open_answers(survey, question="F"), category="all")["n_units"] == 1


# --- counting -------------------------------------------------------------------------------------------------------


def test_bases_splits_and_per_answer_agree_with_brute_force(survey, responses):
    frame = responses
    known = sv.survey_frequencies(survey, question="Q04", base="known")
    hours = frame["Q04"][frame["Q04"] != "9"]
    assert row(known, category="over 960 hours", statistic="share")["estimate"] == (hours == "6").mean()
    assert "Don't know" not in set(known.frame["category"])
    split = sv.survey_frequencies(survey, question="Q10", by="Q14", answers="both")
    large = frame[frame["Q14"] == "5"]["Q10"]
    cell = row(split, category="Keeps taking part", size_class="250+", statistic="share")
    assert cell["estimate"] == pytest.approx((large != "4").mean(), abs=SAME)
    assert (cell["n_units"], cell["n_total"]) == ((large != "4").sum(), len(large))
    per = sv.survey_multiple(survey, question="Q08", per="answer").to_frame()
    ticks = frame[[f"Q08_{code}" for code in range(1, 9)]].to_numpy(dtype=float)
    np.testing.assert_allclose(per["estimate"], ticks.sum(axis=0) / ticks.sum(), rtol=SAME)
    left_out = np.array(
        [np.delete(ticks, one, axis=0).sum(axis=0) / np.delete(ticks, one, axis=0).sum() for one in range(57)]
    )
    jackknife = np.sqrt(56 / 57 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(per["std_error"], jackknife, rtol=LINEARISED)
    with pytest.raises(StudyError, match="count per respondent"):
        sv.survey_multiple(survey, question="Q08", per="answer", by="Q14")


def test_matrix_rows_and_the_whole(survey, responses):
    result = sv.survey_matrix(survey, question="Q09", base="known", answers="both")
    columns = responses[[f"Q09_{place}" for place in range(1, 8)]].to_numpy()
    content = columns[columns != "6"]
    whole = row(result, indicator="Q09", category="Yes, to a large extent")
    assert whole["estimate"] == pytest.approx((content == "1").mean(), abs=SAME)
    assert whole["n_units"] == (columns == "1").any(axis=1).sum()
    places = responses["Q09_3"][responses["Q09_3"] != "6"].astype(float)
    assert row(result, indicator="Q09_3", statistic="median")["estimate"] == places.median()


def test_a_question_that_nobody_answered_says_so(small):
    survey = sv.read_responses(WIDE.assign(G=""), small)
    result = sv.survey_frequencies(survey, question="G", population=50)
    shares = result.frame[result.frame["statistic"] == "share"]
    assert shares["estimate"].isna().all()
    assert set(shares["note"]) == {Reason.NO_ANSWERS.note}
    assert row(sv.survey_numeric(survey, question="D", by="G"), size_class="0-9", statistic="mean")["note"] == (
        join_notes(Reason.NO_NUMBERS.note, "2 without an answer to G")
    )


def test_a_cross_table_adds_up_and_its_p_value_is_that_of_all_reorderings(small):
    answers = [("1", "1")] * 5 + [("1", "2")] * 2 + [("2", "1")] + [("2", "2")] * 4
    frame = pd.DataFrame(answers, columns=["A", "G"]).assign(respondent=[f"r{one}" for one in range(12)])
    survey = sv.read_responses(frame.reindex(columns=WIDE.columns, fill_value=""), small)
    for share_of, expected in (("by", 5 / 6), ("question", 5 / 7), ("all", 5 / 12)):
        result = sv.survey_crosstab(survey, question="A", by="G", share_of=share_of)
        cell = row(result, category="Yes", size_class="0-9", statistic="share")
        assert cell["estimate"] == pytest.approx(expected, abs=SAME)
        assert cell["n_units"] == 5
    support = range(1, 7)  # of 7 and 6 out of 12, as many in the first cell
    weight = {one: distributions.hypergeom.pmf(one, 12, 7, 6) for one in support}
    far = {one: abs(one - 3.5) for one in support}
    exact = sum(weight[one] for one in support if far[one] >= far[5] - SAME)
    test = row(result, indicator="A | G")
    assert test["p_value"] == pytest.approx(exact, abs=DRAWN)
    assert sv.survey_crosstab(survey, question="A", by="G").frame.equals(
        sv.survey_crosstab(survey, question="A", by="G").frame
    )


def test_numbers_that_cannot_be_right_are_found(survey, small):
    result = sv.survey_plausibility(survey)
    cell = {"size_class": "10-49", "statistic": "mean"}
    assert row(result, indicator="Q15", **cell)["estimate"] == pytest.approx(244.45, abs=0.01)
    assert row(result, indicator="Q15", **cell)["note"] == "one number is more than half of the total"
    without = row(result, indicator="specialists_above_persons_plausible", **cell)
    flagged = row(result, indicator="specialists_above_persons", size_class="10-49", statistic="count")
    assert without["estimate"] <= 49
    assert flagged["estimate"] == without["n_units"] == 3  # the two means together give these three away
    tiny = sv.survey_plausibility(sv.read_responses(WIDE, small))
    assert row(tiny, indicator="more_than_size", size_class="all", statistic="share")["estimate"] == 0.5


def test_row_order_does_not_matter_and_nothing_is_changed(questionnaire, responses, survey):
    before = responses.copy(deep=True)
    shuffled = responses.sample(frac=1, random_state=3).set_index(pd.Index(range(100, 157)))
    other = sv.read_responses(shuffled, questionnaire, simulation=survey.simulation)
    population = counted()
    kept = population.copy(deep=True)
    calls = [
        lambda one: sv.survey_frequencies(one, question="Q02", by="Q13"),
        lambda one: sv.survey_multiple(one, question="Q05", per="answer"),
        lambda one: sv.survey_matrix(one, question="Q06", answers="both"),
        lambda one: sv.survey_numeric(one, question="Q15", by="Q14"),
        lambda one: sv.survey_crosstab(one, question="Q10", by="Q14"),
        lambda one: sv.survey_response(one, frame=SURVEY / "frame.toml"),
        lambda one: sv.survey_nonresponse(one, population=population),
        lambda one: sv.rake(one, margins=population),
        sv.survey_plausibility,
    ]
    answers, asked = survey.answers.copy(deep=True), survey.asked_frame.copy(deep=True)
    for call in calls:
        pd.testing.assert_frame_equal(call(survey).to_frame(), call(other).to_frame(), rtol=SAME)
    pd.testing.assert_frame_equal(responses, before)
    pd.testing.assert_frame_equal(population, kept)
    pd.testing.assert_frame_equal(survey.answers, answers)
    pd.testing.assert_frame_equal(survey.asked_frame, asked)


# --- intervals ------------------------------------------------------------------------------------------------------

# 34 of 57, as measured with other programs: method, population, bounds.
MEASURED = [
    (wilson_interval, None, 0.467, 0.714),
    (wilson_interval, INVITED, 0.481, 0.703),
    (wilson_interval, ACTIVE, 0.473, 0.709),
    (hypergeometric_interval, None, 0.458, 0.724),
    (hypergeometric_interval, INVITED, 0.475, 0.711),
    (hypergeometric_interval, ACTIVE, 0.465, 0.718),
]


@pytest.mark.parametrize(("method", "population", "low", "high"), MEASURED)
def test_intervals_match_measured_figures(method, population, low, high):
    found = method([34], [57], population=population)
    np.testing.assert_allclose([found.low[0], found.high[0]], [low, high], atol=PRINTED)


def test_intervals_without_a_population_match_statsmodels():
    count, n = np.array([0, 1, 20, 56, 57]), np.full(5, 57)
    for method, name in ((wilson_interval, "wilson"), (hypergeometric_interval, "beta")):
        low, high = proportion_confint(count, n, alpha=0.05, method=name)
        np.testing.assert_allclose(method(count, n).low, low, atol=1e-9)
        np.testing.assert_allclose(method(count, n).high, high, atol=1e-9)
    everyone = wilson_interval([3], [7], population=7)
    np.testing.assert_allclose([everyone.low[0], everyone.high[0]], 3 / 7, atol=SAME)


def test_the_exact_interval_matches_brute_force():
    for population, n, level in ((23, 9, 0.95), (40, 40, 0.9), (12, 1, 0.8)):
        units, tail = np.arange(population + 1), (1 - level) / 2
        for count in range(n + 1):
            above = distributions.hypergeom.sf(count - 1, population, units, n) > tail
            below = distributions.hypergeom.cdf(count, population, units, n) > tail
            held = units[above & below]
            found = hypergeometric_interval([count], [n], population=population, level=level)
            assert (found.low[0], found.high[0]) == (held.min() / population, held.max() / population)


def test_coverage_over_every_population_of_280():
    count, units = np.arange(58), np.arange(INVITED + 1)
    coverage = {}
    for method in (hypergeometric_interval, wilson_interval):
        found = method(count, np.full(58, 57), population=INVITED)
        covers = (found.low <= units[:, None] / INVITED + SAME) & (units[:, None] / INVITED <= found.high + SAME)
        coverage[method] = (distributions.hypergeom.pmf(count, INVITED, units[:, None], 57) * covers).sum(axis=1)
    assert coverage[hypergeometric_interval].min() >= 0.95
    assert coverage[hypergeometric_interval].mean() < 0.975
    found = wilson_interval(count, np.full(58, 57))
    covers = (found.low <= units[:, None] / INVITED + SAME) & (units[:, None] / INVITED <= found.high + SAME)
    plain = (distributions.hypergeom.pmf(count, INVITED, units[:, None], 57) * covers).sum(axis=1)
    measured = [(coverage[hypergeometric_interval], 0.958, 0.969), (coverage[wilson_interval], 0.938, 0.954)]
    for one, least, mean in [*measured, (plain, 0.963, 0.975)]:
        steps = one[28::14]  # shares of 10% to 100% by 5%: where the figures were measured
        np.testing.assert_allclose([steps.min(), steps.mean()], [least, mean], atol=PRINTED + SAME)
    inner = coverage[wilson_interval][28:-28]  # shares of 10% to 90%: nearer the ends it covers less
    assert inner.min() > 0.93
    assert inner.mean() == pytest.approx(0.95, abs=0.005)


def test_coverage_of_a_simulated_survey():
    rng = np.random.default_rng(4)
    drawn = rng.hypergeometric(120, 160, 57, size=4_000)
    found = hypergeometric_interval(drawn, np.full(4_000, 57), population=INVITED)
    held = (found.low <= 120 / 280) & (found.high >= 120 / 280)
    assert held.mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 4_000)


def test_intervals_refuse_what_they_cannot_do(survey):
    for arguments, told in (
        ({"population": 40}, "expected at least the 57 respondents"),
        ({"interval": "wald"}, "expected one of hypergeometric, wilson"),
        ({"base": "everyone"}, "expected one of asked, answered, known"),
        ({"level": 95}, "between 0 and 1"),
        ({"answers": "nets"}, "a question with nets"),
        ({"weights": pd.DataFrame({"respondent": [], "weight": []})}, "write interval='wilson'"),
    ):
        with pytest.raises(StudyError, match=told):
            sv.survey_frequencies(survey, question="Q16", **arguments)


# --- response, non-response, weights --------------------------------------------------------------------------------

FRAME = """
name = "small"
[fieldwork]
reminders = 1
[[cells]]
stratum = ""
invited = 20
refused = 2
not_contacted = 3
other = 1
ineligible = 4
unknown = 10
"""


def test_response_rates_follow_the_definitions(small, tmp_path):
    path = tmp_path / "frame.toml"
    path.write_text(FRAME)
    survey = sv.read_responses(
        WIDE.assign(B_1=[1, 1, 0, "", 0], C_1=["1", "", "", "", ""], C_2=["", "1", "", "", ""]), small
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
    path.write_text(FRAME.replace("refused = 2", "refused = 22").replace("unknown", "unknwon"))
    assert "did you mean `unknown`?" in problems_of(sv.load_frame, path)[1]


def test_response_by_fieldlab_adds_up(survey):
    frame = sv.survey_response(survey, frame=SURVEY / "frame.toml").to_frame()
    strata = frame[(frame["category"] != "all") & (frame["statistic"] == "count")]
    assert strata.groupby("indicator")["estimate"].sum().to_dict() == {"respondents": 57, "invited": 280}
    zephyros = frame[frame["category"] == "RR5 | Fieldlab Zephyros"].iloc[0]
    assert (zephyros["estimate"], zephyros["n_units"], zephyros["n_total"]) == (0.5, 7, 14)


def test_non_response_matches_other_formulas(survey, responses):
    result = sv.survey_nonresponse(survey, population=counted())
    share = np.array([3, 10, 22, 8, 14]) / 57
    known = np.array(list(SIZES.values()))
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


def test_counts_of_a_stage_and_a_file_of_the_same_counts_are_the_same(survey, tmp_path):
    rows = [("Q13", name, count) for name, count in SECTORS.items() if np.isfinite(count)]
    rows += [("Q13", "rest", 139), *(("Q14", name, count) for name, count in SIZES.items())]
    path = tmp_path / "population.csv"
    pd.DataFrame(rows, columns=["question", "category", "count"]).to_csv(path, index=False)
    from_file = sv.survey_nonresponse(survey, population=path).to_frame()
    earlier = pd.concat([counted(2014).assign(estimate=1.0), counted()])
    for tidy in (counted(), earlier, [ResultTable(counted(), "f", "goal_attainment", "", "r")]):
        pd.testing.assert_frame_equal(sv.survey_nonresponse(survey, population=tidy).to_frame(), from_file)
    with pytest.raises(StudyError, match="found 2016; expected one of 2014, 2019"):
        sv.survey_nonresponse(survey, population=earlier, year=2016)
    file, stage = (sv.rake(survey, margins=one, trim=(0.2, 5)).to_frame() for one in (path, counted()))
    pd.testing.assert_frame_equal(file, stage)


def test_without_a_known_total_or_without_counts_the_respondents_stand_alone(survey):
    withheld = counted(total=np.nan)
    for population in (None, withheld):
        frame = sv.survey_nonresponse(survey, population=population).to_frame()
        ours, theirs = frame[frame["indicator"] == "Q13"], frame[frame["indicator"] == "Q13_population"]
        assert theirs["estimate"].isna().all()
        assert set(theirs["note"]) == {Reason.NO_POPULATION_COUNT.note}
        assert ours[ours["group"] == "all"]["estimate"].sum() == pytest.approx(1, abs=SAME)
        assert ours[ours["group"] == "difference"]["estimate"].isna().all()
    assert (
        sv.survey_nonresponse(survey, population=withheld)
        .to_frame()
        .query("indicator == 'Q14_population'")["estimate"]
        .notna()
        .all()
    )
    assert "no total" in problems_of(sv.rake, survey, margins=withheld)[1]
    assert "no counts for any question" in problems_of(sv.rake, survey, margins=withheld.iloc[:0])[1]


def test_classes_with_few_respondents_are_raked_together(survey):
    sectors = {**SECTORS, "P": 14.0, "Q": 13.0, "K": 10.0}
    assert "nobody answered in" in problems_of(sv.rake, survey, margins=counted(sectors=sectors))[1]
    weights = sv.rake(survey, margins=counted(sectors=sectors), fewest=5)
    report = weights.report().query("question == 'Q13'").set_index("category")
    assert set(report.index) == {"C", "M", "J", "rest"}
    assert report.loc["rest", "population"] == pytest.approx((494 - 143 - 89 - 69) / 494, abs=SAME)
    assert report["weighted"].to_numpy() == pytest.approx(report["population"].to_numpy(), abs=RAKED)


def test_raking_matches_proportional_fitting_of_the_table(survey, responses):
    weights = sv.rake(survey, margins=counted())
    sector = responses["Q13"].map({"3": "C", "13": "M", "10": "J", "7": "G"}).fillna("rest")
    table = pd.crosstab(sector, responses["Q14"]).to_numpy(dtype=float)
    rows = np.array([SECTORS[name] for name in "CGJM"] + [139]) / PARTICIPANTS  # in order of name, the rest last
    columns = np.array(list(SIZES.values())) / PARTICIPANTS
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


def test_weighted_shares_are_those_of_the_weights_and_say_what_they_cost(survey, responses):
    arguments = {"question": "Q09", "base": "known", "answers": "nets"}
    weights = sv.rake(survey, margins=counted(), trim=(0.3, 3.0), fewest=5)
    result = sv.survey_weighted(
        survey, count="survey_matrix", margins=counted(), trim=(0.3, 3.0), fewest=5, population=INVITED, **arguments
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


def test_doubts_are_counted_once_a_respondent_and_by_question(small, survey):
    odd = WIDE.assign(D=[500, "", 12, "", 40], C_1=["", "2", "", "", ""], G=["", "2", "1", "", "2"])
    read = sv.read_responses(odd, small)
    frame = sv.survey_doubts(read).to_frame().set_index(["indicator", "category"])["estimate"]
    assert frame["doubts", "missing"] == frame["C_1", "missing"] == frame["G", "missing"] == 1
    assert (frame["doubts", "out of range"], frame["doubts", "not asked"], frame["D", "not asked"]) == (1, 1, 1)
    assert set(read.problems()["kind"]) <= set(FLAG_KINDS)
    none = sv.survey_doubts(survey).to_frame()
    assert set(none["estimate"]) == {0.0}
    assert len(none) == len(FLAG_KINDS)


def test_trimmed_weights_keep_their_bounds_and_the_report_says_what_it_costs(survey):
    loose = sv.rake(survey, margins=counted(), trim=(0.3, 3.5))
    assert loose.converged
    assert loose.to_frame()["weight"].between(0.3 - 1e-9, 3.5 + 1e-9).all()
    assert loose.report().eval("weighted - population").abs().max() < RAKED
    tight = sv.rake(survey, margins=counted(), trim=(0.5, 1.5))
    assert not tight.converged
    assert tight.trimmed > 0
    assert tight.report().eval("weighted - population").abs().max() > 0.01
    assert "did not converge" in tight.summary()
    with pytest.raises(StudyError, match="a bound below 1 and one above 1"):
        sv.rake(survey, margins=counted(), trim=(2, 3))


def test_respondents_without_a_class_keep_their_weight():
    members = [np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=bool)]
    raked = rake_arrays(members, [np.array([0.5, 0.5])])
    np.testing.assert_allclose(raked.weights[0] * 2, raked.weights[2], rtol=1e-9)
    assert raked.converged


def test_margins_that_do_not_fit_are_all_reported(survey):
    margins = pd.DataFrame(
        [("Q13", "C", 5), ("Q13", "J+X9", 5), ("Q14", "1", 5), ("Q14", "1+2", -1), ("Q05", "1", 3)],
        columns=["question", "category", "count"],
    )
    found, text = problems_of(sv.rake, survey, margins=margins)
    assert {name for name, _ in found} == {"Q13", "Q14", "question"}
    assert "X9" in text
    empty = pd.DataFrame({"question": "Q13", "category": ["D", "rest"], "count": [5, 95]})
    assert "nobody answered in D" in problems_of(sv.rake, survey, margins=empty)[1]


def test_no_warning_is_raised_by_any_function_on_any_question(survey, questionnaire):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for question, method in itertools.product(questionnaire.questions, ("hypergeometric", "wilson")):
            if question.kind == "single":
                sv.survey_frequencies(survey, question=question.id, interval=method, population=INVITED)
