"""Judges what was measured: a value against its thresholds, in doubt for innocence where few units stand behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd
from scipy import special

from si_eval.registry import facts
from si_eval.results import CheckResult
from si_eval.stats import BoolArray, FloatArray
from si_eval.vocabulary import BOTH_LANGUAGES, Verdict, bilingual

CHANCE = 3.3  # standard errors that chance explains
MAX_PLACES = 8  # places that a sentence names
DIGITS = 9  # significant digits of a ratio of totals, far above what the order of a sum changes
_ORDER: tuple[Verdict, ...] = ("pass", "informative", "fail")


@dataclass(frozen=True)
class Measure:
    """A value at a place (a table, a year), and the most innocent value that chance allows."""

    check: str
    place: str
    value: float
    bound: float


def share(check: str, place: str, hits: object, n: object) -> Iterator[Measure]:
    """Measure a share: ``hits`` of ``n``, with the exact binomial bound; nothing where there are too few."""
    count, of = int(np.asarray(hits)), int(np.asarray(n))
    if of < fewest(check):
        return
    alpha = facts("plausibility")["alpha"]
    if facts("plausibility")["checks"][check]["direction"] == "high":
        bound = 0.0 if count == 0 else float(special.betaincinv(count, of - count + 1, alpha))
    else:
        bound = 1.0 if count == of else float(special.betaincinv(count + 1, of - count, 1 - alpha))
    yield Measure(check, place, count / of, bound)


def median(check: str, place: str, ratios: FloatArray | pd.Series) -> Iterator[Measure]:
    """Measure a median of ratios of units, with its exact bound by order; nothing where there are too few."""
    values = np.asarray(ratios, dtype=float)
    values = np.sort(values[np.isfinite(values) & (values > 0)])
    if len(values) < fewest(check):
        return
    middle = float(np.median(values))
    inside = int(special.bdtrik(facts("plausibility")["alpha"], len(values), 0.5))
    low, high = values[max(inside, 0)], values[len(values) - 1 - max(inside, 0)]
    bound = low if middle > 1 else high
    yield Measure(check, place, middle, float(bound if (bound > 1) == (middle > 1) else 1.0))


def ratio_of_counts(check: str, place: str, now: float, before: float) -> Iterator[Measure]:
    """Measure a ratio of two counts, less what chance explains; nothing where both are small."""
    if max(now, before) < fewest(check):
        return
    change = math.log((now + 0.5) / (before + 0.5))
    chance = CHANCE * math.sqrt(1 / (now + 0.5) + 1 / (before + 0.5))
    yield Measure(check, place, math.exp(change), math.exp(math.copysign(max(abs(change) - chance, 0.0), change)))


def change_of_share(check: str, place: str, now: BoolArray, before: BoolArray) -> Iterator[Measure]:
    """Measure how far a share of units changes, less what chance explains; nothing where there are too few."""
    if min(len(now), len(before)) < fewest(check):
        return
    shares = float(now.mean()), float(before.mean())
    spread = sum(part * (1 - part) / len(of) for part, of in zip(shares, (now, before), strict=True))
    change = abs(shares[0] - shares[1])
    yield Measure(check, place, change, max(change - CHANCE * math.sqrt(spread), 0.0))


def between_years(wide: pd.DataFrame, label: str) -> Iterator[tuple[str, FloatArray, FloatArray, bool]]:
    """Yield every two years of values that are above zero in both, by unit: place, ratios, first values, consecutive.

    ``wide`` has a row a unit and a column a year.
    """
    years = sorted(wide.columns)
    values = {year: wide[year].to_numpy(dtype=np.float64) for year in years}
    for at, first in enumerate(years):
        for second in years[at + 1 :]:
            both = (values[first] > 0) & (values[second] > 0)
            before = values[first][both]
            yield (
                f"{label} {int(second)} / {int(first)}",
                values[second][both] / before,
                before,
                second == years[at + 1],
            )


def beside_years(check: str, label: str, wide: pd.DataFrame) -> Iterator[Measure]:
    """Measure the median ratio of a year to the years beside it, which tell more of a lumpy number than one of them."""
    if wide.shape[1] < 3:
        return
    logs = wide.where(wide > 0).apply(np.log)
    for at, year in enumerate(wide.columns):
        beside = logs.iloc[:, [one for one in (at - 1, at + 1) if 0 <= one < wide.shape[1]]].mean(axis=1)
        yield from median(check, f"{label} {int(cast(float, year))}", np.exp(logs[year] - beside))


def ratios_of_totals(
    check: str, table: str, totals: Mapping[int, float], rows: Mapping[int, int], rows_a_unit: int = 1
) -> Iterator[Measure]:
    """Measure the ratios of the totals of a table in consecutive years; nothing where units are few or nothing adds up.

    A total that is not above zero beside one that is counts as endlessly far. What the order of rows changes in a sum
    is rounded away.
    """
    for first, second in pairwise(sorted(totals)):
        before, now = totals[first], totals[second]
        told = not (math.isnan(before) and math.isnan(now))
        if told and rows.get(second, 0) >= facts("plausibility")["total_units"] * rows_a_unit:
            value = float(f"{now / before:.{DIGITS}g}") if now > 0 and before > 0 else math.nan
            yield Measure(check, f"{table} {second} / {first}", value, value)


def judge(measures: Iterable[Measure]) -> tuple[CheckResult, ...]:
    """Judge every check of the registry, in its order; one without a measure passes, and says so."""
    by_check: dict[str, list[Measure]] = {name: [] for name in facts("plausibility")["checks"]}
    for measure in measures:
        by_check[measure.check].append(measure)
    return tuple(_judge_check(name, found) for name, found in by_check.items())


def threshold_text(check: CheckResult) -> str:
    """Say in English what a check expects, by the threshold that it was judged by."""
    return check.expected.partition(BOTH_LANGUAGES)[2]


def _judge_check(name: str, measures: list[Measure]) -> CheckResult:
    entry = facts("plausibility")["checks"][name]
    verdicts = [_verdict(entry, measure.bound) for measure in measures]
    verdict: Verdict = "pass" if not verdicts else max(verdicts, key=_ORDER.index)
    worst = max(measures, key=lambda one: _distance(entry["direction"], one.value), default=None)
    places = [measure.place for measure, found in zip(measures, verdicts, strict=True) if found == verdict != "pass"]
    threshold = float(entry["remark" if verdict == "informative" else "fail"])
    return CheckResult(
        name=name,
        statistic=math.nan if worst is None else worst.value,
        threshold=threshold,
        verdict=verdict,
        sentence=bilingual(*(_sentence(name, verdict, places, bool(measures), tongue) for tongue in ("nl", "en"))),
        judged=len(measures),
        departing=len(places),
        expected=_expected(entry["direction"], threshold),
    )


def _expected(direction: str, threshold: float) -> str:
    """Say in both languages on which side of the threshold a check passes."""
    words = facts("plausibility")["words"][direction]
    return bilingual(
        words["nl"].format(threshold=f"{threshold:g}".replace(".", ",")),
        words["en"].format(threshold=f"{threshold:g}"),
    )


def _sentence(name: str, verdict: Verdict, places: list[str], measured: bool, language: str) -> str:
    """Say what was checked and how it came out, without a number of the data."""
    words = facts("plausibility")["words"]
    key = verdict if measured else "nothing"
    more = words["more"][language].format(n=len(places) - MAX_PLACES) if len(places) > MAX_PLACES else ""
    told = words[key][language].format(places=", ".join(places[:MAX_PLACES]) + more)
    return f"{facts('plausibility')['checks'][name][language]}: {told}"


def _verdict(entry: dict[str, float | str], bound: float) -> Verdict:
    direction = str(entry["direction"])
    distance = _distance(direction, bound)
    if distance > _distance(direction, float(entry["fail"])):
        return "fail"
    return "informative" if distance > _distance(direction, float(entry["remark"])) else "pass"


def _distance(direction: str, value: float) -> float:
    if direction == "factor":
        return math.inf if math.isnan(value) else abs(math.log(max(value, 1e-12)))
    return value if direction == "high" else -value


def fewest(check: str) -> float:
    """Return the number of units (rows, participants) from which a check judges."""
    return float(facts("plausibility")["checks"][check].get("minimum", facts("plausibility")["minimum"]))
