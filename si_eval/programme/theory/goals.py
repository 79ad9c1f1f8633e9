"""What the programme promised: goals with targets, what came of them, and a score on an ordered scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from si_eval.errors import InputError, Problem, StudyError
from si_eval.frozen import keep_frames
from si_eval.programme.rows import TidyRow, public_table, require_input
from si_eval.results import ResultTable
from si_eval.text_input.small_tables import (
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    sort_by_id,
)
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    GOAL_BASELINE,
    GOAL_REALISED,
    GOAL_TARGET,
    INDICATOR,
    LANGUAGES,
    MEAN,
    NOTE,
    SHARE,
    STATISTIC,
    UNIT_OF_MEASURE,
    Reason,
    bilingual,
)

TEXT_COLUMNS = (
    *("id", "level", "project", "type", "key", "nl", "en", "target_unit", "horizon", "realised_unit", "score"),
    *("reason_nl", "reason_en", "source", "section", "evidence_source", "note"),
)
NUMBER_COLUMNS = ("target", "realised", "score_number", "line", "line_end", "evidence_line")
NEEDED = ("id", "level", "key", "nl", "en", "target", "realised", "score")
FIVE_POINTS: Mapping[str, int] = {"++": 2, "+": 1, "0": 0, "-": -1, "--": -2}
MEAN_OF_LABELS = "a mean of ordered labels: the steps of the scale have no size"
GOAL, BASELINE, SCORE = "goal", "baseline", "score"
CANNOT_SHOW = "A goal that was reached says what was set up, not what it did for firms; the score is a judgement."


@keep_frames("frame")
@dataclass(frozen=True)
class Goals:
    r"""Goals of a programme, with the scale of their scores from best to worst.

    Read them with `load_goals`.

    Attributes
    ----------
    frame : DataFrame
        One row a goal: ``id, level, project, type`` (goal or baseline), ``key, nl, en``, ``target, target_unit,
        horizon``, ``realised, realised_unit``, ``score, score_number``, ``reason_nl, reason_en``, ``source, section,
        line, line_end, evidence_source, evidence_line, note``.
    scale : mapping
        The labels of the score, and the number that each stands for.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import load_goals
    >>> path = Path("goals.csv")
    >>> _ = path.write_text("id,level,key,nl,en,target,realised,score\n1,project,users,Gebruikers,Users,50,40,+\n")
    >>> print(load_goals(path).summary())
    Goals: 1 rows, 1 with a target, 1 with a score
    """

    frame: pd.DataFrame
    scale: Mapping[str, int]

    def to_frame(self) -> pd.DataFrame:
        """Return the goals, one row each."""
        return self.frame.copy()

    def summary(self) -> str:
        """Summarise in a line how many goals have a target and a score."""
        scored, targets = (self.frame["score"] != "").sum(), self.frame["target"].notna().sum()
        return f"Goals: {len(self.frame)} rows, {targets} with a target, {scored} with a score"


def load_goals(path: str | Path, *, scale: Mapping[str, int] = FIVE_POINTS) -> Goals:
    r"""Read the goals of a programme from a CSV file.

    Parameters
    ----------
    path : str or Path
        The CSV file, with at least the columns ``id, level, key, nl, en, target, realised, score`` (one
        language will do); `Goals` names all
        columns.
    scale : mapping, default FIVE_POINTS
        The labels of the score from best to worst, and the number that each stands for: ``++`` is 2, ``--`` is -2.

    Returns
    -------
    Goals

    Raises
    ------
    InputError
        With every problem at once: missing or unknown columns, ids twice, text where a number belongs, scores outside
        the scale.
    StudyError
        Where the file is not there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import load_goals
    >>> path = Path("goals.csv")
    >>> _ = path.write_text("id,level,key,nl,en,target,realised,score\n1,project,users,Gebruikers,Users,50,40,+\n")
    >>> load_goals(path).to_frame()[["key", "target", "realised", "score"]]
         key  target  realised score
    0  users      50        40     +
    """
    _check_scale(scale)
    table = _in_both_languages(read_small_table(path, what="goals"))
    problems = list(name_problems(table, needed=NEEDED, known=(*TEXT_COLUMNS, *NUMBER_COLUMNS)))
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS}
    if not problems:
        problems = [problem for column in number.values() for problem in column.problems]
        problems += _row_problems(table, number["score_number"].values, scale)
    if problems:
        raise InputError(problems, what=f"the goals file {table.where}")
    texts = {column: table.frame.get(column, "") for column in TEXT_COLUMNS}
    frame = table.frame.assign(**texts, **{name: column.values for name, column in number.items()})
    return Goals(frame=sort_by_id(frame), scale=dict(scale))


def score_goals(goals: Goals, *, mean: bool = False) -> ResultTable:
    r"""Count how many projects have each label of the scale, and list the label of each project.

    The scale is ordered but its steps have no size, so a mean is given only on request.

    Parameters
    ----------
    goals : Goals
        The goals, from `load_goals`; those of ``type`` goal with a score are used.
    mean : bool, default False
        Whether to add the mean of the numbers that the labels stand for.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``score_<label>``; the category ``all`` counts the projects with that label, and a
        count of one stands in the category of each of them, with the reason of its score as the note.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import load_goals, score_goals
    >>> path = Path("goals.csv")
    >>> _ = path.write_text(
    ...     "id,level,type,key,nl,en,target,realised,score\n"
    ...     "1,project,goal,users,Gebruikers,Users,50,40,+\n"
    ...     "2,project,goal,firms,Bedrijven,Firms,10,12,+\n"
    ... )
    >>> table = score_goals(load_goals(path)).to_frame()
    >>> table.query("estimate > 0")[["indicator", "category", "estimate"]]
      indicator category  estimate
    1   score_+      all       2.0
    5   score_+    users       1.0
    6   score_+    firms       1.0
    """
    require_input("goals", goals, Goals, "load_goals")
    scored = goals.frame[(goals.frame["type"] == GOAL) & (goals.frame["score"] != "")]
    rows: list[TidyRow] = [_label_row(label, ALL, float((scored["score"] == label).sum()), "") for label in goals.scale]
    for goal in scored.to_dict("records"):
        note = bilingual(goal["reason_nl"], goal["reason_en"]) if goal["reason_en"] else ""
        rows.append(_label_row(goal["score"], goal["project"] or goal["key"], 1.0, note))
    if mean and len(scored):
        numbers = scored["score"].map(goals.scale)
        rows.append({INDICATOR: SCORE, STATISTIC: MEAN, ESTIMATE: float(numbers.mean()), NOTE: MEAN_OF_LABELS})
    return public_table(rows, "score_goals", CANNOT_SHOW, missing=Reason.NOT_IN_SOURCE)


def list_goals(goals: Goals) -> ResultTable:
    r"""List targets, starting values and what was realised, one row a number.

    Parameters
    ----------
    goals : Goals
        The goals, from `load_goals`.

    Returns
    -------
    ResultTable
        Tidy rows, public: indicator ``goal_target``, ``goal_baseline`` or ``goal_realised``, ``category`` the key of
        the goal, ``estimate`` in the unit of the source. A target of which the result is not known has a row
        ``goal_realised`` without a number, with the reason.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.programme.theory import list_goals, load_goals
    >>> path = Path("goals.csv")
    >>> _ = path.write_text(
    ...     "id,level,type,key,nl,en,target,realised,score\n"
    ...     "1,project,goal,users,Gebruikers,Users,50,40,+\n"
    ... )
    >>> list_goals(load_goals(path)).to_frame()[["indicator", "category", "estimate"]]
           indicator category  estimate
    0    goal_target    users      50.0
    1  goal_realised    users      40.0
    """
    require_input("goals", goals, Goals, "load_goals")
    rows: list[TidyRow] = []
    for goal in goals.frame.to_dict("records"):
        aim = GOAL_BASELINE if goal["type"] == BASELINE else GOAL_TARGET
        text = bilingual(goal["nl"], goal["en"])
        if pd.notna(goal["target"]):
            rows.append(_goal_row(aim, goal["key"], goal["target"], goal["target_unit"], text))
        known = pd.notna(goal["realised"])
        if known or (pd.notna(goal["target"]) and aim == GOAL_TARGET):
            unit = goal["realised_unit"] if known else goal["target_unit"]
            reason = bilingual(goal["reason_nl"] or goal["reason_en"], goal["reason_en"])
            note = text if known else reason if goal["reason_en"] else Reason.OUTCOME_NOT_IN_SOURCE.text("en")
            rows.append(_goal_row(GOAL_REALISED, goal["key"], goal["realised"], unit, note))
    return public_table(rows, "list_goals", CANNOT_SHOW, missing=Reason.NOT_IN_SOURCE)


def _in_both_languages(table: SmallTable) -> SmallTable:
    """Return goals whose names are in one language alone with these names in both."""
    known = [language for language in LANGUAGES if language in table.frame]
    if len(known) != 1:
        return table
    return replace(table, frame=table.frame.assign(**dict.fromkeys(LANGUAGES, table.frame[known[0]])))


def _check_scale(scale: Mapping[str, int]) -> None:
    """Raise `StudyError` for a scale that is no mapping of texts to finite numbers."""
    good = isinstance(scale, Mapping) and all(
        isinstance(label, str) and isinstance(number, int | float) and np.isfinite(number)
        for label, number in scale.items()
    )
    if not good or not scale:
        raise StudyError(f"scale: found {scale!r}; expected the number of each label, such as {{'+': 1}}; correct it")


def _row_problems(table: SmallTable, score_number: pd.Series, scale: Mapping[str, int]) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    frame = table.frame
    differs = score_number.notna() & (score_number != frame["score"].map(dict(scale)))
    labels = f"one of {', '.join(scale)}"
    faults = [
        ("id", frame["id"].duplicated(), "ids twice", "each id once", "rename them"),
        *((column, frame[column] == "", "no text", "a text in every row", "add it") for column in ("id", "key")),
        ("score", (frame["score"] != "") & ~frame["score"].isin(list(scale)), "scores outside the scale", labels,
         "correct them or give the scale"),
        ("score_number", differs, "a number that is not the label's", "the number of the scale",
         "correct one of the two"),
    ]  # fmt: skip
    yield from fault_problems(table, faults)
    yield from gap_problems(table, TEXT_COLUMNS)


def _label_row(label: str, category: str, count: float, note: str) -> TidyRow:
    """Make the row of a label of the scale."""
    return {
        INDICATOR: f"{SCORE}_{label}",
        STATISTIC: COUNT,
        CATEGORY: category,
        ESTIMATE: count,
        UNIT_OF_MEASURE: "records",
        NOTE: note,
    }


def _goal_row(indicator: str, key: str, value: float, unit: str, note: str) -> TidyRow:
    """Make the row of a target, a starting value or a realised number."""
    return {
        INDICATOR: indicator,
        STATISTIC: SHARE if unit == SHARE or unit.startswith("percent") else COUNT,
        CATEGORY: key,
        ESTIMATE: float(value),
        UNIT_OF_MEASURE: "percent" if unit.startswith("percent") else unit,
        NOTE: note,
    }
