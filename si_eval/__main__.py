"""Run the commands with ``python -m si_eval``."""

from si_eval.cli import app

app()
