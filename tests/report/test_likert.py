"""Diverging stacked bars and sorted bars: every segment where its share says, in the order of the questionnaire."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_examples import safe

from si_eval.errors import StudyError
from si_eval.report import Chart
from si_eval.report.charts import make_figure
from si_eval.report.style import house_style
from si_eval.results import SafeTable

ANSWERS = ("Far ahead", "Ahead", "Comparable", "Behind", "Far behind", "Don't know")
SIGNS = {"▲": ["Ahead", "Far ahead"], "=": ["Comparable"], "▼": ["Behind", "Far behind"]}
SHARES = {"first": (0.1, 0.2, 0.3, 0.15, 0.05, 0.2), "second": (0.3, 0.4, 0.1, 0.02, 0.08, 0.1)}
CHART = Chart("likert", x="indicator", series="category", signs=SIGNS)
ROUNDING = 1e-9  # of sums of shares in per cent


def answers(order: tuple[str, ...] = ANSWERS, withheld: tuple[str, str] = ("", "")) -> SafeTable:
    """Make a table of answers in an order; one of them may be withheld."""
    rows = [
        {"indicator": question, "category": answer, "statistic": "share", "unit": "share", "n_total": 40.0,
         "estimate": shares[ANSWERS.index(answer)], "n_units": 8.0}
        for question, shares in SHARES.items()
        for answer in order
    ]  # fmt: skip
    for row in rows:
        if (row["indicator"], row["category"]) == withheld:
            row |= {"estimate": None, "n_units": None, "status": "suppressed"}
    return safe(rows)


def costs() -> SafeTable:
    amounts = {"region": 47e6, "companies": 117e6, "ministry": 2.15e6, "all": 166.15e6}
    return safe(
        [
            {"indicator": "costs", "statistic": "total", "category": name, "estimate": amount, "unit": "EUR"}
            for name, amount in amounts.items()
        ]
    )


def drawn(table: SafeTable, chart: Chart) -> Figure:
    with house_style():
        return make_figure(table, chart, language="en")


def bars(ax: Axes) -> list[list[tuple[float, float]]]:
    """List the bars of each row of axes from left to right: start and end."""
    rows: dict[int, list[tuple[float, float]]] = {}
    for bar in ax.patches:
        place = round(bar.get_y() + bar.get_height() / 2)
        rows.setdefault(place, []).append((bar.get_x(), bar.get_x() + bar.get_width()))
    return [sorted(rows[place]) for place in sorted(rows)]


@pytest.mark.parametrize("order", [ANSWERS, ANSWERS[::-1]], ids=["best first", "best last"])
def test_answers_stand_on_their_side_of_the_line_and_the_middle_one_across_it(order):
    figure = drawn(answers(order), CHART)
    main, apart = figure.axes
    for place, (far_ahead, ahead, same, behind, far_behind, unknown) in enumerate(SHARES.values()):
        edges = np.cumsum([-far_behind - behind - same / 2, far_behind, behind, same, ahead, far_ahead]) * 100
        expected = list(pairwise(edges))
        assert np.allclose(bars(main)[place], expected, atol=ROUNDING)
        assert np.isclose(-edges[2] if same == 0 else (edges[2] + edges[3]), 0, atol=ROUNDING)
        assert np.allclose(bars(apart)[place], [(0, unknown * 100)], atol=ROUNDING)
    assert any(list(line.get_xdata()) == [0.0, 0.0] for line in main.lines)


def test_an_answer_that_stands_apart_has_the_same_scale():
    main, apart = drawn(answers(), CHART).axes
    inches = [ax.get_window_extent().width / np.ptp(ax.get_xlim()) for ax in (main, apart)]
    assert np.isclose(*inches)


def test_the_legend_runs_from_left_to_right_as_the_bars_do():
    figure = drawn(answers(), CHART)
    legend = [text.get_text() for text in figure.texts if text.get_text() in ANSWERS]
    assert legend == ["Far behind", "Behind", "Comparable", "Ahead", "Far ahead", "Don't know"]


def test_shares_are_printed_where_they_fit():
    main = drawn(answers(), CHART).axes[0]
    printed = [text.get_text() for text in main.texts]
    assert printed == ["5", "15", "30", "20", "10", "8", "10", "40", "30"]  # the 2% has no room


def test_a_bar_with_a_withheld_answer_is_not_drawn():
    figure = drawn(answers(withheld=("first", "Behind")), CHART)
    main, apart = figure.axes
    assert [len(row) for row in bars(main)] == [5]
    assert [text.get_text() for text in main.texts].count("*") == 1
    assert [text.get_text() for text in apart.texts] == ["*", "10"]


def test_questions_are_sorted_by_the_share_above_the_line_where_asked():
    chart = Chart("likert", x="indicator", series="category", signs=SIGNS, sort=True)
    assert [text.get_text() for text in drawn(answers(), chart).axes[0].get_yticklabels()] == ["second", "first"]
    assert [text.get_text() for text in drawn(answers(), CHART).axes[0].get_yticklabels()] == ["first", "second"]


@pytest.mark.parametrize(
    ("signs", "message"),
    [({}, "found no signs ▲ and ▼"), ({"▲": ["Ahead"], "▼": ["Worse"]}, "found no answer Worse; expected .*Far ahead")],
)
def test_answers_that_the_table_does_not_have_are_refused(signs, message):
    with pytest.raises(StudyError, match=message):
        drawn(answers(), Chart("likert", x="indicator", series="category", signs=signs))


def test_sorted_amounts_stand_largest_first_under_their_total_with_two_digits_each():
    settings = {"x": "category", "series": "indicator", "statistic": "total", "divisor": 1e6}
    figure = drawn(costs(), Chart("shares", sort=True, **settings))
    ax = figure.axes[0]
    assert [bar.get_width() for bar in ax.patches] == [117, 47, 2.15]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["companies", "region", "ministry"]
    assert [text.get_text() for text in ax.texts] == ["117", "47", "2.1"]
    subtitles = [text.get_text() for text in figure.findobj(Text) if "166" in text.get_text()]
    assert len(subtitles) == 1
    assert "all 166" in subtitles[0]
    plain = drawn(costs(), Chart("shares", **settings))
    assert len(plain.axes[0].patches) == 4


def test_totals_of_several_series_are_named_and_shares_of_all_need_none():
    amounts = {"region": 47.0, "companies": 117.0, "all": 164.0}
    rows = [
        {"indicator": "costs", "statistic": "total", "year": year, "category": name, "estimate": amount + year - 2018,
         "unit": "EUR million"}
        for name, amount in amounts.items()
        for year in (2018, 2019)
    ]  # fmt: skip
    chart = Chart("shares", x="category", series="year", statistic="total", sort=True)
    assert any("all 164 (2018), 165 (2019)" in text.get_text() for text in drawn(safe(rows), chart).findobj(Text))
    shares = [
        row | {"statistic": "share", "unit": "share", "estimate": row["estimate"] / (164 + row["year"] - 2018)}
        for row in rows
    ]
    figure = drawn(safe(shares), Chart("shares", x="category", series="year", sort=True))
    assert len(figure.axes[0].patches) == 4
    assert not any("all" in text.get_text().split() for text in figure.findobj(Text))
