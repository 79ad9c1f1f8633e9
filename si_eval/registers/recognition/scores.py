"""Which role each column of a table has: the name and the values together, each role and column once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from si_eval.registers.naming import NameScore, roles, score_name
from si_eval.registers.recognition.profiles import Profile
from si_eval.registers.recognition.readings import OWN_CLASS, OWN_NUMBER, UNUSED, ColumnReading

BY_NAME, BY_VALUES = 0.6, 0.4  # what name and values count for
MIN_FIT = 0.2  # values that look less like a role than this exclude it
MIN_SCORE = 0.45
NEAR = 0.1  # two readings whose scores differ by less are both shown
VALUES_ALONE = {  # the score of roles that are told by values where no word of a name says them
    "sbi": 0.6,
    "decision": 0.6,
    "quarter": 0.5,
    "year": 0.5,
    "founded": 0.5,
    "entry_date": 0.5,
    "employed_persons": 0.46,
    "turnover": 0.46,
}
LOOKS_SO = 0.8  # values that are as far like a kind tell it alone
ONLY_ONE = ("employed_persons", "turnover")  # roles told by values alone where one column of a table could have them
OWN_CONFIDENCE = 0.65  # what they are, the user knows
SPLIT_CLASSES = 40  # different values that make a useful split
KIND_WORDS = {
    "id": "identifiers",
    "year": "years",
    "quarter": "quarters",
    "persons": "numbers as of persons",
    "money": "amounts",
    "activity": "codes of the classification",
    "date": "dates or years",
    "founded": "dates or years",
    "classes": "few different values",
    "label": "few different texts",
    "decision": "words for yes and no",
    "number": "numbers",
    "text": "texts",
}


@dataclass(frozen=True)
class Score:
    """How well a column fits a role."""

    total: float
    name: NameScore
    values: float


def score_column(profile: Profile, role: str) -> Score:
    """Score a column for a role by its name and its values."""
    kind = roles()[role]["values"]
    named, fit = score_name(profile.name, role), profile.fits.get(kind, 0.0)
    if profile.is_empty:
        return Score(BY_NAME * named.score, named, 0.0)
    if fit < MIN_FIT:
        return Score(0.0, named, fit)
    if named.score == 0:
        return Score(VALUES_ALONE.get(role, 0.0) * (fit >= LOOKS_SO), named, fit)
    return Score(BY_NAME * named.score + BY_VALUES * fit, named, fit)


def assign_roles(
    profiles: Mapping[str, Profile], wanted: Collection[str], given: Mapping[str, ColumnReading]
) -> dict[str, ColumnReading]:
    """Give columns the roles that they fit best, each once; ``given`` columns have theirs.

    A column that fits no role is one of the study's own (a number, or classes), or of no use.
    """
    taken = dict(given)
    left = {name: profile for name, profile in profiles.items() if name not in taken}
    scores = {
        (name, role): score_column(profile, role)
        for name, profile in left.items()
        for role in wanted
        if role not in {one.role for one in given.values()}
    }
    for role in set(ONLY_ONE) & set(wanted):
        unnamed = [pair for pair in scores if pair[1] == role and scores[pair].total and not scores[pair].name.score]
        if len(unnamed) > 1 or any(scores[pair].name.score for pair in scores if pair[1] == role):
            scores |= {pair: Score(0.0, scores[pair].name, scores[pair].values) for pair in unnamed}
    order = sorted(scores, key=lambda pair: -scores[pair].total)
    for name, role in order:
        score = scores[name, role]
        if score.total < MIN_SCORE or name in taken or any(one.role == role for one in taken.values()):
            continue
        near = tuple(
            other
            for other in left
            if other != name and other not in taken and scores[other, role].total > max(score.total - NEAR, MIN_SCORE)
            and scores[other, role].total >= max(scores[other, one].total for one in wanted if (other, one) in scores)
        )  # fmt: skip
        taken[name] = ColumnReading(name, role, round(score.total, 2), explain(score, role), left[name], near)
    return taken | {name: own_reading(profile) for name, profile in left.items() if name not in taken}


def explain(score: Score, role: str) -> str:
    """Say in words why a column has a role."""
    kind = KIND_WORDS[roles()[role]["values"]]
    named = f"its name is as `{score.name.synonym}`" if score.name.score else "no word of its name says it"
    return f"{named}; it has {kind}" if score.values else f"{named}; its values do not tell"


def own_reading(profile: Profile) -> ColumnReading:
    """Read a column without a role: numbers, classes, or nothing that a study can use."""
    name = profile.name
    if profile.is_empty:
        return ColumnReading(name, UNUSED, 1.0, "it has no values", profile)
    if (
        profile.is_number
        and profile.fits.get("year", 0) < 1
        and not (profile.fits["id"] >= 1 and profile.distinct > profile.rows / 2)
    ):
        return ColumnReading(name, OWN_NUMBER, OWN_CONFIDENCE, "numbers", profile)
    if not profile.is_number and profile.fits.get("date", 0) < 1 and 2 <= profile.distinct <= SPLIT_CLASSES:
        return ColumnReading(name, OWN_CLASS, OWN_CONFIDENCE, f"{profile.distinct} different texts", profile)
    if profile.fits.get("date", 0) >= MIN_FIT and profile.distinct > 1:
        return ColumnReading(name, UNUSED, OWN_CONFIDENCE, "dates or years: when firms entered, or began?", profile)
    what = "one value" if profile.distinct == 1 else f"{profile.distinct} different values"
    return ColumnReading(name, UNUSED, 0.8, f"{what}: no number and no classes", profile)
