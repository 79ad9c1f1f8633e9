"""Read a questionnaire from TOML: every key checked, every problem reported at once."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from si_eval.errors import InputError, Problem
from si_eval.survey.questionnaire import (
    MATRIX,
    MULTIPLE,
    NUMERIC,
    OPEN,
    SINGLE,
    AskedIf,
    Check,
    Kind,
    Net,
    Option,
    Question,
    Questionnaire,
    Row,
    wide_columns,
)
from si_eval.text_input.toml_files import in_both_languages, read_toml
from si_eval.vocabulary import FORMER_EVIDENCE, SECTOR, SIZE_CLASS, Evidence, evidence_code

MIN_SIMILARITY = 0.6
LABELS = {"nl": str, "en": str}
NUMBER = (int, float)
NAMES = ("id", "code", "in_class")  # keys whose values are looked up
RESERVED = ("respondent", "question", "item", "answer", "value", "simulated", "eligible")


class Section(NamedTuple):
    """The keys that a section of the file may have, with their types, and those that it must have."""

    keys: Mapping[str, Any]
    required: tuple[str, ...]


SECTIONS = {
    "questionnaire": Section(
        {"name": str, "title": dict, "source": str, "questions": list, "checks": list}, ("name", "title", "questions")
    ),
    "title": Section(LABELS, ("nl", "en")),
    "question": Section(
        {
            **{"id": str, "kind": str, **LABELS, "note": str, "options": list, "rows": list, "nets": list},
            **{"rows_from": str, "asked_if": dict, "required": bool, "coded_afterwards": bool, "personal_data": bool},
            **{"dimension": str, "minimum": NUMBER, "maximum": NUMBER, "evidence": str},
        },
        ("id", "kind", "nl", "en"),
    ),
    "option": Section(
        {
            **{"code": (int, str), **LABELS, "note": str, "missing": bool, "exclusive": bool, "open_text": bool},
            **{"ends_survey": bool, "minimum": NUMBER, "maximum": NUMBER, "in_class": str},
        },
        ("code", "nl", "en"),
    ),
    "row": Section({"id": (int, str), **LABELS, "open_text": bool}, ("id", "nl", "en")),
    "net": Section({"id": str, **LABELS, "codes": list}, ("id", "nl", "en", "codes")),
    "asked_if": Section({"question": str, "answers": list}, ("question", "answers")),
    "check": Section({"id": str, "question": str, "bounded_by": str, **LABELS}, ("id", "question", "bounded_by")),
}
ALLOWED_VALUES = {
    "kind": get_args(Kind),
    "evidence": (*get_args(Evidence), *FORMER_EVIDENCE),
    "dimension": (SECTOR, SIZE_CLASS),
}


def load_questionnaire(path: str | Path) -> Questionnaire:
    """Read and check a questionnaire: a TOML file with questions, options, routing and checks.

    Parameters
    ----------
    path : str or Path
        The file; ``example_questionnaire.toml`` in this package shows the format. The former Dutch codes of
        ``evidence`` are read.

    Returns
    -------
    Questionnaire
        The questions as data.

    Raises
    ------
    InputError
        With every problem: unknown keys with the nearest known name, missing keys, wrong types, codes or ids given
        twice, references to questions or codes that do not exist.
    StudyError
        If the file does not exist or is no TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval import survey
    >>> folder = Path(survey.__file__).parent
    >>> survey.load_questionnaire(folder / "example_questionnaire.toml")
    Questionnaire example: 6 questions (Q1 single, Q2 multiple, Q3 matrix, Q4 numeric, Q5 single, Q6 open)
    """
    content = in_both_languages(read_toml(path, what="questionnaire"))
    path = Path(path)
    problems = list(_shape_problems(content, path.name))
    if not problems:
        problems = list(_reference_problems(content, path.name))
    if problems:
        raise InputError(problems, what=f"the questionnaire {path.name}")
    questionnaire = Questionnaire(
        name=content["name"],
        nl=content["title"]["nl"],
        en=content["title"]["en"],
        source=content.get("source", ""),
        questions=tuple(_question(entry) for entry in content["questions"]),
        checks=tuple(Check(**{"nl": entry["id"], "en": entry["id"], **entry}) for entry in content.get("checks", ())),
    )
    problems = list(_column_problems(questionnaire, path.name))
    if problems:
        raise InputError(problems, what=f"the questionnaire {path.name}")
    return questionnaire


def _column_problems(questionnaire: Questionnaire, where: str) -> Iterator[Problem]:
    """List columns of a wide file that two questions would share, such as a question `Q3_1` and a row of `Q3`."""
    owners = [name for question in questionnaire.questions for name in wide_columns(questionnaire, question)]
    for name, count in Counter(owners).items():
        if count > 1:
            found = f"{count} questions, options or rows with the column {name}"
            yield Problem(where, found, "a column of its own for each", "rename an id", column="questions.id")


def section_problems(entry: Any, section: Section, where: str, place: str) -> Iterator[Problem]:
    """List the problems of the keys of one section: unknown, missing, of a wrong type, or not an allowed value."""
    if not isinstance(entry, dict):
        yield Problem(where, f"{type(entry).__name__}", "a table of keys", "correct this entry", column=place)
        return
    for key, value in entry.items():
        at = f"{place}.{key}" if place else key
        if key not in section.keys:
            nearest = difflib.get_close_matches(key, list(section.keys), n=1, cutoff=MIN_SIMILARITY)
            action = f"did you mean `{nearest[0]}`?" if nearest else "remove it"
            yield Problem(where, "an unknown key", f"one of {', '.join(section.keys)}", action, column=at)
        elif not _has_type(value, section.keys[key]):
            yield Problem(where, repr(value)[:80], _type_name(section.keys[key]), "correct this value", column=at)
        elif isinstance(value, float) and not math.isfinite(value):
            yield Problem(where, repr(value), "a finite number", "correct this value", column=at)
        elif key in NAMES and (not str(value) or str(value) != str(value).strip()):
            yield Problem(where, repr(value)[:80], "a name without blanks around it", "correct this value", column=at)
        elif key in ALLOWED_VALUES and value not in ALLOWED_VALUES[key]:
            known = [name for name in ALLOWED_VALUES[key] if name not in FORMER_EVIDENCE]
            nearest = difflib.get_close_matches(value, known, n=1, cutoff=MIN_SIMILARITY)
            action = f"did you mean `{nearest[0]}`?" if nearest else "use one of these"
            yield Problem(where, repr(value), f"one of {', '.join(known)}", action, column=at)
    for key in section.required:
        if key not in entry:
            yield Problem(where, f"no `{key}`", "it in this part", "add it", column=place)


def _shape_problems(content: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """List the problems of the keys of every section."""
    yield from section_problems(content, SECTIONS["questionnaire"], where, "")
    if isinstance(content.get("title"), dict):
        yield from section_problems(content["title"], SECTIONS["title"], where, "title")
    for number, question in enumerate(list_entries(content, "questions")):
        name = question.get("id", number) if isinstance(question, dict) else number
        place = f"questions.{name}"
        yield from section_problems(question, SECTIONS["question"], where, place)
        for key, section in (("options", "option"), ("rows", "row"), ("nets", "net")):
            for place_in_list, entry in enumerate(list_entries(question, key)):
                yield from section_problems(entry, SECTIONS[section], where, f"{place}.{key}.{place_in_list}")
        if isinstance(question, dict) and isinstance(question.get("asked_if"), dict):
            yield from section_problems(question["asked_if"], SECTIONS["asked_if"], where, f"{place}.asked_if")
    for number, check in enumerate(list_entries(content, "checks")):
        yield from section_problems(check, SECTIONS["check"], where, f"checks.{number}")


def _reference_problems(content: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """List references to questions and codes that do not exist; assumes that all keys are valid."""
    seen: dict[str, dict[str, Any]] = {}
    ids = [question["id"] for question in content["questions"]]
    yield from _repeated(ids, where, "questions.id")
    if not ids:
        yield Problem(where, "no questions", "at least one", "add one", column="questions")
    for name in (name for name in ids if name in RESERVED):
        found = f"the id {name}, which a file of responses uses itself"
        yield Problem(where, found, f"another id than {', '.join(RESERVED)}", "rename it", column="questions.id")
    yield from _repeated([check["id"] for check in content.get("checks", ())], where, "checks.id")
    for question in content["questions"]:
        place = f"questions.{question['id']}"
        codes = [str(option["code"]) for option in question.get("options", ())]
        yield from _repeated(codes, where, f"{place}.options.code")
        yield from _repeated([option["en"] for option in question.get("options", ())], where, f"{place}.options.en")
        yield from _label_problems(question.get("options", ()), where, f"{place}.options")
        yield from _repeated([str(row["id"]) for row in question.get("rows", ())], where, f"{place}.rows.id")
        yield from _kind_problems(question, where, place)
        for net in question.get("nets", ()):
            yield from _unknown([str(code) for code in net["codes"]], codes, where, f"{place}.nets.{net['id']}")
        for key, earlier in (("rows_from", question.get("rows_from")), ("asked_if", _source_of(question))):
            if earlier is not None and earlier not in seen:
                found, expected = repr(earlier), f"an earlier question: {', '.join(seen) or 'there is none'}"
                yield Problem(where, found, expected, "name one of these", column=f"{place}.{key}")
        if _source_of(question) in seen:
            known = [str(option["code"]) for option in seen[_source_of(question) or ""].get("options", ())]
            answers = [str(code) for code in question["asked_if"]["answers"]]
            yield from _unknown(answers, known, where, f"{place}.asked_if.answers")
        seen[question["id"]] = question
    for check in content.get("checks", ()):
        yield from _check_problems(check, seen, where)


def _label_problems(options: Sequence[Mapping[str, Any]], where: str, place: str) -> Iterator[Problem]:
    """List texts that stand for two options: a label that another option has as its label or code."""
    meanings: dict[str, set[str]] = {}
    for option in options:
        for text in (option["nl"], option["en"], str(option["code"])):
            meanings.setdefault(text.strip(), set()).add(str(option["code"]))
    for text, codes in meanings.items():
        if len(codes) > 1 and len({option["en"] for option in options}) == len(options):
            found = f"{text!r} as a label or code of the options {', '.join(sorted(codes))}"
            yield Problem(where, found, "texts that stand for one option", "rename one of them", column=place)


def _kind_problems(question: Mapping[str, Any], where: str, place: str) -> Iterator[Problem]:
    """Check that a question has what its kind needs, and bounds in the right order."""
    kind = question["kind"]
    if kind in (SINGLE, MULTIPLE, MATRIX) and not question.get("options"):
        yield Problem(where, "no options", f"options for a question of kind {kind}", "add them", column=place)
    if kind == MATRIX and bool(question.get("rows")) == bool(question.get("rows_from")):
        yield Problem(where, "rows and rows_from both, or neither", "one of them", "keep one", column=place)
    if kind == NUMERIC and question.get("options"):
        yield Problem(where, "options", "none for a number", "remove them", column=place)
    for entry in (question, *question.get("options", ())):
        if entry.get("minimum", 0) > entry.get("maximum", float("inf")):
            found = f"minimum {entry['minimum']} above maximum {entry['maximum']}"
            yield Problem(where, found, "a minimum below the maximum", "correct them", column=place)


def _check_problems(check: Mapping[str, Any], seen: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Check that a rule of plausibility bounds a number by the options of another question."""
    for key, kind in (("question", NUMERIC), ("bounded_by", SINGLE)):
        if seen.get(check[key], {}).get("kind") != kind:
            known = [name for name, question in seen.items() if question["kind"] == kind]
            expected = f"a question of kind {kind}: {', '.join(known)}"
            yield Problem(where, repr(check[key]), expected, "name one of these", column=f"checks.{check['id']}.{key}")


def _source_of(question: Mapping[str, Any]) -> str | None:
    return question["asked_if"]["question"] if "asked_if" in question else None


def _repeated(names: Sequence[str], where: str, place: str) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(where, f"{name} {count} times", "each once", "rename or remove one", column=place)


def _unknown(codes: Sequence[str], known: Sequence[str], where: str, place: str) -> Iterator[Problem]:
    unknown = [code for code in codes if code not in known]
    if unknown:
        yield Problem(where, ", ".join(unknown), f"codes among {', '.join(known)}", "correct them", column=place)


def list_entries(entry: Any, key: str) -> list[Any]:
    """Return the list under a key of a section; an empty one where there is none."""
    value = entry.get(key, []) if isinstance(entry, dict) else []
    return value if isinstance(value, list) else []


def _has_type(value: Any, kind: Any) -> bool:
    """Whether a value has a type; a Boolean is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _type_name(kind: Any) -> str:
    names = {str: "text", bool: "true or false", dict: "a table", list: "a list", int: "a number", float: "a number"}
    return " or ".join(dict.fromkeys(names[one] for one in (kind if isinstance(kind, tuple) else (kind,))))


def _question(entry: Mapping[str, Any]) -> Question:
    """Build a question from a valid entry."""
    built: dict[str, Any] = {key: value for key, value in entry.items() if key != "note"}
    built["options"] = tuple(_option(option) for option in entry.get("options", ()))
    built["rows"] = tuple(Row(**{**row, "id": str(row["id"])}) for row in entry.get("rows", ()))
    built["nets"] = tuple(
        Net(**{**net, "codes": tuple(str(code) for code in net["codes"])}) for net in entry.get("nets", ())
    )
    if "asked_if" in entry:
        answers = tuple(str(code) for code in entry["asked_if"]["answers"])
        built["asked_if"] = AskedIf(entry["asked_if"]["question"], answers)
    if "evidence" in entry:
        built["evidence"] = evidence_code(entry["evidence"])
    built.setdefault("required", entry["kind"] != OPEN and not entry.get("coded_afterwards", False))
    return Question(**built)


def _option(entry: Mapping[str, Any]) -> Option:
    built = {key: value for key, value in entry.items() if key != "note"}
    return Option(**{**built, "code": str(entry["code"])})
