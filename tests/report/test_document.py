"""The document: notebooks run once, two languages come out, and nothing that is not safe gets through."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from si_eval.errors import DisclosureError, StudyError
from si_eval.report import build_report
from si_eval.report.display import SAFE_MIME
from si_eval.report.document import other_forms
from si_eval.report.execution import _cell

NOTEBOOK = """
# %% [markdown] tags=["nl"]
# # Bereik: wie doet er mee?
# Zie [de tabel](#dialogic_table_06). <script>alert(1)</script> ![plaatje](weg.png)
#
# ## Koppeling
# %% [markdown] tags=["en"]
# # Reach: who takes part?
# ## Linkage
# %% [markdown]
# 2014-2019
# %%
import os
import pandas as pd
from si_eval.disclosure import protect
from si_eval.report import Chart, cell, say, show
from si_eval.results import ResultTable, Simulation
from si_eval.vocabulary import TIDY
assert os.environ["SI_EVAL_EXTRACT"] == "here"
rows = [dict(exhibit="dialogic_table_06", indicator="business_units", statistic="count", group="participant",
             year=year, size_class=size, sector="all", category="all", estimate=float(n), n_units=n,
             unit="business units", note="", rule_set="replicate_2020")
        for year, n in ((2014, 428), (2019, 494)) for size in ("0-9", "10-49")]
table = ResultTable(frame=pd.DataFrame(rows).reindex(columns=TIDY), function="describe_reach", evidence="association",
                    cannot_show="", rules="replicate_2020", exhibit="dialogic_table_06",
                    titles={"nl": "Gekoppelde eenheden", "en": "Linked units"},
                    simulation=Simulation("smart_industry_2020", 0.01, 1))
safe, = protect([table], rules="as_published")
# %%
show(safe)
# %%
say("In 2019 waren er **{n}**.", "In 2019 there were **{n}**.", n=cell(safe, year=2019, size_class="0-9"))
# %%
show(safe, Chart("bars", where={"year": 2019}))
# %%
named = [dict(rows[0], exhibit="answers", year="all", size_class="all", category=name, estimate=1.0, unit="records")
         for name in ("dialogic_table_06", "not_shown_here")]
answers = ResultTable(frame=pd.DataFrame(named).reindex(columns=TIDY), function="answer_questions",
                      evidence="association", cannot_show="", rules="replicate_2020", exhibit="answers",
                      titles={"nl": "Antwoorden", "en": "Answers"})
show(*protect([answers], rules="as_published"))
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_run_gives_a_document_in_each_language(tmp_path: Path) -> None:
    told: list[str] = []
    path = build_report(
        [write(tmp_path, "01_reach.py", NOTEBOOK)],
        out=tmp_path / "report",
        title={"nl": "Evaluatie", "en": "Evaluation"},
        environment={"SI_EVAL_EXTRACT": "here"},
        date="2026-11-22",
        progress=lambda step, fraction: told.append(step),
    )
    assert told == ["notebook 1/1: 01_reach"]
    assert path == tmp_path / "report" / "report_nl.html"
    forms = ["html", *other_forms()]
    assert {file.name for file in path.parent.iterdir()} == {
        f"report_{one}.{form}" for one in ("nl", "en") for form in forms
    }
    pages = {
        language: (path.parent / f"report_{language}.html").read_text(encoding="utf-8") for language in ("nl", "en")
    }
    for language, words, absent in (
        ("nl", ("Bereik: wie doet er mee?", "Tabel 1.1", "Figuur 1.1", "Koppeling", "toon code",
                "waren er <strong>494</strong>", "SYNTHETISCHE DATA",
                "Lijst van figuren en tabellen", "Datum: 2026-11-22"), ("Reach", "SYNTHETIC")),
        ("en", ("Reach: who takes part?", "Table 1.1", "Figure 1.1", "Linkage", "show code",
                "were <strong>494</strong>", "SYNTHETIC DATA",
                "List of figures and tables", "2014-2019"), ("Bereik", "SYNTHETISCHE")),
    ):  # fmt: skip
        page = pages[language]
        assert f'<html lang="{language}">' in page
        for word in words:
            assert word in page, word
        for word in absent:
            assert word not in page, word
        assert not re.search(r'src="(?!data:)', page)
        assert "http" not in re.sub(r'<pre>.*?</pre>|src="data:[^"]*"', "", page, flags=re.DOTALL)
        assert "<script>alert" not in page
        assert page.count("<h1") == 1
        assert str(tmp_path) not in page
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
        assert all("alt=" in image for image in re.findall(r"<img[^>]*>", page))
        assert 'id="dialogic_table_06"' in page


def test_an_exhibit_named_in_a_table_is_a_link_by_number_and_title(tmp_path: Path) -> None:
    path = build_report(
        [write(tmp_path, "01_reach.py", NOTEBOOK)],
        out=tmp_path,
        title="x",
        environment={"SI_EVAL_EXTRACT": "here"},
    )
    for language, link in (
        ("nl", '<a href="#dialogic_table_06">Tabel 1.1</a> Gekoppelde eenheden'),
        ("en", '<a href="#dialogic_table_06">Table 1.1</a> Linked units'),
    ):
        stubs = re.findall(r'gt_stub">(.*?)</th>', (path.parent / f"report_{language}.html").read_text("utf-8"))
        assert link in stubs
        assert "dialogic table 06" not in stubs
        assert "not shown here" in stubs


def test_printed_output_stops_the_report_and_writes_nothing(tmp_path: Path) -> None:
    notebook = write(tmp_path, "02_leak.py", "# %%\nx = 1\n# %%\nprint('be_id 4711')\n")
    with pytest.raises(DisclosureError, match=r"02_leak\.py, cell 2: found an output of kind stdout") as caught:
        build_report([notebook], out=tmp_path / "report", title="x")
    assert "4711" not in str(caught.value)
    assert not (tmp_path / "report").exists()


def test_a_failing_cell_is_named_with_its_error(tmp_path: Path) -> None:
    notebook = write(tmp_path, "03_fails.py", "# %%\nx = 1\n# %%\nx / 0\n")
    with pytest.raises(StudyError, match=r"03_fails\.py, cell 2 \('x / 0'\): ZeroDivisionError: division by zero"):
        build_report([notebook], out=tmp_path / "report", title="x")


@pytest.mark.parametrize(
    "output",
    [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("execute_result", data={"text/plain": "42"}),
        nbformat.v4.new_output("display_data", data={"text/html": "<table></table>"}),
        nbformat.v4.new_output("display_data", data={"image/png": "aGVsbG8="}),
        nbformat.v4.new_output("display_data", data={SAFE_MIME: {"kind": "exhibit", "html": {"nl": "x", "en": "x"}}}),
        nbformat.v4.new_output("display_data", data={SAFE_MIME: "42"}),
    ],
    ids=["stderr", "plain", "html", "image", "half a payload", "text as payload"],
)
def test_any_other_output_is_refused(output: nbformat.NotebookNode) -> None:
    cell = nbformat.v4.new_code_cell("x", outputs=[output])
    with pytest.raises(DisclosureError, match=r"04_other\.py, cell 3"):
        _cell(Path("04_other.py"), 3, cell)


def test_a_missing_notebook_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="found no file"):
        build_report([tmp_path / "absent.py"], out=tmp_path, title="x")
    with pytest.raises(StudyError, match="language"):
        build_report([], out=tmp_path, title="x", language="fr")  # type: ignore[arg-type]
