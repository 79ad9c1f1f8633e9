"""Numbers of one line that follow from each other: quarters, targets, ratios, scores, overlapping sets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from si_eval.consistency.cells import Cell, CellTable
from si_eval.consistency.facts import layouts
from si_eval.consistency.figure import Finding
from si_eval.consistency.lines import (
    Entry,
    add_intervals,
    cell_finding,
    find_role,
    has_words,
    is_ratio,
    lines_along,
    overlaps,
)
from si_eval.consistency.periods import QUARTER, YEAR, Period, read_period
from si_eval.consistency.printed_number import Interval

FACTORS = (1.0, 1e3, 1e-3, 1e6, 1e-6)
MIN_STEM = 4
NEAR = 0.02  # what a yearly mean over days or months may differ from that of its quarters


def all_lines(table: CellTable) -> Iterator[list[Entry]]:
    """List the lines along every dimension that says what a number is of."""
    for dimension in table.dimensions:
        if dimension not in table.places:
            yield from lines_along(table, dimension)


def parts_of_years(table: CellTable) -> Iterator[Finding]:
    """Add up quarters, halves or months and compare with their year; a year may be their mean, or the state of one."""
    for line in all_lines(table):
        periods = _periods(line)
        for year in {period.year for period, _ in periods}:
            of_year = [(p, c) for p, c in periods if p.year == year or (p.year is None and p.parts == YEAR)]
            wholes = [c for p, c in of_year if p.parts == YEAR]
            for count in {p.parts for p, _ in of_year} - {YEAR}:
                parts = {p.part: c for p, c in of_year if p.parts == count}
                if len(parts) != count or len(wholes) != 1 or is_ratio(wholes[0].words):
                    continue
                whole, cells = wholes[0], list(parts.values())
                reach = add_intervals(cells)
                mean = Interval(reach.low / count * (1 - NEAR), reach.high / count * (1 + NEAR))
                if not any(overlaps(way, whole.interval) for way in (reach, mean, *(c.interval for c in cells))):
                    total = f"{sum(c.value for c in cells) / whole.scale:.10g}"
                    yield cell_finding("parts_of_year", whole, cells, total, f"its {count} parts add up to {total}")


def _periods(line: Sequence[Entry]) -> list[tuple[Period, Cell]]:
    """Read the labels of a line as periods; the one label beside all parts of one year is that year."""
    labels = [label.strip() for label, _ in line]
    plain = len(labels) == QUARTER + 1 and {"1", "2", "3", "4"} < set(labels)
    read = [(read_period(f"Q{label}" if plain else label), cell) for label, cell in line]
    known = [(period, cell) for period, cell in read if period]
    parts = {(p.year, p.parts) for p, _ in known if p.parts != YEAR}
    if len(known) == len(read) - 1 and len(parts) == 1 and len(known) == next(iter(parts))[1]:
        known += [(Period(next(iter(parts))[0], YEAR, 1), cell) for period, cell in read if period is None]
    return known


def attainment_against_target(table: CellTable) -> Iterator[Finding]:
    """Compare the attainment of a target with the target and what was reached."""
    for line in all_lines(table):
        by_subject: dict[str, dict[str, list[Cell]]] = {}
        for label, cell in line:
            role, subject = _target_role(label)
            if role:
                by_subject.setdefault(subject, {}).setdefault(role, []).append(cell)
        for roles in by_subject.values():
            if {role: len(cells) for role, cells in roles.items()} != {"target": 1, "actual": 1, "attainment": 1}:
                continue
            target, actual, told = roles["target"][0], roles["actual"][0], roles["attainment"][0]
            reach = actual.interval.divided(target.interval)
            ways = [told.interval.scaled(factor) for factor in (1.0, 100.0 if told.unit == "%" else 0.01)]
            if not any(overlaps(reach, way) for way in ways):
                ratio = actual.value / target.value if target.value else math.nan
                shown = f"{ratio:.4g}" if told.unit != "%" and abs(told.value) < 3 else f"{100 * ratio:.4g}%"
                why = f"{actual.format()} of {target.format()} is {shown}"
                yield cell_finding("attainment_against_target", told, (actual, target), shown, why)


def _target_role(label: str) -> tuple[str, str]:
    """Read whether a label is a target, what was reached or the attainment, and in the words that are left: of what."""
    rate = "%" in label or has_words("rate", label)
    named = [role for role in ("target", "actual") if has_words(role, label)]
    role = "attainment" if has_words("attainment", label) or (rate and named) else named[0] if len(named) == 1 else ""
    words = layouts()["any_table"]
    text = re.sub(r"\(.*?\)", "", re.sub(r"[_\s]+", " ", label)).casefold()
    for drop in ("attainment", "target", "actual", "rate"):
        text = re.sub(rf"(?<![^\W_])(?:{words[drop]})(?![^\W_])", " ", text)
    return role, " ".join(word for word in re.findall(r"[^\W\d]{3,}", text) if word not in ("the", "van", "het"))


def ratios_against_sums(table: CellTable) -> Iterator[Finding]:
    """Compare `turnover per firm` with turnover and firms of its line, where most lines are such ratios of sums."""
    checks: dict[str, list[tuple[bool, Finding]]] = {}
    for line in all_lines(table):
        for label, ratio in line:
            match = find_role("per", label)
            if match is None:
                continue
            tops = [c for other, c in line if other != label and _same_words(other, match["top"])]
            bases = [c for other, c in line if other != label and _same_words(other, match["base"])]
            if len(tops) != 1 or len(bases) != 1 or tops == bases:
                continue
            reach = tops[0].interval.divided(bases[0].interval)
            told = bool(tops[0].unit) and tops[0].scale != 1.0 and ratio.scale != 1.0
            factors = (1.0,) if told or not ratio.value else FACTORS
            fits = any(overlaps(reach, ratio.interval.scaled(f)) for f in factors)
            exact = tops[0].value / (bases[0].value or math.nan)
            value = min((exact / f / ratio.scale for f in factors), key=lambda v: abs(v * ratio.scale - ratio.value))
            why = f"{tops[0].format()} by {bases[0].format()} is {value:.6g}"
            finding = cell_finding("ratio_against_sums", ratio, (tops[0], bases[0]), f"{value:.6g}", why)
            checks.setdefault(label, []).append((fits, finding))
    for found in checks.values():
        if 2 * sum(fits for fits, _ in found) >= len(found):
            yield from (finding for fits, finding in found if not fits)


def _same_words(label: str, words: str) -> bool:
    """Whether a label is the thing that words name, in singular or plural, as a number or an amount of it."""
    if find_role("per", label):
        return False
    text = re.sub(r"[(\[].*?[)\]]|,.*", "", label.replace("_", " ")).casefold()
    text = re.sub(rf"^(?:{layouts()['any_table']['number_of']})\s+|^(?:total|totale|sum of)\s+", "", text.strip())
    mine, other = re.findall(r"[^\W\d]+", text), re.findall(r"[^\W\d]+", words.casefold())
    return len(mine) == len(other) > 0 and all(_same_stem(a, b) for a, b in zip(mine, other, strict=True))


def _same_stem(first: str, second: str) -> bool:
    """Whether two words are one but for their ending: firm and firms, bedrijf and bedrijven."""
    short, long = sorted((first, second), key=len)
    common = next((k for k, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return common == len(short) or (common >= MIN_STEM and len(short) - common <= 1) if common >= 3 else first == second


def scores_of_items(table: CellTable) -> Iterator[Finding]:
    """Find mean scores that no whole numbers give: n respondents on k items have n times k answers (GRIM)."""
    for line in all_lines(table):
        found: dict[str, list[Cell]] = {"items": [], "base_n": [], "mean_score": []}
        for label, cell in line:
            role = next((role for role in ("items", "base_n", "mean_score") if has_words(role, label)), "")
            found.setdefault(role, []).append(cell)
        others = [cell for cell in found.pop("", []) if cell.value == int(cell.value) and cell.value > 0]
        found["base_n"] = found["base_n"] or (others if len(others) == 1 else [])
        if any(len(cells) != 1 for cells in found.values()):
            continue
        mean, n, k = found["mean_score"][0], found["base_n"][0], found["items"][0]
        answers = n.value * k.value
        if answers <= 0 or answers != int(answers) or mean.unit == "%":
            continue
        low, high = mean.interval.low * answers, mean.interval.high * answers
        if high - low < 1 and math.floor(high + 1e-6) < math.ceil(low - 1e-6):
            expected = f"a mean that {answers:g} whole answers give"
            yield cell_finding("grim", mean, (n, k), expected, f"no {answers:g} whole answers have this mean")


def overlapping_sets(table: CellTable) -> Iterator[Finding]:
    """Check two sets, their overlap and their union: each follows from the others, within what rounding leaves."""
    for line in all_lines(table):
        sets = _read_sets(line)
        zero = {name: cell.interval for name, cell in sets.items()}
        for suspect, plus, minus in (
            ("either", ("a", "b"), ("both",)),
            ("either", ("only_a", "only_b", "both"), ()),
            ("a", ("only_a", "both"), ()),
            ("b", ("only_b", "both"), ()),
        ):
            if not {suspect, *plus, *minus} <= set(sets):
                continue
            reach = Interval(0.0, 0.0)
            for name in plus:
                reach = reach + zero[name]
            for name in minus:
                reach = reach - zero[name]
            if not overlaps(reach, zero[suspect]):
                value = sum(sets[n].value for n in plus) - sum(sets[n].value for n in minus)
                others = [sets[n] for n in (*plus, *minus)]
                why = f"its parts, what overlaps counted once, give {value:g}"
                yield cell_finding("overlapping_sets", sets[suspect], others, f"{value:g}", why)
        for whole in ("a", "b"):
            if {"both", whole} <= set(sets) and sets["both"].interval.low > sets[whole].interval.high:
                why = f"an overlap is no larger than {sets[whole].format()}"
                at_most = f"at most {sets[whole].format()}"
                yield cell_finding("overlapping_sets", sets["both"], (sets[whole],), at_most, why)


def _read_sets(line: Sequence[Entry]) -> dict[str, Cell]:
    """Read two sets a and b, what is only in one, their overlap and their union from the labels of a line.

    A label that names both sets is their union where it says `or`, else their overlap; the one label beside both sets
    and their overlap that is left is their union.
    """
    labels = {label.casefold().strip(): cell for label, cell in line}
    numbered = any(re.search(r"\d", label) for label in labels)
    if numbered or len(labels) != len(line) or len({cell.unit for cell in labels.values()}) > 1:
        return {}
    only = {(match["one"] or match["other"]): c for label, c in labels.items() if (match := find_role("only", label))}
    union = re.compile(r"\b(?:or|of)\b")
    either = [label for label in labels if find_role("either", label) or find_role("whole", label)]
    both = [label for label in labels if has_words("both", label) and label not in either and not union.search(label)]
    rest = [label for label in labels if label not in (*both, *either) and not find_role("only", label)]
    names = list(dict.fromkeys([*only, *rest]))
    pairs = [(a, b) for a in names for b in names if a != b and not (a in b or b in a)]
    joined = [label for label in labels if any(a in label and b in label and label not in (a, b) for a, b in pairs)]
    either += [label for label in joined if union.search(label) and label not in (*both, *either)]
    both += [label for label in joined if label not in (*both, *either)]
    names = [name for name in names if name not in (*joined, *both, *either)]
    if len(names) == 3 and len(both) == 1 and not either and sum(name in rest for name in names) == 3:
        either, names = [names[2]], names[:2]
    if len(names) != 2 or len(both) != 1 or len(either) > 1:
        return {}
    sets = {"both": labels[both[0]]} | ({"either": labels[either[0]]} if either else {})
    for key, name in zip(("a", "b"), names, strict=True):
        sets |= {key: labels[name]} if name in rest else {}
        sets |= {f"only_{key}": only[name]} if name in only else {}
    return sets
