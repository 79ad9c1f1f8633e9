"""Checks as a list: those that depart first, the others by what they are about, each with what it expects."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from si_eval.errors import StudyError
from si_eval.registry import facts
from si_eval.report.formats import number
from si_eval.report.labels import value_label
from si_eval.vocabulary import (
    CATEGORY,
    ESTIMATE,
    INDICATOR,
    NOTE,
    PLAUSIBILITY_DEPARTING,
    PLAUSIBILITY_JUDGED,
    Language,
    label,
)

COLUMNS = ("report_check", "report_expected", PLAUSIBILITY_JUDGED, "report_outcome")


@dataclass(frozen=True)
class CheckLine:
    """A check as it is shown: what it says, what it expects, how many places it judged, and how it came out."""

    heading: str
    name: str
    expected: str
    judged: str
    outcome: str
    departs: bool


def list_checks(rows: pd.DataFrame, language: Language) -> list[tuple[str, list[CheckLine]]]:
    """List the checks of the rows of `describe_plausibility`: heading by heading, those that depart first."""
    known = facts("plausibility")
    strange = sorted(set(rows[CATEGORY]) - set(known["checks"]))
    if strange or set(rows[INDICATOR]) != {PLAUSIBILITY_JUDGED, PLAUSIBILITY_DEPARTING}:
        raise StudyError(
            f"Chart: found kind 'checks' for {', '.join(strange[:3]) or 'rows without checks'}; expected the table of "
            "describe_plausibility; choose another kind"
        )
    counts = rows.set_index([CATEGORY, INDICATOR])[ESTIMATE].to_dict()
    notes = rows.set_index([CATEGORY, INDICATOR])[NOTE].to_dict()
    order = ["", *known["kinds"]]
    found = []
    for name in dict.fromkeys(rows[CATEGORY]):
        departs = counts[name, PLAUSIBILITY_DEPARTING] > 0
        kind = "" if departs else known["checks"][name]["kind"]
        text = value_label(CATEGORY, name, language)
        line = CheckLine(
            heading=known["kinds"][kind][language] if kind else label("report_departing", language),
            name=text,
            expected=label(notes[name, PLAUSIBILITY_JUDGED], language),
            judged=number(counts[name, PLAUSIBILITY_JUDGED], language),
            outcome=label(notes[name, PLAUSIBILITY_DEPARTING], language).removeprefix(f"{text}: "),
            departs=departs,
        )
        found.append((order.index(kind), line))
    lines = [line for _, line in sorted(found, key=lambda one: one[0])]
    return [(heading, list(some)) for heading, some in groupby(lines, key=lambda line: line.heading)]
