"""Queries that are prepared once: what a question asks of tables is compiled once for the schemas that they have.

A question is a callable that makes an expression of tables. Equal questions make the same expression of tables with the
same schemas, so it holds all that it depends on as values that can be hashed: a frozen dataclass with ``__call__``.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import ibis
import ibis.expr.operations as ops
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    from ibis.backends.sql import SQLBackend
    from ibis.backends.sql.datatypes import SqlglotType

MAX_PREPARED = 512  # compiled questions that a process keeps
_STAND_IN = ibis.util.gen_name("table")  # no column of any file has this name


class Question(Hashable, Protocol):
    """What is asked of tables: equal questions make the same expression of the same schemas."""

    def __call__(self, *tables: ir.Table) -> ir.Table:
        """Return the expression."""
        ...


@dataclass(frozen=True)
class AllRows:
    """The question whose answer is the table itself."""

    def __call__(self, table: ir.Table) -> ir.Table:
        """Return the table."""
        return table


class _Prepared(NamedTuple):
    sql: str
    schema: pa.Schema


def stand_in(schema: ibis.Schema, place: int = 0) -> ir.Table:
    """Return the table of no engine that a question is prepared on, in the place of one with this schema."""
    return ibis.table(schema, name=f"{_STAND_IN}_{place}_")


def ask(question: Question, *tables: ir.Table) -> pa.Table:
    """Ask a question of tables of one local engine; the rows of the answer as columns."""
    engine = tables[0].get_backend()
    sql, schema = _write(engine, question, tables)
    rows = engine.con.sql(sql).to_arrow_table()
    return rows if rows.schema.equals(schema) else rows.cast(schema)


def name_answer(question: Question, *tables: ir.Table) -> ir.Table:
    """Name what a question makes of tables of one local engine; nothing is computed."""
    engine = tables[0].get_backend()
    sql, _ = _write(engine, question, tables)
    return create_view(engine, sql)


def create_view(engine: SQLBackend, sql: str) -> ir.Table:
    """Name a query in a local engine: a table with the types that the engine really gives."""
    name = ibis.util.gen_name("si_eval")
    engine.con.execute(f'CREATE TEMP VIEW "{name}" AS {sql}')
    return describe(engine, name)


def describe(engine: SQLBackend, name: str) -> ir.Table:
    """Return a table of a local engine by its name."""
    rows = engine.con.execute(f'DESCRIBE "{name}"').fetchall()
    mapper = engine.compiler.type_mapper
    schema = ibis.schema({column: _type(mapper, kind, null == "YES") for column, kind, null, *_ in rows})
    return ops.DatabaseTable(
        name, schema=schema, source=engine, namespace=ops.Namespace(catalog=None, database=None)
    ).to_expr()


def _write(engine: SQLBackend, question: Question, tables: tuple[ir.Table, ...]) -> _Prepared:
    """Write a question as SQL on tables; one that is no table of the engine yet gets a name first."""
    named = [
        table if isinstance(table.op(), ops.DatabaseTable) else create_view(engine, engine.compile(table))
        for table in tables
    ]
    sql, schema = _prepare(question, tuple(table.schema() for table in named))
    for place, table in enumerate(named):
        sql = sql.replace(f"{_STAND_IN}_{place}_", table.get_name())
    return _Prepared(sql, schema)


@lru_cache(maxsize=MAX_PREPARED)
def _prepare(question: Question, schemas: tuple[ibis.Schema, ...]) -> _Prepared:
    expression = question(*(stand_in(schema, place) for place, schema in enumerate(schemas)))
    return _Prepared(ibis.duckdb.compile(expression), expression.schema().to_pyarrow())


@cache
def _type(mapper: type[SqlglotType], text: str, nullable: bool) -> dt.DataType:
    """Read a type as the engine spells it."""
    return mapper.from_string(text, nullable=nullable)
