"""The release: what stands in the ZIP, what never does, and what stays inside."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest
from disclosure_rows import rows, simulated, with_margins
from hypothesis import given
from hypothesis import strategies as st

from si_eval.disclosure import OutputRequest, ReleaseLedger, decide, protect, scan_release, write_acro_results
from si_eval.disclosure.package import MANIFEST, describe_output, hash_of, pack
from si_eval.disclosure.scan import shown_numbers, withheld_numbers
from si_eval.disclosure.traces import Identifiers, _own_sentences, find_traces, gather_secrets, sort_identifiers
from si_eval.errors import DisclosureError
from si_eval.results import Simulation

IDENTIFIER = "08712345"
PERSON = "0d5a99c26b2e4f0b8f3c7f41a2d9e655"
OFFICE = "NL-0001.22"
IDENTIFIERS = [IDENTIFIER, PERSON, OFFICE]
NO_IDS = sort_identifiers([])
WITHHELD = 123456789.8
SHOWN = 55555.5


def png(*, text: bytes = b"", tail: bytes = b"", pixels: bytes = b"\x00\x00", behind: bytes = b"") -> bytes:
    """Make a PNG of one grey pixel, with what should not be in it."""

    def part(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    extra = part(b"tEXt", text) if text else b""
    body = part(b"IHDR", header) + extra + part(b"IDAT", zlib.compress(pixels) + behind) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body + tail


@pytest.fixture
def table():
    return with_margins(simulated(3, 900, 5, 1), ("size_class", "sector")).named("x", {"en": "Revenue"})


def request(table, **settings):
    return OutputRequest("A study", **settings).add(table, draw=lambda safe: png(), population="all firms")


def contents_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_what_the_office_asks_and_is_the_same_twice(table, tmp_path):
    first = request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    second = request(table).write(tmp_path / "b.zip", light=True, evidence=tmp_path / "inside")
    assert second.name == "LIGHT_b.zip"
    assert first.read_bytes() == second.read_bytes()
    files = contents_of(first)
    assert list(files) == [
        "output_control_form.txt", "T01.csv", "F01.png", "F01.csv", "variables.csv", "README.txt", "decisions.csv",
        "manifest.json",
    ]  # fmt: skip
    listed = json.loads(files["manifest.json"])["files"]
    assert listed == {name: hash_of(content) for name, content in files.items() if name != "manifest.json"}
    released = pd.read_csv(io.BytesIO(files["T01.csv"]))
    decisions = pd.read_csv(io.BytesIO(files["decisions.csv"]))
    assert (released["status"] != "shown").sum() == len(decisions) > 0
    assert set(decisions["status"]) == {"suppressed"}
    assert not re.search(rb"frequency|dominance|secondary", files["decisions.csv"])
    everything = b"".join(files.values())
    assert b"p_percent" not in everything
    assert b"min_units" not in everything


def test_a_simulated_table_says_so_in_every_file(table, tmp_path):
    simulated_table = type(table)(**{**vars(table), "simulation": Simulation("preset", 0.01, 7)})
    files = contents_of(request(simulated_table).write(tmp_path / "a.zip", evidence=tmp_path / "inside"))
    for name, content in files.items():
        if name.endswith(".csv"):
            assert set(pd.read_csv(io.BytesIO(content))["synthetic"]) == {"simulated"}
        elif name.endswith(".txt"):
            assert b"SYNTHETIC DATA" in content
    assert json.loads(files["manifest.json"])["synthetic"] == {"preset": "preset", "scale": 0.01, "seed": 7}


def test_the_evidence_stays_inside(table, tmp_path):
    request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    names = {path.name for path in (tmp_path / "inside").iterdir()}
    assert names == {"rows.csv", "cells.csv", "intervals.csv", "rules.json", "STAYS_INSIDE.txt"}
    with pytest.raises(DisclosureError, match="stays inside"):
        request(table).write(tmp_path / "a.zip", evidence=tmp_path)


WAYS = ["{:.6g}", "{:.1f}", "{:,.1f}", "{:.0f}", "{:,.0f}", "{:.10e}", "firm{:.0f}_x"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("separators", [",.", ".,", "\u202f,", "'."])
@pytest.mark.parametrize("scale", [1, 1e-3, 1e2])
def test_a_withheld_value_is_found_in_any_way_of_writing(way, separators, scale):
    secrets = gather_secrets([WITHHELD], [SHOWN])
    thousands, decimal = separators
    text = way.format(WITHHELD * scale).translate({ord(","): thousands, ord("."): decimal})
    assert find_traces(f"the mean was {text}.", secrets) == ["a withheld value"]


def test_a_number_in_a_sentence_of_the_registry_is_no_trace_and_the_same_number_elsewhere_is():
    sentence = next(one for one in _own_sentences() if re.search(r"\d{5}", one))
    (number,) = re.findall(r"\d{5,}", sentence)
    secrets = gather_secrets([float(number)], [SHOWN])
    assert find_traces(f"{sentence}: yes", secrets) == []
    assert find_traces(f"{sentence}: {number}", secrets) == ["a withheld value"]
    assert find_traces(f"No codes such as {number}", secrets) == ["a withheld value"]


def test_other_numbers_are_no_traces():
    secrets = gather_secrets([WITHHELD, 55555.4, 12.0], [SHOWN], [IDENTIFIER, "2019", 7], ["analyst"])
    for text in (
        "1,235",
        "1234667.8",
        "2026-11-22",
        "3.0.1",
        "55555",
        "12",
        "2019",
        "0.08712345",
        "analysts",
        64 * "7",
    ):
        assert find_traces(text, secrets) == [], text


@pytest.mark.parametrize(
    "text",
    [IDENTIFIER, "8712345", "8712345.0", "8,712,345", "unit_8712345x", PERSON.upper(), f"id_{PERSON}", f"a {OFFICE}"],
)
def test_an_identifier_is_found_however_it_is_written(text):
    assert find_traces(f"({text})", gather_secrets([], [], IDENTIFIERS)) == ["an identifier"]


PIECES = ["nl-01", "nl-012", "be/77-a", "0d5a-99c2", "nl-0", "x", " ", "-", "01", "\n", "é-999"]


@given(
    words=st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), max_size=5),
    text=st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
def test_one_pass_finds_the_identifiers_with_signs_that_a_search_for_each_finds(words, text):
    identifiers = sort_identifiers(words)
    found = find_traces(text, gather_secrets([], [], Identifiers(NO_IDS.numbers, NO_IDS.words, identifiers.phrases)))
    assert (found == ["an identifier"]) == any(phrase in text for phrase in identifiers.phrases)


def test_names_of_persons_machines_and_folders_are_found():
    secrets = gather_secrets([], [], names=["analyst", "ra-server-07", "/home/analyst"])
    for text in ("by Analyst", "on RA-SERVER-07.", "/home/analyst/x"):
        assert find_traces(text, secrets) == ["the name of a person, a machine or a folder"]


def withheld_value(table):
    return table.frame["estimate"].iloc[min(decide([table]).rows[0])]


def in_a_row(table, columns):
    """Give the released table with fields of its first withheld row filled in."""
    frame = protect([table])[0].to_frame()
    row = int(np.flatnonzero(frame["status"] != "shown")[0])
    frame = frame.astype(dict.fromkeys(columns, object))
    for column, value in columns.items():
        frame.loc[row, column] = value
    return frame.to_csv(index=False).encode()


LEAKS = {
    "a withheld value in a text": (
        lambda table: {"notes.txt": f"the mean was {withheld_value(table):.6g}".encode()},
        "notes.txt: a withheld value",
    ),
    "a withheld value in a file name": (
        lambda table: {f"{withheld_value(table):.8f}.txt": b""},
        "the name .*: a withheld value",
    ),
    "a withheld value in a note": (
        lambda table: {"T01.csv": in_a_row(table, {"note": f"was {withheld_value(table):,.2f}"})},
        "T01.csv: a withheld value",
    ),
    "a withheld row with a count": (
        lambda table: {"T01.csv": in_a_row(table, {"n_units": 7})},
        "T01.csv: a number in a withheld row",
    ),
    "a withheld row that says it is shown": (
        lambda table: {"T01.csv": in_a_row(table, {"estimate": withheld_value(table), "status": "shown"})},
        "T01.csv: a number that no protected table shows",
    ),
    "an identifier": (lambda table: {"log.txt": b"unit 8712345 was dropped"}, "log.txt: an identifier"),
    "an identifier in a table": (
        lambda table: {"T01.csv": in_a_row(table, {"category": IDENTIFIER})},
        "T01.csv: an identifier",
    ),
    "another format": (lambda table: {"table.html": b"<p>1</p>"}, "a format that is not asked for"),
    "a folder": (lambda table: {"more/T02.csv": b"a"}, "a folder"),
    "text in an image": (lambda table: {"F01.png": png(text=b"Comment\x00data")}, "of the kind tEXt"),
    "bytes behind an image": (lambda table: {"F01.png": png(tail=b"1,2,3")}, "behind the end of the image"),
    "more pixels than the image has": (lambda table: {"F01.png": png(pixels=b"\x00\x00data")}, "no pixel"),
    "bytes behind the pixels": (lambda table: {"F01.png": png(behind=b"data")}, "no pixel"),
}


@pytest.mark.parametrize(("slip", "found"), LEAKS.values(), ids=LEAKS.keys())
def test_the_scan_finds_what_was_slipped_in(table, tmp_path, slip, found):
    """The attacker also puts the manifest right, so that only what was slipped in can give it away."""
    path = request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    decision = decide([table])
    secrets = gather_secrets(
        withheld_numbers(decision, [table]), shown_numbers(decision.tables[0].to_frame()), IDENTIFIERS
    )
    assert scan_release(path, secrets) == []
    files = contents_of(path) | slip(table)
    manifest = json.loads(files.pop(MANIFEST))
    manifest["files"] = {name: hash_of(content) for name, content in files.items()}
    path.write_bytes(pack({**files, MANIFEST: json.dumps(manifest).encode()}))
    assert any(re.search(found, problem) for problem in scan_release(path, secrets))


def test_bytes_outside_the_files_and_a_changed_manifest_are_found(table, tmp_path):
    path = request(table).write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    secrets = gather_secrets([], shown_numbers(protect([table])[0].to_frame()))
    whole = path.read_bytes()
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"n = 7"
    assert scan_release(path, secrets) == ["the ZIP: bytes that belong to no file"]
    path.write_bytes(b"1234567" + whole)
    assert "the ZIP: bytes that belong to no file" in scan_release(path, secrets)
    files = contents_of(request(table).write(path, evidence=tmp_path / "inside"))
    path.write_bytes(pack({**files, "README.txt": b"other"}))
    assert scan_release(path, secrets) == ["README.txt: not as the manifest has it"]


def test_a_release_that_fails_its_scan_leaves_nothing(table, tmp_path):
    ledger = ReleaseLedger()
    asked = OutputRequest("A study", identifiers=[IDENTIFIER], ledger=ledger).add(table, population=IDENTIFIER)
    with pytest.raises(DisclosureError, match="an identifier"):
        asked.write(tmp_path / "a.zip", evidence=tmp_path / "inside")
    assert list(tmp_path.iterdir()) == []
    assert ledger.releases == 0


def test_only_tables_and_bitmaps_leave(table, tmp_path):
    with pytest.raises(DisclosureError, match="expected a ResultTable"):
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
    output = describe_output(table, decision.tables[0], decision.rows[0])
    path = write_acro_results(tmp_path / "results.json", [output], made_on="2026-01-31")
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["results"].values()
    needed = {"uid", "status", "type", "properties", "files", "outcome", "command", "summary", "timestamp", "comments"}
    assert needed | {"exception", "fair"} <= set(entry)
    assert entry["status"] == "review"
