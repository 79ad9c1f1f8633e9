"""The published figures and claims of the reference study: complete, bilingual, and consistent with themselves."""

from __future__ import annotations

import re
import tomllib

import pandas as pd
import pytest
from paths import DATA, REFERENCE, ROOT
from published_cells import READINGS
from safe_tables import make_safe_table

from si_eval.published import PublishedComparison, compare_published
from si_eval.published.contrasts import QUANTITIES
from si_eval.published.verdicts import COLUMNS, COMPARISONS, VERDICTS
from si_eval.registry import indicators, sections, size_class_labels
from si_eval.results import ResultTable
from si_eval.vocabulary import GROUPS

PUBLISHED = DATA / "published"
KEYS = ("indicator", "statistic", "group", "year", "size_class", "sector", "category")
NOT_SHOWN = "not_reproduced.csv"
CATALOGUE = REFERENCE / "figures_tables_catalogue.csv"
HOLDS, WITHIN, FAILS = "direction holds", "within precision", "fails"
# Words that occur in one of the two languages only, and in no name of a fieldlab.
ENGLISH_WORDS = r"(?i)\b(?:the|against|computed|printed|allowed|hold|with|participants|share|source|years?)\b"
DUTCH_WORDS = r"(?i)\b(?:het|een|van|niet|tegenover|berekend|gedrukt|deelnemers|aandeel|bron|jaren)\b"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / name, dtype=str, keep_default_na=False)


def names_in(column: pd.Series) -> set[str]:
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
        [make_safe_table(table, frame, "cbs")], figures=PUBLISHED / "figures.csv", claims=PUBLISHED / "claims.csv"
    )


def test_ids_are_complete() -> None:
    assert list(read("figures.csv")["id"]) == [f"MP{number:03d}" for number in range(1, 128)]
    assert list(read("claims.csv")["id"]) == [f"MC{number:03d}" for number in range(1, 166)]


@pytest.mark.parametrize(
    "name", [*sorted(path.name for path in PUBLISHED.glob("*.csv") if path.name != NOT_SHOWN), "../survey/claims.csv"]
)
def test_every_published_row_has_both_languages(name: str) -> None:
    rows = read(name)
    for column in ("statement", "note"):
        dutch, english = rows[f"{column}_nl"], rows[column]
        assert list(rows["id"][(dutch == "") != (english == "")]) == []
        found = dutch.str.contains(ENGLISH_WORDS) | english.str.contains(DUTCH_WORDS)
        assert list(rows["id"][found]) == []
    assert (rows["statement"] != "").all()


def exhibits_of_the_study() -> set[str]:
    files = [DATA / "studies" / "smart_industry_2020.toml", *DATA.glob("*/exhibits.toml")]
    return {entry["id"] for file in files for entry in tomllib.loads(file.read_text(encoding="utf-8"))["exhibits"]}


def test_what_is_not_reproduced_is_no_exhibit_and_has_a_reason() -> None:
    rows = read(NOT_SHOWN)
    assert not set(rows["exhibit"]) & exhibits_of_the_study()
    assert rows["exhibit"].is_unique
    assert (rows[["reason", "reason_nl"]] != "").all(axis=None)
    named = {name for text in rows["reason"] for name in re.findall(r"[a-z]+_[a-z0-9_]+", text)}
    assert named <= exhibits_of_the_study()


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the reference folder is not part of the project")
def test_every_figure_table_and_box_of_the_sources_is_an_exhibit_or_has_a_reason() -> None:
    sources = {"Dialogic 2020": "dialogic", "TNO 2020 monitor": "tno", "Implementatieagenda 2018-2021": "agenda"}
    kinds = {"Figuur": "figure", "Tabel": "table", "Box": "box"}
    rows = pd.read_csv(CATALOGUE)
    split = rows["id"].str.split(expand=True)
    numbers = split[1].astype(int).map("{:02d}".format)
    names = set(rows["source"].map(sources) + "_" + split[0].map(kinds) + "_" + numbers)
    assert names - exhibits_of_the_study() == set(read(NOT_SHOWN)["exhibit"])


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
    assert names_in(rows["indicator"]) <= set(indicators()) | set(READINGS["results"]["indicators"])
    assert names_in(rows["statistic"]) <= {"count", "share", "mean"}
    assert names_in(rows["group"]) <= set(GROUPS)
    assert names_in(rows["sector"]) <= {"all", "*", *sections()}
    merged = {entry["value"] for entry in READINGS["composites"]}
    assert names_in(rows["size_class"]) <= {"all", *size_class_labels(), *size_class_labels("size_class_4"), *merged}
    assert names_in(rows["exhibit"]) - {""} == {
        e for e in names_in(rows["exhibit"]) if re.fullmatch(r"dialogic_(table|figure)_\d\d", e)
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
    used = names_in(figures["indicator"]) | names_in(claims["indicator"])
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
