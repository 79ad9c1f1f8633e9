"""What survey, registers, monitor and interviews say of the same question, side by side, and whether they agree.

Directions are computed from protected cells by readings that are declared as data; only what interviews said is a fact
of the file itself. Sources that disagree get the reasons why both can be true.
"""

from .comparison import Synthesis, list_impacts, synthesise
from .findings import Findings, load_findings

__all__ = ["Findings", "Synthesis", "list_impacts", "load_findings", "synthesise"]
