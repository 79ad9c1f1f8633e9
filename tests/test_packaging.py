"""What is installed: environment.yml and CITATION.cff in step with pyproject.toml, nothing GPL among the required."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, metadata

import yaml
from packaging.requirements import Requirement
from paths import ROOT

# conda-forge spells some packages otherwise
CONDA_NAMES = {"duckdb": "python-duckdb", "ibis-framework": "ibis-duckdb", "matplotlib": "matplotlib-base"}
FIXED = {"pandas", "numpy", "statsmodels", "scipy", "linearmodels", "seaborn", "jupyter", "pytest"}


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def required():
    extras = project()["optional-dependencies"]
    return [
        Requirement(line)
        for line in [*project()["dependencies"], *extras["notebooks"], *extras["report"], *extras["test"]]
    ]


def test_environment_file_is_in_step():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (from_pypi,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    lines = [line for line in [*listed, *from_pypi] if isinstance(line, str) and not line.startswith("-")]
    conda = {Requirement(line).name: Requirement(line).specifier for line in lines}
    expected = {CONDA_NAMES.get(need.name, need.name): need.specifier for need in required()}
    assert {name: spec for name, spec in conda.items() if name not in ("python", "pip")} == expected
    assert str(conda["python"]) == project()["requires-python"]


def test_the_packages_that_users_asked_for_are_there():
    assert {need.name for need in required()} >= FIXED


def test_every_dependency_has_a_lower_bound():
    assert not [need.name for need in required() if not any(spec.operator == ">=" for spec in need.specifier)]


def test_nothing_required_is_gpl():
    for need in (Requirement(line) for line in project()["dependencies"]):
        try:
            entry = metadata(need.name)
        except PackageNotFoundError:
            continue
        texts = [entry.get("License-Expression") or "", *(entry.get_all("Classifier") or [])]
        licences = [text for text in texts if "License" in text or text == texts[0]]
        assert not [text for text in licences if "GPL" in text and "LGPL" not in text], need.name


def test_the_citation_is_that_of_the_project():
    citation, known = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")), project()
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"].startswith(known["name"])
    assert citation["authors"] == known["authors"]
    assert str(citation["version"]) == known["version"]
    assert citation["license"] == known["license"]
    assert citation["keywords"] == known["keywords"]


def test_the_source_package_has_its_documents():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert {"docs", "tests", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff"} <= set(listed["sdist"]["include"])
