"""The study file: which extract, which rules, which exhibits. TOML, checked key by key."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, ValidationError, field_validator

from si_eval.errors import InputError, Problem, StudyError, propose_name
from si_eval.frozen import FrozenMapping
from si_eval.registry import RuleSet, facts, rule_set
from si_eval.vocabulary import NO_LABELS, Labels, Language

REFERENCE_STUDY = "studies/smart_industry_2020.toml"


class _Part(BaseModel):
    """A part of the study file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(_Part):
    """A title in Dutch and English."""

    nl: str
    en: str


class ExtractSource(_Part):
    """Where the raw tables are, and how their files and columns are called where the registry does not know it."""

    folders: tuple[str, ...] = ()
    files: dict[str, str | list[str]] = Field(default_factory=dict)
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    money_unit: dict[str, float] = Field(default_factory=dict)
    participants: str | None = None
    cache: str | None = None


class Engine(_Part):
    """Which relational engine runs the study, and what it may use."""

    backend: str = "duckdb"
    memory_limit: str | None = None
    threads: int | None = Field(default=None, ge=1)


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

    def rule_set(self) -> RuleSet:
        """Return the rule set; raises `StudyError` for an unknown base and `InputError` for wrong settings."""
        return rule_set(self.base).change(**self.model_dump(exclude={"base"}))


class ExhibitSpec(_Part):
    """One table or figure: the function that makes it, its arguments, the rows it shows and how it is drawn."""

    id: str
    chapter: str
    title: Titles
    function: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    select: dict[str, Any] = Field(default_factory=dict)
    chart: dict[str, Any]
    disclosure: str | None = None
    priority: float | None = Field(default=None, gt=0)


class Border(_Part):
    """What the public border goes by: the output rules, figures that outsiders have, the ledger of earlier releases.

    ``merge`` says whether adjacent size and age classes are merged where that loses less than withholding them;
    ``public_units`` are the ids of business units whose figures are public.
    """

    rules: str = "cbs"
    known: str | None = None
    ledger: str | None = None
    merge: Literal["never", "when_cheaper"] = "never"
    public_units: tuple[int, ...] = ()


class Published(_Part):
    """Published figures and claims that the results are checked against."""

    figures: tuple[str, ...]
    claims: tuple[str, ...]
    readings: str


class SurveyFiles(_Part):
    """A survey: its questionnaire, and responses or the counts to simulate them from."""

    questionnaire: str
    responses: str | None = None
    simulation: str | None = None


class Facts(_Part):
    """Files of facts beside the registers: monitoring, theory, goals, costs, numbers of firms, interviews."""

    kpis: str | None = None
    programme: str | None = None
    goals: str | None = None
    costs: str | None = None
    firms: str | None = None
    findings: str | None = None


class StudyFile(_Part):
    """A study: read with `load_study`."""

    name: str
    title: Titles
    rules: str | Rules = "replicate_2020"
    disclosure: Border = Border()
    languages: tuple[Language, ...] = ("nl", "en")
    extract: ExtractSource = ExtractSource()
    engine: Engine = Engine()
    published: Published | None = None
    survey: SurveyFiles | None = None
    facts: Facts = Facts()
    include: tuple[str, ...] = ()
    labels: str | None = None
    notebooks: tuple[str, ...] = ()
    exhibits: tuple[ExhibitSpec, ...]

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
        """Return a path of the study file as a path from here."""
        return (self.path.parent / Path(relative).expanduser()).resolve()

    def chart(self, exhibit: str) -> dict[str, Any]:
        """Return how an exhibit is drawn; raises `StudyError` for one that the study does not have."""
        for entry in self.file.exhibits:
            if entry.id == exhibit:
                return entry.chart
        known = ", ".join(entry.id for entry in self.file.exhibits)
        raise StudyError(f"exhibit: found {exhibit!r}; expected one of {known}; name one of these")


def data_folder() -> Path:
    """Find the folder with studies and published figures: in the installed package, or beside it in a checkout."""
    installed = Path(str(resources.files("si_eval"))) / "resources" / "data"
    return installed if installed.is_dir() else Path(str(resources.files("si_eval"))).parent / "data"


def load_study(path: str | Path | None = None, *, language: Language | None = None) -> Study:
    """Read and check a study file.

    A study file says what is particular to a programme: where its extract is and how its columns are called, which
    rules hold, which exhibits to make and how to draw them. Paths in it start from its own folder.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; without one, the reference study of the package.
    language : {"nl", "en"}, optional
        The language to read the study in: it becomes the first of its languages, in which `show`, `say` and
        `show_comparison` speak. Without it, the first that the study names.

    Returns
    -------
    Study
        ``file`` has the settings of the study, ``path`` is where it was read; ``chart(exhibit)`` gives how an exhibit
        is drawn.

    Raises
    ------
    InputError
        With every problem of the file: unknown keys with the nearest known name, wrong types, missing keys, settings
        that a rule set refuses.
    StudyError
        Where the file is not there or cannot be read as TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> _ = Path("study.toml").write_text('''
    ... name = "small"
    ... title = { nl = "Klein", en = "Small" }
    ... [[exhibits]]
    ... id = "sectors"
    ... chapter = "1"
    ... title = { nl = "Sectoren", en = "Sectors" }
    ... function = "describe_reach"
    ... arguments = { year = 2019 }
    ... select = { indicator = "sector", group = "participant" }
    ... chart = { kind = "shares", x = "sector" }
    ... ''')
    >>> study = se.load_study("study.toml")
    >>> study.file.title.en, study.file.rule_set().name
    ('Small', 'replicate_2020')
    """
    path = data_folder() / REFERENCE_STUDY if path is None else Path(path)
    content = _read_toml(path)
    if isinstance(content.get("include"), list):
        for part in content["include"]:
            content["exhibits"] = [*content.get("exhibits", []), *_read_toml(path.parent / str(part))["exhibits"]]
    problems = [*_rules_problems(content.get("rules"), path.name), *_repeated_exhibits(content, path.name)]
    try:
        study = StudyFile.model_validate(content)
    except ValidationError as error:
        problems = [*_validation_problems(error, path.name), *problems]
    if problems:
        raise InputError(problems, what=f"the study file {path.name}")
    labels = NO_LABELS if study.labels is None else FrozenMapping(_read_toml(path.parent / study.labels))
    if language is not None:
        languages = (language, *(one for one in study.languages if one != language))
        study = study.model_copy(update={"languages": languages})
    return Study(file=study, path=path, labels=labels)


def _read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; raises `StudyError` where it is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(f"study file: found no file {path.name}; expected a TOML file; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"study file {path.name}: found {error}; expected TOML in UTF-8; correct that line") from error


def _validation_problems(error: ValidationError, name: str) -> list[Problem]:
    """Turn the validator's errors into problems that say what to do."""
    problems = []
    for entry in error.errors():
        place = ".".join(str(part) for part in entry["loc"])
        if entry["type"] == "extra_forbidden":
            problems.append(_unknown_key(entry["loc"], name, place))
        else:
            found = "nothing" if entry["type"] == "missing" else repr(entry["input"])[:80]
            problems.append(
                Problem(where=name, column=place, found=found, expected=entry["msg"].lower(), action="correct this key")
            )
    return problems


def _unknown_key(location: tuple[int | str, ...], name: str, place: str) -> Problem:
    """Propose the nearest known name for a key that the study file does not know."""
    known = _known_keys(location)
    action = propose_name(location[-1], known, "remove it")
    return Problem(name, "an unknown key", f"one of {', '.join(known)}", action, column=place)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """List the keys that are known at a place in the study file."""
    parts: Mapping[str, type[BaseModel]] = {
        "extract": ExtractSource,
        "engine": Engine,
        "disclosure": Border,
        "published": Published,
        "rules": Rules,
        "title": Titles,
        "exhibits": ExhibitSpec,
        "survey": SurveyFiles,
        "facts": Facts,
    }
    model: type[BaseModel] = StudyFile
    for part in location[:-1]:
        model = parts.get(str(part), model)
    return list(model.model_fields)


def _rules_problems(rules: object, name: str) -> list[Problem]:
    """List what is wrong with the rule set of a study: an unknown name, or settings that a rule set refuses."""
    base = rules.get("base") if isinstance(rules, dict) else rules
    known = facts("rules")["rule_sets"]
    if isinstance(base, str) and base not in known:
        action = propose_name(base, known, "name one of these")
        return [Problem(name, repr(base), f"one of {', '.join(known)}", action, column="rules")]
    try:
        if isinstance(rules, dict):
            Rules.model_validate(rules).rule_set()
    except ValidationError:
        return []  # listed with the other keys
    except InputError as error:
        return [replace(problem, where=f"{name}, {problem.where}") for problem in error.problems]
    return []


def _repeated_exhibits(content: Mapping[str, Any], name: str) -> list[Problem]:
    """List the ids that several exhibits have."""
    exhibits = content.get("exhibits", [])
    ids = [str(entry["id"]) for entry in exhibits if isinstance(entry, dict) and "id" in entry]
    return [
        Problem(name, f"{one} twice", "each exhibit once", "rename one of them", column="exhibits.id")
        for one, count in sorted(Counter(ids).items())
        if count > 1
    ]
