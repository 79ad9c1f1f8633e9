"""A programme of innovation vouchers in another country, simulated: its files, a frame of the same, and the truth.

Annual accounts, identifiers as texts, NACE codes with dots, pounds, R&D, regions, award dates, rejected applicants. Its
study file is `data/studies/innovation_vouchers.toml`; `python tests/vouchers.py FOLDER` writes the files.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from paths import ROOT

YEARS = range(2014, 2020)
REGIONS = ("North", "Midlands", "South")
NACE = ("25.11", "28.29", "62.01", "71.12", "46.90", "01.11")
EFFECT = 0.20  # on the logarithm of turnover, from the year of the award on
SHARE_AWARDED, SHARE_REJECTED, SHARE_SURVEYED = 0.15, 0.10, 0.6
THOUSAND = 1000


@dataclass(frozen=True)
class Vouchers:
    """The folder of files, and one row a firm and year as pandas has them before they were written."""

    folder: Path
    firms: pd.DataFrame


def write_vouchers(folder: Path, *, firms: int = 1500, seed: int = 1) -> Vouchers:
    """Write the files of the programme to a folder."""
    random = np.random.default_rng(seed)
    ids = np.array([f"GB{number:07d}" for number in random.choice(10**7, firms, replace=False)])
    draw = random.random(firms)
    decision = np.where(
        draw < SHARE_AWARDED, "awarded", np.where(draw < SHARE_AWARDED + SHARE_REJECTED, "rejected", "")
    )
    entry = np.where(decision == "awarded", random.integers(2016, 2019, firms), 0)
    base = pd.DataFrame(
        {
            "entref": ids,
            "itl1": random.choice(REGIONS, firms),
            "nace": random.choice(NACE, firms),
            "birth": random.integers(1980, 2013, firms),
            "level": random.normal(4.5, 0.5, firms),
            "size": np.exp(random.normal(2.6, 1.2, firms)),
            "decision": decision,
            "entry": entry,
            "amount": np.where(decision == "awarded", random.integers(5, 26, firms) * THOUSAND, 0),
        }
    )
    rows = base.merge(pd.DataFrame({"year": list(YEARS)}), how="cross")
    count = len(rows)
    since = (rows["entry"] > 0) & (rows["year"] >= rows["entry"])
    rows["employees"] = np.maximum(1, np.round(rows["size"] * np.exp(random.normal(0, 0.05, count)))).astype(int)
    trend = 0.02 * (rows["year"] - YEARS[0])
    noise = random.normal(0, 0.1, count)
    per_head = np.exp(rows["level"] + trend + EFFECT * since + noise)
    rows["turnover"] = np.round(per_head * rows["employees"]).astype(int)  # thousand pounds
    surveyed = random.random(count) < SHARE_SURVEYED
    rows["rd"] = np.where(surveyed, np.round(random.gamma(0.6, 900.0, count) * rows["employees"]), np.nan)
    _write(rows, base, folder)
    return Vouchers(folder, rows.drop(columns=["level", "size"]))


def _write(rows: pd.DataFrame, base: pd.DataFrame, folder: Path) -> None:
    """Write a file a year of register, accounts and survey, and the applications."""
    folder.mkdir(parents=True, exist_ok=True)
    for year, of_year in rows.groupby("year"):
        register = of_year[["entref", "employees", "nace", "itl1", "birth"]]
        register.to_csv(folder / f"register_{year}.csv", index=False)
        of_year[["entref", "turnover"]].to_csv(folder / f"accounts_{year}.csv", index=False)
        survey = of_year.loc[of_year["rd"].notna(), ["entref", "rd"]].rename(columns={"rd": "rd_total"})
        survey.astype({"rd_total": int}).to_csv(folder / f"berd_{year}.csv", index=False)
    asked = base[base["decision"] != ""]
    dates = [f"{year}-04-01" if year else "" for year in asked["entry"]]
    listed = asked[["entref", "decision", "amount"]].assign(award_date=dates)
    listed.to_csv(folder / "applications.csv", index=False)


STUDY = (ROOT / "data" / "studies" / "innovation_vouchers.toml").read_text(encoding="utf-8")


if __name__ == "__main__":
    write_vouchers(Path(sys.argv[1]))
