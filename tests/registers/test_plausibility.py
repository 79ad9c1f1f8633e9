"""Checks of plausibility: each kind of damage is seen by its check, and sound registers pass every check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from damaged_columns import COLUMN_DAMAGES
from damaged_registers import DAMAGES
from small_registers import ARROW, TYPES
from sound_registers import Frames, make_registers

from si_eval import engine
from si_eval.registers.plausibility import check_plausibility, judge_acceptances
from si_eval.registers.plausibility.judging import judge, median, share
from si_eval.registry import facts
from si_eval.results import CheckResult, SourceFile

CHECKS = facts("plausibility")["checks"]
ALL_DAMAGES = DAMAGES | COLUMN_DAMAGES


@pytest.fixture(scope="module")
def sound() -> Frames:
    return make_registers()


def check_frames(frames: Frames, sources: Sequence[SourceFile] = ()) -> dict[str, CheckResult]:
    connection = engine.open_engine(threads=1)
    tables, rows = {}, {}
    for name, frame in frames.items():
        columns = {}
        for column, kind in TYPES[name].items():
            values = frame[column] if column in frame else pd.Series([None] * len(frame))
            if kind == "int64":
                values = values.astype("Int64")
            columns[column] = pa.Array.from_pandas(values, type=ARROW[kind], safe=False)
        tables[name] = engine.from_arrow(connection, pa.table(columns))
        rows[name] = frame["year"].dropna().astype(int).value_counts().to_dict() if "year" in frame else {}
    return {check.name: check for check in check_plausibility(tables, connection, rows, sources)}


def test_every_check_has_a_damage_that_trips_it() -> None:
    of_links = {name for name in CHECKS if CHECKS[name]["kind"] != "numbers"} - {"participants_in_register"}
    assert of_links == {damage.check for damage in ALL_DAMAGES.values()} | {"files_repeat"}


@pytest.mark.parametrize("name", ALL_DAMAGES)
def test_damage_is_seen(sound: Frames, name: str) -> None:
    damage = ALL_DAMAGES[name]
    found = check_frames(damage.apply(sound, 2017))[damage.check]
    assert found.verdict == "fail" if damage.fails else found.verdict != "pass", found.sentence
    assert found.departing > 0


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ([("turnover", 2014, "a"), ("turnover", 2015, "a")], ["turnover 2014", "turnover 2015"]),
        ([("turnover", 2014, "a"), ("investments", 2014, "a")], ["turnover 2014", "investments 2014"]),
        ([("turnover", 2014, "a"), ("turnover", 2015, "b")], []),
        ([("participants", None, "a"), ("kvk_person", None, "a")], []),  # no tables of years
    ],
)
def test_a_file_delivered_twice_is_seen(files: list[tuple[str, int | None, str]], places: list[str]) -> None:
    sources = [SourceFile(table, f"{table}{year}", "csv", sha256, 1, year) for table, year, sha256 in files]
    frames = {name: frame for name, frame in make_registers(units=12).items() if name != "events"}
    found = check_frames(frames, sources)["files_repeat"]
    assert found.verdict == ("fail" if places else "pass")
    assert found.departing == len(places)
    assert all(place in found.sentence for place in places)


@pytest.mark.parametrize(("units", "seed"), [(400, 1), (400, 2), (60, 3), (30, 4), (12, 5), (4, 6), (1, 7)])
def test_sound_registers_pass(units: int, seed: int) -> None:
    found = check_frames(make_registers(units=units, seed=seed))
    assert {name: check.statistic for name, check in found.items() if check.verdict != "pass"} == {}


@pytest.mark.parametrize("name", ["turnover of a year times 1000", "links of 1900", "persons times 100"])
def test_few_units_are_not_judged(name: str) -> None:
    found = check_frames(DAMAGES[name].apply(make_registers(units=4, seed=2), 2017))
    assert [check.name for check in found.values() if check.verdict == "fail"] == []


@pytest.mark.parametrize("absent", [["turnover"], ["investments", "enterprise_groups"], ["turnover", "investments"]])
def test_absent_tables_are_not_judged(absent: list[str]) -> None:
    frames = {name: frame for name, frame in make_registers(units=60).items() if name not in absent}
    found = check_frames(frames)
    assert {check.verdict for check in found.values()} == {"pass"}
    assert not found[f"{absent[0]}_negative"].judged


def test_empty_columns_are_not_judged() -> None:
    frames = make_registers(units=60)
    empty = ["size_code", "sbi", "founded", "group_id", "municipality"]
    frames["business_units"] = frames["business_units"].drop(columns=empty)
    frames["participants"] = frames["participants"][["kvk_id"]]
    frames["person_business_unit"] = frames["person_business_unit"][["person_id", "be_id"]]
    assert {name for name, check in check_frames(frames).items() if check.verdict != "pass"} == set()


def test_order_of_rows_does_not_matter(sound: Frames) -> None:
    shuffled = {name: frame.sample(frac=1, random_state=3, ignore_index=True) for name, frame in sound.items()}
    assert check_frames(shuffled) == pytest.approx(check_frames(sound), nan_ok=True)


def test_sentence_has_no_number_of_the_data(sound: Frames) -> None:
    found = check_frames(DAMAGES["turnover of a year times 1000"].apply(sound, 2017))["turnover_between_years"]
    nl, en = found.sentence.split(" | ")
    assert nl.endswith("nee, in turnover 2017 / 2016, turnover 2018 / 2017")
    assert en.endswith("no, in turnover 2017 / 2016, turnover 2018 / 2017")


def failed(*names: str) -> Sequence[CheckResult]:
    return [CheckResult(name, 1000.0, 8.0, "fail", "a: nee, in t 2017 | a: no, in t 2017") for name in names]


def test_failures_are_all_problems_until_accepted_by_name() -> None:
    checks = failed("turnover_between_years", "units_go_on")
    assert [problem.where for problem in judge_acceptances(checks, {})] == ["t 2017", "t 2017"]
    left = judge_acceptances(checks, {"units_go_on": "the units were numbered anew"})
    assert len(left) == 1
    assert "check turnover_between_years" in left[0].found
    assert 'accept = [{ check = "turnover_between_years"' in left[0].action


@pytest.mark.parametrize(
    ("accept", "said"),
    [({"turnover_between_year": "so"}, "did you mean `turnover_between_years`?"), ({"units_go_on": " "}, "write why")],
)
def test_acceptances_are_checked(accept: dict[str, str], said: str) -> None:
    assert [problem.action for problem in judge_acceptances([], accept) if said in problem.action]


def test_bounds_are_exact() -> None:
    assert not list(share("turnover_zero", "t", 19, 19))
    (found,) = share("turnover_zero", "t", 30, 40)
    tail = sum(
        np.exp(log_choose(40, k) + k * np.log(found.bound) + (40 - k) * np.log1p(-found.bound)) for k in range(30, 41)
    )
    assert tail == pytest.approx(facts("plausibility")["alpha"], rel=1e-6)
    (middle,) = median("turnover_between_years", "t", np.arange(1.0, 102.0))
    assert middle.value == 51
    assert middle.bound < 51


def log_choose(n: int, k: int) -> float:
    return float(np.log(np.arange(n - k + 1, n + 1)).sum() - np.log(np.arange(1, k + 1)).sum())


def test_nothing_measured_passes_and_says_so() -> None:
    found = judge([])
    assert {check.verdict for check in found} == {"pass"}
    assert all("not judged" in check.sentence for check in found)
