"""Sources side by side: directions from protected cells alone, verdicts, and reasons why both can be true."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from paths import DATA
from safe_tables import make_safe_table

from si_eval.disclosure import protect
from si_eval.errors import DisclosureError, InputError, StudyError
from si_eval.results import ResultTable, SafeTable, Simulation
from si_eval.synthesis import list_impacts, load_findings, synthesise
from si_eval.vocabulary import FORMER_EVIDENCE, TIDY

FILE = DATA / "theory" / "findings.toml"
FINDINGS = load_findings(FILE)


def safe(
    exhibit: str, rows: list[dict[str, object]], *, evidence: str = "association", simulated: bool = False
) -> SafeTable:
    defaults = {
        **dict.fromkeys(TIDY, np.nan), "exhibit": exhibit, "indicator": "x", "statistic": "mean", "group": "all",
        "size_class": "all", "sector": "all", "category": "all", "unit": "EUR", "rule_set": "replicate_2020",
        "note": "", "n_units": 50.0, "status": "shown",
    }  # fmt: skip
    frame = pd.DataFrame([{**defaults, **row} for row in rows])
    return sealed(frame, exhibit, evidence=evidence, simulated=simulated)


def sealed(frame: pd.DataFrame, exhibit: str, *, evidence: str = "association", simulated: bool = False) -> SafeTable:
    simulation = Simulation("made_up", 0.01, 1) if simulated else None
    table = ResultTable(frame, "f", evidence, "", "replicate_2020", exhibit=exhibit, simulation=simulation)
    return make_safe_table(table, frame, "cbs")


def survey(share: float = 0.85) -> SafeTable:
    keys = {"indicator": "Q09", "statistic": "share"}
    rows = [{**keys, "category": "At least some impact", "estimate": share, "n_units": 48.0}]
    rows += [{**keys, "category": "Yes, to a large extent", "estimate": 0.15, "n_units": 12.0}]
    return safe("survey_impact_nets", rows, evidence="goal_attainment")


def register(growths: list[tuple[float, float]], **changes: object) -> SafeTable:
    rows = []
    for place, pair in enumerate(growths):
        for group, growth in zip(("participant", "non_participant"), pair, strict=True):
            at = {"group": group, "size_class": str(place)}
            rows += [{**at, "year": 2014, "estimate": 100.0}, {**at, "year": 2019, "estimate": 100.0 * growth}]
    return safe("dialogic_table_08", [{**row, **changes} for row in rows])


def side(frame: pd.DataFrame, question: str, source: str) -> pd.Series:
    return frame.set_index(["question", "source"]).loc[question, source]


MIXED = [(0.84, 1.07), (1.13, 1.14), (1.28, 1.11), (1.14, 0.89)]


def test_the_survey_is_positive_and_the_registers_say_nothing_systematic():
    result = synthesise(["f"], tables=[survey(), register(MIXED)], findings=FINDINGS)
    frame = result.to_frame()
    assert side(frame, "f", "survey")[["direction", "number"]].tolist() == ["up", pytest.approx(0.85)]
    assert side(frame, "f", "register")[["direction", "cells", "cells_up"]].tolist() == ["mixed", 4, 2]
    assert side(frame, "f", "survey")["agreement"] == "partly"
    assert {"self_selection", "time_lag", "power"} <= set(side(frame, "f", "register")["reasons"])
    assert side(frame, "f", "survey")["evidence"] == "goal_attainment"
    assert side(frame, "f", "register")["evidence"] == "association"
    assert side(frame, "f", "monitor")["direction"] == "unknown"


def test_the_verdict_follows_the_cells():
    only = FINDINGS.model_copy(update={"statements": ()})
    cases = {
        "agree": ([survey(), register([(1.5, 1.0)] * 4)]),
        "contradict": ([survey(), register([(0.5, 1.0)] * 4)]),
        "partly": ([survey(), register([(1.0, 1.01)] * 4)]),
        "single": ([survey()]),
        "nothing": ([]),
    }
    for verdict, tables in cases.items():
        frame = synthesise(["f"], tables=tables, findings=only).to_frame()
        assert set(frame["agreement"]) == {verdict}
        assert frame["reasons"].map(len).sum() == 0 or verdict in ("partly", "contradict")
    low = synthesise(["f"], tables=[survey(0.15), register([(1.0, 1.0)] * 4)], findings=only).to_frame()
    assert set(low.query("cells > 0")["direction"]) == {"none"}


def test_a_withheld_cell_says_nothing_and_is_counted():
    table = register(MIXED)
    frame = table.to_frame()
    frame.loc[frame["size_class"].isin(["1", "2"]), ["status", "estimate"]] = ["suppressed", np.nan]
    held = sealed(frame, "dialogic_table_08")
    row = side(synthesise(["f"], tables=[held], findings=FINDINGS).to_frame(), "f", "register")
    assert row[["cells", "withheld"]].tolist() == [2, 8]


def test_growth_and_labels():
    monitor = safe("tno_table_04", [
        {"indicator": name, "year": year, "estimate": value}
        for name, values in {"projects": (300, 430), "partners": (500, 630), "phds": (80, 80)}.items()
        for year, value in zip((2018, 2019), values, strict=True)
    ])  # fmt: skip
    scores = safe("dialogic_table_02", [
        {"indicator": f"score_{label}", "statistic": "count", "estimate": count}
        for label, count in {"++": 3, "+": 4, "0": 1, "-": 1, "--": 0}.items()
    ])  # fmt: skip
    frame = synthesise(["b", "d"], tables=[monitor, scores], findings=FINDINGS).to_frame()
    assert side(frame, "b", "monitor")[["direction", "cells_up", "cells"]].tolist() == ["mixed", 2, 3]
    assert side(frame, "d", "interviews")[["direction", "cells_up", "cells"]].tolist() == ["up", 7, 9]


def test_one_rule_set_is_read_and_row_order_does_not_matter():
    table = register(MIXED)
    frame = table.to_frame()
    other = frame.assign(rule_set="recommended", estimate=frame["estimate"] * 2)
    both = sealed(pd.concat([other, frame]).sample(frac=1, random_state=3), "dialogic_table_08")
    one, two = (synthesise(["f"], tables=[one], findings=FINDINGS).to_frame() for one in (table, both))
    pd.testing.assert_frame_equal(one, two)


def test_the_table_crosses_the_border_and_keeps_the_synthetic_mark():
    tables = [survey(), register(MIXED)]
    result = synthesise([*"abcdefgh"], tables=tables, findings=FINDINGS).table
    assert list(result.to_frame().columns) == list(TIDY)
    assert not result.public
    assert result.evidence == "goal_attainment"
    (protected,) = protect([result.named("theory_synthesis")])
    row = protected.to_frame().query("category == 'question_f' and indicator == 'says_survey'").iloc[0]
    assert row[["estimate", "n_units", "status"]].tolist() == [pytest.approx(0.85), 48.0, "shown"]
    assert row["note"].startswith("positief; 1 van 1 getoonde cellen positief") is True
    assert " | up; 1 of 1 shown cells up" in row["note"]
    simulated = sealed(tables[1].to_frame(), "dialogic_table_08", simulated=True)
    assert synthesise(["f"], tables=[simulated], findings=FINDINGS).table.simulation is not None


def test_only_safe_tables_are_read():
    table = ResultTable(pd.DataFrame(), "f", "association", "", "r")
    with pytest.raises(DisclosureError, match="synthesise: found ResultTable; expected SafeTable"):
        synthesise(["f"], tables=[table], findings=FINDINGS)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('source = "survey"\nexhibit', 'source = "surveys"\nexhibit', "did you mean `survey`"),
        ('rule = "growth"\n', 'rule = "grows"\n', "correct this key"),
        ("majority = ", "majorities = ", "did you mean `majority`"),
        ('where = { statistic = "mean" }', 'where = { statistics = "mean" }', "did you mean `statistic`"),
        ("single = {", "one = {", "words.single"),
    ],
)
def test_faulty_findings_are_refused(tmp_path, old, new, expected):
    path = tmp_path / "findings.toml"
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_findings(path)
    assert expected in str(error.value)
    with pytest.raises(StudyError, match="no file"):
        load_findings(tmp_path / "absent.toml")


@pytest.mark.parametrize(("former", "code"), FORMER_EVIDENCE.items())
def test_former_evidence_codes_are_read(tmp_path, former, code):
    text = FILE.read_text(encoding="utf-8")
    (interviews,) = [source for source in FINDINGS.sources if source.evidence]
    assert f'evidence = "{interviews.evidence}"' in text
    path = tmp_path / "findings.toml"
    path.write_text(text.replace(f'evidence = "{interviews.evidence}"', f'evidence = "{former}"'), encoding="utf-8")
    (read,) = [source for source in load_findings(path).sources if source.evidence]
    assert read.evidence == code


def test_impact_routes_are_listed_for_and_against():
    table = list_impacts(FINDINGS)
    counts = table.to_frame().pivot(index="category", columns="indicator", values="estimate")
    assert counts.index.tolist() == [f"route_{route}" for route in ("1b", "1c", "1d", "2b", "2c", "3b", "4")]
    assert counts["impact_positive"].tolist() == [5, 5, 4, 3, 3, 2, 4]
    assert counts["impact_concern"].tolist() == [5, 2, 6, 2, 4, 3, 3]
    assert table.public
    (protected,) = protect([table])
    assert protected.to_frame()["estimate"].notna().all()
