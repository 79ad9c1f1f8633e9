"""Units whose figures are public: from the register to the border, against brute force on the panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_registers import make_extract, one_link_each, quarters

from si_eval import compare_groups, index_series
from si_eval.disclosure import DisclosureRules, protect
from si_eval.errors import DisclosureError, StudyError
from si_eval.registers.linkage import link_participants
from si_eval.registers.panel import build_panel
from si_eval.study.file import StudyFile
from si_eval.vocabulary import OF_BASE_YEAR, PUBLIC_COLUMNS, PUBLIC_UNIT

EXACT = 1e-12  # relative: the same sums, at most in another order
GIANT, SISTER = 1, 2  # the giant has more than all others; its sister is of the same holding
PARTICIPANTS, OTHERS = range(1, 41), range(41, 101)
YEARS = (2018, 2019)
INDICATOR = "revenue_per_employee"


def register_rows():
    generator = np.random.default_rng(1)
    units, turnover = [], []
    for year in YEARS:
        for unit in (*PARTICIPANTS, *OTHERS):
            holding = GIANT if unit in (GIANT, SISTER) else unit // 2 if unit > 80 else None
            units.append(
                {"be_id": unit, "year": year, "employed_persons": 20.0, "sbi": "28000", "group_id": holding}
            )  # fmt: skip
            size = 400_000.0 if unit == GIANT else float(generator.uniform(500, 1500))
            turnover += quarters(unit, year, [size] * 4)
    return units, turnover


def panel_of(public_units=()):
    units, turnover = register_rows()
    extract = make_extract(business_units=units, turnover=turnover, **one_link_each(PARTICIPANTS))
    return build_panel(extract, link_participants(extract), public_units=public_units)


def cbs(*public_units, **changes):
    return replace(DisclosureRules.preset("cbs"), public_units=public_units, **changes)


def statuses(table, rules):
    (safe,) = protect([table], rules=rules)
    frame = safe.to_frame()
    return frame.assign(year=frame["year"].astype(int)).set_index(["group", "statistic", "year"])["status"]


def test_a_cell_that_a_public_firm_dominates_is_withheld_until_the_firm_is_named():
    group = ("participant", "mean", 2019)
    unnamed = statuses(compare_groups(panel_of(), indicator=INDICATOR), cbs())
    assert unnamed[group] == "suppressed"
    named = statuses(compare_groups(panel_of([GIANT]), indicator=INDICATOR), cbs(GIANT))
    assert named[group] == "shown"
    assert (named == "shown").all()
    assert statuses(compare_groups(panel_of([GIANT]), indicator=INDICATOR), cbs())[group] == "suppressed"


def test_an_index_is_judged_without_the_public_firm_in_both_years():
    asked = {"indicator": INDICATOR, "base_year": 2018}
    group = ("participant", "index", 2019)
    assert statuses(index_series(panel_of(), **asked), cbs())[group] == "suppressed"
    assert statuses(index_series(panel_of([GIANT]), **asked), cbs(GIANT))[group] == "shown"


@pytest.mark.parametrize("public", [[GIANT], [GIANT, SISTER, 50, 83]])
def test_the_evidence_is_that_of_brute_force(public):
    panel = panel_of(public)
    units = panel.to_frame().dropna(subset=[INDICATOR])
    units["holding"] = units["group_id"].astype("float64").fillna(-units["be_id"].astype("float64"))
    expected = {}
    for (takes_part, year), part in units.groupby(["participant", "year"]):
        theirs = part["be_id"].isin(public)
        others = part[~theirs].groupby("holding")[INDICATOR].sum().nlargest(2).tolist()
        expected["participant" if takes_part else "non_participant", year] = [
            theirs.sum(), part.loc[theirs, INDICATOR].sum(), *others,
        ]  # fmt: skip
    levels = compare_groups(panel, indicator=INDICATOR).to_frame()
    index = index_series(panel, indicator=INDICATOR, base_year=2018).to_frame()
    based = [f"{column}{OF_BASE_YEAR}" for column in PUBLIC_COLUMNS]
    for (group, year), values in expected.items():
        for frame in (levels[levels["statistic"] != "index"], index):
            own = frame[(frame["group"] == group) & (frame["year"] == year)]
            for found in own[list(PUBLIC_COLUMNS)].astype(float).to_numpy():
                np.testing.assert_allclose(found, values, rtol=EXACT)
        for found in index.loc[index["group"] == group, based].astype(float).to_numpy():
            np.testing.assert_allclose(found, expected[group, 2018], rtol=EXACT)


def test_without_public_units_the_panel_and_its_cells_know_of_none():
    panel = panel_of()
    assert PUBLIC_UNIT not in panel.to_frame()
    assert not set(PUBLIC_COLUMNS) & set(compare_groups(panel, indicator=INDICATOR).to_frame())
    marked = panel_of([GIANT]).to_frame()
    assert marked.loc[marked[PUBLIC_UNIT], "be_id"].unique().tolist() == [GIANT]
    pd.testing.assert_frame_equal(marked.drop(columns=PUBLIC_UNIT), panel.to_frame())


def test_public_units_that_the_register_does_not_have_are_refused_at_once():
    with pytest.raises(
        StudyError, match=r"public_units: found 3 of 4 ids that the register does not have; expected be_id"
    ) as error:
        panel_of([998, GIANT, 999, "GIANT"])
    assert "drop these ids" in str(error.value)
    assert "998" not in str(error.value)
    with pytest.raises(StudyError, match="expected a list"):
        panel_of("1")


def test_a_panel_with_more_public_units_than_the_rules_name_is_refused():
    with pytest.raises(DisclosureError, match="more public units than the rules name"):
        protect([compare_groups(panel_of([GIANT, SISTER]), indicator=INDICATOR)], rules=cbs(GIANT))


def test_a_study_names_its_public_units_under_disclosure():
    titles = {"nl": "s", "en": "s"}
    exhibit = {
        "id": "e", "chapter": "1", "title": titles, "function": "describe_reach", "chart": {"kind": "table"},
    }  # fmt: skip
    content = {"name": "s", "title": titles, "exhibits": [exhibit]}
    study = StudyFile.model_validate({**content, "disclosure": {"rules": "cbs", "public_units": [1, 2]}})
    assert study.disclosure.public_units == (1, 2)
    assert StudyFile.model_validate(content).disclosure.public_units == ()
