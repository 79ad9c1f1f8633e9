"""The public border: tables go in, SafeTables come out, and nothing else leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from si_eval.arguments import Arguments, describe_value
from si_eval.disclosure.knowledge import add_known, add_ledger
from si_eval.disclosure.ledger import ReleaseLedger, as_ledger
from si_eval.disclosure.merging import MERGINGS, Merging, merge_where_cheaper
from si_eval.disclosure.primary import UNVERIFIED, is_unverified
from si_eval.disclosure.quantiles import is_unsafe_quantile, replace_quantiles
from si_eval.disclosure.reading import MERGED_AWAY, Figure, Request, read_tables
from si_eval.disclosure.rounding import round_released
from si_eval.disclosure.rules import DisclosureRules, as_rules
from si_eval.disclosure.suppression import Protection, find_pattern
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable, SafeTable, take_table_sealer
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    COUNT,
    DOF,
    ESTIMATE,
    GROUPS,
    MERGED,
    N_PUBLIC,
    N_TOTAL,
    N_UNITS,
    NOTE,
    NUMBERS,
    SHARE,
    SHOWN,
    STATISTIC,
    STATISTICS,
    STATUS,
    SUPPRESSED,
    TIDY,
    UNIT_OF_MEASURE,
    label,
)

QUANTILE = "quantile"
MODEL = "degrees of freedom"
_seal_table = take_table_sealer()  # handed out once, so that no one else can make a SafeTable


@dataclass(frozen=True)
class Decision:
    """What was decided for a request: the tables that may leave, and inside evidence for each withheld row.

    ``sources`` are the tables as they were judged, row by row those that may leave: with merged classes at their end.
    """

    tables: list[SafeTable]
    request: Request
    protection: Protection
    rows: list[dict[int, str]]
    sources: list[ResultTable]


@on_one_thread
def protect(
    tables: Sequence[ResultTable],
    *,
    rules: str | DisclosureRules = "cbs",
    known: pd.DataFrame | None = None,
    ledger: ReleaseLedger | Sequence[SafeTable] | None = None,
    priority: Mapping[str, float] | None = None,
    merge: Merging = "never",
) -> list[SafeTable]:
    """Let tables cross the public border: as many SafeTables as tables, in order, under one joint pattern.

    Use it for everything that is shown or leaves; give all tables of a request at once, so that none undoes another. A
    number that breaks a rule is withheld with all that gives it back: estimate, standard error, interval, p-value and
    counts, in every row that rests on the same cell, and enough other cells that no withheld one can be inferred more
    narrowly than its protection interval. Values that are shown are rounded to what they can bear (a euro, a tenth of a
    per cent, one digit below the standard error) and never altered otherwise, save medians: the mean of the values
    around it leaves in place of one firm's value, and a note says so.

    Parameters
    ----------
    tables : sequence of ResultTable
        What the stages computed.
    rules : str or DisclosureRules, default "cbs"
        The rules, or the name of a preset.
    known : DataFrame, optional
        Tidy rows of figures that outsiders have: counts, means with ``n_units``, sums.
    ledger : ReleaseLedger or sequence of SafeTable, optional
        The earlier releases; this one is added to a `ReleaseLedger`.
    priority : mapping of str to float, optional
        By exhibit, what it costs to lose a cell; exhibits that cost more keep more.
    merge : {"never", "when_cheaper"}, default "never"
        ``"when_cheaper"`` merges adjacent size and age classes where that loses less than withholding: the rows of
        these classes are ``merged``, and rows of the merged class follow at the end of the table. By default classes
        are kept, because rows that were published one by one, or in other requests, are compared class by class.

    Returns
    -------
    list of SafeTable
        The tables with their tidy columns and ``status``: ``shown``, ``suppressed`` or ``merged``.

    Raises
    ------
    DisclosureError
        For anything that is not a ResultTable, for a statistic or group that the border does not know, and for a number
        without the count behind it.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> (safe,) = se.protect([se.compare_groups(panel, indicator="revenue", years=[2015])])
    >>> safe
    compare_groups: 6 numbers, 0 withheld, association, rules replicate_2020, cbs
    >>> rows = safe.to_frame()
    >>> rows.loc[rows["statistic"] == "mean", ["group", "n_units", "status"]]
                 group  n_units status
    0  non_participant      240  shown
    1      participant       60  shown
    4       difference       60  shown
    5            ratio       60  shown
    """
    return decide(tables, rules=rules, known=known, ledger=ledger, priority=priority, merge=merge).tables


@on_one_thread
def decide(
    tables: Sequence[ResultTable],
    *,
    rules: str | DisclosureRules = "cbs",
    known: pd.DataFrame | None = None,
    ledger: ReleaseLedger | Sequence[SafeTable] | None = None,
    priority: Mapping[str, float] | None = None,
    merge: Merging = "never",
    record: bool = True,
) -> Decision:
    """Protect tables and keep the evidence, which stays inside; ``record`` adds the request to the ledger."""
    rules = as_rules(rules)
    earlier = as_ledger(ledger)
    _check_arguments(tables, known, priority, merge)
    for table in tables:
        _check(table, rules)
    judged = list(tables)
    if merge == "when_cheaper":

        def judge(some: Sequence[ResultTable]) -> list[SafeTable]:
            return _decide(some, rules, known, earlier, priority, exact=False).tables

        judged = merge_where_cheaper(tables, judge, priority)
    decision = _decide(judged, rules, known, earlier, priority)
    if earlier is not None and record:
        earlier.record(decision.protection)
    return decision


def _decide(
    tables: Sequence[ResultTable],
    rules: DisclosureRules,
    known: pd.DataFrame | None,
    earlier: ReleaseLedger | None,
    priority: Mapping[str, float] | None,
    *,
    exact: bool = True,
) -> Decision:
    """Decide on tables that were checked, with their classes as they are."""
    request = read_tables(tables, rules, priority)
    add_known(request.cover, known, tables)
    always = add_ledger(request.cover, earlier) | request.merged
    protection = find_pattern(
        request.cover,
        rules,
        linked=request.linked_ratios,
        always=always,
        foresight=earlier is not None,
        exact=exact,
    )
    withheld: list[dict[int, str]] = [{} for _ in tables]
    for figure in request.figures:
        reason = _reason(figure, tables[figure.table], protection, rules)
        if reason:
            withheld[figure.table][figure.row] = reason
    blanks = _blank_counts(request, protection)
    safe = [
        _seal(table, withheld[number], {row: columns for (at, row), columns in blanks.items() if at == number}, rules)
        for number, table in enumerate(tables)
    ]
    return Decision(safe, request, protection, withheld, list(tables))


def _check_arguments(tables: object, known: object, priority: object, merge: object) -> None:
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


def _reason(figure: Figure, table: ResultTable, protection: Protection, rules: DisclosureRules) -> str:
    """Name the class of the rule for which a row is withheld; empty where it is shown."""
    reasons = [protection.reasons[cell] for cell in figure.cells if cell in protection.reasons]
    if reasons:
        return reasons[0]
    row = table.frame.iloc[figure.row]
    if figure.count_only is not None and protection.cover.cells[figure.count_only].counted < rules.min_units:
        return protection.reasons.get(figure.count_only, "")
    return "" if figure.free or not figure.cells else _row_reason(figure, row, protection, rules)


def _row_reason(figure: Figure, row: pd.Series, protection: Protection, rules: DisclosureRules) -> str:
    """Name the class of the rule that a row breaks by itself, though its cells may be shown in other rows."""
    cells = [protection.cover.cells[number] for number in figure.cells]
    if any(is_unverified(cell, rules) for cell in cells):
        return UNVERIFIED
    if is_unsafe_quantile(row, cells[0].counted, rules):
        return QUANTILE
    if DOF in row and pd.notna(row[DOF]) and row[DOF] < rules.min_dof:
        return MODEL
    return ""


def _blank_counts(request: Request, protection: Protection) -> dict[tuple[int, int], list[str]]:
    """List the counts that are withheld in rows that are shown: ``n_total``, and ``n_units`` that is no figure."""
    blanks: dict[tuple[int, int], list[str]] = {}
    for figure in request.figures:
        columns = []
        if figure.total is not None and protection.count_is_withheld(figure.total):
            columns.append(N_TOTAL)
        if figure.count_only is not None and protection.count_is_withheld(figure.count_only):
            columns.append(N_UNITS)
        if columns:
            blanks[figure.table, figure.row] = columns
    return blanks


def _seal(
    table: ResultTable, withheld: Mapping[int, str], blanks: Mapping[int, Sequence[str]], rules: DisclosureRules
) -> SafeTable:
    """Withhold the rows that were decided on and drop what never leaves."""
    exact = table.frame.reset_index(drop=True)
    rows = exact if table.public else replace_quantiles(exact, rules)
    frame = rows[[*TIDY, *([N_TOTAL] if N_TOTAL in rows else [])]]
    merged = pd.Series(False, index=frame.index)
    if MERGED_AWAY in table.frame:
        merged = exact[MERGED_AWAY].astype(bool)
    numbers = [column for column in (*NUMBERS, N_TOTAL) if column in frame]
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    restricted = ~frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units) & (not table.public)
    few = restricted & (frame[N_UNITS].fillna(0) < rules.min_units)
    if rules.zeros == "safe":
        few &= frame[N_UNITS] != 0
    gone = pd.Series([row in withheld for row in range(len(frame))], index=frame.index, dtype=bool) & restricted
    computable = exact[ESTIMATE].notna()
    frame[STATUS] = np.select([merged, gone & computable], [MERGED, SUPPRESSED], SHOWN)
    frame.loc[gone | few | merged, numbers] = np.nan
    frame.loc[(gone & computable) | merged, NOTE] = ""
    for row, columns in blanks.items():
        frame.loc[row, [column for column in columns if column in frame]] = np.nan
    if (frame[STATUS].eq(SHOWN) & computable & frame[ESTIMATE].isna()).any():
        raise DisclosureError(f"{table.function}: found a number that no rule judged; this is a defect; report it")
    return _seal_table(table, round_released(frame), rules.name, _coverage_text(table.coverage, rules))


def _coverage_text(coverage: Mapping[str, tuple[int, int]], rules: DisclosureRules) -> str:
    """Describe what part of the unit-years has a value; a part that few units make up is said in words."""
    parts = []
    for group, (known, units) in coverage.items():
        few = min(known, units - known) < rules.min_units
        if units < rules.min_units:
            continue
        share = ("(nearly) all" if known > units / 2 else "(nearly) none") if few else f"{known / units:.0%}"
        parts.append(f"{label(group, 'en').lower()} {share}")
    return ", ".join(parts)
