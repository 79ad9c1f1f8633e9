"""The sums among the cells of the cover table: splits, nested and merged classes, versions, and what they leave."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from si_eval.disclosure.cover import AND, Cell, Cover, Equation, Place, same_sum
from si_eval.disclosure.nesting import OPEN, RANGE, Atoms, atoms_of, largest_disjoint, tilings
from si_eval.vocabulary import ALL, CATEGORY, GROUP, NON_PARTICIPANTS, PARTICIPANTS, SECTOR, SIZE_CLASS

EVERYWHERE = -1  # stands for a table where the parts come from all tables
MAX_VERSIONS = 6
BOTH = 2  # dimensions
MAX_LABELS = 12
Full = dict[frozenset[str], list[Place]]


def find_equations(cover: Cover, variable: str, min_units: int) -> list[Equation]:
    """List the sums that hold among the cells of one variable; remainders are added as hidden cells.

    Margins against their splits along each dimension, by table and over all tables; nested and merged classes; both
    groups against all; versions of one cell whose populations differ; and pairs of cells of which one holds the other
    and few units more (fewer than ``min_units``).
    """
    present = [
        number
        for number, cell in enumerate(cover.cells)
        if cell.variable == variable
        and not cell.loose
        and (cell.unknown or cell.derived or cell.empty or (not cell.hidden and _known(cell)))
    ]
    found: dict[tuple[tuple[int, float], ...], None] = {}
    filled = _full_splits(cover, present)
    for whole, parts in _splits(cover, present):
        equation = _equation(cover, whole, parts, filled)
        found[tuple(sorted(equation.items()))] = None
    for cells in _by_place(cover, present).values():
        for first, second in combinations(cells[:MAX_VERSIONS], 2):
            larger, smaller = sorted((first, second), key=lambda number: -cover.cells[number].n)
            found[tuple(sorted(_equation(cover, larger, (smaller,), filled).items()))] = None
    for larger, smaller in _nested(cover, present, min_units):
        found[tuple(sorted(_equation(cover, larger, (smaller,), filled).items()))] = None
    return [dict(equation) for equation in found]


def splits_without_whole(cover: Cover, variable: str) -> dict[int, list[tuple[int, ...]]]:
    """List, for each unprinted cell, the sets of printed cells that may make it up."""
    present = [n for n, cell in enumerate(cover.cells) if cell.variable == variable and not cell.loose]
    present = [n for n in present if cover.cells[n].unknown or (not cover.cells[n].hidden and _known(cover.cells[n]))]
    found: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for whole, parts in _splits(cover, present):
        known = not any(cover.cells[number].unknown for number in parts)
        if known and whole is not None and cover.cells[whole].unknown and len(parts) > 1:
            found[whole].append(parts)
    return found


def _nested(cover: Cover, present: Sequence[int], min_units: int) -> Iterator[tuple[int, int]]:
    """List the pairs of cells of which one holds the other and fewer than ``min_units`` units more.

    Pairs that differ in one dimension are in the splits already.
    """
    known = [number for number in present if not cover.cells[number].unknown and cover.cells[number].n >= min_units]
    known.sort(key=lambda number: cover.cells[number].n)
    atoms = {name: atoms_of({getattr(cover.cells[n].place, name) for n in known}) for name in (SIZE_CLASS, SECTOR)}
    for position, smaller in enumerate(known):
        for larger in known[position + 1 :]:
            if cover.cells[larger].n >= cover.cells[smaller].n + min_units:
                break
            if cover.cells[larger].n > cover.cells[smaller].n and _holds(
                cover.cells[larger].place, cover.cells[smaller].place, atoms
            ):
                yield larger, smaller


def _holds(wide: Place, narrow: Place, atoms: Mapping[str, Mapping[str, Atoms]]) -> bool:
    """Whether every unit of one place stands in the other, which is another."""
    differ = sum(one != other for one, other in zip(wide, narrow, strict=True))
    if differ < BOTH or wide.year != narrow.year or wide.group not in (ALL, narrow.group):
        return False
    for name, pieces in atoms.items():
        outer, inner = getattr(wide, name), getattr(narrow, name)
        if outer not in (ALL, inner) and (inner == ALL or not pieces[inner] <= pieces[outer]):
            return False
    return wide.category == ALL or set(wide.category.split(AND)) <= set(narrow.category.split(AND))


def _known(cell: Cell) -> bool:
    return not math.isnan(cell.n) and not math.isnan(cell.value)


def _by_place(cover: Cover, present: Sequence[int]) -> dict[Place, list[int]]:
    places: dict[Place, list[int]] = defaultdict(list)
    for number in present:
        places[cover.cells[number].place].append(number)
    return places


def _splits(cover: Cover, present: Sequence[int]) -> Iterator[tuple[int | None, tuple[int, ...]]]:
    """Return each whole with the cells that are its parts; no whole where two sets of parts make up the same."""
    places = _by_place(cover, present)
    for dimension in (GROUP, SIZE_CLASS, SECTOR, CATEGORY):
        contexts: dict[tuple[Place, str], dict[str, Place]] = defaultdict(dict)
        for place in places:
            for context, name in _contexts(place, dimension):
                contexts[context][name] = place
        for (_, _), labels in contexts.items():
            if len(labels) > 1:
                yield from _splits_of(cover, places, labels, dimension)


def _contexts(place: Place, dimension: str) -> Iterator[tuple[tuple[Place, str], str]]:
    """List the sets of cells that a place can be summed with along a dimension, and its label in that set."""
    label = getattr(place, dimension)
    rest = place._replace(**{dimension: ""})
    if dimension != CATEGORY or label == ALL or AND not in label:
        yield (rest, ""), label
    if dimension == CATEGORY and label != ALL:
        tokens = label.split(AND)
        yield (rest, label), ALL  # the whole of every category that narrows it
        for position, token in enumerate(tokens):
            if len(tokens) > 1:
                yield (rest, AND.join(tokens[:position] + tokens[position + 1 :])), token


def _splits_of(
    cover: Cover, places: Mapping[Place, list[int]], labels: Mapping[str, Place], dimension: str
) -> Iterator[tuple[int | None, tuple[int, ...]]]:
    """List the splits among the labels of one dimension, everything else being equal."""
    if dimension == GROUP:
        labels = {name: place for name, place in labels.items() if name in (ALL, PARTICIPANTS, NON_PARTICIPANTS)}
    atoms = atoms_of(labels)
    tables = sorted(
        {table for place in labels.values() for number in places[place] for table in cover.cells[number].tables}
    )
    sets: dict[tuple[int, ...], dict[str, int]] = {}
    for table in [EVERYWHERE, *tables]:
        members = {}
        for name in atoms:
            versions = places[labels[name]]
            own = versions if table == EVERYWHERE else [n for n in versions if table in cover.cells[n].tables]
            if own:
                members[name] = own[0]
        if members:
            sets.setdefault(tuple(sorted(members.values())), members)
    alone = dimension == CATEGORY and not all(RANGE.fullmatch(name) or OPEN.fullmatch(name) for name in atoms)
    wholes = {name: [(atoms[name], whole) for whole in places[labels[name]]] for name in atoms}
    for place_in_list, members in enumerate(sets.values()):
        if alone and place_in_list == 0 and len(sets) > 1:
            yield from _exact_sets(cover, places.get(labels[ALL], []) if ALL in labels else [], members)
            continue
        pieces = {name: atoms[name] for name in members}
        universe: Atoms = frozenset().union(*pieces.values())
        every = [(universe, whole) for whole in places[labels[ALL]]] if ALL in labels else []
        yield from _tiled(every, pieces, members, no_whole=not every)
        for name, targets in wholes.items():
            smaller = {
                label: piece
                for label, piece in pieces.items()
                if piece < atoms[name] or (piece == atoms[name] and label < name)
            }
            if smaller:
                yield from _tiled(targets, smaller, members, no_whole=False)


def _tiled(
    targets: Sequence[tuple[Atoms, int]], pieces: dict[str, Atoms], members: Mapping[str, int], *, no_whole: bool
) -> Iterator[tuple[int | None, tuple[int, ...]]]:
    """List every way in which the pieces make up a whole; the widest disjoint ones where none does so exactly."""
    universe: Atoms = frozenset().union(*pieces.values())
    goals: Sequence[tuple[Atoms, int | None]] = targets or [(universe, None)]
    for target, whole in goals:
        ways = tilings(target, pieces) or [largest_disjoint(target, pieces)]
        sets = [tuple(members[label] for label in way) for way in ways]
        if whole is not None:
            yield from ((whole, parts) for parts in sets)
        elif no_whole and len(sets) > 1:
            first, *others = sets
            for parts in others:
                yield None, (*(number for number in first), -1, *(number for number in parts))


def _exact_sets(
    cover: Cover, wholes: Sequence[int], members: Mapping[str, int]
) -> Iterator[tuple[int | None, tuple[int, ...]]]:
    """Find the categories of several tables that add up to a whole exactly, because they may be a split of it."""
    names = sorted(members)[:MAX_LABELS]
    for whole in wholes:
        target = cover.cells[whole]
        for size in range(2, len(names) + 1):
            for chosen in combinations(names, size):
                parts = [cover.cells[members[name]] for name in chosen]
                if sum(part.n for part in parts) == target.n and math.isclose(
                    sum(part.value for part in parts), target.value, rel_tol=1e-6
                ):
                    yield whole, tuple(members[name] for name in chosen)


def _full_splits(cover: Cover, present: Sequence[int]) -> Full:
    """List the sets of labels that make up their whole without a remainder, and where: they do so within that too."""
    full: Full = defaultdict(list)
    for whole, parts in _splits(cover, present):
        numbers = [number for number in (whole, *parts) if number is not None and number >= 0]
        if whole is None or any(cover.cells[number].unknown for number in numbers):
            continue
        if cover.cells[whole].n == sum(cover.cells[number].n for number in parts):
            full[_labels(cover, whole, parts)].append(cover.cells[whole].place)
    return full


def _labels(cover: Cover, whole: int, parts: Sequence[int]) -> frozenset[str]:
    """Return the labels of the parts in the dimension that splits the whole, with that of the whole."""
    top = cover.cells[whole].place
    below = [cover.cells[number].place for number in parts]
    names = [name for name in Place._fields if any(getattr(place, name) != getattr(top, name) for place in below)]
    return frozenset(f"{name}:{getattr(place, name)}" for name in names for place in (top, *below))


def _equation(cover: Cover, whole: int | None, parts: Sequence[int], filled: Full) -> Equation:
    """Write whole = parts + remainder; the remainder is a hidden cell where there is one."""
    equation: Equation = defaultdict(float)
    sign = -1.0
    for number in parts:
        if number < 0:
            sign = 1.0
            continue
        equation[number] += sign
    if whole is not None:
        equation[whole] += 1.0
    equation = {number: factor for number, factor in equation.items() if factor}
    cells = [(cover.cells[number], factor) for number, factor in equation.items()]
    if any(cell.unknown for cell, _ in cells):
        exact = whole is None or _names_union(cover, whole, parts) or _is_full(cover, whole, parts, filled)
        if exact:
            return equation
        rest = cover.open_cell(cells[0][0].variable, cover.cells[whole or 0].place)
        cover.forget_place(rest)
        return {**equation, rest: -1.0}
    n = sum(factor * cell.n for cell, factor in cells)
    value = sum(factor * cell.value for cell, factor in cells)
    scale = max((abs(cell.value) for cell, _ in cells), default=1.0)
    if n == 0 and abs(value) <= 1e-7 * max(scale, 1.0):
        return equation
    side = 1.0 if n > 0 or (n == 0 and value > 0) else -1.0
    whole_side = [cell for cell, factor in cells if factor == side]
    part_side = [cell for cell, factor in cells if factor == -side]
    largest, second = _contributions(whole_side, part_side)
    first = whole_side[0] if whole_side else cells[0][0]
    remainder = cover.hide(first.variable, first.place, abs(n), side * value, largest=largest, second=second)
    return {**equation, remainder: -side}


def _is_full(cover: Cover, whole: int, parts: Sequence[int], filled: Full) -> bool:
    """Whether the parts make up the whole, here or in a cell that holds all of it."""
    place = cover.cells[whole].place
    return any(
        all(wide in (ALL, own) for wide, own in zip(wider, place, strict=True))
        for wider in filled.get(_labels(cover, whole, parts), ())
    )


def _names_union(cover: Cover, whole: int, parts: Sequence[int]) -> bool:
    """Whether the label of the whole names exactly its parts: 0-9 for 0-1 and 2-9, C+J for C and J."""
    top = cover.cells[whole].place
    for name in (SIZE_CLASS, SECTOR, CATEGORY):
        label = getattr(top, name)
        below = [getattr(cover.cells[number].place, name) for number in parts]
        if label != ALL and any(part != label for part in below):
            atoms = atoms_of([label, *below])
            return atoms[label] == frozenset().union(*(atoms[part] for part in below))
    return False


def _contributions(whole: Iterable[Cell], parts: Iterable[Cell]) -> tuple[float, float]:
    """Return the two largest contributions that a remainder may hold: those of the whole that no part has.

    Contributions that stand in the whole and in no part are in the remainder. Where the parts show the same ones, the
    remainder's are at most the second of the whole.
    """
    have = [value for cell in whole for value in (cell.largest, cell.second) if not math.isnan(value)]
    given = [value for cell in parts for value in (cell.largest, cell.second) if not math.isnan(value)]
    own = [value for value in have if not any(same_sum(value, other) for other in given)]
    if not have or len(own) == 0:
        return math.nan, math.nan
    own = sorted(own, reverse=True)
    return own[0], own[1] if len(own) > 1 else 0.0
