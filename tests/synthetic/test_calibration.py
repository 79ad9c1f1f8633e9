"""The simulated extract gives the published figures back, under rules that are not taken from the package."""

from __future__ import annotations

import pandas as pd
import pytest

CASES = [(1, 0.01), (2, 0.01), (1, 0.02), (2, 0.02)]
ABOUT = 0.005  # "about 460 000" and "164 million" are met when the figure rounds to what was printed
MAX_CONTRIBUTION = 0.4  # no published cell of participants may hang on one unit
ASSETS = ["computers", "communication", "machinery", "software"]


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_every_published_figure_comes_back(panels, seed, scale, figures, published_cell):
    panel = panels(seed, scale)
    wrong = []
    for entry in figures:
        mean, value = published_cell(panel, entry).mean(), entry["value"]
        if entry["reading"] == "exact":
            good = round(mean, entry["decimals"]) == value
        else:
            good = (0 if entry["reading"] == "above" else -ABOUT) < mean / value - 1 < ABOUT
        if not good:
            wrong.append(
                (entry["id"], entry["indicator"], entry["group"], entry["year"], entry["size_class"], value, mean)
            )
    assert not wrong


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_counts_and_outliers(extracts, panels, seed, scale, facts, read_table):
    folder, panel = extracts(seed, scale), panels(seed, scale)
    listed = read_table(folder, "participants")["kvk_id"]
    persons = read_table(folder, "kvk_person")
    linkage = facts["linkage"]
    assert len(listed) == linkage["rows"]["value"]
    assert listed.nunique() == linkage["kvk_unique"]["value"]
    assert (~listed.drop_duplicates().isin(persons["kvk_id"])).sum() == linkage["kvk_without_person"]["value"]
    linked = panel[panel["group"] == "participant"].groupby("year").size()
    assert linked.tolist() == linkage["linked_units"]["value"]
    assert panel.attrs["outliers"] == {name: entry["value"] for name, entry in facts["outliers"].items()}
    non_participants = ((panel["group"] == "non_participant") & (panel["year"] == 2019)).sum()
    assert non_participants == max(round(linkage["non_participants_2019"]["value"] * scale), 19000)


@pytest.mark.parametrize(("seed", "scale"), CASES)
def test_published_cells_of_participants_do_not_hang_on_few_units(panels, seed, scale, facts, figures, published_cell):
    panel = panels(seed, scale)
    for entry in figures:
        if entry["group"] == "participant" and entry["statistic"] == "mean":
            values = published_cell(panel, entry)
            assert len(values) >= 12, entry
            assert values.max() <= MAX_CONTRIBUTION * values.sum(), entry
    hidden = next(entry for entry in facts["published"] if entry["reading"] == "suppressed")
    assert len(published_cell(panel, hidden)) < 10
    assert len(published_cell(panel, {**hidden, "year": 2018})) >= 10


@pytest.mark.parametrize("seed", [1, 2])
def test_cells_of_non_participants_are_filled(panels, seed):
    panel = panels(seed, 0.01)
    panel = panel[panel["group"] == "non_participant"]
    by = [panel["year"], panel["sector"] == "C", panel["size_class"]]
    assert panel["revenue_per_employee"].groupby(by).count().min() >= 60
    covered = panel["investment_software_per_employee"].groupby(by).count()
    assert covered[covered.index.get_level_values("year") < 2019].min() >= 60


def test_links_have_the_awkward_cases(extracts, panels, read_table):
    folder, panel = extracts(1, 0.01), panels(1, 0.01)
    links = read_table(folder, "person_business_unit")
    ends = pd.to_datetime(links["end"])
    assert ends.isna().any()
    assert (ends == pd.Timestamp("2079-06-06")).any()
    listed = (
        read_table(folder, "participants").merge(read_table(folder, "kvk_person"), on="kvk_id")["person_id"].unique()
    )
    of_list = links[links["person_id"].isin(listed)]
    assert len(set(listed) - set(links["person_id"])) == 8
    assert (of_list.groupby("person_id")["be_id"].nunique() > 1).sum() >= 12
    assert (~of_list["be_id"].isin(panel["be_id"])).any()
    assert (panel["group"] == "none").any()


def test_share_made_in_house_moves_as_described(panels):
    panel = panels(1, 0.01)
    means = (
        panel[panel["group"] != "none"]
        .groupby(["group", "year"])[[f"own_production_{name}_share" for name in ASSETS]]
        .mean()
    )
    for name in ASSETS:
        taking_part, others = (
            means.loc[group, f"own_production_{name}_share"] for group in ("participant", "non_participant")
        )
        if name == "software":
            assert taking_part[2018] - taking_part[2014] > others[2018] - others[2014] > 0
        else:
            assert taking_part[2016] > taking_part[2014] > taking_part[2018]
            assert others[2014] > others[2018]
