"""Registers of firms that are sound, for tests that damage them."""

from __future__ import annotations

import numpy as np
import pandas as pd

Frames = dict[str, pd.DataFrame]
YEARS = tuple(range(2015, 2019))


def make_registers(*, units: int = 400, seed: int = 1) -> Frames:
    """Make the tables of an extract: firms with a size, an activity and a growth of their own, some of them linked."""
    rng = np.random.default_rng(seed)
    firm = pd.DataFrame(
        {
            "be_id": 10_000_000 + rng.permutation(units * 3)[:units],
            "persons": np.exp(rng.normal(1.5, 1.4, units)),
            "sbi": rng.choice(["01110", "10710", "25620", "41200", "46900", "62010", "71120", "86100", "96020"], units),
            "founded": pd.Timestamp("1985-01-01") + pd.to_timedelta(rng.integers(0, 12_500, units), "D"),
            "municipality": rng.choice(["0014", "0363", "0599", "0518", "1680"], units),
            "per_person": np.exp(rng.normal(np.log(170_000), 0.7, units)),
        }
    )
    firm["group_id"] = 50_000_000 + np.arange(units)
    years = pd.concat([firm.assign(year=year) for year in YEARS], ignore_index=True)
    years = years[years["founded"].dt.year <= years["year"]].reset_index(drop=True)
    n = len(years)
    years["persons"] = (years["persons"] * np.exp(rng.normal(0, 0.02, n))).round(2)
    lower = {
        "00": 0,
        "10": 1,
        "21": 2,
        "30": 5,
        "40": 10,
        "50": 20,
        "60": 50,
        "71": 100,
        "81": 200,
        "82": 250,
        "91": 500,
    }
    codes = np.array(list(lower))[np.searchsorted(list(lower.values()), years["persons"], side="right") - 1]
    revenue = years["per_person"] * years["persons"] * np.exp(rng.normal(0, 0.2, n))
    turnover = pd.concat(
        [
            years[["be_id", "year"]].assign(
                quarter=quarter, turnover=(revenue / 4 * np.exp(rng.normal(0, 0.1, n))).round()
            )
            for quarter in (1, 2, 3, 4)
        ],
        ignore_index=True,
    )
    parts = {"computers": 0.0025, "communication": 0.0008, "machinery": 0.006, "software": 0.0025}
    totals = pd.concat(
        [
            years[["be_id", "year"]].assign(
                asset=asset, component="total", amount=(revenue * part * np.exp(rng.normal(0, 0.8, n))).round() + 1
            )
            for asset, part in parts.items()
        ],
        ignore_index=True,
    )
    totals["response"] = np.where(rng.random(len(totals)) < 0.4, "imputed", "observed")
    new = totals.assign(component="new", amount=(totals["amount"] * 0.7).round())
    linked = firm.sample(frac=0.3, random_state=seed)
    number = linked["be_id"].astype(str)
    return {
        "business_units": pd.DataFrame(
            {
                "be_id": years["be_id"], "year": years["year"], "employed_persons": years["persons"],
                "size_code": codes, "sbi": years["sbi"], "founded": years["founded"], "group_id": years["group_id"],
                "municipality": years["municipality"],
            }
        ),
        "enterprise_groups": pd.DataFrame(
            {
                "group_id": years["group_id"], "year": years["year"], "employed_persons": years["persons"],
                "size_code": codes,
            }
        ),
        "turnover": turnover,
        "investments": pd.concat([totals, new], ignore_index=True),
        "participants": pd.DataFrame(
            {
                "kvk_id": "K" + number, "fieldlab": rng.choice(["A", "B"], len(linked)),
                "entry_date": pd.Timestamp("2015-02-03") + pd.to_timedelta(rng.integers(0, 1200, len(linked)), "D"),
                "intensity": np.nan,
            }
        ),
        "kvk_person": pd.DataFrame({"kvk_id": "K" + number, "person_id": "P" + number, "year": np.nan}),
        "person_business_unit": pd.DataFrame(
            {
                "person_id": "P" + number, "be_id": linked["be_id"],
                "start": pd.Timestamp("2009-03-01") + pd.to_timedelta(rng.integers(0, 1500, len(linked)), "D"),
                "end": pd.Timestamp("2079-06-06"),
            }
        ),
    }  # fmt: skip
