"""The release: what stands in the ZIP, what never does, and what stays inside."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from test_disclosure_rules import rows, simulated, with_margins

from si_eval.disclosure import OutputRequest, ReleaseLedger, decide, protect, scan_release, write_acro_results
from si_eval.disclosure.package import Output
from si_eval.errors import DisclosureError

IDENTIFIER = "8712345"
CHUNK = b"\x00\x00\x00\x00"


def png(*, text: bytes = b"", tail: bytes = b"") -> bytes:
    """Make the frame of a PNG: enough for the scan, which reads its parts."""

    def part(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + CHUNK

    extra = part(b"tEXt", text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", b"\x00" * 13) + extra + part(b"IEND", b"") + tail


@pytest.fixture
def table():
    return with_margins(simulated(3, 900, 5, 1), ("size_class", "sector")).named("x", {"en": "Revenue"})


def request(table, **settings):
    return OutputRequest("A study", **settings).add(table, draw=lambda safe: png(), population="all firms")


def test_the_zip_holds_what_the_office_asks_and_is_the_same_twice(table, tmp_path):
    first = request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    second = request(table).write(tmp_path / "b.zip", light=True, evidence=tmp_path / "inside")
    assert second.name == "LIGHT_b.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == [
            "output_control_form.txt", "T01.csv", "F01.png", "F01.csv", "variables.csv", "README.txt", "decisions.csv",
            "manifest.json",
        ]  # fmt: skip
        manifest = json.loads(archive.read("manifest.json"))
        released = pd.read_csv(io.BytesIO(archive.read("T01.csv")))
        decisions = pd.read_csv(io.BytesIO(archive.read("decisions.csv")))
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert set(manifest["files"]) == set(archive.namelist()) - {"manifest.json"}
    assert (released["status"] != "shown").sum() == len(decisions) > 0
    assert set(decisions["rule_class"]) <= {"frequency", "dominance", "secondary"}
    assert b"p_percent" not in everything
    assert b"min_units" not in everything


def test_the_evidence_stays_inside(table, tmp_path):
    request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    names = {path.name for path in (tmp_path / "inside").iterdir()}
    assert names == {"rows.csv", "cells.csv", "intervals.csv", "rules.json", "STAYS_INSIDE.txt"}
    with pytest.raises(DisclosureError, match="stays inside"):
        request(table).write(tmp_path / "a.zip", evidence=tmp_path)


def leak(archive, table, decision):
    gone = np.flatnonzero(decision.tables[0].to_frame()["status"] != "shown")
    value = table.frame["estimate"].iloc[gone[0]]
    return archive.writestr("notes.txt", f"the mean was {value:.6g}")


LEAKS = {
    "a withheld value in a text": leak,
    "a withheld value in a file name": lambda archive, table, decision: archive.writestr(
        f"{table.frame['estimate'].iloc[min(decision.rows[0])]:.8f}.txt", ""
    ),
    "an identifier": lambda archive, *_: archive.writestr("log.txt", f"unit {IDENTIFIER} was dropped"),
    "another format": lambda archive, *_: archive.writestr("table.html", "<p>1</p>"),
    "a folder": lambda archive, *_: archive.writestr("more/T02.csv", "a"),
    "text in an image": lambda archive, *_: archive.writestr("F02.png", png(text=b"Comment\x00data")),
    "bytes behind an image": lambda archive, *_: archive.writestr("F02.png", png(tail=b"1,2,3")),
    "a withheld row with a number": lambda archive, table, decision: archive.writestr(
        "T02.csv", "estimate,std_error,conf_low,conf_high,p_value,n_units,status\n,,,,,7,suppressed\n"
    ),
}


@pytest.mark.parametrize("add", LEAKS.values(), ids=LEAKS.keys())
def test_the_scan_finds_what_was_slipped_in(table, tmp_path, add):
    path = request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    decision = decide([table])
    assert scan_release(path, decision, [table], [IDENTIFIER]) == []
    with zipfile.ZipFile(path, "a") as archive:
        add(archive, table, decision)
    assert scan_release(path, decision, [table], [IDENTIFIER])


def test_a_release_that_fails_its_scan_leaves_no_zip(table, tmp_path):
    asked = OutputRequest("A study", identifiers=[IDENTIFIER]).add(table, population=f"without {IDENTIFIER}")
    with pytest.raises(DisclosureError, match="an identifier"):
        asked.write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    assert not (tmp_path / "a.zip").exists()


def test_only_tables_and_bitmaps_leave(table, tmp_path):
    with pytest.raises(DisclosureError, match="expected ResultTable"):
        OutputRequest("A study").add(table.frame)
    drawn = OutputRequest("A study").add(table, draw=lambda safe: b"<svg/>")
    with pytest.raises(DisclosureError, match="expected PNG"):
        drawn.write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    with pytest.raises(DisclosureError, match="found no table"):
        OutputRequest("A study").write(tmp_path / "a.zip", evidence=tmp_path / "inside")


def test_a_second_request_cannot_undo_the_first(tmp_path):
    full = {"year": 2019, "estimate": 10.0, "n_units": 42.0, "n_holdings": 42.0, "total": 420.0}
    fewer = {"year": 2019, "estimate": 9.0, "n_units": 41.0, "n_holdings": 41.0, "total": 369.0}
    ledger = ReleaseLedger()
    request(rows(full), ledger=ledger).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    assert ledger.releases == 1
    kept = ReleaseLedger.load(ledger.save(tmp_path / "ledger.json"))
    assert kept.cells == ledger.cells
    for earlier in (ledger, kept, protect([rows(full)])):
        assert protect([rows(fewer)], ledger=earlier)[0].to_frame()["status"].tolist() == ["suppressed"]
    assert protect([rows(full)], ledger=ledger)[0].to_frame()["status"].tolist() == ["shown"]
    assert ledger.to_frame().query("not shown")["total"].isna().all()


def test_the_checkers_viewer_gets_its_file(table, tmp_path):
    decision = decide([table])
    path = write_acro_results(tmp_path / "results.json", decision, [Output(table, "", "", False, False)])
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["results"].values()
    needed = {"uid", "status", "type", "properties", "files", "outcome", "command", "summary", "timestamp", "comments"}
    assert needed | {"exception", "fair"} <= set(entry)
    assert entry["status"] == "review"
