"""The simulated programme of innovation vouchers: its files, a frame of the same, and its study file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from paths import ROOT

from si_eval.synthetic.vouchers import EFFECT, REGIONS, THOUSAND, draw_vouchers

__all__ = ["EFFECT", "REGIONS", "STUDY", "THOUSAND", "Vouchers", "write_vouchers"]

STUDY = (ROOT / "data" / "studies" / "innovation_vouchers.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Vouchers:
    """The folder of files, and one row a firm and year as pandas has them before they were written."""

    folder: Path
    firms: pd.DataFrame


def write_vouchers(folder: Path, *, firms: int = 1500, seed: int = 1) -> Vouchers:
    """Write the files of the programme to a folder, as CSV."""
    drawn = draw_vouchers(firms, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in drawn.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return Vouchers(folder, drawn.firms)
