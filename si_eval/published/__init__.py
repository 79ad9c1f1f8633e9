"""Published against computed: every printed figure and every claim of a study, each with a verdict and the numbers.

The rows are data (`figures.csv`, `claims.csv`), and so is what a word such as "slightly" allows (`readings.toml`).
Each row is one comparison in one or more cells of the protected results: does this number lie above, below or near
that one? Only numbers that passed the public border are read; a withheld one stays withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from si_eval.errors import InputError
from si_eval.published.lookup import collect_results
from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS, find_problems, read_published, read_readings
from si_eval.published.verdicts import COLUMNS, judge_claim, judge_figure
from si_eval.results import PublishedComparison, SafeTable, seal_comparison
from si_eval.text_input.small_tables import require_table
from si_eval.vocabulary import PUBLISHED_NUMBERS

__all__ = ["PublishedComparison", "compare_published"]


def compare_published(
    tables: Sequence[SafeTable],
    *,
    figures: pd.DataFrame | str | Path,
    claims: pd.DataFrame | str | Path,
    readings: str | Path | None = None,
) -> PublishedComparison:
    """Check every published figure and claim of a study against its protected results.

    Use it to see whether a report can be reproduced. A figure holds where the computed number rounds to the printed
    one, under the precision that its row names; a claim ("participants grow faster, in most classes") is one comparison
    in one or more cells. Only numbers that passed the public border are read: a withheld one leaves a claim open unless
    the shown ones decide it. On a simulated extract a verdict tests the program, not the source.

    Parameters
    ----------
    tables : sequence of SafeTable
        The protected results, from `protect`, with the numbers of all exhibits.
    figures : DataFrame, str or Path
        One printed number a row, or a CSV file with them. The tidy keys ``indicator, statistic, group, year,
        size_class, sector, category`` name the cell; ``quantity`` says what is computed from it (``level``,
        ``change``); ``value`` and ``step`` are the printed number and its last digit, ``precision`` an entry of the
        readings; ``data/README.md`` describes all columns.
    claims : DataFrame, str or Path
        One claim a row, or a CSV file with them: the same keys with ``comparison`` (``>``, ``up``, …), ``other`` (what
        it is compared with), ``quantifier`` (in how many cells) and ``word`` (with what strength).
    readings : str or Path, optional
        The TOML file that says what precisions, quantifiers and words allow; ``readings.toml`` beside the figures or
        claims by default.

    Returns
    -------
    PublishedComparison
        ``to_frame()`` has one row a figure or claim with its verdict (exact, within precision, direction holds, fails,
        not computable) and a reason that names the numbers compared, in English and Dutch.

    Raises
    ------
    DisclosureError
        For anything but SafeTables.
    InputError
        With every problem of the figures and claims at once.
    StudyError
        Where no readings are named and none can be found.

    Notes
    -----
    A figure holds where ``value - below * step <= computed <= value + above * step``, with ``below`` and ``above`` of
    its precision (0.5 and 0.5 for a rounded number).

    Examples
    --------
    A report printed a mean revenue of participants of 6.7 million euro in 2016, more than that of the others.

    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import si_eval as se
    >>> from si_eval.published.sources import CLAIM_COLUMNS, FIGURE_COLUMNS
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> tables = se.protect([se.compare_groups(panel, indicator="revenue")])
    >>> readings = Path("example_readings.toml")
    >>> _ = readings.write_text('''
    ... composites = []
    ... results = { rule_set = "replicate_2020", ambiguous_below = 0.9, indicators = [] }
    ... precision.printed = { verdict = "exact", below = 0.5, above = 0.5 }
    ... quantifiers.all = { share = 1.0 }
    ... words.about = { relative = [0.0, 0.05], points = [0.0, 0.02] }
    ... ''')
    >>> cell = {"indicator": "revenue", "statistic": "mean", "group": "participant", "year": "2016",
    ...         "quantity": "level", "size_class": "all", "sector": "all", "category": "all", "confidence": "1"}
    >>> figure = {**cell, "id": "F1", "value": "6700000", "step": "100000", "precision": "printed", "unit": "EUR"}
    >>> claim = {**cell, "id": "C1", "comparison": ">", "other": "group:non_participant", "quantifier": "all"}
    >>> comparison = se.compare_published(
    ...     tables,
    ...     figures=pd.DataFrame([figure]).reindex(columns=FIGURE_COLUMNS, fill_value=""),
    ...     claims=pd.DataFrame([claim]).reindex(columns=CLAIM_COLUMNS, fill_value=""),
    ...     readings=readings,
    ... )
    >>> comparison.to_frame()[["id", "published", "computed", "verdict"]].round()
       id  published   computed          verdict
    0  F1  6700000.0  6747576.0            exact
    1  C1        NaN  6747576.0  direction holds
    """
    for name, source in (("figures", figures), ("claims", claims)):
        require_table(source, argument=name)
    known = read_readings(readings, beside=(figures, claims))
    results = collect_results(tables, known)
    figure_rows, figure_problems = read_published(figures, what="figures")
    claim_rows, claim_problems = read_published(claims, what="claims")
    problems = [
        *figure_problems,
        *claim_problems,
        *find_problems(figure_rows, "figures", FIGURE_COLUMNS, known),
        *find_problems(claim_rows, "claims", CLAIM_COLUMNS, known),
    ]
    if problems:
        raise InputError(problems, "what was published")
    judged = [judge_figure(row, results) for row in figure_rows] + [judge_claim(row, results) for row in claim_rows]
    frame = pd.DataFrame(judged, columns=list(COLUMNS)).astype(dict.fromkeys(PUBLISHED_NUMBERS, float))
    return seal_comparison(frame, tables)
