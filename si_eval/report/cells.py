"""Numbers in sentences: each one is a cell of a SafeTable, written in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from string import Formatter
from typing import Any, Literal, get_args

import pandas as pd

from si_eval.arguments import Arguments
from si_eval.errors import DisclosureError, StudyError
from si_eval.frozen import encode, freeze
from si_eval.registry import EURO, currency_of
from si_eval.report.border import STATE, UNKNOWN, WITHHELD, require_safe, safe_rows
from si_eval.report.display import LANGUAGES, Display, check_language, seal_payload
from si_eval.report.formats import PERCENT_UNITS, money_text, number
from si_eval.report.specification import DIMENSIONS
from si_eval.results import SafeTable
from si_eval.results.sealing import is_signed, sign
from si_eval.vocabulary import ESTIMATE, Language, label

CellFormat = Literal["integer", "decimal", "percent", "money", "euro"]
MAX_CANDIDATES = 8
YEARS = re.compile(r"(?<![\w€$£%.,])(?:19|20)\d\d(?![\w%€]|[.,]\d|\s*[%€])", re.ASCII)


@dataclass(frozen=True)
class Cell:
    """One number of a SafeTable as text in both languages. Made by `cell` alone; ``seal`` is that of its content."""

    text: Mapping[Language, str]
    synthetic: bool
    language: Language = "en"
    seal: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", freeze(self.text))
        if not self.is_sealed():
            raise DisclosureError("Cell: found a direct call; expected a cell of a SafeTable; call cell(safe, …)")

    def is_sealed(self) -> bool:
        """Whether the cell is what was sealed."""
        return is_signed(self.seal, _content(self.text, self.synthetic, self.language))


def _content(text: Mapping[Language, str], synthetic: bool, language: Language) -> list[bytes]:
    return [encode([text, synthetic, language]).encode()]


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

    Give the keys that single it out; they are those of the tidy rows. A withheld number reads "niet getoond" / "not
    shown".

    Parameters
    ----------
    safe : SafeTable
        The table, from `protect`.
    format : {"integer", "decimal", "percent", "money", "euro"}, default "integer"
        How to write it: ``percent`` writes a share of 0.29 as 29.0%; ``money`` adds the sign of the currency
        that the number is in, ``euro`` that of the euro to a number in no other currency.
    indicator, statistic, group, size_class, sector, category : str, optional
        The keys of the row; one that is left out is not looked at.
    year : int or str, optional
        The year of the row.

    Returns
    -------
    Cell
        The number as text in both languages, for `say`.

    Raises
    ------
    StudyError
        Where the keys leave no number or more than one, with the candidates; for an unknown format.
    DisclosureError
        For anything but a SafeTable as it was sealed.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> (safe,) = se.protect([se.compare_groups(panel, indicator="revenue", years=[2015])])
    >>> mean = se.cell(safe, group="participant", statistic="mean", format="euro")
    >>> mean.text["en"][0]
    '€'
    """
    arguments = Arguments("cell")
    arguments.option("format", format, get_args(CellFormat))
    arguments.refuse_problems()
    given = dict(zip(DIMENSIONS, (indicator, statistic, group, year, size_class, sector, category), strict=True))
    keys = {name: str(value) for name, value in given.items() if value is not None}
    rows = safe_rows(require_safe(safe))
    found = rows
    for name, value in keys.items():
        found = found[found[name] == value]
    if len(found) != 1:
        raise StudyError(_candidates(found if len(found) else rows, keys, len(found)))
    row = found.iloc[0]
    text: dict[Language, str] = {one: written_number(row, format, one) for one in LANGUAGES}
    synthetic = safe.simulation is not None
    return Cell(text, synthetic, safe.language, sign(_content(text, synthetic, safe.language)))


def say(template_nl: str, template_en: str, *, language: Language | None = None, **cells: Cell) -> Display:
    """Write a sentence whose numbers are cells of SafeTables.

    Use it for every number in the text of a report: the document takes the sentence in both languages, and a number
    that was withheld says so. The text is Markdown.

    Parameters
    ----------
    template_nl, template_en : str
        The sentence in Dutch and in English, with ``{name}`` for each number. Digits are refused, years from 1900 to
        2099 aside: a number that is typed cannot be protected.
    language : {"nl", "en"}, optional
        The language to read in the notebook; that of the cells unless given.
    **cells : Cell
        A cell for each name, made by `cell`. (This function, unlike the others, takes any name.)

    Returns
    -------
    Display
        The sentence, and its sealed payload for the document.

    Raises
    ------
    StudyError
        Where a place has no cell, a cell has no place, or a template holds a digit.
    DisclosureError
        Where an argument is not a cell, or not as `cell` made it.

    Examples
    --------
    >>> import si_eval as se
    >>> panel = se.panel_from_frame(
    ...     se.simulate_firms(seed=1).frame, unit="firm", year="year", participant="participant", revenue="revenue"
    ... )
    >>> (safe,) = se.protect([se.compare_groups(panel, indicator="revenue", years=[2015])])
    >>> mean = se.cell(safe, group="participant", statistic="mean", format="decimal")
    >>> se.say("In 2015 was het {mean}.", "In 2015 it was {mean}.", mean=mean).payload["text"]["en"][:14]
    'In 2015 it was'
    """
    wrong = [name for name, value in cells.items() if type(value) is not Cell or not value.is_sealed()]
    if wrong:
        raise DisclosureError(f"say: found {', '.join(wrong)} that is no cell; expected cell(safe, …) for every number")
    check_language("say", language)
    arguments = Arguments("say")
    for name, template in (("template_nl", template_nl), ("template_en", template_en)):
        arguments.text(name, template, "write the sentence")
    arguments.refuse_problems()
    text = {
        one: _filled(template, cells, one) for one, template in zip(LANGUAGES, (template_nl, template_en), strict=True)
    }
    synthetic = any(value.synthetic for value in cells.values())
    languages = [value.language for value in cells.values()]
    shown: Language = language if language is not None else languages[0] if languages else "en"
    html = {one: escape(words) for one, words in text.items()}
    tag = f" <small>({label('report_synthetic_word', shown)})</small>" if synthetic else ""
    payload = {"kind": "text", "exhibit": "", "text": text, "html": html, "synthetic": synthetic}
    return Display(f"<p>{html[shown]}{tag}</p>", seal_payload(payload), shown)


def find_digits(text: str) -> str:
    """Return the digits of any script in a text, years from 1900 to 2099 aside: a sentence has none of its own."""
    plain = unescape(unescape(text))
    return "".join(sign for sign in YEARS.sub("", plain) if sign.isnumeric())


def _refuse_digits(text: str, language: Language) -> None:
    """Raise StudyError where a text of a template holds a digit of any script, years aside."""
    typed = find_digits(text)
    if typed:
        raise StudyError(
            f"say: found the digits {typed} in the {language} sentence; expected numbers as {{name}} with "
            "name=cell(safe, …), and years from 1900 to 2099; replace them"
        )


def _refuse_currency(row: Mapping[str, Any] | pd.Series, format: CellFormat) -> None:
    """Raise StudyError where a number would be written with a sign that is not that of its unit."""
    currency = currency_of(row["unit"])
    if (format == "euro" and currency not in ("", EURO)) or (format == "money" and not currency):
        other = "money" if currency else "decimal"
        raise StudyError(
            f"cell: found a number in {row['unit'] or 'no unit'} to write as {format}; expected an amount of "
            f'{"euro" if format == "euro" else "money"}; write format="{other}"'
        )


def written_number(row: Mapping[str, Any] | pd.Series, format: CellFormat, language: Language) -> str:
    """Write the estimate of a row, or that it is withheld or could not be computed."""
    _refuse_currency(row, format)
    if row[STATE] == WITHHELD:
        return label("report_not_shown", language)
    if row[STATE] == UNKNOWN:
        return label("report_not_computable", language)
    value = float(row[ESTIMATE])
    if format == "percent":
        return number(value if row["unit"] in PERCENT_UNITS else value * 100, language, decimals=1) + "%"
    if format == "euro":
        return money_text(value, EURO, language)
    if format == "money":
        return money_text(value, currency_of(row["unit"]), language)
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
    parts = list(Formatter().parse(template))
    _refuse_digits("\n".join(text for text, *_ in parts), language)
    fields = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    names = {name for name, _, _ in fields}
    plain = all(name.isidentifier() and not spec and not conversion for name, spec, conversion in fields)
    if not plain or names != set(cells):
        raise StudyError(
            f"say: found places {', '.join(sorted(names)) or 'none'} in the {language} sentence and cells "
            f"{', '.join(sorted(cells)) or 'none'}; expected the same names, each as {{name}}"
        )
    return template.format(**{name: value.text[language] for name, value in cells.items()})
