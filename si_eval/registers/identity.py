"""Whose units a panel has: keys that are equal for equal data and settings, and differ where the units or values do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd

from si_eval import engine
from si_eval.frozen import encode
from si_eval.registry import Deflators, RuleSet
from si_eval.results import Extract, Linkage, PanelIdentity
from si_eval.stats import IntArray
from si_eval.vocabulary import BE_ID, GROUP_ID

REGISTER = "business_units"
# The settings of a rule set that say nothing of the units, or of their values.
OF_INFERENCE = ("level", "cluster", "mean_interval", "statistics", "min_test_units")


def identity_of_extract(
    extract: Extract,
    linkage: Linkage,
    rules: RuleSet,
    public_units: Sequence[int],
    comparisons: Mapping[str, Sequence[int]] | None = None,
    deflators: Deflators | None = None,
) -> PanelIdentity:
    """Identify a panel of registers: by its raw files, participants, rules, public units and comparison groups.

    All panels of one register of business units number units alike.
    """
    fingerprint, universe = _hash_tables(extract), _hash_tables(extract, REGISTER)
    settings = {name: value for name, value in rules.settings().items() if name not in OF_INFERENCE}
    groups: list[object] = [dict(comparisons)] if comparisons else []
    groups += _prices(deflators)
    population = digest(fingerprint, hash_frame(linkage.units_frame), settings, sorted(public_units), *groups)
    return PanelIdentity(population, universe, fingerprint)


def identity_of_frame(
    frame: pd.DataFrame,
    rules: RuleSet,
    unit: str,
    unit_ids: IntArray | None,
    group_ids: IntArray | None,
    deflators: Deflators | None = None,
) -> PanelIdentity:
    """Identify a panel of a data frame, of which ``frame`` has the columns under the panel's names.

    Frames that name their units by the same column number them alike. ``unit_ids`` and ``group_ids`` are lasting ids by
    code, where the frame has codes.
    """
    lasting = {BE_ID: unit_ids, GROUP_ID: group_ids}
    ids = {name: _lasting(frame[name], known) for name, known in lasting.items() if known is not None}
    fingerprint = hash_frame(frame.assign(**ids))
    settings = {name: value for name, value in rules.settings().items() if name not in OF_INFERENCE}
    population = digest(fingerprint, settings, *_prices(deflators))
    return PanelIdentity(population, digest("frame", str(unit)), fingerprint, unit_ids, group_ids)


def _prices(deflators: Deflators | None) -> list[object]:
    """Return what decides deflated values; nothing for nominal ones."""
    return [] if deflators is None else [deflators.settings()]


def _lasting(codes: pd.Series, ids: IntArray) -> pd.Series:
    """Return the lasting id of each code; a missing one stays missing."""
    return codes.map(dict(enumerate(ids.tolist()))).astype("Int64")


def digest(*parts: object) -> str:
    """Compute the hash of parts that JSON can hold."""
    return hashlib.sha256(encode(list(parts)).encode()).hexdigest()


def hash_frame(frame: pd.DataFrame) -> str:
    """Compute the hash of the rows of a frame, whatever their order."""
    rows = pd.util.hash_pandas_object(frame, index=False).sort_values().to_numpy()
    return digest(list(map(str, frame.columns)), hashlib.sha256(rows.astype("<u8").tobytes()).hexdigest())


def _hash_tables(extract: Extract, only: str = "") -> str:
    """Compute the hash of raw tables (or one): of their files, or of their rows where no files are known."""
    files = [[one.table, one.year or 0, one.sha256, one.settings] for one in extract.sources if only in ("", one.table)]
    if files:
        return digest(sorted(files))
    tables = {name: table for name, table in extract.tables.items() if only in ("", name)}
    return digest([[name, hash_frame(engine.fetch(table))] for name, table in sorted(tables.items())])
