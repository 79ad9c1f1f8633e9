"""Legal persons: their KvK pseudonyms, their links to units, and the list of participants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from si_eval.synthetic.links import ABSENT_UNIT, MISSING, OPEN
from si_eval.synthetic.randomness import random_generator
from si_eval.synthetic.register import Register
from si_eval.synthetic.units import identifiers

ABSENT_BE_ID = 9_000_000
NON_ASCII_FIELDLAB = "Fieldlab 17 Coöperatief"


@dataclass(frozen=True)
class Persons:
    """Everyone in the extract: ``kvk`` bytes, shape (P, 16), ``person_id``, shape (P,), and their links, shape (L,).

    ``list_kvk`` and ``list_fieldlab`` are the rows of the participants' list, duplicates included.
    """

    kvk: np.ndarray
    person_id: np.ndarray
    link_person: np.ndarray
    link_be_id: np.ndarray
    link_start: np.ndarray
    link_end: np.ndarray
    list_kvk: np.ndarray
    list_fieldlab: np.ndarray


def build_persons(register: Register) -> Persons:
    """Draw the legal persons of every unit and of the participants, with their links."""
    preset, units, links = register.preset, register.units, register.participants.links
    generator = random_generator(register.seed, "persons")
    unique, without_person = preset.linkage("kvk_unique"), preset.linkage("kvk_without_person")
    of_participants = unique - without_person
    second = np.flatnonzero(generator.random(len(units)) < preset.assumed("population.two_persons"))
    unit = np.concatenate([np.arange(len(units)), second])
    total = of_participants + len(unit)
    kvk = np.frombuffer(generator.bytes(16 * (total + without_person)), dtype=np.uint8).reshape(-1, 16)
    open_end = np.where(generator.random(len(unit)) < 0.5, OPEN, MISSING)
    left = units.last[unit] < preset.last_year
    end = np.where(left, last_day(units.last[unit]), open_end)
    sisters = register.restructuring
    first_link = {int(one): int(person) for person, one in zip(links.person[::-1], links.unit[::-1], strict=True)}
    person_of_main = np.array([first_link[int(one)] for one in sisters.main], dtype=np.int64)
    absent = links.unit == ABSENT_UNIT
    participant_be_id = np.where(absent, ABSENT_BE_ID + links.person, register.be_id[links.unit])
    listed = np.concatenate([np.arange(of_participants), np.arange(total, total + without_person)])
    rows = preset.linkage("rows")
    again = generator.choice(listed, rows - unique)
    return Persons(
        kvk=kvk[:total],
        person_id=identifiers(register.seed, "persons", total, 1_000_000_000),
        link_person=np.concatenate([links.person, of_participants + np.arange(len(unit)), person_of_main]),
        link_be_id=np.concatenate([participant_be_id, register.be_id[unit], register.be_id[sisters.sister]]),
        link_start=np.concatenate([links.start, units.founded[unit], units.founded[sisters.sister]]),
        link_end=np.concatenate([links.end, end, np.full(len(sisters.sister), OPEN)]),
        list_kvk=kvk[np.concatenate([listed, again])],
        list_fieldlab=generator.integers(0, preset.assumed("participants.fieldlabs"), rows),
    )


def fieldlab_names(count: int) -> list[str]:
    """List the names of the fieldlabs; one of them has a letter outside ASCII."""
    return [NON_ASCII_FIELDLAB if number == 17 else f"Fieldlab {number:02d}" for number in range(1, count + 1)]


def last_day(year: np.ndarray) -> np.ndarray:
    """Return the last day of each year, shape (N,)."""
    following = (year.astype(np.int64) - 1970 + 1).astype("datetime64[Y]").astype("datetime64[D]")
    return following - np.timedelta64(1, "D")
