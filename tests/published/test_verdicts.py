"""Published against computed: every verdict and comparison on tables made up for it, and the data files themselves."""

from __future__ import annotations

import re
import tomllib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from si_eval.errors import DisclosureError, InputError, StudyError
from si_eval.published import PublishedComparison, compare_published
from si_eval.published.asked import describe_claim
from si_eval.published.cases import QUANTITIES
from si_eval.published.sources import CLAIM_COLUMNS, DUTCH_COLUMNS, FIGURE_COLUMNS
from si_eval.published.verdicts import COLUMNS, COMPARISONS, VERDICTS
from si_eval.registry import indicators, sections, size_class_labels
from si_eval.results import ResultTable, SafeTable, Simulation, seal_table
from si_eval.vocabulary import GROUPS

DATA = ROOT / "data" / "published"
READINGS = tomllib.loads((DATA / "readings.toml").read_text(encoding="utf-8"))
KEYS = ("indicator", "statistic", "group", "year", "size_class", "sector", "category")
TYPES = dict.fromkeys(FIGURE_COLUMNS + CLAIM_COLUMNS, str)
WITHHELD = "withheld"
OTHER = "group:non_participant"
# Words that occur in one of the two languages only, and in no name of a fieldlab.
ENGLISH_WORDS = r"(?i)\b(?:the|against|computed|printed|allowed|hold|with|participants|share|source|years?)\b"
DUTCH_WORDS = r"(?i)\b(?:het|een|van|niet|tegenover|berekend|gedrukt|deelnemers|aandeel|bron|jaren)\b"


def cell(value: float | str | None, **keys: str | int) -> dict[str, object]:
    """Make one protected row: a number, withheld, or not computable (None)."""
    shown = not isinstance(value, str)
    row = {"indicator": "revenue", "statistic": "mean", "group": "participant", "year": 2014, "unit": "EUR", **keys}
    told = {"estimate": value if shown else None, "status": "shown" if shown else "suppressed", "note": "no such data"}
    return {"size_class": "all", "sector": "all", "category": "all", "rule_set": "replicate_2020", **row, **told}


def safe(rows: list[dict[str, object]], *, exhibit: str = "made_up", scale: float | None = None) -> SafeTable:
    simulation = None if scale is None else Simulation("made_up", scale, 1, calibrated=({**rows[0]},))
    table = ResultTable(
        pd.DataFrame(rows), "f", "association", "", "replicate_2020", exhibit=exhibit, simulation=simulation
    )
    return seal_table(table, pd.DataFrame(rows).assign(exhibit=exhibit), "cbs")


def published(columns: tuple[str, ...], **keys: str) -> pd.DataFrame:
    defaults = dict.fromkeys(columns, "") | {"id": "X1", "quantity": "level", "confidence": "1.0", "year": "2014"}
    defaults |= {"indicator": "revenue", "statistic": "mean", "group": "participant"}
    defaults |= {"size_class": "all", "sector": "all", "category": "all", "precision": "printed", "quantifier": "all"}
    dutch = [column for column in DUTCH_COLUMNS if column in keys]
    return pd.DataFrame([{column: {**defaults, **keys}[column] for column in (*columns, *dutch)}])


def judge(kind: str, rows: list[dict[str, object]], *, scale: float | None = None, **keys: str) -> pd.Series:
    """Judge one figure or claim against made-up rows."""
    figures, claims = (published(columns, **keys) for columns in (FIGURE_COLUMNS, CLAIM_COLUMNS))
    inputs = (
        {"figures": figures, "claims": claims.iloc[:0]}
        if kind == "figure"
        else {"figures": figures.iloc[:0], "claims": claims}
    )
    return compare_published([safe(rows, scale=scale)], **inputs, readings=DATA / "readings.toml").to_frame().iloc[0]


# --- figures ---------------------------------------------------------------------------------------------------------
FIGURES = [
    (100.4, {"value": "100", "step": "1"}, "exact", "computed 100.4, printed 100"),
    (100.6, {"value": "100", "step": "1"}, "fails", "allowed 99.5 to 100.5"),
    (0.2249, {"value": "0.22", "step": "0.01", "precision": "percent"}, "within precision", ""),
    (0.2251, {"value": "0.22", "step": "0.01", "precision": "percent"}, "fails", ""),
    (100.9, {"value": "100", "step": "1", "precision": "just_above"}, "within precision", ""),
    (99.9, {"value": "100", "step": "1", "precision": "just_above"}, "fails", ""),
    (575.0, {"value": "550", "step": "50", "precision": "about"}, "within precision", ""),
    (WITHHELD, {"value": "100", "step": "1"}, "not computable", "suppressed here"),
    (None, {"value": "100", "step": "1"}, "not computable", "no such data"),
    (100.0, {"value": "100", "step": "1", "indicator": "age"}, "not computable", "no exhibit holds Firm age · Mean"),
    (WITHHELD, {"precision": "withheld"}, "exact", "withheld here and in the source"),
    (100.0, {"precision": "withheld"}, "not computable", "no printed number"),
    (100.0, {"precision": "unprinted"}, "not computable", "prints no value"),
    (100.0, {"value": "900", "precision": "target"}, "not computable", "a target for the future"),
    (
        100.0,
        {"value": "100", "step": "1", "confidence": "0.6", "note": "lost label"},
        "exact",
        "ambiguous, read with confidence 0.6; lost",
    ),
]


@pytest.mark.parametrize(("value", "keys", "verdict", "reason"), FIGURES)
def test_figure_gets_its_verdict(value: float | str | None, keys: dict[str, str], verdict: str, reason: str) -> None:
    row = judge("figure", [cell(value)], **keys)
    assert row["verdict"] == verdict
    assert reason in row["reason"]
    assert pd.isna(row["computed"]) == (verdict == "not computable" or value == WITHHELD)


def test_growth_is_a_figure_too() -> None:
    row = judge(
        "figure",
        [cell(100.0), cell(152.0, year=2018)],
        quantity="change",
        year="2014..2018",
        value="0.5",
        step="0.1",
        precision="about",
    )
    assert (row["verdict"], round(row["computed"], 6)) == ("within precision", 0.52)


def test_thinned_population_is_not_counted() -> None:
    keys = {"value": "100", "step": "1", "whole_population": "yes"}
    assert "scale 0.01" in judge("figure", [cell(1.0)], scale=0.01, **keys)["reason"]
    assert judge("figure", [cell(100.0)], scale=1.0, **keys)["verdict"] == "exact"
    assert "calibrated to this figure" in judge("figure", [cell(100.0)], scale=1.0, **keys)["reason"]


@given(
    rule=st.sampled_from(["printed", "percent", "just_above", "about"]),
    value=st.integers(1, 10**9),
    step=st.sampled_from([0.01, 0.1, 1, 50, 10_000]),
    inside=st.floats(0.01, 0.99),
    beyond=st.floats(0.01, 10),
)
def test_leaving_the_precision_flips_the_verdict(
    rule: str, value: int, step: float, inside: float, beyond: float
) -> None:
    facts = READINGS["precision"][rule]
    low, high = value - facts["below"] * step, value + facts["above"] * step
    keys = {"value": str(value), "step": str(step), "precision": rule}
    for number, verdict in [
        (low + inside * (high - low), facts["verdict"]),
        (low - (beyond + 1e-6) * step - 1e-6 * value, "fails"),
        (high + (beyond + 1e-6) * step + 1e-6 * value, "fails"),
    ]:
        assert judge("figure", [cell(number)], **keys)["verdict"] == verdict


# --- claims ----------------------------------------------------------------------------------------------------------
def pair(left: float | str | None, right: float | str | None, **keys: str | int) -> list[dict[str, object]]:
    return [cell(left, **keys), cell(right, group="non_participant", **keys)]


def course(*values: float | str | None, **keys: str | int) -> list[dict[str, object]]:
    return [cell(value, year=2014 + place, **keys) for place, value in enumerate(values)]


def classes(*lefts: float | str) -> list[dict[str, object]]:
    """Give participants these numbers in the four size classes, and non-participants 1 in each."""
    names = size_class_labels("size_class_4")
    return [row for name, left in zip(names, lefts, strict=True) for row in pair(left, 1, size_class=name)]


def against(comparison: str, **keys: str) -> dict[str, str]:
    return {"comparison": comparison, "other": OTHER, **keys}


def over(quantity: str, comparison: str, year: str, **keys: str) -> dict[str, str]:
    return {"quantity": quantity, "comparison": comparison, "year": year, "other": OTHER, **keys}


def in_classes(comparison: str, **keys: str) -> dict[str, str]:
    return against(comparison, size_class=";".join(size_class_labels("size_class_4")), **keys)


def shares(sector: str, **by_class: float) -> list[dict[str, object]]:
    keys = {"indicator": "size_class", "statistic": "share", "sector": sector}
    return [cell(share, size_class=name, **keys) for name, share in by_class.items()]


SECTORS = [cell(9, sector="C"), cell(5, sector="M"), cell(7, sector="J")]
TWO_SECTORS = [*pair(9, 8, sector="C"), *pair(1, 5, sector="M")]
SPREAD = {"indicator": "size_class", "statistic": "share", "sector": "G", "size_class": "0-9;10-49;50+"}
EVENNESS = [
    *shares("G", **{"0-9": 0.4, "10-49": 0.3, "50+": 0.3}),
    *shares("C", **{"0-9": 0.8, "10-49": 0.1, "50-249": 0.05, "250+": 0.05}),
]
GROWTH = [*course(100, 130), *course(100, 120, group="non_participant")]
DOWN, UP, HOLDS, WITHIN, FAILS, OPEN = "down", "up", "direction holds", "within precision", "fails", "not computable"
CLAIMS = [
    # one cell against another, under each comparison
    (pair(120, 100), against(">"), HOLDS, "Participants 120 against Non-participants 100 (+20.0%)"),
    (pair(100, 120), against(">"), FAILS, "(-16.7%)"),
    (pair(100, 120), against("<"), HOLDS, ""),
    (pair(100, 100), against("<="), HOLDS, ""),
    (pair(101, 100), against("<="), FAILS, ""),
    (pair(100, 100), against(">="), HOLDS, ""),
    (pair(103, 100), against("=", word="about"), WITHIN, ""),
    (pair(110, 100), against("=", word="about"), FAILS, ""),
    (pair(110, 100), against("!="), HOLDS, ""),
    (pair(103, 100), against("!="), FAILS, ""),
    (pair(0.7, 0.3, statistic="share"), against(">", statistic="share", other="0.5"), HOLDS, "70.0%"),
    (pair(WITHHELD, 100), against(">"), OPEN, "suppressed here Participants"),
    (pair(None, 100), against(">"), OPEN, "not computed here: no such data"),
    # sectors by name and all that there are
    (SECTORS, against(">", sector="C", other="sector:*"), HOLDS, "2 of 2"),
    (SECTORS, against(">", sector="J", other="sector:M;C"), FAILS, "C 9"),
    (TWO_SECTORS, against("<", sector="*", quantifier="some"), HOLDS, "1 of 2"),
    ([cell(1)], against("<", sector="*", quantifier="some"), OPEN, "no exhibit holds"),
    # change, step and course over the years
    (course(100, 120), over("change", UP, "2014..2015"), HOLDS, "2015 120 against 2014 100"),
    (course(100, 80), over("change", UP, "2014..2015"), FAILS, ""),
    (course(100, 120), over("change", UP, "2014..2015", word="slight"), WITHIN, "'slight' fits"),
    (course(100, 160), over("change", UP, "2014..2015", word="slight"), HOLDS, "'slight' does not fit"),
    (course(100, 60), over("change", DOWN, "2014..2015", word="large"), WITHIN, ""),
    (course(100, 150), over("change", UP, "2014..2015", word="about_half"), WITHIN, ""),
    (course(100, 104), over("change", "flat", "2014..2015"), WITHIN, ""),
    (course(100, 90), over("change", "flat", "2014..2015"), FAILS, ""),
    (course(100, 97), over("change", "up_or_flat", "2014..2015"), HOLDS, ""),
    (course(100, 110, 90), over("change", DOWN, "2014..2016", word="fluctuating"), WITHIN, ""),
    (course(100, 95, 90), over("change", DOWN, "2014..2016", word="fluctuating"), HOLDS, "does not fit"),
    (course(100, WITHHELD, 90), over("change", DOWN, "2014..2016", word="fluctuating"), HOLDS, "years are missing"),
    (course(100, 110, 120), over("step", UP, "2014..2016"), HOLDS, "2 of 2"),
    (course(100, 90, 120), over("step", UP, "2014..2016"), FAILS, "2015 90"),
    (course(100, 120, 90), over("peak", "up_then_down", "2014;2015;2016"), HOLDS, ""),
    (course(100, 120, 130), over("peak", "up_then_down", "2014;2015;2016"), FAILS, ""),
    # growth, rise and gap between groups
    (GROWTH, over("growth", ">", "2014..2015"), HOLDS, "30.0% against Non-participants 20.0%"),
    (GROWTH, over("growth", "=", "2014..2015"), FAILS, ""),
    (GROWTH, over("rise", ">", "2014..2015"), HOLDS, ""),
    (GROWTH, over("gap", "down", "2014..2015"), FAILS, "8.3% against 2014 0.0%"),
    (course(0, 10), over("growth", ">", "2014..2015", other="group:participant"), OPEN, "a base of zero"),
    # evenness over classes, with a merged class read as the sum of its parts
    (EVENNESS, over("concentration", "<", "2014", other="sector:C", **SPREAD), HOLDS, "0.34 against C 0.66"),
    # quantifiers over size classes, with withheld cells
    (classes(2, 2, 2, 2), in_classes(">"), HOLDS, "4 of 4"),
    (classes(2, 2, 2, 0), in_classes(">"), FAILS, "3 of 4 hold: Participants 250+ 0 against"),
    (classes(2, 2, 2, WITHHELD), in_classes(">"), OPEN, "1 without a number: suppressed here Participants 250+"),
    (classes(0, 2, 2, WITHHELD), in_classes(">"), FAILS, "Participants 0-9 0"),
    (classes(2, 2, 2, WITHHELD), in_classes(">", quantifier="most"), HOLDS, ""),
    (classes(2, 2, 0, WITHHELD), in_classes(">", quantifier="most"), FAILS, ""),
    (classes(2, *[WITHHELD] * 3), in_classes(">", quantifier="most"), OPEN, ""),
    (classes(2, 2, 0, WITHHELD), in_classes(">", quantifier="some"), HOLDS, ""),
    (classes(2, 0, 0, 0), in_classes(">", quantifier="several"), FAILS, ""),
    (classes(2, 2, 0, 0), in_classes(">", quantifier="only_some"), HOLDS, ""),
    (classes(2, 2, 2, 2), in_classes(">", quantifier="only_some"), FAILS, ""),
    (classes(2, 0, WITHHELD, WITHHELD), in_classes("mixed"), HOLDS, "1 of 4 lie above"),
    (classes(2, 2, 2, 2), in_classes("mixed"), FAILS, ""),
    (classes(2, 2, 2, WITHHELD), in_classes("mixed"), OPEN, ""),
    (classes(2, 2, 2, 0), in_classes("mixed", word="systematic"), WITHIN, ""),
    (classes(1.1, 1.2, 1.1, 2), in_classes(">", word="slight"), HOLDS, "does not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "keys", "verdict", "reason"), CLAIMS)
def test_claim_gets_its_verdict(rows: list[dict[str, object]], keys: dict[str, str], verdict: str, reason: str) -> None:
    row = judge("claim", rows, **keys)
    assert row["verdict"] == verdict, row["reason"]
    assert reason in row["reason"]


def test_reasons_and_readings_are_told_in_both_languages() -> None:
    rows = [*pair(1250.5, 1000, size_class="10-49"), *pair(WITHHELD, 1000, size_class="250+")]
    asked = against(">", size_class="10-49;250+", quantifier="some", note="read widely", note_nl="ruim gelezen")
    row = judge("claim", rows, **asked)
    assert row["reason"].startswith("1 of 2 hold, 1 without a number: Participants 10-49 1,250 against Non-")
    counted, compared, note = row["reason_nl"].replace(": ", "; ").split("; ")
    assert counted == "klopt voor 1 van 2, 1 zonder cijfer"
    assert compared == "Deelnemers 10-49 1.250 tegenover Niet-deelnemers 1.000 (+25,0%)"
    assert note == "ruim gelezen"
    assert (row["reading"], row["reading_nl"]) == (
        "in at least one cell, above Non-participants",
        "in ten minste één cel, hoger dan Niet-deelnemers",
    )
    figure = judge("figure", [cell(None)], precision="about", note="only in English")
    assert figure["reason_nl"] == "hier niet berekend: no such data; only in English"
    assert (figure["reading"], figure["reading_nl"]) == ("about", "ongeveer")


@pytest.mark.parametrize("comparison", sorted(COMPARISONS))
@pytest.mark.parametrize("other", ["", "sector:*", "group:non_participant"])
def test_every_reading_has_words(comparison: str, other: str) -> None:
    row = {"comparison": comparison, "other": other, "quantifier": "all", "word": "slight"}
    said = describe_claim(row, READINGS, several=True)
    assert said.nl.startswith("in alle cellen, ")
    assert said.en.startswith("in all cells, ")
    assert "published_" not in said.nl + said.en


def test_every_verdict_comparison_and_quantity_is_tried() -> None:
    assert {verdict for *_, verdict, _ in FIGURES + CLAIMS} == set(VERDICTS)
    assert {keys["comparison"] for _, keys, *_ in CLAIMS} == set(COMPARISONS)
    assert {keys.get("quantity", "level") for _, keys, *_ in CLAIMS} == set(QUANTITIES)
    assert {keys.get("quantifier", "all") for _, keys, *_ in CLAIMS} == set(READINGS["quantifiers"])
    assert {keys["word"] for _, keys, *_ in CLAIMS if "word" in keys} == set(READINGS["words"])


@given(shift=st.floats(0.001, 1000), base=st.floats(1, 1e9))
def test_crossing_the_other_group_flips_a_claim(shift: float, base: float) -> None:
    above, below = (judge("claim", pair(base + way * shift, base), comparison=">", other=OTHER) for way in (1, -1))
    assert (above["verdict"], below["verdict"]) == (HOLDS, FAILS)


# --- which number stands for a cell ----------------------------------------------------------------------------------
def test_a_withheld_whole_is_not_added_up_from_its_parts() -> None:
    keys = {"indicator": "size_class", "statistic": "share"}
    parts = [cell(0.2, size_class="50-249", **keys), cell(0.1, size_class="250+", **keys)]
    asked = {"value": "0.3", "step": "0.1", "size_class": "50+", **keys}
    assert judge("figure", parts, **asked)["verdict"] == "exact"
    assert judge("figure", [*parts, cell(WITHHELD, size_class="50+", **keys)], **asked)["verdict"] == OPEN
    assert judge("figure", [parts[0], cell(WITHHELD, size_class="250+", **keys)], **asked)["verdict"] == OPEN


def test_means_are_never_added_up() -> None:
    rows = [cell(1.0, size_class="50-249"), cell(2.0, size_class="250+")]
    assert judge("figure", rows, value="3", step="1", size_class="50+")["verdict"] == OPEN


def test_the_cited_exhibit_and_the_rule_set_of_the_source_come_first() -> None:
    tables = [safe([cell(1.0)], exhibit="cited"), safe([cell(2.0)], exhibit="elsewhere")]
    recommended = safe([cell(9.0) | {"rule_set": "recommended"}], exhibit="cited")

    def verdict(tables: list[SafeTable], exhibit: str) -> pd.Series:
        figures = published(FIGURE_COLUMNS, value="1", step="1", exhibit=exhibit)
        claims = published(CLAIM_COLUMNS).iloc[:0]
        return compare_published(tables, figures=figures, claims=claims, readings=DATA / "readings.toml").frame.iloc[0]

    assert verdict([*tables, recommended], "cited;other")["verdict"] == "exact"
    assert "several numbers for one cell (cited, elsewhere)" in verdict(tables, "")["reason"]
    assert verdict([recommended], "cited")["verdict"] == "fails"


def test_row_order_never_matters_and_inputs_stay_as_they_were() -> None:
    rows = classes(2, 2, WITHHELD, 0)
    table = safe(rows)
    before = table.to_frame()
    claims = published(CLAIM_COLUMNS, **in_classes(">"))
    kept = claims.copy()
    inputs = {"figures": published(FIGURE_COLUMNS).iloc[:0], "claims": claims, "readings": DATA / "readings.toml"}
    once, again = (compare_published([t], **inputs).to_frame() for t in (table, safe(rows[::-1])))
    pd.testing.assert_frame_equal(once, again)
    pd.testing.assert_frame_equal(table.to_frame(), before)
    pd.testing.assert_frame_equal(claims, kept)


# --- the door --------------------------------------------------------------------------------------------------------
def test_only_protected_tables_are_taken() -> None:
    unprotected = ResultTable(pd.DataFrame([cell(1.0)]), "f", "association", "", "replicate_2020")
    for found in (unprotected, unprotected.frame):
        with pytest.raises(DisclosureError, match=f"found {type(found).__name__}; expected SafeTables only"):
            compare_published([found], figures=DATA / "figures.csv", claims=DATA / "claims.csv")


def test_every_problem_of_the_rows_is_told_at_once() -> None:
    figures = published(FIGURE_COLUMNS, quantity="mood", precision="roughly", value="ten", year="lately")
    claims = published(CLAIM_COLUMNS, comparison="~", quantifier="few", word="hugely", quantity="gap")
    with pytest.raises(InputError) as raised:
        compare_published([], figures=pd.concat([figures, figures]), claims=claims, readings=DATA / "readings.toml")
    told = str(raised.value)
    for found in (
        "mood",
        "roughly",
        "ten",
        "lately",
        "the same id twice",
        "~",
        "few",
        "hugely",
        "group:non_participant",
    ):
        assert found in told
    with pytest.raises(InputError, match="no word"):
        compare_published(
            [], figures=figures.iloc[:0], claims=claims.drop(columns="word"), readings=DATA / "readings.toml"
        )


def test_rows_without_a_file_need_readings() -> None:
    with pytest.raises(StudyError, match="readings="):
        compare_published([], figures=published(FIGURE_COLUMNS), claims=published(CLAIM_COLUMNS))


# --- the data files --------------------------------------------------------------------------------------------------
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, dtype=str, keep_default_na=False)


def listed(column: pd.Series) -> set[str]:
    return {part for text in column for part in text.split(";")}


@pytest.fixture(scope="module")
def source_against_itself() -> PublishedComparison:
    """Judge the source by its own printed figures, as if these had been computed."""
    rows = read("figures.csv").query(
        "quantity == 'level' and precision in ['printed', 'percent', 'just_above', 'withheld']"
    )
    rows = rows.drop_duplicates(list(KEYS)).assign(
        estimate=lambda frame: pd.to_numeric(frame["value"]), rule_set="replicate_2020"
    )
    rows["status"] = rows["estimate"].notna().map({True: "shown", False: "suppressed"})
    about = rows.query("indicator == 'revenue_per_employee' and sector == 'all' and group == 'participant'")
    rows = pd.concat([rows, about.assign(year="2019", estimate=about["estimate"] + 100_000)])
    frame = rows[[*KEYS, "estimate", "unit", "rule_set", "status"]]
    table = ResultTable(frame, "f", "association", "", "replicate_2020")
    return compare_published(
        [seal_table(table, frame, "cbs")], figures=DATA / "figures.csv", claims=DATA / "claims.csv"
    )


def test_ids_are_complete() -> None:
    assert list(read("figures.csv")["id"]) == [f"MP{number:03d}" for number in range(1, 128)]
    assert list(read("claims.csv")["id"]) == [f"MC{number:03d}" for number in range(1, 166)]


@pytest.mark.parametrize("name", [*sorted(path.name for path in DATA.glob("*.csv")), "../survey/claims.csv"])
def test_every_published_row_has_both_languages(name: str) -> None:
    rows = read(name)
    for column in ("statement", "note"):
        dutch, english = rows[f"{column}_nl"], rows[column]
        assert list(rows["id"][(dutch == "") != (english == "")]) == []
        found = dutch.str.contains(ENGLISH_WORDS) | english.str.contains(DUTCH_WORDS)
        assert list(rows["id"][found]) == []
    assert (rows["statement"] != "").all()


def test_every_reading_entry_has_both_languages() -> None:
    for kind in ("precision", "quantifiers", "words"):
        for name, entry in READINGS[kind].items():
            assert entry["nl"], name
            assert entry["en"], name
            assert ("not_computable" in entry) == ("not_computable_nl" in entry), name


def test_every_reason_has_both_languages(source_against_itself: PublishedComparison) -> None:
    frame = source_against_itself.to_frame()
    for column in ("statement", "reading", "reason"):
        assert (frame[column] != "").all()
        assert (frame[f"{column}_nl"] != "").all()
        mixed = frame[f"{column}_nl"].str.contains(ENGLISH_WORDS) | frame[column].str.contains(DUTCH_WORDS)
        assert list(frame["id"][mixed]) == []


@pytest.mark.parametrize("name", ["figures.csv", "claims.csv"])
def test_every_key_is_known(name: str) -> None:
    rows = read(name)
    assert listed(rows["indicator"]) <= set(indicators()) | set(READINGS["results"]["indicators"])
    assert listed(rows["statistic"]) <= {"count", "share", "mean"}
    assert listed(rows["group"]) <= set(GROUPS)
    assert listed(rows["sector"]) <= {"all", "*", *sections()}
    merged = {entry["value"] for entry in READINGS["composites"]}
    assert listed(rows["size_class"]) <= {"all", *size_class_labels(), *size_class_labels("size_class_4"), *merged}
    assert listed(rows["exhibit"]) - {""} == {
        e for e in listed(rows["exhibit"]) if re.fullmatch(r"dialogic_(table|figure)_\d\d", e)
    }
    assert (rows["statement"].str.len() > 10).all()
    assert rows["line"].str.fullmatch(r"\d+(-\d+)?").all()


def test_every_reading_is_used() -> None:
    figures, claims = read("figures.csv"), read("claims.csv")
    assert set(figures["precision"]) == set(READINGS["precision"])
    assert set(claims["quantifier"]) == set(READINGS["quantifiers"])
    assert set(claims["word"]) - {""} == set(READINGS["words"])
    assert set(claims["comparison"]) | {">="} == set(COMPARISONS)
    assert set(claims["quantity"]) == set(QUANTITIES)
    used = listed(figures["indicator"]) | listed(claims["indicator"])
    assert set(READINGS["results"]["indicators"]) <= used


def test_the_source_agrees_with_itself_except_where_it_is_known_not_to(
    source_against_itself: PublishedComparison,
) -> None:
    """What was found by reading the source (`source_check`) is what the evaluator finds in the source's own figures."""
    frame = source_against_itself.to_frame().set_index("id")
    assert set(frame.query("kind == 'figure' and verdict == 'fails'").index) == {"MP106", "MP121", "MP122"}
    check = read("claims.csv").set_index("id")["source_check"]
    claims = frame.query("kind == 'claim' and verdict != 'not computable'").join(check)
    allowed = {
        "consistent": {HOLDS, WITHIN},
        "partly_consistent": {HOLDS},
        "inconsistent": {HOLDS, FAILS},
        "not_checkable": {HOLDS, WITHIN},
    }
    assert len(claims) > 50
    for name, row in claims.iterrows():
        assert row["verdict"] in allowed[row["source_check"]], (name, row["reason"])
    assert claims.loc["MC070", "verdict"] == FAILS
    doubtful = claims.query("source_check in ['inconsistent', 'partly_consistent']").drop(index="MC070")
    assert doubtful["reason"].str.contains("does not fit").all()


def test_the_result_has_its_columns_and_counts(source_against_itself: PublishedComparison) -> None:
    frame = source_against_itself.to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["verdict"]) <= set(VERDICTS)
    assert (frame["reason"].str.len() > 0).all()
    assert "127 figures: exact" in source_against_itself.summary()
    assert "165 claims: exact 0" in source_against_itself.summary()
    assert "<table" in source_against_itself._repr_html_()
    assert frame.query("id == 'MP110'")["verdict"].item() == "exact"


def test_no_published_figure_stands_in_the_code() -> None:
    figures = {text for text in read("figures.csv")["value"] if len(text.replace(".", "")) > 4 and text.isdecimal()}
    assert len(figures) > 20
    for path in (ROOT / "si_eval").rglob("*.py"):
        if "synthetic" in path.relative_to(ROOT).parts:
            continue
        numbers = {re.sub(r"\D", "", number) for number in re.findall(r"\d[\d_.,]*", path.read_text(encoding="utf-8"))}
        assert not numbers & figures, f"{path.name}: {numbers & figures}"
