"""Two runs side by side: which figures moved, by how much, and what differs in what they were made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from si_eval.frozen import keep_frames
from si_eval.study.kept_inside import PROVENANCE, require_run
from si_eval.vocabulary import ESTIMATE, KEYS, NUMBERS, STATUS

BEFORE, AFTER, CHANGE, RELATIVE, WHAT = "before", "after", "change", "relative", "what"
PLACE = "place"  # of rows that have all keys alike, in their order
ADDED, REMOVED, MOVED = "added", "removed", "moved"
TOLERANCE = 1e-12  # relative: a number in a CSV is written in full
MAX_SHOWN = 12
# Kinds of causes, the first of which explains those after it: another seed gives other files.
SEED, INPUT, RULE, STUDY, VERSION, UNKNOWN = "seed", "input", "rule", "study", "version", "unknown"


@dataclass(frozen=True)
class Cause:
    """Something that differs between two runs: its kind, and what it was before and after."""

    kind: str
    what: str


@keep_frames("frame")
@dataclass(frozen=True)
class RunComparison:
    """The figures that differ between two runs, and what differs in what they were made from.

    ``frame`` has one row a number: ``exhibit``, its keys, ``what`` (moved, added or removed), ``before, after, change,
    relative`` (of the estimate) and the ``status`` of both. ``compared`` counts the rows that both have.
    """

    frame: pd.DataFrame
    causes: tuple[Cause, ...]
    compared: int

    def to_frame(self) -> pd.DataFrame:
        """Return the figures that differ, one row a number."""
        return self.frame.copy()

    @property
    def cause(self) -> str:
        """The kinds of what differs; `unknown` where figures moved and nothing does."""
        kinds = list(dict.fromkeys(one.kind for one in self.causes))
        return ", ".join(kinds) if kinds else UNKNOWN if len(self.frame) else ""

    def summary(self) -> str:
        """Say how many figures moved, the largest of them, and because of what."""
        moved = self.frame[self.frame[WHAT] == MOVED]
        lines = [
            f"{self.compared} figures in both runs: {len(moved)} moved; {self._count(ADDED)} added, "
            f"{self._count(REMOVED)} removed"
        ]
        lines += [f"  {cause.kind}: {cause.what}" for cause in self.causes]
        if self.cause == UNKNOWN:
            lines.append("  unknown: files, rules, study file, versions and seed are the same")
        largest = moved.assign(size=moved[RELATIVE].abs()).sort_values("size", ascending=False, kind="stable")
        for row in largest.head(MAX_SHOWN).to_dict("records"):
            keys = ", ".join(str(row[key]) for key in KEYS if str(row[key]) not in ("all", "", "nan", "<NA>"))
            lines.append(f"  {keys}: {_told(row[BEFORE])} -> {_told(row[AFTER])}")
        if len(moved) > MAX_SHOWN:
            lines.append(f"  and {len(moved) - MAX_SHOWN} more")
        return "\n".join(lines)

    def _count(self, what: str) -> int:
        """Count the figures that only one run has."""
        return int((self.frame[WHAT] == what).sum())

    def __repr__(self) -> str:
        return self.summary()


def compare_runs(first: str | Path, second: str | Path) -> RunComparison:
    """Compare the results of two runs: which figures moved, by how much, and what differs in their making.

    Use it when a new extract came, a rule changed or a package was upgraded. It reads protected tables and provenance
    alone, nothing that stays inside.

    Parameters
    ----------
    first, second : str or Path
        The results of two runs (``OUT``).

    Returns
    -------
    RunComparison
        ``to_frame()`` has a row for each number that moved, or that one run lacks; ``causes`` what differs: ``seed``
        of a simulation, ``input`` (files by their hash), ``rule`` (settings, output rules, earlier releases),
        ``study`` (its file), ``version`` (packages, Python, commit). ``summary()`` says all of it in a few lines.

    Raises
    ------
    StudyError
        For a folder that is no run.

    Examples
    --------
    >>> from pathlib import Path
    >>> import si_eval as se
    >>> _ = Path("study.toml").write_text('''
    ... name = "small"
    ... title = "Small"
    ... languages = ["en"]
    ... [[exhibits]]
    ... id = "sectors"
    ... chapter = "1"
    ... title = "Sectors"
    ... function = "describe_reach"
    ... arguments = { year = 2019 }
    ... select = { indicator = "sector", group = "participant" }
    ... chart = { kind = "shares", x = "sector" }
    ... ''')
    >>> for out in ("one", "two"):
    ...     _ = se.run_study("study.toml", out=out, extract="extract", notebooks=False)
    >>> print(se.compare_runs("one", "two"))
    34 figures in both runs: 0 moved; 0 added, 0 removed
    """
    folders = [Path(first), Path(second)]
    for folder in folders:
        require_run(folder)
    before, after = (_read_figures(folder) for folder in folders)
    index = [*KEYS, PLACE]
    both = before.merge(after, on=index, how="outer", suffixes=("_before", "_after"), indicator=True, sort=False)
    told = [json.loads((folder / PROVENANCE).read_text(encoding="utf-8")) for folder in folders]
    differs = pd.Series(False, index=both.index)
    for column in (*NUMBERS, STATUS):
        differs |= _differ(both[f"{column}_before"], both[f"{column}_after"])
    side = both["_merge"].astype(str)
    what = side.map({"both": MOVED, "left_only": REMOVED, "right_only": ADDED})
    old, new = both[f"{ESTIMATE}_before"], both[f"{ESTIMATE}_after"]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (new - old) / old.abs()
    rows = both[list(KEYS)].assign(**{WHAT: what, BEFORE: old, AFTER: new, CHANGE: new - old, RELATIVE: relative})
    rows = rows.assign(status_before=both[f"{STATUS}_before"], status_after=both[f"{STATUS}_after"])
    kept = rows[differs | (side != "both")].sort_values(list(KEYS), kind="stable", ignore_index=True)
    return RunComparison(kept, tuple(_causes(*told)), int((side == "both").sum()))


def _read_figures(folder: Path) -> pd.DataFrame:
    """Read the tables of a run: keys as texts, and numbers."""
    parts = []
    for path in sorted((folder / "tables").glob("*.csv")):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame = frame.reindex(columns=[*KEYS, *NUMBERS, STATUS]).fillna("").astype(str)
        numbers = {name: pd.to_numeric(frame[name].mask(frame[name] == "")) for name in NUMBERS}
        frame = frame.assign(**numbers)
        parts.append(frame.assign(**{PLACE: frame.groupby(list(KEYS)).cumcount()}))
    empty = pd.DataFrame(columns=[*KEYS, *NUMBERS, STATUS, PLACE])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _differ(before: pd.Series, after: pd.Series) -> pd.Series:
    """Mark the rows of which two columns differ; numbers by more than a double that is written can."""
    if before.dtype.kind == "f" and after.dtype.kind == "f":
        close = np.isclose(before, after, rtol=TOLERANCE, atol=0.0, equal_nan=True)
        return pd.Series(~close, index=before.index)
    return before.fillna("").astype(str) != after.fillna("").astype(str)


def _causes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what differs between two provenances; files of another seed are no cause of their own."""
    simulated = [told.get("synthetic") or {} for told in (before, after)]
    if simulated[0] != simulated[1]:
        yield from _changed(SEED, "", *simulated)
    else:
        yield from _input_causes(before.get("inputs", []), after.get("inputs", []))
    yield from _changed(RULE, "", before.get("rule_set", {}), after.get("rule_set", {}))
    for name in ("disclosure_rules", "earlier_releases"):
        yield from _changed(RULE, "", *({name: told.get(name)} for told in (before, after)))
    if before.get("study_sha256") != after.get("study_sha256"):
        yield Cause(STUDY, f"the study file of {before.get('study')} changed")
    versions = ({"python": told.get("python"), **told.get("packages", {})} for told in (before, after))
    yield from _changed(VERSION, "", *versions)
    yield from _changed(VERSION, "commit of ", *(_commits(told) for told in (before, after)))


def _commits(told: Mapping[str, Any]) -> dict[str, str]:
    """Return the commit that each source was read at."""
    return {
        name: f"{entry['commit'][:10]}{' and changes' if entry.get('changed') else ''}"
        for name, entry in told.get("git", {}).items()
    }


def _input_causes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Cause]:
    """Yield the files that changed, came or went, by table and name."""
    hashes = [{(one["table"], one["file"]): one["sha256"] for one in listed} for listed in (before, after)]
    for key in sorted({*hashes[0], *hashes[1]}):
        old, new = (known.get(key) for known in hashes)
        if old != new:
            change = "is another file" if old and new else "is new" if new else "is gone"
            yield Cause(INPUT, f"{key[1]} ({key[0]}) {change}")


def _changed(kind: str, start: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield the settings of a kind that differ."""
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Cause(kind, f"{start}{name}: {before.get(name, 'none')} -> {after.get(name, 'none')}")


def _told(value: float) -> str:
    """Write an estimate; one that is not shown says so."""
    return "not shown" if pd.isna(value) else f"{value:g}"
