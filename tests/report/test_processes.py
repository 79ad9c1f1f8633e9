"""Figures drawn in processes: the same bytes as in this one, and an error that says what failed."""

from __future__ import annotations

import pytest

from si_eval.errors import StudyError
from si_eval.report import Chart, draw
from si_eval.report.processes import FIGURES_EACH, Drawers
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.exhibits import compute_exhibits
from si_eval.study.file import load_study


@pytest.fixture(scope="module")
def table():
    study = load_study()
    (safe,) = protect_exhibits(study, compute_exhibits(study, only=["tno_table_03"]))
    return safe


def test_a_process_draws_the_same_bytes_and_leaves_no_work(table, tmp_path):
    chart = Chart(kind="bars", x="category", statistic="count")
    paths = [tmp_path / f"{language}.png" for language in ("nl", "en")]
    told: list[float] = []
    with Drawers(len(paths)) as drawers:
        drawings = [(table, chart, path.stem, path) for path in paths]
        drawers.start(drawings, tmp_path)
        drawers.finish(lambda step, fraction: told.append(fraction))
    assert {path.name for path in tmp_path.iterdir()} == {"nl.png", "en.png"}
    assert paths[0].read_bytes() == draw(table, chart, language="nl")
    assert all(0 <= fraction <= 1 for fraction in told)


def test_a_figure_that_fails_is_an_error_that_says_why(table, tmp_path):
    impossible = Chart(kind="lines", x="year", statistic="median")
    with Drawers(1) as drawers:
        drawers.start([(table, impossible, "nl", tmp_path / "x.png")], tmp_path)
        with pytest.raises(StudyError, match=r"figures: .*median"):
            drawers.finish(lambda step, fraction: None)


def test_there_is_a_process_for_few_figures_and_one_a_core_for_many_and_those_that_draw_nothing_end(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    processes = []
    for figures, expected in ((0, 1), (FIGURES_EACH, 1), (FIGURES_EACH + 1, 2), (FIGURES_EACH * 9, 3)):
        with Drawers(figures) as drawers:
            processes += drawers._processes
            assert len(drawers._processes) == expected
    assert all(process.poll() is not None for process in processes)
