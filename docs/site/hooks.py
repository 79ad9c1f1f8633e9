"""What the site adds to the pages of docs: the start page, the API, the notebooks, and formulas as MathML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gallery
from latex2mathml.converter import convert
from mkdocs.structure.files import File

import si_eval
from si_eval import effects, survey

ROOT = Path(__file__).resolve().parents[2]
SHOWN: dict[str, list[str]] = {}  # what the cells of each notebook show
CODE = re.compile(r"(```.*?```|~~~.*?~~~|`[^`\n]+`)", re.DOTALL)
BLOCK = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$([^$\n]+?)\$(?![\w$])")
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)]*)?\)")
COPIED = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of other files."""
    pages = {target: (ROOT / source).read_text(encoding="utf-8") for source, target in COPIED.items()}
    pages["api.md"] = api_page()
    notebooks = gallery.notebooks()
    SHOWN.update(gallery.run_notebooks(notebooks))
    pages["notebooks.md"] = "# Notebooks\n\n" + "".join(
        f"- [{gallery.title_of(path)}](notebooks/{path.stem}.md)\n" for path in notebooks
    )
    for path in notebooks:
        pages[f"notebooks/{path.stem}.md"] = gallery.page_of(path, SHOWN)
    pages["assets/iframe-worker.js"] = (ROOT / "docs" / "site" / "iframe-worker.js").read_text(encoding="utf-8")
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Write formulas as MathML, and links between pages as the site has them."""
    parts = CODE.split(markdown)
    return "".join(
        part if place % 2 else with_formulas(part) for place, part in enumerate(relinked(parts, page, files))
    )


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Put what a notebook shows in its places."""
    return gallery.fill_places(html, SHOWN) if "data-output" in html else html


def relinked(parts: list[str], page: Any, files: Any) -> list[str]:
    """Point links at pages of the site; what is not on it keeps its words alone."""
    here = Path("docs") / Path(page.file.src_path).parent
    if page.file.src_path in COPIED.values():
        here = Path()

    def link(found: re.Match[str]) -> str:
        target = found["target"]
        if re.match(r"[a-z]+:", target):
            return found[0]
        path = Path(*normal((here / target).parts))
        name = COPIED.get(str(path), str(path.relative_to("docs")) if path.parts[:1] == ("docs",) else "")
        if not name or files.get_file_from_path(name) is None:
            return "](#)"
        depth = len(Path(page.file.src_path).parent.parts)
        return f"]({'../' * depth}{name}{found['anchor'] or ''})"

    return [part if place % 2 else LINK.sub(link, part) for place, part in enumerate(parts)]


def normal(parts: tuple[str, ...]) -> list[str]:
    """Return the parts of a path without steps up."""
    found: list[str] = []
    for part in parts:
        if part == ".." and found:
            found.pop()
        elif part not in (".", ".."):
            found.append(part)
    return found


def with_formulas(text: str) -> str:
    """Write the formulas of a text as MathML, which browsers show by themselves."""
    text = BLOCK.sub(lambda found: "\n" + convert(found[1].strip(), display="block").replace("\n", " ") + "\n", text)
    return INLINE.sub(lambda found: convert(found[1]), text)


def api_page() -> str:
    """List every public name with its docstring."""
    parts = ["# API\n"]
    for module, prefix in ((si_eval, ""), (effects, "effects."), (survey, "survey.")):
        parts.append(f"\n## `{module.__name__}`\n")
        for name in module.__all__:
            thing = getattr(module, name)
            parts.append(
                f"\n::: {thing.__module__}.{name}\n" if hasattr(thing, "__module__") else f"\n### {prefix}{name}\n"
            )
    return "".join(parts)
