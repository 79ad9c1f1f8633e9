"""Reads identifiers, codes and labels: zeros that were lost come back, words for missing are no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from si_eval.registers.extracts.converted import Converted, TextColumn
from si_eval.registers.schema import Column
from si_eval.registry import facts
from si_eval.text_input import expressions as rule

if TYPE_CHECKING:
    import ibis.expr.types as ir

# what the text of an identifier is: digits of full width, fewer (zeros may be lost), more, a pseudonym, none of these
FULL, SHORT, LONG, LETTERED, WORD, UNREADABLE = range(6)
# what the text of an activity code is
WHOLE, WHOLE_ZERO, LACKING, LACKING_RARE, LEVEL, HIGHER, BEYOND, UNKNOWN = range(10, 18)
_CODES = (WHOLE, WHOLE_ZERO, LACKING, LACKING_RARE, LEVEL, HIGHER)
_ALPHANUMERIC = "^[0-9A-Za-z]+$"
_WRITTEN_AS_NUMBER = "^[0-9]+([.,][0-9]*[eE][-+]?|[eE][-+])[0-9]+$"
_PSEUDONYM = "^[0-9A-Za-z+/=_.:-]+$"
_UNKNOWN_SBI = ("-", "--")
# first digits of a code of four digits to which a zero in front gives a division that does not exist
_NO_DIVISION_WITH_ZERO = ("0", "4", "5", "7")
_RARE_WITH_ZERO = ("6", "8", "9")  # a zero in front makes mining of what is otherwise among the largest divisions


def identifier_text(raw: ir.StringValue) -> ir.StringValue:
    """Return identifiers as they are, others cleaned and without the fraction of a double: `363.0` was `363`."""
    odd = rule.cleaned_text(raw).re_replace(r"^([0-9]+)[.,]00?$", r"\1")
    return raw.re_search(_ALPHANUMERIC).ifelse(raw, odd).nullif("")


def kind_of_identifier(text: ir.StringValue, column: Column) -> ir.IntegerValue:
    """Return what the text of each identifier is."""
    length = text.length()
    digits = ibis.cases((length < column.pad, SHORT), (length > column.pad, LONG), else_=FULL) if column.pad else FULL
    exempt = tuple(code for code in facts("size_classes")["unknown"]["codes"] if code)
    known = [(text.isin(exempt), FULL)] if column.name == "size_code" else []
    return ibis.cases(
        (text.isnull(), ibis.null("int8")),
        (text.re_search("^[0-9]+$"), digits),
        *known,
        (rule.is_word_for_missing(text), WORD),
        (text.re_search(_WRITTEN_AS_NUMBER), UNREADABLE),
        (text.re_search(_PSEUDONYM), LETTERED),
        else_=UNREADABLE,
    ).cast("int8")


def kind_of_label(text: ir.StringValue) -> ir.IntegerValue:
    """Tell words for missing from all other texts."""
    return rule.is_word_for_missing(text).ifelse(WORD, FULL).cast("int8")


def identifier(raw: ir.StringValue, column: Column, text: TextColumn) -> Converted:
    """Read identifiers in text; the whole column decides whether they are numbers, which may have lost zeros."""
    kind = text.kind
    value = kind.isin((FULL, SHORT, LONG, LETTERED)).ifelse(text.text, ibis.null("string"))
    checks = {
        "unreadable": kind == UNREADABLE,
        "word": kind == WORD,
        "full": kind == FULL,
        "short": kind == SHORT,
        "long": kind == LONG,
        "letters": kind == LETTERED,
        "changed": raw.notnull() & (value.isnull() | (value != raw)),
    }
    padded = (kind == SHORT).ifelse(value.lpad(column.pad, "0"), value) if column.pad else value
    return Converted(value, checks, readings={"padded": padded})


def numeric_identifier(whole: Converted, column: Column) -> Converted:
    """Read codes that were stored as numbers."""
    digits = whole.value.cast("string")
    if column.code == "event":
        return Converted(_event(digits), whole.checks, cheap=False)
    if column.code == "sbi":
        kind = kind_of_activity(digits, column)
        checks = {**whole.checks, **_level_marks(kind)}
        return Converted(digits, checks, cheap=False, readings=_with_zero(digits, kind, column))
    if not column.pad:
        return Converted(digits, whole.checks, cheap=False)
    length = digits.length()
    negative = digits.startswith("-")
    checks = {
        **whole.checks,
        "full": length == column.pad,
        "short": (length < column.pad) & ~negative,
        "long": length > column.pad,
        "letters": negative & (length <= column.pad),
    }
    padded = (length < column.pad).ifelse(digits.lpad(column.pad, "0"), digits)
    return Converted(digits, checks, cheap=False, readings={"padded": padded})


def label(raw: ir.StringValue, column: Column, text: TextColumn) -> Converted:
    """Read texts; a word for missing is no label, except where the contract lists what a column may hold."""
    word = (text.kind == WORD).fill_null(False)
    value = text.text if column.options else word.ifelse(ibis.null("string"), text.text)
    if column.code == "event":
        value = _event(value)
    checks = {"changed": raw.notnull() & (value.isnull() | (value != raw))}
    return Converted(value, checks if column.options else {**checks, "word": word})


def activity_text(raw: ir.StringValue, column: Column) -> ir.StringValue:
    """Return SBI codes as digits: blanks in front were zeros, points are layout; what is no code is only cleaned."""
    plain = raw.re_search(rf"^[0-9]{{1,{column.pad}}}$")  # nearly all codes: nothing to repair
    text = raw.re_replace(f"[{rule.SPACES}]", " ").re_replace(r'^="(.*)"$', r"\1").rstrip()
    text = text.re_replace(r"^([0-9]{4,5})[.,]0+$", r"\1")  # of a double
    text = text.re_replace(r"^([0-9]\.[0-9])", r"0\1").replace(".", "")  # a division has two digits: 1.11 was 01.11
    code = text.re_search(rf"^ *[0-9]{{1,{column.pad}}}$")
    repaired = code.ifelse(text.replace(" ", "0").right(column.pad), rule.cleaned_text(raw))
    return plain.ifelse(raw, repaired).nullif("")


def kind_of_activity(text: ir.StringValue, column: Column) -> ir.IntegerValue:
    """Return what each text is: a whole code, one of four digits that may lack its zero, one of a higher level."""
    length, first = text.length(), text.left(1)
    return ibis.cases(
        (text.isnull(), ibis.null("int8")),
        (~text.re_search("^[0-9]+$"), text.isin(_UNKNOWN_SBI).ifelse(UNKNOWN, _word_or_unreadable(text))),
        (length > column.pad, BEYOND),
        (length == column.pad, (first == "0").ifelse(WHOLE_ZERO, WHOLE)),
        (length < column.pad - 1, HIGHER),
        (first.isin(_NO_DIVISION_WITH_ZERO), LEVEL),
        (first.isin(_RARE_WITH_ZERO), LACKING_RARE),
        else_=LACKING,
    ).cast("int8")


def _word_or_unreadable(text: ir.StringValue) -> ir.IntegerValue:
    return rule.is_word_for_missing(text).ifelse(WORD, UNREADABLE)


def activity_code(raw: ir.StringValue, column: Column, text: TextColumn) -> Converted:
    """Read SBI codes in text; the column decides whether zeros were lost."""
    value = text.kind.isin(_CODES).ifelse(text.text, ibis.null("string"))
    changed = raw.notnull() & (value.isnull() | (value != raw))
    checks = {"unreadable": text.kind == UNREADABLE, "word": text.kind == WORD, "changed": changed}
    return Converted(value, {**checks, **_level_marks(text.kind)}, readings=_with_zero(value, text.kind, column))


def _level_marks(kind: ir.IntegerValue) -> dict[str, ir.BooleanValue]:
    """Mark what tells whether a code of four digits lost its zero or is of a higher level."""
    return {
        "whole": kind.isin((WHOLE, WHOLE_ZERO)),
        "whole_zero": kind == WHOLE_ZERO,
        "lacking": kind.isin((LACKING, LACKING_RARE)),
        "rare": kind == LACKING_RARE,
        "level": kind == LEVEL,
        "beyond": kind == BEYOND,
    }


def _with_zero(value: ir.StringValue, kind: ir.IntegerValue, column: Column) -> dict[str, ir.Value]:
    return {"padded": kind.isin((LACKING, LACKING_RARE)).ifelse(value.lpad(column.pad, "0"), value)}


def _event(text: ir.StringValue) -> ir.StringValue:
    """Return the word of an event code; what is neither a code nor a known word stays as it is."""
    bare = text.lower().re_replace(r"^0*(\d+)([.,]0+)?$", r"\1")
    return ibis.map(facts("tables")["events"]).get(bare, text)
