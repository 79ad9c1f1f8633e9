"""The transition matrix of size classes: where the units of a base year are in a later one."""

from __future__ import annotations

import pandas as pd

from si_eval import cells
from si_eval.registry import size_class_labels
from si_eval.results import Panel, ResultTable
from si_eval.vocabulary import (
    CATEGORY,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_UNITS,
    NON_PARTICIPANTS,
    PARTICIPANTS,
    RULE_SET,
    SHARE,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STATISTIC,
    TRANSITION_SHARE,
    TRANSITIONS,
    UNIT_OF_MEASURE,
    YEAR,
)

CLASSES = {SIZE_CLASS: CURRENT_SIZE_CLASS, SIZE_CLASS_4: CURRENT_SIZE_CLASS_4}
NO_CLASS, GONE = "unknown", "gone"
CANNOT_SHOW = "Classes change by growth and by noise in persons employed; the table does not tell which."


def describe_transitions(
    panel: Panel,
    *,
    base_year: int,
    year: int,
    classes: str = SIZE_CLASS,
    where: cells.Where | None = None,
) -> ResultTable:
    """Count the units of a base year by their size class then and in a later year.

    Use it beside figures by size class: where many units change class, a class is not the same firms (see the rules for
    sizes in docs/methods/panel.md). Classes are those of the years themselves, whatever the rule of the panel. The
    table stays inside: no rule of the public border judges units of one year by their class in another.

    Parameters
    ----------
    panel : Panel
        Units by year, from `build_panel` or `panel_from_frame`.
    base_year, year : int
        The two years.
    classes : {"size_class", "size_class_4"}, default "size_class"
        The size classes.
    where : mapping of str to a value or a sequence of values, optional
        Columns of the panel, and the values of the units to keep. Default: all units.

    Returns
    -------
    ResultTable
        One tidy row a ``group``, class of the base year (``size_class``) and state in the later year (``category``: a
        class, ``unknown``, or ``gone`` from the register): the number of ``transitions``, and the ``transition_share``
        of the units of the class.

    Raises
    ------
    StudyError
        With every argument that is wrong, and where no unit is left.

    See Also
    --------
    decompose_change : What switching does to a mean.

    Examples
    --------
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": [1, 2, 3, 1, 2], "year": [2014] * 3 + [2019] * 2, "joined": 0,
    ...                       "staff": [5.0, 5.0, 5.0, 5.0, 20.0]})
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="joined", employed_persons="staff")
    >>> table = se.describe_transitions(panel, base_year=2014, year=2019).to_frame()
    >>> counts = table[table["statistic"] == "transitions"]
    >>> print(counts[["size_class", "category", "estimate"]].to_string(index=False))
    size_class category  estimate
           2-9      2-9       1.0
           2-9    10-49       1.0
           2-9     gone       1.0
    """
    arguments = cells.check_panel("describe_transitions", panel)
    first, last = cells.check_two_years(arguments, panel, base_year, year)
    chosen = arguments.option("classes", classes, CLASSES)
    request = cells.check_request(arguments, panel, indicator=cells.NO_INDICATORS, where=where)
    arguments.refuse_problems()
    column = CLASSES[chosen]
    units = cells.read_base_units(panel, first, (), dict(request.where), column)
    cells.refuse_empty("describe_transitions", units, request)
    both = cells.add_later(panel, units, last, column)
    later = both[column + cells.LATER].fillna(NO_CLASS).where(both["present"], GONE)
    states = pd.DataFrame({GROUP: both[GROUP], SIZE_CLASS: both[column].fillna(NO_CLASS), CATEGORY: later})
    counts = states.value_counts(sort=False).rename("n").reset_index()
    order = {name: place for place, name in enumerate([*size_class_labels(chosen), NO_CLASS, GONE])}
    groups = {name: place for place, name in enumerate((PARTICIPANTS, NON_PARTICIPANTS))}
    counts = counts.sort_values([GROUP, SIZE_CLASS, CATEGORY], key=lambda one: one.map({**order, **groups}))
    number = counts["n"].astype("float64")
    of_class = number.groupby([counts[GROUP], counts[SIZE_CLASS]]).transform("sum")
    frames = [
        counts.assign(**{STATISTIC: statistic, ESTIMATE: estimate, UNIT_OF_MEASURE: unit, N_UNITS: number})
        for statistic, estimate, unit in (
            (TRANSITIONS, number, "business units"),
            (TRANSITION_SHARE, number / of_class, SHARE),
        )
    ]
    rows = pd.concat(frames, ignore_index=True).drop(columns="n")
    labels = cells.label_cells(rows, (), dict(request.where)).drop(columns=[SIZE_CLASS, CATEGORY])
    rows = pd.concat([rows, labels], axis=1)
    rows[INDICATOR], rows[YEAR], rows[RULE_SET] = chosen, last, panel.rules.name
    return ResultTable(
        frame=cells.tidy_frame(rows),
        function="describe_transitions",
        evidence="association",
        cannot_show=CANNOT_SHOW,
        rules=panel.rules.name,
        simulation=panel.simulation,
    )
