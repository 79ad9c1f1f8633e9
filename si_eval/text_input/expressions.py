"""The rule on numbers in text as expressions of the engine, for register files; `numbers` has it for small tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis

from si_eval.text_input import patterns
from si_eval.text_input.marks import MarkCounts

if TYPE_CHECKING:
    import ibis.expr.types as ir

_PLAIN_TEXT = "^[-0-9A-Za-z.,:/_]*[0-9A-Za-z.,]$"  # nearly all texts: nothing to clean
_BLANKS = f"[ {patterns.SPACES}]+"
_LONGEST_WORD = max(map(len, patterns.MISSING_WORDS))
# What a cleaned text is, as a small integer; POINT and COMMA name the decimal mark of its only reading.
NEUTRAL, EITHER_POINT, EITHER_COMMA, WORD, INFINITE, PERCENT, CURRENCY, UNREADABLE = range(8)
POINT, POINT_LONG, POINT_GROUPS, COMMA, COMMA_LONG, COMMA_GROUPS = range(10, 16)
COUNTED = {
    "point": (POINT, POINT_LONG, POINT_GROUPS),
    "comma": (COMMA, COMMA_LONG, COMMA_GROUPS),
    "point_decimals": (POINT, POINT_LONG),
    "comma_decimals": (COMMA, COMMA_LONG),
    "long_point": (POINT_LONG,),
    "long_comma": (COMMA_LONG,),
    "either_point": (EITHER_POINT,),
    "either_comma": (EITHER_COMMA,),
}
SPACES = patterns.SPACES
REFUSED = (INFINITE, PERCENT, CURRENCY, UNREADABLE)
_WITH_POINT = (NEUTRAL, EITHER_POINT, EITHER_COMMA, *COUNTED["point"])
_WITH_COMMA = (NEUTRAL, EITHER_POINT, EITHER_COMMA, *COUNTED["comma"])


def cleaned_text(raw: ir.StringValue) -> ir.StringValue:
    """Return what `patterns.clean_text` returns, and nothing for an empty text."""
    text = raw
    for pattern, replacement in patterns.CLEANING:
        text = text.re_replace(pattern, replacement)
    return raw.re_search(_PLAIN_TEXT).ifelse(raw, text).nullif("")


def trimmed_text(raw: ir.StringValue) -> ir.StringValue:
    """Return a label without blanks of any kind around it and without ``="…"``; nothing for an empty one."""
    odd = raw.re_search(f"^[{patterns.SPACES} =]|[{patterns.SPACES} ]$")
    text = raw.re_replace(f"^{_BLANKS}|{_BLANKS}$", "").re_replace(r'^="(.*)"$', r"\1")
    return odd.ifelse(text, raw).nullif("")


def is_word_for_missing(text: ir.StringValue) -> ir.BooleanValue:
    """Mark the words for missing among cleaned texts."""
    return (text.length() <= _LONGEST_WORD) & text.lower().re_search(patterns.MISSING)


def kind_of_number(text: ir.StringValue) -> ir.IntegerValue:
    """Return what each cleaned text is: one of the kinds above, nothing where there is no text."""
    long_fraction = text.re_search(patterns.LONG_FRACTION)
    return ibis.cases(
        (text.isnull(), ibis.null("int8")),
        (text.re_search(patterns.NEUTRAL), NEUTRAL),
        (text.re_search(patterns.EITHER_POINT), EITHER_POINT),
        (text.re_search(patterns.POINT_DECIMAL), long_fraction.ifelse(POINT_LONG, POINT)),
        (text.re_search(patterns.EITHER_COMMA), EITHER_COMMA),
        (text.re_search(patterns.COMMA_DECIMAL), long_fraction.ifelse(COMMA_LONG, COMMA)),
        (text.re_search(patterns.COMMA_GROUPS), POINT_GROUPS),
        (text.re_search(patterns.POINT_GROUPS), COMMA_GROUPS),
        (is_word_for_missing(text), WORD),
        (text.lower().re_search(patterns.INFINITE), INFINITE),
        (text.re_search(patterns.PERCENT), PERCENT),
        (text.lower().re_search(patterns.CURRENCY), CURRENCY),
        else_=UNREADABLE,
    ).cast("int8")


def number_as(text: ir.StringValue, kind: ir.IntegerValue, decimal: str) -> ir.FloatingValue:
    """Return the numbers that cleaned texts are when ``decimal`` (`point` or `comma`) is the decimal mark."""
    bare = text.replace(" ", "").replace("'", "")
    if decimal == "point":
        value = ibis.coalesce(text.try_cast("float64"), bare.replace(",", "").try_cast("float64"))
        return kind.isin(_WITH_POINT).ifelse(value, ibis.null("float64"))
    value = bare.replace(".", "").replace(",", ".").try_cast("float64")
    return kind.isin(_WITH_COMMA).ifelse(value, ibis.null("float64"))


def mark_expressions(kind: ir.IntegerValue) -> dict[str, ir.BooleanValue]:
    """Mark what `MarkCounts` counts."""
    return {name: _is_any(kind, kinds) for name, kinds in COUNTED.items()}


def mark_counts(counts: Mapping[str, int]) -> MarkCounts:
    """Return the counts of those marks as `decide_marks` takes them."""
    return MarkCounts(**{name: counts.get(name, 0) for name in COUNTED})


def _is_any(kind: ir.IntegerValue, kinds: Sequence[int]) -> ir.BooleanValue:
    return kind.isin(kinds).fill_null(False)
