"""Run the commands with ``python -m si_eval``, which never imports from the working directory."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Load the commands and run one; Ctrl-C while they load ends without a word more than needed."""
    try:
        from si_eval.cli import app  # noqa: PLC0415  loaded inside the handling of Ctrl-C
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        os._exit(INTERRUPTED)
    sys.exit(app())


if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path:
        del sys.path[0]  # the working directory, which `python -m` puts there
    main()
