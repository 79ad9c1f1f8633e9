"""Chapters of a report without notebooks: a title, a text and exhibits, each drawn from its SafeTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from si_eval.report.execution import ExecutedCell, ExecutedNotebook
from si_eval.report.exhibit import exhibit_payload
from si_eval.report.specification import Chart
from si_eval.results import SafeTable
from si_eval.system.progress import Progress
from si_eval.vocabulary import Language


@dataclass(frozen=True)
class ReportChapter:
    """A chapter: its title and text (Markdown) by language, and its exhibits with how they are drawn."""

    title: Mapping[Language, str]
    text: Mapping[Language, str] = field(default_factory=dict)
    exhibits: Sequence[tuple[SafeTable, Chart]] = ()


def write_chapters(
    chapters: Sequence[ReportChapter], languages: Sequence[Language], *, progress: Progress | None = None
) -> list[ExecutedNotebook]:
    """Write chapters as the document takes them, which is as notebooks that ran.

    Raises DisclosureError for anything but a SafeTable as it was sealed.
    """
    total, done = max(1, sum(len(chapter.exhibits) for chapter in chapters)), 0
    written: list[ExecutedNotebook] = []
    for chapter in chapters:
        cells = [_prose(chapter, language) for language in languages]
        for table, chart in chapter.exhibits:
            if progress is not None:
                progress(f"chapter {len(written) + 1}/{len(chapters)}: {table.exhibit}", done / total)
            payload = exhibit_payload(table, chart, languages)
            cells.append(ExecutedCell("code", "", tuple(languages), (payload,)))
            done += 1
        written.append(ExecutedNotebook(chapter.title[languages[0]], tuple(cells)))
    return written


def _prose(chapter: ReportChapter, language: Language) -> ExecutedCell:
    """Write the title and text of a chapter in one language."""
    text = chapter.text.get(language, "")
    return ExecutedCell("prose", f"# {chapter.title[language]}\n\n{text}", (language,))
