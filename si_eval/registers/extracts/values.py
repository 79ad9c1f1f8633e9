"""Turns a raw column, however it was stored, into the contract's type, and marks the values that resist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from si_eval.registers.extracts.codes import (
    WORD,
    activity_code,
    activity_text,
    identifier,
    identifier_text,
    kind_of_activity,
    kind_of_identifier,
    kind_of_label,
    label,
    numeric_identifier,
)
from si_eval.registers.extracts.converted import Converted, TextColumn
from si_eval.registers.schema import Column
from si_eval.registry import facts
from si_eval.text_input import expressions as rule

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

# a whole number; `1.000` has two readings, so three zeros behind a mark need four digits before it
_INTEGER = r"^[-+]?([0-9]{1,18}([.,](0{1,2}|0{4,}))?|[0-9]{4,15}[.,]000)$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0+)?)?)?$"
_LATE_HOURS = (22, 23)


def text_of(raw: ir.StringValue, column: Column) -> ir.StringValue:
    """Return the texts of a column without what surrounds a value of its type; nothing for an empty text."""
    if column.type != "string":
        return rule.cleaned_text(raw)
    if column.code == "id":
        return identifier_text(raw)
    return activity_text(raw, column) if column.code == "sbi" else rule.trimmed_text(raw)


def kind_of_text(text: ir.StringValue, column: Column) -> ir.IntegerValue:
    """Return what each text is, as a small integer whose meaning depends on the column's type and code."""
    if column.type == "float64":
        return rule.kind_of_number(text)
    kinds = {"id": kind_of_identifier, "sbi": kind_of_activity}
    return kinds[column.code](text, column) if column.code in kinds else kind_of_label(text)


def convert(raw: ir.Value, column: Column, text: TextColumn | None = None) -> Converted:
    """Convert a raw column; ``text`` is what `text_of` and `kind_of_text` gave for a column of texts.

    ``refused`` names a storage type that cannot be this column, unless all its values are missing.
    """
    stored = raw.type()
    if stored.is_null() or stored.is_unknown():
        return Converted(ibis.null(column.type))
    if (stored.is_date() or stored.is_timestamp()) and (column.type == "date" or column.name == "year"):
        return _stored_date(raw, column) if column.type == "date" else _year_of_date(raw)
    if not (stored.is_string() or stored.is_numeric()) or stored.is_boolean():
        return Converted(ibis.null(column.type), {"stored": raw.notnull()}, refused=str(stored))
    return _of_number(raw, column) if text is None else _of_text(raw, column, text)


def _of_number(raw: ir.NumericValue, column: Column) -> Converted:
    if column.type == "float64":
        value = raw.cast("float64")
        return Converted(value, {"not_finite": _not_finite(raw)} if _fractional(raw.type()) else {})
    if column.type == "date":
        return _date(_integer(raw), column)
    return _integer(raw) if column.type == "int64" else numeric_identifier(_integer(raw), column)


def _of_text(raw: ir.StringValue, column: Column, text: TextColumn) -> Converted:
    if column.type == "float64":
        return _number(text)
    if column.type != "string":
        return _integer_of_text(text) if column.type == "int64" else _date_of_text(text, column)
    readers = {"id": identifier, "sbi": activity_code}
    return readers.get(column.code, label)(raw, column, text)


def _fractional(stored: dt.DataType) -> bool:
    return bool(stored.is_floating() or stored.is_decimal())


def _not_finite(raw: ir.Value) -> ir.BooleanValue:
    number = raw.cast("float64")
    return (number.isnan() | number.isinf()).fill_null(False)


def _integer(raw: ir.Value) -> Converted:
    """Read whole numbers; a number that its storage type cannot hold exactly may have been another one."""
    stored = raw.type()
    if _fractional(stored):
        number = raw.cast("float64")
        largest = facts("tables")["largest_exact_float32" if stored.is_float32() else "largest_exact_integer"]
        finite = ~_not_finite(raw)
        whole = finite & (number == number.round())
        exact = whole & (number.abs() < largest)
        value = exact.ifelse(number, ibis.null("float64")).cast("int64")
        marks = {
            "unreadable": raw.notnull() & ~whole.fill_null(False),
            "inexact": (whole & ~exact).fill_null(False),
        }
        return Converted(value, marks)
    value = raw.try_cast("int64") if stored.is_unsigned_integer() else raw.cast("int64")
    return Converted(value, {"unreadable": raw.notnull() & value.isnull()})


def _integer_of_text(text: TextColumn) -> Converted:
    digits = text.text.re_search(_INTEGER).ifelse(text.text.re_replace(r"[.,]0+$", ""), ibis.null("string"))
    return _with_words(text, digits.try_cast("int64"))


def _with_words(text: TextColumn, value: ir.Value) -> Converted:
    """Mark texts that have no value: words for missing, which count as missing, and all others."""
    resists, word = text.text.notnull() & value.isnull(), text.kind == WORD
    return Converted(value, {"unreadable": resists & ~word, "word": resists & word}, cheap=False)


def _number(text: TextColumn) -> Converted:
    """Read numbers in text under both decimal marks; the counts of the whole column decide which one holds."""
    kind = text.kind
    readings = {mark: rule.number_as(text.text, kind, mark) for mark in ("point", "comma")}
    value = ibis.coalesce(readings["point"], readings["comma"])
    beyond = value.isinf() | (value.isnull() & ~kind.isin((rule.WORD, *rule.REFUSED)))
    checks = {
        "unreadable": kind == rule.UNREADABLE,
        "not_finite": (kind == rule.INFINITE) | (kind.notnull() & beyond),
        "percent": kind == rule.PERCENT,
        "currency": kind == rule.CURRENCY,
        "word": kind == rule.WORD,
        "resists": kind.isin(rule.REFUSED),
        **rule.mark_expressions(kind),
    }
    return Converted(value, checks, cheap=False, readings=readings)


def _year_of_date(raw: ir.Value) -> Converted:
    """Read the first of January of a year as that year; another day is no year."""
    day = raw.cast("date")
    first = (day.month() == 1) & (day.day() == 1)
    value = first.ifelse(day.year(), ibis.null("int32")).cast("int64")
    return Converted(value, {"unreadable": raw.notnull() & value.isnull()})


def _stored_date(raw: ir.Value, column: Column) -> Converted:
    """Take the day of a date or a moment; moments that are all late at night are midnights of another time zone."""
    value = _open_end(raw.cast("date"), column)
    if raw.type().is_date():
        return Converted(value)
    late = raw.hour().isin(_LATE_HOURS) & (raw.minute() == 0) & (raw.second() == 0)
    return Converted(value, {"late": late.fill_null(False), "present": raw.notnull()})


def _date(whole: Converted, column: Column) -> Converted:
    digits = whole.value.cast("string")
    value = _day_of(digits, column)
    resists = digits.notnull() & value.isnull()
    unreadable = whole.checks["unreadable"] | resists
    return Converted(_open_end(value, column), {**whole.checks, "unreadable": unreadable}, cheap=False)


def _date_of_text(text: TextColumn, column: Column) -> Converted:
    value = _day_of(text.text, column)
    return Converted(_open_end(value, column), _with_words(text, value).checks, cheap=False)


def _day_of(text: ir.StringValue, column: Column) -> ir.DateValue:
    digits = text.re_replace(r"^(\d+)[.,]0+$", r"\1")
    iso = digits.re_replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3").re_replace(
        r"^(\d{2})-(\d{2})-(\d{4})$", r"\3-\2-\1"
    )
    if column.month:
        iso = iso.re_replace(r"^((?:19|20)\d{2})(\d{2})$", r"\1-\2-01")
    value = iso.re_search(_ISO_DATE).ifelse(iso.left(10), ibis.null("string")).try_cast("date")
    if column.month != "last":
        return value
    month_end = value + ibis.interval(months=1) - ibis.interval(days=1)
    return digits.re_search(r"^\d{6}$").ifelse(month_end.cast("timestamp").cast("date"), value)


def _open_end(value: ir.DateValue, column: Column) -> ir.DateValue:
    if column.month != "last":
        return value
    return value.nullif(ibis.literal(facts("tables")["open_end"]).cast("date"))
