"""The core job in polars, lazily and streaming where that goes: the same numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import polars as pl
from pandas_job import ASSETS, INDICATORS, KEYS, PERCENTILES, RATIOS

from si_eval.registry import facts, sections

CODES, SIZES = facts("size_classes")["codes"], facts("size_classes")["classes"]["size_class"]
ENGINE = "streaming"


def core_job(folder: Path) -> pd.DataFrame:
    """Give all measures of every indicator by group, year, size class and sector."""
    linked = link(folder)
    years = [panel(folder, int(path.stem[-4:]), linked) for path in sorted(folder.glob("business_units_*.parquet"))]
    aside = {domain: outliers(folder, years, domain) for domain in ("revenue", "investment")}
    frames = []
    for name in INDICATORS:
        start = name.split("_")[0]
        leaves = aside[{"own": "investment"}.get(start, start)] if start in ("revenue", "investment", "own") else None
        frames += [measure(table, name, leaves) for table in years]
    done = pl.collect_all(frames, engine=ENGINE)
    return pl.concat(done, how="diagonal_relaxed").to_pandas()


def scan(folder: Path, table: str, year: int | None = None) -> pl.LazyFrame:
    """Read a table, or its file of one year."""
    return pl.scan_parquet(folder / (f"{table}_{year}.parquet" if year else f"{table}*.parquet"))


def link(folder: Path) -> pl.DataFrame:
    """Give the unit of each participant in each year."""
    first, last = pl.date(pl.col("year"), 1, 1), pl.date(pl.col("year"), 12, 31)
    start, end = (pl.coalesce(pl.col(name).cast(pl.Date), open_) for name, open_ in (("start", first), ("end", last)))
    routes = scan(folder, "participants").select("kvk_id").unique()
    routes = routes.join(scan(folder, "kvk_person").select("kvk_id", "person_id"), on="kvk_id")
    routes = routes.join(scan(folder, "person_business_unit"), on="person_id").select("kvk_id", "be_id", "start", "end")
    register = scan(folder, "business_units").select("be_id", "year", pl.col("employed_persons").fill_null(-1))
    spells = routes.join(register, on="be_id").with_columns(
        days=(pl.min_horizontal(end, last) - pl.max_horizontal(start, first)).dt.total_days() + 1
    )
    spells = spells.filter(pl.col("days") > 0).sort(
        ["kvk_id", "year", "days", "employed_persons", "be_id"], descending=[False, False, True, True, False]
    )
    chosen = spells.unique(["kvk_id", "year"], keep="first", maintain_order=True).select("year", "be_id").unique()
    return chosen.collect(engine=ENGINE)


def floor() -> pl.Expr:
    """Give the fewest persons of a size code, or else the persons employed."""
    return pl.coalesce(
        pl.col("size_code").replace_strict(CODES, default=None, return_dtype=pl.Float64), "employed_persons"
    )


def rank(persons: pl.Expr) -> pl.Expr:
    """Count the borders of size classes that a number of persons reaches; one that is missing reaches all."""
    return pl.sum_horizontal((persons >= low).fill_null(True).cast(pl.Int64) for low in SIZES["lower"])


def panel(folder: Path, year: int, linked: pl.DataFrame) -> pl.DataFrame:
    """Give the panel of one year."""
    letters = {
        f"{division:02d}": letter
        for letter, part in sections().items()
        for division in range(part["first"], part["last"] + 1)
    }
    labels = dict(enumerate(SIZES["labels"], start=1))
    ever, now = linked["be_id"].unique(), linked.filter(pl.col("year") == year)["be_id"].unique()
    shared = pl.col("group_id").is_not_null() & (pl.len().over("group_id") > 1)
    persons = pl.when(pl.col("employed_persons") > 0).then("employed_persons")
    units = scan(folder, "business_units", year).select(
        "be_id", "employed_persons", "group_id", year=pl.lit(year), floor=floor(),
        sector=pl.col("sbi").str.slice(0, 2).replace_strict(letters, default=None),
        age=year - pl.col("founded").cast(pl.Date).dt.year().cast(pl.Int64),
        holding=pl.when(shared).then("group_id").otherwise(-pl.col("be_id")),
        linked=pl.col("be_id").is_in(now.implode()),
    ).with_columns(
        age=pl.when(pl.col("age") >= 0).then("age"),
        size_class=pl.when(pl.col("floor").is_not_null()).then(
            rank(pl.col("floor")).replace_strict(labels, default=None)),
        group=pl.when("linked").then(pl.lit("participant")).otherwise(pl.lit("non_participant")),
    ).filter(pl.col("linked") | ~pl.col("be_id").is_in(ever.implode()))  # fmt: skip
    sums = scan(folder, "turnover", year).group_by("be_id").agg(
        pl.col("turnover").count().alias("quarters"), pl.col("turnover").sum().alias("revenue")
    ).filter(pl.col("quarters") == 4).drop("quarters")  # fmt: skip
    table = units.join(sums, on="be_id", how="left")
    if (folder / f"investments_{year}.parquet").exists():
        table = table.join(investments(folder, year), on="be_id", how="left")
    else:
        table = table.with_columns(
            pl.lit(None, pl.Float64).alias(f"{kind}_{a}") for kind in ("investment", "own") for a in ASSETS
        )
    table = table.with_columns(revenue_per_employee=pl.col("revenue") / persons).with_columns(
        *((pl.col(f"investment_{asset}") / persons).alias(f"investment_{asset}_per_employee") for asset in ASSETS),
        *((pl.col(f"own_{asset}") / pl.when(pl.col(f"investment_{asset}") > 0).then(f"investment_{asset}"))
          .alias(f"own_production_{asset}_share") for asset in ASSETS),
    )  # fmt: skip
    return table.collect(engine=ENGINE)


def investments(folder: Path, year: int) -> pl.LazyFrame:
    """Give amounts by unit and asset: the total where present, else the sum of the components."""
    rows, columns = scan(folder, "investments", year).filter(pl.col("response") != "nonresponse"), []
    component = pl.col("component")
    for asset in ASSETS:
        of = [pl.col("amount").filter((pl.col("asset") == asset) & kind) for kind in (
            component == "total", component != "total", component == "own_production")]  # fmt: skip
        total, parts, own = (pl.when(one.count() > 0).then(one.sum()) for one in of)
        columns += [pl.coalesce(total, parts).alias(f"investment_{asset}"), own.alias(f"own_{asset}")]
    return rows.group_by("be_id").agg(columns)


def outliers(folder: Path, years: list[pl.DataFrame], domain: str) -> pl.Series:
    """Give the units that the rules of 2020 set aside."""
    found = []
    for table in years:
        groups = (
            scan(folder, "enterprise_groups", int(table["year"][0])).select("group_id", higher=rank(floor())).collect()
        )
        ours = table.filter("linked").join(groups, on="group_id").filter(pl.col("higher") > rank(pl.col("floor")))
        for name in [name for name in INDICATORS if name.startswith(domain) and name.endswith("_per_employee")]:
            known = table.filter(pl.col("linked") & (pl.col(name) > 0)).select("size_class", log=pl.col(name).log())
            first, third = (pl.col("log").quantile(share, "linear") for share in (0.25, 0.75))
            fences = known.group_by("size_class").agg(fence=third + 3 * (third - first), size=pl.len())
            extreme = ours.filter(pl.col(name) > 0).join(fences.filter(pl.col("size") >= 8), on="size_class")
            found.append(extreme.filter(pl.col(name).log() > pl.col("fence"))["be_id"])
    return pl.concat(found).unique()


def measure(table: pl.DataFrame, name: str, aside: pl.Series | None) -> pl.LazyFrame:
    """Give the measures of one indicator in one year by group, year, size class and sector."""
    parts = RATIOS.get(name, {})
    value = pl.col(name).cast(pl.Float64)
    if aside is not None and len(aside):
        value = pl.when(~pl.col("be_id").is_in(aside.implode())).then(value)
    rows = table.lazy().select(*KEYS, "holding", *dict.fromkeys(parts.values()), v=value).filter(
        pl.col("v").is_not_null() & pl.col("size_class").is_not_null() & pl.col("sector").is_not_null()
    )  # fmt: skip
    v, size = pl.col("v"), pl.col("size")
    cells = rows.group_by(KEYS).agg(
        n=v.count(), mean=v.mean(), sd=v.std(), total=v.sum(), smallest=v.min(),
        **{share: v.quantile(at, "linear") for share, at in PERCENTILES.items()},
        **{part: pl.col(column).sum() for part, column in parts.items()},
        largest=v.abs().max(), second_largest=v.abs().top_k(2).sort().get(-2, null_on_oob=True),
    )  # fmt: skip
    holdings = rows.group_by([*KEYS, "holding"]).agg(size=v.abs().sum()).group_by(KEYS).agg(
        n_holdings=pl.len(), holding_largest=size.max(), holding_second=size.top_k(2).sort().get(-2, null_on_oob=True)
    )  # fmt: skip
    return cells.join(holdings, on=KEYS).with_columns(indicator=pl.lit(name))


if __name__ == "__main__":
    job = core_job(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        job.to_parquet(sys.argv[2])
