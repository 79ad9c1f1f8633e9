"""Ctrl-C and other requests to end: they wait while files change places, and end the rest with all put back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

# Ctrl-C, `kill`, and a terminal that closes; Windows has no SIGHUP.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupts:
    """Notes that a request to end came while the block ran, whatever error a library makes of it.

    ``came`` says so, ``number`` which signal it was. A request that the process ignores from its start, as under
    `nohup`, stays ignored.
    """

    def __init__(self) -> None:
        self.came = False
        self.number: int = signal.SIGINT
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        """Watch from here."""
        if _in_main_thread():
            self._before = _handle(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer."""
        _put_back(self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self.came:
            self.number = number
        self.came = True
        raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Keep requests to end until the block is done, so that files which belong together change together."""
    if not _in_main_thread():
        yield
        return
    waiting: list[int] = []
    before = _handle(lambda number, frame: waiting.append(number))
    try:
        yield
    finally:
        _put_back(before)
    if waiting:
        signal.raise_signal(waiting[0])


def _handle(handler: Any) -> dict[int, Any]:
    """Set a handler for the requests that are not ignored, and return those of before."""
    heard = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    return {number: signal.signal(number, handler) for number in heard}


def _put_back(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
