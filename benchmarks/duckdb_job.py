"""The core job in the SQL of DuckDB, all years at once, as who knows SQL would write it: the same numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pandas as pd
from pandas_job import ASSETS, INDICATORS, PERCENTILES, RATIOS

from si_eval.registry import facts, sections

TABLES = ("participants", "kvk_person", "person_business_unit", "business_units", "enterprise_groups", "turnover",
          "investments")  # fmt: skip
CELL = '"group", year, size_class, sector'
SIZES = facts("size_classes")["classes"]["size_class"]
LINK = """
CREATE TABLE linked AS
WITH routes AS (
    SELECT DISTINCT kvk_id, be_id, CAST(start AS DATE) AS start, CAST("end" AS DATE) AS "end"
    FROM (SELECT DISTINCT kvk_id FROM participants)
    JOIN kvk_person USING (kvk_id) JOIN person_business_unit USING (person_id)
), spells AS (
    SELECT kvk_id, year, be_id, employed_persons, date_diff(
        'day', greatest(coalesce(start, make_date(year, 1, 1)), make_date(year, 1, 1)),
        least(coalesce("end", make_date(year, 12, 31)), make_date(year, 12, 31))) + 1 AS days
    FROM routes JOIN business_units USING (be_id)
)
SELECT DISTINCT year, be_id FROM (
    SELECT * FROM spells WHERE days > 0 QUALIFY row_number() OVER (
        PARTITION BY kvk_id, year ORDER BY days DESC, coalesce(employed_persons, -1) DESC, be_id) = 1)
"""


def core_job(folder: Path) -> pd.DataFrame:
    """Give all measures of every indicator by group, year, size class and sector."""
    engine = duckdb.connect()
    for table in TABLES:
        engine.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder}/{table}*.parquet')")
    codes, letters = facts("size_classes")["codes"], sections().items()
    engine.execute(f"CREATE TABLE codes AS FROM (VALUES {_pairs(codes.items())}) AS t(size_code, floor)")
    divisions = [(f"{one:02d}", name) for name, part in letters for one in range(part["first"], part["last"] + 1)]
    engine.execute(f"CREATE TABLE divisions AS FROM (VALUES {_pairs(divisions)}) AS t(division, sector)")
    engine.execute(LINK)
    engine.execute(_panel())
    for domain in ("revenue", "investment"):
        names = [name for name in INDICATORS if name.startswith(domain) and name.endswith("_per_employee")]
        engine.execute(f"CREATE TABLE aside_{domain} AS {' UNION '.join(map(_outliers, names))}")
    return pd.concat([engine.execute(_measures(name)).df() for name in INDICATORS], ignore_index=True)


def _pairs(rows: object) -> str:
    """Write pairs as the rows of a list of values."""
    return ", ".join(f"('{key}', {value if isinstance(value, int | float) else repr(value)})" for key, value in rows)  # type: ignore[attr-defined]


def _rank(floor: str) -> str:
    """Count the borders of size classes that a number of persons reaches."""
    return " + ".join(f"CAST(coalesce({floor} >= {low}, true) AS INTEGER)" for low in SIZES["lower"])


def _panel() -> str:
    """Write the query that makes the panel."""
    bands = zip(reversed(SIZES["lower"]), reversed(SIZES["labels"]), strict=True)
    size_class = " ".join(f"WHEN floor >= {low} THEN '{label}'" for low, label in bands)
    amounts = ", ".join(
        f"""coalesce(sum(amount) FILTER (asset = '{asset}' AND component = 'total'),
                     sum(amount) FILTER (asset = '{asset}' AND component <> 'total')) AS investment_{asset},
            sum(amount) FILTER (asset = '{asset}' AND component = 'own_production') AS own_{asset}"""
        for asset in ASSETS
    )
    ratios = ", ".join(
        f"""investment_{asset} / nullif(greatest(employed_persons, 0), 0) AS investment_{asset}_per_employee,
            CASE WHEN investment_{asset} > 0 THEN own_{asset} / investment_{asset} END
            AS own_production_{asset}_share"""
        for asset in ASSETS
    )
    return f"""
    CREATE TABLE panel AS
    WITH units AS (
        SELECT be_id, year, employed_persons, sector, group_id, coalesce(codes.floor, employed_persons) AS floor,
               CASE WHEN year >= year(CAST(founded AS DATE)) THEN year - year(CAST(founded AS DATE)) END AS age,
               CASE WHEN group_id IS NOT NULL AND count(*) OVER (PARTITION BY group_id, year) > 1 THEN group_id
                    ELSE -be_id END AS holding,
               (year, be_id) IN (SELECT (year, be_id) FROM linked) AS is_linked
        FROM business_units b LEFT JOIN codes USING (size_code) LEFT JOIN divisions ON division = b.sbi[1:2]
    ), sums AS (
        SELECT be_id, year, sum(turnover) AS revenue FROM turnover GROUP BY ALL HAVING count(turnover) = 4
    ), survey AS (SELECT be_id, year, {amounts} FROM investments WHERE response <> 'nonresponse' GROUP BY be_id, year)
    SELECT *, CASE WHEN is_linked THEN 'participant' ELSE 'non_participant' END AS "group",
           CASE {size_class} END AS size_class,
           revenue / nullif(greatest(employed_persons, 0), 0) AS revenue_per_employee,
           {ratios}
    FROM units LEFT JOIN sums USING (be_id, year) LEFT JOIN survey USING (be_id, year)
    WHERE is_linked OR be_id NOT IN (SELECT be_id FROM linked)
    """


def _outliers(name: str) -> str:
    """Write the query of the participants that the rule of 2020 sets aside for one indicator."""
    return f"""(
    WITH known AS (SELECT *, ln({name}) AS log FROM panel WHERE is_linked AND {name} > 0 AND size_class IS NOT NULL),
    fences AS (
        SELECT year, size_class,
               quantile_cont(log, 0.75) + 3 * (quantile_cont(log, 0.75) - quantile_cont(log, 0.25)) AS fence
        FROM known GROUP BY ALL HAVING count(*) >= 8
    ), groups AS (
        SELECT group_id, year, coalesce(codes.floor, employed_persons) AS persons
        FROM enterprise_groups LEFT JOIN codes USING (size_code)
    )
    SELECT be_id FROM known JOIN fences USING (year, size_class) JOIN groups USING (group_id, year)
    WHERE log > fence AND {_rank("persons")} > {_rank("known.floor")})"""


def _measures(name: str) -> str:
    """Write the query of the measures of one indicator."""
    domain = next((domain for domain in ("revenue", "investment", "own") if name.startswith(domain)), "")
    aside = {"own": "investment"}.get(domain, domain)
    value = f"CASE WHEN be_id NOT IN (SELECT be_id FROM aside_{aside}) THEN {name} END" if domain else name
    shares = ", ".join(f"p[{place}] AS {share}" for place, share in enumerate(PERCENTILES, start=1))
    parts = "".join(
        f", sum({column}) FILTER (v IS NOT NULL) AS {part}" for part, column in RATIOS.get(name, {}).items()
    )
    return f"""
    WITH panel_values AS (
        SELECT *, CAST({value} AS DOUBLE) AS v FROM panel WHERE size_class IS NOT NULL AND sector IS NOT NULL
    ), cells AS (
        SELECT {CELL}, count(v) AS n, avg(v) AS mean, stddev_samp(v) AS sd, sum(v) AS total, min(v) AS smallest,
               quantile_cont(v, {list(PERCENTILES.values())}) AS p, max(abs(v), 2) AS top {parts}
        FROM panel_values GROUP BY {CELL}
    ), holdings AS (
        SELECT {CELL}, count(*) AS n_holdings, max(size, 2) AS tops
        FROM (SELECT {CELL}, holding, sum(abs(v)) AS size FROM panel_values WHERE v IS NOT NULL GROUP BY ALL)
        GROUP BY {CELL}
    )
    SELECT '{name}' AS indicator, * EXCLUDE (p, top, tops), {shares}, top[1] AS largest, top[2] AS second_largest,
           tops[1] AS holding_largest, tops[2] AS holding_second
    FROM cells LEFT JOIN holdings USING ({CELL})
    """


if __name__ == "__main__":
    job = core_job(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        job.to_parquet(sys.argv[2])
