"""The survey: a questionnaire as data, responses validated against it, and tables of counts, shares and means."""

from si_eval.survey.answers import Survey
from si_eval.survey.crosstab import survey_crosstab
from si_eval.survey.example import load_example
from si_eval.survey.flag_counts import survey_doubts
from si_eval.survey.nonresponse import survey_nonresponse
from si_eval.survey.numeric import survey_numeric, survey_plausibility
from si_eval.survey.open_questions import open_answers
from si_eval.survey.population_counts import protected_counts
from si_eval.survey.questionnaire import Questionnaire
from si_eval.survey.questionnaire_file import load_questionnaire
from si_eval.survey.response_rates import survey_response
from si_eval.survey.responses import read_responses
from si_eval.survey.simulation import describe_simulation, simulate_survey, write_responses
from si_eval.survey.survey_frame import SurveyFrame, load_frame
from si_eval.survey.tabulation import survey_frequencies, survey_matrix, survey_multiple
from si_eval.survey.weighted_shares import survey_weighted
from si_eval.survey.weighting import Weights, rake

__all__ = [
    "Questionnaire",
    "Survey",
    "SurveyFrame",
    "Weights",
    "describe_simulation",
    "load_example",
    "load_frame",
    "load_questionnaire",
    "open_answers",
    "protected_counts",
    "rake",
    "read_responses",
    "simulate_survey",
    "survey_crosstab",
    "survey_doubts",
    "survey_frequencies",
    "survey_matrix",
    "survey_multiple",
    "survey_nonresponse",
    "survey_numeric",
    "survey_plausibility",
    "survey_response",
    "survey_weighted",
    "write_responses",
]
