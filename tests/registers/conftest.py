"""Fixtures of the tests of registers: a cache, and a small extract that was read from parquet."""

from __future__ import annotations

from pathlib import Path

import pytest
from raw_extracts import canonical_frames, write_extract, write_parquet

from si_eval.registers.extracts import read_extract


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one cache to all tests: files that a test leaves as they were are not inspected again."""
    return tmp_path_factory.mktemp("cached") / "cache"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path):
    folder = tmp_path_factory.mktemp("reference")
    return read_extract(write_extract(folder / "raw", canonical_frames(), write_parquet), cache=cache)


# --- formats ---------------------------------------------------------------------------------------------------------
