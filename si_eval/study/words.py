"""The words of a study: names of what it declares, its own labels, and what both make of the sentences of a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from si_eval.errors import Problem, SiEvalError
from si_eval.frozen import FrozenMapping
from si_eval.registry import facts
from si_eval.study.shape import check_values, explain, list_problems, show
from si_eval.study.specification import Study, StudyFile, is_direct
from si_eval.study.texts import unknown_languages
from si_eval.study.values import Titles
from si_eval.text_input.toml_files import read_toml
from si_eval.vocabulary import NO_LABELS, NON_PARTICIPANTS, PARTICIPANTS, Labels, Language, is_labelled, within_sentence

MAX_BYTES = 2_000_000  # of a file of labels: a person wrote it
DIRECT = "direct_"  # begins the terms for which registers without a chain of links have other words
UNITS = "business units"
SPREAD = (PARTICIPANTS, NON_PARTICIPANTS, UNITS)  # words that stand in other labels too


def read_labels(study: StudyFile, path: Path) -> tuple[Labels, list[Problem]]:
    """Return the labels of a study, its own before the names of what it declares; and what is wrong with them."""
    own, problems = _read_own(study, path)
    words = facts("labels") if is_direct(study) else {}
    direct = {term.removeprefix(DIRECT): texts for term, texts in words.items() if term.startswith(DIRECT)}
    return spread_words({**_declared_labels(study), **own}, direct), problems


def spread_words(own: Labels, direct: Labels = NO_LABELS) -> Labels:
    """Add the registry's labels in which a word stands that is another in this study: `participants`, say.

    ``direct`` are those that go before the registry's where registers have no chain of links.
    """
    registry = facts("labels")
    words = {
        language: {
            str(registry[term][language]).lower(): own[term][language]
            for term in SPREAD
            if _is_other(own, term, language)
        }
        for language in registry[UNITS]
    }
    spread: dict[str, dict[str, str]] = {}
    for term, texts in {**registry, **direct}.items():
        for language, known in words.items():
            before = str(texts.get(language, ""))
            after = _replace_words(before, known)
            if after != before:
                spread.setdefault(term, {})[language] = after
    return FrozenMapping({**direct, **spread, **own})


def name_group(own: Labels, group: str, languages: Sequence[Language]) -> Labels:
    """Return the labels of an exhibit that compares with a group of the study: it stands for all others."""
    names = own.get(group, dict.fromkeys(languages, group.replace("_", " ").capitalize()))
    earlier = spread_words({term: own[term] for term in SPREAD if term in own})
    written = {term: texts for term, texts in own.items() if term in SPREAD or earlier.get(term) != texts}
    return spread_words({**written, NON_PARTICIPANTS: names})


def _is_other(own: Labels, term: str, language: Language) -> bool:
    return own.get(term, {}).get(language, "") not in ("", facts("labels")[term][language])


def _replace_words(text: str, known: Mapping[str, str]) -> str:
    """Replace whole words of a text, with a capital where they had one."""
    if not known:
        return text
    longest = sorted(map(re.escape, known), key=len, reverse=True)
    return re.sub(
        rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)", lambda found: _as_written(known, found[0]), text, flags=re.IGNORECASE
    )


def _as_written(known: Mapping[str, str], found: str) -> str:
    word = known[found.lower()]
    if found[:1].isupper():
        return word[:1].upper() + word[1:]
    return within_sentence(word)


def _declared_labels(study: StudyFile) -> Labels:
    """Return the names of what a study declares: its indicators, splits with their classes, and groups."""
    named = {name: one.labels for name, one in study.indicators.items()}
    for entries in (study.splits, study.groups):
        named |= {name: one.title for name, one in entries.items() if one.title is not None}
    for split in study.splits.values():
        named |= split.labels
    return {term: texts.texts() for term, texts in named.items()}


def _read_own(study: StudyFile, path: Path) -> tuple[Labels, list[Problem]]:
    """Read the labels of a study, of one file, several or its own table; return them with what is wrong.

    A term that the registry does not know needs a text in every language of the study.
    """
    given = study.labels
    if given is None:
        return NO_LABELS, []
    if isinstance(given, dict):
        return FrozenMapping({term: texts.texts() for term, texts in given.items()}), []
    labels: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for number, file in enumerate((given,) if isinstance(given, str) else given):
        place = f"{path.name}, labels" if isinstance(given, str) else f"{path.name}, labels.{number}"
        try:
            target = Study(file=study, path=path).resolve(file)
            read = read_toml(target, what="labels", max_bytes=MAX_BYTES, allow_control_characters=True)
        except SiEvalError as error:
            problems += explain(error, place)
            continue
        problems += [*check_values(read, target.name, ()), *_own_problems(read, target.name, study.languages)]
        for term, texts in read.items():
            labels[term] = {**labels.get(term, {}), **texts} if isinstance(texts, dict) else {}
    return (NO_LABELS if problems else FrozenMapping(labels)), problems


def _own_problems(labels: Mapping[str, Any], name: str, languages: Sequence[Language]) -> list[Problem]:
    """List the labels that are no texts, and those of the study's own terms that lack a language of it."""
    problems = []
    for term, texts in labels.items():
        place = f"{name}, {show(term)[1:-1]}"
        try:
            Titles.model_validate(texts)
        except ValidationError as error:
            for problem in list_problems(error, {}, name, ()):
                key = problem.where.removeprefix(name).lstrip(", ")
                problems.append(replace(problem, where=f"{place}.{key}" if key else place))
            continue
        problems += unknown_languages(texts, languages, place)
        lacking = [] if is_labelled(term) else [one for one in languages if one not in texts]
        problems += [Problem(f"{place}.{one}", "nothing", "this key", "add it") for one in lacking]
    return problems
