"""Programme monitoring: a store of key figures as sources print them, and what can be computed from it."""

from si_eval.programme.monitoring.description import describe_kpis, kpi_per_project, kpi_shares
from si_eval.programme.monitoring.growth import kpi_growth, kpi_subset
from si_eval.programme.monitoring.store import KpiStore, load_kpis
from si_eval.programme.monitoring.targets import targets_against_results

__all__ = [
    "KpiStore",
    "describe_kpis",
    "kpi_growth",
    "kpi_per_project",
    "kpi_shares",
    "kpi_subset",
    "load_kpis",
    "targets_against_results",
]
