"""The checker finds what is wrong in the sources of the reference study, and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest
from paths import REFERENCE

from si_eval.consistency import check_consistency

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference folder is not part of the project")
# What is wrong in the sources, as (layout, rows of which one must be found): from reading them, not from the checker.
WRONG = [
    ("monitoring", {"MN060", "MN014"}),  # one share of the State, printed twice
    ("monitoring", {"MN107", "MN108"}),  # growth of 53 and of almost 49
    ("monitoring", {"MN112"}),  # more than 70 spent, and 65
    ("monitoring", {"MN115"}),  # a mean of 8.1 and of 8.2
    ("monitoring", {"MN118"}),  # a mean of 7.1 that the total does not give
    ("monitoring", {"MN139"}),  # a footnote mark in print
    ("monitoring", {"MN162"}),  # 890 and 896 partners
    ("monitoring", {"MN166"}),  # 830 companies
    ("monitoring", {"MN168"}),  # 670 persons
    ("monitoring", {"MN171"}),  # 1400 jobs
    ("monitoring", {"MN190"}),  # a total of three years
    ("monitoring", {"MN215"}),  # almost 14 000
    ("monitoring", {"MN220"}),  # more than 30 vouchers, and 53
    ("monitoring", {"MN242"}),  # 47 fieldlabs
    ("monitoring", {"MN114"}),  # a plan for a year that is over
    ("monitoring", {"MN137"}),  # mentions, then different partners
    ("monitoring", {"MN140"}),  # the same for companies
    ("monitoring", {"MN146"}),  # students to date, then in the year
    ("survey_published", {"SV067"}),  # 244 specialists in a firm of at most 49
    ("microdata_published", {"MP121"}),  # 700 companies
    ("microdata_published", {"MP002"}),  # one list, two periods
    ("microdata_published", {"MP106"}),  # growth of 50% that is 106%
    ("costs", {"CO036"}),  # 70 and 65 million
]


@needs_reference
@pytest.mark.parametrize(("layout", "ids"), WRONG, ids=[f"{layout}-{min(ids)}" for layout, ids in WRONG])
def test_what_is_wrong_in_the_sources_is_found(layout, ids):
    found = check_consistency(pd.read_csv(REFERENCE / f"{layout}.csv")).to_frame()["where"]
    assert any(ids & set(where.split(";")) for where in found)


@needs_reference
@pytest.mark.parametrize("layout", ["monitoring", "survey_published", "microdata_published", "costs", "other_facts"])
def test_nothing_else_is_found_in_the_sources(layout):
    known = set().union(*(ids for name, ids in WRONG if name == layout), {"MN191", "MN197", "MN209"})
    found = check_consistency(pd.read_csv(REFERENCE / f"{layout}.csv")).to_frame()
    extra = [where for where in found["where"] if not known & set(where.split(";"))]
    assert not extra
