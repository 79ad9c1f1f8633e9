"""What stands under a table of many tested differences: how many chance gives, and what its cells could have found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from si_eval.report.border import safe_rows
from si_eval.report.difference import place_of
from si_eval.report.formats import measure_key, measures
from si_eval.report.labels import value_label
from si_eval.results import SafeTable
from si_eval.results.many_tests import detectable_differences, judge_tests
from si_eval.vocabulary import DIFFERENCE, GROUP, INDICATOR, Language, label

MANY_TESTS = 5  # tested differences from which on a table says what chance alone would give
MAX_INDICATORS = 3  # whose smallest differences a note names


def many_tests_notes(safe: SafeTable, rows: pd.DataFrame, language: Language) -> list[str]:
    """Write the notes: how many differ and by chance, which outcome was declared, what could have been found.

    The differences of what ``rows`` show count, whether they have rows of their own or stand as signs beside them.
    """
    differences = _differences_of(safe, rows)
    tests = judge_tests(differences, primary=safe.primary or ())
    if len(tests.frame) < MANY_TESTS:
        return []
    names = list(dict.fromkeys(tests.frame[INDICATOR]))
    notes = [tests.sentence(language, safe.labels)]
    if safe.primary is not None:
        declared = [value_label(INDICATOR, name, language, safe.labels) for name in names if name in safe.primary]
        text = label("report_primary" if declared else "report_exploratory", language, safe.labels)
        notes.append(text.format(names=", ".join(declared)))
    least = tests.frame.assign(least=detectable_differences(tests.frame, tests.level))
    least = least[np.isfinite(least["least"])]
    if not least.empty and len(names) <= MAX_INDICATORS:
        parts = [least[least[INDICATOR] == name] for name in names]
        ranges = [_range(part, language, safe, named=len(names) > 1) for part in parts if not part.empty]
        notes.append(label("report_detectable", language, safe.labels).format(ranges="; ".join(ranges)))
    return notes


def _differences_of(safe: SafeTable, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the differences between the groups that rows are of."""
    known = safe_rows(safe)
    known = known[known[GROUP] == DIFFERENCE]
    places = {place_of(row) for row in rows.to_dict("records")}
    return known[np.array([place_of(row) in places for row in known.to_dict("records")], dtype=bool)]


def _range(tests: pd.DataFrame, language: Language, safe: SafeTable, *, named: bool) -> str:
    """Write the smallest and the largest of the differences that the cells of an indicator could find."""
    first = tests.to_dict("records")[0]
    measure = measures(tests.assign(estimate=tests["least"]))[measure_key(first)]
    low, high = (measure.text(value, language).lstrip("+") for value in (tests["least"].min(), tests["least"].max()))
    text = low if low == high else label("report_range", language, safe.labels).format(low=low, high=high)
    return f"{value_label(INDICATOR, str(first[INDICATOR]), language, safe.labels)} {text}" if named else text
