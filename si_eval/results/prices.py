"""In which prices the money of rows is: nominal, or those of a base year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from si_eval.registry import currency_of
from si_eval.registry.deflators import NOMINAL
from si_eval.vocabulary import COUNT, INDICATOR, SHARE, STATISTIC, UNIT_OF_MEASURE, Labels, Language, label

WITHOUT_PRICES = (COUNT, SHARE)  # statistics that no prices move


def row_prices(frame: pd.DataFrame, prices: Mapping[str, str]) -> pd.Series:
    """Return the prices that each row is in: nominal, a base year, or nothing for what is no money.

    ``prices`` are those of indicators of a panel, by name; money of other sources is nominal.
    """
    columns = [frame.get(name, pd.Series("", frame.index)) for name in (INDICATOR, UNIT_OF_MEASURE, STATISTIC)]
    found = [
        "" if statistic in WITHOUT_PRICES else prices.get(str(name), NOMINAL if currency_of(str(unit)) else "")
        for name, unit, statistic in zip(*columns, strict=True)
    ]
    return pd.Series(np.array(found, dtype=object), frame.index, dtype=object)


def price_labels(prices: Iterable[str], language: Language, own: Labels) -> list[str]:
    """Say in which prices money is: current ones, or those of one year; each once, nothing where none is money."""
    return [
        label("report_current_prices", language, own)
        if one == NOMINAL
        else label("report_prices_of", language, own).format(year=one)
        for one in dict.fromkeys(prices)
        if one
    ]
