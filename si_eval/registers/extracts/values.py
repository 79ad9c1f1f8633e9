"""Turns a raw column, however it was stored, into the contract's type, and says which values resist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis

from si_eval.registers.schema import Column
from si_eval.registry import facts

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

_INTEGER = r"^[+-]?\d{1,18}([.,]0+)?$"
_NUMBER = r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0+)?)?)?$"
_NUMBER_CODE = r"^\d{4,5}[.,]0+$"
_UNKNOWN_SBI = ("", "-", "--")


@dataclass(frozen=True)
class Converted:
    """A column in its type; ``cheap`` says that it may be computed at every use.

    ``checks`` mark raw rows; `changed` marks text that differs from the stored text, so that clean text stays as it is.
    """

    value: ir.Value
    checks: Mapping[str, ir.BooleanValue] = field(default_factory=dict)
    cheap: bool = True
    refused: str = ""


def convert(raw: ir.Value, column: Column) -> Converted:
    """Convert a raw column. ``refused`` names a storage type that cannot be this column at all."""
    stored = raw.type()
    convertible = stored.is_string() or stored.is_numeric() or stored.is_null()
    if stored.is_null():
        return Converted(ibis.null(column.type))
    if column.type == "date":
        return _date(raw, column) if convertible or stored.is_date() or stored.is_timestamp() else _refused(raw, column)
    if not convertible or stored.is_boolean():
        return _refused(raw, column)
    if column.type == "int64":
        return _integer(raw)
    if column.type == "float64":
        return _number(raw)
    return _code(raw, column) if column.code == "sbi" else _text(raw, column)


def _refused(raw: ir.Value, column: Column) -> Converted:
    return Converted(ibis.null(column.type), refused=str(raw.type()))


def _blank_as_null(raw: ir.StringValue) -> ir.StringValue:
    return raw.strip().nullif("")


def _fractional(stored: dt.DataType) -> bool:
    return stored.is_floating() or stored.is_decimal()


def _not_finite(raw: ir.Value) -> ir.BooleanValue:
    number = raw.cast("float64")
    return (number.isnan() | number.isinf()).fill_null(False)


def _integer(raw: ir.Value) -> Converted:
    stored = raw.type()
    if stored.is_string():
        text = _blank_as_null(raw)
        readable = text.re_search(_INTEGER)
        value = readable.ifelse(text.re_replace(r"[.,]0+$", ""), ibis.null("string")).try_cast("int64")
        return Converted(value, {"unreadable": text.notnull() & value.isnull()}, cheap=False)
    if _fractional(stored):
        number = raw.cast("float64")
        largest = facts("tables")["largest_exact_integer"]
        exact = (~_not_finite(raw)) & (number.abs() <= largest) & (number == number.round())
        value = exact.ifelse(number, ibis.null("float64")).cast("int64")
        return Converted(value, {"unreadable": raw.notnull() & ~exact.fill_null(False)})
    value = raw.try_cast("int64") if stored.is_unsigned_integer() else raw.cast("int64")
    return Converted(value, {"unreadable": raw.notnull() & value.isnull()})


def _number(raw: ir.Value) -> Converted:
    if raw.type().is_string():
        text = _blank_as_null(raw)
        readable = text.re_search(_NUMBER)
        value = readable.ifelse(text.replace(",", "."), ibis.null("string")).try_cast("float64")
        comma, point = text.contains(","), text.contains(".")
        checks = {
            "unreadable": text.notnull() & value.isnull(),
            "comma": (readable & comma).fill_null(False),
            "point": (readable & point).fill_null(False),
            "thousands": text.re_search(_THOUSANDS).fill_null(False),
        }
        return Converted(value, checks, cheap=False)
    value = raw.cast("float64")
    return Converted(value, {"not_finite": _not_finite(raw)} if _fractional(raw.type()) else {})


def _text(raw: ir.Value, column: Column) -> Converted:
    if raw.type().is_string():
        value = _blank_as_null(raw)
        if column.code == "id":
            value = value.endswith("0").ifelse(_without_fraction(value, column), value)
        if column.code == "event":
            value = _event(value)
        return Converted(value, {"changed": raw.notnull() & (value.isnull() | (value != raw))})
    whole = _integer(raw)
    digits = whole.value.cast("string")
    value = _event(digits) if column.code == "event" else digits.lpad(column.pad, "0") if column.pad else digits
    padded = (digits.length() < column.pad).fill_null(False)
    return Converted(value, {**whole.checks, "padded": padded}, cheap=False)


def _without_fraction(text: ir.StringValue, column: Column) -> ir.StringValue:
    """Undo what a spreadsheet or a double made of a code: `363.0` was `0363`."""
    number = r"^(\d+)[.,]0+$"
    digits = text.re_replace(number, r"\1")
    return text.re_search(number).ifelse(digits.lpad(column.pad, "0") if column.pad else digits, text)


def _event(text: ir.StringValue) -> ir.StringValue:
    """Return the word of an event code; what is neither a code nor a known word stays as it is."""
    bare = text.lower().re_replace(r"^0*(\d+)([.,]0+)?$", r"\1")
    return ibis.map(facts("tables")["events"]).get(bare, text)


def _code(raw: ir.Value, column: Column) -> Converted:
    """Read an SBI code: blanks in front were zeros, points are layout, a number lost its leading zero."""
    if not raw.type().is_string():
        whole = _integer(raw)
        digits = whole.value.cast("string")
        lost = (digits.length() == column.pad - 1).fill_null(False)
        return Converted(
            lost.ifelse(digits.lpad(column.pad, "0"), digits), {**whole.checks, "padded": lost}, cheap=False
        )
    plain = raw.re_search(rf"^\d{{1,{column.pad}}}$")  # nearly all codes: nothing to repair
    value = plain.ifelse(raw, _repaired(raw, column))
    unknown = raw.strip().isin(_UNKNOWN_SBI)
    unreadable = raw.notnull() & value.isnull() & ~unknown
    changed = raw.notnull() & (value.isnull() | (value != raw))
    return Converted(value, {"unreadable": unreadable, "changed": changed})


def _repaired(raw: ir.StringValue, column: Column) -> ir.StringValue:
    text = raw.rstrip()
    text = text.re_search(_NUMBER_CODE).ifelse(text.re_replace(r"[.,]0+$", "").lpad(column.pad, "0"), text)
    bare = text.lstrip()
    digits = bare.replace(".", "")
    zeros = ibis.literal("0").repeat(text.length() - bare.length())
    full = (zeros + digits).right(column.pad)
    readable = digits.re_search(rf"^\d{{1,{column.pad}}}$")
    return readable.ifelse((full.length() > digits.length()).ifelse(full, digits), ibis.null("string"))


def _date(raw: ir.Value, column: Column) -> Converted:
    stored = raw.type()
    if stored.is_date() or stored.is_timestamp():
        value = raw.cast("date")
        return Converted(_open_end(value, column))
    whole = _integer(raw) if not stored.is_string() else None
    text = _blank_as_null(raw) if whole is None else whole.value.cast("string")
    digits = text.re_replace(r"^(\d+)[.,]0+$", r"\1")
    iso = digits.re_replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3").re_replace(
        r"^(\d{2})-(\d{2})-(\d{4})$", r"\3-\2-\1"
    )
    if column.month:
        iso = iso.re_replace(r"^(\d{4})(\d{2})$", r"\1-\2-01")
    value = iso.re_search(_ISO_DATE).ifelse(iso.left(10), ibis.null("string")).try_cast("date")
    unreadable = raw.notnull() & text.isnull() if whole is not None else text.notnull() & value.isnull()
    unreadable = unreadable | (text.notnull() & value.isnull())
    if column.month == "last":
        month_end = value + ibis.interval(months=1) - ibis.interval(days=1)
        value = digits.re_search(r"^\d{6}$").ifelse(month_end.cast("timestamp").cast("date"), value)
    return Converted(_open_end(value, column), {"unreadable": unreadable}, cheap=False)


def _open_end(value: ir.DateValue, column: Column) -> ir.DateValue:
    if column.month != "last":
        return value
    return value.nullif(ibis.literal(facts("tables")["open_end"]).cast("date"))
