"""Numbers in sentences: each one is a cell of a SafeTable, written in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from string import Formatter
from typing import Literal, get_args

import pandas as pd

from si_eval.errors import DisclosureError, StudyError
from si_eval.results import SafeTable
from si_eval.vocabulary import ESTIMATE, Language, label

from .border import STATE, UNKNOWN, WITHHELD, require_safe, safe_rows
from .display import LANGUAGES, Display
from .formats import NO_BREAK, PERCENT_UNITS, number
from .specification import DIMENSIONS

CellFormat = Literal["integer", "decimal", "percent", "euro"]
MAX_CANDIDATES = 8
_SEAL = object()


@dataclass(frozen=True)
class Cell:
    """One number of a SafeTable as text in both languages. Made by `cell` alone."""

    text: Mapping[Language, str]
    synthetic: bool
    seal: object = None

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise DisclosureError("Cell: found a direct call; expected a cell of a SafeTable; call cell(safe, …)")


def cell(
    safe: SafeTable,
    *,
    format: CellFormat = "integer",
    indicator: str | None = None,
    statistic: str | None = None,
    group: str | None = None,
    year: int | str | None = None,
    size_class: str | None = None,
    sector: str | None = None,
    category: str | None = None,
) -> Cell:
    """Choose exactly one number of a table, for a sentence.

    ``percent`` writes a share of 0.29 as 29%; ``euro`` adds the sign. A withheld number reads "niet getoond" / "not
    shown". Raises StudyError, with the candidates, where the keys leave none or more than one.
    """
    if format not in get_args(CellFormat):
        raise StudyError(f"cell: found format {format!r}; expected one of {', '.join(get_args(CellFormat))}")
    given = dict(zip(DIMENSIONS, (indicator, statistic, group, year, size_class, sector, category), strict=True))
    keys = {name: str(value) for name, value in given.items() if value is not None}
    rows = safe_rows(require_safe(safe))
    found = rows
    for name, value in keys.items():
        found = found[found[name] == value]
    if len(found) != 1:
        raise StudyError(_candidates(found if len(found) else rows, keys, len(found)))
    row = found.iloc[0]
    return Cell({one: _written(row, format, one) for one in LANGUAGES}, safe.simulation is not None, _SEAL)


def say(template_nl: str, template_en: str, **cells: Cell) -> Display:
    """Say a sentence whose numbers are cells: ``say("In {y} …", "In {y} …", y=cell(…))``. Text is Markdown.

    Keyword arguments name the places in the template, so this function, unlike the others, takes any. Raises
    StudyError where a place has no cell or a cell has no place, DisclosureError where an argument is not a cell.
    """
    wrong = [name for name, value in cells.items() if not isinstance(value, Cell)]
    if wrong:
        raise DisclosureError(f"say: found {', '.join(wrong)} that is no cell; expected cell(safe, …) for every number")
    text = {
        one: _filled(template, cells, one) for one, template in zip(LANGUAGES, (template_nl, template_en), strict=True)
    }
    synthetic = any(value.synthetic for value in cells.values())
    html = {one: escape(words) for one, words in text.items()}
    tag = f" <small>({label('report_synthetic_word', 'nl')})</small>" if synthetic else ""
    payload = {"kind": "text", "exhibit": "", "text": text, "html": html, "synthetic": synthetic}
    return Display(f"<p>{html['nl']}{tag}</p>", payload)


def _written(row: pd.Series, format: CellFormat, language: Language) -> str:
    if row[STATE] == WITHHELD:
        return label("report_not_shown", language)
    if row[STATE] == UNKNOWN:
        return label("report_not_computable", language)
    value = float(row[ESTIMATE])
    if format == "percent":
        return number(value if row["unit"] in PERCENT_UNITS else value * 100, language, decimals=1) + "%"
    if format == "euro":
        return f"€{NO_BREAK if language == 'nl' else ''}{number(value, language)}"
    return number(value, language, decimals=1 if format == "decimal" else 0)


def _candidates(rows: pd.DataFrame, keys: dict[str, str], count: int) -> str:
    """List keys of rows, never a number."""
    varying = [name for name in DIMENSIONS if rows[name].nunique() > 1]
    lines = [
        ", ".join(f"{name}={row[name]!r}" for name in varying) for row in rows.head(MAX_CANDIDATES).to_dict("records")
    ]
    more = f" and {len(rows) - MAX_CANDIDATES} more" if len(rows) > MAX_CANDIDATES else ""
    asked = ", ".join(f"{name}={value!r}" for name, value in keys.items()) or "no keys"
    return f"cell: found {count} numbers for {asked}; expected exactly one; candidates: {'; '.join(lines)}{more}"


def _filled(template: str, cells: Mapping[str, Cell], language: Language) -> str:
    fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template) if name is not None]
    names = {name for name, _, _ in fields}
    plain = all(name.isidentifier() and not spec and not conversion for name, spec, conversion in fields)
    if not plain or names != set(cells):
        raise StudyError(
            f"say: found places {', '.join(sorted(names)) or 'none'} in the {language} sentence and cells "
            f"{', '.join(sorted(cells)) or 'none'}; expected the same names, each as {{name}}"
        )
    return template.format(**{name: value.text[language] for name, value in cells.items()})
