"""Facts of a programme in files whose rows stand in another order: the same tables, whoever is listed first."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from paths import DATA

from si_eval.programme import efficiency, monitoring, theory
from si_eval.results import ResultTable
from si_eval.text_input.small_tables import sort_by_id

KPIS = DATA / "monitoring" / "kpis.csv"
TARGETS = DATA / "monitoring" / "targets.csv"


def all_key_figures(path: Path) -> ResultTable:
    store = monitoring.load_kpis(path, definitions=KPIS.with_name("definitions.toml"))
    return monitoring.describe_kpis(store, indicators=sorted(set(store.frame["indicator"])))


def targets(path: Path) -> ResultTable:
    return monitoring.targets_against_results(monitoring.load_kpis(KPIS), path)


def costs(path: Path) -> ResultTable:
    return efficiency.list_costs(efficiency.load_costs(path))


def goals(path: Path) -> ResultTable:
    return theory.score_goals(theory.load_goals(path), mean=True)


CASES: list[tuple[Path, Callable[[Path], ResultTable]]] = [
    (KPIS, all_key_figures),
    (TARGETS, targets),
    (DATA / "theory" / "costs.csv", costs),
    (DATA / "theory" / "goals.csv", goals),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("path", "make"), CASES, ids=[path.stem for path, _ in CASES])
def test_order_of_rows_changes_nothing(
    path: Path, make: Callable[[Path], ResultTable], seed: int, tmp_path: Path
) -> None:
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    random.Random(seed).shuffle(rows)
    shuffled = tmp_path / path.name
    shuffled.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    found, expected = make(shuffled).to_frame(), make(path).to_frame()
    assert found.to_csv(index=False) == expected.to_csv(index=False)


def test_of_sources_that_contradict_each_other_the_first_id_is_taken_and_the_other_is_told(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"id": ["K10", "K9"], "indicator": "hubs", "year": 2020, "value": [47, 45], "unit": "hubs",
         "source": ["News", "Report"]}
    )  # fmt: skip
    for order in ([0, 1], [1, 0]):
        rows.iloc[order].to_csv(tmp_path / "kpis.csv", index=False)
        (row,) = monitoring.describe_kpis(
            monitoring.load_kpis(tmp_path / "kpis.csv"), indicators=["hubs"]
        ).to_frame("en").to_dict("records")  # fmt: skip
        assert row["estimate"] == 45
        assert "47 (News" in row["note"]


def test_ids_are_sorted_with_their_numbers_as_numbers() -> None:
    ids = ["K10", "K9", "a", "K9b", "10", "9", "", "K009"]
    frame = sort_by_id(pd.DataFrame({"id": ids, "row": range(len(ids))}))
    assert frame["id"].tolist() == ["", "9", "10", "K009", "K9", "K9b", "K10", "a"]
    assert [ids[row] for row in frame["row"]] == frame["id"].tolist()
    assert frame.index.tolist() == list(range(len(ids)))
