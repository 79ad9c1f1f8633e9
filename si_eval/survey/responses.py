"""Read responses, one row a respondent or one row an answer, and validate them against the questionnaire."""

from __future__ import annotations

import difflib
import hashlib
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from pyarrow.lib import ArrowException

from si_eval.errors import DroppedRowsWarning, InputError, Problem, StudyError
from si_eval.results import Simulation
from si_eval.survey.answers import ANSWER, ANSWER_COLUMNS, ITEM, QUESTION, RESPONDENT, VALUE, Survey, apply_routing
from si_eval.survey.quality_flags import find_quality_flags
from si_eval.survey.questionnaire import MATRIX, MULTIPLE, NUMERIC, OPEN, Question, Questionnaire, wide_columns
from si_eval.text_input import is_missing_word, parse_numbers
from si_eval.text_input.small_tables import SmallTable, cell_text, is_gap_word, read_small_table
from si_eval.text_input.toml_files import read_bytes

SIMULATED = "simulated"
MAX_BYTES = 500_000_000
WORDS_GIVEN = "given"  # replaces the words of an open answer, which are not kept
TICKED = frozenset({"1", "true", "yes", "ja", "x"})
UNTICKED = frozenset({"", "0", "false", "no", "nee"})
MAX_EXAMPLES = 3
MIN_SIMILARITY = 0.6


def read_responses(
    source: str | Path | pd.DataFrame,
    questionnaire: Questionnaire,
    *,
    respondents: Iterable[str] | None = None,
    simulation: Simulation | None = None,
) -> Survey:
    """Read responses from a CSV or parquet file or a data frame, and validate them.

    What can be read but is doubtful (missing, double, contradicting, out of range, not asked for) is kept, and listed
    by `Survey.problems`. The words of open answers and personal data are not kept, only that something was filled in.
    The frame that is given stays as it is.

    Parameters
    ----------
    source : str, Path or DataFrame
        Wide: a column ``respondent``; one column a question (``Q1``), for several answers one an option (``Q2_1``: 1 or
        0), for a matrix one a row (``Q3_1``); for an open answer ``Q6``, and ``Q6_code`` for its code; ``Q2_97_text``
        for the words with an option. Tidy: ``respondent, question, item, answer``, where ``item`` is the row of a
        matrix (``code`` or ``text`` for those of an open answer). Options are given by code or by label. A column
        ``simulated`` marks responses that nobody gave.
    questionnaire : Questionnaire
        What was asked.
    respondents : iterable of str, optional
        The ids of those who were invited, where known.
    simulation : Simulation, optional
        How the responses were simulated, from `describe_simulation`.

    Returns
    -------
    Survey
        The validated answers.

    Raises
    ------
    InputError
        With every problem that makes the responses unreadable: no respondents, unknown columns, questions or options,
        missing columns, rows without a respondent, text for a number, and numbers that can be read in two ways: all
        answers to a question decide together on their marks (``1.500`` alone may be 1.5 or 1500).
    StudyError
        If the file does not exist, or an argument is of another kind.

    Warns
    -----
    DroppedRowsWarning
        If a respondent occurs in several rows: the row with most answers is used.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> questionnaire = survey.load_example().questionnaire
    >>> tidy = pd.DataFrame({"respondent": ["a", "b"], "question": ["Q1", "Q1"], "answer": ["Yes", "3"]})
    >>> survey.read_responses(tidy, questionnaire).to_frame()
      respondent question item answer  value
    0          a       Q1           1    NaN
    1          b       Q1           3    NaN
    """
    _check_arguments(source, questionnaire, respondents, simulation)
    table, sha256 = _read_responses(source)
    frame, where = table.frame.astype(object), table.where
    marks = sorted(set(frame.pop(SIMULATED)) - {""}) if SIMULATED in frame else []
    tidy = {RESPONDENT, QUESTION, ANSWER} <= set(frame.columns)
    numeric = [ANSWER] if tidy else [one.id for one in questionnaire.questions if one.kind == NUMERIC]
    frame = frame.assign(**{name: frame[name].map(_as_code) for name in frame.columns.difference(numeric)})
    problems = list(_column_problems(frame, questionnaire, tidy, where))
    if problems:
        raise InputError(problems, what=f"the responses ({where})")
    n_dropped = 0 if tidy else len(frame) - frame[RESPONDENT].nunique()
    long = _tidy_to_long(frame) if tidy else _wide_to_long(_drop_repeated_respondents(frame), questionnaire)
    answers, problems, notes = _code_answers(long, questionnaire, where)
    if problems:
        raise InputError(problems, what=f"the responses ({where})")
    if n_dropped:
        warnings.warn(f"{n_dropped} rows of respondents that are there twice are set aside", DroppedRowsWarning, 2)
    asked = apply_routing(questionnaire, answers, sorted(set(answers[RESPONDENT])))
    if simulation is None and marks:
        simulation = Simulation(preset=marks[0], scale=1.0, seed=0, note="responses that nobody gave")
    invited = None if respondents is None else [cell_text(one) for one in respondents]
    return Survey(
        questionnaire=questionnaire,
        answers=answers,
        asked_frame=asked[asked["eligible"]].drop(columns="eligible"),
        ineligible=int((~asked["eligible"]).sum()),
        problem_frame=find_quality_flags(questionnaire, answers, asked, long, frame, invited),
        sha256=sha256,
        simulation=simulation,
        notes=tuple(notes),
    )


def _check_arguments(
    source: object, questionnaire: Questionnaire, respondents: Iterable[str] | None, simulation: Simulation | None
) -> None:
    """Raise `StudyError` with every argument of `read_responses` that is of another kind."""
    wrong = [
        f"{name}: found {type(value).__name__}; expected {expected}"
        for name, value, fits, expected in (
            ("source", source, isinstance(source, pd.DataFrame | str | Path), "a data frame or the path of a file"),
            ("questionnaire", questionnaire, isinstance(questionnaire, Questionnaire), "one from `load_questionnaire`"),
            ("respondents", respondents, respondents is None or _is_list(respondents), "a list of ids, or None"),
            ("simulation", simulation, isinstance(simulation, Simulation | None), "one from `describe_simulation`"),
        )
        if not fits
    ]
    if wrong:
        raise StudyError(f"{'; '.join(wrong)}; correct {'it' if len(wrong) == 1 else 'them'}")


def _is_list(value: object) -> bool:
    """Whether a value holds several values, and is no text."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | pd.DataFrame)


def _read_responses(source: str | Path | pd.DataFrame) -> tuple[SmallTable, str]:
    """Return every cell as stripped text, missing ones empty, and the hash of the content."""
    if isinstance(source, pd.DataFrame):
        table = read_small_table(source, what="responses")
        return table, hashlib.sha256(table.frame.to_csv(index=False).encode()).hexdigest()
    content = read_bytes(source, what="responses", expected="CSV or parquet", max_bytes=MAX_BYTES)
    digest, name = hashlib.sha256(content).hexdigest(), Path(source).name
    if Path(source).suffix.lower() != ".parquet":
        return read_small_table(source, what="responses"), digest
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError, ArrowException) as error:
        found, action = "a file that is no parquet or damaged", "write the file again"
        problem = Problem(name, f"{found} ({str(error).partition(chr(10))[0][:80]})", "a parquet file", action)
        raise InputError([problem], what=f"the responses ({name})") from error
    return read_small_table(frame, what=name), digest


def _as_code(text: str) -> str:
    """Return 3.0 as 3, as a column of integers with gaps is written; other texts stay."""
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdecimal() else text


def _columns(questionnaire: Questionnaire) -> dict[str, tuple[Question, str, str]]:
    """Map every column of a wide file to its question, the item, and ``answer``, ``code`` or ``text``."""
    return {
        name: (question, item, part)
        for question in questionnaire.questions
        for name, (item, part) in wide_columns(questionnaire, question).items()
    }


def _column_problems(frame: pd.DataFrame, questionnaire: Questionnaire, tidy: bool, where: str) -> Iterator[Problem]:
    """List problems of the file: no rows, unknown or missing columns, rows without a respondent."""
    if frame.empty:
        found, action = "no respondent", "give the file with the answers"
        yield Problem(where, found, "a row for each respondent, below a row of names", action)
    known = [RESPONDENT, *((QUESTION, ITEM, ANSWER) if tidy else _columns(questionnaire))]
    for name in frame.columns:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=MIN_SIMILARITY)
            action = f"did you mean `{nearest[0]}`?" if nearest else "remove the column, or add the question"
            yield Problem(where, "an unknown column", "a column of the questionnaire", action, column=name)
    required = [RESPONDENT] if tidy else [RESPONDENT, *_required_columns(questionnaire)]
    for name in required:
        if name not in frame:
            yield Problem(where, "no such column", "it in the file", "add it, empty if nobody answered", column=name)
    without = frame[RESPONDENT].map(lambda name: not name or is_gap_word(name)) if RESPONDENT in frame else None
    if without is not None and without.any():
        rows = [str(place + 1) for place in frame.index[without.astype(bool)]]
        count = len(rows)
        found, expected = f"{count} rows without a respondent", "an id in every row"
        yield Problem(where, found, expected, "give each an id", "", RESPONDENT, count, tuple(rows[:MAX_EXAMPLES]))


def _required_columns(questionnaire: Questionnaire) -> list[str]:
    """List the columns without which an empty answer cannot be told from a missing question."""
    required = []
    for name, (question, item, part) in _columns(questionnaire).items():
        own_rows = {row.id for row in question.rows if row.open_text}
        if question.required and part == ANSWER and item not in own_rows and not question.rows_from:
            required.append(name)
    return required


def _drop_repeated_respondents(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep, of a respondent who is there twice, the row with most answers; of equal ones the first by content."""
    rest = [name for name in frame.columns if name != RESPONDENT]
    filled = (frame[rest] != "").sum(axis=1)
    content = frame[sorted(rest)].agg("\x1f".join, axis=1) if rest else filled.astype(str)
    ordered = frame.assign(_filled=-filled, _content=content).sort_values([RESPONDENT, "_filled", "_content"])
    return ordered.drop_duplicates(RESPONDENT).drop(columns=["_filled", "_content"])


def _wide_to_long(frame: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Reshape columns into rows ``respondent, question, item, part, answer``; empty cells are no answer."""
    parts = []
    for name, (question, item, part) in _columns(questionnaire).items():
        if name in frame:
            rows = frame.loc[frame[name] != "", [RESPONDENT, name]].set_axis([RESPONDENT, ANSWER], axis=1)
            parts.append(rows.assign(**{QUESTION: question.id, ITEM: item, "part": part}))
    columns = [RESPONDENT, QUESTION, ITEM, "part", ANSWER]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns, dtype=object)


def _tidy_to_long(frame: pd.DataFrame) -> pd.DataFrame:
    """Read one row an answer; identical rows are one answer (and reported as double)."""
    items = frame[ITEM] if ITEM in frame else pd.Series("", index=frame.index)
    long = frame.assign(**{ITEM: items, "part": ANSWER})
    long["part"] = long["part"].mask(long[ITEM].isin(["code", "text"]), long[ITEM])
    long[ITEM] = long[ITEM].mask(long[ITEM].isin(["code", "text"]), "")
    return long.loc[long[ANSWER] != "", [RESPONDENT, QUESTION, ITEM, "part", ANSWER]].drop_duplicates()


def _code_answers(
    long: pd.DataFrame, questionnaire: Questionnaire, where: str
) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Recode labels to codes and text to numbers; list what the questionnaire does not have, and remarks."""
    problems: list[Problem] = []
    notes: list[str] = []
    parts = []
    known = {question.id: question for question in questionnaire.questions}
    for name, rows in long.groupby(QUESTION, sort=True):
        if name not in known:
            nearest = difflib.get_close_matches(str(name), list(known), n=1, cutoff=MIN_SIMILARITY)
            action = f"did you mean {nearest[0]}?" if nearest else "remove these rows, or add the question"
            problems.append(_problem(where, QUESTION, rows[QUESTION], f"one of {', '.join(known)}", action))
            continue
        question = known[str(name)]
        if question.kind == NUMERIC:
            coded, faults, remarks = _code_numbers(rows, question, where)
            notes += remarks
        else:
            coded, faults = _code_question(rows, question, questionnaire, where)
        parts.append(coded)
        problems += faults
    answers = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ANSWER_COLUMNS))
    answers[VALUE] = answers[VALUE].astype("float64")
    return answers.sort_values([RESPONDENT, QUESTION, ITEM, ANSWER], ignore_index=True), problems, notes


def _code_numbers(rows: pd.DataFrame, question: Question, where: str) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Read the numbers that respondents typed: all answers to the question decide together on decimal marks.

    A word for missing (NA, -) is no answer; `find_quality_flags` counts it.
    """
    parsed = parse_numbers(rows[ANSWER])
    problems = []
    for problem in parsed.problems:
        texts = rows[ANSWER].iloc[list(problem.rows)]
        examples = tuple(sorted(set(texts))[:MAX_EXAMPLES])
        found, expected = f"unknown answers: {problem.found}", f"{problem.expected}, such as 1500 or 1.5"
        action, count = problem.action, len(texts)
        problems.append(Problem(where, found, expected, action, "", question.id, count, examples, of_units=True))
    known = parsed.values.notna()
    value = parsed.values[known]
    answers = pd.DataFrame(
        {RESPONDENT: rows[RESPONDENT][known], QUESTION: question.id, ITEM: rows[ITEM][known],
         ANSWER: value.map(cell_text), VALUE: value}
    )  # fmt: skip
    return answers.drop_duplicates(), problems, [note for note in parsed.notes(question.id) if "thousands" in note]


def _code_question(
    rows: pd.DataFrame, question: Question, questionnaire: Questionnaire, where: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """Recode the answers to one question that is no number."""
    answer, item = rows[ANSWER].map(_as_code), rows[ITEM]
    value = pd.Series(float("nan"), index=rows.index)
    codes = {option.code for option in question.options}
    problems: list[Problem] = []
    if question.kind == OPEN:
        said = (rows["part"] == "code") | ~rows[ANSWER].map(is_missing_word).astype(bool)
        rows, answer, value = rows[said], answer[said], value[said]
        is_code = rows["part"] == "code"
        problems += _unknown_answers(
            where, question, answer[is_code & ~answer.isin(codes)], "a code of its coding frame"
        )
        item, answer = rows["part"], answer.where(is_code, WORDS_GIVEN)
    elif question.kind == MULTIPLE:
        text = rows["part"] == "text"
        ticked = answer.str.lower().isin(TICKED) & (item != "")
        listed = (item == "") & ~text  # tidy: the answer is the option
        item = item.where(~listed, answer.map(_by_label(question)).fillna(answer))
        problems += _unknown_answers(where, question, item[~item.isin(codes)], f"an option: {', '.join(sorted(codes))}")
        readable = ticked | listed | text | answer.str.lower().isin(UNTICKED)
        problems += _unknown_answers(where, question, answer[~readable], "1 or 0")
        keep = ticked | listed | text
        rows, item, value = rows[keep], item[keep], value[keep]
        answer = pd.Series("1", index=rows.index).where(rows["part"] != "text", WORDS_GIVEN)
        answer = answer[~text[keep]]
        rows, item, value = rows.loc[answer.index], item.loc[answer.index], value.loc[answer.index]
    else:
        choice = rows["part"] == ANSWER
        rows, item, value = rows[choice], item[choice], value[choice]
        answer = answer[choice].map(_by_label(question)).fillna(answer[choice])
        problems += _unknown_answers(
            where, question, answer[~answer.isin(codes)], f"an option: {', '.join(sorted(codes))}"
        )
        ids = [row.id for row in questionnaire.rows_of(question)] if question.kind == MATRIX else [""]
        problems += _unknown_answers(where, question, item[~item.isin(ids)], f"a row: {', '.join(ids) or 'none'}")
    return (
        pd.DataFrame(
            {RESPONDENT: rows[RESPONDENT], QUESTION: question.id, ITEM: item, ANSWER: answer, VALUE: value}
        ).drop_duplicates(),
        problems,
    )


def _by_label(question: Question) -> Mapping[str, str]:
    """Map each label, and each code, to the code."""
    labels = {text: option.code for option in question.options for text in (option.nl, option.en)}
    return labels | {option.code: option.code for option in question.options}


def _unknown_answers(where: str, question: Question, values: pd.Series, expected: str) -> list[Problem]:
    return [_problem(where, question.id, values, expected, "correct these answers")] if len(values) else []


def _problem(where: str, column: str, values: pd.Series, expected: str, action: str) -> Problem:
    examples = sorted({str(value) for value in values})
    found: Sequence[str] = examples[:MAX_EXAMPLES]
    return Problem(
        where, f"{len(values)} unknown answers", expected, action, "", column, len(values), tuple(found), True
    )
