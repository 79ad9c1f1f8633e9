"""The store of key figures: read from CSV, validated as a whole, selected by indicator, source, year and table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval.arguments import Arguments
from si_eval.errors import InputError, Problem, StudyError, propose_name
from si_eval.frozen import keep_frames
from si_eval.text_input.small_tables import (
    SmallTable,
    fault_problems,
    gap_problems,
    name_problems,
    read_numbers,
    read_small_table,
    sort_by_id,
)
from si_eval.text_input.toml_files import in_both_languages, read_toml
from si_eval.vocabulary import LANGUAGES, NO_LABELS, Labels, Language

COLUMNS = (
    *("id", "indicator", "category", "category_type", "year", "value", "unit", "precision", "n_projects"),
    *("table", "source", "line", "definition", "unique", "period", "note"),
)
ALIASES = {"n_fieldlabs": "n_projects"}
NUMBER_COLUMNS = ("value", "year", "n_projects")
TEXT_COLUMNS = ("id", "indicator", "category", "unit", "table", "source", "definition", "period")
REQUIRED = ("id", "indicator", "year", "value", "unit", "source")
COUNTING = ("unique", "mentions", "unknown")
MISSING = ("missing", "suppressed", "none")
TOTAL = "total"
DEFINITIONS = "definitions.toml"


@keep_frames("frame")
@dataclass(frozen=True)
class KpiStore:
    """Key figures as sources print them: a figure that is printed twice has two rows.

    Read one with `load_kpis`.

    Attributes
    ----------
    frame : DataFrame
        One row a printed figure: ``id, indicator, category, category_type, year, value, unit, precision, n_projects,
        table, source, line, definition, unique, period, note``. ``year`` is missing where the source states none, and
        is the last year of a ``period``; ``n_projects`` is the number of projects that the figure covers.
    definitions : mapping
        The text of each definition in Dutch and English (``nl``, ``en``), by its name.
    breaks : tuple of mapping
        The years from which an indicator is defined otherwise: ``indicator, year, nl, en``.
    notes : tuple of str
        What was noticed on reading: exact repetitions.
    labels : mapping
        The study's own words (``nl``, ``en`` by term), for units and precisions in notes.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "jobs", "year": [2019, 2020], "value": [9, 12], "unit": "jobs",
    ...      "source": "report"}
    ... ).to_csv("kpis_of_jobs.csv", index=False)
    >>> load_kpis("kpis_of_jobs.csv")
    KPI store: 2 rows of 1 indicators, 1 sources
    """

    frame: pd.DataFrame
    definitions: Mapping[str, Mapping[str, Any]]
    breaks: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    labels: Labels = NO_LABELS

    def to_frame(self) -> pd.DataFrame:
        """Return every row of the store."""
        return self.frame.copy()

    def summary(self) -> str:
        """Summarise in a few lines what the store holds."""
        frame = self.frame
        first = f"{len(frame)} rows of {frame['indicator'].nunique()} indicators, {frame['source'].nunique()} sources"
        broken = [f"  break: {entry['indicator']} from {entry['year']}: {entry['en']}" for entry in self.breaks]
        return "\n".join([f"KPI store: {first}", *broken, *(f"  note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return self.summary()

    def broken(self, indicator: str) -> bool:
        """Whether the definition of an indicator breaks in some year."""
        return any(entry["indicator"] == indicator for entry in self.breaks)

    def break_between(self, indicator: str, first: int, last: int, language: Language = "en") -> str:
        """Return what breaks after ``first`` and up to ``last``; nothing where the years can be compared."""
        reasons = [b[language] for b in self.breaks if b["indicator"] == indicator and first < b["year"] <= last]
        return "; ".join(reasons)

    def select(
        self,
        indicators: Sequence[str],
        *,
        sources: Sequence[str] | None = None,
        years: Sequence[int] | None = None,
        table: str | None = None,
    ) -> pd.DataFrame:
        """Select rows; raises `StudyError` for a name that the store does not have, and where no row is left."""
        arguments = Arguments("the KPI store")
        names = sorted(set(self.frame["indicator"]))
        indicators = arguments.names("indicators", indicators, names, what="names of the store")
        if sources is not None:
            known = sorted(set(self.frame["source"]))
            sources = arguments.names("sources", sources, known, what="names of the store")
        if table is not None:
            known = sorted(set(self.frame["table"]) - {""})
            arguments.names("table", [table], known, what="names of the store")
        if years is not None:
            known_years = [int(year) for year in self.frame["year"].dropna().unique()]
            years = arguments.years("years", years, known_years, action="name years of the store")
        arguments.refuse_problems()
        frame = self.frame[self.frame["indicator"].isin(list(indicators))]
        if sources is not None:
            frame = frame[frame["source"].isin(list(sources))]
        if years is not None:
            frame = frame[frame["year"].isin(list(years))]
        if table is not None:
            frame = frame[frame["table"] == table]
        if frame.empty:
            raise StudyError(
                f"the KPI store: found no row for {', '.join(indicators)} with sources {sources}, years {years}, "
                f"table {table}; expected at least one; widen the selection"
            )
        return frame


def load_kpis(path: str | Path, *, definitions: str | Path | None = None) -> KpiStore:
    """Read a store of key figures from a CSV file.

    Figures that contradict each other are kept: `check_consistency` is for those. Exact repetitions are noted.

    Parameters
    ----------
    path : str or Path
        The CSV file: one printed figure a row, with at least ``id, indicator, year, value, unit, source``; `KpiStore`
        names all columns. Rows are taken in the order of their ids (``K2`` before ``K10``), whatever that of the file.
        A row without a year needs a ``period``, one without a value a ``precision`` of missing, suppressed or none.
    definitions : str or Path, optional
        The TOML file with ``definitions`` and ``breaks``; ``definitions.toml`` beside the CSV file where it exists.

    Returns
    -------
    KpiStore

    Raises
    ------
    InputError
        With every problem at once: missing and unknown columns (with the nearest name), values and years that are no
        numbers, values without a unit, rows without a year that name no period, unknown definitions, repeated ids.
    StudyError
        Where a file is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval.programme.monitoring import load_kpis
    >>> pd.DataFrame(
    ...     {"id": ["a", "b"], "indicator": "jobs", "year": 2020, "value": [9, 9], "unit": "jobs", "source": "report"}
    ... ).to_csv("kpis_of_jobs.csv", index=False)
    >>> load_kpis("kpis_of_jobs.csv").notes
    ('1 rows repeat another: b',)
    """
    table = read_small_table(path, what="key figures")
    facts = _read_definitions(Path(path).with_name(DEFINITIONS) if definitions is None else definitions, definitions)
    old_names = {old: new for old, new in ALIASES.items() if new not in table.frame}
    table = replace(table, frame=table.frame.rename(columns=old_names))
    problems = list(name_problems(table, needed=REQUIRED, known=COLUMNS))
    number = {column: read_numbers(table, column) for column in NUMBER_COLUMNS}
    if not problems:
        table = replace(table, frame=table.frame.reindex(columns=list(COLUMNS), fill_value=""))
        problems = [problem for column in number.values() for problem in column.problems]
        problems += [*_row_problems(table, {name: column.values for name, column in number.items()}, facts)]
    if problems:
        raise InputError(problems, table.where)
    remarks = [note for column in number.values() for note in column.notes]
    values = {name: column.values for name, column in number.items()}
    return KpiStore(
        sort_by_id(_typed(table.frame, values)),
        facts.get("definitions", {}),
        tuple(facts.get("breaks", ())),
        (*remarks, *_note_repetitions(sort_by_id(table.frame))),
    )


def _read_definitions(path: str | Path, named: str | Path | None) -> dict[str, Any]:
    """Read and check definitions and breaks; nothing where the file beside the store is not there."""
    if named is None and not Path(path).exists():
        return {}
    facts = in_both_languages(read_toml(path, what="definitions"))
    where = Path(path).name
    definitions, breaks = facts.get("definitions", {}), facts.get("breaks", [])
    known = ("definitions", "breaks")
    problems = [
        Problem(
            where, "an unknown key", f"one of {', '.join(known)}", propose_name(key, known, "remove it"), column=key
        )
        for key in facts
        if key not in known
    ]
    texts = definitions.items() if isinstance(definitions, dict) else [("definitions", definitions)]
    problems += [
        Problem(where, repr(entry)[:80], "a table with the texts nl and en", "correct it", column=f"definitions.{name}")
        for name, entry in texts
        if not isinstance(entry, dict) or not all(isinstance(entry.get(language), str) for language in LANGUAGES)
    ]
    problems += [
        Problem(
            where, repr(entry)[:80], "a table with indicator, year, nl and en", "correct it", column=f"breaks.{place}"
        )
        for place, entry in enumerate(breaks if isinstance(breaks, list) else [breaks])
        if not isinstance(entry, dict)
        or type(entry.get("year")) is not int
        or not all(isinstance(entry.get(key), str) for key in ("indicator", *LANGUAGES))
    ]
    if problems:
        raise InputError(problems, f"the definitions {where}")
    return facts


def _row_problems(table: SmallTable, number: Mapping[str, pd.Series], facts: Mapping[str, Any]) -> Iterator[Problem]:
    """List what is wrong with the rows: one problem a kind of fault, with the ids that have it."""
    frame = table.frame
    known = set(facts.get("definitions", {}))
    year, projects = number["year"], number["n_projects"]
    faults = {
        ("id", "an id twice, or none", "one id a row"): frame["id"].duplicated(keep=False) | (frame["id"] == ""),
        ("indicator", "no indicator", "a name"): frame["indicator"] == "",
        ("value", "nothing, without a reason", f"a number, or precision {', '.join(MISSING)}"): number["value"].isna()
        & ~frame["precision"].isin(MISSING),
        ("unit", "no unit", "a unit, such as persons or EUR million"): frame["unit"] == "",
        ("year", "no year and no period", "a year, or a period in words"): (frame["year"] == "")
        & (frame["period"] == ""),
        ("year", "a number that is no year", "four digits"): year.notna()
        & ~(year.between(1900, 2099) & (year % 1 == 0)),
        ("n_projects", "a number that is no count", "a whole number from 1, or nothing"): projects.notna()
        & ~((projects >= 1) & (projects % 1 == 0)),
        ("unique", "another word", f"one of {', '.join(COUNTING)}, or nothing"): ~frame["unique"].isin(["", *COUNTING]),
        ("definition", "an unknown definition", f"an entry of {DEFINITIONS}"): (frame["definition"] != "")
        & ~frame["definition"].isin(known),
    }
    yield from fault_problems(
        table,
        [(column, wrong, found, expected, "correct these rows") for (column, found, expected), wrong in faults.items()],
    )
    yield from gap_problems(table, TEXT_COLUMNS)
    for entry in facts.get("breaks", ()):
        if entry["indicator"] not in set(frame["indicator"]):
            yield Problem(DEFINITIONS, f"a break of {entry['indicator']}", "an indicator of the store", "correct it")


def _typed(text: pd.DataFrame, number: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Give the columns of text their types."""
    return text.astype("string").assign(
        value=number["value"],
        year=number["year"].astype("Int64"),
        n_projects=number["n_projects"],
        category=text["category"].replace("", TOTAL),
        unique=text["unique"].replace("", "unknown"),
    )


def _note_repetitions(text: pd.DataFrame) -> tuple[str, ...]:
    """Note the rows that repeat another one in everything but their id."""
    again = text.duplicated([column for column in COLUMNS if column not in ("id", "note")], keep="first")
    return (f"{int(again.sum())} rows repeat another: {', '.join(text.loc[again, 'id'])}",) if again.any() else ()
