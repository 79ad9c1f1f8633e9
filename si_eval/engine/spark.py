"""The relational engine on Spark, for whoever has a cluster: what `engine` does on DuckDB, done on Spark's tables."""

from __future__ import annotations

import atexit
import logging
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from si_eval.errors import StudyError
from si_eval.system.temporary_folders import make_folder, remove_folder

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend
    from pyspark.sql import DataFrame as SparkFrame

NAME = "pyspark"
# Numbers that overflow and division by zero are errors, dates have no zone, and rows travel as Arrow, not as pandas.
_SESSION_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
_LOCAL_SETTINGS = {
    "spark.app.name": "si_eval",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "OFF",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
# What Spark logs can quote a row; its errors are raised all the same.
_NO_LOG = "rootLogger.level = off\n"
_LOGGER_OF_QUERIES = "SQLQueryContextLogger"
_SPARK_SUBMIT_PORT = "PYSPARK_GATEWAY_PORT"
_MEGABYTES = {"M": 1, "G": 1024, "T": 1024**2}


def open_spark(*, memory_limit: str | None = None, threads: int | None = None) -> BaseBackend:
    """Open Spark: the session that is open, the cluster of ``spark-submit``, else Spark on this machine.

    ``memory_limit`` is such as ``"2GB"``; it and ``threads`` hold where Spark starts here, and for all engines of the
    process. Engines share Spark, not their tables. A cluster must see the cache folder under the same path.

    Raises `StudyError` where pyspark is not installed or a limit cannot be read.
    """
    with warnings.catch_warnings():
        # Spark says at import that it is not ready for pandas 3, and uses what Python is about to drop.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415
        except ImportError as error:
            raise StudyError(
                f"engine: found {NAME!r}, which is not installed; expected the extra `spark`; "
                "pip install 'si_eval[spark]', or take 'duckdb'"
            ) from error
        logging.getLogger(_LOGGER_OF_QUERIES).disabled = True
        builder = SparkSession.builder
        if SparkSession.getActiveSession() is None and _SPARK_SUBMIT_PORT not in os.environ:
            for name, value in _local_settings(memory_limit, threads).items():
                builder = builder.config(name, value)
        return ibis.pyspark.connect(builder.getOrCreate().newSession(), **_SESSION_SETTINGS)


def _local_settings(memory_limit: str | None, threads: int | None) -> dict[str, str]:
    """List the settings of a Spark without a cluster; its files go to a folder that goes with the process."""
    cores = threads or os.cpu_count() or 1
    settings = _LOCAL_SETTINGS | {"spark.master": f"local[{cores}]", "spark.sql.shuffle.partitions": str(cores)}
    if memory_limit is not None:
        settings["spark.driver.memory"] = _java_size(memory_limit)
    folder, lock = make_folder("si_eval.spark.")
    atexit.register(remove_folder, folder, lock)
    quiet = folder / "log4j2.properties"
    quiet.write_text(_NO_LOG, encoding="ascii")
    return settings | {
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet}",
    }


def _java_size(limit: str) -> str:
    size = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MGT])i?B", limit.strip(), re.IGNORECASE)
    if size is None:
        raise StudyError(f"memory_limit: found {limit!r}; expected a size such as '2GB'; change `memory_limit`")
    return f"{int(float(size[1]) * _MEGABYTES[size[2].upper()])}m"


def scan_parquet(engine: BaseBackend, paths: Sequence[Path]) -> ir.Table:
    """Read parquet files with one schema as one table, without loading them."""
    return _register(engine, engine._session.read.parquet(*(f"file://{Path(path).resolve()}" for path in paths)))


def from_arrow(engine: BaseBackend, rows: pa.Table) -> ir.Table:
    """Put an Arrow table into the engine."""
    return _register(engine, engine._session.createDataFrame(rows))


def materialise(engine: BaseBackend, expression: ir.Table) -> ir.Table:
    """Compute an expression once, and keep the result in the memory and on the disks of Spark."""
    kept = engine.raw_sql(engine.compile(expression)).persist()
    kept.count()
    return _register(engine, kept)


def fetch(expression: ir.Table) -> pa.Table:
    """Bring the rows of an expression out of the engine, in the types of the expression."""
    engine = expression.get_backend()
    return engine.raw_sql(engine.compile(expression)).toArrow().cast(expression.schema().to_pyarrow())


def _register(engine: BaseBackend, frame: SparkFrame) -> ir.Table:
    name = ibis.util.gen_name("si_eval")
    frame.createOrReplaceTempView(name)
    return engine.table(name)
