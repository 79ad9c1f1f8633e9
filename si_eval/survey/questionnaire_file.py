"""Read a questionnaire from TOML: every key checked, every problem reported at once."""

from __future__ import annotations

import difflib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from si_eval.errors import InputError, Problem, StudyError
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
)
from si_eval.vocabulary import SECTOR, SIZE_CLASS, Evidence

PROPOSAL_LIKENESS = 0.6
LABELS = {"nl": str, "en": str}
NUMBER = (int, float)


class Part(NamedTuple):
    """What a part of the file may hold: the type of each key, and the keys that it must have."""

    keys: Mapping[str, Any]
    needed: tuple[str, ...]


PARTS = {
    "questionnaire": Part(
        {"name": str, "title": dict, "source": str, "questions": list, "checks": list}, ("name", "title", "questions")
    ),
    "title": Part(LABELS, ("nl", "en")),
    "question": Part(
        {
            **{"id": str, "kind": str, **LABELS, "note": str, "options": list, "rows": list, "nets": list},
            **{"rows_from": str, "asked_if": dict, "required": bool, "coded_afterwards": bool, "personal_data": bool},
            **{"dimension": str, "minimum": NUMBER, "maximum": NUMBER, "evidence": str},
        },
        ("id", "kind", "nl", "en"),
    ),
    "option": Part(
        {
            **{"code": (int, str), **LABELS, "note": str, "missing": bool, "exclusive": bool, "open_text": bool},
            **{"ends_survey": bool, "minimum": NUMBER, "maximum": NUMBER, "in_class": str},
        },
        ("code", "nl", "en"),
    ),
    "row": Part({"id": (int, str), **LABELS, "open_text": bool}, ("id", "nl", "en")),
    "net": Part({"id": str, **LABELS, "codes": list}, ("id", "nl", "en", "codes")),
    "asked_if": Part({"question": str, "answers": list}, ("question", "answers")),
    "check": Part({"id": str, "question": str, "bounded_by": str, **LABELS}, ("id", "question", "bounded_by")),
}
CHOICES = {
    "kind": get_args(Kind),
    "evidence": get_args(Evidence),
    "dimension": (SECTOR, SIZE_CLASS),
}


def load_questionnaire(path: str | Path) -> Questionnaire:
    """Read and check a questionnaire.

    Raises `InputError` with every problem: unknown keys with the nearest known name, missing keys, wrong types, codes
    or ids given twice, references to questions or codes that are not there. Raises `StudyError` where the file cannot
    be read as TOML.
    """
    path = Path(path)
    content = read_toml(path, what="questionnaire")
    problems = list(_shape_problems(content, path.name))
    if not problems:
        problems = list(_reference_problems(content, path.name))
    if problems:
        raise InputError(problems, what=f"the questionnaire {path.name}")
    return Questionnaire(
        name=content["name"],
        nl=content["title"]["nl"],
        en=content["title"]["en"],
        source=content.get("source", ""),
        questions=tuple(_question(entry) for entry in content["questions"]),
        checks=tuple(Check(**{"nl": entry["id"], "en": entry["id"], **entry}) for entry in content.get("checks", ())),
    )


def read_toml(path: str | Path, *, what: str) -> dict[str, Any]:
    """Read a TOML file; raises `StudyError` where it is not there or cannot be read."""
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(f"{what}: found no file {path.name}; expected a TOML file; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{what} {path.name}: found {error}; expected TOML in UTF-8; correct that line") from error


def part_problems(entry: Any, part: Part, where: str, place: str) -> Iterator[Problem]:
    """List what is wrong with the keys of one part: unknown, missing, or of the wrong type."""
    if not isinstance(entry, dict):
        yield Problem(where, f"{type(entry).__name__}", "a table of keys", "correct this entry", column=place)
        return
    for key, value in entry.items():
        at = f"{place}.{key}" if place else key
        if key not in part.keys:
            near = difflib.get_close_matches(key, list(part.keys), n=1, cutoff=PROPOSAL_LIKENESS)
            action = f"did you mean `{near[0]}`?" if near else "remove it"
            yield Problem(where, "an unknown key", f"one of {', '.join(part.keys)}", action, column=at)
        elif not _is_a(value, part.keys[key]):
            yield Problem(where, repr(value)[:80], _type_name(part.keys[key]), "correct this value", column=at)
        elif key in CHOICES and value not in CHOICES[key]:
            near = difflib.get_close_matches(value, CHOICES[key], n=1, cutoff=PROPOSAL_LIKENESS)
            action = f"did you mean `{near[0]}`?" if near else "use one of these"
            yield Problem(where, repr(value), f"one of {', '.join(CHOICES[key])}", action, column=at)
    for key in part.needed:
        if key not in entry:
            yield Problem(where, f"no `{key}`", "it in this part", "add it", column=place)


def _shape_problems(content: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Check the keys of every part."""
    yield from part_problems(content, PARTS["questionnaire"], where, "")
    if isinstance(content.get("title"), dict):
        yield from part_problems(content["title"], PARTS["title"], where, "title")
    for number, question in enumerate(_listed(content, "questions")):
        name = question.get("id", number) if isinstance(question, dict) else number
        place = f"questions.{name}"
        yield from part_problems(question, PARTS["question"], where, place)
        for key, part in (("options", "option"), ("rows", "row"), ("nets", "net")):
            for place_in_list, entry in enumerate(_listed(question, key)):
                yield from part_problems(entry, PARTS[part], where, f"{place}.{key}.{place_in_list}")
        if isinstance(question, dict) and isinstance(question.get("asked_if"), dict):
            yield from part_problems(question["asked_if"], PARTS["asked_if"], where, f"{place}.asked_if")
    for number, check in enumerate(_listed(content, "checks")):
        yield from part_problems(check, PARTS["check"], where, f"checks.{number}")


def _reference_problems(content: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Check what the parts say of each other; the keys are in order by now."""
    seen: dict[str, dict[str, Any]] = {}
    ids = [question["id"] for question in content["questions"]]
    yield from _repeated(ids, where, "questions.id")
    for question in content["questions"]:
        place = f"questions.{question['id']}"
        codes = [str(option["code"]) for option in question.get("options", ())]
        yield from _repeated(codes, where, f"{place}.options.code")
        yield from _repeated([option["en"] for option in question.get("options", ())], where, f"{place}.options.en")
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
    strange = [code for code in codes if code not in known]
    if strange:
        yield Problem(where, ", ".join(strange), f"codes among {', '.join(known)}", "correct them", column=place)


def _listed(entry: Any, key: str) -> list[Any]:
    value = entry.get(key, []) if isinstance(entry, dict) else []
    return value if isinstance(value, list) else []


def _is_a(value: Any, kind: Any) -> bool:
    """Say whether a value has a type; a truth value is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _type_name(kind: Any) -> str:
    names = {str: "text", bool: "true or false", dict: "a table", list: "a list", int: "a number", float: "a number"}
    return " or ".join(dict.fromkeys(names[one] for one in (kind if isinstance(kind, tuple) else (kind,))))


def _question(entry: Mapping[str, Any]) -> Question:
    """Make a question of an entry that was checked."""
    built: dict[str, Any] = {key: value for key, value in entry.items() if key != "note"}
    built["options"] = tuple(_option(option) for option in entry.get("options", ()))
    built["rows"] = tuple(Row(**{**row, "id": str(row["id"])}) for row in entry.get("rows", ()))
    built["nets"] = tuple(
        Net(**{**net, "codes": tuple(str(code) for code in net["codes"])}) for net in entry.get("nets", ())
    )
    if "asked_if" in entry:
        answers = tuple(str(code) for code in entry["asked_if"]["answers"])
        built["asked_if"] = AskedIf(entry["asked_if"]["question"], answers)
    built.setdefault("required", entry["kind"] != OPEN and not entry.get("coded_afterwards", False))
    return Question(**built)


def _option(entry: Mapping[str, Any]) -> Option:
    built = {key: value for key, value in entry.items() if key != "note"}
    return Option(**{**built, "code": str(entry["code"])})
