"""What a figure should look like: a frozen choice, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from si_eval.errors import StudyError
from si_eval.vocabulary import CATEGORY, GROUP, INDICATOR, SECTOR, SIZE_CLASS, STATISTIC, YEAR

ChartKind = Literal["bars", "lines", "index", "shares", "profile", "direction", "table", "words", "layers"]
Dimension = Literal["indicator", "statistic", "group", "year", "size_class", "sector", "category"]
SIGNS = ("▲", "▼", "=", "↕")  # up, down, no difference, both ways
DIMENSIONS = (INDICATOR, STATISTIC, GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)
TABLE_KINDS = ("direction", "table")


@dataclass(frozen=True)
class Chart:
    """How to draw a table: the kind of figure and the dimension on each visual channel.

    ``x`` runs along the axis (``lines`` take the year unless told otherwise), ``series`` has colours and markers,
    ``panels`` makes small multiples. Values are divided by ``divisor``, which the axis title names. ``statistic``
    chooses among several, ``where`` keeps the rows with these values, such as ``{"year": 2019}``. ``intervals`` draws
    95% whiskers where the table has them. ``signs`` gives, for ``words``, the words in any language that stand behind
    each of the signs ▲, ▼, = and ↕. A dimension that is on no channel is read at its ``all`` rows.
    """

    kind: ChartKind
    x: Dimension | None = None
    series: Dimension = "group"
    panels: Dimension | None = None
    divisor: float = 1
    statistic: str | None = None
    where: Mapping[str, str | int] = field(default_factory=dict)
    intervals: bool = False
    signs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in get_args(ChartKind):
            raise StudyError(f"Chart: found kind {self.kind!r}; expected one of {', '.join(get_args(ChartKind))}")
        for name in (self.x, self.series, self.panels, *self.where):
            if name is not None and name not in DIMENSIONS:
                raise StudyError(f"Chart: found dimension {name!r}; expected one of {', '.join(DIMENSIONS)}")
        strange = [sign for sign in self.signs if sign not in SIGNS]
        if strange:
            raise StudyError(f"Chart: found sign {', '.join(strange)}; expected some of {', '.join(SIGNS)}; correct it")
        if self.divisor <= 0:
            raise StudyError(f"Chart: found divisor {self.divisor}; expected a number above 0, such as 1000")

    @property
    def axis(self) -> str:
        """Give the dimension along the axis: as chosen, else the year for lines and the size class for the rest."""
        return self.x or (YEAR if self.kind == "lines" else SIZE_CLASS)

    @property
    def channels(self) -> tuple[str, ...]:
        """Give the dimensions that this figure shows."""
        if self.kind == "profile":
            return (SECTOR, SIZE_CLASS, INDICATOR, STATISTIC)
        if self.kind == "words":
            return (self.axis, self.series)
        if self.kind == "direction":
            return (INDICATOR, self.axis, GROUP)
        if self.kind in ("table", "layers"):
            return DIMENSIONS
        return tuple(name for name in (self.axis, self.series, self.panels) if name)


def as_chart(chart: Chart | Mapping[str, Any]) -> Chart:
    """Give a chart from one, or from its settings as a study file spells them."""
    if isinstance(chart, Chart):
        return chart
    unknown = sorted(set(chart) - {entry.name for entry in fields(Chart)})
    if unknown or "kind" not in chart:
        known = ", ".join(entry.name for entry in fields(Chart))
        raise StudyError(
            f"chart: found {', '.join(unknown) or 'no kind'}; expected settings among {known}, with a kind"
        )
    return Chart(**chart)
