"""Layouts of registers of other countries: from the folder to protected tables, every mean as pandas has it."""

from __future__ import annotations

import pytest

import si_eval as se
from si_eval.report import table_html
from si_eval.study.checks import check_study
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.examples import write_example
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study
from si_eval.synthetic.offices import deliver, offices
from si_eval.synthetic.vouchers import EFFECT, THOUSAND, draw_vouchers

ROUNDED = 0.5  # of the currency: protected means are whole
YEAR = 2018
SIGNS = {"GBP": "£", "EUR": "€"}
SECTORS = {"25": "C", "28": "C", "62": "J", "71": "M", "46": "G", "01": "A"}


@pytest.mark.parametrize("office", offices())
def test_a_register_in_the_layout_of_an_office_gives_a_protected_table(office, tmp_path):
    study = load_study(write_example(office, tmp_path / office))
    check_study(study)
    _, _, panel = se.read_registers(study)
    firms = deliver(draw_vouchers(), office).firms
    of_year = firms[firms["year"] == YEAR]
    awarded = of_year["decision"] == "awarded"

    units = panel.to_frame().query(f"year == {YEAR}")
    sectors = of_year["nace"].str[:2].map(SECTORS)
    assert units["sector"].value_counts().to_dict() == sectors.value_counts().to_dict()
    assert (units["participant"] == True).sum() == awarded.sum() > 0  # noqa: E712 - missing is not true

    (safe,) = se.protect(
        [se.compare_groups(panel, indicator="revenue_per_employee", by=["region"], years=[YEAR])], rules="cbs"
    )
    rows = safe.to_frame().query("statistic == 'mean'").set_index(["category", "group"])["estimate"].dropna()
    ratio = THOUSAND * of_year["turnover"] / of_year["employees"]
    means = ratio.groupby([of_year["region"], awarded.map({True: "participant", False: "non_participant"})]).mean()
    assert len(rows) >= len(means)
    for key, mean in means.items():
        assert rows[key] == pytest.approx(mean, abs=ROUNDED)

    shown = ["costs", "effect_by_cohort"]
    costs, effect = protect_exhibits(study, compute_exhibits(study, panel, only=shown))
    page = table_html(costs, language="en")
    assert "Rejected applicants</th>" in page, "a group of the study stands under its own name"
    assert "number of enterprises (n)" in page
    assert "business units" not in page
    assert {sign for sign in SIGNS.values() if sign in page} == {SIGNS[study.file.currency]}
    (overall,) = effect.to_frame().query("category == 'overall' and statistic == 'att'").to_dict("records")
    assert overall["conf_low"] < EFFECT < overall["conf_high"]
