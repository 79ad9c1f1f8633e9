"""Figures: one PNG of a SafeTable, in the house style and in one language."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from si_eval.report.bars import draw_bar_chart
from si_eval.report.border import require_safe
from si_eval.report.canvas import to_png
from si_eval.report.chart_data import ChartData, prepare_chart
from si_eval.report.check_figure import draw_check_list
from si_eval.report.direction_grid import draw_direction_grid
from si_eval.report.dots import draw_dots
from si_eval.report.event_study import draw_event_study
from si_eval.report.graph import draw_graph
from si_eval.report.likert import draw_likert
from si_eval.report.lines import draw_line_chart
from si_eval.report.love import draw_love_plot
from si_eval.report.profile import draw_profile
from si_eval.report.shares import draw_shares
from si_eval.report.specification import Chart
from si_eval.report.style import house_style
from si_eval.report.table_figure import draw_table_figure
from si_eval.report.word_grid import draw_word_grid
from si_eval.results import SafeTable
from si_eval.vocabulary import Language

DRAWINGS: dict[str, Callable[[ChartData], Figure]] = {
    "bars": draw_bar_chart,
    "index": draw_bar_chart,
    "shares": draw_shares,
    "lines": draw_line_chart,
    "dots": draw_dots,
    "event_study": draw_event_study,
    "love": draw_love_plot,
    "likert": draw_likert,
    "profile": draw_profile,
    "direction": draw_direction_grid,
    "table": draw_table_figure,
    "checks": draw_check_list,
    "words": draw_word_grid,
}


def draw(safe: SafeTable, chart: Chart, *, language: Language, titled: bool = True) -> bytes:
    """Draw a table as a PNG, 16 cm wide at 200 dots an inch, without metadata: the same bytes every time.

    For a picture in a file of your own; in a notebook use `si_eval.show`. A number that is withheld is drawn as ``*``
    at the base line, one that cannot be computed as ``.``; a figure of simulated data carries a tag that says so.

    Parameters
    ----------
    safe : SafeTable
        A table that `si_eval.protect` returned.
    chart : Chart
        The kind of figure and what it shows.
    language : {"nl", "en"}
        Language of every text in the figure.
    titled : bool, default True
        False for a figure that stands under a caption with its title.

    Returns
    -------
    bytes
        The content of a PNG file.

    Raises
    ------
    DisclosureError
        For anything but a SafeTable.
    StudyError
        Where the chart leaves no number, or more than one number for a place.

    Examples
    --------
    >>> import si_eval as se
    >>> from si_eval.report import draw
    >>> study = se.load_study()
    >>> (table,) = se.protect_exhibits(study, se.compute_exhibits(study, only=["tno_table_03"]))
    >>> picture = draw(table, se.Chart("bars", x="category", statistic="count"), language="en")
    >>> picture[1:4]
    b'PNG'
    """
    with house_style():
        return to_png(make_figure(safe, chart, language=language, titled=titled))


def make_figure(safe: SafeTable, chart: Chart, *, language: Language, titled: bool = True) -> Figure:
    """Make the figure itself, for checks of its layout; draw it under `house_style`."""
    require_safe(safe)
    if chart.kind == "layers":
        return draw_graph(safe, language=language, titled=titled)
    return DRAWINGS[chart.kind](prepare_chart(safe, chart, language, titled=titled))
