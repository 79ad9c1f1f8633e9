"""Means of cells (sector by size class) that agree with published means over several cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

INDUSTRY, OTHER = 0, 1
# the size classes of published figures, as positions among the five simulated ones
PUBLISHED_CLASSES: dict[str, list[int]] = {
    "0-9": [0, 1],
    "10-49": [2],
    "50-249": [3],
    "250+": [4],
    "all": [0, 1, 2, 3, 4],
}
MIN_SHARE = 0.12


def interpolate_means(points: Mapping[str, Sequence[float]], year: int) -> np.ndarray:
    """Interpolate class means, shape (5,), geometrically between the years that are given as points."""
    years = sorted(int(name) for name in points)
    logs = np.log([points[str(each)] for each in years])
    return np.exp([np.interp(year, years, logs[:, number]) for number in range(logs.shape[1])])


def scale_to_total_mean(means: np.ndarray, counts: np.ndarray, free: Sequence[int], target: float) -> np.ndarray:
    """Scale the means of the free classes, shape (5,), so that the mean over all units is ``target``."""
    chosen = np.isin(np.arange(len(means)), free)
    rest = target * counts.sum() - (means * counts)[~chosen].sum()
    factor = rest / max((means * counts)[chosen].sum(), 1e-12)
    if not 0.2 < factor < 6:
        raise RuntimeError(
            f"found a factor of {factor:.2f} on the free classes {list(free)} for the mean {target:.0f}; "
            "expected between 0.2 and 6; change the class means in assumptions.toml"
        )
    return np.where(chosen, means * factor, means)


def split_by_sector(classes: np.ndarray, industry: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Split class means by sector, shape (2, 5): industry as given, other sectors such that the class means hold.

    ``counts`` has shape (2, 5). An error says where other sectors would fall below a fraction of the class mean.
    """
    both = counts.sum(axis=0)
    left = classes * both - industry * counts[INDUSTRY]
    other = np.divide(left, counts[OTHER], out=classes.copy(), where=counts[OTHER] > 0)
    low = (other < MIN_SHARE * classes) & (counts[OTHER] > 0)
    if low.any():
        raise RuntimeError(
            f"found means {np.round(other).tolist()} for other sectors by class; "
            f"expected more than {MIN_SHARE} of {np.round(classes).tolist()}; "
            "change the industry means in assumptions.toml"
        )
    return np.stack([industry, other])


def scale_to_published_mean(means: np.ndarray, counts: np.ndarray, members: Sequence[int], target: float) -> np.ndarray:
    """Scale some of the means, shape (5,), so that the mean over their units is the published one."""
    members = list(members)
    average = (means[members] * counts[members]).sum() / max(counts[members].sum(), 1)
    result = means.copy()
    result[members] = means[members] * target / average if average > 0 else target
    return result


def scale_to_cell_means(ratio: np.ndarray, cell: np.ndarray, counted: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Scale ratios, shape (N,), so that the counted units of each cell have exactly its mean.

    ``means`` has one element a cell. Uncounted units share the scale of their cell.
    """
    size = len(means)
    number = np.bincount(cell[counted], minlength=size)
    total = np.bincount(cell[counted], weights=ratio[counted], minlength=size)
    average = np.divide(total, number, out=np.ones(size), where=total > 0)
    return ratio * (means / average)[cell]
