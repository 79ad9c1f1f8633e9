"""The text around the numbers: labels of values and rows, titles, marks, and the notes that every exhibit carries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from si_eval.registry import facts, indicators, sections
from si_eval.report.border import ASSUMED, NUMBER, PRICES, STATE, UNKNOWN, WITHHELD
from si_eval.report.formats import NO_BREAK, Measure, measure_key, measures, number, unit_text
from si_eval.report.grid import Row, TableGrid, lay_out
from si_eval.report.selection import ordered_values
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable
from si_eval.results.prices import price_labels
from si_eval.vocabulary import (
    ALL,
    BOTH_LANGUAGES,
    CATEGORY,
    CONF_HIGH,
    CONF_LOW,
    EFFECTS,
    ENGLISH,
    ESTIMATE,
    GRAPH_ARROW,
    INDICATOR,
    LANGUAGES,
    MERGED,
    N_EFFECTIVE,
    N_UNITS,
    NO_LABELS,
    NON_PARTICIPANTS,
    NOTE,
    OF_POPULATION,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STATUS,
    UNIT_OF_MEASURE,
    YEAR,
    Labels,
    Language,
    is_labelled,
    label,
)

WITHHELD_MARK, NOT_COMPUTABLE_MARK, ASSUMED_MARK = "*", ".", "°"
JOINTS = {GRAPH_ARROW: " → ", " · ": " · ", BOTH_LANGUAGES: " · "}  # between the terms of one category, and as shown


def value_label(dimension: str, value: str, language: Language, own: Labels = NO_LABELS) -> str:
    """Return the label of one value of a dimension: an indicator's name, a sector with its letter, a size class."""
    if value == ALL:
        return label("all_years" if dimension == YEAR else ALL, language, own)
    if dimension == SECTOR and value in sections():
        names = {**sections()[value], **own.get(value, {})}
        return f"{value}{NO_BREAK}{names.get(language, names[ENGLISH])}"
    if dimension == INDICATOR and value in indicators() and language not in own.get(value, {}):
        return str(getattr(indicators()[value], language, indicators()[value].en))
    if dimension in (INDICATOR, CATEGORY, STATISTIC):
        return _term_label(value, language, own)
    return label(value, language, own)


def value_labels(dimension: str, values: Sequence[str], language: Language, own: Labels = NO_LABELS) -> dict[str, str]:
    """Map several values of a dimension to their labels.

    What all indicators say before a colon is left to the title and the unit. A question beside the same one of the
    population stands for the respondents.
    """
    if dimension == INDICATOR and _against_population(values):
        names = {False: "report_respondents", True: "report_population"}
        return {value: label(names[value.endswith(OF_POPULATION)], language, own) for value in values}
    texts = {value: value_label(dimension, value, language, own) for value in values}
    if dimension == INDICATOR and _common_prefix(list(texts.values())):
        return {value: _capital(text.partition(": ")[2]) for value, text in texts.items()}
    return texts


def row_labels(
    layout: TableGrid, rows: pd.DataFrame, language: Language, own: Labels = NO_LABELS
) -> list[tuple[str, str]]:
    """List the heading (may be empty) and the label of every row of a table, in its order.

    Where most headings would stand over a single row, heading and label are joined on one line.
    """
    names = {name: value_labels(name, ordered_values(rows, name), language, own) for name in layout.row_dimensions}
    texts = [
        [names[name][value] for name, value in zip(layout.row_dimensions, key, strict=True)] for key in layout.row_keys
    ]
    labels = [(" · ".join(parts[:-1]), parts[-1]) for parts in texts]
    sizes = Counter(heading for heading, _ in labels)
    if len(layout.row_dimensions) == 1 or 2 * sum(size == 1 for size in sizes.values()) <= len(sizes):
        return labels
    return [("", " · ".join(parts)) for parts in _without_totals(layout, texts)]


def cell_text(row: Row, measure: Measure, language: Language, *, symbol: bool = True) -> str:
    """Write a row's number: ``*`` where it is withheld, ``.`` where it is not computable, ``°`` where it is assumed."""
    if row[STATE] == WITHHELD:
        return WITHHELD_MARK
    if row[STATE] == UNKNOWN:
        return NOT_COMPUTABLE_MARK
    return measure.text(row[ESTIMATE], language, symbol=symbol) + (ASSUMED_MARK if row[ASSUMED] else "")


def interval_text(row: Row, measure: Measure, language: Language) -> str:
    """Write the interval of a number in brackets; empty where the number is not shown or has none."""
    if row[STATE] != NUMBER or pd.isna(row[CONF_LOW]) or pd.isna(row[CONF_HIGH]):
        return ""
    low, high = (measure.text(row[name], language, symbol=False) for name in (CONF_LOW, CONF_HIGH))
    return NO_BREAK + label("report_interval", language).format(low=low, high=high).replace(" ", NO_BREAK)


def count_text(row: Row, language: Language) -> str:
    """Write the number of units behind a number, with ``n``; empty where there is no number or it is not known.

    Where units are weighted, the number of equal weight that says as much follows.
    """
    if row[STATE] != NUMBER or pd.isna(row[N_UNITS]):
        return ""
    text = f"n {number(float(row[N_UNITS]), language)}"
    if pd.isna(row[N_EFFECTIVE]):
        return text
    effective = number(float(row[N_EFFECTIVE]), language)
    return label("report_effective", language).format(n=text, effective=effective)


def axis_title(rows: pd.DataFrame, dimension: str, language: Language, own: Labels = NO_LABELS) -> str:
    """Return the label of a dimension; categories go by what a study calls them, or the one indicator that they divide.

    Effects need none.
    """
    names = rows[INDICATOR].unique()
    if dimension == CATEGORY and set(rows[STATISTIC]) <= EFFECTS:
        return ""
    if dimension == CATEGORY and len(names) == 1 and CATEGORY not in own:
        return value_label(INDICATOR, names[0], language, own)
    return label(dimension, language, own)


def title_of(safe: SafeTable, language: Language) -> str:
    """Return an exhibit's title; without one, its indicator, its id or its function."""
    if safe.titles.get(language):
        return str(safe.titles[language])
    names = [str(name) for name in safe.frame.get(INDICATOR, pd.Series(dtype=object)).unique()]
    if len(names) == 1 and names[0]:
        return value_label(INDICATOR, names[0], language, safe.labels)
    return safe.exhibit or safe.function


def fixed_labels(rows: pd.DataFrame, shown: tuple[str, ...], language: Language, own: Labels = NO_LABELS) -> list[str]:
    """List the labels of what is the same for every row and on no axis: the indicator, the sector, the year."""
    parts = []
    for dimension in DIMENSIONS:
        values = rows[dimension].unique()
        if dimension not in shown and len(values) == 1 and values[0] not in (ALL, ""):
            parts.append(value_label(dimension, values[0], language, own))
        elif dimension == INDICATOR and len(values) > 1:
            parts.append(_common_prefix([value_label(INDICATOR, value, language, own) for value in values]))
    return [part for part in parts if part]


def subtitle_of(
    rows: pd.DataFrame, language: Language, own: Labels = NO_LABELS, *, most_units: int | None = None
) -> str:
    """Write what is the same for every row of a table, and its units of measure where these are few enough."""
    layout = lay_out(rows) if not rows.empty else None
    shown = (*layout.row_dimensions, *layout.column_dimensions) if layout else ()
    kinds = measures(rows)
    units = [
        unit_text(kinds[measure_key(row)], row[UNIT_OF_MEASURE], language, statistic=row[STATISTIC], own=own)
        for row in rows.to_dict("records")
    ]
    distinct = list(dict.fromkeys(units))
    fixed = fixed_labels(
        rows, tuple(name for name in shown if name != INDICATOR or rows[INDICATOR].nunique() > 1), language, own
    )
    shown_units = distinct if most_units is None or len(distinct) <= most_units else []
    return " · ".join([*fixed, *shown_units, *price_texts(rows, language, own)])


def price_texts(rows: pd.DataFrame, language: Language, own: Labels = NO_LABELS) -> list[str]:
    """Say in which prices the money of rows is: current ones, or those of one year; nothing where none is money."""
    return price_labels(rows[PRICES], language, own)


def evidence_line(safe: SafeTable, language: Language) -> str:
    """Write in one line how far the numbers reach, under which rules, and what was left out."""
    rules = label("report_rules", language, safe.labels).format(rules=safe.rules)
    return " · ".join([label(safe.evidence, language, safe.labels), rules, _protection(safe, language)])


def mark_notes(rows: pd.DataFrame, language: Language, own: Labels, *, marked: bool = True) -> list[str]:
    """Explain the marks that occur in these rows: withheld, not computable, assumed, merged.

    Where assumed values are not ``marked`` one by one, as in figures, it is said how many there are.
    """
    notes = []
    if (rows[STATE] == WITHHELD).any():
        notes.append(label("report_withheld", language, own))
    unknown = rows.loc[rows[STATE] == UNKNOWN, NOTE]
    if len(unknown):
        known = own_labels(rows, language, own)
        texts = dict.fromkeys(label(reason, language, own) for reason in unknown)
        reasons = [text for text in texts if text and text not in known]
        notes.append(label("report_unknown", language, own) + (f": {'; '.join(reasons)}" if reasons else ""))
    if rows[ASSUMED].any():
        assumed, shown = int(rows[ASSUMED].sum()), int((rows[STATE] == NUMBER).sum())
        name = "report_assumed" if marked else f"report_assumed_{'all' if assumed == shown else 'some'}"
        counts = {"assumed": number(assumed, language), "shown": number(shown, language)}
        notes.append(label(name, language, own).format(**counts))
    merged = rows[(rows[STATUS] == MERGED) & rows[ESTIMATE].notna()]
    if len(merged):
        names = {
            value_label(name, value, language, own)
            for name in (SIZE_CLASS, CATEGORY)
            for value in merged[name]
            if value != ALL
        }
        notes.append(
            label("report_merged", language, own).format(classes=", ".join(sorted(names)) or label(ALL, language, own))
        )
    return notes


def other_notes(rows: pd.DataFrame, language: Language, own: Labels) -> dict[str, str]:
    """Map each remaining note on a number that is shown to its text for the reader.

    A note that only repeats what its row is called is left out.
    """
    notes = rows.loc[~rows[STATE].isin([WITHHELD, UNKNOWN]) & ~rows[ASSUMED], NOTE]
    texts = {note: label(note, language, own) for note in dict.fromkeys(notes) if note}
    known = own_labels(rows, language, own)
    return {note: text for note, text in texts.items() if text not in known}


def n_note(safe: SafeTable, language: Language) -> str:
    """Write what the number of units under a figure counts: business units, respondents, or what a source counted."""
    counted = "_source" if safe.public else "_respondents" if safe.rules == "survey" else ""
    text = label(f"report_n_note{counted}", language, safe.labels)
    weighted = N_EFFECTIVE in safe.frame and safe.frame[N_EFFECTIVE].notna().any()
    return f"{text} {label('report_effective_note', language, safe.labels)}" if weighted else text


def own_labels(rows: pd.DataFrame, language: Language, own: Labels) -> set[str]:
    """Collect the labels that the rows have already, by indicator and by category."""
    return {value_label(name, value, language, own) for name in (INDICATOR, CATEGORY) for value in rows[name].unique()}


def source_notes(safe: SafeTable, language: Language) -> list[str]:
    """List the notes under a table: synthetic or not, evidence, rules, coverage, what it cannot show."""
    notes = [label("report_synthetic_note", language, safe.labels)] if safe.simulation is not None else []
    notes.append(
        label("report_evidence", language, safe.labels).format(evidence=label(safe.evidence, language, safe.labels))
    )
    notes.append(
        label("report_rules_note", language, safe.labels).format(rules=safe.rules, disclosure=safe.disclosure_rules)
        + f" {_capital(_protection(safe, language))}."
    )
    if safe.coverage:
        notes.append(
            label("report_coverage", language, safe.labels).format(
                coverage=_coverage(safe.coverage, language, safe.labels)
            )
        )
    if safe.cannot_show:
        unable = label(safe.cannot_show, language, safe.labels)
        notes.append(label("report_cannot_show", language, safe.labels).format(cannot_show=unable))
    return notes


def _against_population(values: Sequence[str]) -> bool:
    """Whether the indicators are one question, of the respondents and of the population that they come from."""
    return len(values) == 2 and max(values, key=len) == min(values, key=len) + OF_POPULATION


def _term_label(value: str, language: Language, own: Labels = NO_LABELS) -> str:
    """Label an indicator, a category or a statistic; of a value made of several terms, each of them."""
    if is_labelled(value, own):
        return label(value, language, own)
    for joint, shown in JOINTS.items():
        parts = value.split(joint)
        if joint == BOTH_LANGUAGES and len(parts) == len(LANGUAGES) and not any(is_labelled(one, own) for one in parts):
            return label(value, language, own)  # one text in both languages, not two categories
        if len(parts) > 1:
            return shown.join(_term_label(part, language, own) for part in parts)
    return value.replace("_", " ")


def _coverage(text: str, language: Language, own: Labels) -> str:
    """Write the coverage in the reader's language; the border writes it in English."""
    words = ((NON_PARTICIPANTS, str.lower), (PARTICIPANTS, str.lower), ("nearly_all", str), ("nearly_none", str))
    for name, case in words:
        text = re.sub(rf"(?<![\w-]){re.escape(case(label(name, 'en')))}", case(label(name, language, own)), text)
    return label(text, language, own)


def _common_prefix(texts: list[str]) -> str:
    """Return what several labels all say before a colon, or nothing."""
    heads = {text.partition(": ")[0] for text in texts}
    return heads.pop() if len(texts) > 1 and len(heads) == 1 and all(": " in text for text in texts) else ""


def _protection(safe: SafeTable, language: Language) -> str:
    if safe.public:
        return label("report_public", language, safe.labels)
    preset = facts("disclosure").get(safe.disclosure_rules, {})
    if preset.get("min_units", 0) == 1:
        return label("report_as_printed", language, safe.labels)
    if "min_units" in preset:
        return label("report_min_units", language, safe.labels).format(n=preset["min_units"])
    return label("report_protected", language, safe.labels)


def _without_totals(layout: TableGrid, texts: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Yield what each row is called without the dimensions that it is not split by; its first part stays."""
    for key, parts in zip(layout.row_keys, texts, strict=True):
        yield [parts[0], *(text for value, text in zip(key[1:], parts[1:], strict=True) if value != ALL)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
