"""The document: as HTML, Word and PDF, a file of each a language, from notebooks that ran once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from si_eval.errors import StudyError
from si_eval.report.chapters import ReportChapter, write_chapters
from si_eval.report.display import LANGUAGES
from si_eval.report.execution import execute_notebooks
from si_eval.report.outline import Outline, outline_report
from si_eval.report.page import write_page
from si_eval.report.pdf import can_write_pdf, write_pdf
from si_eval.report.word import write_word
from si_eval.system.progress import Progress, ignore_progress, part_of
from si_eval.system.temporary_folders import temporary_folder
from si_eval.vocabulary import NO_LABELS, Labels, Language


def other_forms() -> dict[str, Callable[[Outline], bytes]]:
    """Return what writes a document beside HTML, by ending: Word, and PDF where Typst is installed."""
    return {"docx": write_word, **({"pdf": write_pdf} if can_write_pdf() else {})}


def build_report(
    notebooks: Sequence[str | Path],
    *,
    annexes: Sequence[str | Path] = (),
    out: str | Path,
    title: str | Mapping[Language, str],
    language: Language | Sequence[Language] = LANGUAGES,
    environment: Mapping[str, str] | None = None,
    date: str = "",
    progress: Progress | None = None,
    chapters: Sequence[ReportChapter] = (),
    exhibits: Mapping[str, Mapping[Language, str]] | None = None,
    labels: Labels = NO_LABELS,
    beside: Mapping[str, str] = {},
) -> Path:
    """Run the notebooks once and write ``out/report_<language>.html`` for each language asked for.

    Beside it the same document as Word (``.docx``) and, with the extra ``report`` installed, as PDF.

    ``chapters`` stand before the notebooks, ``annexes``, which are notebooks too, after them under letters. ``title``
    is one text or one a language; ``date`` is printed as given, and no other time is. ``exhibits`` are the titles of
    all that there are, by id: those that no chapter shows are named in the list of exhibits. ``labels`` are a study's
    own; ``beside`` are files that it links to (``{language}`` in their names), by a label. Every file is rendered
    before the first is written. Returns the path of the first language's file. Raises StudyError for a cell that fails,
    DisclosureError for an output that is not safe.
    """
    languages: tuple[Language, ...] = (language,) if isinstance(language, str) else tuple(language)
    every = [*notebooks, *annexes]
    if not languages or (set(languages) - set(LANGUAGES) and (every or not labels)):
        raise StudyError(f"build_report: found language {language!r}; expected {' or '.join(LANGUAGES)}")
    say = progress or ignore_progress
    written = write_chapters(chapters, languages, progress=part_of(say, 0.0, 0.5 if every else 1.0))
    run = execute_notebooks(every, environment=environment, progress=part_of(say, 0.5, 1.0)) if every else []
    executed, apart = [*written, *run[: len(notebooks)]], run[len(notebooks) :]
    titles = {one: title if isinstance(title, str) else title[one] for one in languages}
    files: dict[str, bytes] = {}
    for one in languages:
        outline = outline_report(
            executed, annexes=apart, language=one, title=titles[one], date=date, exhibits=exhibits, labels=labels
        )
        files[_file_name(one)] = write_page(outline, others=_addresses(outline, languages, beside)).encode("utf-8")
        files |= {_file_name(one, form): write(outline) for form, write in other_forms().items()}
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        _write(folder / name, content)
    return folder / _file_name(languages[0])


def _addresses(outline: Outline, languages: Sequence[Language], beside: Mapping[str, str]) -> list[tuple[str, str]]:
    """List where else the document is, in other languages and forms, and what stands beside it."""
    others = [(one, _file_name(one)) for one in languages if one != outline.language]
    forms = [(form, _file_name(outline.language, form)) for form in other_forms()]
    files = [(outline.text(term), file.format(language=outline.language)) for term, file in beside.items()]
    return [*others, *forms, *files]


def _file_name(language: Language, form: str = "html") -> str:
    return f"report_{language}.{form}"


def _write(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of one."""
    with temporary_folder(f".{path.name}.", path.parent) as folder:
        written = folder / path.name
        written.write_bytes(content)
        written.replace(path)
