"""The site of the documentation: nothing is fetched, its search needs no server, and notebooks show what they gave."""

from __future__ import annotations

import importlib.util
import re

import nbformat
import pytest
import yaml
from paths import ROOT

CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
MADE = {"index.md", "notebooks.md", "api.md"}  # by the hooks, of other files


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "site" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook that prints, computes, shows HTML and folds a solution."""
    code = ["print('<a> & b')", "6 * 7", "from IPython.display import HTML\nHTML('<b>bold</b>')", "x = 1"]
    cells = [nbformat.v4.new_markdown_cell("# Title\n\nWords."), *map(nbformat.v4.new_code_cell, code)]
    cells[-1].metadata["tags"] = ["solution"]
    path = tmp_path / "lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def pages(nav):
    for entry in nav:
        for value in entry.values():
            yield from pages(value) if isinstance(value, list) else [value]


def test_the_site_fetches_nothing_and_searches_without_a_server():
    assert "offline" in CONFIG["plugins"]
    assert CONFIG["theme"]["font"] is False
    # The plugin adds one from the net unless a name among these tells of the same.
    assert any("iframe-worker" in name for name in CONFIG["extra"]["polyfills"])
    assert not [name for name in CONFIG["extra"]["polyfills"] if "//" in name]
    assert "//" not in re.sub(
        r"^//.*|\s//.*", "", (ROOT / "docs/site/iframe-worker.js").read_text(), flags=re.MULTILINE
    )


def test_every_page_of_the_menu_is_there():
    named = set(pages(CONFIG["nav"]))
    assert named >= MADE
    assert not [name for name in named - MADE if not (ROOT / "docs" / name).is_file()]


def test_a_notebook_shows_what_its_cells_gave(gallery, notebook):
    shown = {"lesson": gallery._run(notebook)}
    page = gallery.page_of(notebook, shown)
    assert gallery.title_of(notebook) == "Title"
    assert page.count("data-output") == 3
    assert "<details markdown><summary>solution</summary>" in page
    filled = gallery.fill_places(page, shown)
    assert "data-output" not in filled
    assert '<pre class="output">&lt;a&gt; &amp; b\n</pre>' in filled
    assert '<pre class="output">42</pre>' in filled
    assert '<div class="output"><b>bold</b></div>' in filled


def test_outputs_are_kept_until_the_notebook_changes(gallery, notebook, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(gallery, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(gallery, "READ", ())
    monkeypatch.setattr(gallery, "_write_study", lambda folder: None)
    monkeypatch.setattr(gallery, "_run", lambda path, environment: ran.append(path) or ["<p>once</p>"])
    monkeypatch.delenv(gallery.EXTRACT_VARIABLE, raising=False)
    assert gallery.run_notebooks([notebook]) == {}
    monkeypatch.setenv(gallery.EXTRACT_VARIABLE, str(tmp_path))
    for _ in range(2):
        assert gallery.run_notebooks([notebook]) == {"lesson": ["<p>once</p>"]}
    assert len(ran) == 1
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("6 * 7", "6 * 8"), encoding="utf-8")
    gallery.run_notebooks([notebook])
    assert len(ran) == 2
    assert len(list((tmp_path / "kept").iterdir())) == 1, "what no notebook has is thrown away"


def test_the_site_has_every_notebook_in_english(gallery):
    sources = {path.stem for path in (ROOT / "notebooks").rglob("*.py")}
    assert {path.stem for path in gallery.notebooks()} == sources
