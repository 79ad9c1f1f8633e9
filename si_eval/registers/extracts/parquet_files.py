"""Looks at a parquet file before the engine reads it: damage, claims beyond reason, and moments with a time zone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from si_eval.engine import is_engine_error, read_column_sizes

if TYPE_CHECKING:
    from si_eval.engine import Engine

UNREADABLE_ERRORS = (pa.ArrowException, OSError, MemoryError, ValueError, OverflowError)
_LOCAL_ZONE = "Europe/Amsterdam"  # of moments stored in UTC
_UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Z", "+00:00", "-00:00"})
_MAX_ROWS_PER_BYTE = 2_000
_MAX_GROWTH = 5_000  # bytes of a column for each byte in the file
_SMALL = 64 << 20  # bytes that need no question
_ROWS_AT_ONCE = 1 << 16
_PAGE_HEAD = 40  # bytes in which the first fields of a page lie
_NEXT_INTEGER = b"\x15"  # in Thrift's compact protocol: a whole number in the field after the last one


def describe_error(error: BaseException) -> str:
    """Return the first line of an error, shortened; its kind where it says nothing."""
    lines = str(error).splitlines()
    return lines[0][:160] if lines else type(error).__name__


def describe_fault(path: Path, engine: Engine) -> str:
    """Say why a parquet file cannot be opened, or claims to hold what its size cannot hold; nothing where it can."""
    try:
        rows = pq.read_metadata(path).num_rows
        pq.read_schema(path)
        size = path.stat().st_size
        sizes = read_column_sizes(engine, path)  # the engine's reader survives every footer
    except Exception as error:
        if isinstance(error, UNREADABLE_ERRORS) or is_engine_error(error):
            return describe_error(error)
        raise
    if rows < 0 or rows > size * _MAX_ROWS_PER_BYTE + _SMALL:
        return f"it claims {rows} rows in {size} bytes"
    if any(stored > size or stored < 0 or claimed < 0 for stored, claimed in sizes):
        return "a column claims more bytes than the file has"
    bombs = [(stored, claimed) for stored, claimed in sizes if claimed > max(_SMALL, stored * _MAX_GROWTH)]
    return f"a column claims {bombs[0][1] >> 20} million bytes in {bombs[0][0]}" if bombs else ""


def describe_damage(path: Path) -> str:
    """Describe how the pages of a parquet file are damaged, if they are; checksums are verified where it has them."""
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        for _ in file.iter_batches(_ROWS_AT_ONCE, use_threads=False):
            pass
    except UNREADABLE_ERRORS as error:
        return describe_error(error)
    return ""


def has_checksums(path: Path) -> bool:
    """Whether the first page of a parquet file has a checksum, as those that Spark writes do.

    A page starts with the compact fields 1 to 3 (its kind and sizes); a fourth one is its checksum.
    """
    footer = pq.read_metadata(path)
    if not footer.num_row_groups or not footer.num_columns:
        return False
    column = footer.row_group(0).column(0)
    starts = [start for start in (column.dictionary_page_offset, column.data_page_offset) if start]
    with path.open("rb") as stream:
        stream.seek(min(starts, default=0))
        head = stream.read(_PAGE_HEAD)
    at = 0
    for _ in range(3):
        if head[at : at + 1] != _NEXT_INTEGER:
            return False
        at += 1
        while head[at : at + 1] > b"\x7f":  # a number of several bytes
            at += 1
        at += 1
    return head[at : at + 1] == _NEXT_INTEGER


def with_local_days(source: Path, target: Path) -> Path:
    """Return a parquet file whose moments are local: the file itself, or a copy without its time zones.

    A moment with a time zone becomes the local time there; one in UTC that of the Netherlands, where a day that was
    stored as its first moment lies on the evening before in UTC.
    """
    schema = pq.read_schema(source).remove_metadata()
    zoned = [place for place, field in enumerate(schema) if pa.types.is_timestamp(field.type) and field.type.tz]
    if not zoned:
        return source
    with pq.ParquetFile(source) as file:
        writer = None
        try:
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                local = _localise(batch, zoned)
                writer = writer or pq.ParquetWriter(target, local.schema)
                writer.write_batch(local)
            if writer is None:
                pq.write_table(pa.table(_localise(pa.RecordBatch.from_pylist([], schema), zoned)), target)
        finally:
            if writer is not None:
                writer.close()
    return target


def _localise(batch: pa.RecordBatch, zoned: list[int]) -> pa.RecordBatch:
    columns, fields = list(batch.columns), [batch.schema.field(place) for place in range(batch.num_columns)]
    for place in zoned:
        zone = fields[place].type.tz
        moments = columns[place]
        if zone in _UTC:
            moments = moments.cast(pa.timestamp(moments.type.unit, _LOCAL_ZONE))
        columns[place] = pc.local_timestamp(moments)
        fields[place] = fields[place].with_type(columns[place].type)
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
