"""The values of a study file as types: texts, paths, patterns, names and titles, each checked as it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from babel.localedata import exists
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from si_eval.engine import spark
from si_eval.errors import propose_name
from si_eval.registers.crosswalks import CLASSIFICATIONS
from si_eval.registry import currencies, facts
from si_eval.text_input.toml_files import has_control_characters
from si_eval.vocabulary import Language

MAX_CHARACTERS = 2_000  # of a text
MAX_CHARACTERS_OF_PATH = 1_000
MAX_CHARACTERS_OF_ID = 80  # so that it fits in the name of a file, with its ending
MAX_CHARACTERS_OF_PATTERN = 200
MAX_STARS = 8  # of a pattern: each makes the search longer
MAX_THREADS = 1_024
NAME = re.compile(r"[a-z][a-z0-9_]*")
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


def check_text(text: str) -> str:
    """Refuse a text of nothing, a very long one, and one with characters that do not print."""
    if not text.strip():
        raise Refusal("a text", "write one, or leave the key out")
    if len(text) > MAX_CHARACTERS:
        raise Refusal(f"a text of at most {MAX_CHARACTERS} characters", "shorten it")
    if has_control_characters(text):
        raise Refusal("a text without control characters", "write it anew")
    return text


def check_id(text: str) -> str:
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


def check_name(text: str) -> str:
    """Refuse what cannot be the name of a column of the panel."""
    if not NAME.fullmatch(text) or len(text) > MAX_CHARACTERS_OF_ID:
        raise Refusal("a name of small letters, digits and `_`, as columns have", "choose a simple one")
    return text


def check_classification(value: Any) -> dict[int, str]:
    """Return the classification of activities by the first year in which it holds; refuse what is none."""
    entries = value if isinstance(value, dict) else {"0000": value}
    names = ", ".join(CLASSIFICATIONS)
    for year, name in entries.items():
        if not re.fullmatch(r"[0-9]{4}", year):
            raise Refusal("the first year of each classification", 'write { 2014 = "nace_2", 2025 = "nace_2_1" }')
        if name not in CLASSIFICATIONS:
            action = propose_name(str(name), CLASSIFICATIONS, "name one; a crosswalk alone serves any other")
            raise Refusal(f"one of {names}, or a table of these by first year", action)
    return {int(year): name for year, name in entries.items()}


def check_study_name(text: str) -> str:
    """Refuse a name that no file can have."""
    if not STUDY_NAME.fullmatch(text) or len(text.encode()) > MAX_CHARACTERS_OF_ID or text.lower() in RESERVED:
        raise Refusal(
            f"a name of letters, digits, `_`, `-`, `.` and spaces, at most {MAX_CHARACTERS_OF_ID} characters",
            "choose a simple name; the title says the rest",
        )
    return text


def check_path(text: str) -> str:
    """Refuse what is no path."""
    if not text.strip() or len(text) > MAX_CHARACTERS_OF_PATH or _is_broken(text):
        raise Refusal("the path of a file or folder, from the folder of the study file", "correct the path")
    return text


def check_pattern(text: str) -> str:
    """Refuse a pattern that no file name can fit, or that takes long to try."""
    if not text.strip() or len(text) > MAX_CHARACTERS_OF_PATTERN or _is_broken(text):
        raise Refusal("the name of a file, in which `*`, `?` and `{year}` may stand", "correct the pattern")
    if text.count("*") > MAX_STARS:
        raise Refusal(f"a pattern with at most {MAX_STARS} stars", "write more of the name")
    if text.startswith(("/", "~")) or ".." in text.split("/"):
        raise Refusal("a name within the folder of the extract", "name the other folder under `folders`")
    return text


def check_memory(text: str) -> str:
    """Refuse what is no amount of memory."""
    if not MEMORY.fullmatch(text) or not float(re.match(r"[\d.]+", text)[0]):  # type: ignore[index]
        raise Refusal("an amount of memory, such as 500MB or 4GB", "write a number and MB or GB")
    return text


def check_output_rules(text: str) -> str:
    """Refuse output rules that the registry does not have."""
    known = [name for name, entry in facts("disclosure").items() if "min_units" in entry]
    if text not in known:
        raise Refusal(f"one of {', '.join(known)}", propose_name(text, known, "name one of these"))
    return text


def is_language(text: str) -> bool:
    """Whether a text is the code of a language of two letters."""
    return len(text) == 2 and text.islower() and exists(text)


def check_language(text: str) -> str:
    """Refuse what is no language."""
    if not is_language(text):
        raise Refusal("the code of a language (ISO 639), such as en", "write its two letters")
    return text


def check_currency(text: str) -> str:
    """Refuse what is no currency."""
    if text not in currencies():
        raise Refusal("the code of a currency (ISO 4217), such as EUR", "write its three capitals")
    return text


def check_backend(text: str) -> str:
    """Refuse an engine that there is not."""
    known = ("duckdb", spark.NAME)
    if text not in known:
        raise Refusal(f"one of {', '.join(known)}", propose_name(text, known, "name one of these"))
    return text


def check_plausibility_name(text: str) -> str:
    """Refuse a check of plausibility that there is not."""
    known = list(facts("plausibility")["checks"])
    if text not in known:
        raise Refusal(
            "the name of a check of plausibility", propose_name(text, known, "`si-eval check` lists the names")
        )
    return text


def check_some(values: Sequence[T]) -> Sequence[T]:
    """Refuse a list of nothing."""
    if not values:
        raise Refusal("one at least", "add one, or leave the key out")
    return values


def check_once(values: Sequence[T]) -> Sequence[T]:
    """Refuse a list that names one thing twice."""
    if len(set(values)) < len(values):
        raise Refusal("each once", "leave out the repetition")
    return values


Text = Annotated[str, AfterValidator(check_text)]
PathText = Annotated[str, AfterValidator(check_path)]
Pattern = Annotated[str, AfterValidator(check_pattern)]
OutputRules = Annotated[str, AfterValidator(check_output_rules)]
Paths = Annotated[tuple[PathText, ...], Field(strict=False), AfterValidator(check_once)]
SomePaths = Annotated[Paths, AfterValidator(check_some)]


class Part(BaseModel):
    """A part of the study file: unknown keys are refused, and so are values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Titles(Part):
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


Name = Annotated[str, AfterValidator(check_name)]
