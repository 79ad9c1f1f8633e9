"""The public border: tables go in, SafeTables come out, and nothing else leaves."""

from si_eval.disclosure.acro import write_acro_results
from si_eval.disclosure.audit import audit_pattern
from si_eval.disclosure.border import decide, protect
from si_eval.disclosure.ledger import ReleaseLedger
from si_eval.disclosure.request import OutputRequest
from si_eval.disclosure.rules import DisclosureRules
from si_eval.disclosure.scan import scan_release

__all__ = [
    "DisclosureRules",
    "OutputRequest",
    "ReleaseLedger",
    "audit_pattern",
    "decide",
    "protect",
    "scan_release",
    "write_acro_results",
]
