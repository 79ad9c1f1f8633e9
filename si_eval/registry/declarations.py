"""What a study declares of its firms: indicators, splits and comparison groups of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from si_eval.registry.currencies import EURO
from si_eval.registry.deflators import Deflators
from si_eval.registry.entries import Indicator


@dataclass(frozen=True)
class Split:
    """Classes of units: the values of a column in an order, or bands of a number.

    Attributes
    ----------
    name : str
        Column of the panel.
    of : str
        The column that it is made of.
    borders : tuple of float
        Lowest value of each band; what lies below the first is in none.
    order : tuple of str
        The values that there may be, as readers see them; without any, those that there are.
    """

    name: str
    of: str
    borders: tuple[float, ...] = ()
    order: tuple[str, ...] = ()

    def bands(self) -> tuple[str, ...]:
        """Return the labels of the bands: `0-9`, `10-49`, `50+`; with decimals `0.5 to 1.5`."""
        whole = all(border.is_integer() for border in self.borders)
        pairs = zip(self.borders, self.borders[1:], strict=False)
        closed = [f"{low:.0f}-{high - 1:.0f}" if whole else f"{low:g} to {high:g}" for low, high in pairs]
        return (*closed, f"{self.borders[-1]:.0f}+" if whole else f"{self.borders[-1]:g} or more")

    def classes(self) -> tuple[str, ...]:
        """Return the classes in order; none where the values that there are decide."""
        return self.bands() if self.borders else self.order


@dataclass(frozen=True)
class ComparisonGroup:
    """Firms to compare participants with: those on a list, those with some values in the register, or both.

    The panel has a column of its ``name`` that is true for them. ``table`` names the list; ``where`` has the values
    that a column may have, of the list where there is one.
    """

    name: str
    table: str = ""
    where: Mapping[str, Sequence[str | float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Declarations:
    """What a study declares, by name."""

    currency: str = EURO
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    groups: Mapping[str, ComparisonGroup] = field(default_factory=dict)
    deflators: Deflators | None = None

    def columns(self) -> list[str]:
        """List what indicators, splits and groups are made of, each once; indicators themselves are not among them."""
        needed = [name for entry in self.indicators.values() for name in entry.needs]
        needed += [split.of for split in self.splits.values()]
        needed += [name for group in self.groups.values() if not group.table for name in group.where]
        return [name for name in dict.fromkeys(needed) if name not in self.indicators or self._is_own(name)]

    def _is_own(self, name: str) -> bool:
        """Whether an indicator is a column of the same name."""
        return self.indicators[name].needs == (name,)

    def numbers(self) -> list[str]:
        """List those that must be numbers."""
        of_bands = [split.of for split in self.splits.values() if split.borders]
        named = {*of_bands, *(name for entry in self.indicators.values() for name in entry.needs)}
        return [name for name in self.columns() if name in named]


class Declares(Protocol):
    """A study, as far as panels know of it."""

    @property
    def declared(self) -> Declarations:
        """What it declares."""
