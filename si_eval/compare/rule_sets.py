"""Two rule sets side by side: the same figures under both, and which of the choices between them moved them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from si_eval import cells
from si_eval.arguments import Arguments, describe_value
from si_eval.registry import RuleSet, rule_set
from si_eval.results import Panel, ResultTable, SafeTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    ESTIMATE,
    GROUP,
    INDICATOR,
    RULE_SET,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    YEAR,
)

OF_INTERVALS = ("level", "cluster", "mean_interval", "statistics", "min_test_units")  # settings that move no estimate
KEYS = [INDICATOR, STATISTIC, GROUP, YEAR, SIZE_CLASS, SECTOR, CATEGORY]
FUNCTION = "compare_rule_sets"
JOINT = " · "
CANNOT_SHOW = (
    "Two rule sets that agree may be wrong alike; that a choice moves a figure does not say which one is right."
)


def compare_rule_sets(
    make_panel: Callable[[RuleSet], Panel],
    make_table: Callable[[Panel], ResultTable],
    *,
    rules: str | RuleSet = "replicate_2020",
    other: str | RuleSet = "recommended",
    one_by_one: bool = True,
) -> ResultTable:
    r"""Compute a table under two rule sets, and with each choice that differs between them changed by itself.

    Use it before a figure is believed: where it moves from one sound choice to another, the choice is part of the
    finding. A panel is made for each choice, so keep the table small on a large register.

    Parameters
    ----------
    make_panel : callable
        Makes the panel under a rule set, as ``lambda rules: se.build_panel(extract, linkage, rules=rules)``.
    make_table : callable
        Makes the table of a panel, as ``lambda panel: se.compare_groups(panel, indicator="revenue")``. Name its
        statistics, where the rule sets show others.
    rules : str or RuleSet, default "replicate_2020"
        The rule set to start from.
    other : str or RuleSet, default "recommended"
        The rule set to compare it with.
    one_by_one : bool, default True
        Whether each setting that differs is changed by itself as well. Settings of intervals and tests are not: they
        move no estimate.

    Returns
    -------
    ResultTable
        The rows of the table under each rule set, named in ``rule_set`` and at the end of ``category``.
        `list_rule_moves` puts them side by side. `protect` judges all of them together.

    Raises
    ------
    StudyError
        For what is no callable, for two rule sets that are one, and for tables of several functions.

    See Also
    --------
    list_rule_moves : How far each choice moved each figure.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import si_eval as se
    >>> firms = pd.DataFrame({"firm": np.repeat(np.arange(90), 2), "year": [2014, 2019] * 90, "joined": 0,
    ...                       "staff": [4.0, 12.0, 20.0, 20.0, 0.5, 6.0] * 30, "sales": [100.0, 120.0] * 90})
    >>> table = se.compare_rule_sets(
    ...     lambda rules: se.panel_from_frame(firms, unit="firm", year="year", participant="joined",
    ...                                       employed_persons="staff", revenue="sales", rules=rules),
    ...     lambda panel: se.compare_groups(panel, indicator="revenue_per_employee", by="size_class_4",
    ...                                     years=[2019], statistics=["mean"]),
    ... )
    >>> moves = se.list_rule_moves(table).query("group == 'non_participant' and moved != 0 and size_class == '0-9'")
    >>> print(moves[["rule_set", "estimate", "moved"]].round(1).to_string(index=False))
                           rule_set  estimate  moved
    replicate_2020 (size_rule=mean)      15.0   -5.0
                        recommended      15.0   -5.0
    """
    arguments = Arguments(FUNCTION)
    for name, function in (("make_panel", make_panel), ("make_table", make_table)):
        if not callable(function):
            arguments.add(name, describe_value(function), "a function", "write lambda: …")
    arguments.flag("one_by_one", one_by_one)
    first, last = rule_set(rules), rule_set(other)
    if first.settings() == last.settings():
        arguments.add("other", last.name, f"another rule set than {first.name}", "name two")
    arguments.refuse_problems()
    tables: list[ResultTable] = []
    for step in (first, *(_single_changes(first, last) if one_by_one else ()), last):
        table = make_table(make_panel(step))
        if not isinstance(table, ResultTable) or (tables and table.function != tables[0].function):
            expected = "a ResultTable, of one function under all rule sets"
            arguments.add("make_table", describe_value(table), expected, "give the result of a comparison")
            arguments.refuse_problems()
        tables.append(replace(table, frame=_named(table.frame, step.name)))
    sources = {key: source for table in tables for key, source in table.sources.items()}
    weakest = next((table for table in tables if table.evidence != "effect"), tables[0])
    return replace(
        weakest,
        frame=cells.tidy_frame(pd.concat([table.frame for table in tables], ignore_index=True)),
        cannot_show=CANNOT_SHOW,
        rules=f"{first.name}{JOINT}{last.name}",
        sources=sources,
    )


def list_rule_moves(table: ResultTable | SafeTable) -> pd.DataFrame:
    """List the figures of a table of `compare_rule_sets` under each rule set, and how far each choice moved them.

    Parameters
    ----------
    table : ResultTable or SafeTable
        From `compare_rule_sets`, inside or after the border; a figure that is withheld moves by an unknown amount.

    Returns
    -------
    pandas.DataFrame
        One row a figure and rule set, in the order in which they were computed: the keys of the figure, ``rule_set``,
        ``estimate``, and ``moved``: the estimate less that under the first rule set.

    Raises
    ------
    StudyError
        For a table without rule sets in it.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=90, years=5, seed=1).frame
    >>> table = se.compare_rule_sets(
    ...     lambda rules: se.panel_from_frame(firms, unit="firm", year="year", participant="participant",
    ...                                       employed_persons="employed_persons", revenue="revenue", rules=rules),
    ...     lambda panel: se.compare_groups(panel, indicator="revenue_per_employee", years=[2016], statistics=["mean"]),
    ...     one_by_one=False,
    ... )
    >>> (safe,) = se.protect([table])
    >>> se.list_rule_moves(safe).query("group == 'difference'")["rule_set"].tolist()
    ['replicate_2020', 'recommended']
    """
    arguments = Arguments("list_rule_moves")
    frame = table.to_frame() if isinstance(table, ResultTable | SafeTable) else None
    names = list(dict.fromkeys(frame[RULE_SET])) if frame is not None else []
    if frame is None or len(names) < 2:
        arguments.add("table", describe_value(table), "a table under several rule sets", f"make one with {FUNCTION}")
    arguments.refuse_problems()
    assert frame is not None
    rows = frame[[*KEYS, RULE_SET, ESTIMATE]].copy()
    rows[CATEGORY] = [_unnamed(one, name) for one, name in zip(rows[CATEGORY], rows[RULE_SET], strict=True)]
    base = rows[rows[RULE_SET] == names[0]].drop(columns=RULE_SET)
    both = rows.merge(base, on=KEYS, how="left", suffixes=("", "_first"))
    both["moved"] = both[ESTIMATE] - both[f"{ESTIMATE}_first"]
    order = both.assign(place=both.groupby(KEYS, sort=False).ngroup(), step=both[RULE_SET].map(names.index))
    return both.loc[order.sort_values(["place", "step"]).index, [*KEYS, RULE_SET, ESTIMATE, "moved"]].reset_index(
        drop=True
    )


def _single_changes(first: RuleSet, last: RuleSet) -> list[RuleSet]:
    """Make a rule set for each setting that differs and may move an estimate, with that setting changed alone."""
    wanted, known = last.settings(), first.settings()
    changed = [name for name in known if known[name] != wanted[name] and name not in OF_INTERVALS]
    return [first.change(**{name: wanted[name]}) for name in changed]


def _named(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write the rule set at the end of the category, so that rows of two rule sets are two figures."""
    category = frame[CATEGORY].astype(str)
    columns: cells.Columns = {CATEGORY: (category + JOINT + name).where(category != ALL, name), RULE_SET: name}
    return frame.assign(**columns)


def _unnamed(category: str, name: str) -> str:
    """Take the rule set from a category again."""
    return ALL if category == name else category.removesuffix(JOINT + name)
