"""The unit border: units go in, cells come out."""

from si_eval.cells.changes import Changes, measure_changes
from si_eval.cells.clusters import contrast_error
from si_eval.cells.comparisons import check_against, compare_against
from si_eval.cells.compositions import compare_composition
from si_eval.cells.distances import measure_distances
from si_eval.cells.errors import Errors, mean_dof, std_error_of
from si_eval.cells.flows import COME, STAY, SWITCH, Flows, count_flows
from si_eval.cells.later_states import (
    LATER,
    GroupMeans,
    add_later,
    exit_types,
    group_means,
    is_participant,
    read_base_units,
)
from si_eval.cells.partition import PanelUnits, unit_source
from si_eval.cells.requests import (
    NO_INDICATORS,
    check_errors,
    check_panel,
    check_request,
    check_two_years,
    check_where,
    fill_empty_groups,
    refuse_empty,
)
from si_eval.cells.rests_on import (
    CELL,
    cells_of,
    in_year,
    join_cells,
    no_cells,
    of_both_groups,
    ratio_cells,
    sources_of,
    unit_sets,
)
from si_eval.cells.summary import (
    CellRequest,
    CellSummary,
    Summaries,
    cell_request,
    count_coverage,
    summarise,
    summarise_requests,
)
from si_eval.cells.tidy import Columns, disclosure_columns, holding_columns, label_cells, tidy_frame
from si_eval.cells.units import (
    Where,
    check_columns,
    check_indicators,
    count_holdings,
    filter_rows,
    indicator_values,
    select_units,
)
from si_eval.cells.year_pairs import MEANS, YearPair, YearUnits, pair_years, read_years

__all__ = [
    "CELL",
    "COME",
    "LATER",
    "MEANS",
    "NO_INDICATORS",
    "STAY",
    "SWITCH",
    "CellRequest",
    "CellSummary",
    "Changes",
    "Columns",
    "Errors",
    "Flows",
    "GroupMeans",
    "PanelUnits",
    "Summaries",
    "Where",
    "YearPair",
    "YearUnits",
    "add_later",
    "cell_request",
    "cells_of",
    "check_against",
    "check_columns",
    "check_errors",
    "check_indicators",
    "check_panel",
    "check_request",
    "check_two_years",
    "check_where",
    "compare_against",
    "compare_composition",
    "contrast_error",
    "count_coverage",
    "count_flows",
    "count_holdings",
    "disclosure_columns",
    "exit_types",
    "fill_empty_groups",
    "filter_rows",
    "group_means",
    "holding_columns",
    "in_year",
    "indicator_values",
    "is_participant",
    "join_cells",
    "label_cells",
    "mean_dof",
    "measure_changes",
    "measure_distances",
    "no_cells",
    "of_both_groups",
    "pair_years",
    "ratio_cells",
    "read_base_units",
    "read_years",
    "refuse_empty",
    "select_units",
    "sources_of",
    "std_error_of",
    "summarise",
    "summarise_requests",
    "tidy_frame",
    "unit_sets",
    "unit_source",
]
