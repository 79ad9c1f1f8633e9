"""One joint pattern for a request: primary rules, then secondary suppression of sums and of numbers of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from si_eval.disclosure.cover import UNITS, Cover, cost_of, width_of, width_of_count
from si_eval.disclosure.estimates import Estimated
from si_eval.disclosure.moves import KnownMoves
from si_eval.disclosure.pattern import System, Target, complete_pattern
from si_eval.disclosure.primary import (
    DIFFERENCE_GROUP,
    FREQUENCY,
    counted_units,
    dominance_class,
    unsafe_count,
    unsafe_sum,
)
from si_eval.disclosure.rules import DisclosureRules
from si_eval.disclosure.sums import Sums, find_sums, join_counts
from si_eval.results import UnitSource

SECONDARY = "secondary"
SECONDARY_WIDTH = 0.01  # a secondary cell need not be protected, but it must not be given back exactly
AUXILIARY_COST = 0.01  # of a number of units that no row is about
LEAST = 1e-9  # the narrowest interval that is sought
MAX_ROUNDS = 5


@dataclass
class Protection:
    """The joint pattern: the cover table, the sums of each block and variable, and why each withheld cell is withheld.

    ``counts_withheld`` are the cells whose number of units is withheld, wherever it stands; ``spreads_withheld`` those
    whose standard error is, though their value is shown, and ``functions_withheld`` those whose mean of logarithms and
    winsorised mean are. ``sources`` know the units of the cells; ``estimates`` of
    effects are shown or withheld by the units that they are over.
    """

    cover: Cover
    rules: DisclosureRules
    sums: dict[tuple[int, str], Sums] = field(default_factory=dict)
    moves: dict[tuple[int, str], KnownMoves] = field(default_factory=dict, repr=False)
    reasons: dict[int, str] = field(default_factory=dict)
    counts_withheld: set[int] = field(default_factory=set)
    spreads_withheld: set[int] = field(default_factory=set)
    functions_withheld: set[int] = field(default_factory=set)
    sources: Mapping[str, UnitSource] = field(default_factory=dict, repr=False)
    estimates: Sequence[Estimated] = ()

    def count_is_withheld(self, cell: int) -> bool:
        """Whether the number of units of a cell is withheld wherever it stands."""
        return cell in self.reasons or cell in self.counts_withheld


def find_pattern(cover: Cover, rules: DisclosureRules, *, always: Iterable[int] = (), exact: bool = True) -> Protection:
    """Decide which cells are withheld.

    ``always`` cells are withheld because an earlier release withheld them. ``exact`` searches small systems for the
    cheapest pattern of all.
    """
    protection = Protection(cover, rules)
    judge(protection, range(len(cover.cells)))
    for number in always:
        protection.reasons.setdefault(number, cover.cells[number].reason or SECONDARY)
    for block in range(len(cover.blocks)):
        _protect_block(protection, block, exact=exact)
    return protection


def judge(protection: Protection, numbers: Iterable[int]) -> None:
    """Keep the reason of each cell that is unsafe by itself."""
    rules = protection.rules
    for number in numbers:
        cell = protection.cover.cells[number]
        if cell.fixed and not any(table >= 0 for table in cell.tables):
            continue
        if cell.is_rest:
            reason = DIFFERENCE_GROUP
        elif cell.variable == UNITS:
            reason = unsafe_count(cell.given, rules) if cell.essential else ""
        elif cell.printed and not cell.follows:
            reason = unsafe_sum(cell.given, cell.squares, cell.smallest, rules) if cell.n else ""
        else:  # a part of a ratio
            few = counted_units(cell.given, rules) < rules.min_units
            reason = FREQUENCY if few else dominance_class(cell.given, rules)
        if reason or cell.reason:
            protection.reasons[number] = reason or cell.reason


def _protect_block(protection: Protection, block: int, *, exact: bool) -> None:
    """Complete the pattern of one universe and year, until nothing is added."""
    cover = protection.cover
    names = dict.fromkeys(cover.cells[number].variable for number in cover.of_block(block))
    variables = [name for name in names if name != UNITS]
    for variable in [*variables, UNITS]:
        first = len(cover.cells)
        protection.sums[block, variable] = find_sums(cover, block, variable, protection.rules)
        judge(protection, range(first, len(cover.cells)))
        _fix_implied(protection, block, variable)
    parts = [protection.sums[block, variable] for variable in [*variables, UNITS]]
    protection.sums[block, UNITS] = join_counts(cover, block, parts)
    for name in (*variables, UNITS):
        sums = protection.sums[block, name]
        protection.moves[block, name] = KnownMoves(sums.values, signed=sums.signed)
    for _ in range(MAX_ROUNDS):
        before = set(protection.reasons)
        for variable in variables:
            _protect_sums(protection, block, variable, exact=exact)
        _protect_counts(protection, block, exact=exact)
        if set(protection.reasons) == before:
            break


def _fix_implied(protection: Protection, block: int, variable: str) -> None:
    """Mark the cells that outsiders can work out from what they had before: withholding them would protect nothing."""
    cover, sums = protection.cover, protection.sums[block, variable]
    fixed = {place for place, several in enumerate(sums.numbers) if any(cover.cells[n].fixed for n in several)}
    again = bool(fixed)
    while again:
        again = False
        for equation in sums.equations:
            free = [place for place in equation if place not in fixed]
            if len(free) == 1:
                fixed.add(free[0])
                again = True
    for place in fixed:
        for number in sums.numbers[place] if place < len(sums.numbers) else ():
            if cover.cells[number].variable == variable:
                cover.cells[number].fixed = True


def _protect_sums(protection: Protection, block: int, variable: str, *, exact: bool) -> None:
    """Complete the pattern of one variable, so that no sum is given back."""
    cells, rules, sums = protection.cover.cells, protection.rules, protection.sums[block, variable]
    home = protection.cover.blocks[block]
    withheld, targets = set(), list[Target]()
    for place, several in enumerate(sums.numbers):
        reasons = [protection.reasons[number] for number in several if number in protection.reasons]
        cell = cells[several[0]]
        if not reasons:
            continue
        if not cell.is_rest:
            withheld.add(place)
        if not any(cells[number].fixed for number in several) and cell.given.absolute != 0:
            width = width_of(cell, rules)
            if set(reasons) == {SECONDARY}:
                width *= SECONDARY_WIDTH / rules.protection
            targets.append(((place,), max(width, LEAST)))
    if not targets:
        return
    judged: dict[bytes, bool] = {}

    def unsafe(union: Sequence[int]) -> bool:
        atoms = sums.atoms_of(union)
        key = np.packbits(atoms).tobytes()
        if key not in judged:
            given = home.contributions(atoms, variable)
            few = counted_units(given, rules) < rules.min_units
            judged[key] = given.absolute > 0 and (few or bool(dominance_class(given, rules)))
        return judged[key]

    def level(union: Sequence[int]) -> float:
        return max(rules.protection * abs(float(sums.values[list(union)].sum())), LEAST)

    system, known = _system(protection, sums, variable), protection.moves[block, variable]
    for place in complete_pattern(system, withheld, targets, unsafe, level, exact=exact, known=known):
        _withhold(protection, sums, place)


def _protect_counts(protection: Protection, block: int, *, exact: bool) -> None:
    """Complete the pattern of the numbers of units of a block, whatever they are of."""
    cells, rules, sums = protection.cover.cells, protection.rules, protection.sums[block, UNITS]
    withheld, targets = set(), list[Target]()
    for place, several in enumerate(sums.numbers):
        unsafe = any(count_is_unsafe(protection, number) for number in several)
        gone = all(number in protection.reasons or cells[number].is_rest for number in several)
        if (unsafe or gone) and not cells[several[0]].is_rest:
            withheld.add(place)
        fixed = any(cells[number].fixed for number in several)
        if not fixed and unsafe:
            targets.append(((place,), width_of_count(float(sums.values[place]))))
        elif not fixed and any(protection.reasons.get(n) == SECONDARY and cells[n].essential for n in several):
            targets.append(((place,), max(SECONDARY_WIDTH * sums.values[place], LEAST)))
    if not targets:
        return

    def unsafe_union(union: Sequence[int]) -> bool:
        return 0 < float(sums.values[list(union)].sum()) < rules.min_units and all(map(is_counted, union))

    def is_counted(place: int) -> bool:
        # Who has no value of a variable is in what is left of another's sum: that sum is protected, not their number.
        several = sums.numbers[place] if place < len(sums.numbers) else ()
        return any(cells[number].variable == UNITS or not cells[number].is_rest for number in several)

    def level(union: Sequence[int]) -> float:
        return width_of_count(float(sums.values[list(union)].sum()))

    system, known = _system(protection, sums, UNITS), protection.moves[block, UNITS]
    for place in complete_pattern(system, withheld, targets, unsafe_union, level, exact=exact, known=known):
        if place not in withheld:
            _withhold(protection, sums, place)
        protection.counts_withheld |= set(sums.numbers[place])


def count_is_unsafe(protection: Protection, number: int) -> bool:
    """Whether the number of units of a cell is unsafe itself, rather than its sum."""
    cell, reason = protection.cover.cells[number], protection.reasons.get(number, "")
    if cell.variable == UNITS:
        return reason not in ("", SECONDARY)
    return not cell.is_rest and reason == FREQUENCY


def _withhold(protection: Protection, sums: Sums, place: int) -> None:
    """Withhold the cells of a place, as secondary ones."""
    for number in sums.numbers[place] if place < len(sums.numbers) else ():
        cell = protection.cover.cells[number]
        if not cell.is_rest and not cell.fixed:
            protection.reasons.setdefault(number, SECONDARY)


def _system(protection: Protection, sums: Sums, variable: str) -> System:
    """Write down the sums for the search of a pattern, with what it costs to withhold each cell."""
    cells = protection.cover.cells
    size = len(sums.values)
    costs, fixed, hidden = np.zeros(size), np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    for place, several in enumerate(sums.numbers):
        hidden[place] = all(cells[number].is_rest for number in several)
        fixed[place] = any(cells[number].fixed for number in several)
        left = [cells[number] for number in several if number not in protection.reasons and not cells[number].is_rest]
        costs[place] = sum(cost_of(cell) for cell in left)
        if variable == UNITS and all(cell.variable == UNITS and not cell.essential for cell in left):
            costs[place] = AUXILIARY_COST if left else AUXILIARY_COST / 10
    return System(sums.values, costs, fixed, hidden, sums.equations, signed=sums.signed)
