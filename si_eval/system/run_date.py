"""The date that results print: today's, or that of SOURCE_DATE_EPOCH, so that a run can be repeated byte by byte."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from si_eval.errors import StudyError

VARIABLE = "SOURCE_DATE_EPOCH"  # seconds since 1970: https://reproducible-builds.org/specs/source-date-epoch/


def run_date() -> str:
    """Return the date of a run in UTC, as YYYY-MM-DD: that of ``SOURCE_DATE_EPOCH`` where it is set, else today's.

    Runs at one moment so print one date in every time zone.

    Raises `StudyError` where the variable holds something else than whole seconds from 1970 to 9999.
    """
    seconds = os.environ.get(VARIABLE, "")
    if not seconds:
        return datetime.now(UTC).date().isoformat()
    try:
        if not (seconds.isascii() and seconds.isdigit()):
            raise ValueError(seconds)
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise StudyError(
            f"{VARIABLE}: found {seconds[:40]!r}; expected whole seconds since 1970, such as 1767225600; correct it or "
            "unset it"
        ) from None
