"""Results cannot be changed, and what did not cross the border cannot be shown by accident."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import si_eval
from si_eval.disclosure import OutputRequest, protect
from si_eval.errors import DisclosureError, StudyError
from si_eval.published.lookup import collect_results
from si_eval.report import Chart, cell, draw, say, show, show_comparison, table_html
from si_eval.report.cells import Cell
from si_eval.report.comparison import COLUMNS
from si_eval.report.display import Display, is_sealed_payload
from si_eval.results import (
    CheckResult,
    Linkage,
    PublishedComparison,
    ResultTable,
    SafeTable,
    Simulation,
    seal_comparison,
    take_table_sealer,
)
from si_eval.results.table_files import read_tables, write_tables
from si_eval.survey import protected_counts
from si_eval.synthesis import synthesise
from si_eval.vocabulary import TIDY

PACKAGE = Path(si_eval.__file__).parent
FORGED = 987.0


def tidy_rows(estimates=(41.5, 12.25)) -> pd.DataFrame:
    rows = [
        {
            "indicator": "revenue_per_employee", "statistic": "mean", "group": "participant", "year": year,
            "size_class": "all", "sector": "all", "category": "all", "estimate": estimate, "n_units": 40.0,
            "unit": "EUR per person employed", "rule_set": "r", "note": "", "exhibit": "",
        }
        for year, estimate in zip((2014, 2019), estimates, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=list(TIDY))


def result_table(**fields) -> ResultTable:
    given = {"frame": tidy_rows(), "function": "f", "evidence": "association", "cannot_show": "cause", "rules": "r"}
    return ResultTable(**{**given, "exhibit": "one", "public": True, **fields})


def safe_table() -> SafeTable:
    labels = {"own": {"nl": "Eigen", "en": "Own"}}
    simulation = Simulation("preset", 0.5, 1, calibrated=({"indicator": "revenue", "year": 2014},))
    table = result_table(labels=labels, titles={"nl": "Een", "en": "One"}, simulation=simulation)
    return protect([table], rules="as_published")[0]


@pytest.fixture
def safe() -> SafeTable:
    return safe_table()


def copied(safe: SafeTable, kind: type = SafeTable, **changed: object) -> SafeTable:
    """Make an instance without its constructor."""
    forged = object.__new__(kind)
    vars(forged).update({**vars(safe), **changed})
    return forged


def changed_frame(safe: SafeTable) -> pd.DataFrame:
    return safe.to_frame().assign(estimate=FORGED)


def with_attribute(safe: SafeTable, name: str, value: object) -> SafeTable:
    object.__setattr__(safe, name, value)
    return safe


def edited_in_place(safe: SafeTable) -> SafeTable:
    vars(safe)["frame"].loc[0, "estimate"] = FORGED
    return safe


def edited_values(safe: SafeTable) -> SafeTable:
    values = vars(safe)["frame"]["estimate"].to_numpy()
    values.flags.writeable = True
    values[0] = FORGED
    return safe


def shuffled(safe: SafeTable) -> SafeTable:
    frame = vars(safe)["frame"]
    return copied(safe, frame=frame.assign(estimate=frame["estimate"].to_numpy()[::-1]))


class Subclass(SafeTable):
    pass


class Lookalike:
    def __init__(self, safe: SafeTable) -> None:
        vars(self).update(vars(safe), frame=changed_frame(safe))

    def to_frame(self) -> pd.DataFrame:
        return self.frame


def of_another_class(safe: SafeTable) -> object:
    forged = Lookalike(safe)
    forged.__class__ = SafeTable
    return forged


FORGERIES = {
    "an edited frame": edited_in_place,
    "edited values": edited_values,
    "values in other rows": shuffled,
    "an attribute set around the lock": lambda safe: with_attribute(safe, "frame", changed_frame(safe)),
    "another title": lambda safe: with_attribute(safe, "titles", {"nl": "987", "en": "987"}),
    "other labels": lambda safe: with_attribute(safe, "labels", {"all": {"nl": "987", "en": "987"}}),
    "stronger evidence": lambda safe: with_attribute(safe, "evidence", "effect"),
    "another rule set": lambda safe: with_attribute(safe, "disclosure_rules", "strict"),
    "no longer simulated": lambda safe: with_attribute(safe, "simulation", None),
    "another simulation": lambda safe: with_attribute(safe, "simulation", Simulation("real", 1.0, 0)),
    "no longer public": lambda safe: with_attribute(safe, "public", False),
    "a method of its own": lambda safe: with_attribute(safe, "to_frame", lambda: changed_frame(safe)),
    "made without its constructor": lambda safe: copied(safe, frame=changed_frame(safe)),
    "an empty instance": lambda safe: object.__new__(SafeTable),
    "an empty seal": lambda safe: copied(safe, seal=""),
    "a seal that is no text": lambda safe: copied(safe, seal=object()),
    "a subclass": lambda safe: copied(safe, Subclass),
    "a lookalike": Lookalike,
    "a lookalike that changed its class": of_another_class,
    "the result itself": lambda safe: result_table(),
    "a frame": changed_frame,
    "another type of column": lambda safe: copied(safe, frame=vars(safe)["frame"].astype({"estimate": "float32"})),
    "a row more": lambda safe: copied(safe, frame=pd.concat([vars(safe)["frame"]] * 2, ignore_index=True)),
    "a column more": lambda safe: copied(safe, frame=vars(safe)["frame"].assign(secret=FORGED)),
}  # fmt: skip
CONSUMERS = {
    "show": show,
    "cell": lambda forged: cell(forged, year=2014),
    "table_html": lambda forged: table_html(forged, language="en"),
    "draw": lambda forged: draw(forged, Chart("bars"), language="en"),
    "compare_published": lambda forged: collect_results([forged], {}),
    "ledger": lambda forged: protect([result_table()], rules="as_published", ledger=[forged]),
    "synthesise": lambda forged: synthesise(["q"], tables=[forged], findings=SimpleNamespace(sources=(), rule_set="r")),
    "protected_counts": lambda forged: protected_counts([forged], answered=[]),
    "protected_counts of answers": lambda forged: protected_counts(
        protect([result_table()], rules="as_published"), answered=[forged]
    ),
    "seal_comparison": lambda forged: seal_comparison(pd.DataFrame(), [forged]),
    "the files of a run": None,
}


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_refused_where_it_would_be_shown(safe, forgery, consumer, tmp_path):
    forged = FORGERIES[forgery](safe)
    use = CONSUMERS[consumer] or (lambda table: write_tables([table], tmp_path / "tables"))
    with pytest.raises(DisclosureError) as caught:
        use(forged)
    assert "987" not in str(caught.value)


MAKINGS = {
    "replace": lambda safe: dataclasses.replace(safe, frame=changed_frame(safe)),
    "replace of a word": lambda safe: dataclasses.replace(safe, exhibit="another"),
    "a direct call": lambda safe: SafeTable(**{**vars(safe), "seal": ""}),
    "a subclass": lambda safe: Subclass(**{**vars(safe), "exhibit": "another"}),
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("making", MAKINGS)
def test_a_safe_table_cannot_be_made_by_hand(safe, making):
    with pytest.raises(TypeError, match="SafeTable"):
        MAKINGS[making](safe)


def test_a_safe_table_is_a_value(safe):
    before = safe.to_frame()
    frame = safe.frame
    frame.loc[:, "estimate"] = FORGED
    pd.testing.assert_frame_equal(safe.to_frame(), before)
    assert copy.copy(safe) is safe
    assert copy.deepcopy(safe) is safe
    with pytest.raises(dataclasses.FrozenInstanceError):
        safe.exhibit = "another"
    with pytest.raises(TypeError):
        safe.titles["nl"] = "987"
    with pytest.raises(TypeError):
        safe.labels["own"]["nl"] = "987"


def test_arrays_shared_with_the_caller_do_not_reach_what_was_protected():
    values = np.array([41.5, 12.25])
    frame = tidy_rows()
    frame["estimate"] = pd.Series(values, copy=False)
    table = result_table(frame=frame)
    (safe,) = protect([table], rules="as_published")
    values[:] = FORGED
    frame.loc[:, "estimate"] = FORGED
    given = table.frame
    given.loc[:, "estimate"] = FORGED
    assert safe.to_frame()["estimate"].tolist() == [42.0, 12.0], "whole euros"
    show(safe)


def test_a_cell_is_refused_that_was_not_made_of_a_table(safe):
    true = cell(safe, year=2014)
    with pytest.raises(DisclosureError, match="direct call"):
        Cell({"nl": "987", "en": "987"}, False)
    with pytest.raises(DisclosureError, match="direct call"):
        dataclasses.replace(true, text={"nl": "987", "en": "987"})
    object.__setattr__(true, "text", {"nl": "987", "en": "987"})
    with pytest.raises(DisclosureError, match="no cell"):
        say("{x}", "{x}", x=true)


def test_a_payload_is_refused_that_was_not_made_by_show(safe):
    payload = dict(show(safe).payload)
    assert is_sealed_payload(payload)
    assert not is_sealed_payload({**payload, "html": {"nl": "987", "en": "987"}})
    assert not is_sealed_payload({name: value for name, value in payload.items() if name != "seal"})
    assert not is_sealed_payload(Display("987", {"kind": "text", "text": {"nl": "987"}}).payload)


TYPED = ("41", "٣", "３", "²", "½", "Ⅷ", "&#52;", "&amp;#52;", "€2014", "2014%", "20145", "1.999", "2014,5")


@pytest.mark.parametrize("text", TYPED)
def test_a_sentence_holds_no_digit_of_its_own(text):
    with pytest.raises(StudyError, match="digits"):
        say(f"{text} bedrijven", "firms")
    with pytest.raises(StudyError, match="digits"):
        say("bedrijven", f"firms: {text}")


@pytest.mark.parametrize("text", ["In 2014", "2014-2019", "2014–2019", "(2019)", "2020."])
def test_a_sentence_holds_years(text):
    assert say(text, text).payload["text"] == {"nl": text, "en": text}


def test_tables_travel_as_files_and_keep_their_seal(safe, tmp_path):
    mixed = result_table(frame=tidy_rows().assign(category=pd.Series(["all", 2014], dtype=object)), exhibit="two")
    tables = [safe, *protect([mixed], rules="as_published")]
    write_tables(tables, tmp_path / "tables")
    again = read_tables(tmp_path / "tables")
    for table, same in zip(tables, again, strict=True):
        assert vars(same) | {"frame": 0} == vars(table) | {"frame": 0}
        pd.testing.assert_frame_equal(same.frame, table.frame)
        assert table_html(same, language="nl") == table_html(table, language="nl")
    path = tmp_path / "tables" / "0.parquet"
    pd.read_parquet(path).assign(estimate=FORGED).to_parquet(path)
    with pytest.raises(DisclosureError, match="one"):
        read_tables(tmp_path / "tables")


def test_the_seal_of_the_border_is_handed_out_once():
    with pytest.raises(DisclosureError, match="protect"):
        take_table_sealer()


def lookalike_comparison(true: PublishedComparison) -> object:
    return type("PublishedComparison", (), {**vars(true)})()


def edited_comparison(true: PublishedComparison) -> object:
    vars(true)["frame"].loc[0, "computed"] = FORGED
    return true


def comparison_around_the_lock(true: PublishedComparison) -> object:
    object.__setattr__(true, "frame", true.frame.assign(computed=FORGED))
    return true


@pytest.mark.parametrize("forge", [lookalike_comparison, edited_comparison, comparison_around_the_lock])
def test_a_comparison_is_refused_that_was_not_made_of_protected_tables(safe, forge):
    rows = pd.DataFrame([dict.fromkeys(COLUMNS, "") | {"published": 1.0, "computed": 1.0, "verdict": "exact"}])
    true = seal_comparison(rows, [safe])
    assert show_comparison(true).payload["synthetic"]
    with pytest.raises(DisclosureError, match="show_comparison"):
        show_comparison(forge(true))
    for changed in ({"frame": rows.assign(computed=FORGED)}, {"simulation": None}):
        with pytest.raises(DisclosureError, match="compare_published"):
            dataclasses.replace(seal_comparison(rows, [safe]), **changed)


def test_every_result_names_its_rule_set(safe):
    panel = si_eval.panel_from_frame(
        si_eval.simulate_firms(seed=1).frame, unit="firm", year="year", participant="participant", revenue="revenue"
    )
    assert f"({panel.rules.name})" in panel.summary()
    assert "rules r," in result_table().summary()
    assert safe.summary().endswith("rules r, as_published")


def test_nothing_is_unpickled():
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"} & set(names), path


def test_results_give_copies():
    frame = tidy_rows()
    table = result_table(frame=frame)
    frame.loc[:, "estimate"] = FORGED
    given = table.frame
    given.loc[:, "estimate"] = FORGED
    assert table.frame["estimate"].tolist() == [41.5, 12.25]
    funnel, units = pd.DataFrame({"n": [1]}), pd.DataFrame({"year": [1], "be_id": [1], "n_kvk": [1]})
    linkage = Linkage(funnel, units)
    given = linkage.units_frame
    given.loc[0, "be_id"] = 9
    funnel.loc[0, "n"] = 9
    assert (linkage.funnel()["n"].tolist(), linkage.units()["be_id"].tolist()) == ([1], [1])
    assert CheckResult("c", 1.0, 2.0, "pass", "s").to_frame()["verdict"].tolist() == ["pass"]


def test_a_frame_is_read_in_one_language(safe):
    table = result_table(frame=tidy_rows().assign(note="een | one", category="own"), labels=safe.labels)
    assert table.to_frame()["note"].tolist() == ["een | one"] * 2
    assert table.to_frame("en")[["note", "category"]].to_numpy().tolist() == [["one", "Own"]] * 2
    assert table.to_frame("nl")[["note", "category"]].to_numpy().tolist() == [["een", "Eigen"]] * 2


def test_a_table_is_shown_in_its_own_language(safe):
    assert "One" in show(safe).html
    assert "Een" in show(safe.in_language("nl")).html
    sentence = say("{x} een", "{x} one", x=cell(safe.in_language("nl"), year=2014))
    assert "een" in sentence.html
    assert "one" in say("een", "one").html


def test_an_output_request_takes_results_only(safe):
    with pytest.raises(DisclosureError):
        OutputRequest("A study").add(safe)
