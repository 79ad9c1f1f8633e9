"""Check published figures against each other: general rules over tidy rows, no list of known errors."""

from si_eval.consistency.check import check_consistency
from si_eval.consistency.claims import check_claim_pairs
from si_eval.consistency.report import ConsistencyReport

__all__ = ["ConsistencyReport", "check_claim_pairs", "check_consistency"]
