"""Queries that are prepared once: compiled once for all tables with the same schemas.

A question is a callable that makes an expression of tables. Equal questions make the same expression of tables with the
same schemas, so it holds all that it depends on as values that can be hashed: a frozen dataclass with ``__call__``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
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
    return ops.UnboundTable(f"{_STAND_IN}_{place}_", schema).to_expr()


def ask(question: Question, *tables: ir.Table) -> pa.Table:
    """Ask a question of tables of one local engine; the rows of the answer as columns."""
    engine = tables[0].get_backend()
    return _fetch(engine, *_write(engine, question, tables))


def fetch(expression: ir.Table) -> pa.Table:
    """Bring the rows of an expression out of a local engine as columns."""
    if expression.op().find(ops.InMemoryTable):
        return expression.to_pyarrow()
    return _fetch(expression.get_backend(), write(expression), expression.schema().to_pyarrow())


def _fetch(engine: SQLBackend, sql: str, schema: pa.Schema) -> pa.Table:
    rows = engine.con.sql(sql).to_arrow_table()
    return rows if rows.schema.equals(schema) else rows.cast(schema)


def write(expression: ir.Table) -> str:
    """Write an expression as the SQL of a local engine; compiled once for all tables with the same schemas."""
    tables = list(dict.fromkeys(expression.op().find((ops.DatabaseTable, ops.InMemoryTable))))
    if any(isinstance(table, ops.InMemoryTable) for table in tables):  # it has rows, and they are not kept
        return _compile.__wrapped__(expression.op())
    unbound = expression.op().replace({table: stand_in(table.schema, at).op() for at, table in enumerate(tables)})
    return _on([table.name for table in tables], _compile(unbound))


def _on(names: Sequence[str], sql: str) -> str:
    """Put the names of tables where those stand that stand in for them."""
    for place, name in enumerate(names):
        sql = sql.replace(f"{_STAND_IN}_{place}_", name)
    return sql


@lru_cache(maxsize=MAX_PREPARED)
def _compile(unbound: ops.Relation) -> str:
    sql: str = ibis.duckdb.compile(unbound.to_expr())
    return sql


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


def _write(engine: SQLBackend, question: Question, tables: Sequence[ir.Table]) -> _Prepared:
    """Write a question as SQL on tables; one that is no table of the engine yet gets a name first."""
    named = [
        table if isinstance(table.op(), ops.DatabaseTable) else create_view(engine, write(table)) for table in tables
    ]
    sql, schema = _prepare(question, tuple(table.schema() for table in named))
    return _Prepared(_on([table.get_name() for table in named], sql), schema)


@lru_cache(maxsize=MAX_PREPARED)
def _prepare(question: Question, schemas: tuple[ibis.Schema, ...]) -> _Prepared:
    expression = question(*(stand_in(schema, place) for place, schema in enumerate(schemas)))
    return _Prepared(_compile.__wrapped__(expression.op()), expression.schema().to_pyarrow())


@cache
def _type(mapper: type[SqlglotType], text: str, nullable: bool) -> dt.DataType:
    """Read a type as the engine spells it."""
    return mapper.from_string(text, nullable=nullable)
