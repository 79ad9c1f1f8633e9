"""Run the commands with ``python -m si_eval``, which never imports from the working directory."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Load the commands and run one; Ctrl-C while they load ends without a word more than needed."""
    leave_working_directory()
    try:
        from si_eval.cli import app  # noqa: PLC0415  loaded inside the handling of Ctrl-C
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        os._exit(INTERRUPTED)
    except (MemoryError, ImportError) as error:
        if isinstance(error, ImportError) and "map segment" not in str(error) and "allocate" not in str(error):
            raise
        os.write(2, b"si-eval: found no memory left; expected more; end other programs, or raise the limit\n")
        os._exit(1)
    sys.exit(app())


def leave_working_directory() -> None:
    """Take the working directory off the import path, where `python -m` or an empty or relative entry put it."""
    try:
        here = os.path.realpath(os.curdir)
    except OSError:
        return  # it was removed
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if any(os.path.isabs(part) and os.path.realpath(part) == here for part in given):  # noqa: PTH117  nothing imported yet
        return  # asked for by its name
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    first = sys.path.index(library) if library in sys.path else len(sys.path)
    sys.path[:first] = [part for part in sys.path[:first] if os.path.realpath(part) != here]


if __name__ == "__main__":
    main()
