"""Rows of a result and values of a frame, by their keys."""

from __future__ import annotations


def select_row(result, **keys):
    rows = result.to_frame()
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def select_values(frame, joined, **keys):
    rows = frame[frame["joined"] == joined]
    for column, value in keys.items():
        rows = rows[rows[column] == value]
    return (rows["sales"] / rows["staff"]).dropna()
