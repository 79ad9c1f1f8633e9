"""What survey, registers, monitor and interviews say of the same question, side by side, and whether they agree.

Directions are computed from protected cells by readings that are declared as data; only what interviews said is a fact
of the file itself. Sources that disagree get the explanations of how both can be true.
"""

from si_eval.synthesis.comparison import Synthesis, list_impacts, synthesise
from si_eval.synthesis.findings import Findings, load_findings

__all__ = ["Findings", "Synthesis", "list_impacts", "load_findings", "synthesise"]
