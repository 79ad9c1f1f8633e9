"""Sources side by side: directions from protected cells, verdicts, and the table of both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from si_eval.frozen import keep_frames
from si_eval.results import ResultTable, SafeTable, require_safe
from si_eval.synthesis.directions import cell_signs, decide_direction, read_cells, read_shares, share_up
from si_eval.synthesis.findings import (
    AGREE,
    CONTRADICT,
    EVIDENCE_ORDER,
    NOTHING,
    PARTLY,
    SINGLE,
    UNKNOWN,
    Explanation,
    Findings,
    Source,
)
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    LANGUAGES,
    N_UNITS,
    NOTE,
    NUMBERS,
    RECORDS,
    RULE_SET,
    SECTOR,
    SHARE,
    SHOWN,
    SIZE_CLASS,
    STATISTIC,
    STATUS,
    TIDY,
    UNIT_OF_MEASURE,
    YEAR,
    Language,
    bilingual,
)

AGREEMENT = "agreement"
AS_PUBLISHED = "as_published"
CANNOT_SHOW = "Sources that agree can be wrong together; a direction has no size, and none is an effect by itself."


@keep_frames("frame")
@dataclass(frozen=True)
class Synthesis:
    """Sources side by side.

    `synthesise` makes it.

    Attributes
    ----------
    frame : DataFrame
        One row a question and source: ``question, source``, ``direction`` (up, none, mixed, down or unknown),
        ``number`` (the share that the source gives, else the part of its cells that points up), ``is_share``,
        ``cells, cells_up, withheld, n_units, evidence, exhibits, statements_nl, statements_en``, ``agreement`` (agree,
        partly, contradict, single or nothing) and ``reasons``.
    table : ResultTable
        The same as tidy rows, for the public border.
    """

    frame: pd.DataFrame
    table: ResultTable

    def to_frame(self) -> pd.DataFrame:
        """Return one row a question and source."""
        return self.frame.copy()

    def summary(self) -> str:
        """Summarise by question what the sources say and whether they agree."""
        lines = []
        for question, part in self.frame.groupby("question", sort=False):
            directions = ", ".join(f"{row['source']} {row['direction']}" for row in part.to_dict("records"))
            lines.append(f"{question}: {directions}: {part['agreement'].iloc[0]}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()


def synthesise(questions: Sequence[str], *, tables: Sequence[SafeTable], findings: Findings) -> Synthesis:
    r"""Set what each source says of each question side by side, from protected tables alone.

    A cell points up, down or nowhere by the rule of its reading; a source points where a majority of its shown cells
    does, else it is ``mixed``. A source whose exhibits are not there, or withheld, is ``unknown`` and its note says so.

    Parameters
    ----------
    questions : sequence of str
        The ids of the evaluation questions, in order.
    tables : sequence of SafeTable
        The protected exhibits of the other stages.
    findings : Findings
        Readings, statements and explanations, from `load_findings`.

    Returns
    -------
    Synthesis
        ``to_frame()`` has one row a question and source. ``agreement`` compares the known directions of a question:
        ``agree`` (the same), ``contradict`` (up and down), ``partly`` (the rest), ``single`` (one source), ``nothing``.

    Raises
    ------
    DisclosureError
        For anything but SafeTables.

    Notes
    -----
    The rules of a reading, with the thresholds of the file: ``share`` points up at ``up`` or more and nowhere at
    ``none`` or less; ``gap`` compares participants with non-participants in each cell, ``growth`` the last year with
    the first, and ``growth_gap`` the growth of both groups, where a relative difference of at most ``about`` is none;
    ``labels`` counts the labels of a scale by their ``signs``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.synthesis import load_findings, synthesise
    >>> from si_eval.synthesis.findings import REQUIRED_WORDS
    >>> words = [f'words.{word} = {{ nl = "{word}", en = "{word}" }}' for word in REQUIRED_WORDS]
    >>> path = Path("example_findings.toml")
    >>> _ = path.write_text("\n".join(words) + '''
    ... sources = [
    ...   { id = "register", nl = "Registers", en = "Registers" },
    ...   { id = "interviews", nl = "Interviews", en = "Interviews", evidence = "goal_attainment" },
    ... ]
    ... readings = [{ question = "a", source = "register", exhibit = "revenue", rule = "gap" }]
    ... [[statements]]
    ... question = "a"
    ... source = "interviews"
    ... direction = "up"
    ... nl = "het helpt"
    ... en = "it helps"
    ... [[routes]]
    ... id = "1"
    ... nl = "kennis"
    ... en = "knowledge"
    ... positive = [{ nl = "geleerd", en = "learned" }]
    ... ''')
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> tables = se.protect([se.compare_groups(panel, indicator="revenue").named("revenue")])
    >>> synthesise(["a"], tables=tables, findings=load_findings(path))
    a: register up, interviews up: agree
    """
    exhibits = _by_exhibit(tables)
    rows = []
    for question in questions:
        part = [_source_row(question, source, exhibits, findings) for source in findings.sources]
        agreement = _agreement([row["direction"] for row in part])
        for row in part:
            reasons = [reason for reason in _explanations(question, part, findings) if row["source"] in reason.between]
            rows.append({**row, AGREEMENT: agreement, "reasons": tuple(reason.id for reason in reasons)})
    frame = pd.DataFrame(rows)
    used = [exhibits[reading.exhibit] for reading in findings.readings if reading.exhibit in exhibits]
    return Synthesis(frame, _tidy_table(frame, used, findings))


def list_impacts(findings: Findings) -> ResultTable:
    r"""Count what was said of each impact route, for and against.

    A count of things said weighs nothing: routes are not compared by it.

    Parameters
    ----------
    findings : Findings
        From `load_findings`.

    Returns
    -------
    ResultTable
        Tidy rows, public: ``impact_positive`` and ``impact_concern`` for each ``route_<id>``; the note repeats what was
        said in both languages.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval.synthesis import list_impacts, load_findings
    >>> from si_eval.synthesis.findings import REQUIRED_WORDS
    >>> words = [f'words.{word} = {{ nl = "{word}", en = "{word}" }}' for word in REQUIRED_WORDS]
    >>> path = Path("example_findings.toml")
    >>> _ = path.write_text("\n".join(words) + '''
    ... sources = [
    ...   { id = "register", nl = "Registers", en = "Registers" },
    ...   { id = "interviews", nl = "Interviews", en = "Interviews", evidence = "goal_attainment" },
    ... ]
    ... readings = [{ question = "a", source = "register", exhibit = "revenue", rule = "gap" }]
    ... [[statements]]
    ... question = "a"
    ... source = "interviews"
    ... direction = "up"
    ... nl = "het helpt"
    ... en = "it helps"
    ... [[routes]]
    ... id = "1"
    ... nl = "kennis"
    ... en = "knowledge"
    ... positive = [{ nl = "geleerd", en = "learned" }]
    ... ''')
    >>> list_impacts(load_findings(path)).to_frame()[["indicator", "category", "estimate"]]
             indicator category  estimate
    0  impact_positive  route_1       1.0
    1   impact_concern  route_1       0.0
    """
    rows: list[dict[str, Any]] = []
    for route in findings.routes:
        for indicator, texts in (("impact_positive", route.positive), ("impact_concern", route.concerns)):
            nl, en = ("; ".join(getattr(text, language) for text in texts) for language in LANGUAGES)
            row = {STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS, NOTE: bilingual(nl, en) if texts else ""}
            rows.append({**row, INDICATOR: indicator, CATEGORY: f"route_{route.id}", ESTIMATE: float(len(texts))})
    cannot = "The number of things said is no measure of impact; it comes from interviews and group sessions."
    return ResultTable(
        frame=_tidy(rows, AS_PUBLISHED),
        function="list_impacts",
        evidence="goal_attainment",
        cannot_show=cannot,
        rules=AS_PUBLISHED,
        public=True,
    )


def _by_exhibit(tables: Sequence[SafeTable]) -> dict[str, SafeTable]:
    """Index SafeTables by exhibit; raise DisclosureError for anything else."""
    tables = [require_safe(table, where="synthesise") for table in tables]
    return {table.exhibit: table for table in tables}


def _source_row(question: str, source: Source, exhibits: Mapping[str, SafeTable], findings: Findings) -> dict[str, Any]:
    """Return what one source says of one question: direction, the numbers behind it, and the level of evidence."""
    readings = [one for one in findings.readings if (one.question, one.source) == (question, source.id)]
    signs: list[float] = []
    numbers: list[float] = []
    units: list[float] = []
    withheld, levels, present = 0, [], []
    for reading in readings:
        table = exhibits.get(reading.exhibit)
        if table is None:
            continue
        cells = read_cells(table, reading, findings.rule_set)
        new_signs = cell_signs(cells[cells[STATUS] == SHOWN], reading, findings.thresholds.about)
        signs += new_signs
        withheld += int((cells[STATUS] != SHOWN).sum())
        shown = cells.loc[(cells[STATUS] == SHOWN) & cells[ESTIMATE].notna()]
        numbers = numbers or (read_shares(shown, reading) if reading.rule == "share" else [])
        units += shown[N_UNITS].dropna().tolist()
        levels.append(table.evidence)
        present.append(reading.exhibit)
    statements = [one for one in findings.statements if (one.question, one.source) == (question, source.id)]
    signs += [{"up": 1.0, "down": -1.0, "none": 0.0}.get(one.direction, np.nan) for one in statements]
    levels += [source.evidence] if statements and source.evidence else []
    return {
        "question": question,
        "source": source.id,
        "direction": decide_direction(signs, findings.thresholds.majority),
        "number": float(np.mean(numbers or [share_up(sign) for sign in signs] or [np.nan])),
        "is_share": bool(numbers),
        "cells": len(signs),
        "cells_up": sum(sign == 1 for sign in signs),
        "withheld": withheld,
        "n_units": min(units, default=np.nan),
        "evidence": min(levels, key=EVIDENCE_ORDER.index, default=""),
        "exhibits": tuple(present),
        "statements_nl": " ".join(one.nl for one in statements),
        "statements_en": " ".join(one.en for one in statements),
    }


def _agreement(directions: Sequence[str]) -> str:
    """Compare the known directions of a question."""
    known = [direction for direction in directions if direction != UNKNOWN]
    if len(known) < 2:
        return SINGLE if known else NOTHING
    if len(set(known)) == 1:
        return AGREE
    return CONTRADICT if {"up", "down"} <= set(known) else PARTLY


def _explanations(question: str, part: Sequence[Mapping[str, Any]], findings: Findings) -> list[Explanation]:
    """List the explanations for each two sources of a question whose directions differ."""
    directions = {row["source"]: row["direction"] for row in part if row["direction"] != UNKNOWN}
    return [
        reason
        for reason in findings.reasons
        if set(reason.between) <= set(directions)
        and directions[reason.between[0]] != directions[reason.between[1]]
        and (not reason.questions or question in reason.questions)
    ]


def _tidy_table(frame: pd.DataFrame, used: Sequence[SafeTable], findings: Findings) -> ResultTable:
    """Write the synthesis as tidy rows: for each question a row a source, and one with the verdict and its reasons.

    ``estimate`` is the share itself where the source tells a share of firms, with the firms behind it; else the part of
    its cells and statements that points up (a mixed one counts half). The note says it in words, in both languages.
    """
    rows: list[dict[str, Any]] = []
    for question, part in frame.groupby("question", sort=False):
        for row in part.to_dict("records"):
            rows.append(
                {
                    INDICATOR: f"says_{row['source']}",
                    STATISTIC: SHARE,
                    CATEGORY: f"question_{question}",
                    ESTIMATE: row["number"],
                    N_UNITS: row["n_units"] if row["is_share"] else np.nan,
                    UNIT_OF_MEASURE: SHARE if row["is_share"] and pd.notna(row["n_units"]) else RECORDS,
                    NOTE: bilingual(*(_source_note(row, findings, language) for language in LANGUAGES)),
                }
            )
        known = int((part["direction"] != UNKNOWN).sum())
        reasons = [one for one in findings.reasons if any(one.id in ids for ids in part["reasons"])]
        verdict = findings.words[part[AGREEMENT].iloc[0]]
        rows.append(
            {
                INDICATOR: "sources_with_a_direction",
                STATISTIC: COUNT,
                CATEGORY: f"question_{question}",
                ESTIMATE: float(known),
                UNIT_OF_MEASURE: RECORDS,
                NOTE: bilingual(
                    *("; ".join(getattr(text, language) for text in (verdict, *reasons)) for language in LANGUAGES)
                ),
            }
        )
    rules = findings.rule_set or AS_PUBLISHED
    levels = {level for level in frame["evidence"] if level}
    simulations = [table.simulation for table in used if table.simulation is not None]
    return ResultTable(
        frame=_tidy(rows, rules),
        function="synthesise",
        evidence=min(levels, key=EVIDENCE_ORDER.index, default="goal_attainment"),
        cannot_show=CANNOT_SHOW,
        rules=rules,
        simulation=simulations[0] if simulations else None,
    )


def _tidy(rows: Sequence[Mapping[str, Any]], rules: str) -> pd.DataFrame:
    """Complete tidy rows that are not split by size class or sector."""
    tidy = pd.DataFrame([dict(row) for row in rows], columns=list(TIDY))
    tidy = tidy.assign(**{GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, EXHIBIT: "", RULE_SET: rules})
    tidy[list(NUMBERS)] = tidy[list(NUMBERS)].astype("float64")
    tidy[YEAR] = tidy[YEAR].astype("Int64")
    return tidy


def _source_note(row: Mapping[Hashable, Any], findings: Findings, language: Language) -> str:
    """Write in one language what a source says: direction, cells behind it, evidence, and the statements themselves."""
    words = {name: getattr(text, language) for name, text in findings.words.items()}
    cells = words["cells"].format(up=row["cells_up"], n=row["cells"]) if row["exhibits"] and row["cells"] else ""
    parts = [words[row["direction"]], cells or ("" if row["cells"] else words["no_cells"])]
    parts += [words["withheld"].format(n=row["withheld"])] if row["withheld"] else []
    parts += [words[row["evidence"]]] if row["evidence"] else []
    return "; ".join(part for part in [*parts, row[f"statements_{language}"]] if part)
