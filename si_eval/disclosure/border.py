"""The gate: withholds every number that rests on too few units, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.registry import facts
from si_eval.results import ResultTable, SafeTable, seal_table
from si_eval.vocabulary import (
    ESTIMATE,
    GROUPS,
    N_UNITS,
    NOTE,
    NUMBERS,
    SHOWN,
    STATISTIC,
    STATISTICS,
    STATUS,
    SUPPRESSED,
    TIDY,
    UNIT_OF_MEASURE,
    label,
)

N_TOTAL = "n_total"


@dataclass(frozen=True)
class DisclosureRules:
    """What a number needs to cross the border: at least ``min_units`` units behind it.

    ``unrestricted_units`` are units of measure that count rows of a method rather than firms.
    """

    name: str
    min_units: int = 10
    unrestricted_units: tuple[str, ...] = ()
    source: str = ""
    verified_by: str = ""

    @classmethod
    def preset(cls, name: str) -> DisclosureRules:
        """Give the rules of a preset of the registry; raises `DisclosureError` for one that is not there."""
        presets = facts("disclosure")
        if name not in presets:
            raise DisclosureError(
                f"rules: found {name!r}; expected one of {', '.join(presets)}; name one or give DisclosureRules"
            )
        entry = {**presets[name], "unrestricted_units": tuple(presets[name]["unrestricted_units"])}
        return cls(name=name, **entry)


def protect(
    tables: Sequence[ResultTable],
    *,
    rules: str | DisclosureRules = "cbs",
    known: pd.DataFrame | None = None,
    ledger: object | None = None,
) -> list[SafeTable]:
    """Let tables cross the public border: as many SafeTables as tables, in order.

    A number that rests on fewer than ``min_units`` units is withheld with all that gives it back: estimate,
    standard error, interval, p-value and counts. Values that are shown are never altered. Fails closed: raises
    `DisclosureError` for anything that is not a ResultTable, for a statistic or group that it does not know, and for a
    number without the count behind it. ``known`` and ``ledger`` are refused until they are supported.
    """
    if known is not None or ledger is not None:
        raise DisclosureError(
            "protect: found `known` or `ledger`; expected neither, because secondary suppression is not built yet; "
            "leave them out and have the office check differences between tables"
        )
    rules = DisclosureRules.preset(rules) if isinstance(rules, str) else rules
    if isinstance(tables, ResultTable):
        raise DisclosureError("protect: found one table; expected a list of tables; write protect([table])")
    for table in tables:
        _check(table, rules)
    return [_protect_table(table, rules) for table in tables]


def _check(table: object, rules: DisclosureRules) -> None:
    """Refuse what the border does not know."""
    if not isinstance(table, ResultTable):
        raise DisclosureError(
            f"protect: found {type(table).__name__}; expected ResultTable; only aggregated results can be protected"
        )
    frame = table.frame
    missing = [column for column in TIDY if column not in frame]
    if missing:
        raise DisclosureError(
            f"{table.function}: found no column {', '.join(missing)}; expected the tidy columns; use a stage's result"
        )
    for column, known in ((STATISTIC, STATISTICS), ("group", GROUPS)):
        strange = sorted({str(value) for value in frame[column]} - set(known))
        if strange:
            raise DisclosureError(
                f"{table.function}: found {column} {', '.join(strange)}; expected one of {', '.join(known)}; "
                "teach the border how to protect it first"
            )
    uncounted = frame[ESTIMATE].notna() & frame[N_UNITS].isna() & ~frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units)
    if uncounted.any() and not table.public:
        raise DisclosureError(
            f"{table.function}: found {int(uncounted.sum())} numbers without the count of units behind them; expected "
            f"{N_UNITS} in every row; let the stage give it"
        )


def _protect_table(table: ResultTable, rules: DisclosureRules) -> SafeTable:
    """Withhold the unsafe rows and drop what never leaves."""
    frame = table.frame[[*TIDY, *([N_TOTAL] if N_TOTAL in table.frame else [])]].copy()
    restricted = ~frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units) & (not table.public)
    unsafe = restricted & (frame[N_UNITS].fillna(0) < rules.min_units)
    computable = frame[ESTIMATE].notna()
    frame[STATUS] = np.where(unsafe & computable, SUPPRESSED, SHOWN)
    frame.loc[unsafe, [column for column in NUMBERS if column in frame]] = np.nan
    frame.loc[unsafe & computable, NOTE] = ""
    if N_TOTAL in frame:
        frame.loc[unsafe | (frame[N_TOTAL] < rules.min_units), N_TOTAL] = np.nan
    return seal_table(table, frame.reset_index(drop=True), rules.name, _coverage_text(table.coverage, rules))


def _coverage_text(coverage: Mapping[str, tuple[int, int]], rules: DisclosureRules) -> str:
    """Say what part of the unit-years has a value; a part that few units make up is said in words."""
    parts = []
    for group, (known, units) in coverage.items():
        few = min(known, units - known) < rules.min_units
        if units < rules.min_units:
            continue
        share = ("(nearly) all" if known > units / 2 else "(nearly) none") if few else f"{known / units:.0%}"
        parts.append(f"{label(group, 'en').lower()} {share}")
    return ", ".join(parts)
