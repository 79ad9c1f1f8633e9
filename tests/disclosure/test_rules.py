"""The rules on single cells, one attack a case; and presets as facts with their source."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from disclosure_rows import SIZES, rows, simulated, with_margins
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from si_eval.disclosure import DisclosureRules, audit_pattern, decide, protect
from si_eval.disclosure.merged_rows import Merge, merge_classes
from si_eval.errors import DisclosureError
from si_eval.registry import facts


def statuses(table, **rules):
    (safe,) = protect([table], rules=DisclosureRules(**rules) if rules else "cbs")
    return safe.to_frame()["status"].tolist()


ROUNDED = 0.5  # no number that leaves is rounded to more than a whole one

UNSAFE = {
    "too few units": {"n_units": 9.0},
    "several units of few holdings": {"n_holdings": 4.0},
    "one unit dominates, however many there are": {"largest": 260.0},
    "the second-largest can estimate the largest": {"largest": 240.0, "second_largest": 240.0},
    "a holding dominates through several units": {"holding_largest": 300.0, "holding_second": 10.0},
    "dominance on absolute values, with losses": {"estimate": -10.0, "largest": 400.0},
    "all units have the same value": {"std_error": 0.0},
    "all values are nearly the same": {"std_error": 0.01},
    "nobody has any": {"estimate": 0.0, "std_error": 0.0, "largest": 0.0, "second_largest": 0.0},
    "a share with few behind it": {"estimate": 0.1, "std_error": np.sqrt(0.09 / 49), "largest": 1.0},
    "a share with few against it": {"estimate": 0.9, "std_error": np.sqrt(0.09 / 49), "largest": 1.0},
    "a median over too few units": {"statistic": "median", "n_units": 19.0, "total": 190.0},
    "a model with few degrees of freedom": {"dof": 9.0},
    "a winsorised mean that moves few values": {"statistic": "winsorised_mean", "n_units": 900.0, "total": 9000.0},
    "values nearly the same under a clustered error": {"std_error": 5.0, "std_dev": 0.05},
}


@pytest.mark.parametrize("cell", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_cell_is_withheld_and_a_safe_one_beside_it_is_not(cell):
    (safe,) = protect([rows(cell, {})])
    frame = safe.to_frame()
    assert frame["status"].tolist() == ["suppressed", "shown"]
    assert frame.loc[0, ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units"]].isna().all()


def test_a_negative_cell_elsewhere_switches_nothing_off():
    assert statuses(rows({"largest": 300.0}, {"estimate": -5.0}, {})) == ["suppressed", "shown", "shown"]


def test_public_units_do_not_count():
    assert statuses(rows({"n_units": 11.0}), public_units=("a", "b")) == ["suppressed"]
    assert statuses(rows({"n_units": 11.0, "n_public": 0.0, "total": 400.0}), public_units=("a", "b")) == ["shown"]


def test_a_magnitude_whose_dominance_cannot_be_judged_is_withheld():
    unknown = rows({"largest": np.nan, "second_largest": np.nan})
    assert statuses(unknown) == ["suppressed"]
    assert statuses(unknown, contributions="where_given") == ["shown"]


def test_a_whole_has_the_contributions_of_its_parts():
    parts = [{"size_class": size, "year": 2019} for size in SIZES]
    whole = {"n_units": 200.0, "n_holdings": 200.0, "year": 2019, "largest": np.nan, "second_largest": np.nan}
    assert statuses(rows(*parts, {**whole, "total": 2000.0}, total=500.0)) == ["shown"] * 5


def test_a_difference_and_an_index_go_with_what_they_give_back():
    small = {"group": "participant", "n_units": 5.0}
    other = {"group": "non_participant"}
    gap = {"group": "difference", "statistic": "mean"}
    index = {"statistic": "index", "unit": "2014 = 100", "total": np.nan, "estimate": 110.0}
    table = rows(
        {**small, "year": 2014}, {**other, "year": 2014}, {**gap, "year": 2014}, {"year": 2019}, {**index, "year": 2019}
    )
    assert statuses(table) == ["suppressed", "shown", "suppressed", "shown", "suppressed"]


INDEX = {
    "statistic": "index", "unit": "2014 = 100", "year": 2019, "estimate": 110.0, "total": 500.0, "largest": 60.0,
    "second_largest": 50.0, "largest_base": 60.0, "second_largest_base": 50.0, "total_base": 500.0,
    "n_holdings_base": 50.0,
}  # fmt: skip
INDICES = {
    "both years are given": ({}, "shown"),
    "its own year is dominated": ({"largest": 260.0}, "suppressed"),
    "its base year is dominated": ({"largest_base": 260.0}, "suppressed"),
    "few holdings in its base year": ({"n_holdings_base": 4.0}, "suppressed"),
    "its base year is not given": ({"largest_base": np.nan}, "suppressed"),
    "nothing is given": ({"largest": np.nan, "largest_base": np.nan}, "suppressed"),
}


@pytest.mark.parametrize(("given", "status"), INDICES.values(), ids=INDICES.keys())
def test_an_index_is_judged_in_both_years_though_no_level_is_shown(given, status):
    difference = {"group": "difference", "largest": np.nan, "largest_base": np.nan}
    table = rows({**INDEX, **given}, {**INDEX, "group": "non_participant"}, {**INDEX, **difference})
    assert statuses(table) == [status, "shown", status]
    nothing = rows({**INDEX, "largest": np.nan, "largest_base": np.nan})
    assert statuses(nothing, contributions="where_given") == ["shown"]


def test_an_index_goes_with_a_level_that_another_table_withholds():
    levels = rows({"year": 2014, "largest": 260.0}, {"year": 2018}, {"year": 2019})
    series = rows({**INDEX, "year": 2014, "estimate": 100.0}, {**INDEX, "year": 2018}, INDEX)
    shown = protect([levels, series])
    assert shown[0].to_frame()["status"].tolist() == ["suppressed", "shown", "shown"]
    assert set(shown[1].to_frame()["status"]) == {"suppressed"}


def test_growth_goes_with_the_year_before():
    growth = {"statistic": "growth", "unit": "share", "estimate": 0.1, "year": 2019, "largest": np.nan}
    assert statuses(rows({"year": 2018}, {"year": 2019}, growth)) == ["shown"] * 3
    assert statuses(rows({"year": 2018, "largest": 260.0}, {"year": 2019}, growth)) == [
        "suppressed",
        "shown",
        "suppressed",
    ]


def test_printed_totals_add_up_like_means():
    total = {"statistic": "total", "year": 2019}
    sizes = [{**total, "size_class": size, "estimate": 500.0} for size in SIZES]
    sizes[3] |= {"n_units": 9.0}
    everything = {**total, "estimate": 2000.0, "n_units": 159.0, "n_holdings": 159.0}
    assert statuses(rows(*sizes, everything)).count("suppressed") > 1


def test_a_count_of_persons_is_a_magnitude_and_one_of_respondents_is_not():
    persons = {"statistic": "count", "indicator": "staff", "unit": "persons", "estimate": 400.0, "total": 400.0}
    assert statuses(rows({**persons, "largest": 300.0}, persons)) == ["suppressed", "shown"]
    answers = {"statistic": "count", "indicator": "q1", "unit": "respondents", "year": 2019, "n_total": 80.0}
    listed = [{**answers, "category": f"k{n}", "estimate": float(n), "n_units": float(n)} for n in (4, 15, 61)]
    assert statuses(rows(*listed)) == ["suppressed", "suppressed", "shown"]


def test_a_count_of_units_of_few_holdings():
    count = {
        "indicator": "business_units",
        "statistic": "count",
        "unit": "business_units",
        "estimate": 30.0,
        "n_units": 30.0,
    }
    assert statuses(rows({**count, "n_holdings": 4.0}, {**count, "n_holdings": 20.0})) == ["suppressed", "shown"]


def test_public_units_leave_the_dominance_rules():
    hidden = {"total": 900.0, "largest": 400.0, "second_largest": 300.0, "n_public": 1.0}
    given = {"public_total": 400.0, "private_largest": 60.0, "private_second": 50.0}
    assert statuses(rows(hidden), public_units=("a",)) == ["suppressed"]
    assert statuses(rows({**hidden, "largest": 300.0, **given}), public_units=("a",)) == ["shown"]
    alone = {**given, "private_largest": 300.0}
    assert statuses(rows({**hidden, "largest": 300.0, **alone}), public_units=("a",)) == ["suppressed"]


def test_a_count_that_a_total_minus_the_rest_gives_back():
    def count(size, n):
        return {
            "indicator": "size_class", "statistic": "count", "unit": "business_units", "estimate": n, "n_units": n,
            "size_class": size, "year": 2019, "n_total": 190.0,
        }  # fmt: skip

    table = rows(count("0-9", 4.0), count("10-49", 40.0), count("50-249", 60.0), count("250+", 86.0))
    (safe,) = protect([table])
    frame = safe.to_frame()
    assert frame["status"].tolist() == ["suppressed", "suppressed", "shown", "shown"]
    assert frame["n_total"].isna().tolist() == [True, True, False, False]


def test_a_category_that_holds_nearly_all_of_a_group():
    share = {"indicator": "sector", "statistic": "share", "unit": "share", "year": 2019, "n_total": 1000.0}
    table = rows(
        {**share, "sector": "C", "estimate": 0.95, "n_units": 950.0}, {**share, "sector": "J", "n_units": 50.0}
    )
    assert statuses(table) == ["suppressed", "suppressed"]


@pytest.mark.parametrize("name", ["cbs", "essnet", "sdap"])
def test_every_threshold_of_a_preset_has_its_source_and_no_one_verified_it_yet(name):
    rules, entry = DisclosureRules.preset(name), facts("disclosure")[name]
    thresholds = ("min_units", "dominance", "p_percent", "group_share", "min_dof", "quantile_units")
    assert set(rules.sources) == set(thresholds) <= set(entry)
    assert all(source["source"] and source["verified_by"] == "" for source in rules.sources.values())


@pytest.mark.parametrize("wrong", [{"unit": "firm"}, {"min_units": 0}, {"dominance": ((0, 2.0),)}, {"zeros": "maybe"}])
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(DisclosureError, match="expected"):
        DisclosureRules(**wrong)


SHAPES = {"2D 4x10": (10, 1, 2), "3D 4x5x2": (5, 2, 3), "3D 4x10x5": (10, 5, 3)}
MAX_SECONDARY = 1.2  # times the primaries
UNBOUNDED = 3  # what linprog says of a programme without an end


@pytest.mark.parametrize(("sectors", "categories", "dimensions"), SHAPES.values(), ids=SHAPES.keys())
def test_the_pattern_is_sparing_and_passes_the_audit(sectors, categories, dimensions):
    firms = simulated(3, 6000, sectors, categories)
    table = with_margins(firms, ("size_class", "sector", "category")[:dimensions])
    decision = decide([table])
    audit = audit_pattern(decision.protection)
    assert set(audit["verdict"]) == {"safe"}
    cells = decision.protection.cover.cells
    reasons = [reason for number, reason in decision.protection.reasons.items() if not cells[number].hidden]
    secondary = reasons.count("secondary")
    assert secondary <= MAX_SECONDARY * (len(reasons) - secondary)


def test_few_primaries_need_few_secondaries():
    ratios = []
    for seed in range(4):
        protection = decide(
            [with_margins(simulated(seed, 6000, 5, 2), ("size_class", "sector", "category"))]
        ).protection
        reasons = [reason for cell, reason in protection.reasons.items() if not protection.cover.cells[cell].hidden]
        ratios.append(reasons.count("secondary") / (len(reasons) - reasons.count("secondary")))
    assert np.median(ratios) <= MAX_SECONDARY


def test_no_smaller_pattern_keeps_a_small_table_open():
    table = with_margins(simulated(4, 700, 3, 1), ("size_class", "sector"))
    protection = decide([table]).protection
    cells = protection.cover.cells
    sums = next(sums for (_, variable), sums in protection.sums.items() if variable == "revenue")
    equations = [{sums.numbers[place][0]: factor for place, factor in equation.items()} for equation in sums.equations]
    printed = [number for number, cell in enumerate(cells) if cell.variable == "revenue" and not cell.hidden]
    primary = {number for number in printed if protection.reasons.get(number, "secondary") != "secondary"}
    secondary = {number for number in printed if protection.reasons.get(number) == "secondary"}
    assert primary
    assert secondary

    def is_open(pattern):
        order = {number: place for place, number in enumerate(sorted(pattern))}
        matrix = np.zeros((len(equations), len(order)))
        for row, equation in enumerate(equations):
            for number in order.keys() & equation.keys():
                matrix[row, order[number]] = equation[number]
        value = np.array([cells[number].total for number in sorted(pattern)])
        for number in primary:
            for side in (1.0, -1.0):
                solved = linprog(side * np.eye(len(order))[order[number]], A_eq=matrix, b_eq=matrix @ value)
                reached = np.inf if solved.status == UNBOUNDED else abs(solved.fun * side - value[order[number]])
                if reached < 0.1 * value[order[number]] - 1e-6:
                    return False
        return True

    assert is_open(primary | secondary)
    others = [number for number in printed if number not in primary]
    for fewer in itertools.combinations(others, len(secondary) - 1):
        assert not is_open(primary | set(fewer))


def test_merging_adds_up_what_is_known_and_says_so():
    cells = [
        {"size_class": size, "year": 2019, "n_units": n, "n_holdings": n, "estimate": 10.0 + place, "largest": 40.0,
         "second_largest": 30.0, "group": group}
        for group in ("participant", "non_participant")
        for place, (size, n) in enumerate(zip(SIZES, (40.0, 40.0, 20.0, 4.0), strict=True))
    ]  # fmt: skip
    medians = [{**cell, "statistic": "median", "total": cell["n_units"] * cell["estimate"]} for cell in cells[:4]]
    wholes = [
        {"year": 2019, "group": group, "n_units": 104.0, "n_holdings": 104.0, "total": 1132.0, "estimate": 1132 / 104}
        for group in ("participant", "non_participant")
    ]
    table = rows(*cells, *medians, *wholes)
    (kept,) = protect([table])
    assert "merged" not in set(kept.to_frame()["status"])
    (safe,) = protect([table], merge="when_cheaper")
    frame = safe.to_frame()
    assert len(frame) > len(table.frame)
    gone = frame[: len(table.frame)].query("size_class in ['50-249', '250+']")
    assert set(gone["status"]) == {"merged"}
    assert gone[["estimate", "std_error", "n_units"]].isna().all(axis=None)
    made = frame[len(table.frame) :].set_index(["group", "statistic"])
    assert set(made["size_class"]) == {"50-249+250+"}
    mean = made.loc[("participant", "mean")]
    assert (mean["status"], mean["n_units"]) == ("shown", 24.0)
    assert mean["estimate"] == pytest.approx((20 * 12 + 4 * 13) / 24, abs=ROUNDED)
    assert made.loc[("participant", "median"), "status"] == "merged"
    assert frame.query("size_class in ['0-9', '10-49', 'all'] and statistic == 'mean'")["status"].eq("shown").all()


def test_the_standard_error_of_a_merged_class_is_that_of_its_units():
    rng = np.random.default_rng(1)
    values = [rng.normal(20, 3, 30), rng.normal(24, 5, 4)]
    cells = [
        {"size_class": size, "year": 2019, "estimate": part.mean(), "std_error": part.std(ddof=1) / np.sqrt(len(part)),
         "n_units": float(len(part)), "n_holdings": float(len(part)), "total": part.sum(), "largest": part.max(),
         "second_largest": np.sort(part)[-2], "conf_low": np.nan, "conf_high": np.nan}
        for size, part in zip(SIZES[2:], values, strict=True)
    ]  # fmt: skip
    merged = merge_classes(rows(*cells), [Merge("revenue", "size_class", ("50-249", "250+"))]).frame.iloc[-1]
    together = np.concatenate(values)
    assert merged["estimate"] == pytest.approx(together.mean())
    assert merged["std_error"] == pytest.approx(together.std(ddof=1) / np.sqrt(len(together)))
    assert merged["largest"] == together.max()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), units=st.integers(40, 900), sectors=st.integers(2, 6))
def test_no_withheld_cell_of_a_random_table_can_be_inferred(seed, units, sectors):
    table = with_margins(simulated(seed, units, sectors, 1), ("size_class", "sector"))
    decision = decide([table])
    audit = audit_pattern(decision.protection)
    assert (audit["verdict"] == "safe").all()
    before, (after,) = table.frame, decision.tables
    shown = after.to_frame()["status"].to_numpy() == "shown"
    assert before.loc[shown, "estimate"].to_numpy() == pytest.approx(
        after.to_frame().loc[shown, "estimate"], abs=ROUNDED
    )


def test_row_order_never_matters():
    table = with_margins(simulated(1, 500, 5, 1), ("size_class", "sector"))
    shuffled = rows(*table.frame.sample(frac=1, random_state=1).to_dict("records"))
    keys = ["size_class", "sector"]
    results = [protect([one])[0].to_frame().sort_values(keys)["status"].tolist() for one in (table, shuffled)]
    assert sum(a != b for a, b in zip(*results, strict=True)) == 0


def test_the_same_primaries_as_tau_argus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it leaves its logs where it runs
    pytauargus = pytest.importorskip("pytauargus", reason="the extra `tauargus` is not installed")
    firms, dimensions = simulated(3, 6000, 10, 1), ["size_class", "sector"]
    theirs = pytauargus.protect(
        firms[[*dimensions, "value"]], dimensions, response="value", safety_rules="P(10,1)|FREQ(10,20)",
        suppress="OPT(1)", workdir=str(tmp_path),
    )  # fmt: skip
    table = theirs.tables[0].dataframe()
    table[dimensions] = table[dimensions].apply(lambda labels: labels.str.strip().replace("Total", "all"))
    unsafe = table[table["status"] == "U"]
    ours = with_margins(firms, dimensions)
    decision = decide([ours], rules=DisclosureRules(dominance=()))
    primary = [row for row, reason in decision.rows[0].items() if reason in ("frequency", "dominance")]
    found = ours.frame.loc[primary, dimensions].fillna("all")
    assert set(found.itertuples(index=False, name=None)) == set(unsafe[dimensions].itertuples(index=False, name=None))
    assert len(primary) > 0
