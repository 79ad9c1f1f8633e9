"""Results that cannot be changed: what a stage hands to the next, and the SafeTable that may be reported."""

from si_eval.results.comparison import PublishedComparison, require_comparison, seal_comparison
from si_eval.results.containers import (
    SIMULATION,
    CheckResult,
    Extract,
    Linkage,
    Panel,
    PanelIdentity,
    ResultTable,
    Simulation,
    SourceFile,
)
from si_eval.results.safe_table import SafeTable, require_safe, take_table_sealer
from si_eval.results.unit_sets import (
    AtomSums,
    Cell,
    Conditions,
    Contributions,
    EstimateUnits,
    Partition,
    RestsOn,
    UnitSet,
    UnitSource,
    Value,
    denominator_of,
    numerator_of,
)

__all__ = [
    "SIMULATION",
    "AtomSums",
    "Cell",
    "CheckResult",
    "Conditions",
    "Contributions",
    "EstimateUnits",
    "Extract",
    "Linkage",
    "Panel",
    "PanelIdentity",
    "Partition",
    "PublishedComparison",
    "RestsOn",
    "ResultTable",
    "SafeTable",
    "Simulation",
    "SourceFile",
    "UnitSet",
    "UnitSource",
    "Value",
    "denominator_of",
    "numerator_of",
    "require_comparison",
    "require_safe",
    "seal_comparison",
    "take_table_sealer",
]
