"""The documents: examples run and print what the page says, links lead somewhere, nothing public is left out."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from typing import get_args

import pytest
from paths import ROOT

import si_eval as se
from si_eval.published.verdicts import VERDICTS
from si_eval.registry import assets, indicators
from si_eval.study.catalogue import EXHIBIT_FUNCTIONS
from si_eval.vocabulary import (
    DOF,
    ERROR_DOF,
    EVIDENCE_COLUMNS,
    GROUPS,
    MERGED,
    MOVED_COLUMNS,
    N_TOTAL,
    PSEUDO_COLUMNS,
    PUBLIC_COLUMNS,
    PUBLIC_UNIT,
    SE_CONVENTION,
    SHOWN,
    STATISTICS,
    STATUS,
    STD_DEV,
    SUPPRESSED,
    TIDY,
    Evidence,
    Verdict,
)

DOCS = ROOT / "docs"
METHODS = sorted(path for path in (DOCS / "methods").glob("*.md") if path.name != "README.md")
PAGES = sorted(
    [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "data" / "README.md", ROOT / "data" / "survey" / "README.md"]
)
SECTIONS = ["When to use it", "Example", "Formula", "Uncertainty", "Edge cases", "Fine print"]
FINE_PRINT = ["Deviations", "Source", "Held against", "Tests", "Evidence", "Where it is"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
# A path of the project in code marks: a name of a file or a folder of the ground floor.
PATH = re.compile(r"(?:si_eval|tests|data|docs|notebooks|benchmarks)/[\w./-]*")


def name_of(path):
    return str(path.relative_to(ROOT))


def blocks(path):
    return [(match[1], match[2]) for match in BLOCK.finditer(path.read_text(encoding="utf-8"))]


def without_code(text):
    return BLOCK.sub("", text)


def anchors(path):
    """List the anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder that holds a tiny simulated extract, `extract`."""
    place = tmp_path_factory.mktemp("docs")
    se.simulate_extract(place / "extract", scale=0.002, seed=1)
    return place


def run(path, number, code, names):
    """Run one block of a page and return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, f"{path.name}, block {number}", "exec"), names)
    return out.getvalue()


@pytest.mark.parametrize("path", [*METHODS, DOCS / "TUTORIAL.md"], ids=name_of)
def test_the_examples_of_a_page_print_what_it_says(path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"__name__": "example"}
    parts = blocks(path)
    examples = [place for place, (language, _) in enumerate(parts) if language == "python"]
    assert examples, "a page has an example"
    for number, place in enumerate(examples, 1):
        printed = run(path, number, parts[place][1], names)
        assert parts[place + 1][0] == "text", "the output of an example stands under it"
        assert printed == parts[place + 1][1], f"block {number} prints something else; put this under it:\n{printed}"


def test_the_ten_lines_of_the_readme_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [text for language, text in blocks(ROOT / "README.md") if language == "python"]
    printed = run(ROOT / "README.md", 1, code.replace("scale=0.01", "scale=0.002"), {"__name__": "example"})
    assert "shown" in printed


@pytest.mark.parametrize("path", METHODS, ids=name_of)
def test_formulas_read_the_same_everywhere(path):
    """Markdown takes the backslash before a sign away, on some pages: formulas use commands with names."""
    formulas = re.findall(r"\$\$(.*?)\$\$|\$([^$\n]+)\$", without_code(path.read_text(encoding="utf-8")), re.DOTALL)
    texts = [block or line for block, line in formulas]
    assert not [text for text in texts if re.search(r"\\[^A-Za-z\s]", text)]
    assert not [text for text in texts if re.search(r"^ *[-+=#>*]", text, re.MULTILINE)], "a line becomes a list item"
    assert not [text for text in texts if text.count("{") != text.count("}")]


@pytest.mark.parametrize("path", METHODS, ids=name_of)
def test_a_page_has_its_sections_and_its_fine_print(path):
    text = without_code(path.read_text(encoding="utf-8"))
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    fine_print = text.split("## Fine print")[1]
    assert re.findall(r"^- \*\*(.+?)\*\*:", fine_print, re.MULTILINE) == FINE_PRINT


def test_the_page_of_the_house_names_every_room():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    house = next(contract for contract in contracts if contract.get("containers") == ["si_eval"])
    rooms = {room.strip() for layer in house["layers"] for room in layer.split("|")}
    assert rooms <= set(CODE.findall((DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")))


def test_every_page_is_in_the_index():
    linked = set(LINK.findall((DOCS / "methods" / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in METHODS} <= linked


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path):
    for link in LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(file), link


# What happened is told in the words of its time: a changelog and a decision may name what is no longer there.
NOW = [path for path in PAGES if path.name != "CHANGELOG.md" and path.parent.name != "decisions"]


@pytest.mark.parametrize("path", NOW, ids=name_of)
def test_named_paths_are_there(path):
    for code in CODE.findall(without_code(path.read_text(encoding="utf-8"))):
        if PATH.fullmatch(code):
            assert (ROOT / code).exists(), code


@pytest.mark.parametrize("path", NOW, ids=name_of)
def test_named_tests_are_there(path):
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    known = set(re.findall(r"^def (test_\w+)", "\n".join(texts), re.MULTILINE))
    for name, shortened in re.findall(r"`(test_\w+)(…?)`", path.read_text(encoding="utf-8")):
        assert name in known or (shortened and any(one.startswith(name) for one in known)), name


def test_every_public_function_is_in_a_page_or_the_glossary():
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in [*METHODS, DOCS / "GLOSSARY.md", DOCS / "DISCLOSURE.md"]
    )
    named = set(re.findall(r"\w+", text))
    assert not sorted({*se.__all__, *EXHIBIT_FUNCTIONS} - named)


def glossary():
    """List the terms of the glossary: what stands in code marks in the first column of its tables."""
    rows = re.findall(r"^\| *(.+?) *\|", (DOCS / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {term for row in rows for term in CODE.findall(row)}


def test_the_glossary_has_every_column_and_code():
    codes = {*STATISTICS, *GROUPS, *get_args(Evidence), *get_args(Verdict), *VERDICTS, SHOWN, SUPPRESSED, MERGED}
    columns = {*TIDY, *EVIDENCE_COLUMNS, *PSEUDO_COLUMNS, *PUBLIC_COLUMNS, STATUS, DOF, N_TOTAL, PUBLIC_UNIT}
    columns |= {SE_CONVENTION, STD_DEV, ERROR_DOF, *MOVED_COLUMNS}
    assert not sorted((codes | columns) - glossary())


def test_the_glossary_has_every_group_of_reasons():
    text = (ROOT / "si_eval" / "registry" / "reasons.toml").read_text(encoding="utf-8")
    groups = set(re.findall(r"^# (\w+)$", text, re.MULTILINE))
    assert groups
    assert not sorted(groups - glossary())


def test_the_glossary_has_every_panel_column(folder, monkeypatch):
    monkeypatch.chdir(folder)
    extract = se.read_extract("extract")
    panel = se.build_panel(extract, se.link_participants(extract), rules="replicate_2020")
    known = glossary()
    of_an_asset = re.compile(f"_({'|'.join(assets())})(?=_|$)")
    columns = set(panel.to_frame().columns) - set(indicators())  # indicators have their labels in the registry
    assert not sorted({of_an_asset.sub("_<asset>", column) for column in columns} - known)
