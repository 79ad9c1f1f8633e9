"""Checks of plausibility of registers without links: damage of each kind is refused or told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from paths import ROOT

import si_eval as se
from si_eval.errors import InputError
from si_eval.registry import facts
from si_eval.study.file import load_study
from si_eval.synthetic.offices import deliver
from si_eval.synthetic.vouchers import draw_vouchers

STUDY = (ROOT / "data" / "studies" / "eu_sbs.toml").read_text(encoding="utf-8")
YEAR, PERSONS, TURNOVER, COSTS, UNIT = "REF_YEAR", "V16110", "V12110", "V13310", "ENT_ID"
Change = Callable[[pd.DataFrame], pd.DataFrame]


def of_year(column: str, value: Callable[[pd.Series], object], *, year: int = 2017) -> Change:
    """Change a column in a year; 0 is all years."""

    def apply(frame: pd.DataFrame) -> pd.DataFrame:
        rows = (frame[YEAR] == year) | (year == 0)
        changed = frame[column].astype(object)
        changed[rows] = value(frame.loc[rows, column])
        return frame.assign(**{column: changed.infer_objects()})

    return apply


def year_before(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame[frame[YEAR] != 2017], frame[frame[YEAR] == 2016].assign(**{YEAR: 2017})])


def with_total(frame: pd.DataFrame) -> pd.DataFrame:
    sums = frame[frame[YEAR] == 2017].agg({PERSONS: "sum", TURNOVER: "sum", COSTS: "sum"})
    return pd.concat([frame, frame.iloc[[0]].assign(**{UNIT: "ENT99999999", YEAR: 2017}, **sums)])


def every(step: int, value: float) -> Callable[[pd.Series], pd.Series]:
    return lambda values: values.where(np.arange(len(values)) % step > 0, value)


def other_key(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{UNIT: "X" + frame[UNIT]})


# kind -> the check that tells, and what is done to the register
REGISTER: dict[str, tuple[str, Change]] = {
    "turnover of a year in other units": ("turnover_between_years", of_year(TURNOVER, lambda v: v * 1000)),
    "all turnover in other units": ("turnover_per_person", of_year(TURNOVER, lambda v: v * 1000, year=0)),
    "persons of all years in thousands": ("turnover_per_person", of_year(PERSONS, lambda v: v / 1000, year=0)),
    "own amounts of a year in other units": ("numbers_between_years", of_year(COSTS, lambda v: v * 0.001)),
    "all own amounts in other units": ("numbers_against_turnover", of_year(COSTS, lambda v: v * 1000, year=0)),
    "own amounts of a year are of other units": (
        "order_between_years", of_year(COSTS, lambda v: v.sample(frac=1, random_state=1).to_numpy()),
    ),
    "own amounts of a year with other signs": ("numbers_change_sign", of_year(COSTS, lambda v: -v)),
    "own amounts of a year are zero": ("zeros_between_years", of_year(COSTS, lambda v: v * 0)),
    "own amounts of a year are all alike": ("values_repeat", of_year(COSTS, lambda v: v * 0 + 7)),
    "own amounts missing for a third of a year": ("numbers_present", of_year(COSTS, every(3, np.nan))),
    "no own amounts of a year": ("years_present", of_year(COSTS, every(1, np.nan))),
    "codes for missing own amounts": ("codes_for_missing", of_year(COSTS, every(12, 9_999_999))),
    "own amounts of one firm times 100 000": (
        "numbers_jump", of_year(COSTS, lambda v: v.where(v < v.max(), v * 100_000)),
    ),
    "persons of a year are of other units": (
        "order_between_years", of_year(PERSONS, lambda v: v.sample(frac=1, random_state=1).to_numpy()),
    ),
    "the file of the year before": ("turnover_repeat_a_year", year_before),
    "own amounts of the year before": ("numbers_repeat_a_year", year_before),
    "a year is missing": ("years_present", lambda frame: frame[frame[YEAR] != 2017]),
    "a row with the total": ("total_rows", with_total),
    "founded a century before": ("founding_long_ago", of_year("BIRTH_YEAR", lambda v: v - 100, year=0)),
    "founded otherwise in a year": ("founding_between_years", of_year("BIRTH_YEAR", lambda v: v - 4)),
    "another key": ("participants_in_register", other_key),
}  # fmt: skip
OF_DIRECT = {  # checks that registers with links do not have
    "participants_in_register", "numbers_between_years", "numbers_against_turnover", "numbers_repeat_a_year",
    "numbers_change_sign", "numbers_present", "numbers_jump",
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return deliver(draw_vouchers(300, seed=3), "eu_sbs").tables


def read(folder, tables, study=STUDY):
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return se.read_registers(load_study(folder / "study.toml"), folders=[folder])


def test_a_clean_register_has_every_check_and_no_remark(tables, tmp_path):
    extract, _, panel = read(tmp_path, tables)
    assert [check.name for check in panel.checks] == list(facts("plausibility")["checks"])
    assert {check.name for check in panel.checks if check.judged} >= OF_DIRECT - {"numbers_repeat_a_year"}
    assert extract.notes == ()


@pytest.mark.parametrize("kind", REGISTER)
def test_damage_is_refused_or_told(kind, tables, tmp_path):
    check, change = REGISTER[kind]
    damaged = {**tables, "sbs_enterprises": change(tables["sbs_enterprises"])}
    try:
        told = read(tmp_path, damaged)[0].notes
    except InputError as error:
        told = tuple(problem.found for problem in error.problems)
    assert [one for one in told if f"check {check})" in one or f"plausibility, {check}:" in one], told


def test_every_check_of_these_registers_has_a_damage_that_trips_it():
    assert {check for check, _ in REGISTER.values()} >= OF_DIRECT


def test_a_failure_is_accepted_by_name_with_a_reason(tables, tmp_path):
    damaged = {**tables, "sbs_enterprises": of_year(COSTS, lambda v: v * 10)(tables["sbs_enterprises"])}
    accept = '[extract]\naccept = [{ check = "numbers_between_years", reason = "by agreement" }]\n'
    extract, _, panel = read(tmp_path, damaged, STUDY.replace("[extract]\n", accept, 1))
    (failed,) = [check for check in panel.checks if check.verdict == "fail"]
    assert failed.accepted == "by agreement"
    assert [note for note in extract.notes if "accepted: by agreement" in note]


def test_another_currency_is_not_judged_by_what_is_usual_in_euro(tables, tmp_path):
    _, _, panel = read(tmp_path, tables, STUDY.replace('"EUR"', '"JPY"').replace("EUR per", "JPY per"))
    assert {check.name: check.judged for check in panel.checks}["turnover_per_person"] == 0
