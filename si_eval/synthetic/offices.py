"""The firms of the invented programme as offices in other countries deliver registers: `offices.toml` has the names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from si_eval.registry import sections
from si_eval.synthetic.vouchers import THOUSAND, VoucherFirms

WAGE = 30  # thousand a person, of the labour costs that are simulated
WAGE_SHARE = 0.1  # of turnover, beside it


@cache
def offices() -> dict[str, Any]:
    """Read the layouts of offices, by name."""
    return tomllib.loads(resources.files(__package__).joinpath("offices.toml").read_text(encoding="utf-8"))


def deliver(drawn: VoucherFirms, office: str) -> VoucherFirms:
    """Return the same firms in the files and variables of an office; ``firms`` keeps one row a firm and year."""
    layout = offices()[office]
    firms = drawn.firms.assign(**_variables(drawn.firms, layout))
    return replace(drawn, firms=firms, tables=dict(_tables(firms, layout["tables"])))


def _variables(firms: pd.DataFrame, layout: dict[str, Any]) -> dict[str, pd.Series]:
    """Compute what an office says of each firm and year, in its own form and units."""
    number = firms["entref"].str.removeprefix("GB").astype(int)
    costs = (WAGE * firms["employees"] + WAGE_SHARE * firms["turnover"]).round().astype(int)
    award = firms["entry"].map(lambda year: f"{year}-04-01" if year else None)
    return {
        "id": number.map(lambda value: layout["id"].format(number=value)),
        "activity": firms["nace"].map(lambda code: _activity(code, layout["activity"])),
        "region": firms["itl1"].replace(layout.get("regions", {})),
        "started": firms["birth"].map(lambda year: f"01-01-{year}"),
        "costs": costs,
        "euros": firms["turnover"] * THOUSAND,
        "costs_euros": costs * THOUSAND,
        "award": award,
        "entry": firms["entry"].where(firms["entry"] > 0).astype("Int64"),
    }


def _activity(code: str, form: str) -> str:
    """Write a NACE class as an office does: without a dot, with a fifth digit, or with the letter of its section."""
    division = int(code[:2])
    letter = next(letter for letter, section in sections().items() if section["first"] <= division <= section["last"])
    return form.format(**{"class": code.replace(".", "")}, dotted=code, letter=letter)


def _tables(firms: pd.DataFrame, tables: dict[str, dict[str, str]]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make the tables of an office, one a year where the name of the file says so."""
    for name, columns in tables.items():
        names = {source: column for column, source in columns.items() if column != "rows"}
        chosen = {"surveyed": firms["rd"].notna(), "asked": firms["decision"] != ""}.get(columns.get("rows", ""))
        rows = firms if chosen is None else firms[chosen]
        if columns.get("rows") == "asked":
            rows = rows.drop_duplicates("id")
        years = np.unique(rows["year"]) if "{year}" in name else [None]
        for year in years:
            of_year = rows if year is None else rows[rows["year"] == year]
            yield name.format(year=year), of_year[list(names)].rename(columns=names).reset_index(drop=True)
