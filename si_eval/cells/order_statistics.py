"""Statistics of many cells at once, over values that are sorted by cell; numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from si_eval.stats import FloatArray, IntArray, is_constant

MAX_COMBINATIONS = 10_000_000  # combinations that are counted in an array; more are sorted


def number_combinations(*codes: tuple[npt.NDArray[np.integer], int]) -> tuple[IntArray, IntArray]:
    """Assign a number to each combination of codes that occurs.

    Each argument is codes and how many there can be.

    Returns the first row of each combination, in ascending order of the codes, and the number of each row.
    """
    combined = np.zeros(len(codes[0][0]), dtype=np.int64)
    possible = 1
    for code, size in codes:
        if possible * size > MAX_COMBINATIONS:
            distinct, combined = np.unique(combined, return_inverse=True)
            possible = len(distinct)
        combined = combined * size + code
        possible *= size
    if possible > MAX_COMBINATIONS:
        distinct, numbers = np.unique(combined, return_inverse=True)
        occurring = len(distinct)
    else:
        occurs = np.bincount(combined, minlength=possible) > 0
        numbers = (np.cumsum(occurs) - 1)[combined]
        occurring = int(occurs.sum())
    first = np.zeros(occurring, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(combined))[::-1]
    return first, numbers


@dataclass(frozen=True)
class Neighbours:
    """The values around a percentile of each cell, each of shape (cells, shares); missing, or 0, without values.

    Their ``mean``, how many they are (``count``), the ``lowest`` and the ``highest`` of them, and how many values of
    the cell lie from one to the other (``between``: more than ``count`` where values are equal).
    """

    mean: FloatArray
    count: IntArray
    lowest: FloatArray
    highest: FloatArray
    between: IntArray


@dataclass(frozen=True)
class Cells:
    """Rows and the number of their cell, ``cell``; in ``order``, cell i has ``order[starts[i]:starts[i + 1]]``."""

    cell: IntArray
    order: IntArray
    starts: IntArray

    @classmethod
    def of(cls, cell: IntArray, cells: int) -> Cells:
        """Sort rows by the number of their cell, which is below ``cells``; an empty cell has no rows."""
        short = cells <= np.iinfo(np.uint16).max  # numpy sorts 16 bits by radix
        order = np.argsort(cell.astype(np.uint16) if short else cell, kind="stable")
        return cls(cell, order, np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def split(self, values: npt.NDArray[np.generic]) -> list[npt.NDArray[Any]]:
        """Split values into those of each cell; ``values`` are in the cells' order (``values[order]``)."""
        bounds = zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        return [values[start:stop] for start, stop in bounds]

    def sums(self, values: FloatArray) -> FloatArray:
        """Add up the values of each cell, shape (cells,); ``values`` are in the order of the rows.

        They are added in ascending order, so that the sum of a cell does not depend on the order of its rows.
        """
        parts = self.split(values[self.order])
        for part in parts:
            part.sort()
        return np.array([np.add.reduce(part) for part in parts], dtype=np.float64)

    def sort_within(self, ordered: FloatArray) -> IntArray:
        """Sort values, which are in the cells' order, within their cell, gaps last; count those that are no gaps."""
        counts = []
        for part in self.split(ordered):
            part.sort()
            counts.append(part.searchsorted(np.inf, side="right"))
        return np.array(counts, dtype=np.int64)

    def percentiles(self, ordered: FloatArray, counts: IntArray, shares: FloatArray) -> FloatArray:
        """Compute percentiles of each cell of what `sort_within` sorted, shape (cells, shares); missing without values.

        Linear interpolation between order statistics. Source: Hyndman and Fan (1996), The American Statistician 50,
        p. 361-365, definition 7.
        """
        some = counts > 0
        position = shares * (counts[some, None] - 1)
        start = self.starts[:-1][some, None]
        below, above = (ordered[start + rounded(position).astype(int)] for rounded in (np.floor, np.ceil))
        percentiles = np.full((len(self), len(shares)), np.nan)
        percentiles[some] = below + (above - below) * (position - np.floor(position))
        return percentiles

    def neighbours(
        self, ordered: FloatArray, counts: IntArray, shares: FloatArray, number: int, places: FloatArray | None = None
    ) -> Neighbours:
        """Average the ``number`` (odd) values around each percentile, of what `sort_within` sorted.

        The mean of as many values on each side of an order statistic takes its place; between two order statistics,
        linear interpolation of their means, as in `percentiles`, so that one value more is in it. Where a cell ends,
        there are fewer. ``places`` are those of the percentiles among the sorted values, of shape (cells, shares),
        where these are not shares of their number.
        """
        last, start = counts[:, None] - 1, self.starts[:-1, None]
        position = shares * np.maximum(last, 0) if places is None else places
        below, above = np.floor(position).astype(int), np.ceil(position).astype(int)
        first, final = np.maximum(below - number // 2, 0), np.minimum(above + number // 2, last)
        means = []
        for middle in (below, above):
            ranks = middle[..., None] + np.arange(number) - number // 2
            inside = (ranks >= 0) & (ranks <= last[..., None])
            values = np.zeros(ranks.shape)
            values[inside] = ordered[(start[..., None] + ranks)[inside]]
            with np.errstate(invalid="ignore"):  # a cell without values
                means.append(values.sum(axis=-1) / inside.sum(axis=-1))
        lowest, highest = np.full(position.shape, np.nan), np.full(position.shape, np.nan)
        some = counts > 0
        lowest[some], highest[some] = ordered[(start + first)[some]], ordered[(start + final)[some]]
        between = [
            part[:n].searchsorted(high, side="right") - part[:n].searchsorted(low)
            for part, n, low, high in zip(self.split(ordered), counts, lowest, highest, strict=True)
        ]
        mean = means[0] + (means[1] - means[0]) * (position - below)
        return Neighbours(mean, final - first + 1, lowest, highest, np.array(between).reshape(position.shape))


def moments(values: FloatArray) -> tuple[float, float, float]:
    """Compute sum, mean and standard deviation (n - 1, in two passes) of values in ascending order, without gaps.

    Missing where too few. Values that differ by rounding alone do not vary, and their mean is one of them.
    """
    n = len(values)
    if n == 0:
        return np.nan, np.nan, np.nan
    total = float(np.add.reduce(values))
    smallest, largest = float(values[0]), float(values[-1])
    mean = min(max(total / n, smallest), largest)
    if n == 1 or is_constant(smallest, largest):
        return total, mean, np.nan if n == 1 else 0.0
    away = values - mean
    np.square(away, out=away)  # not with a dot product, whose threads would wait for work while others compute
    return total, mean, float(np.sqrt(np.add.reduce(away) / (n - 1)))


def two_largest(values: FloatArray) -> tuple[float, float]:
    """Find the two largest of values that are not negative, -1 for none; missing where there are fewer."""
    if not len(values):
        return np.nan, np.nan
    position = int(values.argmax())
    first = values[position]
    values[position] = -1.0
    second = values.max()
    values[position] = first
    return (first if first >= 0 else np.nan), (second if second >= 0 else np.nan)
