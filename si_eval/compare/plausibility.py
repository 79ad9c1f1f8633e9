"""Whether the extract is plausible: the checks that reading it made, as a table without a number of a firm."""

from __future__ import annotations

import pandas as pd

from si_eval import cells
from si_eval.errors import StudyError
from si_eval.results import CheckResult, Panel, ResultTable
from si_eval.vocabulary import (
    ALL,
    BOTH_LANGUAGES,
    CATEGORY,
    COUNT,
    ESTIMATE,
    GROUP,
    INDICATOR,
    NOTE,
    PLAUSIBILITY_DEPARTING,
    PLAUSIBILITY_JUDGED,
    RECORDS,
    RESTS_ON,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    UNIT_OF_MEASURE,
    Verdict,
    bilingual,
)

WORST_FIRST: tuple[Verdict, ...] = ("fail", "informative", "pass")
CANNOT_SHOW = "These checks find what is wrong for many units; an extract that passes them can still hold wrong values."


def describe_plausibility(panel: Panel) -> ResultTable:
    """List the checks of plausibility that were made when the extract was read, and how they came out.

    Use it at the head of a report. A gross failure stops a run unless the study accepts it by name with a reason, which
    stands in the note.

    Parameters
    ----------
    panel : Panel
        From `build_panel`, with the checks of its extract.

    Returns
    -------
    ResultTable
        Tidy rows of statistic ``count`` in ``records``, two a check (``category`` is its name): ``plausibility_judged``
        places (tables, years, quarters) that were judged, whose note is what the check expects, and
        ``plausibility_departing`` places that depart. Its note says how the check came out, names the places that are
        remarkable or fail, and gives the reason for which a failure is accepted. Checks that fail come first, then
        those that are remarkable. No row holds a number of the data.

    Raises
    ------
    StudyError
        For a panel that was not built from an extract.

    Notes
    -----
    What each check measures and from where it remarks or fails is in ``registry/plausibility.toml``. Shares and medians
    count at the end of their exact one-sided interval that is nearer to innocence, so that few units never fail by
    chance.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> panel = se.build_panel(extract, se.link_participants(extract))
    >>> table = se.describe_plausibility(panel).to_frame()
    >>> rows = table[table["indicator"] == "plausibility_departing"]
    >>> rows[["category", "estimate"]].head(2).to_dict("records")
    [{'category': 'rows_between_years', 'estimate': 0.0}, {'category': 'units_go_on', 'estimate': 0.0}]
    >>> rows["note"].iloc[0].partition(" | ")[2]
    'A table has about as many rows each year: yes'
    """
    if not panel.checks:
        raise StudyError(
            "panel: found one without checks of plausibility; expected one from build_panel on an extract that was "
            "read; read the extract with se.read_extract"
        )
    checks = sorted(panel.checks, key=lambda check: WORST_FIRST.index(check.verdict))
    rows = pd.DataFrame([row for check in checks for row in _rows(check)])
    rows = rows.assign(
        **{STATISTIC: COUNT, GROUP: ALL, UNIT_OF_MEASURE: RECORDS, SIZE_CLASS: ALL, SECTOR: ALL},
        **{RULE_SET: panel.rules.name},
    )
    rows[RESTS_ON] = cells.no_cells(rows)
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="describe_plausibility",
        evidence="goal_attainment",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
        sources=cells.sources_of(panel),
    )


def _rows(check: CheckResult) -> list[dict[str, object]]:
    """Return the places that were judged and those that depart, with what is said of them."""
    return [
        {CATEGORY: check.name, INDICATOR: PLAUSIBILITY_JUDGED, ESTIMATE: float(check.judged), NOTE: check.expected},
        {CATEGORY: check.name, INDICATOR: PLAUSIBILITY_DEPARTING, ESTIMATE: float(check.departing), NOTE: _note(check)},
    ]


def _note(check: CheckResult) -> str:
    """Return the sentence of a check, with the reason for which a failure is accepted."""
    nl, _, en = check.sentence.partition(BOTH_LANGUAGES)
    if not check.accepted:
        return check.sentence
    reason = check.accepted.replace(BOTH_LANGUAGES, "; ")
    return bilingual(f"{nl}; aanvaard: {reason}", f"{en}; accepted: {reason}")
