"""The sums among the cells of a block and variable: which cells make up others, what is left, and the atoms of all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from si_eval.disclosure.cover import UNITS, Block, Cover
from si_eval.disclosure.primary import counted_units, dominance_class
from si_eval.disclosure.rules import DisclosureRules
from si_eval.stats import BoolArray, FloatArray, IntArray

Equation = dict[int, float]
Family = tuple[str, tuple[str, ...]]  # a population and the columns of a split with its filter
DOUBT = 1.5  # a group of units contributes at most so many times what the sum of squares allows one unit


@dataclass(frozen=True)
class Sums:
    """A system of sums: places of cells, then places of atoms that no cell is.

    ``numbers`` are the cells of the cover table at the first places, several where they are over the same atoms.
    ``members`` says which elementary atoms each place has, shape (places, atoms); ``atoms`` which units' atoms each
    elementary one joins, as numbers of shape (atoms of the block,), -1 for those that no cell has.
    """

    numbers: tuple[tuple[int, ...], ...]
    members: BoolArray
    joined: IntArray
    values: FloatArray
    equations: tuple[Equation, ...]
    signed: bool

    def atoms_of(self, places: Iterable[int]) -> BoolArray:
        """Return the atoms of the block that some places have together."""
        some = np.append(self.members[list(places)].any(axis=0), False)
        return some[self.joined]

    def places_of_atoms(self) -> IntArray:
        """Return a place that has each elementary atom alone."""
        alone = np.flatnonzero(self.members.sum(axis=1) == 1)
        places = np.zeros(self.members.shape[1], dtype=np.int64)
        places[self.members[alone].argmax(axis=1)] = alone
        return places


def find_sums(cover: Cover, block: int, variable: str, rules: DisclosureRules) -> Sums:
    """Find the sums among the cells of a variable, or among numbers of units that rows are about.

    What is left between a whole and its parts, or between two populations, is added to the cover table as a hidden
    cell where it breaks a rule itself, and so is every atom that does: an outsider who subtracts has it.
    """
    home = cover.blocks[block]
    counts = variable == UNITS
    mine = [
        number
        for number in cover.of_block(block, variable)
        if cover.cells[number].atoms.any() and (counts or not cover.cells[number].hidden)
    ]
    if not mine:
        return Sums((), np.zeros((0, 0), dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0), (), signed=False)
    nodes = _distinct(cover, mine)
    masks = np.array([cover.cells[several[0]].atoms for several in nodes])
    joined, elementary = _join_atoms(masks)
    known = home.sums(variable)
    weights = known.n_units if counts else known.total
    value = _added(joined, weights, elementary.shape[1])
    measures = () if counts else (known.absolute, known.squares, known.alone, known.shared)
    spread = [_added(joined, one, elementary.shape[1]) for one in measures]
    units = _added(joined, home.n_units if counts else known.n_units, elementary.shape[1])
    listed = _Listed(elementary, units, spread, joined)
    for atoms in _unsafe_rests(cover, home, listed, nodes, rules, variable):
        number = cover.add(block, variable, listed.of_block(atoms))
        if number not in mine:
            mine.append(number)
    nodes = _distinct(cover, mine)
    masks = np.array([cover.cells[several[0]].atoms for several in nodes])
    inside = np.array([listed.elementary_of(mask) for mask in masks])
    return _system(cover, nodes, inside, joined, value, signed=not counts and bool((known.smallest < 0).any()))


def join_counts(cover: Cover, block: int, parts: Sequence[Sums]) -> Sums:
    """Join the numbers of units of all variables of a block: those that are over the same atoms are one.

    Those of atoms that no cell is stay apart by variable: nobody but who has the data knows that they are the same.
    """
    home = cover.blocks[block]
    numbers = _distinct(cover, [n for n in cover.of_block(block) if cover.cells[n].atoms.any()])
    masks = [cover.cells[several[0]].atoms for several in numbers]
    place_of_cell = {number: place for place, several in enumerate(numbers) for number in several}
    equations: dict[tuple[tuple[int, float], ...], None] = {}
    for part in parts:
        place_of = [place_of_cell[several[0]] for several in part.numbers]
        for place in range(len(part.numbers), len(part.values)):
            place_of.append(len(masks))
            masks.append(part.atoms_of([place]))
        for equation in part.equations:
            equations[tuple(sorted((place_of[place], factor) for place, factor in equation.items()))] = None
    members = np.array(masks, dtype=bool).reshape(len(masks), len(home.n_units))
    same = np.arange(members.shape[1])
    counts = tuple(dict(one) for one in equations)
    return Sums(tuple(numbers), members, same, members @ home.n_units, counts, signed=False)


@dataclass(frozen=True)
class _Listed:
    """Cells over elementary atoms, shape (cells, atoms); of each atom its units, and what else `_Size` has."""

    inside: BoolArray
    units: FloatArray
    spread: Sequence[FloatArray]
    joined: IntArray

    def of_block(self, atoms: BoolArray) -> BoolArray:
        return np.append(atoms, False)[self.joined]

    def elementary_of(self, mask: BoolArray) -> BoolArray:
        found = np.zeros(self.inside.shape[1], dtype=bool)
        found[self.joined[mask & (self.joined >= 0)]] = True
        return found


def _distinct(cover: Cover, numbers: Sequence[int]) -> list[tuple[int, ...]]:
    """Group the cells that are over the same atoms."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for number in numbers:
        found[np.packbits(cover.cells[number].atoms).tobytes()].append(number)
    return [tuple(several) for several in found.values()]


def _join_atoms(masks: BoolArray) -> tuple[IntArray, BoolArray]:
    """Join the atoms that are in the same cells: the number of each atom's set, and which cells have each set."""
    packed = np.ascontiguousarray(np.packbits(masks, axis=0).T)
    keys = packed.view(f"V{packed.shape[1]}").ravel()
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    patterns = masks[:, first]
    kept = patterns.any(axis=0)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    return number[place.ravel()].astype(np.int64), patterns[:, kept]


def _added(joined: IntArray, weights: FloatArray, size: int) -> FloatArray:
    inside = joined >= 0
    return np.bincount(joined[inside], weights[inside], size).astype(float)


def _unsafe_rests(
    cover: Cover,
    home: Block,
    listed: _Listed,
    nodes: Sequence[tuple[int, ...]],
    rules: DisclosureRules,
    variable: str,
) -> Iterator[BoolArray]:
    """List what is unsafe itself among the atoms, and among what is left of a cell without a smaller one or its parts.

    Of numbers of units no single atoms count.
    """
    inside = listed.inside
    families = _families(cover, nodes)
    seen = {row.tobytes() for row in inside}
    alone = variable != UNITS and home.knows_units
    candidates = list(np.eye(inside.shape[1], dtype=bool)) if alone else []
    common, size, within = _nesting(inside)
    sizes = np.array([inside @ one for one in (listed.units, *listed.spread)])
    for small, wide in zip(*np.nonzero(within), strict=True):
        left = _Size(*(sizes[:, wide] - sizes[:, small]).tolist())
        if _in_doubt(left, rules, largest=cover.cells[nodes[wide][0]].given.holding_largest):
            candidates.append(inside[wide] & ~inside[small])
    for wide, parts in _tilings(common, size, within, families):
        candidates.append(inside[wide] & ~inside[list(parts)].any(axis=0))
    for union in _unions_of_splits(cover, nodes, inside):
        candidates += [union & ~row for row in inside if not (row & ~union).any()]
    for atoms in candidates:
        key = atoms.tobytes()
        if key in seen or not atoms.any():
            continue
        seen.add(key)
        left = _Size(*(float(atoms @ one) for one in (listed.units, *listed.spread)))
        if not listed.spread:
            if 0 < left.units < rules.min_units:
                yield atoms
        elif _in_doubt(left, rules, largest=math.inf):
            given = home.contributions(listed.of_block(atoms), variable)
            few = counted_units(given, rules) < rules.min_units
            if given.absolute > 0 and (few or dominance_class(given, rules)):
                yield atoms


class _Size(NamedTuple):
    """Of a union: its number of units, the sums of absolute values and of squares, and of holdings as in `AtomSums`."""

    units: float
    absolute: float = math.nan
    squares: float = math.nan
    alone: float = math.nan
    shared: float = 0.0


def _unions_of_splits(cover: Cover, nodes: Sequence[tuple[int, ...]], inside: BoolArray) -> Iterator[BoolArray]:
    """List what cells that differ in one column have together, where they are disjoint: their sum is printed."""
    splits: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for place, several in enumerate(nodes):
        for definition in (one for number in several for one in cover.cells[number].definitions):
            for condition in definition.units.where:
                others = tuple(one for one in definition.units.where if one is not condition)
                splits[definition.units.population, condition[0], others].add(place)
    for places in splits.values():
        parts = inside[sorted(places)]
        if len(parts) > 1 and int(parts.sum(axis=0).max()) == 1:
            yield np.asarray(parts.any(axis=0))


def _in_doubt(size: _Size, rules: DisclosureRules, *, largest: float) -> bool:
    """Whether a union may be unsafe: few units or holdings, or one that may dominate.

    No unit contributes more than the sum of squares allows, no holding more than all that share one do, or ``largest``.
    """
    by_unit = rules.unit == "unit" and not rules.public_units
    if size.units < rules.min_units or (not by_unit and size.alone < rules.min_units):
        return size.units > 0
    if math.isnan(size.squares):
        return False
    most = DOUBT * math.sqrt(max(size.squares, 0.0))
    if not by_unit:
        most = max(most, min(size.shared, math.inf if math.isnan(largest) else largest))
    total = size.absolute - (size.shared if rules.public_units else 0.0)
    dominant = any(n * most > share * total for n, share in rules.dominance)
    return dominant or total - 2 * most < rules.p_percent / 100 * most


def _families(cover: Cover, nodes: Sequence[tuple[int, ...]]) -> dict[Family, list[int]]:
    """List the cells of each split: those whose sets of units are told by the same columns of one population."""
    families: dict[Family, list[int]] = defaultdict(list)
    for place, several in enumerate(nodes):
        for number in several:
            for definition in cover.cells[number].definitions:
                columns = tuple(column for column, _ in definition.units.where)
                family = families[definition.units.population, columns]
                if not family or family[-1] != place:
                    family.append(place)
    return families


def _nesting(inside: BoolArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Count the atoms that cells have in common, and say which cell lies within which other."""
    common = (inside.astype(np.float32) @ inside.T.astype(np.float32)).astype(np.int64)
    size = np.diag(common)
    within = (common == size[:, None]) & (size[:, None] < size[None, :])
    return common, size, within


def _tilings(
    common: IntArray, size: IntArray, within: BoolArray, families: Mapping[Family, Sequence[int]]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """List wholes with disjoint cells of one split that lie within them, the widest and the narrowest ones first."""
    found: set[tuple[int, tuple[int, ...]]] = set()
    columns_of: dict[int, int] = {}
    for (_, columns), places in families.items():
        for place in places:
            columns_of[place] = min(columns_of.get(place, len(columns)), len(columns))
    for (_, columns), places in families.items():
        several = np.array(places)
        for wide in range(len(size)):
            if len(columns) > columns_of.get(wide, len(columns)) + 1:
                continue
            parts = several[within[several, wide]]
            if len(parts) < 2:
                continue
            shared = common[np.ix_(parts, parts)]
            if np.count_nonzero(shared) == len(parts):
                choices = [tuple(parts.tolist())]
            else:
                order = parts[np.argsort(size[parts], kind="stable")]
                choices = [_disjoint(order, common), _disjoint(order[::-1], common)]
            for choice in choices:
                tiling = (wide, tuple(sorted(choice)))
                if len(choice) > 1 and tiling not in found:
                    found.add(tiling)
                    yield tiling


def _disjoint(order: IntArray, common: IntArray) -> tuple[int, ...]:
    """Choose disjoint cells, the first first."""
    chosen: list[int] = []
    for place in order.tolist():
        if not common[place, chosen].any():
            chosen.append(place)
    return tuple(chosen)


def _system(
    cover: Cover,
    nodes: Sequence[tuple[int, ...]],
    inside: BoolArray,
    joined: IntArray,
    value: FloatArray,
    *,
    signed: bool,
) -> Sums:
    """Write down the sums: every cell is the sum of its parts, or else of its atoms."""
    atoms = inside.shape[1]
    place_of_atom = {
        int(np.flatnonzero(row)[0]): place for place, row in enumerate(inside) if np.count_nonzero(row) == 1
    }
    loose = [atom for atom in range(atoms) if atom not in place_of_atom]
    place_of_atom |= {atom: len(nodes) + place for place, atom in enumerate(loose)}
    members = np.vstack([inside, np.eye(atoms, dtype=bool)[loose]]) if loose else inside
    equations: dict[tuple[tuple[int, float], ...], None] = {}
    whole: set[int] = set()
    common, size, within = _nesting(inside)
    for wide, parts in _tilings(common, size, within, _families(cover, nodes)):
        rest = inside[wide] & ~inside[list(parts)].any(axis=0)
        equation = {wide: 1.0, **dict.fromkeys(parts, -1.0)}
        if not rest.any():
            whole.add(wide)
        else:
            equation |= {place_of_atom[int(atom)]: -1.0 for atom in np.flatnonzero(rest)}
        equations[tuple(sorted(equation.items()))] = None
    for place, row in enumerate(inside):
        if place not in whole and np.count_nonzero(row) > 1:
            equation = {place: 1.0, **{place_of_atom[int(atom)]: -1.0 for atom in np.flatnonzero(row)}}
            equations[tuple(sorted(equation.items()))] = None
    return Sums(tuple(nodes), members, joined, members @ value, tuple(dict(one) for one in equations), signed=signed)
