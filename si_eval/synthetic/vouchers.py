"""A programme of innovation vouchers in another country, simulated with a known effect: accounts, pounds, NACE codes.

Its study file is `data/studies/innovation_vouchers.toml`. Identifiers are texts, turnover is in thousands, some
applicants are rejected, and the survey on research has a part of the firms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from si_eval.synthetic.tables import Table

PRESET = "innovation_vouchers"
POPULATION, FEWEST = 150_000, 300  # firms of the whole country, and of the smallest extract
YEARS = range(2014, 2020)
REGIONS = ("North", "Midlands", "South")
NACE = ("25.11", "28.29", "62.01", "71.12", "46.90", "01.11")
EFFECT = 0.20  # on the logarithm of turnover, from the year of the award on
SHARE_AWARDED, SHARE_REJECTED, SHARE_SURVEYED = 0.15, 0.10, 0.6
THOUSAND = 1000


@dataclass(frozen=True)
class VoucherFirms:
    """One row a firm and year with everything that is true of it, and the tables as an office would deliver them."""

    firms: pd.DataFrame
    tables: dict[str, pd.DataFrame]

    def as_tables(self) -> list[Table]:
        """Return the tables to be written, by the name of their file."""
        return [Table(name, pa.Table.from_pandas(frame, preserve_index=False)) for name, frame in self.tables.items()]

    def truth(self) -> dict[str, Any]:
        """Return what is true of the firms: the effect, and how many were awarded and rejected."""
        first = self.firms.drop_duplicates("entref")
        counts = {name: int((first["decision"] == name).sum()) for name in ("awarded", "rejected")}
        return {"effect_on_log_turnover": EFFECT, "firms": len(first), **counts}


def draw_vouchers(firms: int = 1500, seed: int = 1) -> VoucherFirms:
    """Draw the firms of the programme; the same seed gives the same firms."""
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
    return VoucherFirms(rows.drop(columns=["level", "size"]), dict(_tables(rows, base)))


def _tables(rows: pd.DataFrame, base: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Make a table a year of register, accounts and survey, and the list of applications."""
    tables = []
    for year, of_year in rows.groupby("year"):
        survey = of_year.loc[of_year["rd"].notna(), ["entref", "rd"]].rename(columns={"rd": "rd_total"})
        tables += [
            (f"register_{year}", of_year[["entref", "employees", "nace", "itl1", "birth"]]),
            (f"accounts_{year}", of_year[["entref", "turnover"]]),
            (f"berd_{year}", survey.astype({"rd_total": int})),
        ]
    asked = base[base["decision"] != ""]
    dates = asked["entry"].map(lambda year: f"{year}-04-01" if year else None)
    return [*tables, ("applications", asked[["entref", "decision", "amount"]].assign(award_date=dates))]
