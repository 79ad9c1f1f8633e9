"""Opens the relational engine. Nothing else knows which one it is: the stages write Ibis expressions."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import ibis
import ibis.expr.operations as ops
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from si_eval.engine import prepared, spark
from si_eval.errors import StudyError
from si_eval.system.temporary_folders import make_folder, remove_folder

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    Engine: TypeAlias = BaseBackend  # a connection that Ibis opened, to DuckDB or to Spark

BATCH_ROWS = 25_000  # rows that leave the engine at once: more take memory, fewer take time
ROW_GROUP_ROWS = 100_000  # each thread that reads a file holds one group of its rows
MAX_ROWS_AT_ONCE = 500_000  # a table with more rows is worked on year by year, so that memory holds one year


def open_engine(backend: str = "duckdb", *, memory_limit: str | None = None, threads: int | None = None) -> Engine:
    """Open a relational engine; ``memory_limit`` is such as ``"500MB"``.

    What does not fit in memory goes to a private temporary folder, which goes when the engine does.
    """
    if backend == spark.NAME:
        return spark.open_spark(memory_limit=memory_limit, threads=threads)
    if backend != "duckdb":
        raise StudyError(
            f"engine: found {backend!r}; expected 'duckdb' or {spark.NAME!r}; change `backend` under `[engine]` in the "
            "study file"
        )
    settings: dict[str, bool | int | str] = {
        "enable_external_file_cache": False,  # the system keeps files in memory, and gives that memory back
        "allocator_background_threads": True,  # so that freed memory is given back before the next query
    }
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    spill, lock = make_folder("si_eval.spill.")
    engine = ibis.duckdb.connect(temp_directory=str(spill), **settings)
    weakref.finalize(engine, remove_folder, spill, lock)
    return engine


def is_local(engine: Engine) -> bool:
    """Whether rows are worked on in this process, not on a cluster."""
    return bool(engine.name == "duckdb")


def threads(table: ir.Table) -> int:
    """Return the number of threads that the engine of a table may use."""
    engine = table.get_backend()
    return int(engine.raw_sql("SELECT current_setting('threads')").fetchall()[0][0]) if is_local(engine) else 1


def iter_batches(expression: ir.Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an expression, as they are computed, in small batches; one at least.

    Take all of them before the engine is asked anything else: its next answer ends this one.
    """
    engine = expression.get_backend()
    pa.default_memory_pool().release_unused()
    if is_local(engine):
        answer = engine.con.sql(prepared.write(expression))
        read = answer.to_arrow_reader if hasattr(answer, "to_arrow_reader") else answer.fetch_arrow_reader
        rows = read(BATCH_ROWS)
    else:
        rows = spark.fetch(expression).to_reader(BATCH_ROWS)
    empty = True
    for batch in rows:
        empty = False
        yield batch
    if empty:
        yield pa.RecordBatch.from_pylist([], rows.schema)


def scan_parquet(engine: Engine, paths: Sequence[Path]) -> ir.Table:
    """Read parquet files with one schema as one table, without loading them."""
    if not is_local(engine):
        return spark.scan_parquet(engine, paths)
    return prepared.create_view(engine, f"SELECT * FROM {_parquet(paths)}")


def scan_files(engine: Engine, files: Mapping[Path, int | None], *, name: str, year: str) -> ir.Table:
    """Read parquet files with one schema into a local engine, as one table that says of each row of which file it is.

    ``name`` is the column of the file's path, ``year`` that of its year: absent where a file has none.
    """
    years = [f"WHEN {_quoted(str(path))} THEN {of_file}" for path, of_file in files.items() if of_file is not None]
    whole = f', CAST(CASE "{name}" {" ".join(years)} END AS INTEGER) AS "{year}"' if len(years) == len(files) else ""
    return prepared.create_view(engine, f"SELECT *{whole} FROM {_parquet(list(files), name)}")


def _parquet(paths: Sequence[Path], name: str = "") -> str:
    """Spell the files to read as the local engine does, and the column with the path of each row where it has one.

    Footers leave NaN out of the least and the largest value: the engine believes that there is none unless it is told.
    """
    listed = ", ".join(_quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}], can_have_nan = true" + (f", filename = {_quoted(name)})" if name else ")")


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def from_frame(engine: Engine, frame: pd.DataFrame) -> ir.Table:
    """Put a data frame into the engine; the frame itself is left as it is."""
    return from_arrow(engine, pa.Table.from_pandas(frame, preserve_index=False))


def empty_table(engine: Engine, columns: Mapping[str, str]) -> ir.Table:
    """Make a table of these columns and types that has no rows."""
    return from_arrow(engine, ibis.schema(dict(columns)).to_pyarrow().empty_table())


def from_arrow(engine: Engine, rows: pa.Table) -> ir.Table:
    """Register an Arrow table in the engine; an engine of this process reads it where it is, without a copy."""
    if not is_local(engine):
        return spark.from_arrow(engine, rows)
    name = ibis.util.gen_name("si_eval")
    engine.con.register(name, rows)
    return prepared.describe(engine, name)


def spill_to_parquet(engine: Engine, parts: Iterable[pa.Table]) -> ir.Table:
    """Write tables of one schema to the temporary folder of a local engine as they come; return them as one table."""
    folder = Path(engine.raw_sql("SELECT current_setting('temp_directory')").fetchall()[0][0])
    paths = []
    for part in parts:
        paths.append(folder / f"{ibis.util.gen_name('part')}.parquet")
        pq.write_table(
            part,
            paths[-1],
            row_group_size=ROW_GROUP_ROWS,
            compression="none",  # read more often than its room on disk is worth
            use_dictionary=["year"],
            write_statistics=["year"],
        )
        del part
        pa.default_memory_pool().release_unused()
    return scan_parquet(engine, paths)


def create_view(engine: Engine, expression: ir.Table) -> ir.Table:
    """Name an expression in the engine, so that what is built on it stays short; nothing is computed."""
    if not is_local(engine) or expression.op().find(ops.InMemoryTable):
        return engine.create_view(ibis.util.gen_name("si_eval"), expression)
    return prepared.create_view(engine, prepared.write(expression))


def fetch_arrow(expression: ir.Table) -> pa.Table:
    """Bring the rows of an expression out of the engine as columns."""
    return prepared.fetch(expression) if is_local(expression.get_backend()) else spark.fetch(expression)


def fetch(expression: ir.Table) -> pd.DataFrame:
    """Bring the rows of an expression out of the engine: integers and Booleans with gaps keep their type."""
    return fetch_arrow(expression).to_pandas(types_mapper=_NULLABLE.get)


def count_rows(table: ir.Table) -> int:
    """Count the rows of a table."""
    return int(fetch_arrow(table.aggregate(rows=table.count()))["rows"][0].as_py())


def materialise(engine: Engine, expression: ir.Table) -> ir.Table:
    """Compute an expression once and keep the result in the engine."""
    if not is_local(engine):
        return spark.materialise(engine, expression)
    name = ibis.util.gen_name("si_eval")
    engine.con.execute(f'CREATE TEMP TABLE "{name}" AS {prepared.write(expression)}')
    return prepared.describe(engine, name)


def read_column_sizes(engine: Engine, path: Path) -> list[tuple[int, int]]:
    """Read from the footer of a parquet file the bytes of each column chunk: stored, and claimed when unfolded."""
    query = f"SELECT total_compressed_size, total_uncompressed_size FROM parquet_metadata({_quoted(str(path))})"
    return [(int(stored), int(claimed)) for stored, claimed in engine.con.execute(query).fetchall()]


def is_engine_error(error: BaseException) -> bool:
    """Whether an error is DuckDB's own about what it read, and not about what it was asked."""
    import duckdb  # noqa: PLC0415  only where something went wrong

    asked = (duckdb.ProgrammingError, duckdb.NotSupportedError)
    return isinstance(error, duckdb.Error) and (
        not isinstance(error, asked) or isinstance(error, duckdb.InvalidInputException)
    )


_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=float("nan")),
}
