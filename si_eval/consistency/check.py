"""Check a table of published figures against itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import pandas as pd

from si_eval.arguments import Arguments
from si_eval.consistency import bounds, derived, identities, printed_sums, relations, repetition, retold, series, sums
from si_eval.consistency.cells import CellTable, read_cells
from si_eval.consistency.claims import check_claim_pairs
from si_eval.consistency.facts import layouts
from si_eval.consistency.figure import Figure, Finding
from si_eval.consistency.reading import REQUIRED, find_columns, find_dimensions, read_figures
from si_eval.consistency.report import ConsistencyReport
from si_eval.errors import InputError, Problem, StudyError

Rule = Callable[[Sequence[Figure]], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    repetition.same_quantity_twice,
    repetition.printed_differs,
    repetition.unique_above_mentions,
    repetition.told_for_other_period,
    sums.parts_and_totals,
    sums.shares_to_whole,
    sums.mixed_periods,
    sums.mixed_units,
    derived.growth_against_levels,
    derived.share_against_levels,
    derived.share_against_count,
    derived.mean_against_total,
    bounds.shares_of_base,
    bounds.shares_in_range,
    bounds.counts_in_range,
    bounds.means_in_class,
    bounds.dates_in_order,
    bounds.parts_of_base,
    series.definition_breaks,
    series.period_lengths,
    series.cumulative_falls,
    series.jumps_of_a_digit,
)
TOTALS = "totals_over_years"
# Rules that need no names of columns: they look along the lines of any table.
CellRule = Callable[[CellTable], Iterator[Finding]]
CELL_RULES: tuple[CellRule, ...] = (
    printed_sums.subtotals,
    printed_sums.currencies_in_sums,
    relations.parts_of_years,
    relations.attainment_against_target,
    relations.ratios_against_sums,
    relations.scores_of_items,
    relations.overlapping_sets,
    retold.currencies_of_one_amount,
    retold.sentences_against_numbers,
    identities.kept_relations,
)
# And those that a tidy table has finer rules for.
BARE_RULES: tuple[CellRule, ...] = (printed_sums.totals, retold.told_in_two_places)
# Columns of a tidy table that talk about its figures and are none.
HELPERS = (
    *("id", "year_from", "year_to", "value_min", "value_max", "printed", "precision", "n", "count", "covered"),
    *("definition", "unique", "of", "parts", "choice", "per", "total_over_period", "published", "is_total"),
    *("cumulative", "note"),
)


def check_consistency(
    frame: pd.DataFrame, *, dimensions: Sequence[str] | None = None, rules: Sequence[str] | None = None
) -> ConsistencyReport:
    """Check published figures against each other, by general rules that know no error beforehand.

    Every printed number stands for the interval of its last printed digit, a whole count for itself, and a hedge such
    as "almost" widens it. Only what no value in these intervals can meet is a contradiction; what rounding explains is
    informative. The check finds figures that contradict each other, not which of them is right.

    A table that has no such columns is read as it is printed, wide or long: every number with the labels of its row and
    column. Then only relations along its lines are compared, such as quarters with years, subtotals and ratios.

    Parameters
    ----------
    frame : DataFrame
        One printed figure a row, in any order. Needed are ``indicator`` (what is measured) and ``value``; the rest of
        what a row says is used where it is there, under these names or the aliases in ``layouts.toml``:

        - ``id``; ``category`` (a part of the indicator; a total is called total, all or totaal), ``category_type``,
          ``parent`` (the category that it is a part of); any other column of words, such as ``group``, ``sector`` or
          ``size_class``, tells quantities apart;
        - ``year`` or ``period`` (2019, 2015-2018), ``year_from``, ``year_to``; ``published`` (year);
        - ``unit`` (EUR million, share, percent, persons, …), ``kind`` (count, share, mean, total, growth, target,
          baseline, other; else read from unit and name), ``of`` (the indicator that a share, mean or growth is of);
        - ``precision`` (exact, approx, just over, almost, more than, missing) and ``value_raw`` (as printed);
        - ``n`` (the base of a share), ``count``, ``n_covered`` (units behind a total or a mean), ``parts`` (rounded
          shares added up), ``choice`` (single, multiple), ``per`` and ``total_over_period``;
        - ``source``, ``table``, ``place`` (table or text); ``definition`` and ``unique`` (unique, mentions); ``note``.

        A frame of pairs of claims (``claim_a, value_a, claim_b, value_b, check_rule``) goes to `check_claim_pairs`.
    dimensions : sequence of str, optional
        The columns that tell quantities apart; by default those that the checker does not know and whose values repeat.
    rules : sequence of str, optional
        The rules to apply, by name, such as ``parts_and_totals``; all by default.

    Returns
    -------
    ConsistencyReport
        ``to_frame()`` has one row a contradiction: ``rule, severity, verdict, where`` (the ids of the rows, the suspect
        first), ``found, expected, sentence``; ``table()`` counts the findings by rule as tidy rows.

    Raises
    ------
    InputError
        For a frame without numbers, or without labels that tell them apart.
    StudyError
        For unknown rules or dimensions.

    References
    ----------
    Brown, N. J. L. and Heathers, J. A. J. (2017). The GRIM test. *Social Psychological and Personality Science* 8(4),
    363-369: which shares and means whole numbers can give.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> frame = pd.DataFrame(
    ...     {"indicator": "projects", "category": ["a", "b", "total"], "year": 2020, "value": [3, 4, 8],
    ...      "unit": "projects"}
    ... )
    >>> print(se.check_consistency(frame).summary())
    Consistency: 3 figures, 1 contradictions, 0 explained by rounding
      sum_of_parts: 1
    """
    arguments = Arguments("check_consistency")
    arguments.instance("frame", frame, pd.DataFrame, "give a data frame with one printed figure a row")
    for name, value in (("dimensions", dimensions), ("rules", rules)):
        if value is not None:
            listed = arguments.sequence(name, value, "a list of names")
            if listed == [] and name == "rules":
                arguments.add(name, "an empty list", "names of rules", "leave it out for all rules")
    arguments.refuse_problems()
    if {"claim_a", "claim_b", "check_rule"} <= set(frame.columns):
        return check_claim_pairs(frame)
    names = {rule.__name__: rule for rule in RULES}
    known = (*names, TOTALS, *(rule.__name__ for rule in (*CELL_RULES, *BARE_RULES)))
    strange = [name for name in rules or () if name not in known]
    if strange:
        raise StudyError(f"rules: found {', '.join(strange)}; expected names among {', '.join(known)}")
    applied = tuple(name for name in known if rules is None or name in rules)
    columns = find_columns(frame)
    found, rows = list[Finding](), 0
    tidy = set(REQUIRED) <= set(columns)
    if tidy:
        figures = read_figures(frame, dimensions)
        rows = len(figures)
        found = list(chain.from_iterable(names[name](figures) for name in applied if name in names))
        found += derived.totals_over_years(frame, columns, figures) if TOTALS in applied else []
    helpers = [columns[name] for name in HELPERS if name in columns] + list(layouts()["ignored"]["columns"])
    table = read_cells(frame, helpers, columns["value"]) if tidy else read_cells(frame)
    if not tidy and not table.dimensions:
        raise InputError([_nothing_to_compare(frame)], "the frame to check")
    read = {*columns.values(), *(dimensions or (find_dimensions(frame, columns) if tidy else ()))}
    finer = tidy and ({*table.dimensions} <= read or bool(set(HELPERS) & set(columns)))
    for rule in CELL_RULES if finer else (*CELL_RULES, *BARE_RULES):
        found += rule(table) if rule.__name__ in applied else ()
    rows = rows or len(table.cells)
    return ConsistencyReport(_without_repeats(found), rows, applied)


def _nothing_to_compare(frame: pd.DataFrame) -> Problem:
    """Make the problem of a frame without numbers, or without a label that tells them apart."""
    found = f"the columns {', '.join(map(str, frame.columns))}" if len(frame.columns) else "no columns"
    expected = (
        "numbers, and labels that say what they are of: rows with an indicator and a value, or a table as printed"
    )
    return Problem("frame", found, expected, "give the labels of rows and columns with the numbers")


def _without_repeats(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Leave out what another rule already said of the same rows with the same verdict."""
    kept: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        kept.setdefault((frozenset(finding.where), finding.verdict, finding.expected), finding)
    return tuple(kept.values())
