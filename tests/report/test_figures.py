"""The figures of made-up tables: nothing clipped, the same bytes every time, and what stands in them."""

from __future__ import annotations

import io

import matplotlib
import pytest
from matplotlib.text import Text
from PIL import Image
from report_examples import (
    EXAMPLES,
    LANGUAGES,
    WORDS,
    revenue,
    revenue_per_employee,
    safe,
    synthesis,
)

from si_eval.errors import StudyError
from si_eval.report import Chart, draw, table_html
from si_eval.report.canvas import to_png
from si_eval.report.chart_data import prepare_chart
from si_eval.report.charts import make_figure
from si_eval.report.style import house_style
from si_eval.study.file import load_study
from si_eval.synthesis import load_findings

CASES = [pytest.param(name, language, id=f"{name} {language}") for name in EXAMPLES for language in LANGUAGES]


@pytest.mark.parametrize(("name", "language"), CASES)
def test_every_kind_draws_without_clipped_words_and_without_metadata(name: str, language: str) -> None:
    make, chart = EXAMPLES[name]
    with house_style():
        figure = make_figure(make(), chart, language=language)
        renderer, page = figure.canvas.get_renderer(), figure.bbox
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text().strip():
                box = text.get_window_extent(renderer)
                inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
                assert inside, (text.get_text(), box, page)
        image = Image.open(io.BytesIO(to_png(figure)))
    assert image.size[0] == 1260
    assert image.info.keys() <= {"dpi", "gamma"}
    assert round(image.info["dpi"][0]) == 200


def test_words_stand_in_cells_with_their_sign_and_no_sentence() -> None:
    with house_style():
        figure = make_figure(synthesis(), WORDS, language="en")
    texts = [text.get_text() for text in figure.findobj(Text)]
    for words, times in (("▲ up", 2), ("↕ mixed", 1), ("▼ down", 2), ("3: agree in\npart", 2), ("*", 1), (".", 2)):
        assert texts.count(words) == times, words
    assert "85%, n\u00a057\n1 of 1 cells" in texts
    assert ". cannot be said" in texts
    assert not [text for text in texts if "sentence" in text or "reasons" in text or "positief" in text]
    with pytest.raises(StudyError, match="found signs '!'; expected one of ▲"):
        Chart("words", signs={"!": ["up"]})


def test_the_signs_of_the_reference_study_are_those_of_its_words() -> None:
    study = load_study()
    words = load_findings(study.resolve(study.file.facts.findings)).words
    signs = Chart(**study.chart("theory_synthesis")).signs
    for sign, name in (("▲", "up"), ("▼", "down"), ("=", "none"), ("↕", "mixed")):
        assert set(signs[sign]) == {words[name].nl, words[name].en}


def test_the_same_figure_has_the_same_bytes_whatever_the_row_order_and_the_settings() -> None:
    table, chart = revenue(), EXAMPLES["figure 29"][1]
    first = draw(table, chart, language="nl")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert draw(table, chart, language="nl") == first
    assert draw(table, chart, language="en") != first
    rows = table.frame.sample(frac=1, random_state=1).to_dict("records")
    assert draw(safe(rows, exhibit=table.exhibit, titles=dict(table.titles)), chart, language="nl") == first


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_figure_under_a_caption_has_no_title_and_is_lower(language: str) -> None:
    make, chart = EXAMPLES["figure 29"]
    with house_style():
        titled, bare = (make_figure(make(), chart, language=language, titled=way) for way in (True, False))
    with_title, without = ({text.get_text().replace("\n", " ") for text in one.texts} for one in (titled, bare))
    assert with_title - without == {make().titles[language]}
    assert without < with_title
    assert bare.get_figheight() < titled.get_figheight()


def test_respondents_stand_beside_the_participants_that_they_come_from() -> None:
    keys = {"statistic": "share", "group": "all", "unit": "share", "n_units": 10}
    rows = [
        {"indicator": name, "sector": sector, "estimate": 0.5, **keys}
        for name in ("Q13", "Q13_population")
        for sector in ("C", "M")
    ]
    table, chart = safe(rows), Chart("shares", x="sector", series="indicator", statistic="share")
    for language, names in (
        ("nl", ["Respondenten", "Deelnemers in het register"]),
        ("en", ["Respondents", "Participants in the register"]),
    ):
        assert [text for text, _ in prepare_chart(table, chart, language).legend()] == names
        assert all(name in table_html(table, language=language, chart=chart) for name in names)


def test_a_chart_that_leaves_a_choice_says_so() -> None:
    with pytest.raises(StudyError, match="year is on no channel"):
        draw(revenue_per_employee(), Chart("bars"), language="nl")
    with pytest.raises(StudyError, match="expected one of 2014, 2019"):
        draw(revenue_per_employee(), Chart("bars", where={"year": 2015}), language="nl")
    with pytest.raises(StudyError, match="kind"):
        Chart("pie")  # type: ignore[arg-type]
