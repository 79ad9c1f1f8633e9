"""The texts of a study file in its languages: which lack, and a text alone where there is one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from si_eval.errors import Problem, propose_name
from si_eval.study.shape import Origin, Place, locate
from si_eval.study.values import is_language
from si_eval.vocabulary import LANGUAGES, Language

# Where texts stand: a key of the study file, or of every entry of a list or a table in it.
TEXTS = ("title",)
TABLES = ("labels",)  # every entry is a text
TEXTS_OF_ENTRIES: Mapping[str, tuple[str, ...]] = {
    "exhibits": ("title",), "chapters": ("title", "text"), "indicators": ("labels",), "splits": ("title",),
    "groups": ("title",),
}  # fmt: skip
TABLES_OF_ENTRIES: Mapping[str, str] = {"splits": "labels"}  # every entry of which is a text


def languages_of(content: Mapping[str, Any]) -> tuple[Language, ...]:
    """Return the languages that a study file names; both of the registry where it names none or nothing sound."""
    named = content.get("languages")
    if isinstance(named, list) and named and all(isinstance(one, str) for one in named):
        return tuple(named)
    return LANGUAGES


def spread_texts(content: dict[str, Any]) -> None:
    """Read a text alone as the text in the one language of a study."""
    languages = languages_of(content)
    if len(languages) != 1:
        return
    for _, holder, key in list(_places(content)):
        if isinstance(holder[key], str):
            holder[key] = {languages[0]: holder[key]}


def check_texts(content: Mapping[str, Any], name: str, origins: Sequence[Origin]) -> list[Problem]:
    """List the texts that lack in a language of the study, and those in what is no language."""
    problems = []
    action = "add it" if "languages" in content else 'add it, or name the languages of the study: languages = ["en"]'
    for place, holder, key in _places(content):
        if isinstance(holder[key], Mapping):
            where = [(one, locate((*place, one), name, origins)) for one in languages_of(content)]
            problems += [Problem(at, "nothing", "this key", action) for one, at in where if one not in holder[key]]
            problems += unknown_languages(holder[key], languages_of(content), locate(place, name, origins))
    return problems


def unknown_languages(texts: Mapping[str, object], languages: Sequence[Language], place: str) -> list[Problem]:
    """List the keys of texts that are no language."""
    return [
        Problem(f"{place}.{one}", "an unknown key", f"one of {', '.join(languages)}, or another language",
                propose_name(one, languages, "remove it"))
        for one in texts
        if not is_language(one)
    ]  # fmt: skip


def _places(content: Mapping[str, Any]) -> Iterator[tuple[Place, Any, str]]:
    """Yield each place of a text, with what holds it and the key there."""
    yield from (((key,), content, key) for key in TEXTS if key in content)
    for name in TABLES:
        if isinstance(content.get(name), Mapping):
            yield from (((name, key), content[name], key) for key in content[name])
    for name, keys in TEXTS_OF_ENTRIES.items():
        entries = content.get(name)
        listed = entries.items() if isinstance(entries, Mapping) else enumerate(entries or ())
        for at, entry in listed:
            if isinstance(entry, Mapping):
                yield from (((name, at, key), entry, key) for key in keys if key in entry)
                table = TABLES_OF_ENTRIES.get(name, "")
                if isinstance(entry.get(table), Mapping):
                    yield from (((name, at, table, key), entry[table], key) for key in entry[table])
