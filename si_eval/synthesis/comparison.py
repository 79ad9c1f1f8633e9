"""Sources side by side: directions from protected cells, verdicts, and the table of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from si_eval.errors import DisclosureError
from si_eval.results import ResultTable, SafeTable
from si_eval.vocabulary import (
    ALL,
    CATEGORY,
    COUNT,
    ESTIMATE,
    EXHIBIT,
    GROUP,
    INDICATOR,
    KEYS,
    N_UNITS,
    NON_PARTICIPANTS,
    NOTE,
    NUMBERS,
    PARTICIPANTS,
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
)

from .findings import (
    AGREE,
    CONTRADICT,
    EVIDENCE_ORDER,
    NOTHING,
    PARTLY,
    SINGLE,
    UNKNOWN,
    Findings,
    Reading,
    Reason,
    Source,
)

AGREEMENT = "agreement"
AS_PUBLISHED = "as_published"
CANNOT_SHOW = "Sources that agree can be wrong together; a direction has no size, and none is an effect by itself."


@dataclass(frozen=True)
class Synthesis:
    """Sources side by side. ``frame`` has one row a question and source, ``table`` the same for the public border."""

    frame: pd.DataFrame
    table: ResultTable

    def to_frame(self) -> pd.DataFrame:
        """Give ``question, source, direction, number, cells, withheld, n_units, evidence, exhibits, agreement, …``."""
        return self.frame.copy()

    def summary(self) -> str:
        """Say by question what the sources say and whether they agree."""
        lines = []
        for question, part in self.frame.groupby("question", sort=False):
            said = ", ".join(f"{row['source']} {row['direction']}" for row in part.to_dict("records"))
            lines.append(f"{question}: {said}: {part['agreement'].iloc[0]}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()


def synthesise(questions: Sequence[str], *, tables: Sequence[SafeTable], findings: Findings) -> Synthesis:
    """Set what each source says of each question side by side, from protected tables alone.

    ``questions`` are the ids of the evaluation questions, in order; ``tables`` the exhibits of the other stages. A
    cell points up, down or nowhere by the rule of its reading; a source points where a majority of its shown cells
    does, else it is ``mixed``. A source whose exhibits are not there, or withheld, is ``unknown`` and says so. Verdicts
    compare the known directions: ``agree`` (the same), ``contradict`` (up and down), ``partly`` (the rest),
    ``single`` (one source), ``nothing``.
    """
    exhibits = _by_exhibit(tables)
    rows = []
    for question in questions:
        part = [_said(question, source, exhibits, findings) for source in findings.sources]
        agreement = _agreement([row["direction"] for row in part])
        for row in part:
            reasons = [reason for reason in _reasons(question, part, findings) if row["source"] in reason.between]
            rows.append({**row, AGREEMENT: agreement, "reasons": tuple(reason.id for reason in reasons)})
    frame = pd.DataFrame(rows)
    used = [exhibits[reading.exhibit] for reading in findings.readings if reading.exhibit in exhibits]
    return Synthesis(frame, _table(frame, used, findings))


def list_impacts(findings: Findings) -> ResultTable:
    """Count what was said of each impact route, for and against; the note repeats it in both languages.

    A count of things said weighs nothing: routes are not compared by it.
    """
    rows: list[dict[str, Any]] = []
    for route in findings.routes:
        for indicator, said in (("impact_positive", route.positive), ("impact_concern", route.concerns)):
            note = " | ".join("; ".join(getattr(one, language) for one in said) for language in ("nl", "en"))
            row = {STATISTIC: COUNT, UNIT_OF_MEASURE: RECORDS, NOTE: note if said else ""}
            rows.append({**row, INDICATOR: indicator, CATEGORY: f"route_{route.id}", ESTIMATE: float(len(said))})
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
    wrong = sorted({type(table).__name__ for table in tables if not isinstance(table, SafeTable)})
    if wrong:
        raise DisclosureError(
            f"synthesise: found {', '.join(wrong)}; expected SafeTables only; call se.protect([table]) first"
        )
    return {table.exhibit: table for table in tables}


def _said(question: str, source: Source, exhibits: Mapping[str, SafeTable], findings: Findings) -> dict[str, Any]:
    """Give what one source says of one question: direction, the numbers behind it, and how hard the evidence is."""
    readings = [one for one in findings.readings if (one.question, one.source) == (question, source.id)]
    signs: list[float] = []
    numbers: list[float] = []
    units: list[float] = []
    withheld, levels, present = 0, [], []
    for reading in readings:
        table = exhibits.get(reading.exhibit)
        if table is None:
            continue
        cells = _cells(table, reading, findings.rule_set)
        found = _signs(cells[cells[STATUS] == SHOWN], reading, findings.thresholds.about)
        signs += found
        withheld += int((cells[STATUS] != SHOWN).sum())
        shown = cells.loc[(cells[STATUS] == SHOWN) & cells[ESTIMATE].notna()]
        numbers = numbers or (_shares(shown, reading) if reading.rule == "share" else [])
        units += shown[N_UNITS].dropna().tolist()
        levels.append(table.evidence)
        present.append(reading.exhibit)
    statements = [one for one in findings.statements if (one.question, one.source) == (question, source.id)]
    signs += [{"up": 1.0, "down": -1.0, "none": 0.0}.get(one.direction, np.nan) for one in statements]
    levels += [source.evidence] if statements and source.evidence else []
    return {
        "question": question,
        "source": source.id,
        "direction": _direction(signs, findings.thresholds.majority),
        "number": float(np.mean(numbers or [_part_up(sign) for sign in signs] or [np.nan])),
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


def _cells(table: SafeTable, reading: Reading, rule_set: str) -> pd.DataFrame:
    """Choose the cells of a reading; under the rule set that is read, where the table has several."""
    frame = table.to_frame()
    for column, wanted in reading.where.items():
        values = {str(value) for value in (wanted if isinstance(wanted, list | tuple) else [wanted])}
        frame = frame[frame[column].astype(str).isin(values)]
    chosen = frame[frame[RULE_SET] == rule_set]
    return chosen if len(chosen) else frame


def _signs(cells: pd.DataFrame, reading: Reading, about: float) -> list[float]:
    """Give the direction of each cell or pair of cells: 1 up, -1 down, 0 no difference."""
    if reading.rule == "share":
        return [1.0 if one >= reading.up else 0.0 if one <= reading.none else np.nan for one in _shares(cells, reading)]
    if reading.rule == "labels":
        counts = cells.dropna(subset=[ESTIMATE])
        pairs = zip(counts[INDICATOR], counts[ESTIMATE], strict=True)
        return [
            float(reading.signs[label]) for label, count in pairs if label in reading.signs for _ in range(int(count))
        ]
    keys = [name for name in KEYS if name not in (EXHIBIT, YEAR, GROUP)]
    years = pd.to_numeric(cells[YEAR], errors="coerce").astype("float64").fillna(0.0)
    wide = cells.assign(**{YEAR: years}).dropna(subset=[ESTIMATE])
    if reading.rule == "gap":
        return _compare(wide, [*keys, YEAR], about)
    growth = _growth(wide, [*keys, GROUP])
    if reading.rule == "growth":
        return [_sign(change, about) for change in growth[ESTIMATE] - 1]
    return _compare(growth, keys, about)


def _shares(cells: pd.DataFrame, reading: Reading) -> list[float]:
    """Give the shares that are read: each cell, or the sum over the categories of each indicator."""
    known = cells.dropna(subset=[ESTIMATE])
    if reading.combine == "each":
        return known[ESTIMATE].astype("float64").tolist()
    keys = [name for name in KEYS if name not in (EXHIBIT, CATEGORY)]
    return known.groupby(keys, dropna=False, sort=False)[ESTIMATE].sum().astype("float64").tolist()


def _growth(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Give the last year's number over the first year's, where both are shown, differ and the first is not 0."""
    ordered = cells.sort_values(YEAR).groupby(list(keys), dropna=False, sort=False)
    first, last = ordered.first(), ordered.last()
    known = (first[YEAR] < last[YEAR]) & (first[ESTIMATE] != 0)
    return (last.loc[known, [ESTIMATE]] / first.loc[known, [ESTIMATE]]).reset_index()


def _compare(cells: pd.DataFrame, keys: Sequence[str], about: float) -> list[float]:
    """Give the direction of participants against non-participants for every cell that both have."""
    sides = [
        cells[cells[GROUP] == group].set_index(list(keys))[ESTIMATE].astype("float64")
        for group in (PARTICIPANTS, NON_PARTICIPANTS)
    ]
    both = pd.concat(sides, axis=1, join="inner", keys=["mine", "theirs"])
    both = both[both["theirs"] != 0]
    return [_sign(change, about) for change in (both["mine"] - both["theirs"]) / both["theirs"].abs()]


def _sign(change: float, about: float) -> float:
    return 0.0 if abs(change) <= about else float(np.sign(change))


def _part_up(sign: float) -> float:
    return 0.5 if np.isnan(sign) else float(sign > 0)


def _direction(signs: Sequence[float], majority: float) -> str:
    """Give where a majority points; a cell that points neither way (NaN) counts among them all."""
    if not signs:
        return UNKNOWN
    shares = {
        name: sum(sign == at for sign in signs) / len(signs) for name, at in (("up", 1), ("down", -1), ("none", 0))
    }
    return next((name for name, share in shares.items() if share >= majority), "mixed")


def _agreement(directions: Sequence[str]) -> str:
    known = [direction for direction in directions if direction != UNKNOWN]
    if len(known) < 2:
        return SINGLE if known else NOTHING
    if len(set(known)) == 1:
        return AGREE
    return CONTRADICT if {"up", "down"} <= set(known) else PARTLY


def _reasons(question: str, part: Sequence[Mapping[str, Any]], findings: Findings) -> list[Reason]:
    """Give the reasons for each two sources of a question whose directions differ."""
    says = {row["source"]: row["direction"] for row in part if row["direction"] != UNKNOWN}
    return [
        reason
        for reason in findings.reasons
        if set(reason.between) <= set(says)
        and says[reason.between[0]] != says[reason.between[1]]
        and (not reason.questions or question in reason.questions)
    ]


def _table(frame: pd.DataFrame, used: Sequence[SafeTable], findings: Findings) -> ResultTable:
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
                    NOTE: " | ".join(_words_of(row, findings, language) for language in ("nl", "en")),
                }
            )
        known = int((part["direction"] != UNKNOWN).sum())
        reasons = [one for one in findings.reasons if any(one.id in ids for ids in part["reasons"])]
        agreement = part[AGREEMENT].iloc[0]
        rows.append(
            {
                INDICATOR: "sources_with_a_direction",
                STATISTIC: COUNT,
                CATEGORY: f"question_{question}",
                ESTIMATE: float(known),
                UNIT_OF_MEASURE: RECORDS,
                NOTE: " | ".join(
                    "; ".join([getattr(findings.words[agreement], one), *(getattr(reason, one) for reason in reasons)])
                    for one in ("nl", "en")
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
    tidy = pd.DataFrame([dict(row) for row in rows], columns=list(TIDY))
    tidy = tidy.assign(**{GROUP: ALL, SIZE_CLASS: ALL, SECTOR: ALL, EXHIBIT: "", RULE_SET: rules})
    tidy[list(NUMBERS)] = tidy[list(NUMBERS)].astype("float64")
    tidy[YEAR] = tidy[YEAR].astype("Int64")
    return tidy


def _words_of(row: Mapping[str, Any], findings: Findings, language: Language) -> str:
    """Say in one language what a source says: direction, cells behind it, evidence, and the statements themselves."""
    words = {name: getattr(text, language) for name, text in findings.words.items()}
    told = words["cells"].format(up=row["cells_up"], n=row["cells"]) if row["exhibits"] and row["cells"] else ""
    parts = [words[row["direction"]], told or ("" if row["cells"] else words["no_cells"])]
    parts += [words["withheld"].format(n=row["withheld"])] if row["withheld"] else []
    parts += [words[row["evidence"]]] if row["evidence"] else []
    return "; ".join(part for part in [*parts, row[f"statements_{language}"]] if part)
