"""The parts of a study file as types: each value is checked as it stands, none is converted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from babel.localedata import exists
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SkipValidation, field_validator

from si_eval.engine import spark
from si_eval.errors import StudyError, propose_name
from si_eval.registry import EURO, RuleSet, currencies, facts, rule_set
from si_eval.text_input.toml_files import has_control_characters
from si_eval.vocabulary import LANGUAGES, NO_LABELS, Labels, Language

MAX_CHARACTERS = 2_000  # of a text
MAX_CHARACTERS_OF_PATH = 1_000
MAX_CHARACTERS_OF_ID = 80  # so that it fits in the name of a file, with its ending
MAX_CHARACTERS_OF_PATTERN = 200
MAX_STARS = 8  # of a pattern: each makes the search longer
MAX_THREADS = 1_024
ID = re.compile(r"\w(?:[\w-]*\w)?")
STUDY_NAME = re.compile(r"\w(?:[\w .-]*\w)?")
MEMORY = re.compile(r"\d+(?:\.\d+)?\s?[KMGT]i?B", re.IGNORECASE)
# Names that some systems keep for devices: no file can have them.
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}

T = TypeVar("T")


class Refusal(ValueError):
    """Why a value is refused: what was expected, and what to do."""

    def __init__(self, expected: str, action: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.action = action


def _is_broken(text: str) -> bool:
    """Whether a text goes over several lines, or has other control characters."""
    return "\n" in text or has_control_characters(text)


def _check_text(text: str) -> str:
    """Refuse a text of nothing, a very long one, and one with characters that do not print."""
    if not text.strip():
        raise Refusal("a text", "write one, or leave the key out")
    if len(text) > MAX_CHARACTERS:
        raise Refusal(f"a text of at most {MAX_CHARACTERS} characters", "shorten it")
    if has_control_characters(text):
        raise Refusal("a text without control characters", "write it anew")
    return text


def _check_id(text: str) -> str:
    """Refuse what cannot be the name of a file on every system."""
    if not ID.fullmatch(text) or len(text.encode()) > MAX_CHARACTERS_OF_ID:
        raise Refusal(
            f"an id of letters, digits, `_` and `-`, at most {MAX_CHARACTERS_OF_ID} characters, because files are "
            "named after it",
            "choose a simple id, such as turnover_by_size",
        )
    if text.lower() in RESERVED:
        raise Refusal("an id that can be the name of a file on every system", "choose another")
    return text


def _check_study_name(text: str) -> str:
    """Refuse a name that no file can have."""
    if not STUDY_NAME.fullmatch(text) or len(text.encode()) > MAX_CHARACTERS_OF_ID or text.lower() in RESERVED:
        raise Refusal(
            f"a name of letters, digits, `_`, `-`, `.` and spaces, at most {MAX_CHARACTERS_OF_ID} characters",
            "choose a simple name; the title says the rest",
        )
    return text


def _check_path(text: str) -> str:
    """Refuse what is no path."""
    if not text.strip() or len(text) > MAX_CHARACTERS_OF_PATH or _is_broken(text):
        raise Refusal("the path of a file or folder, from the folder of the study file", "correct the path")
    return text


def _check_pattern(text: str) -> str:
    """Refuse a pattern that no file name can fit, or that takes long to try."""
    if not text.strip() or len(text) > MAX_CHARACTERS_OF_PATTERN or _is_broken(text):
        raise Refusal("the name of a file, in which `*`, `?` and `{year}` may stand", "correct the pattern")
    if text.count("*") > MAX_STARS:
        raise Refusal(f"a pattern with at most {MAX_STARS} stars", "write more of the name")
    if text.startswith(("/", "~")) or ".." in text.split("/"):
        raise Refusal("a name within the folder of the extract", "name the other folder under `folders`")
    return text


def _check_memory(text: str) -> str:
    """Refuse what is no amount of memory."""
    if not MEMORY.fullmatch(text) or not float(re.match(r"[\d.]+", text)[0]):  # type: ignore[index]
        raise Refusal("an amount of memory, such as 500MB or 4GB", "write a number and MB or GB")
    return text


def _check_output_rules(text: str) -> str:
    """Refuse output rules that the registry does not have."""
    known = [name for name, entry in facts("disclosure").items() if "min_units" in entry]
    if text not in known:
        raise Refusal(f"one of {', '.join(known)}", propose_name(text, known, "name one of these"))
    return text


def is_language(text: str) -> bool:
    """Whether a text is the code of a language of two letters."""
    return len(text) == 2 and text.islower() and exists(text)


def _check_language(text: str) -> str:
    """Refuse what is no language."""
    if not is_language(text):
        raise Refusal("the code of a language (ISO 639), such as en", "write its two letters")
    return text


def _check_currency(text: str) -> str:
    """Refuse what is no currency."""
    if text not in currencies():
        raise Refusal("the code of a currency (ISO 4217), such as EUR", "write its three capitals")
    return text


def _check_backend(text: str) -> str:
    """Refuse an engine that there is not."""
    known = ("duckdb", spark.NAME)
    if text not in known:
        raise Refusal(f"one of {', '.join(known)}", propose_name(text, known, "name one of these"))
    return text


def _check_plausibility_name(text: str) -> str:
    """Refuse a check of plausibility that there is not."""
    known = list(facts("plausibility")["checks"])
    if text not in known:
        raise Refusal(
            "the name of a check of plausibility", propose_name(text, known, "`si-eval check` lists the names")
        )
    return text


def _check_some(values: Sequence[T]) -> Sequence[T]:
    """Refuse a list of nothing."""
    if not values:
        raise Refusal("one at least", "add one, or leave the key out")
    return values


def _check_once(values: Sequence[T]) -> Sequence[T]:
    """Refuse a list that names one thing twice."""
    if len(set(values)) < len(values):
        raise Refusal("each once", "leave out the repetition")
    return values


Text = Annotated[str, AfterValidator(_check_text)]
PathText = Annotated[str, AfterValidator(_check_path)]
Pattern = Annotated[str, AfterValidator(_check_pattern)]
OutputRules = Annotated[str, AfterValidator(_check_output_rules)]
Paths = Annotated[tuple[PathText, ...], Field(strict=False), AfterValidator(_check_once)]
SomePaths = Annotated[Paths, AfterValidator(_check_some)]


class _Part(BaseModel):
    """A part of the study file: unknown keys are refused, and so are values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Titles(_Part):
    """A text by language: in those of the study, of which the registry has labels in Dutch and English."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, Text] = Field(init=False)
    nl: Text | None = None
    en: Text | None = None

    def texts(self) -> dict[Language, str]:
        """Return the text by language."""
        return {language: text for language, text in self.model_dump().items() if text is not None}

    def of(self, languages: Sequence[Language]) -> dict[Language, str]:
        """Return the text in some languages, as far as it is there."""
        return {language: text for language, text in self.texts().items() if language in languages}


class AcceptedCheck(_Part):
    """A check of plausibility that fails although the extract is right, and the reason, which the report prints."""

    check: Annotated[str, AfterValidator(_check_plausibility_name)]
    reason: Text


class ExtractSource(_Part):
    """Where the raw tables are, how their files and columns are called, and which failed checks are accepted."""

    folders: Paths = ()
    files: dict[str, Pattern | Annotated[list[Pattern], AfterValidator(_check_some)]] = Field(default_factory=dict)
    columns: dict[str, dict[str, Text]] = Field(default_factory=dict)
    money_unit: dict[str, float] = Field(default_factory=dict)
    participants: PathText | None = None
    cache: PathText | None = None
    accept: Annotated[tuple[AcceptedCheck, ...], Field(strict=False)] = ()


class Engine(_Part):
    """Which relational engine runs the study, and what it may use."""

    backend: Annotated[str, AfterValidator(_check_backend)] = "duckdb"
    memory_limit: Annotated[str, AfterValidator(_check_memory)] | None = None
    threads: int | None = Field(default=None, ge=1, le=MAX_THREADS)


class Rules(_Part):
    """A rule set of the study's own: a base, what it changes, and a name where the changes should not be the name.

    The settings are checked by the rule set itself.
    """

    base: str
    name: str | None = None
    min_quarters: Any = None
    investment_responses: Any = None
    min_employed_persons: Any = None
    outliers: Any = None
    outlier_fence: Any = None
    outlier_min_units: Any = None
    level: Any = None
    cluster: Any = None
    mean_interval: Any = None
    statistics: Any = None
    min_test_units: Any = None

    def rule_set(self) -> RuleSet:
        """Return the rule set; raises `StudyError` for an unknown base and `InputError` for wrong settings."""
        return rule_set(self.base).change(**self.model_dump(exclude={"base"}))


class ExhibitSpec(_Part):
    """One table or figure: the function that makes it, its arguments, the rows it shows and how it is drawn."""

    id: Annotated[str, AfterValidator(_check_id)]
    chapter: Text
    title: Titles
    function: Text
    arguments: dict[str, Any] = Field(default_factory=dict)
    select: dict[str, Any] = Field(default_factory=dict)
    chart: dict[str, Any]
    disclosure: OutputRules | None = None
    priority: float | None = Field(default=None, gt=0)


class Border(_Part):
    """What the public border goes by: the output rules, figures that outsiders have, the ledger of earlier releases.

    ``merge`` says whether adjacent size and age classes are merged where that loses less than withholding them;
    ``public_units`` are the ids of business units whose figures are public; ``as_published`` is the reason for which
    exhibits under the output rules of that name, with counts as small as a source printed, may leave at all.
    """

    rules: OutputRules = "cbs"
    known: PathText | None = None
    ledger: PathText | None = None
    merge: Literal["never", "when_cheaper"] = "never"
    as_published: Text | None = None
    public_units: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False), AfterValidator(_check_once)
    ] = ()


class Published(_Part):
    """Published figures and claims that the results are checked against."""

    figures: SomePaths
    claims: SomePaths
    readings: PathText


class SurveyFiles(_Part):
    """A survey: its questionnaire, and responses or the counts to simulate them from."""

    questionnaire: PathText
    responses: PathText | None = None
    simulation: PathText | None = None


class Facts(_Part):
    """Files of facts beside the registers: monitoring, theory, goals, costs, firms, interviews, rules for answers."""

    kpis: PathText | None = None
    programme: PathText | None = None
    goals: PathText | None = None
    costs: PathText | None = None
    firms: PathText | None = None
    findings: PathText | None = None
    answers: PathText | None = None


class StudyFile(_Part):
    """A study: read with `load_study`."""

    name: Annotated[str, AfterValidator(_check_study_name)]
    title: Titles
    currency: Annotated[str, AfterValidator(_check_currency)] = EURO
    rules: str | Rules = "replicate_2020"
    disclosure: Border = Border()
    languages: Annotated[
        tuple[Annotated[Language, AfterValidator(_check_language)], ...],
        Field(strict=False), AfterValidator(_check_some), AfterValidator(_check_once),
    ] = LANGUAGES  # fmt: skip
    extract: ExtractSource = ExtractSource()
    engine: Engine = Engine()
    published: Published | None = None
    survey: SurveyFiles | None = None
    facts: Facts = Facts()
    include: Paths = ()
    labels: PathText | SomePaths | dict[str, Titles] | None = None
    notebooks: Paths = ()
    exhibits: Annotated[tuple[ExhibitSpec, ...], Field(strict=False), AfterValidator(_check_some)]

    @field_validator("disclosure", mode="before")
    @classmethod
    def _name_of_rules(cls, value: Any) -> Any:
        """Take the name of the output rules alone for a border without anything else."""
        return {"rules": value} if isinstance(value, str) else value

    def rule_set(self) -> RuleSet:
        """Return the rule set of the study."""
        return self.rules.rule_set() if isinstance(self.rules, Rules) else rule_set(self.rules)


class Study(BaseModel):
    """A study file, the folder that its paths start from, and the study's own labels by term."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    file: StudyFile
    path: Path
    labels: SkipValidation[Labels] = NO_LABELS

    def resolve(self, relative: str) -> Path:
        """Return a path of the study file as a path from here; raises `StudyError` for what is no path."""
        try:
            return (self.path.parent / Path(relative).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise StudyError(
                f"{self.path.name}: found the path {relative[:80]!r}, which leads nowhere; expected the path of a file "
                "or folder; correct it"
            ) from error

    def chart(self, exhibit: str) -> dict[str, Any]:
        """Return how an exhibit is drawn; raises `StudyError` for one that the study does not have."""
        for entry in self.file.exhibits:
            if entry.id == exhibit:
                return entry.chart
        known = ", ".join(entry.id for entry in self.file.exhibits)
        raise StudyError(f"exhibit: found {exhibit!r}; expected one of {known}; name one of these")
