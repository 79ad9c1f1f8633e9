"""What stays inside: every identifier of every raw table, however far numbers lie apart, and no value twice."""

from __future__ import annotations

import pandas as pd
import pytest

from si_eval import engine
from si_eval.disclosure.traces import sort_identifiers
from si_eval.results import Extract
from si_eval.study import kept_inside as inside

FAR = 10**15  # beyond any row of marks


@pytest.mark.parametrize("last", [10_000_009, FAR], ids=["marked", "sorted"])
def test_every_identifier_of_every_table_is_kept_once(last):
    opened = engine.open_engine()
    frames = {
        "business_units": pd.DataFrame({"be_id": [10_000_001, 10_000_003, last], "group_id": [50_001, None, 50_001]}),
        "turnover": pd.DataFrame({"be_id": [10_000_003, 10_000_002, 10_000_003]}),
        "kvk_person": pd.DataFrame({"kvk_id": ["00A1b2", None, "c-4711"], "person_id": ["900001", "00012", "900001"]}),
        "participants": pd.DataFrame({"kvk_id": ["00a1b2", "7654321"]}),
    }
    frames["business_units"] = frames["business_units"].astype({"group_id": "Int64"})
    tables = {name: engine.from_frame(opened, frame) for name, frame in frames.items()}
    found = inside._identifiers(Extract(tables, opened))
    known = sort_identifiers(
        [10_000_001, 10_000_002, 10_000_003, last, 50_001, "00a1b2", "c-4711", "7654321", "900001", "00012"]
    )
    assert found.numbers.tolist() == known.numbers.tolist()
    assert found.words.tolist() == known.words.tolist()
    assert found.phrases == known.phrases == {"c-4711"}
