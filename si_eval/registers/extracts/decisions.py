"""Decides from the counts of a whole column how its values are read: decimal mark, lost zeros, identifiers or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from si_eval.registers.schema import Column
from si_eval.text_input import decide_marks
from si_eval.text_input import expressions as rule

Counts = Mapping[str, int]
FEW, MOST = 0.1, 0.5  # shares


@dataclass(frozen=True)
class Fault:
    """Values of a column that are refused: how many, by which marks of the rows, and what to do."""

    found: str
    expected: str
    action: str
    count: int
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """How a column is read: the name of a reading (none: as it is), faults, and remarks with their counts."""

    reading: str = ""
    faults: tuple[Fault, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


def decide(column: Column, counts: Counts, raw_name: str) -> Decision:
    """Return the decision about one column from the counts of its marks; ``raw_name`` is its name in the file."""
    if "either_point" in counts:
        return _decide_numbers(column, counts)
    if "letters" in counts:
        return _decide_identifiers(column, counts, raw_name)
    if "lacking" in counts:
        return _decide_levels(column, counts)
    if counts.get("late") and counts["late"] == counts["present"]:
        found = f"{counts['late']} moments that are all at 22:00 or 23:00: midnights of another time zone"
        fault = Fault(found, "local days", "write days without a time", counts["late"], ("late",))
        return Decision(faults=(fault,))
    return Decision()


def _decide_numbers(column: Column, counts: Counts) -> Decision:
    """Choose the decimal mark."""
    marks = rule.mark_counts(counts)
    decision = decide_marks(marks)
    if decision.found:
        mixed = bool(marks.point and marks.comma)
        shown = ("point", "comma") if mixed else ("either_point", "either_comma")
        fault = Fault(decision.found, decision.expected, decision.action, decision.count, shown)
        return Decision(decision.decimal, (fault,))
    grouped = marks.either_comma if decision.decimal == "point" else marks.either_point
    if grouped:
        note = f"numbers of {column.name} with a mark between thousands: the {decision.decimal} is decimal there"
        return Decision(decision.decimal, notes={note: grouped})
    return Decision(decision.decimal)


def _decide_identifiers(column: Column, counts: Counts, raw_name: str) -> Decision:
    """Tell numbers, which may have lost their zeros, from pseudonyms, which are taken as they are."""
    numbers = counts["full"] + counts["short"]
    if counts["letters"] > numbers + counts["long"]:
        return Decision()
    faults = []
    if counts["letters"]:
        found = f"{counts['letters']} values of {column.name} with letters or signs among {numbers} numbers"
        action = "correct them: they may be numbers that a spreadsheet rewrote"
        faults.append(Fault(found, "numbers only, or pseudonyms only", action, counts["letters"], ("letters",)))
    if counts["long"] and (numbers or "crypt" not in raw_name.casefold()):
        found = f"{counts['long']} values of {column.name} with more than {column.pad} digits"
        action = "correct them, or name another column under `columns`"
        faults.append(Fault(found, f"at most {column.pad} digits", action, counts["long"], ("long",)))
    if not column.pad or not counts["short"]:
        return Decision(faults=tuple(faults))
    note = f"values of {column.name} had lost their zeros: zero-padded to {column.pad} digits"
    return Decision("padded", tuple(faults), {note: counts["short"]})


def _decide_levels(column: Column, counts: Counts) -> Decision:
    """Tell activity codes that lost their zero from codes of a higher level.

    Zeros were lost where no code has one, some are a digit short, and nearly all of these make agriculture with a zero.
    """
    whole, level, lacking, name = counts["whole"], counts["level"], counts["lacking"], column.name
    short, digits = column.pad - 1, column.pad
    faults: tuple[Fault, ...] = ()
    if counts["beyond"]:
        found = f"{counts['beyond']} values of {name} that are no code of at most {digits} digits"
        faults = (Fault(found, f"at most {digits} digits", "correct them", counts["beyond"], ("beyond",)),)
    if not whole or level or counts["whole_zero"] or not lacking or counts["rare"] >= MOST * lacking:
        if not level + lacking:
            return Decision("", faults)
        note = f"values of {name} with {short} digits instead of {digits}: read as codes of a higher level"
        return Decision("", faults, {note: level + lacking})
    if counts["rare"] <= FEW * lacking:
        note = f"values of {name} had lost their zeros: zero-padded to {digits} digits"
        return Decision("padded", faults, {note: lacking})
    found = (
        f"{lacking} codes of {short} digits beside {whole} of {digits}: 1110 is 01110 without its zero, or class 11.10"
    )
    action = f"write every code with {digits} digits"
    return Decision(faults=(*faults, Fault(found, "codes of one length", action, lacking, ("lacking",))))
