"""The exhibits of a proposed study: those whose needs the data meet, by chapter; what cannot be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from si_eval.registry import facts
from si_eval.study.proposal.draft import Draft, quoted
from si_eval.vocabulary import label

OLDEST_CLASS = 6  # years of age from which all firms are in one age class


def write_exhibits(draft: Draft) -> tuple[list[str], list[str], int]:
    """Return the lines of chapters and exhibits, what the data cannot answer, and how many exhibits there are."""
    met, words = _facts(draft)
    chapters: dict[str, list[str]] = {}
    lines: list[str] = []
    unanswered: list[str] = []
    for entry in facts("proposal")["exhibits"]:
        if not set(entry.get("needs", ())) <= met:
            unanswered += [entry["without"]] if "without" in entry else []
            continue
        for own in _each(draft, entry.get("each", "")):
            told = {**words, **own}
            name = _fill(entry["id"], told)
            chapters.setdefault(entry["stage"], []).append(name)
            lines += [
                "[[exhibits]]",
                f"id = {quoted(name)}",
                f"title = {quoted(_fill(entry['title'][draft.language], told))}",
            ]
            lines += [f"function = {quoted(entry['function'])}"]
            lines += [f"{key} = {_fill(entry[key], told)}" for key in ("arguments", "select", "chart") if key in entry]
            lines += [""]
    parts = []
    for stage, names in chapters.items():
        parts += ["[[chapters]]", f"title = {quoted(label(f'report_stage_{stage}', draft.language))}"]
        parts += [f"exhibits = [{', '.join(quoted(name) for name in names)}]", ""]
    if not draft.groups and draft.reading.link == "direct":
        unanswered.append("no comparison with rejected applicants or another scheme: no list of them was found")
    return [*parts, *lines], unanswered, sum(map(len, chapters.values()))


def _fill(text: str, words: Mapping[str, str]) -> str:
    """Put words in the places that a text has for them; other braces are TOML's."""
    return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), text)


def _each(draft: Draft, kind: str) -> Iterator[dict[str, str]]:
    """Yield the names and titles that an exhibit is repeated for; once without any where it is not."""
    known = {"split": draft.splits, "group": draft.groups, "indicator": draft.indicators}
    if not kind:
        yield {}
    for name, title in known.get(kind, {}).items():
        yield {"name": name, "title": title}


def _facts(draft: Draft) -> tuple[set[str], dict[str, str]]:
    """Return which needs are met, and the words that exhibits are filled with."""
    reading = draft.reading
    units, turnover = reading.table("business_units"), reading.table("turnover")
    years = reading.periods
    met: set[str] = set()
    for need, role in {"persons": "employed_persons", "activity": "sbi", "founded": "founded"}.items():
        if any(
            table.column(role)
            for table in reading.tables
            if table.table in ("business_units", "business_unit_founding")
        ):
            met.add(need)
    met -= {"founded"} if not _has_young_firms(draft) else set()
    if any(table is not None and table.column("turnover") for table in (units, turnover)):
        met.add("turnover")
    met |= {"years"} if len(years) > 1 else set()
    entries = entry_years(draft)
    before = [year for year in entries if years and years[0] < year <= years[-1]]
    met |= {"before"} if before else set()
    met |= {"no_entry"} if not entries and len(years) > 1 else set()
    main = "revenue_per_employee" if {"persons", "turnover"} <= met else "employed_persons" if "persons" in met else ""
    outcome = {"revenue_per_employee": "log_productivity", "employed_persons": "log_persons"}.get(main, "")
    if reading.link == "chain":
        outcome = main
    met |= {"main", "outcome"} if main else set()
    first, last = (years[0], years[-1]) if years else (0, 0)
    base = max(first, min(before) - 1) if before else first
    ends = f"{first}, {last}" if last > first else f"{last}"
    words: dict[str, Any] = {"first": first, "last": last, "base": base, "ends": ends, "main": main, "outcome": outcome}
    words["outcome_title"] = draft.words(main) if main else ""
    return met, {key: str(value) for key, value in words.items()}


def _has_young_firms(draft: Draft) -> bool:
    """Whether some firm of the last year may be in another age class than the oldest: a single class tells nothing."""
    units, years = draft.reading.table("business_units"), draft.reading.periods
    column = units.column("founded") if units is not None else None
    if column is None or not years:
        return draft.reading.link == "chain"
    latest = max(column.profile.years, default=int(column.profile.high) if column.profile.is_number else years[-1])
    return latest > years[-1] - OLDEST_CLASS


def entry_years(draft: Draft) -> tuple[int, ...]:
    """List the years in which firms on the list entered; nothing where it does not say."""
    listed = draft.reading.table("participants") or draft.reading.table("business_units")
    column = listed.column("entry_date") if listed is not None else None
    if column is None and draft.is_own_list and listed is not None and listed.column("decision") is not None:
        return draft.reading.periods[1:]
    return () if column is None else column.profile.years
