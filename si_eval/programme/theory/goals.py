"""What the programme promised: goals with targets, what came of them, and a score on an ordered scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.results import ResultTable
from si_eval.vocabulary import ALL, CATEGORY, COUNT, ESTIMATE, INDICATOR, MEAN, NOTE, SHARE, STATISTIC, UNIT_OF_MEASURE

from .programme import near
from .rows import BILINGUAL, public_table

TEXT_COLUMNS = (
    *("id", "level", "project", "type", "key", "nl", "en", "target_unit", "horizon", "realised_unit", "score"),
    *("reason_nl", "reason_en", "source", "section", "evidence_source", "note"),
)
NUMBER_COLUMNS = ("target", "realised", "score_number", "line", "line_end", "evidence_line")
NEEDED = ("id", "level", "key", "nl", "en", "target", "realised", "score")
FIVE_POINTS: Mapping[str, int] = {"++": 2, "+": 1, "0": 0, "-": -1, "--": -2}
GOAL, BASELINE, SCORE = "goal", "baseline", "score"
CANNOT_SHOW = "A goal that was reached says what was set up, not what it did for firms; the score is a judgement."


@dataclass(frozen=True)
class Goals:
    """Goals of a programme, one row each, with the scale of their scores from best to worst."""

    frame: pd.DataFrame
    scale: Mapping[str, int]

    def to_frame(self) -> pd.DataFrame:
        """Give the goals: id, level, project, type, key, texts, target, realised, score, reasons and source."""
        return self.frame.copy()

    def summary(self) -> str:
        """Say in a line how many goals have a target and a score."""
        scored, targets = (self.frame["score"] != "").sum(), self.frame["target"].notna().sum()
        return f"Goals: {len(self.frame)} rows, {targets} with a target, {scored} with a score"


def load_goals(path: str | Path, *, scale: Mapping[str, int] = FIVE_POINTS) -> Goals:
    """Read the goals of a programme from CSV.

    ``scale`` gives the labels of the score and the number that each stands for. Raises `InputError` with every problem
    at once: missing or unknown columns, ids twice, text where a number belongs, scores outside the scale.
    """
    path = Path(path)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise StudyError(f"goals: found no file {path.name}; expected a CSV file; check the path") from error
    problems = list(_column_problems(frame, path.name)) or list(_row_problems(frame, path.name, scale))
    if problems:
        raise InputError(problems, what=f"the goals file {path.name}")
    for column in TEXT_COLUMNS:
        frame[column] = frame.get(column, "")
    for column in NUMBER_COLUMNS:
        frame[column] = pd.to_numeric(frame[column].replace("", np.nan)) if column in frame else np.nan
    return Goals(frame=frame, scale=dict(scale))


def score_goals(goals: Goals, *, mean: bool = False) -> ResultTable:
    """Give the score of each project's goal as a label of the scale, and how many projects have each label.

    ``indicator`` is ``score_`` and the label, ``category`` the project: a count of one says that its goal (``type``
    goal) has that label, ``all`` counts the projects that have it. The scale is ordered, its
    steps have no size, so a mean is given only where it is asked for.
    """
    scored = goals.frame[(goals.frame["type"] == GOAL) & (goals.frame["score"] != "")]
    rows: list[dict[str, object]] = [
        _label_row(label, ALL, float((scored["score"] == label).sum()), "") for label in goals.scale
    ]
    for goal in scored.to_dict("records"):
        note = BILINGUAL.format(nl=goal["reason_nl"], en=goal["reason_en"]) if goal["reason_en"] else ""
        rows.append(_label_row(goal["score"], goal["project"] or goal["key"], 1.0, note))
    if mean and len(scored):
        numbers = scored["score"].map(goals.scale)
        note = "a mean of ordered labels: the steps of the scale have no size"
        rows.append({INDICATOR: SCORE, STATISTIC: MEAN, ESTIMATE: float(numbers.mean()), NOTE: note})
    return public_table(rows, "score_goals", CANNOT_SHOW)


def list_goals(goals: Goals) -> ResultTable:
    """Put targets, starting values and what was realised side by side, one row a number.

    ``indicator`` is ``goal_target``, ``goal_baseline`` or ``goal_realised``; ``category`` is the goal's key. A target
    of which the result is not known has a row ``goal_realised`` without a number, with the reason.
    """
    rows: list[dict[str, object]] = []
    for goal in goals.frame.to_dict("records"):
        aim = "goal_baseline" if goal["type"] == BASELINE else "goal_target"
        text = BILINGUAL.format(nl=goal["nl"], en=goal["en"])
        if pd.notna(goal["target"]):
            rows.append(_number(aim, goal["key"], goal["target"], goal["target_unit"], text))
        known = pd.notna(goal["realised"])
        if known or (pd.notna(goal["target"]) and aim == "goal_target"):
            unit = goal["realised_unit"] if known else goal["target_unit"]
            reason = BILINGUAL.format(nl=goal["reason_nl"] or goal["reason_en"], en=goal["reason_en"])
            note = text if known else reason if goal["reason_en"] else "the source does not say what came of it"
            rows.append(_number("goal_realised", goal["key"], goal["realised"], unit, note))
    return public_table(rows, "list_goals", CANNOT_SHOW)


def _column_problems(frame: pd.DataFrame, where: str) -> Iterator[Problem]:
    known = (*TEXT_COLUMNS, *NUMBER_COLUMNS)
    for column in (column for column in NEEDED if column not in frame):
        yield Problem(where, "no such column", f"the columns {', '.join(NEEDED)}", "add it", column=column)
    for column in (column for column in frame if column not in known):
        yield Problem(where, "an unknown column", f"one of {', '.join(known)}", near(column, known), column=column)


def _row_problems(frame: pd.DataFrame, where: str, scale: Mapping[str, int]) -> Iterator[Problem]:
    twice = [name for name, count in Counter(frame["id"]).items() if count > 1]
    if twice:
        yield Problem(
            where, "ids twice", "each id once", "rename them", column="id", count=len(twice), examples=tuple(twice[:3])
        )
    for column in (column for column in NUMBER_COLUMNS if column in frame):
        wrong = frame[(frame[column] != "") & pd.to_numeric(frame[column], errors="coerce").isna()]
        if len(wrong):
            examples = tuple(f"{row['id']}: {row[column]!r}" for row in wrong.head(3).to_dict("records"))
            yield Problem(
                where,
                f"text in {len(wrong)} rows",
                "a number, or nothing",
                "correct it",
                column=column,
                examples=examples,
            )
    outside = frame[(frame["score"] != "") & ~frame["score"].isin(list(scale))]
    if len(outside):
        examples = tuple(f"{row['id']}: {row['score']!r}" for row in outside.head(3).to_dict("records"))
        expected = f"one of {', '.join(scale)}"
        yield Problem(
            where, "scores outside the scale", expected, "correct them or give the scale", column="score",
            count=len(outside), examples=examples,
        )  # fmt: skip
    if "score_number" in frame:
        told = pd.to_numeric(frame["score_number"], errors="coerce")
        differs = frame[told.notna() & (told != frame["score"].map(dict(scale)))]
        if len(differs):
            yield Problem(
                where, "a number that is not the label's", "the number of the scale", "correct one of the two",
                column="score_number", count=len(differs), examples=tuple(differs["id"].head(3)),
            )  # fmt: skip


def _label_row(label: str, category: str, count: float, note: str) -> dict[str, object]:
    return {
        INDICATOR: f"{SCORE}_{label}",
        STATISTIC: COUNT,
        CATEGORY: category,
        ESTIMATE: count,
        UNIT_OF_MEASURE: "records",
        NOTE: note,
    }


def _number(indicator: str, key: str, value: float, unit: str, note: str) -> dict[str, object]:
    return {
        INDICATOR: indicator,
        STATISTIC: SHARE if unit == SHARE or unit.startswith("percent") else COUNT,
        CATEGORY: key,
        ESTIMATE: float(value),
        UNIT_OF_MEASURE: "percent" if unit.startswith("percent") else unit,
        NOTE: note,
    }
