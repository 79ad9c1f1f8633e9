"""Every row of a table that was made of a panel says which sets of units it rests on: by brute force, and by partition.

Each number is computed again from the panel's own rows, over the units that its row says it rests on.
"""

from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest

import si_eval as se
from si_eval.results import Cell, Panel, ResultTable, denominator_of, numerator_of
from si_eval.study.catalogue import EXHIBIT_FUNCTIONS
from si_eval.vocabulary import (
    COUNT,
    DIFFERENCE,
    EQUIVALENCE,
    EVIDENCE_COLUMNS,
    GROUP_HIGHER_CLASS,
    INDEX,
    MEAN,
    MEDIAN,
    PUBLIC_COLUMNS,
    RATIO,
    RATIO_OF_SUMS,
    RECORDS,
    RESTS_ON,
    SHARE,
    SMD,
    excluded,
)

SUMMED = 1e-9  # relative: the same numbers, of both signs, added up in another order
FLAG = {GROUP_HIGHER_CLASS: True}


@pytest.fixture(scope="module", params=["registers", "frame"])
def tables(request, simulated_extract, panel) -> tuple[Panel, list[ResultTable]]:
    """Return a panel with every table that can be made of it."""
    if request.param == "frame":
        compared = {"indicator": ["revenue", "revenue_per_employee"], "by": ["sector", "size_class_4"]}
        return panel, [
            se.compare_groups(panel, **compared, where={"sector": ["C", "J"], "size_class": ["10-49", "50-249"]}),
            se.compare_groups(panel, indicator="revenue", where={"participant": True}),
            se.index_series(panel, indicator="revenue", by="sector", base_year=2014),
            se.check_selection(panel, year=2015, where={"sector": "C"}),
        ]
    extract = se.read_extract(simulated_extract())
    linkage = se.link_participants(extract)
    ids = linkage.units()["be_id"].drop_duplicates().head(12)
    panel = se.build_panel(extract, linkage, public_units=ids.tolist())
    merge = {"J": {"50+": ["50-249", "250+"]}}
    compared = {"indicator": ["revenue_per_employee", "investment_software_per_employee"], "years": [2014, 2019]}
    return panel, [
        se.describe_linkage(linkage, panel),
        se.describe_reach(panel, year=2019),
        se.describe_sectors(panel, year=2019, sectors=["C", "J"], merge=merge),
        se.describe_unit_choice(panel),
        se.describe_plausibility(panel),
        se.compare_groups(panel, **compared, by=["size_class_4", "sector"], where={"sector": ["C", "J"]}),
        se.compare_groups(panel, **compared, by=[GROUP_HIGHER_CLASS], where=FLAG),
        se.index_series(panel, indicator="revenue_per_employee", by=["size_class"], base_year=2015, years=[2019]),
        se.check_selection(panel, year=2014),
    ]


def test_every_function_that_makes_a_table_of_a_panel_is_looked_at(tables):
    if "division" not in tables[0].table.columns:
        return  # a panel of a frame has not all that is described
    of_panel = {name for name, entry in EXHIBIT_FUNCTIONS.items() if entry.inputs and "panel" in entry.inputs}
    elsewhere = {
        "estimate_effect",
        "match_units",
        "check_effect",
        "cost_per_effect",
        "cost_per_participant",
        "decompose_change",
        "compare_changes",
    }  # units of estimates; costs, and protected counts; units of two years: tests/disclosure/test_changes.py
    assert of_panel - elsewhere == {table.function for table in tables[1]}


def test_a_table_brings_the_source_of_its_units(tables):
    panel, made = tables
    for table in made:
        assert set(table.sources) == {panel.identity.population}
        assert set(table.named("exhibit").sources) == set(table.sources)
        assert {cell.units.population for cell in cells_of(table)} <= set(table.sources)
        assert table.frame[RESTS_ON].map(type).eq(tuple).all()


def cells_of(table: ResultTable) -> list[Cell]:
    return [cell for cells in table.frame[RESTS_ON] for cell in cells]


@pytest.fixture(scope="module")
def measure(tables):
    """Return a function that gives the values of a cell's units by brute force, from the rows of the panel."""
    panel, _ = tables
    frame = panel.to_frame()
    years = dict(list(frame.groupby("year")))
    known = {name: (name, name) for name in panel.indicators}
    for name, entry in panel.indicators.items():
        known |= {numerator_of(name): (name, entry.numerator), denominator_of(name): (name, entry.denominator)}

    @cache
    def values(cell: Cell) -> pd.Series:
        rows = years[cell.units.year]
        for column, wanted in cell.units.where:
            rows = rows[rows[column].isin(list(wanted)) if wanted else rows[column].notna()]
        if not cell.variable:
            return pd.Series(1.0, rows.index)
        indicator, column = known[cell.variable]
        flag = excluded(panel.indicators[indicator].domain)
        rows = rows[rows[indicator].notna() & ~(rows[flag].astype(bool) if flag in rows else False)]
        return rows[column].astype(float)

    return values


def number_of(statistic: str, group: str, parts: list[pd.Series]) -> float:
    """Compute a number from the values of the sets of units that it rests on."""
    means = [part.mean() for part in parts]
    if group == RATIO:
        return means[0] / means[1]
    if statistic == INDEX:
        indexes = [100 * means[place] / means[place + 1] for place in range(0, len(means) - 1, 2)]
        base_year = len(parts) == (2 if group == DIFFERENCE else 1)  # the cells of both years are the same
        return (0.0 if group == DIFFERENCE else 100.0) if base_year else indexes[0] - sum(indexes[1:])
    if group == DIFFERENCE:
        return means[0] - means[1]
    return {
        COUNT: lambda: len(parts[0]), SHARE: lambda: len(parts[0]) / len(parts[1]), MEAN: lambda: means[0],
        MEDIAN: parts[0].median, RATIO_OF_SUMS: lambda: parts[0].sum() / parts[1].sum(),
    }[statistic]()  # fmt: skip


def test_numbers_follow_from_the_sets_of_units_that_they_rest_on(tables, measure):
    computed = 0
    for table in tables[1]:
        for row in table.frame.to_dict("records"):
            parts = [measure(cell) for cell in row[RESTS_ON]]
            if row["unit"] == RECORDS:
                assert parts == []
                continue
            counts = [len(part) for part in parts]
            assert row["n_units"] == (counts[0] if row["statistic"] in (SHARE, COUNT) else min(counts)), row
            if row["statistic"] in (SMD, EQUIVALENCE) or row["indicator"] == "divisions" or np.isnan(row["estimate"]):
                continue
            estimate = number_of(row["statistic"], row["group"], parts)
            assert row["estimate"] == pytest.approx(estimate, rel=SUMMED, abs=SUMMED), row
            computed += 1
    assert computed > 40


def test_the_partition_gives_what_disclosure_judges_a_row_by(tables, measure):
    panel, made = tables
    by_year: dict[int, list[Cell]] = defaultdict(list)
    for cell in dict.fromkeys(cell for table in made for cell in cells_of(table)):
        by_year[cell.units.year].append(cell)
    measured = {}
    for asked in by_year.values():
        partition = made[0].sources[panel.identity.population].partition(asked, {})
        members = partition.members.toarray().astype(bool)
        for place, cell in enumerate(asked):
            measured[cell] = partition.contributions(members[place], partition.variables[place])
            assert measured[cell].n_units == len(measure(cell))
            assert measured[cell].total == pytest.approx(measure(cell).sum(), rel=SUMMED)
    judged = 0
    for table in made:
        names = [name for name in (*EVIDENCE_COLUMNS, *PUBLIC_COLUMNS) if name in table.frame]
        names = [name for name in names if name not in ("numerator", "denominator")]
        rows = table.frame[table.frame["statistic"].isin([MEAN, COUNT, SHARE, INDEX])]
        for row in rows[rows["unit"] != RECORDS].to_dict("records"):
            cell = measured[row[RESTS_ON][0]]
            for name in names:
                if not pd.isna(row[name]):
                    assert row[name] == pytest.approx(getattr(cell, name), rel=SUMMED), (name, row)
                    judged += 1
    assert judged > 100
