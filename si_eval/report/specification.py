"""What a figure should look like: a frozen choice, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from si_eval.arguments import Arguments, describe_value, whole_number
from si_eval.errors import ArgumentError, StudyError
from si_eval.vocabulary import CATEGORY, GROUP, INDICATOR, SECTOR, SIZE_CLASS, STATISTIC, STATISTICS, YEAR

ChartKind = Literal[
    "bars",
    "lines",
    "index",
    "dots",
    "event_study",
    "shares",
    "likert",
    "profile",
    "love",
    "direction",
    "table",
    "checks",
    "words",
    "layers",
]
Dimension = Literal["indicator", "statistic", "group", "year", "size_class", "sector", "category"]
SIGNS = ("▲", "▼", "=", "↕")  # up, down, no difference, both ways
DIMENSIONS = (INDICATOR, STATISTIC, GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY)
OWN_AXIS = {"lines": YEAR, "love": INDICATOR, "event_study": CATEGORY}
TABLE_KINDS = ("direction", "table", "checks")


@dataclass(frozen=True)
class Chart:
    """How to draw a table: the kind of figure, and which dimension of the table each part of it shows.

    Give it to `si_eval.show`, or write the same settings under ``chart`` of an exhibit in a study file. The choices
    are checked when the chart is made; whether they fit a table, when it is drawn. A dimension that is neither on the
    axis, nor a series, nor a panel is read at its ``all`` rows.

    Parameters
    ----------
    kind : str
        - ``bars``: upright bars that start at 0; ``index``: bars that start at 100;
        - ``shares``: lying bars with the number of units behind each;
        - ``likert``: answers on a scale, stacked to both sides of a line as ``signs`` says;
        - ``lines``: over the years;
        - ``dots``: dots with their intervals beside the line at no change (100 of an index, 0 of a difference); levels
          that differ a hundredfold have a logarithmic axis;
        - ``event_study``: what `estimate_effect` finds by years since entry, with the reference year;
        - ``profile``: the size classes of sectors;
        - ``love``: the absolute standardised differences of `check_selection` as dots beside 0.1 and 0.25;
        - ``direction``: a heat map of participants above or below non-participants;
        - ``table``: the numbers; ``words``: the notes; ``checks``: checks by kind and how they came out;
        - ``layers``: a graph such as a programme's theory.
    x : str, optional
        Dimension along the axis: ``indicator``, ``statistic``, ``group``, ``year``, ``size_class``, ``sector`` or
        ``category``. Default: the year for ``lines``, the indicator for ``love``, the category for ``event_study``,
        the size class for the rest.
    series : str, default "group"
        Dimension that has colours, hatches and markers.
    panels : str, optional
        Dimension that has a small figure for each of its values. Default: one figure.
    divisor : float, default 1
        What values are divided by, above 0; the title of the axis names it.
    statistic : str, optional
        Statistic to show. Default: the one that belongs to the kind, such as ``share`` for ``shares``, or the only
        one in the table.
    where : mapping of str to str or int, optional
        Keep the rows with these values of dimensions, such as ``{"year": 2019}``.
    intervals : bool, default False
        Draw the 95% confidence intervals that the table has.
    signs : mapping of str to list of str, optional
        For ``words``: for each of the signs ``▲``, ``▼``, ``=`` and ``↕`` the words, in any language, that it stands
        with. For ``likert``: the answers to the right (``▲``) and the left (``▼``) of the line and those across it
        (``=``); others, such as "don't know", stand apart.
    sort : bool, default False
        For ``shares`` and ``likert``: largest first, instead of in the order of the table. Amounts that are sorted
        have their total in the subtitle, where it does not dwarf them.

    Attributes
    ----------
    axis : str
        The dimension along the axis, as chosen or by default.
    channels : tuple of str
        All dimensions that the figure shows.

    Raises
    ------
    StudyError
        With every setting that is wrong: a kind, a dimension, a statistic or a sign that there is not, a divisor that
        is not above 0.

    Examples
    --------
    >>> import si_eval as se
    >>> chart = se.Chart("lines", panels="size_class", divisor=1000)
    >>> chart.axis, chart.channels
    ('year', ('year', 'group', 'size_class'))
    >>> se.Chart("bars", x="size")
    Traceback (most recent call last):
        ...
    si_eval.errors.ArgumentError: Chart: found x 'size'; expected one of indicator, statistic, group, ...
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
    sort: bool = False

    def __post_init__(self) -> None:
        arguments = Arguments("Chart")
        arguments.option("kind", self.kind, get_args(ChartKind))
        for name, dimension in (("x", self.x), ("series", self.series), ("panels", self.panels)):
            if dimension is not None or name == "series":
                arguments.option(name, dimension, DIMENSIONS)
        arguments.number("divisor", self.divisor, above=0, action="write for example 1000")
        if self.statistic is not None:
            arguments.option("statistic", self.statistic, STATISTICS)
        arguments.flag("intervals", self.intervals)
        arguments.flag("sort", self.sort)
        _check_where(arguments, self.where)
        _check_signs(arguments, self.signs)
        problems = [replace(one, where="Chart", found=f"{one.where} {one.found}") for one in arguments.problems]
        if problems:
            raise ArgumentError(problems, what="Chart")

    @property
    def axis(self) -> str:
        """The dimension along the axis: as chosen, else the kind's own, which is the size class for most."""
        return self.x or OWN_AXIS.get(self.kind, SIZE_CLASS)

    @property
    def channels(self) -> tuple[str, ...]:
        """The dimensions that this figure shows."""
        if self.kind == "profile":
            return (SECTOR, SIZE_CLASS, INDICATOR, STATISTIC)
        if self.kind == "words":
            return (self.axis, self.series)
        if self.kind == "direction":
            return (INDICATOR, self.axis, GROUP)
        if self.kind in ("table", "checks", "layers"):
            return DIMENSIONS
        return tuple(name for name in (self.axis, self.series, self.panels) if name)


def _check_where(arguments: Arguments, where: object) -> None:
    """Keep the problems of the values of dimensions that a chart keeps."""
    if not isinstance(where, Mapping):
        arguments.add("where", describe_value(where), "a mapping of dimensions to values", 'write {"year": 2019}')
        return
    for name, value in where.items():
        arguments.option("where", name, DIMENSIONS)
        if whole_number(value) is None:
            arguments.text(f"where[{name!r}]", value, "name the value to keep")


def _check_signs(arguments: Arguments, signs: object) -> None:
    """Keep the problems of the words that signs stand with."""
    if not isinstance(signs, Mapping):
        arguments.add("signs", describe_value(signs), "a mapping of signs to lists of words", "correct it")
        return
    for sign, words in signs.items():
        arguments.option("signs", sign, SIGNS)
        arguments.sequence_of_texts(f"signs[{sign!r}]", words, "words")


def as_chart(chart: Chart | Mapping[str, Any]) -> Chart:
    """Return a chart as it is, or make one of its settings as a study file spells them."""
    if isinstance(chart, Chart):
        return chart
    if not isinstance(chart, Mapping):
        raise StudyError(f"chart: found {describe_value(chart)}; expected a Chart or its settings; give one of these")
    unknown = sorted(set(chart) - {entry.name for entry in fields(Chart)})
    if unknown or "kind" not in chart:
        known = ", ".join(entry.name for entry in fields(Chart))
        raise StudyError(
            f"chart: found {', '.join(unknown) or 'no kind'}; expected settings among {known}, with a kind"
        )
    return Chart(**chart)
