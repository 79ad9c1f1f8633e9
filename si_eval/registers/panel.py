"""The panel of business units by year: which columns it has, who is set aside, how many have each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from si_eval import engine
from si_eval.arguments import Arguments, describe_value, whole_number
from si_eval.errors import StudyError
from si_eval.frozen import FrozenMapping
from si_eval.registers.classes import group_member, split_of
from si_eval.registers.identity import identity_of_extract
from si_eval.registers.outliers import find_outliers, flag_outliers, outlier_domains
from si_eval.registers.unit_years import DESIGN, investment_flags, join_unit_years
from si_eval.registry import (
    Declarations,
    Declares,
    Deflators,
    Indicator,
    RuleSet,
    indicators,
    rule_set,
    unweighted,
    weigh_declared,
)
from si_eval.registry.deflators import NOMINAL, money_columns, priced_indicators, refuse_unknown, refuse_unpriced
from si_eval.results import Extract, Linkage, Panel
from si_eval.vocabulary import (
    AGE,
    AGE_CLASS,
    BE_ID,
    CURRENT_SIZE_CLASS,
    CURRENT_SIZE_CLASS_4,
    DIVISION,
    EMPLOYED_PERSONS,
    ENTRY_YEAR,
    GROUP_HIGHER_CLASS,
    GROUP_ID,
    GROUP_LARGER,
    INVESTMENT_STATUS,
    JUMPED,
    MUNICIPALITY,
    NON_PARTICIPANTS,
    PARTICIPANT,
    PARTICIPANTS,
    PUBLIC_UNIT,
    QUARTERS,
    RESTRUCTURED,
    REVENUE,
    SECTOR,
    SHARED_GROUP,
    SIZE_CLASS,
    SIZE_CLASS_4,
    STRATUM,
    STRATUM_SAMPLE,
    WEIGHT,
    YEAR,
    excluded,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_COMPARISONS: Mapping[str, Linkage | Sequence[int]] = FrozenMapping()
MAX_ID = 2**63  # of an id in the engine


def build_panel(
    extract: Extract,
    linkage: Linkage,
    *,
    rules: str | RuleSet = "replicate_2020",
    public_units: Sequence[int] = (),
    comparisons: Mapping[str, Linkage | Sequence[int]] = NO_COMPARISONS,
    study: Declares | None = None,
    deflators: Deflators | None = None,
) -> Panel:
    """Build the panel: one row a business unit and year of the register.

    Use it on the extract and the linkage of a programme; every comparison and estimate starts from the panel. Money is
    in the extract's currency, shares are fractions. A table that the extract does not have leaves its columns missing.
    Indicators are the entries of ``registry/indicators.toml``.

    Parameters
    ----------
    extract : Extract
        Raw tables, from `read_extract`.
    linkage : Linkage
        Business units of the participants, from `link_participants`.
    rules : str or RuleSet, default "replicate_2020"
        How many quarters make a revenue, which investments count, who is an outlier.
    public_units : sequence of int, optional
        Ids of units whose figures are public (those that the output rules name). The panel marks them, and its cells
        say what they contribute.
    comparisons : mapping of str to Linkage or sequence of int, optional
        Units to compare participants with, by name: rejected applicants or users of another scheme, as
        `link_participants` found them or by ``be_id``. The panel marks them in a column of that name, which comparisons
        take as ``against``.
    study : Study, optional
        From `load_study`: the currency of the extract's amounts, and the indicators, splits and comparison groups that
        it declares, which are made of columns of the panel, and its deflators.
    deflators : Deflators, optional
        From `read_deflators`: money is expressed in prices of one year. Without them it is nominal.

    Returns
    -------
    Panel
        ``to_frame()`` has one row a unit and year: ``be_id, year, participant, entry_year``, size, sector, age and
        group of the unit, one column an indicator, ``investment_status, weight``, and ``excluded_<domain>`` for the
        units that the outlier rule sets aside. ``participant`` is true in the years in which the unit is linked, false
        for units that are never linked, and missing for a unit that is linked in other years only.

    Raises
    ------
    StudyError
        For an unknown rule set, for public units that the register does not have, and for an indicator that
        cannot be computed.

    Notes
    -----
    Revenue is the sum of the quarters of a year where at least ``rules.min_quarters`` are present. Figures per employee
    divide by persons employed where these are above ``rules.min_employed_persons``. Where ``rules.weights`` is
    ``"design"``, ``weight`` says how many units of the population each unit with observed investments stands for (see
    ``Panel.strata``), and comparisons weigh investments by it. Outliers are participants with a
    log value more than ``rules.outlier_fence`` interquartile ranges above the third quartile of their year and size
    class, in a year in which their enterprise group is in a higher size class.

    References
    ----------
    Dialogic (2020), Evaluatie Smart Industry, appendix 6.

    Examples
    --------
    >>> import si_eval as se
    >>> extract = se.read_extract("extract")
    >>> panel = se.build_panel(extract, se.link_participants(extract), rules="recommended")
    >>> panel.rules.name, list(panel.per_year)
    ('recommended', [2014, 2015, 2016, 2017, 2018, 2019])
    """
    arguments = Arguments("build_panel")
    arguments.instance("extract", extract, Extract, "read one with read_extract")
    arguments.instance("linkage", linkage, Linkage, "make one with link_participants")
    if deflators is not None:
        arguments.instance("deflators", deflators, Deflators, "read them with read_deflators")
    arguments.refuse_problems()
    rules = rule_set(rules)
    declared = Declarations() if study is None else study.declared
    prices = declared.deflators if deflators is None else deflators
    of_registry = indicators(declared.currency)
    weighs = rules.weights == DESIGN
    own = weigh_declared(declared.indicators, of_registry) if weighs else declared.indicators
    known = {**(of_registry if weighs else unweighted(of_registry)), **own}
    public = _check_public_units(extract, public_units)
    _refuse_unread(declared, comparisons)
    compared = _check_comparisons(comparisons, _panel_columns(known))
    if prices is not None:
        refuse_unpriced(known, prices)
        refuse_unknown(prices, money_columns({}), known)
    unit_years = join_unit_years(extract, linkage, known, rules, prices)
    outliers = find_outliers(unit_years.participants, known, rules)
    flagged = flag_outliers(unit_years.units, outliers, outlier_domains(known.values()))
    table = engine.create_view(extract.engine, flagged)
    marked: dict[str, ir.Value] = {PUBLIC_UNIT: table[BE_ID].isin(public)} if public else {}
    for name, units in compared.items():
        listed = engine.from_frame(extract.engine, pd.DataFrame({BE_ID: units}, dtype="int64"))
        marked[name] = table[BE_ID].isin(listed[BE_ID])
    made = _own_columns(table, declared)
    return Panel(
        table=engine.create_view(extract.engine, table.select(*_panel_columns(known), **marked, **made)),
        rules=rules,
        indicators=known,
        per_year=unit_years.per_year,
        count_coverage=partial(_count_coverage, table),
        outlier_frame=outliers,
        identity=identity_of_extract(extract, linkage, rules, public, compared, prices),
        strata_frame=unit_years.strata,
        simulation=extract.simulation,
        notes=(*_one_sided(outliers), *unit_years.notes),
        prices=NOMINAL if prices is None else str(prices.base_year),
        priced=priced_indicators(known, () if prices is None else prices.columns),
        checks=extract.checks,
    )


def _own_columns(table: ir.Table, declared: Declarations) -> dict[str, ir.Column]:
    """Return the columns of the splits and comparison groups that a study declares, by name."""
    splits = {name: split_of(table, split) for name, split in declared.splits.items()}
    groups = {name: group_member(table, group) for name, group in declared.groups.items() if not group.table}
    return splits | groups


def _refuse_unread(declared: Declarations, comparisons: object) -> None:
    """Refuse groups on a list whose units are not given."""
    given = comparisons if isinstance(comparisons, Mapping) else {}
    lacking = [name for name, group in declared.groups.items() if group.table and name not in given]
    if lacking:
        raise StudyError(
            f"groups: found {', '.join(lacking)} on a list that was not read; expected its units; use read_registers, "
            "or give them as `comparisons`"
        )


def _one_sided(outliers: pd.DataFrame) -> tuple[str, ...]:
    """Warn of an outlier rule that set units aside, as it looks at participants alone."""
    if outliers.empty:
        return ()
    return (
        f"the outlier rule set {outliers[BE_ID].nunique()} participants aside and looks at no other unit, so that the "
        "groups are cleaned unequally: see describe_influence, which looks at both, and the setting `outliers`",
    )


def _check_public_units(extract: Extract, units: Sequence[int]) -> list[int]:
    """Return the public units as the register's ids; refuse ids that it does not have."""
    arguments = Arguments("build_panel")
    listed = arguments.sequence("public_units", units, f"a list of {BE_ID}")
    arguments.refuse_problems()
    ids = [int(one) if isinstance(one, str) and one.isdecimal() else whole_number(one) for one in listed or ()]
    codes = [one for one in ids if one is not None and abs(one) < MAX_ID]
    register = extract.tables["business_units"]
    present = register.filter(register[BE_ID].isin(codes)).select(BE_ID).distinct()
    found = sorted({int(unit) for unit in engine.fetch(present)[BE_ID]}) if codes else []
    unknown = [one for one in ids if one not in found]
    if unknown:
        expected = f"{BE_ID} of the register of business units"
        count = f"{len(unknown)} of {len(ids)} ids that the register does not have"
        arguments.add("public_units", count, expected, "correct or drop these ids")
    arguments.refuse_problems()
    return found


def _check_comparisons(given: object, taken: Sequence[str]) -> dict[str, list[int]]:
    """Return the units of each comparison group in ascending order; refuse names that columns have."""
    arguments = Arguments("build_panel")
    if not isinstance(given, Mapping):
        arguments.add("comparisons", describe_value(given), "units by name", 'write {"rejected": linkage}')
    found: dict[str, list[int]] = {}
    for name, units in given.items() if isinstance(given, Mapping) else ():
        place = f"comparisons[{name!r}]"
        if not (isinstance(name, str) and name.isidentifier()) or name.casefold() in taken:
            arguments.add(place, "a name that is taken, or no word", "a name of its own", "rename it")
        if isinstance(units, Linkage):
            found[str(name)] = sorted({int(one) for one in units.units_frame[BE_ID]})
            continue
        listed = [
            whole_number(one) for one in arguments.sequence(place, units, f"a Linkage or a list of {BE_ID}") or ()
        ]
        found[str(name)] = sorted({one for one in listed if one is not None and abs(one) < MAX_ID})
        if len(found[str(name)]) < len(set(listed)):
            arguments.add(place, "values that are no ids", f"a list of {BE_ID}", "correct or drop these")
    arguments.refuse_problems()
    return found


def _panel_columns(known: Mapping[str, Indicator]) -> list[str]:
    """Name the columns of the contract, then those that rules and ratios use, and indicators made of others."""
    further = [name for name, entry in known.items() if entry.weighted_only]
    first = [name for name in known if name not in further]
    columns = [
        BE_ID, YEAR, PARTICIPANT, ENTRY_YEAR, EMPLOYED_PERSONS, SIZE_CLASS, SIZE_CLASS_4, SECTOR, DIVISION, AGE,
        AGE_CLASS, GROUP_ID, GROUP_LARGER, GROUP_HIGHER_CLASS, REVENUE, QUARTERS, *first,
        INVESTMENT_STATUS, WEIGHT, SHARED_GROUP, *[excluded(domain) for domain in outlier_domains(known.values())],
        *[part for entry in known.values() for part in (entry.numerator, entry.denominator) if part],
        MUNICIPALITY, CURRENT_SIZE_CLASS, CURRENT_SIZE_CLASS_4, RESTRUCTURED, JUMPED,
        *[column for entry in known.values() if entry.weight for column in (STRATUM, STRATUM_SAMPLE)], *further,
    ]  # fmt: skip
    return list(dict.fromkeys(columns))


def _count_coverage(table: ir.Table) -> pd.DataFrame:
    """Count, by year and group, the units and how many of them have each figure."""
    measures = {
        "units": table.count(),
        "persons_above_zero": (table[EMPLOYED_PERSONS] > 0).sum(),
        "size_class_known": table[SIZE_CLASS].count(),
        "size_code_disagrees_with_persons": table.code_disagrees.sum(),
        "sector_known": table[SECTOR].count(),
        "age_known": table[AGE].count(),
        "founded_after_the_year": table.founded_later.sum(),
        "four_quarters": (table[QUARTERS] == 4).sum(),
        "some_quarters": ((table[QUARTERS] > 0) & (table[QUARTERS] < 4)).sum(),
        "revenue_per_employee": table.revenue_per_employee.count(),
        **{f"investment_{status}": rows.sum() for status, rows in investment_flags(table).items()},
    }
    if "set_aside" in table.columns:
        measures["set_aside"] = table.set_aside.sum()
    counts = engine.fetch(table.group_by([YEAR, PARTICIPANT]).aggregate(**measures))
    groups = {True: PARTICIPANTS, False: NON_PARTICIPANTS}
    counts["group"] = [groups.get(linked, "linked_other_years") for linked in counts.pop(PARTICIPANT)]
    long = counts.melt(id_vars=[YEAR, "group"], var_name="measure", value_name="n_units")
    long["n_units"] = long["n_units"].fillna(0).astype("int64")
    return long.sort_values([YEAR, "group", "measure"], ignore_index=True)
