"""One joint pattern for a request: primary rules, then secondary suppression of counts and of sums."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from si_eval.disclosure.closure import add_unprinted_cells, derive_unprinted, fill_unprinted, join_totals
from si_eval.disclosure.costs import cost_of
from si_eval.disclosure.cover import UNITS, Cell, Cover, Equation, Place
from si_eval.disclosure.crosses import Cross, complete_cross, find_crosses
from si_eval.disclosure.equations import find_equations
from si_eval.disclosure.pattern import System, Target, complete_pattern
from si_eval.disclosure.primary import dominated, unsafe_class
from si_eval.disclosure.rules import DisclosureRules
from si_eval.vocabulary import ALL

SECONDARY = "secondary"
TIED = "tied to a withheld figure"
COUNT_WIDTH = 0.2  # half-width of the interval of a withheld count, relative; at least 1
SECONDARY_WIDTH = 0.01  # a secondary cell need not be protected, but it must not be given back exactly
AUXILIARY_COST = 0.01
MAX_ROUNDS = 5


@dataclass
class Protection:
    """The joint pattern: the equations of each variable, and why each withheld cell is withheld.

    ``crosses`` are those of each variable and year of which anything is withheld.
    """

    cover: Cover
    rules: DisclosureRules
    equations: dict[str, list[Equation]] = field(default_factory=dict)
    crosses: dict[tuple[str, str], list[Cross]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    counts_withheld: set[tuple[Place, float]] = field(default_factory=set)
    foresight: bool = False
    exact: bool = True

    def count_is_withheld(self, cell: int) -> bool:
        """Whether the number of units of a cell is withheld wherever it stands."""
        entry = self.cover.cells[cell]
        return cell in self.reasons or (entry.place, entry.n) in self.counts_withheld


def find_pattern(
    cover: Cover,
    rules: DisclosureRules,
    *,
    linked: Iterable[tuple[int, int]] = (),
    always: Iterable[int] = (),
    foresight: bool = False,
    exact: bool = True,
) -> Protection:
    """Decide which cells are withheld.

    ``linked`` are pairs of cells of which one gives the other back, so that both go; ``always`` cells are withheld
    because an earlier release withheld them. Counts of one place that are equal in several variables share one
    decision. With ``foresight`` a withheld cell stays open even if a later request asks for it without the few firms
    that two populations differ by. ``exact`` searches small parts for the cheapest pattern of all.
    """
    protection = Protection(cover, rules, foresight=foresight, exact=exact)
    variables = list(dict.fromkeys(cell.variable for cell in cover.cells))
    for variable in variables:
        protection.equations[variable] = _equations_of(cover, variable, rules.min_units)
        _fix_implied(cover, protection.equations[variable])
        _add_up_contributions(cover, protection.equations[variable])
    for number, cell in enumerate(cover.cells):
        reason = unsafe_class(cell, rules)
        if reason or number in set(always):
            protection.reasons[number] = reason or SECONDARY
    pairs = list(linked)
    for _ in range(MAX_ROUNDS):
        before = set(protection.reasons)
        for variable in variables:
            if variable != UNITS:
                _protect_sums(protection, variable)
        _protect_counts(protection)
        _tie(protection, pairs)
        if set(protection.reasons) == before:
            break
    return protection


def _equations_of(cover: Cover, variable: str, min_units: int) -> list[Equation]:
    """Find the equations of a variable, with the unprinted cells between the printed ones where these agree."""
    added = add_unprinted_cells(cover, variable)
    join_totals(cover, variable)
    size = len(cover.cells)
    equations = find_equations(cover, variable, min_units)
    if derive_unprinted(cover, added, equations):
        _forget_remainders(cover, size)
        equations = find_equations(cover, variable, min_units)
    if fill_unprinted(cover, variable, added, equations):
        return equations

    cover.forget(number for number in added if cover.cells[number].unknown)
    _forget_remainders(cover, size)
    return find_equations(cover, variable, min_units)


def _fix_implied(cover: Cover, equations: Sequence[Equation]) -> None:
    """Mark the cells that outsiders can work out from what they had before: withholding them would protect nothing."""
    again = any(cover.cells[number].fixed for equation in equations for number in equation)
    while again:
        again = False
        for equation in equations:
            free = [number for number in equation if not cover.cells[number].fixed]
            if len(free) == 1:
                cover.cells[free[0]].fixed = again = True


def _add_up_contributions(cover: Cover, equations: Sequence[Equation]) -> None:
    """Assign to a whole the largest contributions of its parts, where a stage gave them for the parts only."""
    for equation in equations:
        cells = [(cover.cells[number], factor) for number, factor in equation.items()]
        bare = [(cell, factor) for cell, factor in cells if math.isnan(cell.largest) and not cell.hidden]
        if len(bare) != 1 or bare[0][0].variable == UNITS:
            continue
        (whole, sign), parts = bare[0], [cell for cell, factor in cells if factor != bare[0][1]]
        if len(parts) != len(cells) - 1 or any(math.isnan(cell.largest) or cell.derived for cell in parts):
            continue
        top = sorted((value for cell in parts for value in (cell.largest, cell.second)), reverse=True)
        if sign and len(top) > 1:
            whole.largest, whole.second = top[0], top[1]
            whole.absolute = max(abs(whole.total), sum(cell.absolute for cell in parts))


def _forget_remainders(cover: Cover, size: int) -> None:
    """Take the remainders of equations that are found anew out of every sum."""
    for cell in cover.cells[size:]:
        cell.loose, cell.unknown, cell.n, cell.total = True, False, math.nan, math.nan


def _protect_sums(protection: Protection, variable: str) -> None:
    """Complete the pattern of one indicator, so that no sum is given back."""
    cells, rules = protection.cover.cells, protection.rules
    mine = [n for n, cell in enumerate(cells) if cell.variable == variable and not math.isnan(cell.value)]
    place = {number: position for position, number in enumerate(mine)}
    values = np.array([cells[number].value for number in mine])
    signed = any(not cells[number].hidden and cells[number].value < 0 for number in mine)

    def unsafe(union: Sequence[int]) -> bool:
        return _unsafe_union([cells[mine[position]] for position in union], rules)

    def level(union: Sequence[int]) -> float:
        return max(rules.protection * abs(float(sum(values[position] for position in union))), 1e-9)

    targets: list[Target] = []
    for number in mine:
        reason = protection.reasons.get(number, "")
        if number in protection.reasons and (not cells[number].fixed):
            width = rules.protection if reason not in (SECONDARY, TIED) else SECONDARY_WIDTH
            contribution = 0.0 if math.isnan(cells[number].largest) else cells[number].largest
            room = width * max(abs(values[place[number]]), contribution)
            if protection.foresight and reason not in (SECONDARY, TIED):
                room += (1 - width) * _largest_difference(protection, cells[number])
            targets.append(((place[number],), max(room, 1e-9)))
    _complete(protection, mine, values, protection.equations[variable], targets, unsafe, level, signed=signed)
    for cross in _crosses(protection, variable):
        _protect_in_cross(protection, cross, signed=signed)


def _crosses(protection: Protection, variable: str) -> list[Cross]:
    """List the crosses of a variable in the years of which anything is withheld."""
    cover = protection.cover
    withheld = [cover.cells[number] for number in protection.reasons]
    years = dict.fromkeys(cell.place.year for cell in withheld if cell.variable == variable and not cell.hidden)
    for year in years:
        if (variable, year) not in protection.crosses:
            protection.crosses[variable, year] = find_crosses(cover, variable, year, protection.rules.min_units)
    return [cross for year in years for cross in protection.crosses[variable, year]]


def _protect_in_cross(protection: Protection, cross: Cross, *, signed: bool) -> None:
    """Complete the pattern of one indicator against an outsider who writes down the finest cross of its cells."""
    cells = [protection.cover.cells[number] for number in cross.cells]
    withheld = {place for place, number in enumerate(cross.cells) if number in protection.reasons}
    targets: list[Target] = []
    for place in sorted(withheld):
        cell, primary = cells[place], _is_primary(protection, cross.cells[place])
        contribution = 0.0 if math.isnan(cell.largest) else cell.largest
        width = protection.rules.protection if primary else SECONDARY_WIDTH
        if not cell.fixed and (primary or not cross.guessed):
            targets.append(((place,), max(width * max(abs(cell.value), contribution), 1e-9)))
    values = np.concatenate([[cell.value for cell in cells], cross.sums])
    for place in complete_cross(cross, cells, values, withheld, targets, signed=signed):
        if not cells[place].fixed:
            protection.reasons.setdefault(cross.cells[place], SECONDARY)


def _protect_counts_in_cross(protection: Protection, cross: Cross, alike: Mapping[object, Sequence[int]]) -> None:
    """Complete the pattern of the counts against the same outsider; ``alike`` lists the cells by place and count."""
    cells = [protection.cover.cells[number] for number in cross.cells]
    withheld = {place for place, number in enumerate(cross.cells) if protection.count_is_withheld(number)}
    targets: list[Target] = [
        ((place,), max(1.0, COUNT_WIDTH * cells[place].n) if unsafe else max(SECONDARY_WIDTH * cells[place].n, 1e-9))
        for place in sorted(withheld)
        for unsafe in [_is_primary(protection, cross.cells[place]) and _is_count_reason(cells[place], protection.rules)]
        if not cells[place].fixed and (unsafe or (cross.cells[place] in protection.reasons and not cross.guessed))
    ]
    values = np.concatenate([[cell.n for cell in cells], cross.counts])
    for place in complete_cross(cross, cells, values, withheld, targets, signed=False) - withheld:
        _withhold_count(protection, alike[cells[place].place, cells[place].n])


def _is_primary(protection: Protection, number: int) -> bool:
    return protection.reasons.get(number, SECONDARY) not in (SECONDARY, TIED)


def _largest_difference(protection: Protection, cell: Cell) -> float:
    """Return the most that the few firms between two populations can contribute to a cell."""
    few = [
        min(abs(other.total), abs(cell.total))
        for other in protection.cover.cells
        if other.variable == cell.variable
        and other.hidden
        and 0 < other.n < protection.rules.min_units
        and not other.unknown
        and not other.fixed
        and all(wide in (ALL, own) for wide, own in zip(other.place, cell.place, strict=True))
    ]
    return max(few, default=0.0)


def _protect_counts(protection: Protection) -> None:
    """Complete the pattern of the counts; equal counts of one place are one cell, whatever they count."""
    cells = protection.cover.cells
    nodes: dict[object, int] = {}
    members: list[list[int]] = []
    node_of: dict[int, int] = {}
    for number, cell in enumerate(cells):
        if (
            cell.loose
            or math.isnan(cell.n)
            or (cell.hidden and not (cell.unknown or cell.derived or cell.empty) and cell.variable != UNITS)
        ):
            continue
        key = number if cell.hidden else (cell.place, cell.n)
        if key not in nodes:
            nodes[key] = len(members)
            members.append([])
        node_of[number] = nodes[key]
        members[nodes[key]].append(number)
    equations: dict[tuple[tuple[int, float], ...], None] = {}
    for equation in (one for several in protection.equations.values() for one in several):
        if all(number in node_of for number in equation):
            merged: Equation = defaultdict(float)
            for number, factor in equation.items():
                merged[node_of[number]] += factor
            equations[tuple(sorted((node, factor) for node, factor in merged.items() if factor))] = None
    values = np.array([cells[several[0]].n for several in members])
    primary = {
        node: value
        for node, value in enumerate(values)
        if any(
            _is_primary(protection, number) and _is_count_reason(cells[number], protection.rules)
            for number in members[node]
        )
    }
    targets: list[Target] = [((node,), max(1.0, COUNT_WIDTH * value)) for node, value in primary.items()]
    pattern = _complete_counts(protection, members, values, list(equations), targets, set(primary))
    for node in pattern:
        _withhold_count(protection, members[node])
    alike = {key: members[node] for key, node in nodes.items()}
    for variable in protection.equations:
        for cross in _crosses(protection, variable):
            _protect_counts_in_cross(protection, cross, alike)


def _withhold_count(protection: Protection, numbers: Iterable[int]) -> None:
    """Withhold the count of cells that are one."""
    for number in numbers:
        cell = protection.cover.cells[number]
        protection.counts_withheld.add((cell.place, cell.n))
        if not cell.hidden and not cell.fixed:
            protection.reasons.setdefault(number, SECONDARY)


def _is_count_reason(cell: Cell, rules: DisclosureRules) -> bool:
    """Whether the count itself is unsafe, rather than the sum of the cell."""
    counted = cell.n if math.isnan(cell.counted) else cell.counted
    return counted < rules.min_units or cell.variable == UNITS


def _complete_counts(
    protection: Protection,
    members: Sequence[Sequence[int]],
    values: np.ndarray,
    equations: Sequence[tuple[tuple[int, float], ...]],
    targets: Sequence[Target],
    withheld: set[int],
) -> set[int]:
    cells, rules = protection.cover.cells, protection.rules
    gone = {
        node
        for node, several in enumerate(members)
        if all(number in protection.reasons or cells[number].hidden for number in several)
    }
    costs = np.array(
        [
            AUXILIARY_COST
            if all(cells[number].auxiliary for number in several)
            else sum(cost_of(cells[number]) for number in several if number not in protection.reasons)
            for several in members
        ]
    )
    costs = np.maximum(costs, AUXILIARY_COST / 10)
    counted = [min(_counted(cells[number]) for number in several) for several in members]

    def unsafe(union: Sequence[int]) -> bool:
        return 0 < sum(counted[node] for node in union) < rules.min_units

    def level(union: Sequence[int]) -> float:
        return max(1.0, COUNT_WIDTH * float(sum(values[node] for node in union)))

    system = System(
        values=values,
        costs=costs,
        fixed=np.array([any(cells[number].fixed for number in several) for several in members], dtype=bool),
        hidden=np.array([all(cells[number].hidden for number in several) for several in members], dtype=bool),
        equations=tuple(dict(equation) for equation in equations),
    )
    # A count that is printed nowhere because its sums are withheld moves at hardly any cost.
    costs[sorted(gone)] = AUXILIARY_COST / 10
    return (
        complete_pattern(system, withheld, targets, unsafe, level, exact=protection.exact) if targets else set(withheld)
    )


def _counted(cell: Cell) -> float:
    return cell.n if math.isnan(cell.counted) else cell.counted


def _complete(
    protection: Protection,
    mine: Sequence[int],
    values: np.ndarray,
    equations: Sequence[Equation],
    targets: Sequence[Target],
    unsafe: Callable[[Sequence[int]], bool],
    level: Callable[[Sequence[int]], float],
    *,
    signed: bool,
) -> None:
    """Complete the pattern of one indicator and write the added cells down as secondary."""
    if not targets:
        return
    cells = protection.cover.cells
    place = {number: position for position, number in enumerate(mine)}
    system = System(
        values=values,
        costs=np.array([cost_of(cells[number]) for number in mine]),
        fixed=np.array([cells[number].fixed for number in mine], dtype=bool),
        hidden=np.array([cells[number].hidden for number in mine], dtype=bool),
        equations=tuple({place[number]: factor for number, factor in equation.items()} for equation in equations),
        signed=signed,
    )
    withheld = {place[number] for number in mine if number in protection.reasons and not cells[number].hidden}
    for position in complete_pattern(system, withheld, targets, unsafe, level, exact=protection.exact):
        if not cells[mine[position]].fixed:
            protection.reasons.setdefault(mine[position], SECONDARY)


def _unsafe_union(cells: Sequence[Cell], rules: DisclosureRules) -> bool:
    """Judge the sum of withheld cells, which is known where the rest of an equation is shown."""
    if sum(_counted(cell) for cell in cells) < rules.min_units:
        return True
    contributions = [value for cell in cells for value in (cell.largest, cell.second) if not math.isnan(value)]
    if len(contributions) < 2 * len(cells):
        return False
    largest, second = sorted(contributions, reverse=True)[:2]
    total = sum(cell.absolute for cell in cells)
    return largest > 0 and dominated(largest, second, total, rules)


def _tie(protection: Protection, pairs: Sequence[tuple[int, int]]) -> None:
    """Withhold what gives a withheld figure back through a ratio of sums."""
    for first, second in pairs:
        for one, other in ((first, second), (second, first)):
            if one in protection.reasons and not protection.cover.cells[other].fixed:
                protection.reasons.setdefault(other, TIED)
