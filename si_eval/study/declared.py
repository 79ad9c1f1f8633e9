"""What a study declares of its firms, as parts of its file: indicators, splits and groups of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from si_eval.registry import REGISTER_VALUE, ComparisonGroup, Indicator, Split
from si_eval.registry.deflators import WhereMissing
from si_eval.registry.expressions import EXPECTED, parse_expression
from si_eval.study.values import Part, PathText, Pattern, Refusal, Text, Titles, check_name, check_once, check_some
from si_eval.vocabulary import DUTCH, EMPLOYED_PERSONS, ENGLISH

PER_EMPLOYEE, RATIO, EXPRESSION = "per_employee", "ratio", "expression"  # formulas of the registry
TREATED = "treated"  # the group that took part
Value = str | int | float


def _check_expression(text: str) -> str:
    """Refuse what is no expression of columns."""
    try:
        parse_expression(text)
    except ValueError as error:
        raise Refusal(EXPECTED, f"correct {error}") from None
    return text


class DeflatorSpec(Part):
    """Price series: their file, the year in whose prices money is expressed, and what is done where one is missing."""

    file: PathText
    base_year: int
    where_missing: WhereMissing = "refuse"
    columns: Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(check_once)] = ()
    book_year_end: dict[str, int] = Field(default_factory=dict)


class IndicatorSpec(Part):
    """An indicator: a column, a numerator by a denominator, or an expression of columns and other indicators."""

    unit: Text
    labels: Titles
    column: Text | None = None
    numerator: Text | None = None
    denominator: Text | None = None
    expression: Annotated[Text, AfterValidator(_check_expression)] | None = None
    domain: Annotated[str, AfterValidator(check_name)] = "register"
    outliers: bool = False
    balance: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> IndicatorSpec:
        """Refuse an indicator that is told in no way, in half of one, or in several."""
        ways = [self.column is not None, self.numerator is not None, self.expression is not None]
        if sum(ways) != 1 or (self.numerator is None) != (self.denominator is None):
            raise Refusal("one of: a column, a numerator with a denominator, an expression", "write one of them")
        return self

    def indicator(self, name: str) -> Indicator:
        """Return the indicator as the registry writes its own."""
        texts = self.labels.texts()
        first = next(iter(texts.values()), name)
        function, of = REGISTER_VALUE, self.column or ""
        if self.numerator is not None:
            per_employee = self.denominator == EMPLOYED_PERSONS
            function, of = (PER_EMPLOYEE, self.numerator) if per_employee else (RATIO, "")
        return Indicator(
            name=name,
            function=EXPRESSION if self.expression else function,
            unit=self.unit,
            domain=self.domain,
            nl=texts.get(DUTCH, first),
            en=texts.get(ENGLISH, first),
            of=of,
            numerator=self.numerator or "",
            denominator=self.denominator or "",
            expression=self.expression or "",
            outliers=self.outliers,
            balance=self.balance,
        )


class SplitSpec(Part):
    """Classes of units: the values of a column in an order, or bands of a number by their lowest values."""

    column: Text | None = None
    title: Titles | None = None
    borders: Annotated[tuple[float | int, ...], Field(strict=False), AfterValidator(check_some)] | None = None
    order: Annotated[
        tuple[Text, ...], Field(strict=False), AfterValidator(check_some), AfterValidator(check_once)
    ] | None = None  # fmt: skip
    labels: dict[str, Titles] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _bands(self) -> SplitSpec:
        """Refuse borders that do not rise, and an order of bands."""
        if self.borders and any(low >= high for low, high in zip(self.borders, self.borders[1:], strict=False)):
            raise Refusal("borders that rise", "write the lowest value of each class, in order")
        if self.borders and self.order:
            raise Refusal("borders of a number, or an order of values", "leave one of them out")
        return self

    def split(self, name: str) -> Split:
        """Return the split as panels know it."""
        borders = tuple(float(border) for border in self.borders or ())
        return Split(name, self.column or name, borders, self.order or ())


class GroupSpec(Part):
    """Firms on a list or with some values: those that took part, or others to compare them with."""

    file: Pattern | None = None
    where: dict[str, Value | list[Value]] = Field(default_factory=dict)
    title: Titles | None = None

    def group(self, name: str, table: str = "") -> ComparisonGroup:
        """Return the group as panels know it; ``table`` is its list where it has no file of its own."""
        kept = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in self.where.items()}
        return ComparisonGroup(name, self.list_name(name) if self.file else table, kept)

    @staticmethod
    def list_name(name: str) -> str:
        """Name the table that a group's own list is read as."""
        return f"list_{name}"
