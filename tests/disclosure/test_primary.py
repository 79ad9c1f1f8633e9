"""The primary rules at their borders, from lists of units and values; near estimates, and classes that nest."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from si_eval.disclosure.estimates import Estimated, are_near, near_estimates
from si_eval.disclosure.nesting import atoms_of
from si_eval.disclosure.primary import (
    DOMINANCE,
    FREQUENCY,
    GROUP_DISCLOSURE,
    UNVERIFIED,
    counted_units,
    dominance_class,
    dominated,
    largest_contributions,
    unsafe_count,
    unsafe_share,
    unsafe_sum,
    values_are_alike,
)
from si_eval.disclosure.rules import DisclosureRules
from si_eval.results import Contributions, EstimateUnits

RULES = DisclosureRules(min_units=5, dominance=((1, 0.5), (2, 0.75)), p_percent=10.0, group_share=0.9)
NAN = math.nan


def contributions(values, holdings=None, public=()) -> Contributions:
    """Measure units by their values, the holding of each, and the places of those that are public."""
    values = np.asarray(values, dtype=float)
    holdings = np.arange(len(values)) if holdings is None else np.asarray(holdings)
    size = np.abs(values)
    private = ~np.isin(np.arange(len(values)), public)

    def two(amounts):
        return [*sorted(amounts, reverse=True), 0.0, 0.0][:2]

    def by_holding(chosen):
        return [size[chosen & (holdings == one)].sum() for one in np.unique(holdings[chosen])]

    everyone = np.ones(len(values), dtype=bool)
    numbers = (
        len(values), len(set(holdings)), len(public), len(set(holdings[private])), values.sum(), size.sum(),
        *two(size), *two(by_holding(everyone)), size[~private].sum(), *two(by_holding(private)),
    )  # fmt: skip
    return Contributions(*map(float, numbers))


def judge(values, **given):
    found = contributions(values, **given)
    return unsafe_sum(found, float(np.square(values).sum()), float(np.min(values)), RULES)


SPREAD = [1.0, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(("unit", "public", "expected"), [
    ("unit", (), 6), ("group", (), 4), ("unit", ("x",), 4), ("group", ("x",), 3),
])  # fmt: skip
def test_units_or_the_fewer_holdings_are_counted_without_public_ones(unit, public, expected):
    given = contributions(SPREAD[:6], holdings=[0, 0, 0, 1, 2, 3], public=(4, 3))
    given = given._replace(private_holdings=3.0)
    rules = replace(RULES, unit=unit, public_units=public)
    assert counted_units(given, rules) == expected
    assert counted_units(given._replace(n_holdings=NAN, private_holdings=NAN), rules) == (4 if public else 6)


@pytest.mark.parametrize(("units", "zeros", "expected"), [
    (0, "safe", ""), (0, "unsafe", FREQUENCY), (1, "safe", FREQUENCY), (4, "unsafe", FREQUENCY), (5, "unsafe", ""),
])  # fmt: skip
def test_a_count_is_safe_from_the_threshold_on(units, zeros, expected):
    assert unsafe_count(contributions([1.0] * units), replace(RULES, zeros=zeros)) == expected


def test_a_category_leaves_out_nobody_or_enough_and_holds_no_more_than_its_share():
    for of, units in itertools.product((0, 10, 50, 100), range(101)):
        few_left_out = 0 < of - units < 5
        expected = GROUP_DISCLOSURE if few_left_out or (of and units > 0.9 * of) else ""
        assert unsafe_share(units, of, RULES) == expected, (units, of)


@pytest.mark.parametrize(("largest", "second", "total", "expected"), [
    (50.0, 20.0, 100.0, False), (50.1, 20.0, 100.0, True),  # one holds half
    (45.0, 30.0, 100.0, False), (45.0, 30.1, 100.0, True),  # two hold three quarters
    (40.0, 30.0, 73.9, True), (0.0, 0.0, 0.0, False),
])  # fmt: skip
def test_dominance_is_of_one_or_two(largest, second, total, expected):
    assert dominated(largest, second, total, replace(RULES, p_percent=0.0)) is expected


@pytest.mark.parametrize(("rest", "percent", "expected"), [
    (4.0, 10.0, False), (3.9, 10.0, True), (0.0, 10.0, True), (-0.1, 0.0, False), (40.0, 100.0, False),
    (39.9, 100.0, True),
])  # fmt: skip
def test_the_rest_keeps_its_percentage_of_the_largest(rest, percent, expected):
    rules = replace(RULES, dominance=(), p_percent=percent)
    assert dominated(40.0, 30.0, 70.0 + rest, rules) is expected


def test_with_three_units_the_third_counts_as_the_second():
    rules = replace(RULES, dominance=((3, 0.8),), p_percent=0.0)
    assert dominated(30.0, 25.0, 100.0, rules) is False
    assert dominated(30.0, 25.1, 100.0, rules) is True


@pytest.mark.parametrize(("rules", "expected"), [
    ({"unit": "unit"}, (9.0, 5.0)), ({"unit": "group"}, (14.0, 7.0)),
    ({"unit": "unit", "public_units": ("x",)}, (7.0, 5.0)),
])  # fmt: skip
def test_the_largest_are_those_of_units_of_holdings_or_of_what_is_not_public(rules, expected):
    given = contributions([9.0, -5, 3, 4, 1, 1], holdings=[0, 0, 1, 1, 2, 3], public=(0,))
    assert largest_contributions(given, replace(RULES, **rules)) == expected


def test_contributions_that_are_not_given_give_way_to_what_is():
    given = contributions([9.0, 5, 3], holdings=[0, 0, 1], public=(0,))
    rules = replace(RULES, public_units=("x",))
    given = given._replace(private_largest=NAN)
    assert largest_contributions(given, rules) == (14.0, 3.0)
    given = given._replace(holding_largest=NAN)
    assert largest_contributions(given, rules) == (9.0, 5.0)
    assert all(map(math.isnan, largest_contributions(given._replace(largest=NAN), rules)))


def test_public_totals_are_no_part_of_what_is_dominated():
    given = contributions([50.0, 30, 12, 10, 8, 8], public=(0,))
    assert dominance_class(given, replace(RULES, dominance=((1, 0.5),))) == ""
    assert dominance_class(given, replace(RULES, dominance=((1, 0.4),), public_units=("x",))) == DOMINANCE
    assert dominance_class(given, replace(RULES, dominance=((1, 0.45),), public_units=("x",))) == ""


@pytest.mark.parametrize(("values", "expected"), [
    ([10.0] * 6, True), ([10.0] * 5 + [10.1], True), ([10.0] * 5 + [11.5], False), ([], False), ([0.0] * 6, False),
    ([-10.0] * 6, True),
])  # fmt: skip
def test_values_whose_largest_is_near_their_mean_are_alike(values, expected):
    assert values_are_alike(contributions(values), RULES) is expected
    if values and max(map(abs, values)) > 0:
        n, mean = len(values), abs(np.mean(values))
        assert expected == (n * (max(map(abs, values)) - mean) < RULES.protection * mean)


JUDGED = {
    "values apart": (SPREAD, {}, ""),
    "too few": (SPREAD[:4], {}, FREQUENCY),
    "just enough": ([3.0, 4, 5, 6, 8], {}, ""),
    "too few holdings": (SPREAD, {"holdings": [0, 0, 0, 0, 1, 1, 2, 3]}, FREQUENCY),
    "one dominates": ([*SPREAD, 40.0], {}, DOMINANCE),
    "a holding dominates": ([4.0, 5, 6, 7, 8, 9, 4], {"holdings": [0, 1, 2, 3, 4, 4, 4]}, ""),
    "a holding of most": ([4.0, 5, 6, 7, 9, 9, 9], {"holdings": [0, 1, 2, 3, 4, 4, 4]}, DOMINANCE),
    "all the same": ([3.0] * 9, {}, GROUP_DISCLOSURE),
    "all zero": ([0.0] * 9, {}, GROUP_DISCLOSURE),
    "nearly the same": ([3.0] * 8 + [3.001], {}, GROUP_DISCLOSURE),
    "losses and gains": ([-5.0, 4, -3, 6, 2, -7], {}, ""),
    "yes of few": ([1.0] * 4 + [0.0] * 16, {}, GROUP_DISCLOSURE),
    "yes of enough": ([1.0] * 5 + [0.0] * 15, {}, ""),
    "no of few": ([1.0] * 16 + [0.0] * 4, {}, GROUP_DISCLOSURE),
    "no of enough": ([1.0] * 15 + [0.0] * 5, {}, ""),
    "yes of nearly all": ([1.0] * 91 + [0.0] * 9, {}, GROUP_DISCLOSURE),
    "no of nearly all": ([1.0] * 9 + [0.0] * 91, {}, GROUP_DISCLOSURE),
    "yes of nine in ten": ([1.0] * 90 + [0.0] * 10, {}, ""),
    "two codes, few": ([7.0] * 4 + [2.0] * 16, {}, GROUP_DISCLOSURE),
    "two codes, enough": ([7.0] * 6 + [2.0] * 14, {}, ""),
    "three values": ([7.0] * 4 + [2.0] * 15 + [3.0], {}, ""),
}


@pytest.mark.parametrize(("values", "given", "expected"), JUDGED.values(), ids=JUDGED)
def test_a_sum_is_judged_by_its_units(values, given, expected):
    assert judge(values, **given) == expected


@pytest.mark.parametrize("mean", [40.0, -40.0])
def test_values_are_nearly_the_same_where_none_can_lie_further_from_their_mean_than_is_protected(mean):
    """Each of n values lies within (n - 1) / sqrt(n) standard deviations of the mean: a tenth of it is protected."""
    shape = np.array([-2.0, -1, 0, 0, 0, 1, 2])
    for step in np.linspace(0.1, 2.0, 80):
        values = mean + step * shape
        reach = 6 / np.sqrt(7) * values.std(ddof=1)
        assert judge(values) == (GROUP_DISCLOSURE if reach < 0.1 * abs(mean) else ""), step


def test_what_is_not_given_is_not_verified_unless_that_is_allowed():
    given = contributions(SPREAD)._replace(largest=NAN, holding_largest=NAN)
    assert unsafe_sum(given, NAN, NAN, RULES) == UNVERIFIED
    assert unsafe_sum(given, NAN, NAN, replace(RULES, contributions="where_given")) == ""
    assert unsafe_sum(contributions([0.0] * 9), NAN, NAN, RULES) == GROUP_DISCLOSURE
    assert unsafe_sum(contributions(SPREAD), NAN, NAN, RULES) == ""
    few = replace(RULES, min_units=1)
    assert unsafe_sum(contributions([4.0]), 16.0, 4.0, few) == DOMINANCE  # one unit is no mean of several


def estimate(treated, controls, *, weight=1.0, left=False, universe="u", indicator="x"):
    ids, (ours, theirs) = np.arange(200), (set(side) for side in (treated, controls))
    sides = np.packbits([[one in side for one in ids.tolist()] for side in (ours, theirs)], axis=1)
    digest = f"{sorted(ours)} {sorted(theirs)}"
    units = EstimateUnits("p", universe, indicator, digest, len(ours), len(theirs), ids, sides)
    return Estimated(units, weight, left=left)


def test_estimates_are_near_where_both_sides_differ_by_few():
    """Brute force over small sets: by fewer than five units on both sides, by some, of one thing."""
    rng = np.random.default_rng(1)
    everyone = np.arange(14)
    sets = [[set(everyone[rng.random(14) < share]) for share in (0.7, 0.8)] for _ in range(30)]
    for (ours, theirs), (ours_too, theirs_too) in itertools.product(sets, repeat=2):
        one, other = estimate(ours, theirs).units, estimate(ours_too, theirs_too).units
        apart = len(ours ^ ours_too), len(theirs ^ theirs_too)
        assert are_near(one, other, 5) == (max(apart) < 5 and sum(apart) > 0)
    same = estimate(range(9), range(20, 40)).units
    for other in (estimate(range(8), range(20, 40), universe="v"), estimate(range(8), range(20, 40), indicator="y")):
        assert not are_near(same, other.units, 5)


def test_of_two_near_estimates_the_cheaper_goes_and_what_left_stays():
    whole, less, far = set(range(30)), set(range(28)), set(range(12))
    controls = range(100, 160)
    cheap, dear = estimate(whole, controls, weight=1.0), estimate(less, controls, weight=2.0)
    assert near_estimates([cheap, dear], RULES) == {0}
    assert near_estimates([dear, cheap], RULES) == {1}
    assert near_estimates([Estimated(cheap.units), Estimated(dear.units)], RULES) == {1}
    assert near_estimates([dear, replace(cheap, weight=2.0)], RULES) == {1}  # of equally dear ones the later
    assert near_estimates([replace(cheap, left=True), dear], RULES) == {1}
    assert near_estimates([replace(cheap, left=True), replace(dear, left=True)], RULES) == set()
    assert near_estimates([dear, estimate(far, controls), dear], RULES) == set()
    steps = [estimate(range(30 - 3 * at), controls, weight=float(at)) for at in range(3)]  # 30, 27 and 24 units
    assert near_estimates(steps, RULES) == {1}  # the dearest stays, its neighbour goes, the first is six away


NESTED = {
    "ranges": (["0-9", "0-1", "2-9"], {"0-9": {0, 2}, "0-1": {0}, "2-9": {2}}),
    "open": (["50+", "50-249", "250+"], {"50+": {50, 250}, "50-249": {50}, "250+": {250}}),
    "joined": (["C+M", "C", "M", "all"], {"C+M": {"C", "M"}, "C": {"C"}, "M": {"M"}}),
    "joined ranges": (["0-9+250+", "0-9", "10-49", "250+"], {"0-9+250+": {0, 250}, "0-9": {0}, "10-49": {10},
                                                             "250+": {250}}),
    "common": (["10-49+50-249 · 10-49", "10-49", "50-249"], {"10-49+50-249 · 10-49": {10}, "10-49": {10},
                                                             "50-249": {50}}),
    "words": (["Zuid", "0-9"], {"Zuid": {"Zuid"}, "0-9": {0}}),
    "overlap": (["0-5", "3-9"], {"0-5": {0, 3}, "3-9": {3, 6}}),
}  # fmt: skip


@pytest.mark.parametrize(("labels", "expected"), NESTED.values(), ids=NESTED)
def test_labels_are_split_in_the_classes_that_all_define(labels, expected):
    assert {label: set(atoms) for label, atoms in atoms_of(labels).items()} == expected
