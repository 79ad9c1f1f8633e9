"""The units of one panel and year as arrays: what conditions on them each meets, and the values that count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from si_eval import engine
from si_eval.cells.units import indicator_values
from si_eval.engine.columns import Column, ColumnTable, SparseColumn, collect_columns
from si_eval.errors import StudyError
from si_eval.results import Cell, Panel, denominator_of, numerator_of, other_year_of
from si_eval.stats import BoolArray, IntArray
from si_eval.vocabulary import BE_ID, GROUP_ID, PUBLIC_UNIT, SHARED_GROUP, YEAR, excluded

if TYPE_CHECKING:
    import ibis.expr.types as ir

Condition = tuple[str, tuple[object, ...]]  # a column and the values that units are to have in it
MAX_CODE = 2**62  # combinations that fit in a whole number
MARKS = 62  # and so many bits
CONDITION, VALUE, HOLDING = "column ", "value ", "holding"  # prefixes of columns that are read
MAX_SMALL = np.iinfo(np.uint8).max


@dataclass(frozen=True)
class UnitColumns:
    """The units of one population and year, in any order.

    ``combination`` numbers the combination of conditions that a unit meets; ``meets`` says of each condition which
    combinations meet it. ``values`` has each column that is added up, ``column_of`` which one this is of each variable;
    ``groups`` has the enterprise group of the units that share it.
    """

    ids: IntArray
    combination: IntArray
    meets: Mapping[Condition, BoolArray]
    values: Mapping[str, Column]
    column_of: Mapping[str, str]
    groups: SparseColumn
    public: BoolArray | None


def conditions_of(cell: Cell) -> list[Condition]:
    """List the conditions of a cell on its units."""
    has_value = [(VALUE + cell.variable, ())] if cell.variable else []
    return [*cell.units.where, *has_value]


def read_units(panel: Panel, year: int, cells: Sequence[Cell]) -> UnitColumns:
    """Read the units of a panel in one year, with what cells ask of them."""
    wanted: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for name, kept in dict.fromkeys(condition for cell in cells for condition in cell.units.where):
        wanted[name].append(kept)
    classes = {column: _Classes.of(conditions) for column, conditions in wanted.items()}
    variables = _variables(panel, dict.fromkeys(cell.variable for cell in cells if cell.variable))
    table = _with_other_years(panel, year, classes)
    codes: dict[str, list[npt.NDArray[np.integer]]] = {column: [] for column in classes}
    batches = _encode_classes(engine.iter_batches(_select(table, classes, variables.values())), classes, codes)
    _, columns = collect_columns(batches, [])
    ids = lasting_ids(columns.sparse(BE_ID).values, panel.identity.unit_ids)
    marks = [number_codes(word) for word in _mark_values(columns, list(variables.values()))]
    coded = [(np.concatenate(codes[column]), len(one)) for column, one in classes.items()]
    combination, found = number_combinations([*coded, *((code, len(words)) for code, words in marks)], len(ids))
    meets: dict[Condition, BoolArray] = {}
    for place, (column, one) in enumerate(classes.items()):
        meets |= {(column, condition): one.meets[condition][found[:, place]] for condition in one.meets}
    for place, name in enumerate(variables):
        word, bit = divmod(place, MARKS)
        meets[VALUE + name, ()] = (marks[word][1][found[:, len(classes) + word]] >> bit & 1).astype(np.bool_)
    shared = columns.sparse(HOLDING)
    return UnitColumns(
        ids,
        combination,
        meets,
        {one.key: columns.columns[VALUE + one.key] for one in variables.values()},
        {name: one.key for name, one in variables.items()},
        SparseColumn(shared.rows, lasting_ids(shared.values, panel.identity.group_ids)),
        columns.booleans(PUBLIC_UNIT),
    )


class _Variable(NamedTuple):
    """A variable: the column that is added up, and the indicator whose units have a value, with its domain."""

    column: str
    indicator: str
    domain: str
    weight: str

    @property
    def key(self) -> str:
        """The name of its values: weighted ones are other values than those of the column."""
        return f"{self.column} x {self.weight}" if self.weight else self.column


def _variables(panel: Panel, names: Iterable[str]) -> dict[str, _Variable]:
    """Return the variables with some names: indicators, and the parts of their ratios."""
    known: dict[str, _Variable] = {}
    for entry in panel.indicators.values():
        columns = {entry.name: entry.name}
        columns |= {numerator_of(entry.name): entry.numerator, denominator_of(entry.name): entry.denominator}
        known |= {name: _Variable(column, entry.name, entry.domain, entry.weight) for name, column in columns.items()}
    return {name: known[name] for name in names}


def weight_of(panel: Panel, variable: str) -> str:
    """Return the column that values of a variable are multiplied by, where the rules weigh the survey."""
    return _variables(panel, [variable])[variable].weight


def lasting_ids(codes: IntArray, ids: IntArray | None) -> IntArray:
    """Return the ids of units or groups that are the same in all panels of a universe, of those of one panel."""
    return codes if ids is None else ids[codes]


def number_combinations(codes: Sequence[tuple[npt.NDArray[np.integer], int]], rows: int) -> tuple[IntArray, IntArray]:
    """Assign a number to each combination of codes that occurs; each code is below its size.

    Returns the number of each row, and the codes of each combination, shape (combinations, codes).
    """
    number = np.zeros(rows, dtype=np.int64)
    found = np.zeros((1, 0), dtype=np.int64)
    possible, start = 1, 0
    for stop, (code, size) in enumerate(codes, start=1):
        number *= size
        number += code
        possible *= size
        if stop == len(codes) or possible * codes[stop][1] > MAX_CODE:
            number, packed = number_codes(number)
            unpacked = []
            for _, base in reversed(codes[start:stop]):
                packed, digit = np.divmod(packed, base)
                unpacked.append(digit)
            found = np.column_stack([found[packed], *reversed(unpacked)])
            possible, start = len(found), stop
    return number, found


def number_codes(codes: IntArray) -> tuple[IntArray, IntArray]:
    """Assign a number to each distinct code; return that of each row, and the codes by number."""
    encoded = pa.array(codes).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()


class _Classes(NamedTuple):
    """The classes of one column: those values are alike that the same conditions ask for. 0 is the class of no value.

    ``of_value`` is the class of each value that is asked for, ``other`` that of all others; ``meets`` says of each
    condition which classes meet it.
    """

    of_value: dict[object, int]
    other: int
    meets: dict[tuple[object, ...], BoolArray]

    @classmethod
    def of(cls, conditions: Sequence[tuple[object, ...]]) -> _Classes:
        """Sort the values that conditions on one column ask for into classes."""
        signatures: dict[tuple[bool, ...], int] = {(False,) * len(conditions): 0}
        other = signatures.setdefault(tuple(not condition for condition in conditions), len(signatures))
        of_value = {}
        for value in dict.fromkeys(value for condition in conditions for value in condition):
            signature = tuple(not condition or value in condition for condition in conditions)
            of_value[value] = signatures.setdefault(signature, len(signatures))
        table = np.array(list(signatures), dtype=bool).reshape(len(signatures), -1)
        return cls(of_value, other, {condition: table[:, place] for place, condition in enumerate(conditions)})

    def __len__(self) -> int:
        return len(next(iter(self.meets.values())))

    def encode(self, column: pa.Array) -> npt.NDArray[np.integer]:
        """Return the class of each value of a column."""
        encoded = column.dictionary_encode()
        known = [self.of_value.get(value, self.other) for value in encoded.dictionary.to_pylist()]
        places = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        return np.array([*known, 0], dtype=np.uint8 if len(self) <= MAX_SMALL else np.int64)[places]


def _with_other_years(panel: Panel, year: int, columns: Iterable[str]) -> ir.Table:
    """Return the rows of a year, with the columns of other years that conditions are about.

    Raises `StudyError` for a panel with a column of such a name.
    """
    table = panel.table.filter(panel.table[YEAR] == year)
    asked: dict[int, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for name in columns:
        if found := other_year_of(name):
            asked[found[0]][name] = found[1:]
            if name in panel.table.columns:
                raise StudyError(f"panel: found a column {name!r}; expected no such name; call it otherwise")
    for other, named in asked.items():
        then = panel.table.filter(panel.table[YEAR] == other)
        found_then = {
            name: indicator_values(then, panel.indicators[column]) if is_value else then[column]
            for name, (column, is_value) in named.items()
        }
        key = f"unit in {other}"
        then = then.select(**{key: then[BE_ID]}, **found_then)
        table = table.left_join(then, table[BE_ID] == then[key]).drop(key)
    return table


def _select(table: ir.Table, classes: Iterable[str], variables: Iterable[_Variable]) -> ir.Table:
    """Select the columns that cells ask for."""
    columns = {BE_ID: table[BE_ID]} | {CONDITION + column: table[column] for column in classes}
    for one in variables:
        value = table[one.column].cast("float64")
        columns[VALUE + one.key] = value * table[one.weight] if one.weight else value
        columns[VALUE + one.indicator] = table[one.indicator].cast("float64")
        if excluded(one.domain) in table.columns:
            columns[excluded(one.domain)] = table[excluded(one.domain)].fill_null(False)
    columns |= {PUBLIC_UNIT: table[PUBLIC_UNIT]} if PUBLIC_UNIT in table.columns else {}
    return table.select(**columns, **{HOLDING: ibis.ifelse(table[SHARED_GROUP], table[GROUP_ID], ibis.null("int64"))})


def _encode_classes(
    batches: Iterable[pa.RecordBatch],
    classes: Mapping[str, _Classes],
    codes: Mapping[str, list[npt.NDArray[np.integer]]],
) -> Iterator[pa.RecordBatch]:
    """Yield batches without the columns of conditions, whose classes are appended to ``codes``."""
    for batch in batches:
        for column, one in classes.items():
            codes[column].append(one.encode(batch[CONDITION + column]))
        yield batch.select([name for name in batch.schema.names if not name.startswith(CONDITION)])


def _mark_values(columns: ColumnTable, variables: Sequence[_Variable]) -> list[IntArray]:
    """Mark in the bits of whole numbers which variables a unit has a value of, `MARKS` variables a number.

    A unit has one where it has the indicator, and is not set aside in its domain.
    """
    words = [np.zeros(columns.num_rows, dtype=np.int64) for _ in range(0, len(variables), MARKS)]
    for place, one in enumerate(variables):
        word, bit = divmod(place, MARKS)
        column = columns.columns[VALUE + one.indicator]
        aside = columns.booleans(excluded(one.domain))
        if isinstance(column, SparseColumn):
            rows = column.rows if aside is None else column.rows[~aside[column.rows]]
            words[word][rows] |= 1 << bit
        else:
            known = ~np.isnan(column) if aside is None else ~np.isnan(column) & ~aside
            words[word] |= known.astype(np.int64) << bit
    return words
