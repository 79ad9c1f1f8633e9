"""Two folders that change places in one step, where the system can: at no moment is one of them missing."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

HERE = -100  # AT_FDCWD: paths are as they are given
EXCHANGE = 2  # RENAME_EXCHANGE, of renameat2 in Linux 3.15 and later


def exchange(one: Path, other: Path) -> bool:
    """Let two paths of one file system change places; return whether they did, as not every system can."""
    rename = _renameat2()
    if rename is None:
        return False
    return bool(rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0)


@cache
def _renameat2() -> Any:
    """Return the call of the C library; nothing where it has none."""
    try:
        return ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return None
