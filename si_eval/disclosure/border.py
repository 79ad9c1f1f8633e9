"""The public border: tables go in, SafeTables come out, and nothing else leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from si_eval.disclosure.checks import check_arguments, check_table
from si_eval.disclosure.cover import Cover
from si_eval.disclosure.declared_rows import DeclaredReader
from si_eval.disclosure.estimates import Estimated, near_estimates
from si_eval.disclosure.knowledge import add_ledger, declare_ledger, find_known, fix_known
from si_eval.disclosure.ledger import ReleaseLedger, as_ledger
from si_eval.disclosure.merging import Merging, merge_where_cheaper
from si_eval.disclosure.primary import DIFFERENCE_GROUP, FREQUENCY, counted_units, unsafe_count
from si_eval.disclosure.quantiles import add_note, is_unsafe_quantile, replace_quantiles
from si_eval.disclosure.reading import MERGED_AWAY, Figure, Line, Row, fill_cover, read_lines
from si_eval.disclosure.rounding import round_released
from si_eval.disclosure.rules import DisclosureRules, as_rules
from si_eval.disclosure.squares import tell_of_single_units, withhold_spreads, withhold_spreads_of_changes
from si_eval.disclosure.suppression import SECONDARY, Protection, find_pattern
from si_eval.errors import DisclosureError
from si_eval.results import EstimateUnits, ResultTable, SafeTable, take_table_sealer
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    BESIDE,
    CONF_HIGH,
    CONF_LOW,
    COUNT,
    DOF,
    ESTIMATE,
    MEAN_LOG,
    MERGED,
    N_EFFECTIVE,
    N_TOTAL,
    N_UNITS,
    NOTE,
    NUMBERS,
    P_VALUE,
    SHOWN,
    STATISTIC,
    STATUS,
    STD_ERROR,
    SUPPRESSED,
    TIDY,
    UNIT_OF_MEASURE,
    WINSORISED_MEAN,
    label,
)

QUANTILE = "quantile"
MODEL = "degrees of freedom"
SPREAD = [STD_ERROR, CONF_LOW, CONF_HIGH, P_VALUE]
SPREAD_WITHHELD = "spread_withheld"  # the label of a note
_seal_table = take_table_sealer()  # handed out once, so that no one else can make a SafeTable


@dataclass(frozen=True)
class Decision:
    """What was decided for a request: the tables that may leave, and inside evidence for each withheld row.

    ``sources`` are the tables as they were judged, row by row those that may leave: with merged classes at their end.
    """

    tables: list[SafeTable]
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
    check_arguments(tables, known, priority, merge)
    for table in tables:
        check_table(table, rules)
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
    reader = DeclaredReader(rules)
    if earlier is not None:
        declare_ledger(reader, earlier)
    lines = read_lines(tables, reader, priority)
    sources = {name: source for table in tables for name, source in table.sources.items()}
    sources |= {cell.units.population: reader.units for cell in reader.units.cells}
    if earlier is not None:
        earlier.require_sources(sources)
        sources = {**earlier.sources, **sources}
    public = find_known(known, [*tables, *(earlier.given if earlier is not None else ())], lines, reader)
    sources |= {cell.units.population: reader.units for cell in reader.units.cells}
    before = earlier.cells if earlier is not None else []
    asked = [cell for line in lines for cell in line.cells]
    cover = Cover.of([*asked, *(one.cell for one in public), *(one.cell for one in before)], sources)
    figures, merged = fill_cover(cover, lines, rules)
    fix_known(cover, public, rules)
    always = add_ledger(cover, before) | merged
    for pair in reader.units.near(rules.min_units):
        first, second = (cover.cells[cover.number_of[cell]] for cell in pair)
        (first if second.fixed else second).reason = DIFFERENCE_GROUP
    protection = find_pattern(cover, rules, always=always, exact=exact)
    withhold_spreads(protection)
    withhold_spreads_of_changes(protection)
    functions = (number for one in figures if _is_function(one.line.row) for number in one.cells)
    protection.functions_withheld = tell_of_single_units(protection, functions)
    protection.sources = sources
    withheld: list[dict[int, str]] = [{} for _ in tables]
    for figure in figures:
        if reason := _reason(figure, protection):
            withheld[figure.line.table][figure.line.at] = reason
    for line in _near_estimates([figure.line for figure in figures], earlier, protection):
        withheld[line.table].setdefault(line.at, DIFFERENCE_GROUP)
    safe = [
        _seal(table, withheld[number], [one for one in figures if one.line.table == number], protection)
        for number, table in enumerate(tables)
    ]
    return Decision(safe, protection, withheld, list(tables))


def _near_estimates(lines: Sequence[Line], earlier: ReleaseLedger | None, protection: Protection) -> list[Line]:
    """List the rows of estimates that may not leave beside others, and keep in the pattern which are shown."""
    rows = [(line, units) for line in lines for units in line.estimates if _is_estimate(line.row)]
    found = [Estimated(units, line.weight) for line, units in rows]
    before = [replace(one, left=True) for one in (earlier.estimates if earlier is not None else ()) if one.shown]
    gone = near_estimates([*before, *found], protection.rules)
    protection.estimates = [
        replace(one, weight=0.0, shown=place + len(before) not in gone) for place, one in enumerate(found)
    ]
    return [rows[place - len(before)][0] for place in sorted(gone)]


def _is_estimate(row: Row) -> bool:
    """Whether a row has an estimate, rather than the number of units that one leaves out."""
    return bool(pd.notna(row[ESTIMATE])) and row[STATISTIC] != COUNT


def _reason(figure: Figure, protection: Protection) -> str:
    """Name the class of the rule for which a row is withheld; empty where it is shown."""
    row, cells, rules = figure.line.row, protection.cover.cells, protection.rules
    if figure.free:
        return _zero_reason(figure, protection)
    gone = protection.functions_withheld if _is_function(row) else set()
    reasons = [
        protection.reasons.get(cell, SECONDARY) for cell in figure.cells if cell in protection.reasons or cell in gone
    ]
    if reasons:
        return reasons[0]
    if figure.count_only is not None:
        return unsafe_count(cells[figure.count_only].given, rules)
    if figure.cells and is_unsafe_quantile(row, counted_units(cells[figure.cells[0]].given, rules), rules):
        return QUANTILE
    if DOF in row and pd.notna(row[DOF]) and row[DOF] < rules.min_dof:
        return MODEL
    few = any(_smallest(units) < rules.min_units for units in figure.line.estimates)
    return FREQUENCY if few or (not figure.cells and row[N_UNITS] < rules.min_units) else ""


def _is_function(row: Row) -> bool:
    """Whether a row is a mean of another function of the values than they are, over the cell of their mean."""
    return row[STATISTIC] in (MEAN_LOG, WINSORISED_MEAN)


def _smallest(units: EstimateUnits) -> int:
    """Return the number of units of the smaller group of an estimate, where it has both."""
    return min((count for count in (units.n_treated, units.n_controls) if count), default=0)


def _zero_reason(figure: Figure, protection: Protection) -> str:
    """Say of a row about nobody whether it has a number, or whether a withheld number of units would be told by it."""
    cover = protection.cover
    if pd.notna(figure.line.row[ESTIMATE]):
        return FREQUENCY if protection.rules.zeros == "unsafe" else ""
    for number in figure.cells:
        for cell in cover.cells[number].definitions:
            counted = cover.number_of.get(replace(cell, variable=""))
            if counted is not None and counted in protection.reasons:
                return protection.reasons[counted]
    return ""


def _blanks(figure: Figure, protection: Protection) -> list[str]:
    """List the columns that are withheld in a row that is shown: counts beside its figure, and standard errors."""
    columns = []
    if figure.total is not None and protection.count_is_withheld(figure.total):
        columns.append(N_TOTAL)
    if figure.count_only is not None and protection.count_is_withheld(figure.count_only):
        columns += [N_UNITS, N_EFFECTIVE]
    if any(cell in protection.spreads_withheld for cell in figure.spread):
        columns += SPREAD
    return columns


def _seal(
    table: ResultTable, withheld: Mapping[int, str], figures: Sequence[Figure], protection: Protection
) -> SafeTable:
    """Withhold the rows that were decided on and drop what never leaves."""
    rules = protection.rules
    exact = table.frame.reset_index(drop=True)
    rows = exact if table.public else replace_quantiles(exact, rules)
    frame = rows[[*TIDY, *(name for name in BESIDE if name in rows)]]
    merged = pd.Series(False, index=frame.index)
    if MERGED_AWAY in table.frame:
        merged = exact[MERGED_AWAY].astype(bool)
    numbers = [column for column in (*NUMBERS, *BESIDE) if column in frame]
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    restricted = ~frame[UNIT_OF_MEASURE].isin(rules.unrestricted_units) & (not table.public)
    few = restricted & (frame[N_UNITS].fillna(0) < rules.min_units)
    if rules.zeros == "safe":
        few &= frame[N_UNITS] != 0
    gone = pd.Series([row in withheld for row in range(len(frame))], index=frame.index, dtype=bool) & restricted
    computable = exact[ESTIMATE].notna()
    of_nobody = pd.Series(False, index=frame.index)
    of_nobody[[figure.line.at for figure in figures if figure.free]] = True
    frame[STATUS] = np.select([merged, gone & (computable | of_nobody)], [MERGED, SUPPRESSED], SHOWN)
    frame.loc[gone | few | merged, numbers] = np.nan
    frame.loc[(gone & (computable | of_nobody)) | merged, NOTE] = ""
    blank: dict[str, list[int]] = {}
    for figure in figures:
        for column in _blanks(figure, protection):
            blank.setdefault(column, []).append(figure.line.at)
    for at in blank.get(STD_ERROR, []):
        if frame[STATUS].iloc[at] == SHOWN:
            frame.loc[at, NOTE] = add_note(frame.loc[at, NOTE], SPREAD_WITHHELD)
    for column, rows_of_column in blank.items():
        if column in frame:
            frame.loc[rows_of_column, column] = np.nan
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
