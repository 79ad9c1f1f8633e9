"""Which labels of a dimension contain which others: nested classes, merged classes, several systems of classes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from si_eval.vocabulary import ALL

TOKEN = re.compile(r"\d+-\d+|\d+\+(?=\+|$)|[^+]+")
RANGE = re.compile(r"(\d+)-(\d+)")
OPEN = re.compile(r"(\d+)\+")
BEYOND = 10**12
BESIDE = " · "  # how stages join a filter and a split of one dimension
Atoms = frozenset[object]


def atoms_of(labels: Iterable[str]) -> dict[str, Atoms]:
    """Split each label into the elementary classes that all labels together define.

    ``0-9`` beside ``0-1`` and ``2-9`` is their union, ``50+`` that of ``50-249`` and ``250+``, and ``C+M`` that of
    ``C`` and ``M``; ``10-49+50-249 · 10-49`` is what a filter and a split have in common; a label that says none of
    this is a class of its own. ``all`` is left out.
    """
    sides = {label: label.split(BESIDE) for label in labels if label != ALL}
    tokens = {side: TOKEN.findall(side) or [side] for several in sides.values() for side in several}
    ranges = {token: _range(token) for parts in tokens.values() for token in parts}
    borders = sorted({border for band in ranges.values() if band for border in band})
    atoms: dict[str, Atoms] = {}
    for side, parts in tokens.items():
        found: set[object] = set()
        for token in parts:
            band = ranges[token]
            found |= {token} if band is None else {low for low in borders if band[0] <= low < band[1]}
        atoms[side] = frozenset(found)
    return {label: frozenset.intersection(*(atoms[side] for side in several)) for label, several in sides.items()}


def _range(token: str) -> tuple[int, int] | None:
    """Read ``2-9`` as (2, 10) and ``250+`` as open; None for a label that is no range."""
    if closed := RANGE.fullmatch(token):
        return int(closed[1]), int(closed[2]) + 1
    if opened := OPEN.fullmatch(token):
        return int(opened[1]), BEYOND
    return None
