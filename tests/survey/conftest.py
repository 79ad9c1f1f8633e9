"""Fixtures of the survey tests: the survey of the reference study, and a small one with a question of each kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from paths import DATA

from si_eval import survey as sv
from si_eval.errors import InputError
from si_eval.vocabulary import TIDY

HERE = Path(__file__).parent
SURVEY = DATA / "survey"


@pytest.fixture(scope="session")
def survey_folder():
    """The survey files of the reference study."""
    return SURVEY


@pytest.fixture(scope="session")
def questionnaire():
    """The questionnaire of the reference study."""
    return sv.load_questionnaire(SURVEY / "questionnaire.toml")


@pytest.fixture(scope="session")
def responses(questionnaire):
    """Its simulated responses, 57 respondents; tests leave them as they are."""
    return sv.simulate_survey(questionnaire, counts=SURVEY / "simulation.toml", seed=1)


@pytest.fixture(scope="session")
def survey(questionnaire, responses):
    """The survey of the reference study."""
    simulation = sv.describe_simulation(questionnaire, counts=SURVEY / "simulation.toml")
    return sv.read_responses(responses, questionnaire, simulation=simulation)


@pytest.fixture(scope="session")
def small_text():
    """The file of the small questionnaire as text, to change a key in."""
    return (HERE / "small_questionnaire.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def small():
    """The small questionnaire."""
    return sv.load_questionnaire(HERE / "small_questionnaire.toml")


@pytest.fixture
def load(tmp_path):
    """Load a questionnaire from text."""

    def load_text(text):
        path = tmp_path / "questionnaire.toml"
        path.write_text(text, encoding="utf-8")
        return sv.load_questionnaire(path)

    return load_text


@pytest.fixture
def wide():
    """Responses of five to the small questionnaire, one row each."""
    return pd.DataFrame(
        [
            ("r1", "1", 1, 0, 0, "1", "", "", 5.0, "", "", "", "1"),
            ("r2", "2", 1, 1, 0, "2", "1", "", "", "", "", "", "2"),
            ("r3", "1", 0, 0, 1, "", "", "1", 12, "Bakkerij Jansen is blij", "1", "x@y.nl", "1"),
            ("r4", "3", "", "", "", "", "", "", "", "", "", "", ""),
            ("r5", "9", 0, 1, 0, "", "1", "", "", "meer uitleg", "2", "", "2"),
        ],
        columns=["respondent", "A", "B_1", "B_2", "B_8", "C_1", "C_2", "C_8", "D", "E", "E_code", "F", "G"],
    )


@pytest.fixture(scope="session")
def row():
    """Find the one row of a result with the given keys."""

    def find(result, **keys):
        rows = result.to_frame()
        for column, value in keys.items():
            rows = rows[rows[column] == value]
        assert len(rows) == 1, rows
        return rows.iloc[0]

    return find


@pytest.fixture(scope="session")
def problems_of():
    """Make a call that must fail, and return its problems as (column, found), and its message."""

    def fail(call, *arguments, **named):
        with pytest.raises(InputError) as caught:
            call(*arguments, **named)
        return {(problem.column, problem.found) for problem in caught.value.problems}, str(caught.value)

    return fail


@pytest.fixture(scope="session")
def sectors():
    """Participants by sector in the register; the classes A and B are withheld."""
    return {"C": 143.0, "M": 89.0, "J": 69.0, "G": 54.0, "A": np.nan, "B": np.nan}


@pytest.fixture(scope="session")
def sizes():
    """Participants by size class in the register."""
    return {"0-1": 79.0, "2-9": 133.0, "10-49": 133.0, "50-249": 90.0, "250+": 59.0}


@pytest.fixture(scope="session")
def register_counts(sectors, sizes):
    """Build counts of participants as they cross the border: withheld ones empty, beside other rows."""

    def build(year=2019, sectors=sectors, total=494.0):
        rows = [
            {"indicator": name, "statistic": "count", "group": "participant", "year": year, name: one,
             "estimate": count, "n_units": count, "n_total": total if np.isfinite(count) else np.nan}
            for name, classes in (("sector", sectors), ("size_class", sizes)) for one, count in classes.items()
        ]  # fmt: skip
        others = [{**row, "group": "non_participant", "estimate": 9_000.0} for row in rows]
        shares = [{**row, "statistic": "share", "estimate": 0.5} for row in rows]
        return pd.DataFrame([*rows, *others, *shares]).reindex(columns=[*TIDY, "n_total"])

    return build
