"""The architecture itself: layers, the two borders, public names, and inputs that stay as they are."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from paths import ROOT

import si_eval
from si_eval.registers.indicators import FORMULAS
from si_eval.registry import indicators

PACKAGE = Path(si_eval.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 400
CONTRACT = [
    "simulate_extract",
    "read_extract",
    "link_participants",
    "build_panel",
    "describe_reach",
    "compare_groups",
    "index_series",
    "check_selection",
    "protect",
    "run_study",
    "panel_from_frame",
]
# Words of a sentence become keyword arguments: the one place where any name is right.
TAKES_ANY_KEYWORD = {"say"}


def names_used(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


WHAT_TO_DO = """
An import goes down the layers of pyproject.toml ([tool.importlinter]) or not at all. What to do, in this order:
- a stage that needs a number of another stage takes it as an argument; `study` calls both and passes it on;
- a name that both need (a column, an option, a label) goes to `vocabulary`; a container to `results`; arithmetic to
  `stats`; a fact to `registry`;
- a function that stands too high or too low moves to the layer where its work is done.
`report`, `published`, `disclosure` and `programme` take tables, never a panel, a register or an engine."""


def test_imports_point_down_and_stages_are_strangers():
    lint = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([str(lint)], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    broken = result.stdout.partition("Broken contracts")[2].strip("- \n") or result.stdout + result.stderr
    if result.returncode:
        pytest.fail(f"a contract on imports is broken:\n\n{broken}\n{WHAT_TO_DO}", pytrace=False)


def test_only_disclosure_seals_tables():
    takers = {path.relative_to(PACKAGE).as_posix() for path in MODULES if "take_table_sealer" in names_used(path)}
    assert takers == {"disclosure/border.py"}, (
        f"`take_table_sealer` is used in {', '.join(sorted(takers))}; only `disclosure` makes a SafeTable: hand the "
        "table to `protect`, and take what it gives"
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_in_one_reading(path):
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LONGEST, (
        f"{path.relative_to(PACKAGE)} has {count} lines; at most {LONGEST}: split it by task, not by size, and give "
        "each part the name of its task"
    )
    vague = [word for word in ("util", "helper", "common", "misc") if word in path.stem]
    assert not vague, f"{path.relative_to(PACKAGE)} is named after nothing; call it what is in it"


TESTS = sorted(Path(__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(TESTS[0].parents[1])))
def test_a_file_of_tests_fits_in_one_reading_and_borrows_from_no_other(path):
    text = path.read_text(encoding="utf-8")
    count = len(text.splitlines())
    assert count <= LONGEST, f"{path.name} has {count} lines; at most {LONGEST}: split it by what is tested"
    borrowed = re.findall(r"^(?:from|import) (?:\w+\.)*(test_\w+)", text, flags=re.MULTILINE)
    assert not borrowed, f"{path.name} imports {borrowed}; put what both need in a fixture of conftest.py"


def test_every_required_package_is_used():
    """What nothing imports is no requirement; the notebooks are part of the package."""
    required = [
        re.split(r"[\[<>=~ ;]", line)[0].lower().replace("-", "_")
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    ]
    names = {"ibis_framework": "ibis", "markdown_it_py": "markdown_it", "pillow": "PIL", "python_docx": "docx"}
    loaded = {"duckdb", "ipykernel", "sqlglot"}  # by Ibis and Jupyter; held in a range here
    imported = set()
    for path in [*MODULES, *(ROOT / "notebooks").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    unused = [name for name in required if names.get(name, name) not in imported and name not in loaded]
    assert not unused, f"{unused} are required and imported nowhere; use them or drop them"


def test_the_contract_is_public_and_documented():
    for name in CONTRACT:
        function = getattr(si_eval, name)
        assert name in si_eval.__all__
        assert function.__doc__
        assert function.__module__.startswith("si_eval")


@pytest.mark.parametrize("name", si_eval.__all__)
def test_public_functions_name_their_arguments(name):
    thing = getattr(si_eval, name)
    if inspect.isclass(thing):
        return
    parameters = inspect.signature(thing).parameters.values()
    if name not in TAKES_ANY_KEYWORD:
        catching = [p.name for p in parameters if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        assert not catching, f"{name}: found {catching}; name every argument, so that a wrong one is told"
    bare = [p.name for p in parameters if p.annotation is p.empty]
    assert not bare, f"{name}: found no type for {bare}; annotate every argument of a public function"


def test_every_indicator_has_its_function_and_every_function_an_indicator():
    of_studies = {"expression"}  # which a study file writes
    assert {indicator.function for indicator in indicators().values()} | of_studies == set(FORMULAS)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="attribute estimate_everything"):
        _ = si_eval.estimate_everything
