"""Enterprise groups by year: persons employed and size code, so that published shares of larger groups hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic import codes
from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.register import PARTICIPANT, Register, RegisterYear
from si_eval.synthetic.targets import Preset

HIGHER, LARGER, NOT_LARGER = 2, 1, 0


@dataclass(frozen=True)
class GroupYear:
    """The groups of one year, arrays of shape (G,): index into the group identifiers, persons employed, size code."""

    index: np.ndarray
    persons: np.ndarray
    code: np.ndarray


def group_year(register: Register, state: RegisterYear) -> GroupYear:
    """Add the persons of the units of a group; participants' groups are larger as often as was published.

    A group of one unit has the persons and the size code of that unit.
    """
    group = register.group[state.index]
    member = np.flatnonzero(group >= 0)
    total = len(register.group_id)
    units = np.bincount(group[member], minlength=total)
    persons = np.bincount(group[member], weights=state.persons[member], minlength=total)
    code = np.full(total, codes.CODE_MISSING, dtype=np.int8)
    code[group[member]] = state.code[member]
    code[units > 1] = codes.size_code(persons[units > 1])
    _enlarge(register, state, persons, code)
    index = np.flatnonzero(units)
    return GroupYear(index, np.round(persons[index], 2), code[index])


def _enlarge(register: Register, state: RegisterYear, persons: np.ndarray, code: np.ndarray) -> None:
    """Make the groups of some participants larger than the unit, in place on arrays of this module.

    A group of several participants is as large as its units.
    """
    first = len(register.participants)
    among = np.flatnonzero(state.index < first)
    unit = state.index[among]
    group = register.group[unit]
    kinds = _group_kinds(register, state, among)
    draw = random_generator(register.seed, "group size").random(first)[unit]
    own, own_class = state.persons[among], state.size_class[among]
    next_lower = codes.CLASS_LOWER[np.minimum(own_class + 1, 4)]
    higher = np.maximum(next_lower * (1.2 + 2.3 * draw), own * 1.5)
    larger = _slightly_larger(register.preset, own)
    grown = np.where(kinds == HIGHER, np.maximum(higher, persons[group]), larger)
    grown = np.round(np.where(own_class == 4, np.maximum(own * (1.1 + draw), persons[group]), grown), 2)
    alone = np.bincount(register.group[:first], minlength=len(persons))[group] == 1
    chosen = (kinds != NOT_LARGER) & alone
    persons[group[chosen]] = grown[chosen]
    code[group[chosen]] = codes.size_code(grown[chosen])


def _slightly_larger(preset: Preset, persons: np.ndarray) -> np.ndarray:
    """Compute the persons of a group that has a few persons more than its unit."""
    step = preset.assumed("groups.slightly_larger")
    return np.maximum(persons * step["factor"], persons + step["persons"])


def _group_kinds(register: Register, state: RegisterYear, among: np.ndarray) -> np.ndarray:
    """Choose the participants whose group is larger or in a higher class, shape (len(among),)."""
    preset = register.preset
    unit = state.index[among]
    linked = state.status[among] == PARTICIPANT
    number = int(linked.sum())
    larger = round(preset.figure("group_larger", "participant", state.year) * number)
    higher = round(preset.figure("group_higher_class", "participant", state.year) * number)
    own, own_class = state.persons[among], state.size_class[among]
    priority = register.participants.priority[unit]
    kinds = np.full(len(among), NOT_LARGER)

    may_be_higher = np.flatnonzero(linked & (own_class < 4))
    kinds[may_be_higher[np.argsort(priority[may_be_higher], kind="stable")][:higher]] = HIGHER
    grown = np.round(_slightly_larger(preset, own), 2)
    consistent = (codes.size_class(grown, codes.size_code(grown)) == own_class) & (own > 0)
    may_be_larger = np.flatnonzero(linked & (kinds == NOT_LARGER) & (consistent | (own_class == 4)))
    second = (
        np.where(own_class == 4, 0.3, 1.0)
        * random_generator(register.seed, "group larger").random(len(register.participants))[unit]
    )
    kinds[may_be_larger[np.argsort(second[may_be_larger], kind="stable")][: larger - higher]] = LARGER
    return kinds
