"""Read a table of published figures: any of the known layouts, or the checker's own columns."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

import pandas as pd

from si_eval.consistency.cells import cell_text, read_amount
from si_eval.consistency.facts import contains_word, is_word, layouts
from si_eval.consistency.figure import BASELINE, COUNT, GROWTH, MEAN, OTHER, SHARE, TARGET, TOTAL, WHOLE, Figure
from si_eval.consistency.printed_number import (
    ABOUT,
    EXACT,
    bare_number,
    count_decimals,
    find_hedge,
    money_step,
    printed_interval,
    read_hedge,
    read_number,
)
from si_eval.errors import InputError, Problem, StudyError
from si_eval.text_input import parse_numbers
from si_eval.text_input.small_tables import SmallTable, read_small_table

REQUIRED = ("indicator", "value")
MIN_ROUNDED_IN_TEXT = 1000
_UNIT_OF_COLUMN = {"share": "share", "percentage": "percent", "pct": "percent", "percent": "percent"}
_KNOWN_DIMENSIONS = ("group", "size_class", "sector", "region", "fieldlab", "hub", "recipient", "level", "question")


def read_figures(frame: pd.DataFrame, dimensions: Sequence[str] | None = None) -> list[Figure]:
    """Read every row as a figure; raises `InputError` with every problem where the frame cannot be read."""
    whole = read_small_table(frame, what="the frame to check")
    columns = find_columns(frame)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise InputError(
            [
                Problem(
                    "frame",
                    f"the columns {', '.join(map(str, frame.columns))}",
                    f"a column for {name}",
                    "add or rename it",
                )
                for name in missing
            ],
            "the frame to check",
        )
    strange = [name for name in dimensions or () if name not in frame]
    if strange:
        raise StudyError(f"dimensions: found {', '.join(strange)}; expected columns of the frame; correct the names")
    others = list(dimensions) if dimensions is not None else find_dimensions(frame, columns)
    texts = {name: [_text(value) for value in frame[column]] for name, column in columns.items()}
    split_by = {name: [_text(value).casefold() for value in frame[name]] for name in others}
    values = _numbers(frame[columns["value"]])
    problems = [*_infinities(whole, columns["value"]), *values.problems]
    if problems:
        raise InputError(problems, "the frame to check")
    rows = []
    for position in range(len(frame)):
        row = {name: column[position] for name, column in texts.items()}
        row.setdefault("id", str(frame.index[position]))
        row.setdefault("unit", _UNIT_OF_COLUMN.get(columns["value"], ""))
        if not row["unit"] and not pd.api.types.is_numeric_dtype(frame[columns["value"]]):
            row["unit"] = (
                re.sub(r"[\d.,]+", "", row.get("value", "")).strip() if read_amount(row.get("value", "")) else ""
            )
        extra = tuple((name, column[position]) for name, column in split_by.items())
        figure = _figure(row, values.values[position], extra)
        counted = columns.get("covered", "").removeprefix("n_")
        rows.append(replace(figure, n=figure.covered) if figure.n is None and figure.base_unit == counted else figure)
    return _unify_steps(_unify_kinds(rows))


def find_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Find, by the checker's own name, the column that holds it."""
    matched: dict[str, str] = {}
    for name, aliases in layouts()["columns"].items():
        column = next((alias for alias in aliases if alias in frame and alias not in matched.values()), None)
        if column is not None:
            matched[name] = column
    return matched


def find_dimensions(frame: pd.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """List the columns that tell quantities apart: neither known nor ignored, and with values that repeat."""
    splitting = ("indicator", "category")
    known = {alias for name, aliases in layouts()["columns"].items() if name not in splitting for alias in aliases}
    ignored = set(columns.values()) | set(layouts()["ignored"]["columns"]) | known - set(_KNOWN_DIMENSIONS)
    rest = [str(column) for column in frame.columns if column not in ignored]
    repeats = len(frame) * 0.7
    return [
        column
        for column in rest
        if column in _KNOWN_DIMENSIONS
        or (not pd.api.types.is_float_dtype(frame[column]) and 1 < frame[column].nunique() <= max(repeats, 2))
    ]


def _text(value: Any) -> str:
    """Convert a cell to text without blanks around."""
    return cell_text(value).strip()


class PrintedNumbers(NamedTuple):
    """The values of a column of printed numbers, None where there is none; and what can be read in two ways."""

    values: list[float | None]
    problems: tuple[Problem, ...] = ()


def _numbers(column: pd.Series) -> PrintedNumbers:
    """Read the values: the whole column decides on its marks; words around a number are set aside."""
    texts = [_text(value) for value in column]
    plain = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if plain or not any(texts):
        return PrintedNumbers([float(text) if text else None for text in texts])
    bare = pd.Series(["" if is_word("words", "missing", text) else bare_number(text) for text in texts], dtype="str")
    parsed = parse_numbers(bare)
    told = parsed.as_problems("the frame to check", str(column.name))
    marks = [problem for found, problem in zip(parsed.problems, told, strict=True) if found.kind == "marks"]
    return PrintedNumbers([None if pd.isna(value) else float(value) for value in parsed.values], tuple(marks))


def _infinities(table: SmallTable, column: str) -> list[Problem]:
    """List the values that are infinite, as a number or as a word."""
    found = parse_numbers(table.frame[column])
    problems = found.as_problems(table.where, column)
    return [problem for kind, problem in zip(found.problems, problems, strict=True) if kind.kind == "infinite"]


def _figure(row: Mapping[str, str], value: float | None, extra: tuple[tuple[str, str], ...]) -> Figure:
    """Make a figure of one row."""
    get = row.get
    indicator, unit, note = get("indicator", ""), get("unit", ""), get("note", "")
    base_unit, scale = _unit(unit, indicator)
    kind = _kind(get("kind", ""), indicator, base_unit, value)
    precision = get("precision", "")
    hedge = find_hedge(f"{note} {get('printed', '')}", value) if value is not None else EXACT
    hedge = hedge or read_hedge(precision) or _read_approximate(precision)
    if value is not None and is_word("words", "missing", precision) and not value:
        value = None
    printed = get("printed", "")
    step = _step(value, base_unit, scale, kind) if value is not None else 0.0
    count = read_number(get("count", "")) if get("count") else None
    source, table, place = get("source", ""), get("table", ""), get("place", "")
    in_text = contains_word("words", "text_place", place or table)
    rounded = not precision or ((value or 0.0) >= MIN_ROUNDED_IN_TEXT and (value or 0.0) % 100 == 0)
    if in_text and value is not None and not step and rounded:
        step = money_step(value)
    category = get("category", "")
    is_whole = (
        is_word("units", "yes", get("is_total", ""))
        or not category
        or is_word("words", "total", category)
        or category.casefold().startswith(("all ", "alle "))
    )
    meaning = f"{get('unique', '')} {get('definition', '')} {note}"
    definition = re.sub(r"\d+", "", get("definition", "")).casefold().strip()
    year = _period_text(get("year", ""), get("period", ""))
    period = _period(year, get("year_from", ""), get("year_to", ""), indicator)
    base_year = re.match(r"(?:19|20)\d\d$", get("year_from", ""))
    return Figure(
        id=row["id"],
        indicator=indicator,
        kind=kind,
        category=WHOLE if is_whole else category,
        category_type=get("category_type", "").casefold(),
        parent=get("parent", ""),
        period=period,
        year=year or "-".join(filter(None, (get("year_from", ""), get("year_to", "")))),
        value=None if value is None else value * scale,
        interval=printed_interval(value or 0.0, step, hedge).scaled(scale),
        step=step * scale,
        hedge=hedge,
        unit=unit,
        base_unit=base_unit,
        scale=scale,
        n=read_number(get("n", "")) if get("n") else None,
        count=count,
        covered=read_number(get("covered", "")) if get("covered") else None,
        source=source,
        table=table,
        in_text=in_text,
        definition=definition,
        concepts=_concepts(meaning, indicator),
        cumulative=contains_word("words", "cumulative", f"{indicator.replace('_', ' ')} {definition} {get('kind', '')}")
        or is_word("units", "yes", get("cumulative", "")),
        breaks=re.search(r"\bBREAK\b", note) is not None or contains_word("words", "break", note),
        of=get("of", ""),
        parts=read_number(get("parts", "")) or 1.0 if get("parts") else 1.0 + category.count("+"),
        multiple=contains_word("words", "multiple", f"{get('choice', '')} {note}"),
        single=contains_word("words", "single", get("choice", "")),
        weighted=contains_word("words", "weighted", f"{note} {definition}"),
        printed=printed,
        base_year=int(base_year.group()) if base_year else None,
        published=int(get("published", "0") or 0) or None,
        dimensions=tuple((name, "" if is_word("words", "total", text) else text) for name, text in extra),
        note=note,
    )


def _read_approximate(precision: str) -> str:
    """Read the hedge of an entry such as `approx`."""
    return ABOUT if precision.casefold().startswith(("approx", "hedged", "rounded", "about")) else EXACT


def _unit(unit: str, indicator: str) -> tuple[str, float]:
    """Read the base unit and the factor to it: `EUR million` is money and a million."""
    text = re.sub(r"\(.*?\)", "", unit).casefold().strip()
    if is_word("units", "percent", text) or text.startswith(("percent", "%")):
        return SHARE, 0.01
    if is_word("units", "share", text) or text.startswith("share"):
        return SHARE, 1.0
    per = text.partition(" per ")[2]
    words = text.partition(" per ")[0]
    factor = (
        1e9
        if contains_word("units", "billion", words)
        else 1e6
        if contains_word("units", "million", words)
        else 1e3
        if contains_word("units", "thousand", words)
        else 1.0
    )
    name = indicator.replace("_", " ")
    if contains_word("units", "money", words) or (not text and contains_word("units", "money_indicators", name)):
        return f"money per {per}" if per else "money", factor
    if contains_word("units", "score", words):
        return "score", 1.0
    first = words.split()[0] if words.split() else ""
    return (f"{first} per {per}" if per else first), factor


def _kind(word: str, indicator: str, base_unit: str, value: float | None) -> str:
    """Decide what kind of number it is, from the column `kind`, the name of the indicator, its unit and its value."""
    kinds: Mapping[str, Sequence[str]] = layouts()["kinds"]
    by_word = {entry: kind for kind, entries in kinds.items() for entry in entries}
    if word.casefold() in by_word:
        return by_word[word.casefold()]
    tokens = re.split(r"[\s_:.-]+", indicator.casefold())
    named = [kind for kind in (TARGET, BASELINE, GROWTH, MEAN, OTHER) if set(tokens) & set(kinds[kind])]
    return named[0] if named else _kind_of_unit(base_unit, tokens, value)


def _kind_of_unit(base_unit: str, tokens: Sequence[str], value: float | None) -> str:
    """Return the kind that a unit stands for where neither a column nor a name says it."""
    if base_unit == SHARE:
        return SHARE
    if " per " in base_unit or "per" in tokens[1:] or base_unit == "score":
        return MEAN
    if base_unit.startswith(("index", "rank", "ratio", "year", "jaar")):
        return OTHER
    whole = value is not None and float(value).is_integer()
    return COUNT if whole and base_unit != "money" and not is_word("units", "measured", base_unit) else TOTAL


def _step(value: float, base_unit: str, scale: float, kind: str) -> float:
    """Compute the last printed digit in printed units; 0 for a count that is printed in full."""
    step = float(10 ** -count_decimals(value))
    if base_unit == SHARE and scale == 1.0:
        return min(step, 0.01)
    if kind in (COUNT, GROWTH) and base_unit not in ("money", SHARE) and scale == 1.0 and step == 1.0:
        return 0.0
    if base_unit == "money" and scale == 1.0 and step == 1.0 and kind != MEAN:
        return money_step(value)
    return step


def _unify_kinds(rows: Sequence[Figure]) -> list[Figure]:
    """Take the whole numbers of an indicator that also has broken ones as rounded amounts, not as counts."""
    key = attrgetter("indicator", "base_unit")
    broken = {key(row) for row in rows if row.kind == TOTAL and row.known}
    whole = {key(row) for row in rows if row.kind == COUNT and row.known} - broken
    return [
        _as_amount(row)
        if row.kind == COUNT and key(row) in broken
        else replace(row, kind=COUNT)
        if not row.known and row.kind == TOTAL and key(row) in whole
        else row
        for row in rows
    ]


def _as_amount(row: Figure) -> Figure:
    """Turn a count into an amount that was rounded to a whole number."""
    value = (row.value or 0.0) / row.scale
    return replace(row, kind=TOTAL, step=row.scale, interval=printed_interval(value, 1.0, row.hedge).scaled(row.scale))


def _unify_steps(rows: Sequence[Figure]) -> list[Figure]:
    """Set the step of figures of one indicator in one table to the finest: a table prints one number of decimals."""
    finest: dict[Hashable, float] = {}
    for row in rows:
        if row.known and row.table and not row.in_text and row.kind not in (COUNT, GROWTH) and row.base_unit != "money":
            key = (row.indicator, row.kind, row.unit, row.location)
            finest[key] = min(row.step, finest.get(key, row.step))
    return [_with_step(row, finest.get((row.indicator, row.kind, row.unit, row.location), row.step)) for row in rows]


def _with_step(row: Figure, step: float) -> Figure:
    """Return a figure as if printed to a finer step."""
    if not row.known or step >= row.step:
        return row
    value = (row.value or 0.0) / row.scale
    return replace(row, step=step, interval=printed_interval(value, step / row.scale, row.hedge).scaled(row.scale))


def _concepts(meaning: str, indicator: str) -> frozenset[str]:
    """Read how it counts, unique or mentions; a text that names both counts as neither."""
    name = indicator.replace("_", " ")
    mentions = contains_word("words", "mentions", f"{name} {meaning}")
    unique = contains_word(
        "words", "unique", re.sub(r"(?i)non-unique|not unique|niet-uniek|niet uniek", "", f"{name} {meaning}")
    )
    return frozenset() if mentions == unique else frozenset({"mentions" if mentions else "unique"})


def _period_text(year: str, period: str) -> str:
    """Write the period as text, from the year and the column of the period."""
    if not period or period == year:
        return year
    return period if re.match(r"(?:19|20)\d\d", period) else f"{year} ({period})"


def _period(year: str, first: str, last: str, indicator: str) -> tuple[int, int] | None:
    """Read the first and last year of a period; growth "since" a year starts there."""
    plain = re.sub(r"\(.*?\)", "", year)
    years = [int(text) for text in re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", plain)]
    if not years:
        years = [int(text) for text in (first, last) if re.fullmatch(r"(?:19|20)\d\d", text)]
    since = re.search(r"since[_ ]((?:19|20)\d\d)", indicator)
    if since and years:
        years = [int(since.group(1)), *years]
    return (years[0], years[-1]) if years else None
