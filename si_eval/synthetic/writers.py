"""Write a table as parquet, as CSV in the form of the Dutch office, or as SPSS; same content, same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from si_eval.synthetic.tables import Table, integer_date_column

FORMATS = ("parquet", "csv", "sav")
ROW_GROUP = 1_000_000
# byte position of the creation date and time in an SPSS system file, and what is written there instead
SAV_DATE_OFFSET = 92
SAV_DATE = b"01 Jan 2000:00:00"


def write_table(table: Table, folder: Path, file_format: str) -> None:
    """Write one table to a folder."""
    path = folder / f"{table.name}.{file_format}"
    {"parquet": _write_parquet, "csv": _write_csv, "sav": _write_sav}[file_format](table.columns, path)


def _write_parquet(columns: pa.Table, path: Path) -> None:
    text = [name for name in columns.column_names if pa.types.is_dictionary(columns.schema.field(name).type)]
    pq.write_table(
        columns,
        path,
        compression="zstd",
        compression_level=1,
        store_schema=False,
        row_group_size=ROW_GROUP,
        use_dictionary=text,
    )


def _write_csv(columns: pa.Table, path: Path) -> None:
    _frame(columns).to_csv(path, sep=";", decimal=",", encoding="cp1252", index=False, lineterminator="\r\n")


def _write_sav(columns: pa.Table, path: Path) -> None:
    frame = _frame(columns)
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].fillna("")
        else:
            frame[name] = frame[name].astype(float)
    pyreadstat.write_sav(frame, str(path))
    with path.open("r+b") as file:
        file.seek(SAV_DATE_OFFSET)
        file.write(SAV_DATE)


def _frame(columns: pa.Table) -> pd.DataFrame:
    """Convert a table to a data frame of whole numbers, floats and objects; dates become numbers yyyymmdd."""
    frame = {}
    for name in columns.column_names:
        column = columns.column(name).combine_chunks()
        if pa.types.is_date(column.type):
            column = _dates(column)
        if pa.types.is_integer(column.type):
            frame[name] = pd.Series(
                column.to_pandas(integer_object_nulls=True), dtype="Int64" if column.null_count else "int64"
            )
        elif pa.types.is_floating(column.type):
            frame[name] = pd.Series(column.to_numpy(zero_copy_only=False), dtype="float64")
        else:
            frame[name] = pd.Series(column.cast(pa.string()).to_numpy(zero_copy_only=False), dtype=object)
    return pd.DataFrame(frame)


def _dates(column: pa.Array) -> pa.Array:
    """Convert dates with gaps to numbers yyyymmdd."""
    days = column.cast(pa.timestamp("s")).to_numpy(zero_copy_only=False)
    return integer_date_column(days.astype("datetime64[D]"))
