"""One rule for numbers, missing values and tables that arrive as text; every reader of the package uses it."""

from si_eval.text_input.encodings import Encoding, find_encoding
from si_eval.text_input.marks import MarkCounts, MarkDecision, decide_marks
from si_eval.text_input.numbers import NumberProblem, ParsedNumbers, parse_numbers
from si_eval.text_input.patterns import MISSING_WORDS, clean_text, is_missing_word, unwrap_text
from si_eval.text_input.tables import TextTable, encoding_problem, parse_text_table, read_text_table, refuse_path

__all__ = [
    "MISSING_WORDS",
    "Encoding",
    "MarkCounts",
    "MarkDecision",
    "NumberProblem",
    "ParsedNumbers",
    "TextTable",
    "clean_text",
    "decide_marks",
    "encoding_problem",
    "find_encoding",
    "is_missing_word",
    "parse_numbers",
    "parse_text_table",
    "read_text_table",
    "refuse_path",
    "unwrap_text",
]
