"""An English notebook says nothing in Dutch: the language is the study's and travels with its tables."""

from __future__ import annotations

import re

import pytest

import si_eval as se
from si_eval.registry import facts, indicators, sections
from si_eval.study.evaluation import study_tables
from si_eval.study.file import load_study

SHORT = 6  # letters: a shorter Dutch word may stand in an English one


def dutch_texts() -> set[str]:
    pairs = [*facts("labels").values(), *facts("reasons").values(), *sections().values()]
    texts = {(entry["nl"], entry["en"]) for entry in pairs}
    texts |= {(one.nl, one.en) for one in indicators().values()}
    return {
        nl
        for nl, en in texts
        if nl.lower() != en.lower() and nl.lower() not in en.lower() and len(nl) > SHORT and "{" not in nl
    }


def refuse_dutch(text: str) -> None:
    found = [one for one in dutch_texts() if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text)]
    assert not found


@pytest.fixture(scope="module")
def tables():
    study = load_study(language="en")
    return study, study_tables(study)


def test_a_study_opened_in_english_shows_english(tables):
    study, safe = tables
    assert study.file.languages == ("en", "nl")
    for name in list(safe)[:12]:
        shown = se.show(safe[name])
        refuse_dutch(shown.html)
        refuse_dutch(f"{shown!r} {safe[name]!r} {safe[name].summary()}")
        notes = safe[name].to_frame("en")["note"].dropna().astype(str)
        assert not notes.str.contains(" | ", regex=False).any()


def test_a_frame_without_a_study_shows_english():
    firms = se.simulate_firms(seed=1).frame
    panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    table = se.compare_groups(panel, indicator="revenue", years=[2015])
    (safe,) = se.protect([table], rules="as_published")
    mean = se.cell(safe, group="participant", statistic="mean")
    said = se.say("Het gemiddelde is {mean}.", "The mean is {mean}.", mean=mean)
    outputs = [se.show(safe).html, said.html, repr(said), repr(table), repr(panel), repr(safe)]
    refuse_dutch(" ".join(outputs))
    assert "The mean is" in said.html


def test_a_study_reads_in_the_first_of_its_languages():
    study = load_study()
    safe = next(iter(study_tables(study).values()))
    assert safe.language == study.file.languages[0] == "nl"
    assert safe.titles["nl"] in se.show(safe).html
    assert safe.titles["en"] in se.show(safe, language="en").html
