"""Turns SPSS and Stata files into parquet, in bounded pieces. Codes stay, labels go; user-missing is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from si_eval.errors import Problem

ROWS_A_PIECE = 250_000
_DATE = re.compile(r"^([AEJS]?DATE\d+|%t?d.*)$", re.IGNORECASE)
_MOMENT = re.compile(r"^(DATETIME[\d.]*|YMDHMS[\d.]*|%tc.*)$", re.IGNORECASE)


def statistical_to_parquet(source: Path, target: Path, name: str) -> list[Problem]:
    """Convert a .sav, .zsav or .dta file; give the problems that keep it from being read as a whole."""
    read = pyreadstat.read_dta if source.suffix.lower() == ".dta" else pyreadstat.read_sav
    try:
        _, metadata = read(source, metadataonly=True)
        schema = _schema(metadata)
        rows = 0
        with pq.ParquetWriter(target, schema) as writer:
            for piece, _ in pyreadstat.read_file_in_chunks(read, source, chunksize=ROWS_A_PIECE):
                rows += len(piece)
                writer.write_table(_as_arrow(piece, schema))
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError) as error:
        return [_unreadable(name, str(error))]
    expected = metadata.number_rows
    if expected is not None and expected >= 0 and rows != expected:
        return [_unreadable(name, f"{rows} rows where its header promises {expected}")]
    return []


def _schema(metadata: Any) -> pa.Schema:
    fields = []
    for name in metadata.column_names:
        layout = metadata.original_variable_types[name]
        if metadata.readstat_variable_types[name] == "string":
            kind = pa.string()
        elif _DATE.match(layout):
            kind = pa.date32()
        elif _MOMENT.match(layout):
            kind = pa.timestamp("ms")
        else:
            kind = pa.float64()
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _as_arrow(piece: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = [pa.Array.from_pandas(piece[field.name], type=field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _unreadable(name: str, message: str) -> Problem:
    reason = message.splitlines()[0][:160] if message else "no reason given"
    return Problem(
        where=name,
        found=f"a file that cannot be read to its end ({reason})",
        expected="a complete SPSS or Stata file",
        action="deliver the file again: it may have been cut off",
    )
