"""One printed figure as the rules see it, and one finding as they report it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from si_eval.consistency.printed_number import Interval
from si_eval.vocabulary import Verdict

SHARE, MEAN, GROWTH, COUNT, TOTAL, TARGET, BASELINE, OTHER = (
    *("share", "mean", "growth", "count", "total", "target", "baseline", "other"),
)
ADDITIVE = (COUNT, TOTAL)
WHOLE = "total"


@dataclass(frozen=True)
class Figure:
    """A printed figure, in base units (money in units of one, shares as fractions).

    ``interval`` is every value that its digits and its hedge leave open; ``step`` the last printed digit, 0 for a count
    that is printed in full. ``category`` is `total` for the whole. ``period`` is first and last year. ``dimensions``
    are the other columns that tell one quantity from another. ``concepts`` are how it counts: unique, mentions.
    """

    id: str
    indicator: str
    kind: str
    category: str
    category_type: str
    parent: str
    period: tuple[int, int] | None
    year: str
    value: float | None
    interval: Interval
    step: float
    hedge: str
    unit: str
    base_unit: str
    scale: float
    n: float | None
    count: float | None
    covered: float | None
    source: str
    table: str
    in_text: bool
    definition: str
    concepts: frozenset[str]
    cumulative: bool
    breaks: bool
    of: str
    parts: float
    multiple: bool
    single: bool
    weighted: bool
    printed: str
    base_year: int | None
    published: int | None
    dimensions: tuple[tuple[str, str], ...]
    note: str

    @property
    def known(self) -> bool:
        """Whether it has a number."""
        return self.value is not None

    @property
    def cell(self) -> tuple[Hashable, ...]:
        """Return what it is of, apart from the indicator: category, other dimensions."""
        return (self.category, self.category_type if self.category != WHOLE else "", self.dimensions)

    @property
    def location(self) -> tuple[str, str, bool]:
        """Return where it stands: source, table, and whether in running text."""
        return (self.source, self.table, self.in_text)

    def format(self) -> str:
        """Write the number with its unit, as printed."""
        value = (self.value or 0.0) / self.scale
        text = f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
        return f"{text} {self.unit}".strip()


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit: the rule, how bad, which rows, what was found against what was expected."""

    rule: str
    severity: str
    verdict: Verdict
    where: tuple[str, ...]
    found: str
    expected: str
    sentence: str


def group_figures(figures: Iterable[Figure], key: Callable[[Figure], Hashable]) -> list[list[Figure]]:
    """Group figures by a key, in the order in which the keys first occur."""
    groups: dict[Hashable, list[Figure]] = defaultdict(list)
    for figure in figures:
        groups[key(figure)].append(figure)
    return list(groups.values())


def ids_of(figures: Iterable[Figure]) -> tuple[str, ...]:
    """List the ids of figures, each once, in order."""
    return tuple(dict.fromkeys(figure.id for figure in figures))


def grade_severity(found: float, expected: float) -> str:
    """Grade a difference: above 20% high, above 2% medium, else low."""
    size = abs(found - expected) / max(abs(expected), 1e-12)
    return "high" if size > 0.2 else "medium" if size > 0.02 else "low"
