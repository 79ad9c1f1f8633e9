"""Proposes a study file for an unknown folder: its mapping with reasons, what it declares, its exhibits."""

from si_eval.study.proposal.draft import Ask
from si_eval.study.proposal.study_text import Proposal, propose_study
from si_eval.study.proposal.writing import Written, no_register, write_proposal

__all__ = ["Ask", "Proposal", "Written", "no_register", "propose_study", "write_proposal"]
