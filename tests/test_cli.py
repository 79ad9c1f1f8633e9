"""The commands: what run keeps inside, what release makes of it and refuses, and what Ctrl-C leaves."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from si_eval.cli import SIGNALLED, app
from si_eval.errors import DisclosureError, StudyError
from si_eval.report.pdf import can_write_pdf
from si_eval.results import ResultTable
from si_eval.study.evaluation import protect_exhibits
from si_eval.study.file import load_study
from si_eval.study.ledger import load_ledger
from si_eval.study.release import release_run
from si_eval.study.run import run_study

STUDY = """
name = "small"
title = { nl = "Een kleine studie", en = "A small study" }
languages = ["en"]
[disclosure]
rules = "cbs"
ledger = "ledger/releases.json"
[[exhibits]]
id = "sectors"
chapter = "1"
title = { nl = "Sectoren", en = "Sectors" }
function = "describe_reach"
arguments = { year = 2019 }
select = { indicator = "sector", group = "participant" }
chart = { kind = "shares", x = "sector" }
[[exhibits]]
id = "investment"
chapter = "2"
title = { nl = "Investeringen", en = "Investment" }
function = "compare_groups"
chart = { kind = "table", where = { indicator = "revenue" } }
[exhibits.arguments]
indicator = ["investment_communication_per_employee", "revenue"]
by = ["size_class_4"]
where = { sector = "C" }
years = [2014, 2018]
"""
LEDGER = "ledger/releases.json"
IN_FREE_TEXT = 5  # significant digits from which a withheld number can be told from another
WAYS = ("{:.1f}", "{:,.1f}", "{:.0f}", "{:,.0f}", "{!r}", "{:.6g}")
ATTEMPTS = 3  # a command that ends before its signal comes is tried again
PATIENCE = 120  # seconds that a started command may take to come to a step, on a busy machine
PROMPT = 60  # seconds within which an interrupted command has to end


@pytest.fixture(scope="module")
def extract(simulated_extract):
    return simulated_extract()


@pytest.fixture(scope="module")
def first_run(tmp_path_factory, extract):
    """Give the folder of a study and its results; tests that change them take a copy."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    arguments = ["run", str(folder / "study.toml"), "--extract", str(extract), "--out", str(folder / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert str(folder / "out.inside") in result.output
    return folder


@pytest.fixture
def study(first_run, tmp_path):
    return shutil.copytree(first_run, tmp_path / "study")


def run_again(folder, extract, **settings):
    return run_study(folder / "study.toml", out=folder / "out", extract=extract, notebooks=False, **settings)


def contents_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def identifiers(extract):
    found = set()
    for path in extract.glob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"be_id", "group_id", "kvk_id", "person_id"} & set(frame.columns):
            found |= set(frame[column].dropna().astype(str))
    return found


def test_the_version_is_that_of_the_package():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout.split()) == (0, ["si-eval", metadata.version("si-eval")])
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata.version("si-eval"))


REPORT = {
    f"report/{name}_{language}.{kind}"
    for name, kind in (
        ("report", "html"),
        ("report", "docx"),
        *([("report", "pdf")] * can_write_pdf()),
        ("tables", "xlsx"),
        ("explorer", "html"),
    )
    for language in ("en",)
}


def test_a_run_keeps_what_stays_inside_beside_its_results(first_run):
    inside = first_run / "out.inside"
    assert inside.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in first_run.iterdir()) == ["out", "out.inside", "study.toml"]
    evidence = pd.read_csv(inside / "evidence" / "01_cbs" / "rows.csv")
    assert (evidence["reason"].notna() & evidence["estimate"].notna()).any()
    text = (first_run / "out" / "provenance.json").read_text()
    assert str(first_run) not in text
    assert str(Path.home()) not in text
    provenance = json.loads(text)
    assert set(provenance["git"]) <= {"si_eval"}
    assert set(provenance["files"]) == {
        "exhibits.csv", "figures/investment.png", "figures/sectors.png", "tables/investment.csv", "tables/sectors.csv",
        *REPORT,
    }  # fmt: skip


def test_the_package_holds_no_withheld_value_no_identifier_and_no_name(study, extract):
    """Read every byte of the package with a scan of its own, which knows the raw extract."""
    result = CliRunner().invoke(app, ["release", str(study / "out"), "--ledger", str(study / LEDGER)])
    assert result.exit_code == 0, result.output
    assert str(study / LEDGER) in result.output.replace("\n", "")
    (package,) = (study / "out" / "release").iterdir()
    assert re.fullmatch(r"small_\d{4}-\d\d-\d\d_synthetic.zip", package.name)
    files = contents_of(package)
    assert not [name for name in files if "/" in name]
    assert {"T01.csv", "T02.csv", "F01.png", "F02.png", "output_control_form.txt"} < set(files)
    rows = pd.read_csv(study / "out.inside" / "evidence" / "01_cbs" / "rows.csv")
    shown = pd.concat([pd.read_csv(io.BytesIO(files[name])) for name in ("T01.csv", "T02.csv")])
    shown_numbers = set(np.abs(shown.select_dtypes("number").to_numpy().ravel()))
    withheld = rows[rows["status"] != "shown"].select_dtypes("number").drop(columns="year").to_numpy().ravel()
    secret = {float(value) for value in np.abs(withheld) if np.isfinite(value)} - shown_numbers
    assert len(secret) > 30
    written = {way.format(value) for value in secret for way in WAYS}
    written |= {text.translate({ord(","): ".", ord("."): ","}) for text in written}
    telling = {text for text in written if len(re.sub(r"\D", "", text).strip("0")) > IN_FREE_TEXT}
    known = identifiers(extract)
    numbers = {"estimate", "std_error", "conf_low", "conf_high", "p_value", "n_units", "n_total"}
    for name, content in files.items():
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(content.decode())):
                fields = {value for column, value in row.items() if column not in numbers}
                assert not fields & known
                assert row.get("status", "shown") == "shown" or not any(row[column] for column in numbers & set(row))
        if not name.endswith(".png"):
            text = content.decode()
            words = set(re.split(r"[^\w.,]+", re.sub(r"[0-9a-f]{64}", "", text)))
            assert not words & telling
            assert name.endswith(".csv") or not words & known
            assert str(Path.home()) not in text
            assert str(extract.parent) not in text
            assert name == "manifest.json" or "imulated" in text or "SYNTHETIC" in text
    assert json.loads(files["manifest.json"])["synthetic"]["seed"] == 1


def one_mean(estimate, n_units, total):
    """Make a table of one mean, with the evidence that the border needs."""
    cell = {
        "exhibit": "x", "indicator": "revenue", "statistic": "mean", "group": "participant", "year": 2000,
        "size_class": "all", "sector": "all", "category": "all", "estimate": estimate, "std_error": 1.0,
        "conf_low": 8.0, "conf_high": 12.0, "p_value": np.nan, "n_units": n_units, "unit": "EUR", "rule_set": "r",
        "note": "", "largest": 60.0, "second_largest": 50.0, "n_holdings": n_units, "total": total,
    }  # fmt: skip
    return ResultTable(pd.DataFrame([cell]), function="f", evidence="association", cannot_show="cause", rules="r")


def test_the_border_of_a_study_counts_what_outsiders_know(tmp_path):
    """The mean of all but one firm is public: the mean of all would give that firm away."""
    table = one_mean(10.0, 42.0, 420.0).named("investment")
    public = one_mean(9.0, 41.0, 369.0).frame
    public.to_csv(tmp_path / "known.csv", index=False)
    statuses = []
    for border in ('disclosure = "cbs"', '[disclosure]\nknown = "known.csv"'):
        text = re.sub(r"\[disclosure\]\n.*\n.*", border, STUDY, count=1)
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        (safe,) = protect_exhibits(load_study(tmp_path / "study.toml"), [table])
        statuses += safe.to_frame()["status"].tolist()
    assert statuses == ["shown", "suppressed"]


def test_a_run_is_released_twice_as_the_same_bytes_and_enters_the_ledger_once(study):
    first = release_run(study / "out", ledger=study / LEDGER)
    bytes_of_first = first.path.read_bytes()
    second = release_run(study / "out", ledger=study / LEDGER, light=True)
    assert second.path.name == f"LIGHT_{first.path.name}"
    assert second.path.read_bytes() == bytes_of_first
    assert [path.name for path in second.path.parent.iterdir()] == [second.path.name]
    assert len(load_ledger(study / LEDGER).runs) == 1


def test_a_run_that_does_not_know_an_earlier_release_is_refused_until_it_is_run_with_it(study, extract):
    ledger = study / LEDGER
    other = shutil.copytree(study, study / "other")
    record = other / "out.inside" / "record.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "run": "of another study"}))
    release_run(other / "out", ledger=ledger)
    before = ledger.read_bytes()
    with pytest.raises(StudyError, match=r"1 earlier releases .* run the study again with `--ledger releases.json`"):
        release_run(study / "out", ledger=ledger)
    assert ledger.read_bytes() == before
    assert not (study / "out" / "release").exists()
    run_again(study, extract, ledger=ledger)
    made = release_run(study / "out")
    assert len(load_ledger(ledger).runs) == 2
    assert "Earlier releases taken into account: 1" in contents_of(made.path)["output_control_form.txt"].decode()


def test_a_file_that_is_no_ledger_is_refused(study):
    (study / "releases.json").write_text("[]")
    with pytest.raises(StudyError, match="no ledger of releases"):
        release_run(study / "out", ledger=study / "releases.json")


def test_the_ledger_of_the_study_file_is_the_one_of_the_run(study):
    record = json.loads((study / "out.inside" / "record.json").read_text())
    assert Path(record["ledger_path"]).parts[-2:] == Path(LEDGER).parts


def append(path):
    path.write_bytes(path.read_bytes() + b" ")


CHANGES = {
    "a table": (lambda out: append(out / "tables" / "sectors.csv"), "sectors.csv (changed)"),
    "a figure": (lambda out: (out / "figures" / "sectors.png").write_bytes(b""), "sectors.png (changed)"),
    "provenance": (lambda out: append(out / "provenance.json"), "provenance.json (changed)"),
    "a new file": (lambda out: (out / "tables" / "more.csv").write_text("1"), "more.csv (not of the run)"),
    "a file gone": (lambda out: (out / "exhibits.csv").unlink(), "exhibits.csv (missing)"),
    "nothing inside": (lambda out: shutil.rmtree(out.with_name("out.inside")), "found no whole out.inside"),
    "no run": (lambda out: (out / "provenance.json").unlink(), "which is not the folder of a run"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_results_that_changed_since_the_run_are_refused(study, change, message):
    change(study / "out")
    result = CliRunner().invoke(app, ["release", str(study / "out")])
    assert result.exit_code == 1
    assert message in result.output.replace("\n", " ")
    assert not (study / "out" / "release").exists()


def test_a_release_that_its_scan_refuses_leaves_no_zip_and_no_entry(study):
    """A title that tells an identifier, in what the run itself wrote down."""
    record = study / "out.inside" / "record.json"
    numbers = np.load(study / "out.inside" / "identifiers.npy")
    record.write_text(record.read_text().replace('"Sectors"', f'"Sectors of unit {numbers[-1]}"'))
    with pytest.raises(DisclosureError, match="an identifier; expected none"):
        release_run(study / "out", ledger=study / LEDGER)
    assert not list((study / "out" / "release").iterdir())
    assert not (study / LEDGER).exists()


def test_a_folder_of_someone_else_beside_the_results_is_left_alone(tmp_path, extract):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "out.inside").mkdir()
    (tmp_path / "out.inside" / "mine.txt").write_text("mine")
    with pytest.raises(StudyError, match=r"found out.inside, which is not an earlier run"):
        run_again(tmp_path, extract)


def heed_interrupts():
    """Heed SIGINT again, which a shell ignores in what it starts with `&`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(arguments, ready, number):
    """Start a command, send a signal to it and its processes once it is at work, and give its exit code and words."""
    process = subprocess.Popen(
        [sys.executable, "-m", "si_eval", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while not ready() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=PROMPT)
    return process.returncode, output.decode()


def test_a_signal_ends_a_command_with_a_message_its_number_and_no_half_result(study, extract, tmp_path):
    new = tmp_path / "new"
    hang_up = signal.SIGTERM if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else signal.SIGHUP  # under nohup
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    commands = (
        (
            ["simulate", new / "extract", "--scale", "0.2"],
            lambda: new.exists() and any(new.iterdir()),
            signal.SIGTERM,
            new / "extract",
        ),
        (
            ["run", study / "study.toml", "--extract", extract, "--out", study / "out"],
            lambda: any(study.glob(".*")),
            signal.SIGINT,
            None,
        ),
        (["release", study / "out"], (study / ".out.work").exists, hang_up, study / "out" / "release"),
    )
    for arguments, ready, number, made in commands:
        code, output = interrupt(arguments, ready, number)
        for _ in range(ATTEMPTS):
            if code != 0:
                break
            if made is not None:  # it was done before the signal came; a run takes the place of an earlier one
                shutil.rmtree(made)
            code, output = interrupt(arguments, ready, number)
        assert code == SIGNALLED + number, output
        assert "interrupted" in output
        assert "Traceback" not in output
    assert not list(new.iterdir())
    assert {path: path.read_bytes() for path in study.rglob("*") if path.is_file()} == before
