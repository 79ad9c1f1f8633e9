"""Damaged extracts: a headline figure never changes without a word; a sample of what `damaged_extracts` can make."""

from __future__ import annotations

import pytest
from damaged_extracts import FILES, KINDS, clean_headline, outcome_of, write_damaged

SAMPLE = KINDS[::6]  # a full run takes every kind with ten seeds


@pytest.fixture(scope="module")
def clean(tmp_path_factory, cache):
    return clean_headline(tmp_path_factory.mktemp("clean") / "raw", cache)


@pytest.mark.parametrize("kind", SAMPLE)
def test_damage_is_refused_remarked_or_harmless(kind, clean, tmp_path, cache):
    what = write_damaged(tmp_path / "raw", kind, seed=0)
    outcome = outcome_of(tmp_path / "raw", cache, clean)
    assert not outcome.startswith("WRONG"), f"{what}: {outcome}"


@pytest.fixture(scope="module", params=["csv", "sav"])
def clean_at_the_office(request, tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("clean") / "raw"
    return request.param, clean_headline(folder, cache, layout="cbs", form=request.param)


# A text that only CSV files can have is not damaged in others; SPSS keeps true and false as the number 1 and 0.
@pytest.mark.parametrize("kind", [kind for kind in KINDS[3::9] if kind not in FILES])
def test_damage_in_the_layout_of_the_office_is_seen_too(kind, clean_at_the_office, tmp_path, cache):
    form, clean = clean_at_the_office
    what = write_damaged(tmp_path / "raw", kind, seed=0, layout="cbs", form=form)
    outcome = outcome_of(tmp_path / "raw", cache, clean)
    assert not outcome.startswith("WRONG"), f"{what}: {outcome}"
