"""What the border refuses: arguments that cannot be carried out, and tables that it does not know how to protect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from si_eval.arguments import Arguments, describe_value
from si_eval.disclosure.merging import MERGINGS
from si_eval.disclosure.rules import DisclosureRules
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable
from si_eval.vocabulary import (
    COUNT,
    ESTIMATE,
    GROUPS,
    N_PUBLIC,
    N_UNITS,
    SHARE,
    STATISTIC,
    STATISTICS,
    TIDY,
    UNIT_OF_MEASURE,
)


def check_arguments(tables: object, known: object, priority: object, merge: object) -> None:
    """Refuse arguments of `protect` that cannot be carried out, all at once."""
    arguments = Arguments("protect")
    if isinstance(tables, ResultTable):
        arguments.add("tables", "one table", "a list of tables", "write protect([table])")
    elif not isinstance(tables, Sequence) or isinstance(tables, str):
        arguments.add("tables", describe_value(tables), "a list of tables", "give what comparisons return, in a list")
    if known is not None and not isinstance(known, pd.DataFrame):
        arguments.add("known", describe_value(known), "a data frame of tidy rows", "give one, or leave it out")
    if priority is not None and not isinstance(priority, Mapping):
        arguments.add("priority", describe_value(priority), "a mapping of exhibits to numbers", "give one")
    elif priority is not None:
        for exhibit, cost in priority.items():
            arguments.number(f"priority[{exhibit!r}]", cost, least=0)
    arguments.option("merge", merge, MERGINGS)
    arguments.refuse_problems(DisclosureError)


def check_table(table: object, rules: DisclosureRules) -> None:
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
    if rules.public_units and N_PUBLIC in frame and (frame[N_PUBLIC] > len(rules.public_units)).any():
        raise DisclosureError(
            f"{table.function}: found cells with more public units than the rules name ({len(rules.public_units)}); "
            "expected the same in both; give build_panel the public_units of the rules"
        )
    unrestricted = frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units)
    strange_units = unrestricted & ~frame[STATISTIC].isin([COUNT, SHARE])
    if strange_units.any():
        raise DisclosureError(
            f"{table.function}: found {int(strange_units.sum())} numbers in a unit without restrictions that count "
            "nothing; expected it of counts that functions of the library make; give the variable another unit"
        )
    uncounted = frame[ESTIMATE].notna() & frame[N_UNITS].isna() & ~unrestricted
    if uncounted.any() and not table.public:
        raise DisclosureError(
            f"{table.function}: found {int(uncounted.sum())} numbers without the count of units behind them; expected "
            f"{N_UNITS} in every row; let the stage give it"
        )
