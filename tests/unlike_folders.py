"""Folders with registers whose files and columns have unlike names: one small population, written in many ways.

Each folder says how its files and columns are called; what a column holds is known by construction (`expected`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

QUARTERS = {1: 0.28, 2: 0.22, 3: 0.2, 4: 0.3}  # of the turnover of a year
YEARS = (2015, 2016, 2017, 2018)
FIRMS = 120
CODES = ((25, 11), (28, 29), (62, 1), (71, 12), (46, 90), (10, 5))
# What each column of the population is, in the words of `recognise_folder`.
ROLES = {
    "unit": "be_id", "year": "year", "persons": "employed_persons", "activity": "sbi", "founded": "founded",
    "region": "region", "town": "municipality", "holding": "group_id", "sales": "turnover", "quarter": "quarter",
    "decision": "decision", "date": "entry_date", "amount": "own_number", "research": "own_number",
    "exports": "own_number", "scheme": "scheme", "name": "unused", "licence": "kvk_id", "person": "person_id",
    "from": "start", "until": "end",
}  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """How a population is written: files with their columns by what these hold, and how values look."""

    text: str  # a line a table: its kind, the name of its file, and its columns by what they hold
    unit: str = "GB{:07d}"
    day: str = "%Y-%m-%d"
    thousands: bool = False
    money: str = "{:.0f}"
    code: str = "{}.{}"
    span: bool = False  # years as 2016/17
    decisions: tuple[str, str] = ("awarded", "rejected")
    delimiter: str = ","

    @property
    def tables(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Return the file and the columns of each kind of table."""
        joined = re.sub(r"\n {10,}", " ", self.text).strip().splitlines()
        parts = [line.strip().split(":", 2) for line in joined]
        return {
            kind: (file.strip(), dict(pair.strip().split("=", 1) for pair in columns.split(";")))
            for kind, file, columns in parts
        }

    def expected(self) -> dict[tuple[str, str], str]:
        """Return the role of each column, by table and column."""
        return {
            (file, column): ROLES[kind] for file, columns in self.tables.values() for kind, column in columns.items()
        }


def population(seed: int = 3) -> dict[str, pd.DataFrame]:
    """Draw firms by year, their turnover by quarter, and a list of applicants."""
    random = np.random.default_rng(seed)
    number = 100_000 + random.choice(9 * 10**6, FIRMS, replace=False)
    firms = pd.DataFrame({
        "number": number,
        "licence": [f"{one:08d}" for one in 1_000_000 + random.choice(10**7, FIRMS, replace=False)],
        "person": [f"P{one:09d}" for one in random.choice(10**8, FIRMS, replace=False)],
        "name": [f"Firm {one} of {two}" for one, two in zip(number, random.integers(1, 99, FIRMS), strict=True)],
        "code": [CODES[place] for place in random.integers(0, 6, FIRMS)],
        "born": random.integers(1960, 2014, FIRMS),
        "region": random.choice(["North", "East", "West", "South"], FIRMS),
        "town": random.choice([f"GM{one:04d}" for one in range(200, 240)], FIRMS),
        "holding": random.choice(np.arange(500_000, 900_000), FIRMS // 2)[random.integers(0, FIRMS // 2, FIRMS)],
        "size": np.exp(random.normal(2.8, 1.1, FIRMS)),
        "draw": random.random(FIRMS),
        "entry": random.integers(2016, 2019, FIRMS),
    })  # fmt: skip
    rows = firms.merge(pd.DataFrame({"year": YEARS}), how="cross")
    rows["persons"] = np.maximum(1, np.round(rows["size"] * np.exp(random.normal(0, 0.1, len(rows)))))
    rows["sales"] = np.round(rows["persons"] * np.exp(random.normal(11.6, 0.4, len(rows))))
    rows["research"] = np.round(random.gamma(0.5, 900, len(rows)) * rows["persons"])
    rows["exports"] = np.round(rows["sales"] * random.beta(1, 4, len(rows)))
    quarters = rows.merge(pd.DataFrame({"quarter": [1, 2, 3, 4]}), how="cross").assign(
        sales=lambda every: every["sales"] * every["quarter"].map(QUARTERS)
    )
    asked = firms[firms["draw"] < 0.4].assign(amount=lambda some: random.integers(5, 50, len(some)) * 1000)
    other = firms[firms["draw"] > 0.85].assign(amount=lambda some: random.integers(5, 50, len(some)) * 1000)
    return {"units": rows, "money": rows, "quarters": quarters, "survey": rows[random.random(len(rows)) < 0.6],
            "all": rows, "list": asked, "other": other, "persons": firms, "links": firms}  # fmt: skip


def write_folder(folder: Path, how: Folder, *, seed: int = 3) -> None:
    """Write the population in the way of a folder."""
    for kind, (file, columns) in how.tables.items():
        frame = _written(population(seed)[kind], how, kind)
        if "{year}" in file:
            for year in YEARS:
                of_year = frame[frame["when"] == year]
                _write(of_year, columns, folder / file.replace("{year}", str(year)), how)
        elif any("{year}" in name for name in columns.values()):
            _write(*_wide(frame, columns), folder / file, how)
        else:
            _write(frame, columns, folder / file, how)


def _wide(frame: pd.DataFrame, columns: Mapping[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a row a firm, with a column a year for what a folder names with `{year}`."""
    yearly = {kind: name for kind, name in columns.items() if "{year}" in name}
    made = frame.drop_duplicates("number").set_index("number")
    names = {kind: name for kind, name in columns.items() if kind not in yearly}
    for kind, name in yearly.items():
        for year in YEARS:
            made[f"{kind} {year}"] = frame[frame["when"] == year].set_index("number")[kind]
            names[f"{kind} {year}"] = name.replace("{year}", str(year))
    return made.reset_index(), names


def _written(frame: pd.DataFrame, how: Folder, kind: str) -> pd.DataFrame:
    """Return the rows with values as the folder writes them."""
    unit = 1000 if how.thousands else 1
    made = frame.assign(
        unit=frame["number"].map(how.unit.format) if how.unit else frame["number"],
        activity=[how.code.format(f"{one:02d}", f"{two:02d}") for one, two in frame["code"]],
        founded=frame["born"],
    )
    if "year" in frame:
        when = frame["year"]
        made = made.assign(
            when=when, year=when.map(lambda year: f"{year}/{(year + 1) % 100:02d}") if how.span else when
        )
    if kind in ("list", "other"):
        accepted = frame["draw"] < 0.25
        days = pd.to_datetime({"year": frame["entry"], "month": 4, "day": 6}).dt.strftime(how.day)
        made = made.assign(date=days.where(accepted | (kind == "other"), ""), scheme="innovation")
        made["decision"] = np.where(accepted, *how.decisions)
    if kind == "links":
        made = made.assign(**{"from": "2010-01-01", "until": ""})
    for column in ("sales", "research", "exports"):
        if column in frame:
            made[column] = (frame[column] / unit).map(how.money.format)
    return made


def _write(frame: pd.DataFrame, columns: Mapping[str, str], path: Path, how: Folder) -> None:
    """Write the columns of a table under the folder's names, in the format of the file's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = frame[list(columns)].rename(columns=dict(columns)).reset_index(drop=True)
    if path.suffix == ".csv":
        kept.to_csv(path, index=False, sep=how.delimiter)
        return
    for name in kept.columns:
        if kept[name].dtype == object or isinstance(kept[name].dtype, pd.StringDtype):
            number = pd.to_numeric(kept[name], errors="coerce")
            kept[name] = number if number.notna().all() and not kept[name].str.startswith("0").any() else kept[name]
    if path.suffix == ".parquet":
        kept.to_parquet(path, index=False)
    elif path.suffix == ".dta":
        kept.to_stata(path, write_index=False)
    else:
        pyreadstat.write_sav(kept, path)


FOLDERS: dict[str, Folder] = {
    "dutch words": Folder(
        """
        units: bedrijvenregister_{year}.csv: unit=bedrijfsnummer; persons=werkzame_personen; activity=sbi_code;
                founded=oprichtingsjaar; region=provincie; town=gemeente
        money: omzet_{year}.csv: unit=bedrijfsnummer; sales=omzet_bedrag
        list: aanvragen.csv: unit=bedrijfsnummer; decision=besluit; date=toekenningsdatum; amount=subsidiebedrag
        """,
        unit="{:08d}",
        day="%d-%m-%Y",
        code="{}{}",
        decisions=("toegekend", "afgewezen"),
        delimiter=";",
    ),
    "names of the library": Folder(
        """
        units: business_units_{year}.csv: unit=be_id; persons=employed_persons; activity=sbi; holding=group_id
        all: enterprise_groups_{year}.csv: holding=group_id; persons=employed_persons
        quarters: turnover_{year}.csv: unit=be_id; quarter=quarter; sales=turnover
        persons: kvk_person.csv: licence=kvk_id; person=person_id
        links: person_business_unit.csv: person=person_id; unit=be_id; from=start; until=end
        list: participants.csv: licence=kvk_id; date=entry_date
        """,
        unit="{:08d}",
        code="{}{}0",
    ),
    "a column a year": Folder(
        """
        units: companies.csv: unit=company_id; activity=nace; region=county; persons=staff_{year}
        money: finances.csv: unit=company_id; sales=Sales {year}; exports=Exports {year}
        list: grantees.csv: unit=company_id; date=grant_date
        """
    ),
    "dutch abbreviations in one long file": Folder(
        """
        units: reg.parquet: unit=beid; year=jr; persons=wp; activity=sbi; region=gewest
        quarters: drt.parquet: unit=be_nr; year=jaar; quarter=kw; sales=omz
        list: deelnemers.parquet: unit=beid; date=ingangsdatum
        """,
        unit="{:09d}",
        code="{}{}0",
    ),
    "united kingdom": Folder(
        """
        units: idbr_{year}.csv: unit=ENTREF; persons=empment; activity=sic07; founded=birthyear; region=gor;
                holding=wowent
        money: abs_{year}.csv: unit=ENTREF; sales=tnover
        survey: berd.csv: unit=entref; year=ref_year; research=rd_spend
        list: voucher_applications.csv: unit=EntRef; decision=Outcome; date=DateOfAward; amount=Voucher_Value
        """,
        day="%d/%m/%Y",
        thousands=True,
        money="{:.2f}",
    ),
    "vat numbers and financial years": Folder(
        """
        units: register.csv: unit=VAT No; year=Financial Year; persons=Headcount; activity=NACE Rev 2; region=ITL1
        money: accounts.csv: unit=VAT No; year=Financial Year; sales=Net Turnover (£k)
        list: awards.csv: unit=VAT No; date=Award Date; amount=Grant Amount
        """,
        day="%d/%m/%Y",
        thousands=True,
        money="{:,.2f}",
        span=True,
    ),
    "stata and flemish": Folder(
        """
        units: kbo_{year}.dta: unit=ondernemingsnummer; persons=vte; activity=nacebel; founded=oprichting; town=niscode
        money: jaarrekening_{year}.dta: unit=onderneming; sales=bedrijfsopbrengsten; exports=uitvoer
        list: begunstigden.dta: unit=kbo_nr; date=datum_beslissing; amount=steun
        """,
        unit="{:010d}",
        code="{}{}0",
    ),
    "spss and camel case": Folder(
        """
        units: Firms{year}.sav: unit=FirmID; persons=NrEmployees; activity=MainActivity; founded=YearFounded;
                region=Province
        money: Sales{year}.sav: unit=FirmID; sales=SalesEUR; exports=ExportsEUR
        list: Participants.sav: unit=FirmID; date=StartDate
        """,
        unit="",
    ),
    "one table and flags": Folder(
        """
        all: panel.csv: unit=firm; year=fy; persons=staff; sales=revenue; activity=industry; region=county
        list: treated.csv: unit=firm; date=grant_year
        """,
        day="%Y",
    ),
    "misspelt and cut": Folder(
        """
        units: units_{year}.csv: unit=compny_id; persons=employes; activity=nace_cod; founded=foundd; region=regon
        money: turn_{year}.csv: unit=compny_id; sales=turnovr
        list: grants.csv: unit=compny_id; decision=descision; date=awrd_date; amount=amt
        """,
    ),
    "two lists and names of firms": Folder(
        """
        units: demo_{year}.csv: unit=siren; name=nom; persons=effectif; activity=naf; region=region
        money: ca_{year}.csv: unit=siren; sales=chiffre_affaires
        list: beneficiaries.csv: unit=siren; date=date_awarded; amount=montant
        other: other_scheme.csv: unit=siren; amount=montant
        """,
        unit="{:09d}",
    ),
    "a chain of links": Folder(
        """
        units: abr_{year}.csv: unit=be_nummer; persons=wp_totaal; activity=sbi2008; town=gem; holding=og
        quarters: btw_omzet_{year}.csv: unit=be_nummer; quarter=kwartaal; sales=omzet_bedrag
        persons: kvk_persoon.csv: licence=kvk_nr; person=persoon_id
        links: persoon_be.csv: person=persoon_id; unit=be_nummer; from=begindatum; until=einddatum
        list: deelnemerslijst.csv: licence=kvknr; date=datum_toetreding
        """,
        unit="{:08d}",
        code="{}{}0",
    ),
    "dutch": Folder(
        """
        units: populatie {year}.csv: unit=bedr_id; persons=werkzpers_tot; activity=hoofdact; founded=opr_jr;
                town=vestigingsgemeente
        money: financieel {year}.csv: unit=bedr_id; sales=netto_omzet_x1000
        list: steunlijst.csv: unit=bedr_id; decision=toegewezen; date=dtm_beschikking; amount=subsidie_eur
        """,
        unit="{:08d}",
        day="%d-%m-%Y",
        thousands=True,
        code="{}{}",
        decisions=("ja", "nee"),
        delimiter=";",
    ),
    "english": Folder(
        """
        units: pop_{year}.csv: unit=unit_ref; year=year_ref; persons=n_emps; activity=ind_code; founded=start_yr;
                region=gor_name
        money: fin_{year}.csv: unit=unit_ref; sales=total_sales_gbp
        list: apps.csv: unit=unit_ref; decision=app_outcome; date=approved_date; amount=award_gbp
        """,
        day="%d/%m/%Y",
        decisions=("Successful", "Unsuccessful"),
    ),
    "companies house": Folder(
        """
        all: fame_export.csv: unit=co_number; name=co_name; year=fin_yr; persons=avg_employees; sales=turnover_gbp_000;
                activity=sic_code_1; founded=incorporated_on; region=region_uk; exports=overseas_turnover
        list: offers.csv: unit=co_number; decision=offer_status; date=offer_date
        """,
        unit="{:08d}",
        day="%d %B %Y",
        thousands=True,
        decisions=("Accepted", "Declined"),
    ),
    "ngo": Folder(
        """
        units: enterprise_survey_{year}.dta: unit=hhid; persons=total_workers; activity=isic4; region=province
        money: enterprise_sales_{year}.dta: unit=hhid; sales=annual_sales; exports=export_val
        list: grantees.dta: unit=hhid; date=disbursed; amount=grant_size
        """,
        unit="E{:07d}",
        code="{}{}",
    ),
}
