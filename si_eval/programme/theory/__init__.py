"""What the programme was meant to do: its theory as a graph, its goals, and the questions that the study answers."""

from .checks import answer_questions, check_theory, theory_checks
from .goals import Goals, list_goals, load_goals, score_goals
from .picture import theory_table
from .programme import Programme, load_programme

__all__ = [
    "Goals",
    "Programme",
    "answer_questions",
    "check_theory",
    "list_goals",
    "load_goals",
    "load_programme",
    "score_goals",
    "theory_checks",
    "theory_table",
]
