"""The published figures that a preset is calibrated to, and the assumptions behind everything else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PRESETS = ("smart_industry_2020",)
PUBLISHED, REALISTIC = "published", "realistic"
PROFILES = (PUBLISHED, REALISTIC)
SUPPRESSED = "suppressed"
ALL = "all"
POPULATION = "non_participants_2019"
CELL = ("indicator", "statistic", "group", "year", "sector", "size_class", "category")


@dataclass(frozen=True)
class Preset:
    """The facts of one evaluation (`published`, one entry a figure) and the assumptions that complete them."""

    name: str
    facts: Mapping[str, Any]
    assumptions: Mapping[str, Any]
    profile: str = PUBLISHED

    @property
    def is_realistic(self) -> bool:
        """Whether holdings, exits, takeovers, lumpy investments and a drawn sample are simulated."""
        return self.profile == REALISTIC

    @property
    def years(self) -> list[int]:
        """Years of the register."""
        return self.facts["report"]["years"]

    @property
    def investment_years(self) -> list[int]:
        """Years with investments."""
        return self.facts["report"]["investment_years"]

    @property
    def last_year(self) -> int:
        """The year in which the population is described."""
        return self.years[-1]

    def assumed(self, path: str) -> Any:
        """Return the value of an assumption by its dotted name."""
        return self.assumption(path)["value"]

    def assumption(self, path: str) -> Mapping[str, Any]:
        """Return a whole entry of the assumptions by its dotted name."""
        entry: Any = self.assumptions
        for part in path.split("."):
            entry = entry[part]
        return entry

    def linkage(self, name: str) -> Any:
        """Return a published count of the linkage."""
        return self.facts["linkage"][name]["value"]

    def target(self, entry: Mapping[str, Any]) -> float:
        """Return the number that an entry is calibrated to: the published one, or the reading of a vague one."""
        if entry["reading"] == "exact":
            return entry["value"]
        return self.assumed(f"reading.{entry['id']}")

    def published(self, indicator: str, group: str, year: int) -> list[Mapping[str, Any]]:
        """List the published entries of an indicator, group and year that carry a number."""
        return [
            entry
            for entry in self.facts["published"]
            if (entry["indicator"], entry["group"], entry["year"]) == (indicator, group, year)
            and entry["reading"] != SUPPRESSED
        ]

    def figure(self, indicator: str, group: str, year: int, *, sector: str = "all", size_class: str = "all") -> float:
        """Return the target of one published cell; raises KeyError where nothing was published."""
        for entry in self.published(indicator, group, year):
            if (entry["sector"], entry["size_class"]) == (sector, size_class):
                return self.target(entry)
        raise KeyError(f"no published {indicator} for {group} {year} {sector} {size_class}")


@cache
def load_preset(name: str, profile: str = PUBLISHED) -> Preset:
    """Read a preset by name; a profile other than that of the published figures replaces assumptions."""
    folder = files("si_eval.synthetic")
    facts, assumptions = (
        tomllib.loads((folder / f"{file}.toml").read_text(encoding="utf-8")) for file in (name, "assumptions")
    )
    if profile == REALISTIC:
        other = tomllib.loads((folder / f"{REALISTIC}.toml").read_text(encoding="utf-8"))
        assumptions = assumptions | {topic: assumptions.get(topic, {}) | entries for topic, entries in other.items()}
    return Preset(name, facts, assumptions, profile)


def calibrated_cells(preset: Preset, *, whole_population: bool) -> list[dict[str, Any]]:
    """List the cells that a simulation is calibrated to, with the keys of tidy results: counts first, then figures.

    The profile `realistic` meets no printed figure exactly.
    """
    if preset.is_realistic:
        return []
    linked = preset.facts["linkage"]["linked_units"]["indicator"]
    cells = [_cell(linked, "count", "participant", year) for year in preset.years]
    once = [entry for name, entry in preset.facts["linkage"].items() if name not in ("linked_units", POPULATION)]
    once += preset.facts["outliers"].values()
    cells += [_cell(entry["indicator"], "count", "participant", ALL) for entry in once]
    groups = ("participant", "non_participant") if whole_population else ("participant",)
    population = preset.facts["linkage"][POPULATION]["indicator"]
    cells += [_cell(population, "count", group, preset.last_year) for group in groups]
    figures = [entry for entry in preset.facts["published"] if entry["reading"] != SUPPRESSED]
    return cells + [{key: entry[key] for key in CELL} for entry in figures]


def _cell(indicator: str, statistic: str, group: str, year: int | str) -> dict[str, Any]:
    """Return the keys of a cell that is not split by sector, size or category."""
    return dict(zip(CELL, (indicator, statistic, group, year, ALL, ALL, ALL), strict=True))
