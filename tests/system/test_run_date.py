"""The date of a run is one date in every time zone."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from si_eval.system.run_date import run_date


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])  # 25 hours apart: two dates at any moment
def test_a_date_is_that_of_utc(zone, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        before = datetime.now(UTC).date().isoformat()
        assert before <= run_date() <= datetime.now(UTC).date().isoformat()
    finally:
        monkeypatch.undo()
        time.tzset()
