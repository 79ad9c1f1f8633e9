"""What the rows of a table are called: under headings, or on one line where most headings would have a single row."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from si_eval.vocabulary import ALL, Language

from .arrange import Grid, levels
from .wording import terms


def row_names(layout: Grid, rows: pd.DataFrame, language: Language) -> list[tuple[str, str]]:
    """Give the heading (may be empty) and the name of every row of a grid, in its order."""
    names = {name: terms(name, levels(rows, name), language) for name in layout.row_dimensions}
    texts = [
        [names[name][value] for name, value in zip(layout.row_dimensions, key, strict=True)] for key in layout.row_keys
    ]
    named = [(" · ".join(parts[:-1]), parts[-1]) for parts in texts]
    sizes = Counter(heading for heading, _ in named)
    if len(layout.row_dimensions) == 1 or 2 * sum(size == 1 for size in sizes.values()) <= len(sizes):
        return named
    return [
        ("", heading if key[-1] == ALL else f"{heading} · {name}")
        for key, (heading, name) in zip(layout.row_keys, named, strict=True)
    ]
