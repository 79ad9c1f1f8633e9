"""The scan of a run's results: an identifier is found in any file, and a quantity is none."""

from __future__ import annotations

import base64
import io
import json
import zlib

import pytest
import xlsxwriter

from si_eval.disclosure.results_scan import scan_results
from si_eval.disclosure.traces import sort_identifiers

IDENTIFIER = "08712345"
IDENTIFIERS = sort_identifiers([IDENTIFIER, "0d5a99c26b2e", "NL-0001.22"])
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEANl9ngAAAAABJRU5ErkJggg==")
TEXT_CHUNK = b"\x00\x00\x00\x04tEXtn\x00is\x00\x00\x00\x00"
HEAD = 33  # bytes of a PNG before its second part
TALKING = PIXEL[:HEAD] + TEXT_CHUNK + PIXEL[HEAD:]


def workbook(text="Sectors", number=12.0, sheet="sectors", title="Results"):
    """Make a workbook with a text, a number and properties."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"title": title})
        page = book.add_worksheet(sheet)
        page.set_column(0, 0, 12.3456789)
        page.write_string(0, 0, text)
        page.write_number(1, 0, number)
    return buffer.getvalue()


def page(text, image=PIXEL):
    return f'<p>{text}</p><img src="data:image/png;base64,{base64.b64encode(image).decode()}">'.encode()


def data(content):
    """Make a page that computes with data."""
    return f'<p>Sectors</p>\n<script id="data" type="application/json">{content}</script>'.encode()


def pdf(alt="Sectors", title="Results", *, wide=False):
    """Make the parts of a PDF that a scan looks at: strings, a packed stream of objects, metadata and places."""
    packed = zlib.compress(f"<< /Alt ({alt}) >>".encode())
    said = f"<FEFF{title.encode('utf-16-be').hex()}>" if wide else f"({title})"
    parts = [f"%PDF-1.7\n1 0 obj\n<< /Title {said} >>\nendobj\n".encode()]
    parts += [b"2 0 obj\n<< /Type /ObjStm /Length 8712345 >>\nstream\n" + packed + b"\nendstream\nendobj\n"]
    return b"".join([*parts, b"xref\n0 1\n0008712345 00000 n\nstartxref\n8712345\n"])


CLEAN = {
    "places of a PDF": ("report/report_en.pdf", pdf()),
    "a number that crossed the border": ("tables/a.csv", f"sector,estimate,status\nC,{IDENTIFIER},shown\n".encode()),
    "an effective number of units": ("tables/a.csv", b"sector,n_effective,n_total,status\nC,8712345.0,8712345,shown\n"),
    "a published number": ("published.csv", b"id,published,computed\nx,8712345.0,8712345.0\n"),
    "a quantity": ("report/report_en.html", page("8,712,345 euros")),
    "a number in the data of a page": ("report/explorer_en.html", data(json.dumps({"rows": [[8712345.0, 8712345]]}))),
    "a number of a workbook": ("report/tables_en.xlsx", workbook(number=8712345.0)),
    "an image": ("figures/a.png", PIXEL),
    "a hash": ("provenance.json", json.dumps({"sha256": 8 * IDENTIFIER}).encode()),
}
FOUND = {
    "a class": ("tables/a.csv", f"sector,estimate,status\n{IDENTIFIER},1.0,shown\n".encode()),
    "a column": ("tables/a.csv", b"NL-0001.22,estimate\nC,1.0\n"),
    "a note": ("published.csv", b"id,published,reason\nx,1.0,not of 0d5a99c26b2e\n"),
    "a page": ("report/report_en.html", page("unit 8712345")),
    "a text in the data of a page": ("report/explorer_en.html", data(json.dumps({"rows": [[1, IDENTIFIER]]}))),
    "a name in the data of a page": ("report/explorer_en.html", data(json.dumps({"values": {IDENTIFIER: 1}}))),
    "data of a page that are none": ("report/explorer_en.html", data('{"rows": [8712345')),
    "a list": ("exhibits.csv", b"exhibit\nNL-0001.22\n"),
    "a text of a workbook": ("report/tables_en.xlsx", workbook(text=IDENTIFIER)),
    "a sheet of a workbook": ("report/tables_en.xlsx", workbook(sheet=IDENTIFIER)),
    "a property of a workbook": ("report/tables_en.xlsx", workbook(title="of 0d5a99c26b2e")),
    "a provenance": ("provenance.json", json.dumps({"unit": int(IDENTIFIER)}).encode()),
    "a title of a PDF": ("report/report_en.pdf", pdf(title=IDENTIFIER)),
    "a title of a PDF in wide letters": ("report/report_en.pdf", pdf(title=IDENTIFIER, wide=True)),
    "an alternative text of a PDF": ("report/report_en.pdf", pdf(alt=f"of {IDENTIFIER}")),
    "a name": ("figures/0d5a99c26b2e.png", PIXEL),
    "text in an image": ("figures/a.png", TALKING),
    "text in the image of a page": ("report/report_en.html", page("clean", TALKING)),
}


def scanned(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return scan_results(folder, IDENTIFIERS)


@pytest.mark.parametrize(("name", "content"), CLEAN.values(), ids=CLEAN.keys())
def test_numbers_that_crossed_the_border_and_quantities_are_no_identifiers(tmp_path, name, content):
    assert scanned(tmp_path, name, content) == []


@pytest.mark.parametrize(("name", "content"), FOUND.values(), ids=FOUND.keys())
def test_an_identifier_or_a_hidden_text_is_found_in_any_file(tmp_path, name, content):
    problems = scanned(tmp_path, name, content)
    assert problems
    assert all(name in problem for problem in problems)


def test_where_firms_are_numbered_from_one_a_quantity_in_a_text_is_no_firm(tmp_path):
    numbered = sort_identifiers([*range(1, 50_000), 87_123_456])
    path = tmp_path / "page.html"
    for text, found in (("15000 answers", False), ("unit 87123456", True)):
        path.write_bytes(page(text))
        assert bool(scan_results(tmp_path, numbered)) == found
    path.rename(tmp_path / "page.txt")
    (tmp_path / "a.csv").write_text("sector,estimate,status\n15000,1.0,shown\n")
    assert any("a.csv" in problem for problem in scan_results(tmp_path, numbered)), "a class of one firm is no quantity"
