"""Rule sets: how a panel is built and compared. Each is checked when it is made, and its name says what it changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from si_eval.errors import InputError, Problem, StudyError, propose_name
from si_eval.registry.files import facts
from si_eval.registry.rule_settings import check_settings

MAX_CHARACTERS_OF_OWN_NAME = 60
MAX_CHARACTERS_OF_NAME = 120  # so that it fits in the name of a file, and in a column
OWN_NAME = re.compile(r"\w(?:[\w .-]*\w)?")
DESCRIPTION = ("name", "nl", "en", "source", "base")  # the fields of a rule set that are no settings


@dataclass(frozen=True)
class RuleSet:
    """How a panel is built and compared.

    Take one by its name with `rule_set` and vary it with `change`; every result prints the name of its rule set. All
    fields are checked when a rule set is made, also by `dataclasses.replace`. A name that the package knows stands for
    the settings that it knows: other settings under that name are refused.

    Parameters
    ----------
    name : str
        Letters, digits, ``_``, ``-``, ``.`` and spaces, at most 60. Only `change` adds a part in parentheses.
    nl, en : str
        What the rule set is called in Dutch and English.
    source : str
        Where the settings come from.
    min_quarters : int
        Quarters with a turnover that make the revenue of a year: 1 to 4.
    investment_responses : tuple of {"observed", "imputed"}
        The answers to the investment survey that count.
    min_employed_persons : float
        Figures per employee need more persons employed than this: 0 or more.
    outliers : {"group_in_higher_class", "none"}
        Which units leave: those with an extreme value whose enterprise group is in a higher size class, or none.
    outlier_fence : float
        A value is extreme above the third quartile of the log plus this many interquartile ranges: above 0.
    outlier_min_units : int
        A size class with fewer participants than this has no fence: 4 or more.
    level : float
        Coverage of confidence intervals: between 0 and 1.
    cluster : {"auto", "unit", "group"}
        What varies independently: enterprise groups wherever the panel knows them, each unit, or enterprise groups.
    mean_interval : {"skewness_adjusted", "student"}
        The interval of a mean: adjusted where the values are too skewed for their number, or always Student's.
    statistics : tuple of {"mean", "median", "ratio_of_sums", "winsorised_mean", "mean_log"}
        The levels that a comparison shows.
    size_rule : {"current", "base", "mean", "pre_mean", "end"}
        The year of a unit's size class: each year its own, its first year, a mean of persons over its years or over its
        years before anyone entered, or its last year.
    persons : {"december", "two_decembers"}
        The persons that figures are divided by: those of December, or the mean of this and the last December.
    alive : {"december", "whole_year"}
        Which units have figures: all of the register, or those that were there the December before as well.
    breaks : {"ignore", "flag", "leave_out"}
        Units that became another firm (merger, takeover, split, other persons): not looked for, flagged, or without
        figures in all years.
    winsorise_by : {"cell", "year_and_size"}
        Whose percentiles a winsorised mean moves values in to, of both groups together: those of the units of its cell,
        or those of all units of the unit's year and size class, so that a value moves alike in every table.
    min_test_units : int
        A cell in which a group has fewer units has no p-value: 2 or more.
    weights : {"none", "design"}
        Whether investments are weighed as the stratified sample that the survey is (population over units with a value,
        by division and size class), with the errors of that design.
    investment_years : int
        Investments are sums of this year and the years before, so many together: 1 to 5. A unit needs all of them.
    investment_lag : int
        Which survey the investments of a year come from: its own (0), that of the year after (1) or before (-1). The
        survey counts book years and does not say where these end: what moves with this setting hangs on that.
    min_stratum_units : int
        A stratum with fewer units with a value is joined with others: 2 or more.
    base : RuleSet, optional
        The rule set that this one was changed from.

    Raises
    ------
    InputError
        With every field that is wrong: what was found, what was expected, and what to do.

    Examples
    --------
    >>> import si_eval as se
    >>> rules = se.rule_set("replicate_2020").change(min_employed_persons=1)
    >>> rules.name
    'replicate_2020 (min_employed_persons=1)'
    >>> rules.change(min_quarters=3).name
    'replicate_2020 (min_quarters=3, min_employed_persons=1)'
    >>> rules.change(min_employed_persons=0) == se.rule_set("replicate_2020")
    True
    >>> se.rule_set("replicate_2020").change(level=95, min_quarters=5)
    Traceback (most recent call last):
    si_eval.errors.InputError: the rule set replicate_2020 has 2 problems:
      1. rules.min_quarters: found 5; expected a whole number from 1 to 4; correct it
      2. rules.level: found 95; expected a number between 0 and 1; write 0.95 for 95 percent
    """

    name: str
    nl: str
    en: str
    source: str
    min_quarters: int
    investment_responses: tuple[str, ...]
    min_employed_persons: float
    outliers: str
    outlier_fence: float
    outlier_min_units: int
    level: float
    cluster: str = "auto"
    mean_interval: str = "skewness_adjusted"
    statistics: tuple[str, ...] = ("mean", "median", "ratio_of_sums")
    winsorise_by: str = "cell"
    min_test_units: int = 2
    size_rule: str = "current"
    persons: str = "december"
    alive: str = "december"
    breaks: str = "ignore"
    weights: str = "none"
    investment_years: int = 1
    investment_lag: int = 0
    min_stratum_units: int = 5
    base: RuleSet | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        settings, problems = check_settings(self.settings())
        problems += _check_texts(self)
        if not problems:
            problems = _check_name(self, settings)
        if problems:
            raise InputError(problems, what=f"the rule set {self.name}")
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    def settings(self) -> dict[str, Any]:
        """Return every setting by its name."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in DESCRIPTION}

    def change(
        self,
        *,
        name: str | None = None,
        min_quarters: int | None = None,
        investment_responses: tuple[str, ...] | None = None,
        min_employed_persons: float | None = None,
        outliers: str | None = None,
        outlier_fence: float | None = None,
        outlier_min_units: int | None = None,
        level: float | None = None,
        cluster: str | None = None,
        mean_interval: str | None = None,
        statistics: tuple[str, ...] | None = None,
        winsorise_by: str | None = None,
        min_test_units: int | None = None,
        size_rule: str | None = None,
        persons: str | None = None,
        alive: str | None = None,
        breaks: str | None = None,
        weights: str | None = None,
        investment_years: int | None = None,
        investment_lag: int | None = None,
        min_stratum_units: int | None = None,
    ) -> RuleSet:
        """Return a rule set with some other settings, whose name says what changed; None leaves a setting as it is.

        Changes add up. A set that has the settings of its base again is the base. With ``name`` the set has a name of
        its own instead, and later changes start from there.
        """
        given = {
            "min_quarters": min_quarters,
            "investment_responses": investment_responses,
            "min_employed_persons": min_employed_persons,
            "outliers": outliers,
            "outlier_fence": outlier_fence,
            "outlier_min_units": outlier_min_units,
            "level": level,
            "cluster": cluster,
            "mean_interval": mean_interval,
            "statistics": statistics,
            "winsorise_by": winsorise_by,
            "min_test_units": min_test_units,
            "size_rule": size_rule,
            "persons": persons,
            "alive": alive,
            "breaks": breaks,
            "weights": weights,
            "investment_years": investment_years,
            "investment_lag": investment_lag,
            "min_stratum_units": min_stratum_units,
        }
        wanted = {**self.settings(), **{key: value for key, value in given.items() if value is not None}}
        settings, problems = check_settings(wanted)
        if problems:
            raise InputError(problems, what=f"the rule set {name or self.name}")
        base = self.base or self
        changed = _changes(base, settings)
        if not changed and name is None:
            return base
        return RuleSet(
            name=_name_of_change(base.name, changed) if name is None else name,
            nl=_label_of_change(base, changed, "nl"),
            en=_label_of_change(base, changed, "en"),
            source=base.source,
            base=base if name is None else None,
            **settings,
        )


def rule_set(rules: str | RuleSet) -> RuleSet:
    """Return a rule set by its name.

    Parameters
    ----------
    rules : str or RuleSet
        ``"replicate_2020"`` repeats the published study (current-year class, nominal euro, its outlier rule);
        ``"recommended"`` uses observed investments alone and weighs them, one size class for all
        years of a unit, and no figures of units that became another firm. A rule set is returned as it is.

    Returns
    -------
    RuleSet
        Use its method ``change`` for other settings.

    Raises
    ------
    StudyError
        For a name that is not known.

    Examples
    --------
    >>> import si_eval as se
    >>> se.rule_set("recommended").investment_responses
    ('observed',)
    """
    if isinstance(rules, RuleSet):
        return rules
    known = facts("rules")["rule_sets"]
    if not isinstance(rules, str) or rules not in known:
        advice = propose_name(rules, known, "name one of these or give a RuleSet")
        raise StudyError(f"rules: found {rules!r}; expected one of {', '.join(known)}; {advice}")
    return RuleSet(name=rules, **known[rules])


def _check_texts(rules: RuleSet) -> list[Problem]:
    """List the texts of a rule set that are no texts, or empty."""
    problems = [
        Problem(where=f"rules.{name}", found=repr(getattr(rules, name))[:80], expected="a text", action="write one")
        for name in ("name", "nl", "en", "source")
        if not isinstance(getattr(rules, name), str) or not getattr(rules, name).strip()
    ]
    if rules.base is not None and (not isinstance(rules.base, RuleSet) or rules.base.base is not None):
        problems.append(
            Problem(
                where="rules.base",
                found=repr(rules.base)[:80],
                expected="the rule set that changes start from, or None",
                action="make changes with `change`",
            )
        )
    return problems


def _check_name(rules: RuleSet, settings: Mapping[str, Any]) -> list[Problem]:
    """Refuse a name that stands for other settings than the rule set has, or that no table or file can carry."""
    if rules.base is not None:
        expected = _name_of_change(rules.base.name, _changes(rules.base, settings))
        right = rules.name == expected and bool(_changes(rules.base, settings))
        action = "make changes with `change`, which names them"
    elif rules.name in facts("rules")["rule_sets"]:
        known = facts("rules")["rule_sets"][rules.name]
        differing = {
            name: value
            for name, value in settings.items()
            if value != (tuple(known[name]) if isinstance(known[name], list) else known[name])
        }
        expected = f"another name, because {rules.name} has other settings than {_list_changes(differing)}"
        right = not differing
        action = f'use rule_set("{rules.name}").change(...), or give the rule set a name of its own'
    else:
        expected = (
            f"letters, digits, `_`, `-`, `.` and spaces, at most {MAX_CHARACTERS_OF_OWN_NAME}, a letter or digit first"
        )
        right = len(rules.name) <= MAX_CHARACTERS_OF_OWN_NAME and OWN_NAME.fullmatch(rules.name) is not None
        action = "choose a shorter or simpler name; only `change` adds a part in parentheses"
    return [] if right else [Problem(where="rules.name", found=repr(rules.name), expected=expected, action=action)]


def _changes(base: RuleSet, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ from those of a base, in the order of the fields."""
    return {name: settings[name] for name, value in base.settings().items() if settings[name] != value}


def _name_of_change(base: str, changed: Mapping[str, Any]) -> str:
    """Name a changed rule set: its base and each change; a long list is cut and ends in a code of the whole list."""
    if not changed:
        return base
    whole = f"{base} ({_list_changes(changed)})"
    if len(whole) <= MAX_CHARACTERS_OF_NAME:
        return whole
    code = hashlib.sha256(whole.encode()).hexdigest()[:8]
    for shown in range(len(changed) - 1, -1, -1):
        listed = dict(list(changed.items())[:shown])
        parts = [_list_changes(listed)] if listed else []
        name = f"{base} ({', '.join([*parts, f'{len(changed) - shown} more, {code}'])})"
        if len(name) <= MAX_CHARACTERS_OF_NAME:
            break
    return name


def _list_changes(changed: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_written(value)}" for name, value in changed.items())


def _written(value: Any) -> str:
    """Write a setting as short as it can be told from every other value."""
    if isinstance(value, tuple):
        return "+".join(value)
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _label_of_change(base: RuleSet, changed: Mapping[str, Any], language: str) -> str:
    """Return what a changed rule set is called in a language: its base and each change in words."""
    words = facts("rules")["settings"]
    parts = [
        words[name][language].format(
            value=", ".join(
                words["values"][one][language] if isinstance(one, str) else _written(one)
                for one in (value if isinstance(value, tuple) else (value,))
            )
        )
        for name, value in changed.items()
    ]
    return "; ".join([base.en if language == "en" else base.nl, *parts])
