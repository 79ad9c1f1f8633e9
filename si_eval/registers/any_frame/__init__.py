"""Any firm-by-year data frame as a Panel, so that the comparisons run on other programmes' data."""

from si_eval.registers.any_frame.panel import panel_from_frame

__all__ = ["panel_from_frame"]
