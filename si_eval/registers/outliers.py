"""The outlier rule: participants with an extreme value in a year in which their group is in a higher size class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from si_eval import engine, stats
from si_eval.registry import Indicator, RuleSet
from si_eval.vocabulary import BE_ID, GROUP_HIGHER_CLASS, SIZE_CLASS, YEAR, excluded

if TYPE_CHECKING:
    import ibis.expr.types as ir

OUTLIER_COLUMNS = (BE_ID, "domain", "indicator", YEAR, "value", "fence")


def outlier_domains(indicators: Iterable[Indicator]) -> list[str]:
    """List the domains of the indicators that the outlier rule looks at, each once."""
    return list(dict.fromkeys(entry.domain for entry in indicators if entry.outliers))


def no_outliers() -> pd.DataFrame:
    """Make the list of outliers of a panel that has none."""
    return pd.DataFrame(columns=list(OUTLIER_COLUMNS))


def find_outliers(participants: ir.Table, indicators: Mapping[str, Indicator], rules: RuleSet) -> pd.DataFrame:
    """List the extreme values of participants: one row a value, with its ``fence``, sorted by domain and unit.

    A value is extreme when its log lies more than ``outlier_fence`` interquartile ranges above the third quartile of
    the participants of its year and size class. The published study inspected by eye; the fence makes that exact.
    """
    names = [name for name, entry in indicators.items() if entry.outliers]
    if rules.outliers == "none" or not names:
        return no_outliers()
    key = [BE_ID, YEAR, SIZE_CLASS, GROUP_HIGHER_CLASS]
    numbers = {name: participants[name].cast("float64") for name in names}
    units = engine.fetch(participants.select(*key, **numbers))
    cell = ["indicator", YEAR, SIZE_CLASS]
    values = units.melt(key, names, var_name="indicator")
    values = values[values["value"] > 0].dropna(subset=SIZE_CLASS)
    if values.empty:
        return no_outliers()
    logs = values.assign(log=np.log(values["value"])).groupby(cell)["log"]
    quartiles = logs.quantile(np.array([0.25, 0.75])).unstack()[logs.size() >= rules.outlier_min_units]
    fence = stats.log_upper_fence(quartiles[0.25].to_numpy(), quartiles[0.75].to_numpy(), rules.outlier_fence)
    values = values.join(pd.Series(fence, quartiles.index, name="fence"), on=cell)
    extreme = values[(values["value"] > values["fence"]) & values[GROUP_HIGHER_CLASS].fillna(False).astype(bool)]
    extreme = extreme.assign(domain=extreme["indicator"].map({name: indicators[name].domain for name in names}))
    return extreme[list(OUTLIER_COLUMNS)].sort_values(["domain", BE_ID, "indicator", YEAR], ignore_index=True)


def flag_outliers(units: ir.Table, outliers: pd.DataFrame, domains: Iterable[str]) -> ir.Table:
    """Add ``excluded_<domain>``: true in all years of a unit that leaves the indicators of the domain."""
    flags = {}
    for domain in domains:
        listed = [int(unit) for unit in outliers.loc[outliers["domain"] == domain, BE_ID].unique()]
        flags[excluded(domain)] = units[BE_ID].isin(listed) if listed else ibis.literal(False)
    return units.mutate(**flags)
