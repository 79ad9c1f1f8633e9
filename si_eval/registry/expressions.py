"""Expressions of columns, as a study file writes an indicator: `+ - * /`, `log(x)`, `lag(x)` and `lag(x, years)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
LOG, LAG = "log", "lag"
MAX_LENGTH = 500  # characters of an expression: a person wrote it
MAX_LAG = 50  # years
EXPECTED = "columns and numbers with + - * /, log(x), lag(x) or lag(x, years)"


class Column(NamedTuple):
    """A column of the panel, or another indicator."""

    name: str


class Operation(NamedTuple):
    """Two terms with a sign between them."""

    sign: str
    left: Term
    right: Term


class Logarithm(NamedTuple):
    """The natural logarithm of a term."""

    of: Term


class Lag(NamedTuple):
    """A term some years before."""

    of: Term
    years: int


Term: TypeAlias = float | Column | Operation | Logarithm | Lag


def parse_expression(text: str) -> Term:
    """Read an expression; raises ValueError with what in it is no part of one."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"an expression of more than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("an expression that cannot be read") from None
    return _term(tree)


def names_in(term: Term) -> list[str]:
    """List the names of a term, each once, as they come."""
    return list(dict.fromkeys(_names(term)))


def has_lag(term: Term) -> bool:
    """Whether a term looks at earlier years."""
    return isinstance(term, Lag) or any(has_lag(part) for part in _parts(term))


def _names(term: Term) -> Iterator[str]:
    if isinstance(term, Column):
        yield term.name
    for part in _parts(term):
        yield from _names(part)


def _parts(term: Term) -> tuple[Term, ...]:
    """Return the terms that a term is made of."""
    if isinstance(term, Operation):
        return term.left, term.right
    return (term.of,) if isinstance(term, Logarithm | Lag) else ()


def _term(node: ast.expr) -> Term:
    """Turn one node of the syntax into a term; everything else that Python could mean is refused."""
    if isinstance(node, ast.Name):
        return Column(node.id)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Operation("*", -1.0, _term(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        return Operation(SIGNS[type(node.op)], _term(node.left), _term(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args)
    raise ValueError(f"`{ast.unparse(node)[:60]}`")


def _call(name: str, arguments: list[ast.expr]) -> Term:
    """Turn a call of a function into a term."""
    if name == LOG and len(arguments) == 1:
        return Logarithm(_term(arguments[0]))
    if name == LAG and len(arguments) in (1, 2):
        years = _term(arguments[1]) if len(arguments) == 2 else 1.0
        if isinstance(years, float) and years.is_integer() and 1 <= years <= MAX_LAG:
            return Lag(_term(arguments[0]), int(years))
        raise ValueError(f"a lag that is no whole number of years from 1 to {MAX_LAG}")
    raise ValueError(f"`{name}` of {len(arguments)} terms")
