"""Results that cannot be changed: what a stage hands to the next, and the SafeTable that may be reported."""

from si_eval.results.comparison import PublishedComparison, require_comparison, seal_comparison
from si_eval.results.containers import (
    SIMULATION,
    CheckResult,
    Extract,
    Linkage,
    Panel,
    ResultTable,
    Simulation,
    SourceFile,
)
from si_eval.results.safe_table import SafeTable, require_safe, take_table_sealer

__all__ = [
    "SIMULATION",
    "CheckResult",
    "Extract",
    "Linkage",
    "Panel",
    "PublishedComparison",
    "ResultTable",
    "SafeTable",
    "Simulation",
    "SourceFile",
    "require_comparison",
    "require_safe",
    "seal_comparison",
    "take_table_sealer",
]
