"""Docstrings of public names: numpydoc sections, and examples that run beside a small simulated extract."""

from __future__ import annotations

import doctest
import inspect
import io
import re
import warnings

import pandas as pd
import pytest

import si_eval
from si_eval import effects, survey

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
PUBLIC = {name: getattr(si_eval, name) for name in si_eval.__all__}
ARRAYS = {f"effects.{name}": getattr(effects, name) for name in effects.__all__}
SURVEY = {f"survey.{name}": getattr(survey, name) for name in survey.__all__}
DOCUMENTED = {**PUBLIC, **ARRAYS, **SURVEY}
FUNCTIONS = {name: thing for name, thing in DOCUMENTED.items() if not inspect.isclass(thing)}
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")


@pytest.fixture(scope="module")
def extract_folder(tmp_path_factory):
    """A folder with a small simulated extract in it, called ``extract``, where examples may write."""
    folder = tmp_path_factory.mktemp("examples")
    si_eval.simulate_extract(folder / "extract", scale=0.002, seed=1)
    return folder


def sections_of(thing: object) -> list[str]:
    """List the numpydoc sections of a docstring, in their order."""
    text = inspect.getdoc(thing) or ""
    return re.findall(r"^([A-Z][A-Za-z ]+)\n-{3,}$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_has_an_example_and_its_sections_in_order(name):
    thing = DOCUMENTED[name]
    found = sections_of(thing)
    summary = (inspect.getdoc(thing) or "").split("\n", maxsplit=1)[0]
    assert summary.endswith("."), f"{name}: the first line is one sentence; found {summary!r}"
    assert [one for one in SECTIONS if one in found] == [one for one in found if one in SECTIONS]
    if issubclass(thing, Exception) if inspect.isclass(thing) else False:
        return
    assert "Examples" in found, f"{name}: found {found}; expected an Examples section; copy `compare_groups`"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_describes_every_parameter_and_what_it_returns(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    block = text.partition("Parameters\n----------\n")[2]
    named = {
        one.strip(" *")
        for line in re.findall(r"^(\**[a-z_0-9, *]+) :", block, flags=re.MULTILINE)
        for one in line.split(",")
    }
    missing = [one for one in inspect.signature(function).parameters if one not in named]
    assert not missing, f"{name}: `Parameters` lacks {missing}"
    assert "Returns" in sections_of(function), f"{name}: no Returns section"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_run(name, extract_folder, monkeypatch):
    monkeypatch.chdir(extract_folder)
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    said = io.StringIO()
    with pd.option_context("display.width", 120, "display.max_columns", 20), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "fetch_arrow_table|The 'future.infer_string' option")
        for test in finder.find(DOCUMENTED[name], name=name, globs={"si_eval": si_eval, "se": si_eval}):
            runner.run(test, out=said.write)
    assert not runner.failures, said.getvalue()
