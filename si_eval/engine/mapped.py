"""Tables that are kept on disk as they are in memory, and read from there without being copied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

BATCH_ROWS = 122_880  # of a part that is mapped at once: what the local engine gives to one thread


@dataclass(frozen=True)
class MappedTable:
    """A table in an uncompressed Arrow file, which any reader of Arrow streams scans.

    Only the batches that a reader holds are in memory: each is mapped by itself, and let go with its last column.
    """

    path: Path
    schema: pa.Schema

    @classmethod
    def write(cls, rows: pa.Table, path: Path) -> MappedTable:
        """Write a table to a new file."""
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=BATCH_ROWS)
        return cls(path, rows.schema)

    def __arrow_c_schema__(self) -> object:
        """Return the schema as other libraries take it."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as other libraries take them: batch by batch, as often as they are asked for."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for at in range(pa.ipc.open_file(pa.memory_map(str(self.path))).num_record_batches):
            yield pa.ipc.open_file(pa.memory_map(str(self.path))).get_batch(at)
