"""What a number needs to cross the public border, as settings with their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from si_eval.arguments import Arguments, describe_value
from si_eval.errors import DisclosureError
from si_eval.registry import facts

CountedUnit = Literal["unit", "group"]
DEFAULT_PROTECTION = 0.1  # half-width of a protection interval, relative, where no p% rule gives one


@dataclass(frozen=True)
class DisclosureRules:
    """The rules that a number must pass, and whose figures they protect.

    Take a preset with `DisclosureRules.preset`, and change it with `dataclasses.replace`; name your own.

    Parameters
    ----------
    name : str, default "own"
        The name, which every protected table carries.
    min_units : int, default 10
        The fewest distinct units with a value.
    dominance : tuple of (int, float), default ((1, 0.5),)
        Pairs (n, k): the n largest contributions are at most the share k of the total.
    p_percent : float, default 10
        Without its two largest contributions a total keeps at least this percentage of the largest one.
    group_share : float, default 0.9
        No category holds more than this share of a group.
    min_dof : int, default 10
        The fewest degrees of freedom of a model.
    quantile_units : int, default 10
        Units on each side of a quantile.
    zeros : {"unsafe", "safe"}, default "unsafe"
        Whether an empty category may be told.
    unit : {"group", "unit"}, default "group"
        ``"unit"`` counts firms, ``"group"`` the fewer of firms and holdings.
    public_units : tuple, optional
        Ids of units whose figures are public; they do not count.
    contributions : {"required", "where_given"}, default "required"
        ``"required"`` withholds a magnitude whose largest contributions are not given.
    unrestricted_units : tuple of str, optional
        Units of measure that count rows of a method rather than firms.
    source, verified_by : str, optional
        Where the rules come from, and who compared them with the office's own text.
    sources : mapping, optional
        The same for each threshold.

    Raises
    ------
    DisclosureError
        For a value that makes no sense; all are listed at once.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import si_eval as se
    >>> rules = se.DisclosureRules.preset("cbs")
    >>> rules.min_units, rules.dominance
    (10, ((1, 0.5),))
    >>> replace(rules, name="cbs, at least 15 units", min_units=15).min_units
    15
    """

    name: str = "own"
    min_units: int = 10
    dominance: tuple[tuple[int, float], ...] = ((1, 0.5),)
    p_percent: float = 10.0
    group_share: float = 0.9
    min_dof: int = 10
    quantile_units: int = 10
    zeros: Literal["unsafe", "safe"] = "unsafe"
    unit: CountedUnit = "group"
    public_units: tuple[object, ...] = ()
    contributions: Literal["required", "where_given"] = "required"
    unrestricted_units: tuple[str, ...] = ()
    source: str = ""
    verified_by: str = ""
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arguments = Arguments("DisclosureRules")
        arguments.text("name", self.name, 'write a name, such as "own"')
        arguments.whole("min_units", self.min_units, least=1)
        arguments.number("p_percent", self.p_percent, least=0, most=100, action="write 10 for 10 percent, 0 for none")
        arguments.number("group_share", self.group_share, above=0, most=1, action="write 0.9 for 90 percent")
        arguments.whole("min_dof", self.min_dof, least=0)
        arguments.whole("quantile_units", self.quantile_units, least=0)
        arguments.option("zeros", self.zeros, ("unsafe", "safe"))
        arguments.option("unit", self.unit, ("group", "unit"))
        arguments.option("contributions", self.contributions, ("required", "where_given"))
        public = arguments.sequence("public_units", self.public_units, "a tuple of ids")
        _check_dominance(arguments, self.dominance)
        arguments.sequence_of_texts("unrestricted_units", self.unrestricted_units, "units of measure")
        arguments.refuse_problems(DisclosureError)
        object.__setattr__(self, "public_units", tuple(public or ()))

    @classmethod
    def preset(cls, name: str) -> DisclosureRules:
        """Return the rules of a preset of the registry; raises `DisclosureError` for one that is not there."""
        presets = {key: entry for key, entry in facts("disclosure").items() if "min_units" in entry}
        arguments = Arguments("protect")
        arguments.option("rules", name, presets, "name one or give DisclosureRules")
        arguments.refuse_problems(DisclosureError)
        entry: dict[str, Any] = dict(presets[name])
        entry["dominance"] = tuple((int(n), float(k)) for n, k in entry["dominance"])
        entry["unrestricted_units"] = tuple(entry["unrestricted_units"])
        return cls(name=name, **entry)

    @property
    def protection(self) -> float:
        """Compute the half-width of the interval that outsiders may at best infer, relative to a withheld total."""
        return self.p_percent / 100 if self.p_percent > 0 else DEFAULT_PROTECTION


def _check_dominance(arguments: Arguments, dominance: object) -> None:
    """Keep a problem for each rule of dominance that is no pair of a number of units and a share."""
    for pair in arguments.sequence("dominance", dominance, "pairs of a number of units and a share") or ():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            arguments.add("dominance", describe_value(pair), "a pair (units, share)", "write ((1, 0.5),)")
            continue
        arguments.whole("dominance", pair[0], least=1)
        arguments.number("dominance", pair[1], above=0, most=1, action="write 0.5 for half of the total")


def as_rules(rules: str | DisclosureRules) -> DisclosureRules:
    """Return the rules by name, or those given; raise `DisclosureError` for anything else."""
    if isinstance(rules, str):
        return DisclosureRules.preset(rules)
    if not isinstance(rules, DisclosureRules):
        raise DisclosureError(
            f"rules: found {type(rules).__name__}; expected the name of a preset or DisclosureRules; give one"
        )
    return rules
