"""Check pairs of claims: what two places say of one thing, by the rule that the pair names."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

import pandas as pd

from si_eval.consistency import claim_rules
from si_eval.consistency.claim_text import EXPRESSION, NUMBER, Claim, read_claim
from si_eval.consistency.figure import Finding
from si_eval.consistency.report import ConsistencyReport
from si_eval.errors import InputError, Problem
from si_eval.vocabulary import Verdict

REQUIRED = ("id", "claim_a", "value_a", "claim_b", "value_b", "check_rule")
# The name of a rule, the pattern of a `check_rule` that calls for it, and its function; the first that can judge does.
RULES: tuple[tuple[str, str, claim_rules.Rule], ...] = (
    ("grim", r"exists k|grim", claim_rules.check_grim),
    ("trend", r"trend|sign\(", claim_rules.check_trend),
    ("ratio_order", r"ratio\(", claim_rules.check_ratio_order),
    ("slight", r"slight|abs\(pct", claim_rules.check_slight),
    ("percent_change", r"pct_change|percent change", claim_rules.check_percent_change),
    ("units", r"unit\(a\)|unit\(b\)", claim_rules.check_units),
    ("class_bound", r"bound of class", claim_rules.check_class_bound),
    ("future_date", r"future", claim_rules.check_future),
    ("sum", r"^\s*(?:sum|som|total|totaal)\b", claim_rules.check_sum),
    ("ratio", r"^\s*(?:ratio|mean|average|attainment|doelbereik|share of|a ?/ ?b)\b(?! ?\()", claim_rules.check_ratio),
    ("union", r"^\s*(?:overlap|union|vereniging)", claim_rules.check_union),
    ("formula", rf"{EXPRESSION}\s*(?:=|vs)", claim_rules.check_formula),
    ("constant", rf"==\s*{NUMBER}\s*(?:m|mln|k)?\s*$", claim_rules.check_constant),
    ("order", r"(?<!-)(?<![=<>])(?:<=|>=|<|>)\s*[^=]", claim_rules.check_order),
    ("count_range", r"^count", claim_rules.check_count_range),
    ("compare", "", claim_rules.check_compare),
)
VERDICT_TEXTS: Mapping[Verdict, str] = {
    "pass": "agree",
    "fail": "do not agree",
    "informative": "say nothing that can be computed",
}


def check_claim_pairs(frame: pd.DataFrame) -> ConsistencyReport:
    """Judge pairs of claims: what two places say of one thing, each pair by the rule that it names.

    Use it for what stands in running text and has no column of its own: a sentence against a table, a sum that is
    written out, a growth rate against two levels. For tables of figures use `check_consistency`, which also takes a
    frame of pairs and hands it to this function.

    Parameters
    ----------
    frame : DataFrame
        One pair a row. ``claim_a`` and ``claim_b`` are the words of both claims and ``value_a`` and ``value_b`` their
        numbers as printed, or empty where the number stands in the words; ``check_rule`` says what must hold and
        ``id`` names the row. ``topic`` may add words to the context. Dutch and English are read, words for numbers and
        hedges such as "almost" too. ``check_rule`` may be:

        - ``compare``: both say the same period, number (within its last digit and hedge) or text; any other text that
          is no rule below means the same;
        - ``367-314 == 53``, ``22+29 vs b``: the calculation gives the number, and both claims agree;
        - ``sum``, ``sum(a) == b``: the numbers that one claim lists add up to the one of the other;
        - ``ratio``, ``mean``, ``attainment``: two numbers of one claim give the percentage or mean of the other;
        - ``union``: two sets, less those in both, give the number of different ones;
        - ``sum == 51``, ``rows == 12``: what is added up or counted is this number;
        - ``a < b``, ``year a >= year b``, ``value <= 49``: the order of two numbers or years;
        - ``pct_change``: the percentage is the change between two numbers; ``slight < 10``: the change is smaller;
        - ``trend``: both go the same way, in words or in numbers; ``ratio(a) < ratio(b)``: the later ratio is larger;
        - ``grim``: each percentage is a share that some count out of n gives, a mean score one that n answers to each
          of its items give;
        - ``unit(a) == unit(b)``: both count the same thing;
        - ``bound of class``: a mean does not exceed the upper bound of its class;
        - ``count``: a list numbered from one to another has as many entries as claimed;
        - ``future``: what is announced comes after its publication.

    Returns
    -------
    ConsistencyReport
        One finding a pair: fail, pass, or informative where nothing can be computed. ``to_frame(None)`` shows them all.

    Raises
    ------
    InputError
        Where a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.consistency import check_claim_pairs
    >>> pairs = pd.DataFrame(
    ...     [
    ...         ["P1", "the budget rose from 314 to 367", "314;367", "growth of 49 million", "49", "367-314 == 49"],
    ...         ["P2", "almost 9,000 persons", "9000", "8,845 persons", "8845", "compare"],
    ...         ["P3", "two of the three hubs", "2", "they started in spring", "", "trend"],
    ...     ],
    ...     columns=["id", "claim_a", "value_a", "claim_b", "value_b", "check_rule"],
    ... )
    >>> check_claim_pairs(pairs).to_frame(None)[["where", "rule", "verdict"]]
      where           rule      verdict
    0    P1        formula         fail
    1    P2        compare         pass
    2    P3  not_checkable  informative
    """
    missing = [column for column in REQUIRED if column not in frame]
    if missing:
        raise InputError(
            [Problem("the pairs", f"no {', '.join(missing)}", f"the columns {', '.join(REQUIRED)}", "add them")],
            "the pairs of claims",
        )
    rows = frame.astype("string").fillna("").to_dict("records")
    return ConsistencyReport(tuple(_judge_pair(row) for row in rows), len(rows), ("check_claim_pairs",))


def _judge_pair(row: Mapping[Hashable, str]) -> Finding:
    """Judge one pair: fail, pass, or informative where nothing can be computed."""
    first = read_claim(row["claim_a"], row["value_a"])
    second = read_claim(row["claim_b"], row["value_b"])
    rule = row["check_rule"].strip()
    context = f"{row.get('topic', '')} {row['claim_a']} {row['claim_b']}"
    for name, pattern, check in RULES:
        if not re.search(pattern, rule, re.IGNORECASE):
            continue
        holds = check(first, second, rule, context)
        if holds is not None:
            return _finding(row, name, "pass" if holds else "fail", first, second)
    return _finding(row, "not_checkable", "informative", first, second)


def _finding(row: Mapping[Hashable, str], name: str, verdict: Verdict, first: Claim, second: Claim) -> Finding:
    """Make the finding of one pair."""
    found = first.value or first.text
    expected = second.value or second.text
    return Finding(
        rule=name,
        severity="medium" if verdict == "fail" else "low",
        verdict=verdict,
        where=(row["id"],),
        found=found,
        expected=expected,
        sentence=f"{row['id']}: {found!r} and {expected!r} {VERDICT_TEXTS[verdict]} ({row['check_rule']}).",
    )
