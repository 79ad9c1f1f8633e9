"""The public border: tables go in, SafeTables come out, and nothing else leaves."""

from si_eval.disclosure.border import DisclosureRules, protect

__all__ = ["DisclosureRules", "protect"]
