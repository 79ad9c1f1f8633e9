"""Counts of participants by class in the registers, for the questions that ask for that class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from si_eval.errors import StudyError
from si_eval.results import SafeTable, require_safe
from si_eval.survey.questionnaire import SINGLE, Question, Questionnaire
from si_eval.system.blas import on_one_thread
from si_eval.vocabulary import (
    ALL,
    COUNT,
    ESTIMATE,
    GROUP,
    INDICATOR,
    N_TOTAL,
    PARTICIPANTS,
    SECTOR,
    SIZE_CLASS,
    STATISTIC,
    STATUS,
    SUPPRESSED,
    YEAR,
)  # fmt: skip


def count_classes(questionnaire: Questionnaire, rows: pd.DataFrame, *, year: int | None, rest: str) -> pd.DataFrame:
    """Return ``question, category, count`` from counts of participants: one row a class that is shown, and the rest.

    ``rows`` are tidy; the counts of a question are those whose indicator is its ``dimension`` (sector or size class).
    They are matched by the class of its options (``in_class``). A class that is withheld, or that no option has, is
    part of ``rest``: the total (``n_total``) less the classes that are shown. Of several years the latest is taken,
    or ``year``. Without a total where a class is withheld, the count of ``rest`` is missing.
    """
    missing = [name for name in (INDICATOR, STATISTIC, GROUP, YEAR, ESTIMATE) if name not in rows]
    if missing:
        raise StudyError(f"population: found no {', '.join(missing)}; expected tidy rows; give the table of a stage")
    counts = rows[(rows[STATISTIC] == COUNT) & (rows[GROUP] == PARTICIPANTS)]
    parts = [
        _classes_of(question, _of_year(counts[counts[INDICATOR] == question.dimension], year), rest)
        for question in questionnaire.questions
        if question.dimension and question.kind == SINGLE
    ]
    return pd.concat(parts, ignore_index=True)[["question", "category", "count"]] if parts else _frame([])


@on_one_thread
def protected_counts(tables: Sequence[SafeTable], *, answered: Sequence[SafeTable]) -> pd.DataFrame:
    """Return the counts of protected tables, without the classes in which a table of respondents withholds a number.

    Use the result as ``population`` or ``margins``. The classes left out are pooled with ``rest``, so that no count
    stands beside a withheld number of respondents and gives it back.

    Parameters
    ----------
    tables : sequence of SafeTable
        Counts of participants by sector or size class.
    answered : sequence of SafeTable
        Tables of respondents over the same classes.

    Returns
    -------
    DataFrame
        The tidy rows of ``tables``; ``estimate`` is missing where a class is left out.

    Raises
    ------
    DisclosureError
        For anything but SafeTables.

    Examples
    --------
    >>> import si_eval as se
    >>> from si_eval import survey
    >>> sizes = survey.survey_frequencies(survey.load_example(), question="Q5")
    >>> safe = se.protect([sizes], rules="cbs")
    >>> survey.protected_counts(safe, answered=[])[["statistic", "size_class", "estimate", "status"]]
      statistic size_class  estimate      status
    0     count        0-9       NaN  suppressed
    1     count      10-49       NaN  suppressed
    2     share        0-9       NaN  suppressed
    3     share      10-49       NaN  suppressed
    """
    rows = pd.concat([require_safe(table, where="tables").to_frame() for table in tables], ignore_index=True)
    for table in answered:
        frame = require_safe(table, where="answered").to_frame()
        withheld = frame[frame[STATUS] == SUPPRESSED]
        for column in (SECTOR, SIZE_CLASS):
            same = (rows[INDICATOR] == column) & rows[column].isin(set(withheld[column]) - {ALL})
            rows.loc[same, ESTIMATE] = float("nan")
    return rows


def _of_year(counts: pd.DataFrame, year: int | None) -> pd.DataFrame:
    """Keep the counts of one year, the latest where none is asked for."""
    years = pd.to_numeric(counts[YEAR], errors="coerce")
    if counts.empty or (year is None and years.isna().all()):
        return counts
    wanted = int(years.max()) if year is None else year
    if wanted not in set(years):
        known = ", ".join(str(int(one)) for one in sorted(years.dropna().unique()))
        raise StudyError(f"year: found {wanted}; expected one of {known}; name a year that was counted")
    return counts[years == wanted]


def _classes_of(question: Question, counts: pd.DataFrame, rest: str) -> pd.DataFrame:
    """Return the counts of one question, and ``rest`` for what is not shown."""
    if counts.empty:
        return _frame([])
    options = {option.in_class for option in question.options if option.in_class and not option.missing}
    counts = counts.drop_duplicates([question.dimension, ESTIMATE])
    shown = counts[counts[ESTIMATE].notna() & counts[question.dimension].isin(options)]
    rows = list(zip(shown[question.dimension].astype(str), shown[ESTIMATE].astype("float64"), strict=True))
    totals = counts[N_TOTAL].dropna() if N_TOTAL in counts else pd.Series(dtype="float64")
    unknown = float("nan") if counts[ESTIMATE].isna().any() else float(counts[ESTIMATE].sum())
    remainder = (float(totals.max()) if len(totals) else unknown) - sum(count for _, count in rows)
    if len(rows) < len(options) or remainder != 0:
        rows.append((rest, remainder))
    return _frame([(question.id, name, count) for name, count in rows])


def _frame(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["question", "category", "count"]).astype({"count": "float64"})
