"""Clean tables, generated and rounded as a printer would: they contradict themselves nowhere."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest


def rounded(values, digits=0):
    return [float(f"{v:.{digits}f}") for v in values]


def funding(rng):
    """Money by source and year in EUR million, with shares, means, growth and hedged text, in the monitoring layout."""
    sources = ["EU", "state", "region", "private", "RTO"][: rng.integers(3, 6)]
    truth = rng.uniform(15, 90, len(sources))
    number, rows, before = int(rng.integers(20, 60)), [], None
    for year in range(2017, 2021):
        total, place = float(truth.sum()), {"table": "Table 1", "source_file": "a", "n_fieldlabs": number}
        for name, value in [*zip(sources, truth, strict=True), ("total", total)]:
            key = {"category": name, "category_type": "source_of_funds", "year": str(year), "precision": "exact"}
            rows.append(
                {"indicator": "funding_cumulative", "value": round(value), "unit": "EUR million", **key, **place}
            )
            rows.append(
                {"indicator": "funding_share", "value": round(value / total, 2), "unit": "share", **key, **place}
            )
        told = {"category": "total", "category_type": "source_of_funds", "year": str(year), "n_fieldlabs": number}
        place = {"table": "text", "source_file": "a"}
        mean = round(round(total) / number, 1)
        rows.append(
            {"indicator": "funding_mean", "value": mean, "unit": "EUR million", "precision": "exact", **told, **place}
        )
        low, near = round(total) // 10 * 10, round(total / 10) * 10
        hedges = [("approx", near, f'"about {near}"'), ("approx", low, f'"just over {low}"')]
        precision, value, note = hedges[rng.integers(2)]
        rows.append(
            {"indicator": "funding_cumulative", "value": value, "unit": "EUR million", "precision": precision}
            | {"definition_note": note, **told, **place, "source_file": "b"}
        )
        if before is not None:
            growth = {"indicator": "funding_growth", "unit": "EUR million", "precision": "exact"}
            rows.append(
                {**growth, "value": round(total) - round(before), **told, **place, "year": f"{year - 1}-{year}"}
            )
        before, truth, number = total, truth * rng.uniform(1.02, 1.4, len(sources)), number + int(rng.integers(0, 6))
    return pd.DataFrame(rows)


def impact(rng):
    """Counts by year, as a table and as told in the text."""
    rows = []
    for name, unit in [
        ("jobs", "jobs"),
        ("partners", "organisations"),
        ("projects", "projects"),
        ("spin_offs", "companies"),
    ]:
        value = int(rng.integers(40, 900))
        for year in range(2017, 2021):
            base = {"indicator": name, "category": "all", "year": year, "unit": unit, "source": "report"}
            rows.append({**base, "value": value, "table": "Table 4", "precision": "exact"})
            if rng.random() < 0.6:
                rows.append({**base, "value": round(value, -1), "table": "summary", "precision": "approx"})
            value = int(value * rng.uniform(1.0, 1.35))
    return pd.DataFrame(rows)


def survey(rng):
    """Single and multiple choice with base, count and rounded share, in the survey layout."""
    n, rows = int(rng.integers(31, 97)), []
    for number in range(4):
        counts = rng.multinomial(n, rng.dirichlet(np.ones(4) * 3))
        for category, count in zip("abcd", counts, strict=True):
            key = {"indicator": f"question_{number}", "category": category, "base_n": n, "precision": "exact"}
            rows.append({**key, "value": round(count / n, 2), "unit": "share", "count": count})
    for category in "efgh":
        count = int(rng.integers(n // 3, n))
        key = {"indicator": "benefit", "category": category, "base_n": n, "precision": "exact"}
        rows.append({**key, "value": count, "unit": "respondents", "count": count, "note": "multiple answers"})
    rows += [{"indicator": "respondents", "category": "total", "value": n, "unit": "respondents", "count": n}] * 2
    return pd.DataFrame(rows).assign(table_or_figure="Table 11")


def crossed(rng):
    """Units by sector and size class with both margins, and means by class, in the microdata layout."""
    sectors, classes = ["C", "G", "J", "M"], ["0-9", "10-49", "50-249", "250+"]
    counts = rng.integers(12, 400, (4, 4))
    rows = []
    for i, sector in enumerate([*sectors, "all"]):
        for j, size in enumerate([*classes, "all"]):
            part = counts[i : i + 1] if i < 4 else counts
            part = part[:, j : j + 1] if j < 4 else part
            rows.append(
                {"quantity": "count", "indicator": "units", "unit": "business_units", "value": int(part.sum())}
                | {"sector": sector, "size_class": size}
            )
    means = rng.uniform(1e5, 5e5, 4)
    values = [*means, float(np.average(means, weights=counts.sum(axis=0)))]
    for size, value in zip([*classes, "all"], values, strict=True):
        rows.append(
            {"quantity": "mean", "indicator": "revenue_per_employee", "unit": "EUR", "value": round(value)}
            | {"sector": "all", "size_class": size}
        )
    return pd.DataFrame(rows).assign(year=2019, group="participant", table_or_figure="Table 8", precision="exact")


def costs(rng):
    """Amounts a year over a period with their total, in the costs layout."""
    rows = []
    for number in range(8):
        first, years, value = int(rng.integers(2014, 2018)), int(rng.integers(2, 5)), int(rng.integers(5, 90)) * 10_000
        period = {"period": f"{first}-{first + years - 1}", "year_from": first, "year_to": first + years - 1}
        item = {"cost_item": f"item {number}", "payer": "ministry", "unit": "EUR", "per": "year", "precision": "exact"}
        for source in ("a", "b")[: rng.integers(1, 3)]:
            rows.append(
                {**item, **period, "value": value, "cumulative_total_eur": value * years, "source_file": source}
            )
    return pd.DataFrame(rows)


def plain(rng):
    """The least that a file can be: indicator, category, year, value, unit, kind, of, n."""
    rows = []
    for year in (2021, 2022, 2023):
        parts = rng.integers(100, 5000, 4)
        for name, value in [*zip(["north", "east", "south", "west"], parts, strict=True), ("Totaal", parts.sum())]:
            rows.append(
                {"indicator": "participants", "category": name, "year": year, "value": int(value)}
                | {"unit": "persons", "kind": "count"}
            )
            if name != "Totaal":
                rows.append(
                    {"indicator": "participation", "category": name, "year": year}
                    | {"value": round(100 * value / parts.sum(), 1), "unit": "%", "of": "participants"}
                )
    return pd.DataFrame(rows)


SHAPES = {"funding": funding, "impact": impact, "survey": survey, "crossed": crossed, "costs": costs, "plain": plain}


@pytest.fixture(params=SHAPES)
def shape(request):
    return request.param


@pytest.fixture(scope="session")
def clean():
    """Make a clean table of a shape with a seed; each row has an id."""

    @cache
    def made(shape, seed):
        frame = SHAPES[shape](np.random.default_rng([seed, list(SHAPES).index(shape)]))
        return frame.assign(id=[f"R{k:03d}" for k in range(len(frame))])

    return lambda shape, seed: made(shape, seed).copy()
