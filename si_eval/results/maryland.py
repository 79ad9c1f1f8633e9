"""The place of a table on the Maryland scale: how far a comparison can carry a claim of cause."""

from __future__ import annotations

import pandas as pd

from si_eval.vocabulary import ESTIMATE, MARYLAND, STATISTIC

OF_COMPARISONS = {  # of comparisons whose design is always the same; an effect says it in a row of its own
    "compare_groups": 1,  # a gap in one year, adjusted for nothing
    "index_series": 1,  # gaps of two years, of other firms each year
    "compare_changes": 2,  # changes of the same firms, beside others from the same start
}


def maryland_of(function: str, frame: pd.DataFrame) -> int | None:
    """Return the place of a table on the Maryland scale, that of its weakest estimate; None where it compares nothing.

    A register comparison is never above 3: 4 needs a rule that decided who takes part, 5 chance.

    Source: What Works Centre for Local Economic Growth, The Maryland Scientific Methods Scale.
    """
    places = pd.to_numeric(frame.loc[frame[STATISTIC] == MARYLAND, ESTIMATE]).dropna()
    return int(places.min()) if len(places) else OF_COMPARISONS.get(function)
