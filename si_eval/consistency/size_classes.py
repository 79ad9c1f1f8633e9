"""Classes by size, such as 10-49 or 250+: their bounds, and which of them lie inside another."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from si_eval.consistency.figure import Figure


def class_bounds(label: str) -> tuple[float, float] | None:
    """Read the bounds of a size class, ends included; None where a label is no class."""
    text = re.sub(r"[\s.]|persons?|employees?|personen|werkzame|werknemers|fte|m?eur", "", label.casefold())
    between = re.fullmatch(r"(\d+)(?:-|–|to|tot|t/m)(\d+)", text)
    if between:
        return float(between.group(1)), float(between.group(2))
    above = re.fullmatch(r"(?:(\d+)(?:\+|enmeer|ormore)|(>=|>)(\d+))", text)
    if above:
        return float(above.group(1) or above.group(3)), math.inf
    below = re.fullmatch(r"(?:<|<=|tot|under)(\d+)", text)
    if below:
        return 0.0, float(below.group(1))
    return None


def outer_classes(parts: Sequence[Figure]) -> list[Figure]:
    """Leave out the classes that lie inside another one, so that no unit is added twice."""
    bounds = {f.id: class_bounds(f.category) for f in parts}

    def inside(figure: Figure) -> bool:
        """Whether the class of a figure lies inside another one."""
        own = bounds[figure.id]
        if own is None:
            return False
        others = [b for f in parts if f.id != figure.id and (b := bounds[f.id]) is not None and b != own]
        return any(low <= own[0] and own[1] <= high for low, high in others)

    return [figure for figure in parts if not inside(figure)]


def covers_all(labels: Sequence[str]) -> bool:
    """Whether labels are size classes from the smallest to the open end, without a gap."""
    bounds = [class_bounds(label) for label in labels]
    known = sorted(bound for bound in bounds if bound is not None)
    if len(known) < len(bounds) or len(known) < 2:
        return False
    steps = all(after[0] - before[1] <= 1 for before, after in pairwise(known))
    return known[0][0] <= 2 and known[-1][1] == math.inf and steps
