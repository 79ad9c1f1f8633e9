"""What a command shows while it works and when it ends: the step and the time left, and what is wrong, in colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich import progress as rich_progress
from rich.console import Console
from rich.text import Text

from si_eval.system.progress import Progress

errors = Console(stderr=True)


def _coloured(message: str) -> Text:
    """Colour a message: what was found in red, what was expected and what to do in colours of their own."""
    text = Text(message, style="red")
    text.highlight_regex(r"(?<=; )expected [^;\n]*", "yellow")
    text.highlight_regex(r"(?<=; )(?!expected )[^;\n]+$|(?<=; )(?!expected )[^;\n]+(?=\n)", "green")
    return text


def print_error(message: str) -> None:
    """Print a message in colours, or as it is where there is no memory for more."""
    try:
        errors.print(_coloured(message), soft_wrap=True)
    except (MemoryError, ImportError, OSError):
        with suppress(OSError):
            os.write(2, f"{message}\n".encode("utf-8", "backslashreplace"))


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show the step at work and the fraction done."""
    columns = (
        rich_progress.TextColumn("{task.description:<45}"),
        rich_progress.BarColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TextColumn("left"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=errors) as bar:
        task = bar.add_task("", total=1.0)

        def show(step: str, fraction: float) -> None:
            bar.update(task, description=step, completed=fraction)

        yield show
