from .compare.composition import decompose_change
from .compare.influence import describe_influence
from .compare.levels import compare_groups
from .compare.many_cells import judge_many_cells
from .compare.plausibility import describe_plausibility
from .compare.reach import describe_linkage, describe_reach, describe_sectors, describe_unit_choice
from .compare.rule_sets import compare_rule_sets, list_rule_moves
from .compare.same_start import compare_changes
from .compare.selection import check_selection
from .compare.survival import describe_survival
from .compare.transitions import describe_transitions
from .compare.trends import index_series
from .consistency import check_consistency
from .disclosure import DisclosureRules, OutputRequest, ReleaseLedger, protect
from .effects import check_effect, estimate_effect, match_units, model_participation, plan_power
from .errors import DisclosureError, InputError, SiEvalError, StudyError
from .published import compare_published
from .registers.any_frame import panel_from_frame
from .registers.deflators import read_deflators
from .registers.linkage import link_participants
from .registers.panel import build_panel
from .registry import RuleSet, rule_set
from .report import Chart, cell, say, show, show_comparison, write_workbook
from .study.compared_runs import compare_runs
from .study.evaluation import (
    compare_with_published,
    evaluate,
    protect_exhibits,
    show_answers,
    show_limits,
    study_tables,
)
from .study.exhibits import compute_exhibits
from .study.file import load_study
from .study.inputs import open_reference, open_study, read_extract, read_registers
from .study.options import options
from .study.release import release_run
from .study.run import run_study
from .study.verification import verify_run
from .synthetic import simulate_extract, simulate_firms

__all__ = [
    "Chart",
    "DisclosureError",
    "DisclosureRules",
    "InputError",
    "OutputRequest",
    "ReleaseLedger",
    "RuleSet",
    "SiEvalError",
    "StudyError",
    "build_panel",
    "cell",
    "check_consistency",
    "check_effect",
    "check_selection",
    "compare_changes",
    "compare_groups",
    "compare_published",
    "compare_rule_sets",
    "compare_runs",
    "compare_with_published",
    "compute_exhibits",
    "decompose_change",
    "describe_influence",
    "describe_linkage",
    "describe_plausibility",
    "describe_reach",
    "describe_sectors",
    "describe_survival",
    "describe_transitions",
    "describe_unit_choice",
    "estimate_effect",
    "evaluate",
    "index_series",
    "judge_many_cells",
    "link_participants",
    "list_rule_moves",
    "load_study",
    "match_units",
    "model_participation",
    "open_reference",
    "open_study",
    "options",
    "panel_from_frame",
    "plan_power",
    "protect",
    "protect_exhibits",
    "read_deflators",
    "read_extract",
    "read_registers",
    "release_run",
    "rule_set",
    "run_study",
    "say",
    "show",
    "show_answers",
    "show_comparison",
    "show_limits",
    "simulate_extract",
    "simulate_firms",
    "study_tables",
    "verify_run",
    "write_workbook",
]
