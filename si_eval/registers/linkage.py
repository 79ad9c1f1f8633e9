"""Participants -> persons -> business units a year, by the published rule, with an account of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments
from si_eval.results import Extract, Linkage
from si_eval.vocabulary import BE_ID, ENTRY_YEAR, YEAR

if TYPE_CHECKING:
    import ibis.expr.types as ir

KEPT = "kept"
NEEDED = ("participants", "kvk_person", "person_business_unit", "business_units")
FUNNEL_COLUMNS = ("step", "reason", YEAR, "n")


def link_participants(extract: Extract) -> Linkage:
    """Find the business unit of each participant in each year of the register.

    Use it on an extract whose participants are known by their number in the trade register. Every participant that is
    not found is counted, by step, reason and year.

    Parameters
    ----------
    extract : Extract
        Raw tables, from `read_extract`: ``participants``, ``kvk_person``, ``person_business_unit`` and
        ``business_units``.

    Returns
    -------
    Linkage
        ``units()`` has one row a year and linked unit: ``year, be_id, n_kvk`` (participants on that unit). ``funnel()``
        has every loss: ``step, reason, year, n``; at each step the kept and the lost add up to what the step before
        kept.

    Raises
    ------
    StudyError
        For anything but an extract, and for an extract without these tables.

    Notes
    -----
    A participant (a distinct ``kvk_id``) leads to persons, a person to business units. Candidates in a year are links
    that overlap it and whose unit stands in that year's register. Of several, the link that existed longest within the
    year wins (days, both ends included); then the unit with more persons employed (missing counts as fewest); then the
    smaller ``be_id``, so that the order of rows never matters. Several participants on one unit count once.

    References
    ----------
    Dialogic (2020), Evaluatie Smart Industry, appendix 6.

    Examples
    --------
    >>> import si_eval as se
    >>> linkage = se.link_participants(se.read_extract("extract"))
    >>> print(linkage.funnel().head(4).to_string(index=False))
      step    reason  year   n
    listed      kept  <NA> 733
    unique      kept  <NA> 552
    unique duplicate  <NA> 181
    person      kept  <NA> 522
    """
    arguments = Arguments("link_participants")
    arguments.instance("extract", extract, Extract, "read one with read_extract")
    arguments.refuse_problems()
    lacking = [name for name in NEEDED if name not in extract.tables]
    if lacking:
        arguments.add("extract", f"no table {', '.join(lacking)}", "the tables that lead to units", "add the files")
    arguments.refuse_problems()
    years = _register_years(extract)
    participants = _distinct_participants(extract)
    routes = _routes(extract, participants, years)
    links = engine.fetch(_select_links(routes))
    entry = engine.fetch(participants).set_index("kvk_id")[ENTRY_YEAR]
    return Linkage(
        funnel_frame=_funnel(extract, routes, links),
        units_frame=_units(links, entry),
    )


def _register_years(extract: Extract) -> ir.Table:
    """List the years of the register with their first and last day."""
    register = extract.tables["business_units"]
    years = engine.fetch(register.select(YEAR).distinct())[YEAR].sort_values().astype(int)
    frame = pd.DataFrame(
        {
            YEAR: years.to_numpy(),
            "first": [pd.Timestamp(year, 1, 1).date() for year in years],
            "last": [pd.Timestamp(year, 12, 31).date() for year in years],
        }
    )
    return engine.from_frame(extract.engine, frame).cast({"first": "date", "last": "date"})


def _distinct_participants(extract: Extract) -> ir.Table:
    """List each ``kvk_id`` once, with the year in which it entered first."""
    listed = extract.tables["participants"]
    return engine.materialise(
        extract.engine, listed.group_by("kvk_id").aggregate(entry_year=listed.entry_date.year().min().cast("int64"))
    )


def _routes(extract: Extract, participants: ir.Table, years: ir.Table) -> ir.Table:
    """List every way from a participant to a business unit in a year, also those that lead nowhere.

    One row a participant, year and link; ``in_year`` says that the link overlaps the year, ``in_register`` that its
    unit stands in that year's register.
    """
    persons = extract.tables["kvk_person"].select(person_kvk="kvk_id", person_id="person_id", person_year=YEAR)
    theirs = persons.semi_join(participants, persons.person_kvk == participants.kvk_id)
    persons = engine.materialise(extract.engine, theirs.distinct())
    links = extract.tables["person_business_unit"].select("person_id", BE_ID, "start", "end")
    links = engine.materialise(extract.engine, links.semi_join(persons, "person_id").distinct())
    register = extract.tables["business_units"].select(BE_ID, YEAR, "employed_persons").semi_join(links, BE_ID)

    cases = participants.select("kvk_id").cross_join(years)
    known = [cases.kvk_id == persons.person_kvk, persons.person_year.isnull() | (persons.person_year == cases.year)]
    routes = cases.left_join(persons, known).left_join(links, "person_id").left_join(register, [BE_ID, YEAR])
    first_day = ibis.greatest(routes["start"].fill_null(routes["first"]), routes["first"])
    last_day = ibis.least(routes["end"].fill_null(routes["last"]), routes["last"])
    routes = routes.select(
        "kvk_id", YEAR, "person_id", BE_ID, "employed_persons",
        days=last_day.delta(first_day, unit="day") + 1,
        in_register=routes[f"{BE_ID}_right"].notnull(),
    )  # fmt: skip
    in_year = (routes[BE_ID].notnull() & (routes.days > 0)).fill_null(False)
    return engine.materialise(extract.engine, routes.mutate(in_year=in_year))


def _select_links(routes: ir.Table) -> ir.Table:
    """Select the one candidate of each participant and year by the rule: ``kvk_id, year, be_id``."""
    candidates = routes.filter(routes.in_year & routes.in_register)
    order = ibis.window(
        group_by=["kvk_id", YEAR],
        order_by=[
            candidates.days.desc(),
            candidates.employed_persons.fill_null(-1.0).desc(),
            candidates[BE_ID].asc(),
        ],
    )
    ranked = candidates.mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked.place == 0).select("kvk_id", YEAR, BE_ID)


def _units(links: pd.DataFrame, entry: pd.Series) -> pd.DataFrame:
    """List each year and unit once: the participants on it, and the earliest year in which one of them entered."""
    links = links.assign(entry_year=links["kvk_id"].map(entry).astype("Float64"))
    units = links.groupby([YEAR, BE_ID], as_index=False).agg(n_kvk=("kvk_id", "nunique"))
    first_entry = links.groupby(BE_ID)[ENTRY_YEAR].min()
    units[ENTRY_YEAR] = units[BE_ID].map(first_entry).astype("Int64")
    return units.sort_values([YEAR, BE_ID], ignore_index=True)


def _funnel(extract: Extract, routes: ir.Table, links: pd.DataFrame) -> pd.DataFrame:
    """Account for every row: at each step the kept and the lost add up to what the step before kept."""
    listed = engine.count_rows(extract.tables["participants"])
    furthest = engine.fetch(
        routes.group_by(["kvk_id", YEAR]).aggregate(
            person=routes.person_id.count() > 0,
            link=routes[BE_ID].count() > 0,
            in_year=routes.in_year.any(),
            in_register=(routes.in_year & routes.in_register).any(),
        )
    )
    ever = furthest.groupby("kvk_id")[["person", "link"]].transform("any")
    furthest[["ever_person", "ever_link"]] = ever
    per_participant = furthest.groupby("kvk_id")["ever_person"].any()
    rows: list[tuple[str, str, int | None, int]] = [
        ("listed", KEPT, None, listed),
        ("unique", KEPT, None, len(per_participant)),
        ("unique", "duplicate", None, listed - len(per_participant)),
        ("person", KEPT, None, int(per_participant.sum())),
        ("person", "no_person", None, int((~per_participant).sum())),
    ]
    known = furthest[furthest["ever_person"]]
    for year in sorted(int(number) for number in known[YEAR].unique()):
        cases = known[known[YEAR] == year]
        linked = int(cases["in_register"].sum())
        units = int(links.loc[links[YEAR] == year, BE_ID].nunique())
        lost = cases[~cases["in_register"]]
        rows += [
            ("unit", KEPT, year, linked),
            ("unit", "person_never_linked", year, int((~lost["ever_link"]).sum())),
            ("unit", "no_person_in_year", year, int((lost["ever_link"] & ~lost["person"]).sum())),
            ("unit", "no_link_in_year", year, int((lost["ever_link"] & lost["person"] & ~lost["in_year"]).sum())),
            ("unit", "not_in_register", year, int(lost["in_year"].sum())),
            ("counted", KEPT, year, units),
            ("counted", "unit_shared", year, linked - units),
        ]
    return pd.DataFrame(rows, columns=list(FUNNEL_COLUMNS)).astype({YEAR: "Int64"})
