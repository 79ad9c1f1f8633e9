"""Codes of economic activity: the division and section of each, with or without dots, letters and lost zeros."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from si_eval import engine
from si_eval.registry import sections
from si_eval.vocabulary import DIVISION, SECTOR

if TYPE_CHECKING:
    import ibis.expr.types as ir

ACTIVITY = "activity"  # the division as a number: a code a row, its texts once
LETTER, DIGITS = "letter", "digits"
CODE = r"([A-V])?\s*([0-9]{1,2}(?:[.\s]?[0-9]{1,3})*|)\s*"  # C, 25, 25.11, 2511, C25.11, 25110, 25.11.0
NATIONAL = r"^([A-V]?\s*\d{2}[.\s]?\d{2})[A-Z]$"  # 62.01Z: the letter is France's own
WHOLE_CODES = (4, 5)  # digits of a code of the lowest level


@cache
def section_letters() -> dict[str, str]:
    """Map each division, two digits, to the letter of its section."""
    return {
        f"{division:02d}": letter
        for letter, section in sections().items()
        for division in range(section["first"], section["last"] + 1)
    }


def read_activities(codes: pd.Series) -> pd.DataFrame:
    """Read texts of codes: ``division`` and ``sector`` of each, missing where the classification has no such code.

    A letter alone is a section without a division.
    """
    parts = split_codes(codes)
    division = parts[DIGITS].where(parts[DIGITS].str.len().ge(2)).str[:2]
    letter = division.map(section_letters()).astype("string")
    division = division.where(letter.notna())
    alone = parts[LETTER].where(parts[DIGITS].fillna("").eq("") & parts[LETTER].isin(list(sections())))
    return pd.DataFrame({DIVISION: division.astype("string"), SECTOR: letter.fillna(alone).astype("string")})


def split_codes(codes: pd.Series) -> pd.DataFrame:
    """Split texts of codes into the ``letter`` of a section and ``digits`` without dots, missing in what is no code.

    Where no code of a column begins with a zero and all have one of two lengths, the shorter ones lost theirs, as
    numbers do.
    """
    written = codes.astype("string").str.strip().str.upper().str.replace(NATIONAL, r"\1", regex=True)
    parts = written.str.extract(rf"^(?:{CODE})$")
    text = parts[1].str.replace(" ", "", regex=False)
    before = text.str.split(".").str[0]
    digits = text.str.replace(".", "", regex=False)
    dotted = text.str.contains(".", regex=False).fillna(False)
    digits = digits.mask(dotted & before.str.len().eq(1), "0" + digits)  # 1.11 was 01.11
    known = digits[digits.str.len().gt(0).fillna(False) & ~dotted]  # dots show where a zero is lacking
    lengths = set(known.str.len())
    longest = max(lengths, default=0)
    if longest in WHOLE_CODES and lengths <= {longest - 1, longest} and not known.str.startswith("0").any():
        digits = digits.where(digits.str.len().ne(longest - 1) | dotted, "0" + digits)
    return pd.DataFrame({LETTER: parts[0], DIGITS: digits})


def divisions_of(register: ir.Table) -> pd.DataFrame:
    """List division, its number and section of each SBI code that the register has and the classification knows.

    Trailing blanks are cut and other blanks read as zeros; the first two of two to five digits are the division.
    """
    codes = engine.fetch(register.select("sbi").distinct())["sbi"].dropna()
    digits = codes.str.rstrip().str.replace(" ", "0")
    frame = pd.DataFrame({"sbi": codes, DIVISION: digits.where(digits.str.fullmatch("[0-9]{2,5}")).str[:2]})
    frame[SECTOR] = frame[DIVISION].map(section_letters())
    frame = frame.dropna().astype("string")
    return frame.assign(**{ACTIVITY: frame[DIVISION].astype("int8")})
