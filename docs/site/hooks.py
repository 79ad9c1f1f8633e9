"""What the site adds to the pages of docs: the start page, the API, the notebooks, and formulas as MathML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
from latex2mathml.converter import convert
from mkdocs.structure.files import File

import si_eval
from si_eval import effects, survey

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE = "en"
CODE = re.compile(r"(```.*?```|~~~.*?~~~|`[^`\n]+`)", re.DOTALL)
BLOCK = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$([^$\n]+?)\$(?![\w$])")
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)]*)?\)")
COPIED = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of other files."""
    pages = {target: (ROOT / source).read_text(encoding="utf-8") for source, target in COPIED.items()}
    pages["api.md"] = api_page()
    notebooks = [*sorted((ROOT / "notebooks").glob("*.py")), *sorted((ROOT / "notebooks" / "teaching").glob("*.py"))]
    pages["notebooks.md"] = "# Notebooks\n\n" + "".join(
        f"- [{title_of(source)}](notebooks/{source.stem}.md)\n" for source in notebooks
    )
    for source in notebooks:
        pages[f"notebooks/{source.stem}.md"] = notebook_page(source)
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Write formulas as MathML, and links between pages as the site has them."""
    parts = CODE.split(markdown)
    return "".join(
        part if place % 2 else with_formulas(part) for place, part in enumerate(relinked(parts, page, files))
    )


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


def title_of(source: Path) -> str:
    """Return the title of a notebook."""
    text = "\n".join(cell.source for cell in cells_of(source) if cell.cell_type == "markdown")
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else source.stem


def cells_of(source: Path) -> list[Any]:
    """Return the cells of a notebook in the language of the site."""
    every = jupytext.read(source).cells
    return [cell for cell in every if "nl" not in cell.metadata.get("tags", []) or LANGUAGE in cell.metadata["tags"]]


def notebook_page(source: Path) -> str:
    """Write a notebook as a page; solutions of exercises are folded."""
    parts = []
    for cell in cells_of(source):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif "solution" in cell.metadata.get("tags", []):
            parts.append(
                f"<details markdown><summary>solution</summary>\n\n```python\n{cell.source}\n```\n\n</details>"
            )
        else:
            parts.append(f"```python\n{cell.source}\n```")
    return "\n\n".join(parts)
