"""Findings as data: how cells become directions, what interviews said, and how sources that differ can both be true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from si_eval.errors import InputError, Problem, propose_name
from si_eval.text_input.file_shape import shape_problems
from si_eval.text_input.toml_files import in_both_languages, read_toml
from si_eval.vocabulary import EVIDENCE_ORDER, KEYS, Evidence, evidence_code

Direction = Literal["up", "none", "mixed", "down"]
Rule = Literal["share", "gap", "growth", "growth_gap", "labels"]
UNKNOWN = "unknown"
OTHERWISE = "correct or remove it"
AGREE, PARTLY, CONTRADICT, SINGLE, NOTHING = "agree", "partly", "contradict", "single", "nothing"
REQUIRED_WORDS = (
    *(*get_args(Direction), UNKNOWN, AGREE, PARTLY, CONTRADICT, SINGLE, NOTHING),
    *("cells", "withheld", "no_cells", *EVIDENCE_ORDER),
)


class _Part(BaseModel):
    """A part of the findings file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BilingualText(_Part):
    """One text in Dutch and English."""

    nl: str
    en: str


class Source(BilingualText):
    """A source of evidence. ``evidence`` is its level where no protected exhibit tells it."""

    id: str
    evidence: Annotated[Evidence, BeforeValidator(evidence_code)] | None = None


class Reading(_Part):
    """How cells of an exhibit become directions: the cells (``where``), the rule, and its thresholds or ``signs``."""

    question: str
    source: str
    exhibit: str
    rule: Rule
    where: dict[str, Any] = Field(default_factory=dict)
    combine: Literal["each", "sum"] = "each"
    up: float = 0.5
    none: float = 0.2
    signs: dict[str, Literal[-1, 0, 1]] = Field(default_factory=dict)


class Statement(BilingualText):
    """What interviews said, with its direction and the line of the source."""

    question: str
    source: str
    direction: Direction
    line: int | None = None
    line_end: int | None = None


class Explanation(BilingualText):
    """How two sources that disagree can both be true; for some questions, or for all."""

    id: str
    between: tuple[str, str]
    questions: tuple[str, ...] = ()
    line: int | None = None
    line_end: int | None = None


class Route(BilingualText):
    """What was said of one impact route: what it brought, and what held it back."""

    id: str
    positive: tuple[BilingualText, ...] = ()
    concerns: tuple[BilingualText, ...] = ()
    line: int | None = None
    line_end: int | None = None


class Thresholds(_Part):
    """How large a part of the cells makes a direction, and what is no difference."""

    majority: float = 0.75
    about: float = 0.05


class Findings(_Part):
    r"""Readings, statements and explanations of a study.

    Read them with `load_findings`.

    Attributes
    ----------
    source : str
        Where the statements were read.
    rule_set : str
        The rule set whose cells are read, where a table has several.
    thresholds : Thresholds
        How large a part of the cells makes a direction, and what is no difference.
    words : mapping
        The texts of directions, verdicts and levels of evidence in both languages.
    sources : tuple of Source
        The sources of evidence, such as survey and registers.
    readings : tuple of Reading
        How the cells of an exhibit become directions.
    statements : tuple of Statement
        What interviews said, with its direction.
    reasons : tuple of Explanation
        How two sources that disagree can both be true.
    routes : tuple of Route
        What was said of each impact route.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.synthesis import load_findings
    >>> from si_eval.synthesis.findings import REQUIRED_WORDS
    >>> words = [f'words.{word} = {{ nl = "{word}", en = "{word}" }}' for word in REQUIRED_WORDS]
    >>> path = Path("example_findings.toml")
    >>> _ = path.write_text("\n".join(words) + '''
    ... sources = [
    ...   { id = "register", nl = "Registers", en = "Registers" },
    ...   { id = "interviews", nl = "Interviews", en = "Interviews", evidence = "goal_attainment" },
    ... ]
    ... readings = [{ question = "a", source = "register", exhibit = "revenue", rule = "gap" }]
    ... [[statements]]
    ... question = "a"
    ... source = "interviews"
    ... direction = "up"
    ... nl = "het helpt"
    ... en = "it helps"
    ... [[routes]]
    ... id = "1"
    ... nl = "kennis"
    ... en = "knowledge"
    ... positive = [{ nl = "geleerd", en = "learned" }]
    ... ''')
    >>> print(load_findings(path).summary())
    Findings: 2 sources, 1 readings, 1 statements
    """

    source: str = ""
    rule_set: str = ""
    thresholds: Thresholds = Thresholds()
    words: dict[str, BilingualText]
    sources: tuple[Source, ...]
    readings: tuple[Reading, ...] = ()
    statements: tuple[Statement, ...] = ()
    reasons: tuple[Explanation, ...] = ()
    routes: tuple[Route, ...] = ()

    def summary(self) -> str:
        """Summarise in a line how much there is to compare."""
        return (
            f"Findings: {len(self.sources)} sources, {len(self.readings)} readings, {len(self.statements)} statements"
        )


PARTS: dict[str, type[BaseModel]] = {
    "sources": Source,
    "readings": Reading,
    "statements": Statement,
    "reasons": Explanation,
    "routes": Route,
    "thresholds": Thresholds,
    "words": BilingualText,
}


def load_findings(path: str | Path) -> Findings:
    r"""Read readings, statements and explanations from a TOML file.

    Parameters
    ----------
    path : str or Path
        The TOML file, with the keys of `Findings`. The Dutch codes of evidence of older files are read.

    Returns
    -------
    Findings

    Raises
    ------
    InputError
        With every problem at once: unknown keys and names with the nearest known one, columns that no table has, words
        that are missing.
    StudyError
        Where the file is not there or is no TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.synthesis import load_findings
    >>> from si_eval.synthesis.findings import REQUIRED_WORDS
    >>> words = [f'words.{word} = {{ nl = "{word}", en = "{word}" }}' for word in REQUIRED_WORDS]
    >>> path = Path("example_findings.toml")
    >>> _ = path.write_text("\n".join(words) + '''
    ... sources = [
    ...   { id = "register", nl = "Registers", en = "Registers" },
    ...   { id = "interviews", nl = "Interviews", en = "Interviews", evidence = "goal_attainment" },
    ... ]
    ... readings = [{ question = "a", source = "register", exhibit = "revenue", rule = "gap" }]
    ... [[statements]]
    ... question = "a"
    ... source = "interviews"
    ... direction = "up"
    ... nl = "het helpt"
    ... en = "it helps"
    ... [[routes]]
    ... id = "1"
    ... nl = "kennis"
    ... en = "knowledge"
    ... positive = [{ nl = "geleerd", en = "learned" }]
    ... ''')
    >>> [source.id for source in load_findings(path).sources]
    ['register', 'interviews']
    """
    content = in_both_languages(read_toml(path, what="findings"))
    path = Path(path)
    what = f"the findings file {path.name}"
    try:
        findings = Findings.model_validate(content)
    except ValidationError as error:
        raise InputError(list(shape_problems(error, path.name, Findings, PARTS)), what=what) from error
    problems = list(_name_problems(findings, path.name))
    if problems:
        raise InputError(problems, what=what)
    return findings


def _name_problems(findings: Findings, where: str) -> Iterator[Problem]:
    """List sources, columns and words that are not known."""
    sources = [source.id for source in findings.sources]
    named = [
        *(("readings.source", reading.source) for reading in findings.readings),
        *(("statements.source", statement.source) for statement in findings.statements),
        *(("reasons.between", source) for reason in findings.reasons for source in reason.between),
    ]
    for column, name in dict.fromkeys(named):
        if name not in sources:
            yield Problem(
                where,
                repr(name),
                f"one of {', '.join(sources)}",
                propose_name(name, sources, "remove it"),
                column=column,
            )
    for column in dict.fromkeys(name for reading in findings.readings for name in reading.where):
        if column not in KEYS:
            expected = f"one of {', '.join(KEYS)}"
            yield Problem(
                where, repr(column), expected, propose_name(column, KEYS, "remove it"), column="readings.where"
            )
    for word in (word for word in REQUIRED_WORDS if word not in findings.words):
        yield Problem(where, "nothing", "a text in nl and en", "add it", column=f"words.{word}")
