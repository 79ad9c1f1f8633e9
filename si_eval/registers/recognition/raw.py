"""Raw tables of a folder as they are: a sample of rows, what their columns look like, and all their identifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from si_eval.engine import open_engine
from si_eval.errors import Problem
from si_eval.registers.extracts.conversion import raw_parquet
from si_eval.registers.extracts.files import RawFile
from si_eval.registers.recognition.families import Family, join_parts, list_families
from si_eval.registers.recognition.profiles import Profile, profile_column
from si_eval.system.temporary_folders import temporary_folder
from si_eval.text_input import clean_text

YEARLY = re.compile(r"(.*?\D|)((?:19|20)\d{2})(\D.*|)")  # the name of a column of one year
MAX_ROWS = 50_000  # of a file, to look at; identifiers are read from all rows
MIN_OVERLAP_VALUES = 3  # different identifiers that make an overlap more than chance
MIN_ID = 0.5  # values that look like identifiers
MIN_YEARS, MAX_YEARS = 1.5, 60  # rows of an identifier in a table of units by year
SMALL_NUMBERS = 5_000  # whole numbers up to here are found in any two columns of numbers


@dataclass
class RawTable:
    """The files of a table, of which the first and the last were opened."""

    family: Family
    samples: tuple[pd.DataFrame, ...]
    paths: tuple[Path, ...]
    _ids: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows that were looked at."""
        return pd.concat(self.samples, ignore_index=True) if len(self.samples) > 1 else self.samples[0]

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """What each column looks like."""
        return {str(name): profile_column(self.frame[name].rename(str(name))) for name in self.frame.columns}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(str(name) for name in self.frame.columns)

    @cached_property
    def is_panel(self) -> bool:
        """Whether some column has each of many identifiers in several rows."""
        likely = [one for one in self.profiles.values() if one.fits.get("id", 0) >= MIN_ID]
        return any(MIN_YEARS <= one.known / one.distinct < MAX_YEARS for one in likely)

    def ids(self, column: str) -> frozenset[str]:
        """Return the different values of a column, of all rows of the files that were opened, as texts."""
        if column not in self._ids:
            parts = [pq.read_table(path, columns=[column])[column] for path in self.paths if column in _names(path)]
            self._ids[column] = frozenset(text for part in parts for text in _as_texts(part))
        return self._ids[column]

    def repetition(self, column: str) -> float:
        """Return the rows a different value of a column within the first file."""
        known = self.samples[0][column].dropna() if column in self.samples[0] else pd.Series(dtype=object)
        return len(known) / max(known.nunique(), 1)


@dataclass(frozen=True)
class RawFolder:
    """The tables of a folder, files that cannot be read, and files of kinds that are not read."""

    tables: tuple[RawTable, ...]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...]


@contextmanager
def open_folder(folder: Path, say: Callable[[str], None]) -> Iterator[RawFolder]:
    """Open the first and the last file of each table of a folder."""
    listed = list_families(folder)
    problems: list[Problem] = []
    engine = open_engine()
    with temporary_folder("reading-") as workspace:
        opened: list[tuple[Family, list[Path], list[pd.DataFrame]]] = []
        for number, family in enumerate(listed.families):
            paths, frames = [], []
            for place, path in enumerate(dict.fromkeys((family.paths[0], family.paths[-1]))):
                say(f"looking at {path.name}")
                ending = path.suffix.lower().lstrip(".")
                raw = RawFile(path, path.relative_to(folder).as_posix(), family.name, ending, None, None, "cbs")
                read, wrong = raw_parquet(raw, workspace / f"{number}_{place}.parquet", engine)
                problems += wrong
                if read is not None:
                    paths.append(read)
                    frames.append(one_of_years(_head(read)))
            years = tuple(sorted({year for frame in frames for year in frame.years}))
            if paths:
                whole = replace(family, years=years) if years else family
                opened.append((whole, paths, [frame.rows for frame in frames]))
        joined = join_parts([family for family, _, _ in opened], [[*one[2][0].columns] for one in opened])
        tables = [
            RawTable(
                family,
                tuple(frame for place in places for frame in opened[place][2]),
                tuple(path for place in places for path in opened[place][1]),
            )
            for family, places in joined
        ]
        yield RawFolder(tuple(tables), tuple(problems), listed.unread)


class OfYears(NamedTuple):
    """The rows of a table, under patterns with `{year}` where it has a column a year; and these years."""

    rows: pd.DataFrame
    years: tuple[int, ...] = ()


def one_of_years(frame: pd.DataFrame) -> OfYears:
    """Return a table with a column a year as that of its first year, under patterns with `{year}`; and its years.

    A table without such columns is returned as it is.
    """
    stems: dict[str, dict[int, object]] = {}
    for name in frame.columns:
        match = YEARLY.fullmatch(str(name))
        if match:
            stems.setdefault(f"{match[1]}{{year}}{match[3]}", {})[int(match[2])] = name
    several = {pattern: columns for pattern, columns in stems.items() if len(columns) > 1}
    if not several:
        return OfYears(frame)
    years = sorted({year for columns in several.values() for year in columns})
    first = {columns[min(columns)]: pattern for pattern, columns in several.items()}
    rest = {name for columns in several.values() for name in columns.values()} - set(first)
    return OfYears(frame[[name for name in frame.columns if name not in rest]].rename(columns=first), tuple(years))


def overlap(one: frozenset[str], two: frozenset[str], *, named: bool = False) -> float:
    """Return the share of the smaller of two sets of identifiers that the other one has.

    Small whole numbers overlap by chance: they count only where names say that they are identifiers.
    """
    smaller, larger = sorted((one, two), key=len)
    if len(smaller) < MIN_OVERLAP_VALUES or (_small_numbers(smaller) and not named):
        return 0.0
    return len(smaller & larger) / len(smaller)


def _small_numbers(values: frozenset[str]) -> bool:
    """Whether values are whole numbers that any column of numbers may have."""
    return all(value.isdigit() and int(value) <= SMALL_NUMBERS for value in values) and len(values) < SMALL_NUMBERS // 2


def _head(path: Path) -> pd.DataFrame:
    """Read the first rows of a file."""
    file = pq.ParquetFile(path)
    rows, batches = 0, []
    for batch in file.iter_batches():
        batches.append(batch.slice(0, MAX_ROWS - rows))
        rows += len(batches[-1])
        if rows >= MAX_ROWS:
            break
    return pa.Table.from_batches(batches, schema=file.schema_arrow).to_pandas()


def _names(path: Path) -> Sequence[str]:
    return [str(name) for name in pq.read_schema(path).names]


def _as_texts(column: pa.ChunkedArray) -> set[str]:
    """Return the different values of a column as texts: numbers without leading zeros, texts without what is around."""
    values = column.unique().to_pandas().dropna()
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.to_numpy(dtype="float64")
        whole = np.isfinite(numbers) & (numbers % 1 == 0)
        return {str(int(value)) for value in values[whole]}
    texts = (clean_text(str(value)) for value in values)
    return {text.lstrip("0") if text.isdigit() else text for text in texts if text}
