"""Damaged extracts: a headline figure never changes without a word; a sample of what `damaged_extracts` can make."""

from __future__ import annotations

import pytest
from damaged_extracts import KINDS, clean_headline, outcome_of, write_damaged

SAMPLE = KINDS[::6]  # a full run takes every kind with ten seeds


@pytest.fixture(scope="module")
def clean(tmp_path_factory, cache):
    return clean_headline(tmp_path_factory.mktemp("clean") / "raw", cache)


@pytest.mark.parametrize("kind", SAMPLE)
def test_damage_is_refused_remarked_or_harmless(kind, clean, tmp_path, cache):
    what = write_damaged(tmp_path / "raw", kind, seed=0)
    outcome = outcome_of(tmp_path / "raw", cache, clean)
    assert not outcome.startswith("WRONG"), f"{what}: {outcome}"
