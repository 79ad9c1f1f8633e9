"""The study file, read: TOML with its parts and labels, checked key by key, every problem with its place."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from si_eval.errors import InputError, Problem, SiEvalError, StudyError, propose_name
from si_eval.registers.deflators import read_deflators
from si_eval.registry import Deflators, facts
from si_eval.study.shape import Origin, check_values, explain, list_problems, locate, show
from si_eval.study.specification import (
    ExhibitSpec,
    ExtractSource,
    Facts,
    Rules,
    Study,
    StudyFile,
)
from si_eval.study.texts import check_texts, spread_texts
from si_eval.study.values import Titles
from si_eval.study.words import read_labels
from si_eval.text_input.toml_files import read_toml
from si_eval.vocabulary import LANGUAGES, Language

__all__ = [
    "REFERENCE_STUDY",
    "ExhibitSpec",
    "ExtractSource",
    "Facts",
    "Study",
    "StudyFile",
    "StudyReading",
    "Titles",
    "data_folder",
    "load_study",
    "read_study",
]

REFERENCE_STUDY = "studies/smart_industry_2020.toml"
MAX_BYTES = 2_000_000  # of a study file, a part or its labels: a person wrote it
EXHIBITS, INCLUDE, CHAPTERS = "exhibits", "include", "chapters"
EMPTY: Mapping[str, Any] = {  # stands in for what a broken study file lacks, so that the rest can be checked
    "name": "study",
    "title": {"nl": "-", "en": "-"},
    EXHIBITS: [{"id": "x", "chapter": "-", "title": {"nl": "-", "en": "-"}, "function": "-", "chart": {}}],
}


@dataclass(frozen=True)
class StudyReading:
    """A study file as it was read: what is wrong with it, and a study of the parts that are sound.

    ``broken`` are the keys of the study file that have a problem: ``study`` is without them.
    """

    study: Study
    problems: tuple[Problem, ...]
    broken: frozenset[str]


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
    reading = read_study(path, language=language)
    if reading.problems:
        raise InputError(reading.problems, what=f"the study file {reading.study.path.name}")
    return reading.study


def read_study(path: str | Path | None = None, *, language: Language | None = None) -> StudyReading:
    """Read a study file with its parts and labels; raises `StudyError` where it cannot be read at all."""
    if language is not None and language not in LANGUAGES:
        raise StudyError(f"language: found {show(language)}; expected one of {', '.join(LANGUAGES)}; name one")
    path = data_folder() / REFERENCE_STUDY if path is None else path
    content = read_toml(path, what="study file", max_bytes=MAX_BYTES, allow_control_characters=True)
    path = Path(path)
    origins, problems = _add_parts(content, path)
    spread_texts(content)
    problems += check_values(content, path.name, origins)
    problems += [*check_texts(content, path.name, origins), *_chapter_problems(content, path.name, origins)]
    told = {problem.where for problem in problems}
    study, shape, broken = _validate(content, path.name, origins)
    problems += [problem for problem in shape if problem.where not in told]
    problems += [*_rules_problems(content.get("rules"), path.name), *_repeated_ids(content, path.name)]
    labels, wrong = read_labels(study, path)
    problems += wrong
    deflators, wrong = _read_deflators(study, path)
    problems += wrong
    if language is not None:
        languages = (language, *(one for one in study.languages if one != language))
        study = study.model_copy(update={"languages": languages})
    return StudyReading(Study(file=study, path=path, labels=labels, deflators=deflators), tuple(problems), broken)


def _add_parts(content: dict[str, Any], path: Path) -> tuple[list[Origin], list[Problem]]:
    """Add the exhibits of the parts to the content; return where each exhibit was written, and what is wrong."""
    own = content.get(EXHIBITS, [])
    if not isinstance(own, list):
        return [], []
    origins = [Origin(path.name, place) for place in range(len(own))]
    exhibits, problems = list(own), []
    include = content.get(INCLUDE, [])
    known = {path.resolve()}
    for number, part in enumerate(include if isinstance(include, list) else []):
        if not isinstance(part, str):
            continue  # told with the other values
        place = f"{path.name}, {INCLUDE}.{number}"
        try:
            target = path.parent / Path(part).expanduser()
            read = read_toml(target, what="part", max_bytes=MAX_BYTES, allow_control_characters=True)
            if target.resolve() in known:
                raise StudyError(f"part: found {show(part)} again; expected each file once; leave this one out")
            known.add(target.resolve())
        except (StudyError, RuntimeError) as error:
            problems += explain(error if isinstance(error, StudyError) else StudyError(f"found {error}"), place)
            continue
        more, wrong = _exhibits_of_part(read, target.name)
        problems += wrong
        origins += [Origin(target.name, number) for number in range(len(more))]
        exhibits += more
    if EXHIBITS in content or exhibits:
        content[EXHIBITS] = exhibits
    return origins, problems


def _exhibits_of_part(content: Mapping[str, Any], name: str) -> tuple[list[Any], list[Problem]]:
    """Return the exhibits of a part, and everything else that it has."""
    problems = [
        Problem(f"{name}, {show(key)[1:-1]}", "an unknown key", "exhibits alone: a part has nothing else",
                propose_name(key, [EXHIBITS], "move it to the study file"))
        for key in content
        if key != EXHIBITS
    ]  # fmt: skip
    exhibits = content.get(EXHIBITS)
    if isinstance(exhibits, list) and exhibits:
        return exhibits, problems
    found = "nothing" if EXHIBITS not in content else show(exhibits)
    action = "add them, or leave the part out of the study"
    return [], [*problems, Problem(f"{name}, {EXHIBITS}", found, "a list of exhibits", action)]


def _validate(
    content: dict[str, Any], name: str, origins: Sequence[Origin]
) -> tuple[StudyFile, list[Problem], frozenset[str]]:
    """Return the study file, or its sound parts with what is wrong and the keys that were left out."""
    try:
        return StudyFile.model_validate(content), [], frozenset()
    except ValidationError as error:
        places = [entry["loc"] for entry in error.errors(include_url=False, include_input=False)]
        problems = list_problems(error, content, name, origins)
    wrong = {place[1] for place in places if place[0] == EXHIBITS and len(place) > 1}
    broken = {str(place[0]) for place in places if place[0] != EXHIBITS or len(place) == 1}
    sound = {key: value for key, value in content.items() if key not in {*broken, EXHIBITS}}
    exhibits = [] if EXHIBITS in broken else content[EXHIBITS]
    kept = [exhibit for number, exhibit in enumerate(exhibits) if number not in wrong]
    study = StudyFile.model_validate({**EMPTY, **sound, EXHIBITS: kept or EMPTY[EXHIBITS]})
    return (study if kept else study.model_copy(update={EXHIBITS: ()})), problems, frozenset(broken)


def _chapter_problems(content: Mapping[str, Any], name: str, origins: Sequence[Origin]) -> list[Problem]:
    """List the exhibits that say no chapter, where the study names none that could have them."""
    exhibits = content.get(EXHIBITS)
    if content.get(CHAPTERS) or not isinstance(exhibits, list):
        return []
    return [
        Problem(locate((EXHIBITS, number, "chapter"), name, origins), "nothing", "this key", "add it, or [[chapters]]")
        for number, exhibit in enumerate(exhibits)
        if isinstance(exhibit, dict) and "chapter" not in exhibit
    ]


def _rules_problems(rules: object, name: str) -> list[Problem]:
    """List what is wrong with the rule set of a study: an unknown name, or settings that a rule set refuses."""
    base = rules.get("base") if isinstance(rules, dict) else rules
    known = facts("rules")["rule_sets"]
    if isinstance(base, str) and base not in known:
        action = propose_name(base, known, "name one of these")
        return [Problem(f"{name}, rules", show(base), f"one of {', '.join(known)}", action)]
    try:
        if isinstance(rules, dict):
            Rules.model_validate(rules).rule_set()
    except ValidationError:
        return []  # listed with the other keys
    except InputError as error:
        return [replace(problem, where=f"{name}, {problem.where}") for problem in error.problems]
    return []


def _repeated_ids(content: Mapping[str, Any], name: str) -> list[Problem]:
    """List the ids that several exhibits have, also where only capitals differ: their files would be one."""
    ids = defaultdict(list)
    exhibits = content.get(EXHIBITS)
    for entry in exhibits if isinstance(exhibits, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            ids[unicodedata.normalize("NFC", entry["id"]).casefold()].append(entry["id"])
    return [
        Problem(
            f"{name}, {EXHIBITS}.id",
            f"{show(same[0])[1:-1]} twice" if len(set(same)) == 1 else f"{' and '.join(sorted(set(same)))[:200]}",
            "each exhibit once, capitals aside, because files are named after it",
            "rename one of them",
        )
        for same in (ids[one] for one in sorted(ids))
        if len(same) > 1
    ]


def _read_deflators(study: StudyFile, path: Path) -> tuple[Deflators | None, list[Problem]]:
    """Read the price series of a study; return them with what is wrong."""
    given = study.deflators
    if given is None:
        return None, []
    try:
        file = Study(file=study, path=path).resolve(given.file)
        settings = given.model_dump(exclude={"file"})
        return read_deflators(file, **settings), []
    except SiEvalError as error:
        return None, explain(error, f"{path.name}, deflators")
