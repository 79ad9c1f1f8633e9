"""Codes are codes, words are labels: every reason has its texts, and the evidence codes of older tables are read."""

from __future__ import annotations

import pandas as pd
import pytest

from si_eval.registry import facts
from si_eval.results import ResultTable
from si_eval.vocabulary import FORMER_EVIDENCE, Reason, bilingual_label, evidence_code, label


def test_every_reason_has_texts_and_every_text_a_reason():
    assert {reason.value for reason in Reason} == set(facts("reasons"))
    for reason in Reason:
        assert reason.text("nl")
        assert reason.text("en")
        assert reason.text("nl") != reason.text("en")
        assert (label(reason.note, "nl"), label(reason.note, "en")) == (reason.text("nl"), reason.text("en"))


def test_an_english_reason_is_a_term_of_the_labels():
    for reason in Reason:
        assert label(reason.text("en"), "nl") == reason.text("nl")


def test_a_label_in_both_languages_is_split_again():
    note = bilingual_label("kpi_between").format(first=2014, last=2020)
    assert (label(note, "nl"), label(note, "en")) == ("van 2014 tot 2020", "from 2014 to 2020")


@pytest.mark.parametrize(("former", "code"), FORMER_EVIDENCE.items())
def test_codes_of_older_tables_are_read(former, code):
    assert evidence_code(former) == code
    assert ResultTable(pd.DataFrame(), "f", former, "", "r").evidence == code


def test_other_codes_are_refused():
    with pytest.raises(ValueError, match="expected one of goal_attainment, association, effect"):
        evidence_code("proof")
