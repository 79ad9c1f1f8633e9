"""What can be asked of a panel: indicators, splits and years, statistics, rule sets and charts, with their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import ibis.expr.datatypes as dt
import pandas as pd

from si_eval.arguments import Arguments
from si_eval.frozen import keep_frames
from si_eval.registry import facts
from si_eval.registry.rule_settings import LEVEL_STATISTICS
from si_eval.report.specification import ChartKind
from si_eval.results import Panel
from si_eval.vocabulary import LANGUAGES, PARTICIPANT, Language, label

COLUMNS = ("argument", "option", "meaning")
KINDS = {  # arguments of the functions, and what each takes
    "indicator": "compare_groups, index_series, check_selection, estimate_effect (outcome)",
    "by": "compare_groups, index_series, check_selection",
    "years": "compare_groups",
    "statistics": "compare_groups",
    "rules": "build_panel",
    "chart": "show, plot",
    "disclosure": "protect, as its rules",
}


@keep_frames("frame")
@dataclass(frozen=True)
class Options:
    """What can be asked of a panel: one row an option, with the argument that takes it and what it means."""

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return ``argument, option, meaning``, one row an option."""
        return self.frame.copy()

    def of(self, argument: str) -> list[str]:
        """List the options of one argument."""
        arguments = Arguments("Options.of")
        arguments.option("argument", argument, list(dict.fromkeys(self.frame["argument"])))
        arguments.refuse_problems()
        return list(self.frame.loc[self.frame["argument"] == argument, "option"])

    def summary(self) -> str:
        """List the options of each argument in a line, with the functions that take it."""
        lines = []
        for argument, rows in self.frame.groupby("argument", sort=False):
            lines.append(f"{argument} ({KINDS[str(argument)]}): {', '.join(rows['option'])}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the options in a notebook."""
        return str(self.frame.to_html(index=False, border=0))

    def __repr__(self) -> str:
        return self.summary()


def options(panel: Panel, *, language: Language = "en") -> Options:
    """List what can be asked of a panel, for a reader who does not know it yet.

    Parameters
    ----------
    panel : Panel
        From `build_panel` or `panel_from_frame`.
    language : {"nl", "en"}, default "en"
        The language of the meanings.

    Returns
    -------
    Options
        ``frame`` has one row an option: the ``argument`` that takes it, the ``option`` as it is spelled, its
        ``meaning``. ``summary()`` has a line an argument.

    Raises
    ------
    InputError
        For anything but a panel, or a language that there is not.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> found = se.options(panel)
    >>> found.of("indicator")
    ['revenue']
    >>> found.of("statistics")[:2]
    ['mean', 'median']
    """
    arguments = Arguments("options")
    arguments.instance("panel", panel, Panel, "make one with build_panel or panel_from_frame")
    arguments.option("language", language, LANGUAGES)
    arguments.refuse_problems()
    rows = [("indicator", name, getattr(entry, language, entry.en)) for name, entry in panel.indicators.items()]
    types = panel.table.schema().items()
    splits = [name for name, kind in types if isinstance(kind, dt.String | dt.Boolean) and name != PARTICIPANT]
    rows += [("by", name, label(name, language)) for name in splits]
    rows += [("years", str(year), f"{count} {label('units', language)}") for year, count in panel.per_year.items()]
    rows += [("statistics", name, label(name, language)) for name in LEVEL_STATISTICS]
    rows += [("rules", name, str(one[language])) for name, one in facts("rules")["rule_sets"].items()]
    rows += [("chart", name, label(f"report_kind_{name}", language).rstrip(".")) for name in get_args(ChartKind)]
    presets = {name: one for name, one in facts("disclosure").items() if isinstance(one, dict) and "min_units" in one}
    least = label("report_min_units", language)
    rows += [("disclosure", name, least.format(n=one["min_units"])) for name, one in presets.items()]
    return Options(pd.DataFrame(rows, columns=list(COLUMNS)))
