"""What the programme was meant to do: its theory as a graph, its goals, and the questions that the study answers."""

from si_eval.programme.theory.checks import answer_questions, check_theory, theory_checks
from si_eval.programme.theory.goals import Goals, list_goals, load_goals, score_goals
from si_eval.programme.theory.picture import theory_table
from si_eval.programme.theory.programme import Programme, load_programme

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
