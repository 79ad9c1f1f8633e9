"""The chapters of a study's report: those that it names, else one a stage; which exhibits stand in none."""

from __future__ import annotations

from collections.abc import Mapping

from si_eval.errors import Problem, propose_name
from si_eval.report.chapters import ReportChapter
from si_eval.report.specification import Chart
from si_eval.results import SafeTable
from si_eval.study.catalogue import EXHIBIT_FUNCTIONS, OWN_STAGES, STAGES
from si_eval.study.file import Study
from si_eval.study.shape import show
from si_eval.vocabulary import label


def report_chapters(study: Study, tables: Mapping[str, SafeTable]) -> list[ReportChapter]:
    """Return the chapters of a report: the study's own, one a stage where it has neither chapters nor notebooks."""
    languages = study.file.languages
    charts = {exhibit.id: Chart(**exhibit.chart) for exhibit in study.file.exhibits}
    if study.file.chapters:
        return [
            ReportChapter(
                chapter.title.of(languages),
                {} if chapter.text is None else chapter.text.of(languages),
                [(tables[name], charts[name]) for name in chapter.exhibits],
            )
            for chapter in study.file.chapters
        ]
    if study.file.notebooks or study.file.annexes:
        return []
    of_stage = {exhibit.id: EXHIBIT_FUNCTIONS[exhibit.function].stage for exhibit in study.file.exhibits}
    stages = dict.fromkeys([*STAGES.values(), *OWN_STAGES.values()])
    return [
        ReportChapter(
            {one: label(f"report_stage_{stage}", one, study.labels) for one in languages},
            exhibits=[(tables[name], charts[name]) for name, found in of_stage.items() if found == stage],
        )
        for stage in stages
        if stage in of_stage.values()
    ]


def chapter_names(study: Study) -> dict[str, str]:
    """Name the chapter of each exhibit: the one that it says, else the number of the one it stands in; else nothing."""
    numbers = {
        name: str(number) for number, chapter in enumerate(study.file.chapters, start=1) for name in chapter.exhibits
    }
    return {exhibit.id: exhibit.chapter or numbers.get(exhibit.id, "") for exhibit in study.file.exhibits}


def exhibits_in_no_chapter(study: Study) -> list[str]:
    """List the exhibits that no chapter names; none where notebooks may show them, or where stages are the chapters."""
    if study.file.notebooks or study.file.annexes or not study.file.chapters:
        return []
    named = {name for chapter in study.file.chapters for name in chapter.exhibits}
    return [exhibit.id for exhibit in study.file.exhibits if exhibit.id not in named]


def check_chapters(study: Study) -> list[Problem]:
    """List the exhibits that chapters name and the study does not have."""
    known = [exhibit.id for exhibit in study.file.exhibits]
    return [
        Problem(f"{study.path.name}, chapters.{number}.exhibits", show(name), "ids of the study's exhibits",
                propose_name(name, known, "name one of these"))
        for number, chapter in enumerate(study.file.chapters)
        for name in chapter.exhibits
        if name not in known
    ]  # fmt: skip
