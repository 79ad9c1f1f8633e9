"""What a description of participants asks of a panel, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from si_eval import engine
from si_eval.arguments import Arguments, describe_value
from si_eval.registry import size_class_labels
from si_eval.results import Panel
from si_eval.vocabulary import (
    SECTOR,
    SIZE_CLASS_4,
)

FROM_REGISTERS = "use a panel of registers, from build_panel"


def has_values(panel: Panel, column: str) -> bool:
    """Whether some unit of the panel has a value of a column."""
    if column not in panel.table.columns:
        return False
    return bool(engine.fetch(panel.table.aggregate(known=panel.table[column].count()))["known"].iloc[0])


def check_columns(arguments: Arguments, panel: Panel, columns: Sequence[str], *, empty: bool = False) -> None:
    """Keep a problem for the columns that the panel lacks, or that no unit has a value of (``empty``)."""
    missing = [name for name in columns if name not in panel.table.columns or (empty and not has_values(panel, name))]
    if missing:
        arguments.add("panel", f"no {', '.join(missing)}", "the columns that are described", FROM_REGISTERS)


def check_described(
    arguments: Arguments, panel: Panel, year: object, columns: Sequence[str], indicators: Sequence[str]
) -> int:
    """Return the year that is described; keep the problems of the year, and of what the panel lacks."""
    check_columns(arguments, panel, columns)
    lacking = [name for name in indicators if name not in panel.indicators]
    if lacking:
        arguments.add("panel", f"no {', '.join(lacking)}", "the indicators that are described", FROM_REGISTERS)
    return arguments.year("year", year, panel.per_year)


def check_sectors(arguments: Arguments, panel: Panel, sectors: object) -> tuple[str, ...]:
    """Return the sectors that are described, each of which a unit of the panel has."""
    if SECTOR not in panel.table.columns:
        return ()
    known = engine.fetch(panel.table.select(SECTOR).distinct())[SECTOR].dropna()
    return arguments.names("sectors", sectors, sorted(known), what="sectors of the panel")


def check_merges(arguments: Arguments, merge: object, sectors: Sequence[str]) -> None:
    """Keep the problems of the classes that are merged, by sector."""
    if merge is None:
        return
    example = 'write {"J": {"50+": ["50-249", "250+"]}}'
    if not isinstance(merge, Mapping) or not all(isinstance(one, Mapping) for one in merge.values()):
        arguments.add("merge", describe_value(merge), "new classes by sector, each with the classes it takes", example)
        return
    known = size_class_labels(SIZE_CLASS_4)
    for sector, classes in merge.items():
        arguments.names("merge", sector, sectors, what="sectors that are described")
        for name, parts in classes.items():
            place = f"merge[{sector!r}][{name!r}]"
            arguments.names(place, parts, known, what="size classes")
            if name in known:
                arguments.add(place, "the name of another class", "a name of its own", 'write for example "50+"')
        merged = [one for parts in classes.values() if not isinstance(parts, str) for one in parts]
        if len(set(merged)) < len(merged):
            arguments.add(f"merge[{sector!r}]", "a class that is merged twice", "each once", "leave it out of one")
