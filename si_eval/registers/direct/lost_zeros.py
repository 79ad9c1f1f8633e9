"""Identifiers that lost their leading zeros in some tables, as numbers and spreadsheets do."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from si_eval.vocabulary import BE_ID


def restore_zeros(frames: Mapping[str, pd.DataFrame], notes: list[str]) -> dict[str, pd.DataFrame]:
    """Return tables whose identifiers have the zeros that they begin with in another table.

    Where all identifiers of a table are digits of one length and some begin with a zero, those of a table that are
    digits too, of which none begins with a zero and some are shorter, are filled up to that length. Others are left as
    they are: a shorter identifier may be another firm's.
    """
    known = {name: frame[BE_ID].dropna().astype("string") for name, frame in frames.items()}
    digits = {name: ids for name, ids in known.items() if len(ids) and ids.str.fullmatch("[0-9]+").all()}
    whole = {
        int(ids.str.len().iloc[0])
        for ids in digits.values()
        if ids.str.len().nunique() == 1 and ids.str.startswith("0").any()
    }
    if len(whole) != 1 or len(digits) < len([ids for ids in known.values() if len(ids)]):
        return dict(frames)
    (length,) = whole
    restored = dict(frames)
    for name, ids in digits.items():
        lengths = ids.str.len()
        if ids.str.startswith("0").any() or lengths.max() > length or lengths.min() == length:
            continue
        restored[name] = frames[name].assign(**{BE_ID: frames[name][BE_ID].astype("string").str.zfill(length)})
        notes.append(f"{name}: identifiers lost the zeros that they begin with elsewhere: filled up to {length} digits")
    return restored
