"""Reads the files of facts: each once, never written."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def facts(name: str) -> dict[str, Any]:
    """Read one file of facts, such as ``facts("indicators")``, as nested dictionaries."""
    text = resources.files("si_eval.registry").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
