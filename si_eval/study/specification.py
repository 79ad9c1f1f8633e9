"""The parts of a study file as types: each value is checked as it stands, none is converted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SkipValidation, field_validator

from si_eval.arguments import Arguments
from si_eval.errors import StudyError
from si_eval.registry import EURO, Declarations, Deflators, RuleSet, rule_set
from si_eval.study.declared import TREATED, DeflatorSpec, GroupSpec, IndicatorSpec, SplitSpec
from si_eval.study.values import (
    MAX_THREADS,
    Name,
    OutputRules,
    Part,
    Paths,
    PathText,
    Pattern,
    SomePaths,
    Text,
    Titles,
    check_backend,
    check_classification,
    check_currency,
    check_id,
    check_language,
    check_memory,
    check_once,
    check_plausibility_name,
    check_some,
    check_study_name,
)
from si_eval.vocabulary import LANGUAGES, NO_LABELS, Labels, Language

Names = Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(check_some), AfterValidator(check_once)]


Classification = Annotated[Any, AfterValidator(check_classification)]  # by first year


class AcceptedCheck(Part):
    """A check of plausibility that fails although the extract is right, and the reason, which the report prints."""

    check: Annotated[str, AfterValidator(check_plausibility_name)]
    reason: Text


class LookupSpec(Part):
    """Which table links the identifier that lists carry to that of the register, and how that column is called."""

    table: Text
    id: Text


class ExtractSource(Part):
    """Where the raw tables are, how their files and columns are called, and which failed checks are accepted."""

    link: Literal["chain", "direct"] = "chain"
    frequency: Literal["annual", "quarterly"] | None = None
    folders: Paths = ()
    files: dict[str, Pattern | Annotated[list[Pattern], AfterValidator(check_some)]] = Field(default_factory=dict)
    columns: dict[str, dict[str, Text]] = Field(default_factory=dict)
    money_unit: dict[str, float | dict[str, float]] = Field(default_factory=dict)
    largest: dict[str, Text] = Field(default_factory=dict)
    classification: Classification = None
    crosswalk: PathText | None = None
    lookup: LookupSpec | None = None
    participants: PathText | None = None
    cache: PathText | None = None
    accept: Annotated[tuple[AcceptedCheck, ...], Field(strict=False)] = ()


class Engine(Part):
    """Which relational engine runs the study, and what it may use."""

    backend: Annotated[str, AfterValidator(check_backend)] = "duckdb"
    memory_limit: Annotated[str, AfterValidator(check_memory)] | None = None
    threads: int | None = Field(default=None, ge=1, le=MAX_THREADS)


class Rules(Part):
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
    winsorise_by: Any = None
    min_test_units: Any = None
    size_rule: Any = None
    persons: Any = None
    alive: Any = None
    breaks: Any = None
    weights: Any = None
    min_stratum_units: Any = None
    investment_years: Any = None
    investment_lag: Any = None

    def rule_set(self) -> RuleSet:
        """Return the rule set; raises `StudyError` for an unknown base and `InputError` for wrong settings."""
        return rule_set(self.base).change(**self.model_dump(exclude={"base"}))


class ChapterSpec(Part):
    """A chapter of a report without notebooks: its title, a text in Markdown, and the exhibits that stand in it."""

    title: Titles
    text: Titles | None = None
    exhibits: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(check_once)] = ()


class ExhibitSpec(Part):
    """One table or figure: the function that makes it, its arguments, the rows it shows and how it is drawn."""

    id: Annotated[str, AfterValidator(check_id)]
    chapter: Text | None = None
    title: Titles
    function: Text
    arguments: dict[str, Any] = Field(default_factory=dict)
    select: dict[str, Any] = Field(default_factory=dict)
    chart: dict[str, Any]
    disclosure: OutputRules | None = None
    priority: float | None = Field(default=None, gt=0)


class Border(Part):
    """What the public border goes by: the output rules, figures that outsiders have, the ledger of earlier releases.

    ``merge`` says whether adjacent size and age classes are merged where that loses less than withholding them;
    ``public_units`` are the ids of business units whose figures are public; ``as_published`` is the reason for which
    exhibits under the output rules of that name, with counts as small as a source printed, may leave at all;
    ``set_aside_earlier`` that for which earlier releases of other data do not count.
    """

    rules: OutputRules = "cbs"
    known: PathText | None = None
    ledger: PathText | None = None
    merge: Literal["never", "when_cheaper"] = "never"
    as_published: Text | None = None
    set_aside_earlier: Text | None = None
    public_units: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False), AfterValidator(check_once)
    ] = ()


class Published(Part):
    """Published figures and claims that the results are checked against."""

    figures: SomePaths
    claims: SomePaths
    readings: PathText


class SurveyFiles(Part):
    """A survey: its questionnaire, and responses or the counts to simulate them from."""

    questionnaire: PathText
    responses: PathText | None = None
    simulation: PathText | None = None


class Facts(Part):
    """Files of facts beside the registers: monitoring, theory, goals, costs, firms, interviews, rules for answers."""

    kpis: PathText | None = None
    programme: PathText | None = None
    goals: PathText | None = None
    costs: PathText | None = None
    firms: PathText | None = None
    findings: PathText | None = None
    answers: PathText | None = None


class StudyFile(Part):
    """A study: read with `load_study`."""

    name: Annotated[str, AfterValidator(check_study_name)]
    title: Titles
    currency: Annotated[str, AfterValidator(check_currency)] = EURO
    rules: str | Rules = "replicate_2020"
    disclosure: Border = Border()
    languages: Annotated[
        tuple[Annotated[Language, AfterValidator(check_language)], ...],
        Field(strict=False), AfterValidator(check_some), AfterValidator(check_once),
    ] = LANGUAGES  # fmt: skip
    extract: ExtractSource = ExtractSource()
    indicators: dict[Name, IndicatorSpec] = Field(default_factory=dict)
    splits: dict[Name, SplitSpec] = Field(default_factory=dict)
    groups: dict[Name, GroupSpec] = Field(default_factory=dict)
    primary: Names | None = None
    deflators: DeflatorSpec | None = None
    engine: Engine = Engine()
    published: Published | None = None
    survey: SurveyFiles | None = None
    facts: Facts = Facts()
    include: Paths = ()
    labels: PathText | SomePaths | dict[str, Titles] | None = None
    notebooks: Paths = ()
    annexes: Paths = ()
    chapters: Annotated[tuple[ChapterSpec, ...], Field(strict=False)] = ()
    exhibits: Annotated[tuple[ExhibitSpec, ...], Field(strict=False), AfterValidator(check_some)]

    @field_validator("disclosure", mode="before")
    @classmethod
    def _name_of_rules(cls, value: Any) -> Any:
        """Take the name of the output rules alone for a border without anything else."""
        return {"rules": value} if isinstance(value, str) else value

    def rule_set(self) -> RuleSet:
        """Return the rule set of the study."""
        return self.rules.rule_set() if isinstance(self.rules, Rules) else rule_set(self.rules)


def is_direct(file: StudyFile) -> bool:
    """Whether the participants of a study carry the identifier of their unit."""
    return file.extract.link == "direct"


class Study(BaseModel):
    """A study file, the folder that its paths start from, the study's own labels by term, and its price series."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    file: StudyFile
    path: Path
    labels: SkipValidation[Labels] = NO_LABELS
    deflators: SkipValidation[Deflators | None] = None

    @property
    def declared(self) -> Declarations:
        """What the study declares of its firms: currency, indicators, splits and comparison groups, price series."""
        file = self.file
        return Declarations(
            currency=file.currency,
            indicators={name: one.indicator(name) for name, one in file.indicators.items()},
            splits={name: one.split(name) for name, one in file.splits.items()},
            groups={name: one.group(name) for name, one in file.groups.items() if name != TREATED},
            deflators=self.deflators,
        )

    def setting_aside(self, reason: str | None) -> Study:
        """Return the study with another reason for which earlier releases of other data do not count, if any."""
        if reason is None:
            return self
        arguments = Arguments("study")
        arguments.text("set_aside_earlier", reason, "write why, for the output checker to agree to")
        arguments.refuse_problems(StudyError)
        border = self.file.disclosure.model_copy(update={"set_aside_earlier": reason})
        return self.model_copy(update={"file": self.file.model_copy(update={"disclosure": border})})

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
