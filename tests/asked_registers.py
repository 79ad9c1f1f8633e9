"""Requests on registers, holdings and two rule sets, drawn at random: what frames of single firms do not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from asked_requests import FUNCTIONS, Asked, AskedRequest, draw_request
from small_registers import make_extract, one_link_each, quarters

import si_eval as se
from si_eval.registry import RuleSet, rule_set

CODES = {"C": "28000", "J": "62000", "M": "71000"}
STATISTICS = ("mean", "median", "ratio_of_sums", "winsorised_mean", "mean_log")
REPLICATE = rule_set("replicate_2020")
WITH_OUTLIERS = REPLICATE.change(name="with outliers", outliers="none")  # more units have values, in the same classes
RULES = (REPLICATE, WITH_OUTLIERS)
GROUPED = 0.4  # of the firms, at most
LARGEST_HOLDING = 8


def draw_wide_request(seed: int) -> AskedRequest:
    """Draw a request as `draw_request` does, of firms in holdings, and of two seeds in three on a small register."""
    rng = np.random.default_rng([seed, 13])
    drawn = draw_request(seed)
    one_a_firm = drawn.firms.drop_duplicates("firm")
    holding = pd.Series(_draw_holdings(rng, one_a_firm), one_a_firm["firm"])
    firms = drawn.firms.assign(holding=drawn.firms["firm"].map(holding))
    rules = RULES if rng.random() < 0.5 else RULES[::-1]
    if seed % 3 == 0:
        asked = tuple(replace(one, statistics=_draw_statistics(rng, one)) for one in drawn.asked)
        return AskedRequest(firms, drawn.left_out, asked, rules)
    return _on_registers(rng, firms.assign(branch=rng.choice(list(CODES), len(one_a_firm))[firms["firm"]]), rules)


def _draw_holdings(rng: np.random.Generator, firms: pd.DataFrame) -> np.ndarray:
    """Put some firms in holdings of two or more, in places next to each other or anywhere; missing for firms alone."""
    order = firms["firm"].to_numpy()
    if rng.random() < 0.5:
        order = order[np.argsort(firms["branch"].astype(str) + firms["alpha"].astype(str), kind="stable")]
    holding, at, number = np.full(len(firms), np.nan), 0, 0
    while at < GROUPED * len(firms) * rng.random():
        size = int(rng.integers(2, LARGEST_HOLDING))
        holding[order[at : at + size]] = number
        at, number = at + size + int(rng.integers(0, 20)), number + 1
    return holding


def _draw_statistics(rng: np.random.Generator, one: Asked) -> tuple[str, ...]:
    """Draw the levels that a comparison shows."""
    some = [name for name in STATISTICS if name == "mean" or rng.random() < 0.5]
    if one.function != "compare_groups":
        return ()
    return tuple(name for name in some if name != "ratio_of_sums" or one.indicator == "revenue_per_employee")


def _on_registers(rng: np.random.Generator, firms: pd.DataFrame, rules: Sequence[RuleSet]) -> AskedRequest:
    """Make registers of firms and ask for tables of their panels, under one rule set or two."""
    panels = _panels(rng, firms, rules)
    known = panels[0].to_frame().sort_values(["year", "be_id"], ignore_index=True)
    frame = pd.DataFrame({
        "firm": known["be_id"].astype(int), "year": known["year"].astype(int),
        "joined": known["participant"].astype(int), "persons": known["employed_persons"].astype(float),
        "turnover": known["revenue"].astype(float), "branch": known["sector"].astype(str),
        "age_class": known["age_class"].astype(str), "alpha": 0.0, "beta": 0.0, "profit": 0.0,
        "tech": np.arange(len(known)) % 2.0,
        "holding": known["group_id"].astype(float).where(known["shared_group"].astype(bool)),
    })  # fmt: skip
    measures = rng.choice(["revenue", "revenue_per_employee", "employed_persons"], int(rng.integers(1, 3)), False)
    asked = []
    for _ in range(int(rng.integers(2, 6))):
        function = str(rng.choice(FUNCTIONS, p=[0.55, 0.1, 0.1, 0.05, 0.1, 0.1]))
        filters: list[dict[str, object]] = [
            {}, {}, {"sector": "C"}, {"sector": ["C", "J"]}, {"age_class": "6+"}, {"size_class": ["0-1", "2-9"]},
            {"age_class": ["2-5", "6+"]}, {"age_class": "6+", "sector": "C"},
        ]  # fmt: skip
        where = filters[rng.integers(len(filters))]
        size = "size_class" if "size_class" in where else str(rng.choice(["size_class", "size_class_4"]))
        split = rng.permutation([size, "sector", "age_class"])[: rng.integers(4)]
        by = tuple(str(one) for one in split) if function != "estimate_effect" else ()
        one = Asked(function, int(rng.integers(2)), str(rng.choice(measures)), by, where)
        asked.append(replace(one, statistics=_draw_statistics(rng, one)))
    return AskedRequest(frame, ((), ()), tuple(asked), rules, panels)


def _panels(rng: np.random.Generator, firms: pd.DataFrame, rules: Sequence[RuleSet]) -> tuple[se.Panel, ...]:
    """Write the registers, and build their panel under each rule set: one sets outliers aside."""
    founded = {firm: date(int(rng.choice([2000, 2010, 2013])), 1, 1) for firm in firms["firm"].unique()}
    rows = firms.to_dict("records")
    groups = firms.groupby(["holding", "year"])["persons"].sum()
    extract = make_extract(
        business_units=[
            {"be_id": int(one["firm"]) + 1, "year": one["year"], "employed_persons": one["persons"],
             "sbi": CODES[one["branch"]], "founded": founded[one["firm"]],
             "group_id": None if np.isnan(one["holding"]) else int(one["holding"]) + 1}
            for one in rows
        ],
        enterprise_groups=[
            {"group_id": int(number) + 1, "year": int(year), "employed_persons": float(persons)}
            for (number, year), persons in groups.items()
        ],
        turnover=[
            row for one in rows if not np.isnan(one["turnover"])
            for row in quarters(int(one["firm"]) + 1, one["year"], [one["turnover"] / 4000] * 4)
        ],
        **one_link_each(int(firm) + 1 for firm in firms.loc[firms["joined"] == 1, "firm"].unique()),
    )  # fmt: skip
    linkage = se.link_participants(extract)
    return tuple(se.build_panel(extract, linkage, rules=one) for one in rules)
