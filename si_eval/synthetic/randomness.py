"""Seeded random generators, one for each table and year, independent of the order in which they are used."""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.special import ndtri

TRUNCATION = 2.5


def random_generator(seed: int, name: str, year: int = 0) -> np.random.Generator:
    """Return the counter-based generator (Philox) of one table and year."""
    digest = hashlib.blake2b(f"{seed}|{name}|{year}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def truncated_normal(generator: np.random.Generator, size: int) -> np.ndarray:
    """Draw standard normal values cut at ``TRUNCATION`` standard deviations, shape (size,)."""
    values = generator.standard_normal(size)
    while (beyond := np.flatnonzero(np.abs(values) > TRUNCATION)).size:
        values[beyond] = generator.standard_normal(beyond.size)
    return values


def normal_scores(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Replace values, shape (N,), by the normal quantiles of their ranks within each cell.

    The spread of a cell is then the same for every seed, so that no value of a small cell is extreme by chance.
    """
    order = np.lexsort((values, cells))
    sorted_cells = cells[order]
    starts = np.flatnonzero(np.r_[True, sorted_cells[1:] != sorted_cells[:-1]]) if len(values) else np.zeros(0, int)
    counts = np.diff(np.r_[starts, len(values)])
    rank = np.arange(len(values)) - np.repeat(starts, counts)
    scores = np.empty(len(values))
    scores[order] = ndtri((rank + 0.5) / np.repeat(counts, counts))
    return scores


def largest_remainder(shares: np.ndarray, total: int) -> np.ndarray:
    """Divide ``total`` units over shares, shape (K,), as whole numbers that add up."""
    exact = np.asarray(shares, dtype=float) / np.sum(shares) * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
