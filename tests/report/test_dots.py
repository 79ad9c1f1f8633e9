"""Dot and whisker, and the event study: every dot and whisker where its number says, and the line at no change."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_examples import SIZES, SIZES_4, N, P, safe, withheld

from si_eval.errors import StudyError
from si_eval.report import Chart
from si_eval.report.charts import make_figure
from si_eval.report.style import GROUP_STYLES, house_style
from si_eval.results import SafeTable
from si_eval.vocabulary import Language, Reason

VALUES = {P: (84.1, 113.3, 127.7, 114.1), N: (107.2, 113.9, 111.4, 88.8)}
DIFFERENCES = ((-42.0, -4.2), (-27.4, 26.2), (0.5, 32.1), (6.6, 44.1))  # the second holds zero
SPREAD = 10.0
YEARS = ("-2", "-1", "+0", "+1")


def indices() -> SafeTable:
    row = {"indicator": "revenue_per_employee", "statistic": "index", "year": 2019, "unit": "2014 = 100", "n_units": 30}
    rows = [
        row | {"group": group, "size_class": size, "estimate": value, "conf_low": value - SPREAD,
               "conf_high": value + SPREAD, "note": "assumed"}
        for group, values in VALUES.items()
        for size, value in zip(SIZES_4, values, strict=True)
    ]  # fmt: skip
    rows[-1] = withheld(rows[-1]) | {"conf_low": None, "conf_high": None}
    rows += [
        row | {"group": "difference", "size_class": size, "estimate": sum(ends) / 2, "conf_low": ends[0],
               "conf_high": ends[1]}
        for size, ends in zip(SIZES_4, DIFFERENCES, strict=True)
    ]  # fmt: skip
    return safe(rows)


def levels() -> SafeTable:
    rows = [
        {"indicator": "employed_persons", "group": group, "year": 2019, "size_class": size, "unit": "persons",
         "estimate": first * 10.0**place, "note": "assumed" if place else ""}
        for group, first in ((P, 1.28), (N, 0.91))
        for place, size in enumerate(SIZES)
    ]  # fmt: skip
    return safe(rows)


def events() -> SafeTable:
    row = {"indicator": "revenue_per_employee", "statistic": "att", "group": "difference", "unit": "log points"}
    rows = [
        row | {"category": year, "estimate": place / 10, "conf_low": place / 10 - 0.2, "conf_high": place / 10 + 0.2,
               "n_units": 40 + place}
        for place, year in enumerate(YEARS)
    ]  # fmt: skip
    rows[1] |= {"estimate": 0.0, "conf_low": None, "conf_high": None, "note": Reason.REFERENCE_YEAR.note}
    rows.append(row | {"category": "overall", "estimate": 0.3})
    rows.append(row | {"category": "cohort 2016", "year": 2018, "estimate": 0.3})
    return safe(rows)


def drawn(table: SafeTable, chart: Chart, language: Language = "en") -> Figure:
    with house_style():
        return make_figure(table, chart, language=language)


def dots(figure: Figure) -> list[tuple[float, float, str]]:
    """List the dots of a figure by place: x, y and the edge of their marker."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in "osv^" and len(line.get_xdata()) == 1]
    return [(line.get_xdata()[0], line.get_ydata()[0], line.get_markeredgecolor()) for line in lines]


def texts(figure: Figure) -> dict[str, Text]:
    return {text.get_text().replace("\u00a0", " "): text for text in figure.findobj(Text)}


def test_groups_stand_side_by_side_in_each_class_with_their_intervals_beside_the_line_at_100():
    figure = drawn(indices(), Chart("dots"))
    ax = figure.axes[0]
    placed = dots(figure)
    assert [x for x, _, edge in placed if edge == GROUP_STYLES[P].edge] == list(VALUES[P])
    assert [x for x, _, edge in placed if edge == GROUP_STYLES[N].edge] == list(VALUES[N][:3])
    first, second = (np.array([y for _, y, edge in placed if edge == GROUP_STYLES[name].edge]) for name in (P, N))
    assert list(np.round(first)) == [0, 1, 2, 3]
    assert (first[:3] < second).all()
    assert np.allclose(np.diff(first), 1)
    ends = {tuple(np.round(one[:, 0], 6)) for lines in ax.collections for one in lines.get_segments()}
    assert ends == {(round(value - SPREAD, 6), round(value + SPREAD, 6)) for value in VALUES[P] + VALUES[N][:3]}
    assert [line.get_xdata()[0] for line in ax.lines if list(line.get_xdata()) == [100.0, 100.0]] == [100.0]
    marks = [text for text in ax.texts if text.get_text() == "*"]
    assert [text.xy[0] for text in marks] == [100.0]


def test_a_difference_is_bold_only_where_its_interval_excludes_zero():
    written = texts(drawn(indices(), Chart("dots")))
    weights = {name: text.get_fontweight() for name, text in written.items() if name.startswith("difference ")}
    assert weights == {
        "difference -23.1 (-42.0 to -4.2)": "bold",
        "difference -0.6 (-27.4 to +26.2)": "normal",
        "difference +16.3 (+0.5 to +32.1)": "bold",
        "difference +25.4 (+6.6 to +44.1)": "bold",
    }
    assert "verschil -23,1 (-42,0 tot -4,2)" in texts(drawn(indices(), Chart("dots"), "nl"))


@pytest.mark.parametrize(("language", "words"), [("nl", "Alle getoonde waarden"), ("en", "All values shown")])
def test_assumed_values_are_said_once(language, words):
    written = texts(drawn(indices(), Chart("dots"), language))
    assert sum(text.startswith(words) for text in written) == 1
    assert not any("°" in text for text in written)
    some = texts(drawn(levels(), Chart("dots"), language))
    assert sum("10" in text and " 8 " in text and "° in" in text for text in some) == 1


def test_levels_that_differ_a_hundredfold_have_a_logarithmic_axis_and_two_digits_each():
    figure = drawn(levels(), Chart("dots"))
    ax = figure.axes[0]
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "10", "100", "1,000", "10,000"]
    assert {"1.3", "0.91", "13", "12,800"} <= set(texts(figure))
    alike = drawn(levels(), Chart("dots", where={"size_class": "0-1"}, x="size_class"))
    assert alike.axes[0].get_xscale() == "linear"
    assert alike.axes[0].get_xlim()[0] == 0


def test_an_event_study_has_its_reference_year_open_and_a_line_at_zero_and_before_entry():
    figure = drawn(events(), Chart("event_study"))
    ax = figure.axes[0]
    assert [(x, y) for x, y, _ in dots(figure)] == [(0, 0.0), (1, 0.0), (2, 0.2), (3, 0.3)]
    faces = [line.get_markerfacecolor() for line in ax.lines if len(line.get_xdata()) == 1]
    assert [face == "white" for face in faces] == [False, True, False, False]
    assert [tuple(np.round(one[:, 1], 6)) for one in ax.collections[0].get_segments()] == [
        (-0.2, 0.2), (0.0, 0.4), (0.1, 0.5)
    ]  # fmt: skip
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] == [1.5]
    assert any(list(line.get_ydata()) == [0.0, 0.0] for line in ax.lines)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["-2", "-1", "0", "+1"]
    assert any(text.startswith("Open dot: reference year (-1)") for text in texts(figure))


def test_an_event_study_without_years_of_entry_says_so():
    with pytest.raises(StudyError, match="found no estimates by years since entry"):
        drawn(safe([{"indicator": "revenue", "statistic": "att", "category": "overall", "estimate": 1.0}]),
              Chart("event_study"))  # fmt: skip
