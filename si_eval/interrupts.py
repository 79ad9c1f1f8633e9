"""Ctrl-C: it waits while files that belong together change places, and ends the rest with everything put back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Interrupts:
    """Notes that Ctrl-C came while the block ran, whatever error a library makes of it; ``came`` says so."""

    def __init__(self) -> None:
        self.came = False
        self._before: signal.Handlers | object = None

    def __enter__(self) -> Interrupts:
        """Watch from here."""
        if _in_main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer."""
        if _in_main_thread():
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Keep Ctrl-C until the block is done, so that files which belong together change together."""
    if not _in_main_thread():
        yield
        return
    waiting: list[FrameType | None] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: waiting.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        signal.raise_signal(signal.SIGINT)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
