"""The unit border: units go in, cells come out."""

from si_eval.cells.summary import (
    Request,
    Where,
    check_columns,
    check_indicators,
    chosen,
    compared_units,
    coverage_of,
    evidence,
    prepare,
    summarise,
    tidy_frame,
    tidy_keys,
    values_of,
)

__all__ = [
    "Request",
    "Where",
    "check_columns",
    "check_indicators",
    "chosen",
    "compared_units",
    "coverage_of",
    "evidence",
    "prepare",
    "summarise",
    "tidy_frame",
    "tidy_keys",
    "values_of",
]
