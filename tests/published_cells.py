"""Protected rows and published rows made up for a test, and the verdict on one of them."""

from __future__ import annotations

import tomllib

import pandas as pd
from paths import DATA
from safe_tables import make_safe_table

from si_eval.published import compare_published
from si_eval.published.sources import CLAIM_COLUMNS, DUTCH_COLUMNS, FIGURE_COLUMNS
from si_eval.registry import size_class_labels
from si_eval.results import ResultTable, SafeTable, Simulation

FILE = DATA / "published" / "readings.toml"
READINGS = tomllib.loads(FILE.read_text(encoding="utf-8"))
WITHHELD = "withheld"
OTHER = "group:non_participant"


def cell(value: float | str | None, **keys: str | int) -> dict[str, object]:
    """Make one protected row: a number, withheld, or not computable (None)."""
    shown = not isinstance(value, str)
    row = {"indicator": "revenue", "statistic": "mean", "group": "participant", "year": 2014, "unit": "EUR", **keys}
    told = {"estimate": value if shown else None, "status": "shown" if shown else "suppressed", "note": "no such data"}
    return {"size_class": "all", "sector": "all", "category": "all", "rule_set": "replicate_2020", **row, **told}


def safe(
    rows: list[dict[str, object]], *, exhibit: str = "made_up", scale: float | None = None, public: bool = False
) -> SafeTable:
    simulation = None if scale is None else Simulation("made_up", scale, 1, calibrated=({**rows[0]},))
    made = {"exhibit": exhibit, "simulation": simulation, "public": public}
    table = ResultTable(pd.DataFrame(rows), "f", "association", "", "replicate_2020", **made)
    return make_safe_table(table, pd.DataFrame(rows).assign(exhibit=exhibit), "cbs")


def published(columns: tuple[str, ...], **keys: str) -> pd.DataFrame:
    defaults = dict.fromkeys(columns, "") | {"id": "X1", "quantity": "level", "confidence": "1.0", "year": "2014"}
    defaults |= {"indicator": "revenue", "statistic": "mean", "group": "participant"}
    defaults |= {"size_class": "all", "sector": "all", "category": "all", "precision": "printed", "quantifier": "all"}
    dutch = [column for column in DUTCH_COLUMNS if column in keys]
    return pd.DataFrame([{column: {**defaults, **keys}[column] for column in (*columns, *dutch)}])


def judge(
    kind: str, rows: list[dict[str, object]], *, scale: float | None = None, public: bool = False, **keys: str
) -> pd.Series:
    """Judge one figure or claim against made-up rows."""
    figures, claims = (published(columns, **keys) for columns in (FIGURE_COLUMNS, CLAIM_COLUMNS))
    inputs = (
        {"figures": figures, "claims": claims.iloc[:0]}
        if kind == "figure"
        else {"figures": figures.iloc[:0], "claims": claims}
    )
    return compare_published([safe(rows, scale=scale, public=public)], **inputs, readings=FILE).to_frame().iloc[0]


def pair(left: float | str | None, right: float | str | None, **keys: str | int) -> list[dict[str, object]]:
    return [cell(left, **keys), cell(right, group="non_participant", **keys)]


def course(*values: float | str | None, **keys: str | int) -> list[dict[str, object]]:
    return [cell(value, year=2014 + place, **keys) for place, value in enumerate(values)]


def classes(*lefts: float | str) -> list[dict[str, object]]:
    """Give participants these numbers in the four size classes, and non-participants 1 in each."""
    names = size_class_labels("size_class_4")
    return [row for name, left in zip(names, lefts, strict=True) for row in pair(left, 1, size_class=name)]
