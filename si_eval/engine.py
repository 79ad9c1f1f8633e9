"""Opens the relational engine. Nothing else knows which one it is: the stages write Ibis expressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

from si_eval.errors import StudyError

ROWS_AT_ONCE = 3_000_000  # a table with more rows is worked on year by year, so that memory holds one year


def open_engine(backend: str = "duckdb", *, memory_limit: str | None = None, threads: int | None = None) -> Any:
    """Open a relational engine; ``memory_limit`` is such as ``"500MB"``."""
    if backend != "duckdb":
        raise StudyError(f"engine: found {backend!r}; expected 'duckdb'; change `engine` in the study file")
    settings: dict[str, Any] = {}
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    return ibis.duckdb.connect(**settings)


def scan_parquet(engine: Any, paths: Sequence[Path]) -> ir.Table:
    """Read parquet files with one schema as one table, without loading them."""
    return engine.read_parquet([str(path) for path in paths])


def from_frame(engine: Any, frame: pd.DataFrame) -> ir.Table:
    """Put a data frame into the engine; the frame itself is left as it is."""
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    return engine.create_table(ibis.util.gen_name("si_eval"), obj=arrow, temp=True)


def materialise_parts(engine: Any, parts: Iterable[ir.Table]) -> ir.Table:
    """Compute expressions of one schema one after the other, keep the results, and give them as one table."""
    kept = [materialise(engine, part) for part in parts]
    return kept[0] if len(kept) == 1 else ibis.union(*kept)


def view(engine: Any, expression: ir.Table) -> ir.Table:
    """Give an expression a name in the engine, so that what is built on it stays short; nothing is computed."""
    return engine.create_view(ibis.util.gen_name("si_eval"), expression)


def fetch(expression: ir.Table) -> pd.DataFrame:
    """Bring the rows of an expression out of the engine: integers with gaps and truth values keep their kind."""
    return expression.to_pyarrow().to_pandas(types_mapper=_NULLABLE.get)


def count_rows(table: ir.Table) -> int:
    """Count the rows of a table."""
    return int(table.aggregate(rows=table.count()).to_pyarrow()["rows"][0].as_py())


def materialise(engine: Any, expression: ir.Table) -> ir.Table:
    """Compute an expression once and keep the result in the engine."""
    return engine.create_table(ibis.util.gen_name("si_eval"), obj=expression, temp=True)


_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=float("nan")),
}


@ibis.udf.agg.builtin(name="max")
def _largest(values: float, number: int) -> list[float]:  # type: ignore[empty-body]
    """DuckDB's ``max`` with a number: the largest values in descending order."""


def largest(values: ir.Column, number: int) -> ir.Scalar:
    """Give the largest values of a column in descending order, as a list; shorter where there are fewer."""
    return _largest(values, number)
