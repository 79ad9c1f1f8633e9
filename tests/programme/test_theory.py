"""The programme theory: complete facts, checks that find gaps, pictures without overlap, goals as printed."""

from __future__ import annotations

import csv
import struct
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ROOT
from safe_tables import make_safe_table

from si_eval.disclosure import protect
from si_eval.errors import DisclosureError, InputError, StudyError
from si_eval.programme.theory import (
    answer_questions,
    check_theory,
    list_goals,
    load_goals,
    load_programme,
    score_goals,
    theory_checks,
    theory_table,
)
from si_eval.published import compare_published
from si_eval.report import Chart, draw
from si_eval.report.graph_layout import HEIGHT, MARGIN, WIDTH, arrange_graph, read_graph
from si_eval.report.layered_layout import arrange_layers
from si_eval.results import ResultTable, SafeTable
from si_eval.vocabulary import TIDY

FACTS = ROOT / "data" / "theory"
PUBLISHED = ROOT / "data" / "published"
PROGRAMME = load_programme(FACTS / "programme.toml")
GOALS = load_goals(FACTS / "goals.csv")
GRAPH = Chart("layers")
PICTURES = ("theory", "goal_tree", "impact_routes")
SMALL = """
name = "small"
title = { nl = "Klein", en = "Small" }
layers = [
  { id = "act", nl = "Doen", en = "Do", role = "activity" },
  { id = "out", nl = "Uit", en = "Out", role = "output" },
  { id = "end", nl = "Eind", en = "End", role = "outcome" },
]
pictures = [{ id = "all", nl = "Alles", en = "All", layers = ["act", "out", "end"] }]
links = [{ id = "gives", nl = "geeft", en = "gives" }]
nodes = [
  { id = "a", layer = "act", nl = "A", en = "A" },
  { id = "b", layer = "out", nl = "B", en = "B" },
  { id = "c", layer = "end", nl = "C", en = "C" },
  { id = "lone", layer = "out", nl = "Alleen", en = "Lone" },
]
edges = [
  { from = "a", to = "b", kind = "gives" },
  { from = "b", to = "c", kind = "gives", basis = "inferred", label = "x" },
]
indicators = [
  { id = "b_done", of = "b", measures = "process", nl = "b", en = "b", exhibits = ["table_b"] },
  { id = "c_seen", of = "c", measures = "change", nl = "c", en = "c" },
]
questions = [
  { id = "a", nl = "vraag", en = "question", exhibits = ["table_b"] },
  { id = "b", nl = "vraag", en = "question" },
]
"""


def seal(table: ResultTable) -> SafeTable:
    return make_safe_table(table, table.to_frame().assign(status="shown"), "cbs")


def small(tmp_path: Path, *changes: tuple[str, str]):
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "small.toml"
    path.write_text(text, encoding="utf-8")
    return load_programme(path)


def failing(table: ResultTable) -> dict[str, float]:
    rows = table.to_frame().query("indicator == 'theory_missing'")
    return dict(zip(rows["category"], rows["estimate"], strict=True))


def test_the_criticism_of_chapter_3_is_computed():
    found = failing(check_theory(PROGRAMME))
    outputs, outcomes = len(PROGRAMME.nodes_with("output")), len(PROGRAMME.nodes_with("outcome"))
    assert found["outputs_as_process"] == outputs == 8  # output goals are process goals (1616-1623)
    assert found["outcomes_without_target"] == found["outcomes_without_impact"] == outcomes == 4  # 1625-1628
    assert found["impacts_without_outcome"] == 3
    assert found["questions_without_exhibit"] == 1
    transformation = {"Directionality failure", "Demand articulation failure", "Reflexivity failure"}
    lone = check_theory(PROGRAMME).to_frame().query("category == 'orphans' and indicator == 'theory_missing'")
    assert set(lone["note"].iloc[0].partition(" | ")[2].split(", ")) >= transformation | {"Money", "Staff"}


def test_checks_find_what_is_planted(tmp_path):
    programme = small(tmp_path)
    expected = {
        "orphans": 1, "problems_without_activity": 0, "activities_without_output": 0, "outputs_without_outcome": 1,
        "outcomes_without_impact": 1, "impacts_without_outcome": 0, "outputs_without_indicator": 1,
        "outputs_as_process": 2, "indicators_without_data": 1, "outcomes_without_measure": 0,
        "outcomes_without_target": 1, "impacts_without_measure": 0, "impacts_without_target": 0, "links_inferred": 1,
        "questions_without_exhibit": 1,
    }  # fmt: skip
    assert failing(check_theory(programme)) == expected
    less = failing(check_theory(programme, available_exhibits=["other"]))
    assert (less["indicators_without_data"], less["questions_without_exhibit"]) == (2, 2)
    verdicts = {check.name: check.verdict for check in theory_checks(programme)}
    assert (verdicts["orphans"], verdicts["outcomes_without_measure"]) == ("fail", "pass")
    assert verdicts["links_inferred"] == "informative"


def test_a_question_that_nothing_answers_says_so():
    answers = answer_questions(PROGRAMME, ["dialogic_table_08"]).to_frame()
    whole = answers[answers["category"] == "all"].set_index("indicator")
    assert list(whole.index) == [f"question_{letter}" for letter in "abcdefgh"]
    assert whole.loc["question_f", ["estimate", "note"]].tolist() == [1.0, ""]
    assert whole.loc["question_h", "note"] == "no exhibit of this study answers it"
    assert answers.query("category == 'dialogic_table_08'")["estimate"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('layer = "end", nl', 'layer = "ends", nl'), "did you mean `end`"),
        (('from = "a", to = "b"', 'from = "a", to = "bb"'), "did you mean `b`"),
        (('from = "a", to = "b"', 'from = "c", to = "b"'), "circle"),
        (('from = "a", to = "b"', 'from = "b", to = "lone"'), "from an earlier layer to a later one"),
        (
            ('exhibits = ["table_b"] },\n  { id = "c_seen"', 'exhibit = ["t"] },\n  { id = "c_seen"'),
            "did you mean `exhib",
        ),
        (('id = "lone"', 'id = "b"'), "b twice"),
        (('kind = "gives", basis', 'kind = "give", basis'), "did you mean `gives`"),
        (('role = "output"', 'role = "outputs"'), "correct this key"),
        (('of = "c"', 'of = "nowhere"'), "'nowhere' at c_seen"),
    ],
)
def test_a_faulty_programme_is_refused_with_what_to_do(tmp_path, change, expected):
    with pytest.raises(InputError, match=r"small\.toml") as error:
        small(tmp_path, change)
    assert expected in str(error.value)


def test_every_fault_is_listed_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        small(tmp_path, ('layer = "end", nl', 'layer = "x", nl'), ('of = "c"', 'of = "y"'), ('id = "lone"', 'id = "b"'))
    assert len(error.value.problems) == 3


def test_no_file_and_no_toml_say_so(tmp_path):
    with pytest.raises(StudyError, match="no file"):
        load_programme(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(StudyError, match="expected TOML"):
        load_programme(tmp_path / "bad.toml")
    with pytest.raises(StudyError, match="impact_routes"):
        theory_table(PROGRAMME, picture="nothing")


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_boxes_never_overlap_and_stay_on_the_page(picture, language):
    page = arrange_graph(read_graph(seal(theory_table(PROGRAMME, picture=picture)), language), titled=True)
    assert len(page.boxes) == len([node for node in PROGRAMME.nodes if node.layer in PROGRAMME.picture(picture).layers])
    assert page.height <= HEIGHT + 1e-6
    for box in page.boxes.values():
        assert box.left >= MARGIN
        assert box.left + box.width <= WIDTH - MARGIN
        assert MARGIN < box.bottom < box.bottom + box.height < page.height - MARGIN
        assert box.size >= 6
    for one, other in combinations(page.boxes.values(), 2):
        apart = (
            one.left + one.width <= other.left
            or other.left + other.width <= one.left
            or one.bottom + one.height <= other.bottom + 1e-9
            or other.bottom + other.height <= one.bottom + 1e-9
        )
        assert apart


def test_lanes_keep_clear_of_boxes():
    page = arrange_graph(read_graph(seal(theory_table(PROGRAMME, picture="impact_routes")), "nl"), titled=True)
    for path in page.layout.paths.values():
        for layer, y in path[1:-1]:
            for box in (box for box in page.boxes.values() if box.layer == layer):
                assert not box.bottom < page.top - y < box.bottom + box.height


def test_a_picture_is_the_same_every_time_and_says_nothing_of_its_maker():
    table = seal(theory_table(PROGRAMME))
    first, second = draw(table, GRAPH, language="nl"), draw(table, GRAPH, language="nl")
    assert first == second
    assert first != draw(table, GRAPH, language="en")
    assert struct.unpack(">II", first[16:24])[0] == round(WIDTH * 200)
    assert b"tEXt" not in first
    assert b"Software" not in first


def test_only_a_safe_table_is_drawn():
    with pytest.raises(DisclosureError, match="expected SafeTable"):
        draw(theory_table(PROGRAMME), GRAPH, language="nl")  # type: ignore[arg-type]


def test_tables_are_tidy_public_and_cross_the_border():
    tables = [
        theory_table(PROGRAMME), check_theory(PROGRAMME), answer_questions(PROGRAMME, []), score_goals(GOALS),
        list_goals(GOALS),
    ]  # fmt: skip
    assert all(table.public and list(table.to_frame().columns) == list(TIDY) for table in tables)
    safe = protect([table.named(f"table_{place}") for place, table in enumerate(tables)])
    for table, protected in zip(tables, safe, strict=True):
        pd.testing.assert_series_equal(table.to_frame()["estimate"], protected.to_frame()["estimate"])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_layout_keeps_everything_apart(data):
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    layers = [[f"{layer}.{place}" for place in range(size)] for layer, size in enumerate(sizes)]
    pairs = [(a, b) for i, one in enumerate(layers) for other in layers[i + 1 :] for a in one for b in other]
    links = data.draw(st.lists(st.sampled_from(pairs), max_size=8, unique=True))
    heights = {name: 0.3 for layer in layers for name in layer}
    layout = arrange_layers(layers, links, heights, height=8.0, gap=0.1)
    assert set(layout.paths) == set(links)
    for layer in layers:
        places = np.sort([layout.y[name] for name in layer])
        assert (np.diff(places) >= 0.3 - 1e-9).all()
        assert places[0] >= 0.15 - 1e-9
        assert places[-1] <= 8 - 0.15 + 1e-9


def test_crossings_go_where_they_can():
    layers, links = [["a", "b"], ["x", "y"]], [("a", "y"), ("b", "x")]
    assert arrange_layers(layers, links, dict.fromkeys("abxy", 0.2), height=2, gap=0.1).crossings == 0


def test_nine_projects_have_their_printed_label():
    scores = score_goals(GOALS).to_frame()
    labels = scores["indicator"].str.removeprefix("score_")
    assert labels[scores["category"] != "all"].tolist() == ["+", "-", "++", "++", "0", "+", "+", "+", "++"]
    counts = dict(zip(labels, scores.loc[scores["category"] == "all", "estimate"], strict=False))
    assert counts == {"++": 3, "+": 4, "0": 1, "-": 1, "--": 0}
    assert "mean" not in set(scores["statistic"])
    assert score_goals(GOALS, mean=True).to_frame().query("statistic == 'mean'")["estimate"].tolist() == [1.0]


def test_every_printed_goal_is_reproduced():
    tables = [
        seal(score_goals(GOALS).named("dialogic_table_02")), seal(list_goals(GOALS).named("goals_targets")),
    ]  # fmt: skip
    figures = pd.read_csv(PUBLISHED / "goals_costs_figures.csv", dtype=str, keep_default_na=False)
    mine = figures[figures["exhibit"].isin(["dialogic_table_02", "goals_targets", "goals_kpis"])]
    claims = pd.read_csv(PUBLISHED / "claims.csv", dtype=str, keep_default_na=False).head(0)
    verdicts = compare_published(tables, figures=mine, claims=claims, readings=PUBLISHED / "readings.toml").to_frame()
    assert set(verdicts["verdict"]) == {"exact"}
    told = GOALS.to_frame()
    assert len(mine) == told["target"].notna().sum() + told["realised"].notna().sum() + 9


def test_a_target_without_a_result_keeps_the_reason():
    rows = list_goals(GOALS).to_frame().query("category == 'users_of_the_tool'").set_index("indicator")
    assert rows.loc["goal_target", "estimate"] == 5000
    assert np.isnan(rows.loc["goal_realised", "estimate"])
    assert "assessed" in rows.loc["goal_realised", "note"]


def test_faulty_goals_are_all_listed(tmp_path):
    with (FACTS / "goals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= {"score": "+++", "id": "PG002"}
    rows[3]["target"] = "many"
    path = tmp_path / "goals.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError) as error:
        load_goals(path)
    assert {problem.column for problem in error.value.problems} == {"id", "score", "score_number", "target"}
    pd.read_csv(path, dtype=str).rename(columns={"target": "targets"}).to_csv(path, index=False)
    with pytest.raises(InputError, match="did you mean `target`"):
        load_goals(path)


def test_every_fact_has_its_line_and_both_languages():
    content = tomllib.loads((FACTS / "programme.toml").read_text(encoding="utf-8"))
    for part in ("nodes", "indicators", "questions"):
        assert all(isinstance(entry["line"], int) and entry["nl"] and entry["en"] for entry in content[part])
    assert all("line" in edge or edge.get("basis") == "inferred" for edge in content["edges"])
    assert (GOALS.to_frame()["line"] > 0).all()
