"""Melts an investment file with one column an asset and component into one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis

from si_eval.registers.schema import wide_codes
from si_eval.registry import facts

if TYPE_CHECKING:
    import ibis.expr.types as ir


def derive_response(values: Mapping[str, ir.Value]) -> ir.StringValue:
    """Derive observed, imputed or nonresponse from the quality codes: the first rule that holds decides."""
    rules = facts("tables")["wide_investments"]["responses"]
    return ibis.cases(
        *((values[rule["column"]].upper() == rule["code"], rule["response"]) for rule in rules),
        else_=ibis.null("string"),
    )


def melt(wide: ir.Table) -> ir.Table:
    """Make a row for each amount; a unit without response, or without any amount, keeps its empty totals."""
    codes = [code for code in wide_codes() if code in wide.columns]
    silent = wide.response == "nonresponse"
    nothing = ibis.and_(*(wide[code].isnull() for code in codes))
    parts = []
    for code in codes:
        asset, component = wide_codes()[code]
        kept = wide[code].notnull() | ((silent | nothing) if component == "total" else ibis.literal(False))
        parts.append(
            wide.filter(kept).select(
                be_id=wide.be_id,
                year=wide.year,
                asset=ibis.literal(asset),
                component=ibis.literal(component),
                amount=wide[code],
                response=wide.response,
            )
        )
    return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
