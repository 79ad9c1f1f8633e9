"""SafeTables as files for a process that is started from here: parquet with JSON beside, under the seals of the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from si_eval.errors import DisclosureError
from si_eval.frozen import FrozenMapping, encode, freeze
from si_eval.results.containers import Simulation
from si_eval.results.safe_table import SafeTable, require_safe

CONTENT = "tables.json"


def write_tables(tables: Iterable[SafeTable], folder: Path) -> None:
    """Write protected tables to a new folder; what many share (labels, a simulation) is written once."""
    folder.mkdir()
    shared: dict[str, dict[int, Any]] = {"labels": {}, "simulation": {}}
    entries = []
    for place, table in enumerate(tables):
        values = dict(vars(require_safe(table)))
        frame: pd.DataFrame = values.pop("frame")
        texts = [name for name in frame.columns if frame[name].dtype == object]
        written = frame.assign(**{name: [encode(value) for value in frame[name]] for name in texts})
        pq.write_table(pa.Table.from_pandas(written, preserve_index=False), folder / f"{place}.parquet")
        for name, known in shared.items():
            known[id(values[name])] = values[name]
            values[name] = list(known).index(id(values[name]))
        entries.append({**values, "texts": texts})
    simulations = [one and vars(one) for one in shared["simulation"].values()]
    content = {"tables": entries, "labels": list(shared["labels"].values()), "simulation": simulations}
    (folder / CONTENT).write_text(encode(content), encoding="utf-8")


def read_tables(folder: Path) -> list[SafeTable]:
    """Read protected tables in the order in which they were written; raise DisclosureError for changed ones."""
    content = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
    labels: list[Mapping[str, Mapping[str, str]]] = [FrozenMapping(one) for one in content["labels"]]
    simulations = [
        one and Simulation(**{**one, "calibrated": freeze(one["calibrated"])}) for one in content["simulation"]
    ]
    tables = []
    for place, entry in enumerate(content["tables"]):
        texts = entry.pop("texts")
        frame = pq.read_table(folder / f"{place}.parquet").to_pandas()
        for name in texts:
            frame[name] = pd.Series([_decode(value) for value in frame[name]], index=frame.index, dtype=object)
        own, simulation = labels[entry.pop("labels")], simulations[entry.pop("simulation")]
        try:
            tables.append(SafeTable(frame=frame, labels=own, simulation=simulation, **entry))
        except TypeError as error:
            raise DisclosureError(
                f"{folder.name}: found a table ({entry.get('exhibit') or place}) that is not what the run wrote; "
                "expected its files as they were; run the study again"
            ) from error
    return tables


def _decode(text: str) -> object:
    """Read a cell of mixed type."""
    value = json.loads(text)
    return pd.NA if value == {"missing": "NA"} else value
