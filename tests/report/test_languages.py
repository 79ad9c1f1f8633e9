"""An English figure or table says nothing in Dutch, and a Dutch one nothing in English."""

from __future__ import annotations

import re

import pytest
from matplotlib.text import Text
from report_examples import EXAMPLES

from si_eval.registry import facts, indicators, sections
from si_eval.report import Chart, table_html
from si_eval.report.charts import make_figure
from si_eval.report.style import house_style
from si_eval.results import SafeTable
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.exhibits import compute_exhibits, exhibits_without_registers, labels_of
from si_eval.study.file import load_study
from si_eval.vocabulary import Language

STUDY = load_study()
EXHIBITS = {spec.id: spec for spec in STUDY.file.exhibits}
SHARED = {"survey", "as_published", "missing", "met"}  # names of rules and states, and a word of both languages
OTHER: dict[Language, Language] = {"nl": "en", "en": "nl"}


def words(text: str) -> set[str]:
    """Collect the words of three letters and more."""
    return set(re.findall(r"[^\W\d_]{3,}", text.lower()))


@pytest.fixture(scope="module")
def foreign() -> dict[Language, set[str]]:
    """The words that only labels of the other language have, by language."""
    entries = [*facts("labels").values(), *labels_of(STUDY).values(), *sections().values()]
    pairs = [(entry["nl"], entry["en"]) for entry in entries]
    pairs += [(indicator.nl, indicator.en) for indicator in indicators().values()]
    dutch = set().union(*(words(text) for text, _ in pairs))
    english = set().union(*(words(text) for _, text in pairs))
    known = set().union(*(words(name) for name in (*EXHIBITS, *SHARED)))
    return {"en": dutch - english - known, "nl": english - dutch - known}


def foreign_words(table: SafeTable, chart: Chart, language: Language, foreign: dict[Language, set[str]]) -> set[str]:
    """Find the words of the other language in the figure and the table of an exhibit."""
    with house_style():
        figure = make_figure(table, chart, language=language)
    texts = [text.get_text().replace("-\n", "").replace("\n", " ") for text in figure.findobj(Text)]
    html = re.sub(
        r"<style>.*?</style>|<[^>]+>", " ", table_html(table, language=language, chart=chart), flags=re.DOTALL
    )
    return words(" ".join([*texts, html])) & foreign[language]


@pytest.fixture(scope="module")
def study_tables() -> list[SafeTable]:
    """The protected exhibits of the reference study that need no register."""
    return protect_exhibits(STUDY, compute_exhibits(STUDY, only=exhibits_without_registers(STUDY)))


def test_an_english_exhibit_of_the_reference_study_says_nothing_in_dutch(study_tables, foreign):
    assert len(study_tables) > 20
    found = {
        table.exhibit: foreign_words(table, Chart(**EXHIBITS[table.exhibit].chart), "en", foreign)
        for table in study_tables
    }
    assert not {exhibit: strange for exhibit, strange in found.items() if strange}


@pytest.mark.parametrize("language", OTHER)
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "words"])
def test_an_example_is_in_one_language(name, language, foreign):
    make, chart = EXAMPLES[name]
    assert not foreign_words(make(), chart, language, foreign)


@pytest.mark.parametrize("language", OTHER)
def test_words_of_the_other_language_are_found(language, foreign):
    make, chart = EXAMPLES["figure 29"]
    swapped = {OTHER[language]: foreign[language], language: foreign[language]}
    assert foreign_words(make(), chart, OTHER[language], swapped)
