"""Simulate responses that have given counts: the published ones where there are any, else assumptions with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.errors import InputError, Problem, StudyError
from si_eval.results import Simulation
from si_eval.stats import BoolArray, IntArray
from si_eval.survey.answers import RESPONDENT
from si_eval.survey.questionnaire import (
    MATRIX,
    MULTIPLE,
    NUMERIC,
    OPEN,
    Net,
    Option,
    Question,
    Questionnaire,
    row_indicator,
)
from si_eval.survey.responses import SIMULATED, WORDS_GIVEN
from si_eval.survey.simulation_counts import ROWS, read_counts
from si_eval.survey.tidy import entry_keys
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import ALL, CATEGORY, GROUP, INDICATOR, SECTOR, SIZE_CLASS, YEAR


@on_one_thread
def simulate_survey(questionnaire: Questionnaire, *, counts: str | Path, seed: int = 1) -> pd.DataFrame:
    """Simulate responses that have exactly the counts of a TOML file.

    Use it where the responses themselves are not public. Who gives which answer is random, so the result says nothing
    of how answers go together, except that the routing holds and that everybody ticks something where the counts allow
    it.

    Parameters
    ----------
    questionnaire : Questionnaire
        What was asked.
    counts : str or Path
        The file: for each question how many give each answer, as ``published`` counts and ``assumed`` ones with a
        ``reason``; for a matrix by row; for a number the ``values`` by class of another question.
    seed : int
        The same seed gives the same frame.

    Returns
    -------
    DataFrame
        One row a respondent, in the wide form that `read_responses` takes. A column ``simulated`` says what it is.

    Raises
    ------
    InputError
        With every count that cannot be: unknown codes, more or fewer answers than respondents who are asked.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval import survey
    >>> text = '''name = "counts"
    ... respondents = 3
    ... [questions]
    ... Q1 = { published = { 1 = 2, 3 = 1 } }
    ... Q5 = { assumed = { 1 = 1, 2 = 2 }, reason = "made up" }
    ... '''
    >>> _ = Path("counts.toml").write_text(text)
    >>> survey.simulate_survey(survey.load_example().questionnaire, counts="counts.toml", seed=1)
      respondent Q1 Q5       simulated
    0         R1  1  2  counts, seed 1
    1         R2  1  1  counts, seed 1
    2         R3  3  2  counts, seed 1
    """
    seed = _check_arguments("simulate_survey", questionnaire, seed)
    content = read_counts(questionnaire, counts)
    generator = np.random.default_rng(seed)
    number = content["respondents"]
    width = len(str(number))
    columns: dict[str, Any] = {RESPONDENT: [f"R{place + 1:0{width}d}" for place in range(number)]}
    problems: list[Problem] = []
    for question in questionnaire.questions:
        entry = content["questions"].get(question.id)
        if entry is not None:
            columns |= _simulate_question(question, questionnaire, entry, columns, generator, problems)
    if problems:
        raise InputError(problems, what=f"the counts {Path(counts).name}")
    return pd.DataFrame({**columns, SIMULATED: f"{content['name']}, seed {seed}"})


def write_responses(frame: pd.DataFrame, *, path: str | Path) -> Path:
    """Write responses to a CSV file that `read_responses` reads.

    Parameters
    ----------
    frame : DataFrame
        Responses, such as those of `simulate_survey`.
    path : str or Path
        The file; missing folders are made.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> survey.write_responses(pd.DataFrame({"respondent": ["a"], "Q1": ["1"]}), path="responses.csv").name
    'responses.csv'
    """
    arguments = Arguments("write_responses")
    arguments.instance("frame", frame, pd.DataFrame, "give the responses")
    arguments.refuse_problems()
    path = Path(path)
    if path.is_dir():
        raise StudyError(f"path: found a folder, {path.name!r}; expected the path of a CSV file; name the file itself")
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n")
    return path


def describe_simulation(questionnaire: Questionnaire, *, counts: str | Path, seed: int = 1) -> Simulation:
    """Describe simulated responses and list the results that were put in.

    Parameters
    ----------
    questionnaire : Questionnaire
        What was asked.
    counts : str or Path
        The file of counts, as in `simulate_survey`.
    seed : int
        The seed that was used.

    Returns
    -------
    Simulation
        The argument ``simulation`` of `read_responses`; ``calibrated`` lists the cells that published counts determine.

    Raises
    ------
    InputError
        With every problem of the counts.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval import survey
    >>> text = '''name = "counts"
    ... respondents = 3
    ... questions.Q1.published = { 1 = 3 }
    ... '''
    >>> _ = Path("counts.toml").write_text(text)
    >>> simulation = survey.describe_simulation(survey.load_example().questionnaire, counts="counts.toml")
    >>> [(cell["indicator"], cell["category"]) for cell in simulation.calibrated]
    [('Q1', 'Yes')]
    """
    seed = _check_arguments("describe_simulation", questionnaire, seed)
    content = read_counts(questionnaire, counts)
    cells = list(content.get("published_results", ()))
    for question in questionnaire.questions:
        if question.id in content["questions"]:
            cells += _published_cells(question, questionnaire, content["questions"][question.id])
    whole = {GROUP: ALL, YEAR: pd.NA, SECTOR: ALL, SIZE_CLASS: ALL, CATEGORY: ALL}
    note = f"responses that nobody gave, made to have the published counts ({content.get('source', 'no source')})"
    return Simulation(
        preset=content["name"], scale=1.0, seed=seed, note=note, calibrated=tuple({**whole, **cell} for cell in cells)
    )


def _check_arguments(function: str, questionnaire: Questionnaire, seed: int) -> int:
    """Return the seed; raises `ArgumentError` for an argument of another kind."""
    arguments = Arguments(function)
    arguments.instance("questionnaire", questionnaire, Questionnaire, "load one with `load_questionnaire`")
    seed = arguments.whole("seed", seed, least=0)
    arguments.refuse_problems()
    return seed


def _simulate_question(
    question: Question,
    questionnaire: Questionnaire,
    entry: Mapping[str, Any],
    columns: Mapping[str, Any],
    generator: np.random.Generator,
    problems: list[Problem],
) -> dict[str, Any]:
    """Simulate the columns of one question."""
    number = len(columns[RESPONDENT])
    asked = _asked(question, questionnaire, columns, number)
    if question.kind == MATRIX:
        answers = {}
        for row in questionnaire.rows_of(question):
            name = row_indicator(question, row)
            asked_row = asked
            if question.rows_from:
                asked_row = asked & (np.asarray(columns.get(f"{question.rows_from}_{row.id}", np.zeros(number))) == 1)
            counts = _counts(entry.get(ROWS, {}).get(row.id, {}))
            answers[name] = _draw_single(counts, asked_row, name, generator, problems, exact=not row.open_text)
        return answers
    if question.kind == MULTIPLE:
        return _draw_multiple(question, _counts(entry), asked, generator, problems)
    if question.kind == NUMERIC:
        return {question.id: _draw_numbers(entry, asked, columns, question.id, generator, problems)}
    drawn = _draw_single(
        _counts(entry), asked, question.id, generator, problems, exact=question.required or question.coded_afterwards
    )
    if question.kind == OPEN:
        return {question.id: [WORDS_GIVEN if code else "" for code in drawn], f"{question.id}_code": drawn}
    return {question.id: drawn}


def _asked(question: Question, questionnaire: Questionnaire, columns: Mapping[str, Any], number: int) -> BoolArray:
    """Compute who is asked, given the answers so far: Boolean, shape (respondents,)."""
    asked = np.ones(number, dtype=bool)
    for earlier in questionnaire.questions:
        if earlier.id == question.id:
            break
        ends = [option.code for option in earlier.options if option.ends_survey]
        if ends and earlier.id in columns:
            asked &= ~np.isin(np.asarray(columns[earlier.id], dtype=str), ends)
    if question.asked_if is None:
        return asked
    source = questionnaire.question(question.asked_if.question)
    nobody = np.zeros(number)
    if source.kind == MULTIPLE:
        ticks = [np.asarray(columns.get(f"{source.id}_{code}", nobody)) == 1 for code in question.asked_if.answers]
        return asked & np.any(ticks, axis=0)
    return asked & np.isin(np.asarray(columns.get(source.id, [""] * number), dtype=str), question.asked_if.answers)


def _draw_single(
    counts: Mapping[str, int],
    asked: BoolArray,
    name: str,
    generator: np.random.Generator,
    problems: list[Problem],
    *,
    exact: bool,
) -> list[str]:
    """Assign the answers at random to those who are asked; with ``exact`` everybody gets one."""
    codes = [code for code, count in counts.items() for _ in range(count)]
    number = int(asked.sum())
    if len(codes) > number or (exact and len(codes) != number):
        problems.append(Problem("counts", f"{len(codes)} answers", f"{number} asked", "make them agree", column=name))
        return [""] * len(asked)
    dealt = np.array([*codes, *[""] * (number - len(codes))], dtype=object)
    answers = np.full(len(asked), "", dtype=object)
    answers[asked] = generator.permutation(dealt)
    return list(answers)


def _draw_multiple(
    question: Question,
    counts: Mapping[str, int],
    asked: BoolArray,
    generator: np.random.Generator,
    problems: list[Problem],
) -> dict[str, Any]:
    """Tick every option as often as its count: exclusive ones on their own, the others among the rest."""
    places = generator.permutation(np.flatnonzero(asked))
    ticks = {option.code: np.zeros(len(asked), dtype="int64") for option in question.options}
    start = 0
    for option in question.options:
        if option.exclusive:
            ticks[option.code][places[start : start + counts.get(option.code, 0)]] = 1
            start += counts.get(option.code, 0)
    if start > len(places):
        found, expected = f"{start} answers that exclude others", f"at most the {len(places)} asked"
        problems.append(Problem("counts", found, expected, "make them agree", column=question.id))
        return {}
    rest = places[start:]
    shared = [option.code for option in question.options if not option.exclusive]
    if any(counts.get(code, 0) > len(rest) for code in shared):
        found, expected = "an option ticked by more than are asked", f"at most {len(rest)}"
        problems.append(Problem("counts", found, expected, "make them agree", column=question.id))
        return {}
    for code in shared:
        ticks[code][generator.choice(rest, size=counts.get(code, 0), replace=False)] = 1
    _spread_ticks(ticks, shared, rest)
    return {f"{question.id}_{code}": marks for code, marks in ticks.items()}


def _spread_ticks(ticks: Mapping[str, IntArray], codes: Sequence[str], places: IntArray) -> None:
    """Move ticks from the respondents with most to those with none; the count of each option stays."""
    table = np.array([ticks[code][places] for code in codes])
    while (table.sum(axis=0) == 0).any() and (table.sum(axis=0) > 1).any():
        giver, taker = int(table.sum(axis=0).argmax()), int(table.sum(axis=0).argmin())
        option = int(np.flatnonzero(table[:, giver])[0])
        table[option, giver], table[option, taker] = 0, 1
    for code, marks in zip(codes, table, strict=True):
        ticks[code][places] = marks


def _draw_numbers(
    entry: Mapping[str, Any],
    asked: BoolArray,
    columns: Mapping[str, Any],
    name: str,
    generator: np.random.Generator,
    problems: list[Problem],
) -> list[Any]:
    """Assign the values of each class at random to its members; the others leave the question open."""
    if entry.get("by", "") and entry["by"] not in columns:
        found, expected = f"no counts of {entry['by']}", "its counts, because it divides these values"
        problems.append(Problem("counts", found, expected, "add them", column=f"{name}.by"))
        return [""] * len(asked)
    classes = np.asarray(columns[entry["by"]], dtype=str) if "by" in entry else np.full(len(asked), ALL)
    answers = np.full(len(asked), "", dtype=object)
    for code, values in entry.get("values", {}).items():
        places = np.flatnonzero(asked & (classes == code))
        if len(values) > len(places):
            found, expected = f"{len(values)} values", f"at most {len(places)} asked"
            problems.append(Problem("counts", found, expected, "make them agree", column=f"{name}.values.{code}"))
            continue
        dealt = np.array([*values, *[""] * (len(places) - len(values))], dtype=object)
        answers[places] = generator.permutation(dealt)
    return list(answers)


def _counts(entry: Mapping[str, Any]) -> dict[str, int]:
    return {**entry.get("published", {}), **entry.get("assumed", {})}


def _published_cells(
    question: Question, questionnaire: Questionnaire, entry: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """List the cells of results that published figures determine."""
    entries: dict[str, Option | Net] = {option.code: option for option in question.options}
    entries |= {net.id: net for net in question.nets}
    named = [(question.id, entry)]
    named += [
        (row_indicator(question, row), entry[ROWS][row.id])
        for row in questionnaire.rows_of(question)
        if row.id in entry.get(ROWS, {})
    ]
    for indicator, part in named:
        for code in part.get("published", {}):
            yield {INDICATOR: indicator, **entry_keys(question, entries[code])}
        for name in part.get("published_cells", ()):
            yield {INDICATOR: indicator, **entry_keys(question, entries[str(name)])}
    if entry.get("published_all", False):
        yield {INDICATOR: question.id}
    if "by" in entry:
        by_question = questionnaire.question(entry["by"])
        for code in entry.get("published_classes", ()):
            yield {INDICATOR: question.id, **entry_keys(by_question, by_question.option(str(code)))}
