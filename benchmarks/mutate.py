"""Mutation tests: change one operator, constant or statement of a module at a time, and see whether a test fails.

    python benchmarks/mutate.py tests/cells tests/compare --modules si_eval/cells/measures.py --sample 40

Each mutant runs in a process of its own, forked after the tests are collected, against those tests that execute the
changed line: first the quickest, then all that their files have. A change within a function is put in the functions
that are there; one beside them has the package imported again. Mutants that no test notices are printed; those that
stay for a reason stand in docs/TESTING.md. No file is changed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import gc
import importlib.machinery
import inspect
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

FIRST_TESTS = 12  # quickest tests of a line that are tried before whole files
PATIENCE = 5.0, 120.0  # a mutant may take so many times as long as its tests, and so many seconds more
OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,), ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip
PAIRS = [
    ("min", "max"), ("any", "all"), ("least", "greatest"), ("fmin", "fmax"), ("minimum", "maximum"), ("sum", "mean"),
    ("isnull", "notnull"), ("isna", "notna"), ("zeros", "ones"), ("asc", "desc"), ("and_", "or_"), ("var", "std"),
]  # fmt: skip
NAMES = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
NOT_CHANGED = ("annotation", "returns", "decorator_list")
CHECKED = "strict"  # of zip: that lists are of one length is a check, which no right input fails


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node may be changed into."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in OPERATORS.get(type(operator), ()):
                yield changed(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        yield from (changed(node, op=other()) for other in OPERATORS.get(type(node.op), ()))
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield changed(node, value=not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield changed(node, id=NAMES[node.id])
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield changed(node, attr=NAMES[node.attr])
    elif isinstance(node, ast.IfExp):
        yield changed(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
        yield changed(node, test=ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()


def changed(node: ast.AST, **fields: Any) -> ast.AST:
    """Copy a node with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def changeable(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what lies in it, types and checks of lengths aside."""
    if isinstance(node, ast.keyword) and node.arg == CHECKED:
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in NOT_CHANGED:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.AST) and "TYPE_CHECKING" not in ast.dump(one)[:80]:
                    yield from changeable(one)


def mutants(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Change the tree in one place after the other; yield line and text of each change while it is there."""
    for parent in list(changeable(tree)):
        for name, value in [field for field in ast.iter_fields(parent) if field[0] not in NOT_CHANGED]:
            nodes = value if isinstance(value, list) else [value]
            for place, node in enumerate(nodes):
                for other in variants(node) if isinstance(node, ast.AST) else ():
                    put = [*nodes[:place], ast.copy_location(other, node), *nodes[place + 1 :]]
                    setattr(parent, name, put if isinstance(value, list) else put[place])
                    before, after = (ast.unparse(ast.fix_missing_locations(part)) for part in (node, other))
                    yield node.lineno, f"{before.splitlines()[0]}  ->  {after.splitlines()[0]}"  # type: ignore[attr-defined]
                setattr(parent, name, value)


class Lines:
    """A pytest plugin that notes which tests execute which lines of some files, and how long each test takes."""

    def __init__(self, files: set[str]) -> None:
        self.files, self.test, self.started = files, "", 0.0
        self.tests: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        """Note the line of a frame of the files."""
        if (file := frame.f_code.co_filename) not in self.files:
            return None
        self.tests.setdefault(f"{file}:{frame.f_lineno}", set()).add(self.test)
        return self.trace

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Take the name of the test that starts."""
        self.test, self.started = nodeid, time.process_time()
        sys.settrace(self.trace)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Keep the seconds that the processor took for a test."""
        self.seconds[nodeid] = time.process_time() - self.started


def in_child(work: Callable[[], int], seconds: float) -> int:
    """Run something in a forked process and return its exit code, or -1 when it takes too long."""
    child = os.fork()
    if not child:
        null = os.open(os.environ.get("MUTATE_LOG", os.devnull), os.O_WRONLY | os.O_APPEND)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.setpgid(0, 0)
        code = 1
        try:
            code = work()
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (done := os.waitpid(child, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(done[1])
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def run_tests(tests: list[str], *plugins: object) -> int:
    """Run tests in this process until one fails."""
    import pytest  # noqa: PLC0415

    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=list(plugins)))


def executed_lines(tests: list[str], files: set[str]) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Return the tests of each line, and the seconds of each test."""
    with tempfile.NamedTemporaryFile("r+") as file:

        def work() -> int:
            lines = Lines(files)
            threading.settrace(lines.trace)
            code = run_tests(tests, lines)
            Path(file.name).write_text(json.dumps([{k: sorted(v) for k, v in lines.tests.items()}, lines.seconds]))
            return code

        if in_child(work, 3600) != 0:
            raise SystemExit("the tests fail without a change")
        return tuple(json.load(file))


def parts(code: CodeType, name: str = "") -> Iterator[tuple[str, CodeType]]:
    """Yield the code in a module with the function that it stands in: none for the module itself and its classes."""
    yield name, code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            function = inner.co_flags & inspect.CO_OPTIMIZED  # a class body is not
            yield from parts(inner, name or (f"{inner.co_qualname}:{inner.co_firstlineno}" if function else ""))


def told(code: CodeType) -> tuple[object, ...]:
    """Return what code does, without the code that it holds."""
    consts = [(type(one), repr(one)) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars


def put_in_functions(changed: CodeType, code: CodeType, path: str) -> bool:
    """Give the functions of a module that are there their changed code; say whether that is all that changed."""
    old, new = list(parts(code)), list(parts(changed))
    if [name for name, _ in old] != [name for name, _ in new]:
        return False
    differing = {name for (name, one), (_, other) in zip(old, new, strict=True) if told(one) != told(other)}
    outer = {f"{one.co_qualname}:{one.co_firstlineno}": one for name, one in new if name}
    live = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and one.__code__.co_filename == path
        and f"{one.__code__.co_qualname}:{one.__code__.co_firstlineno}" in differing
    ]
    names = [f"{one.__code__.co_qualname}:{one.__code__.co_firstlineno}" for one in live]
    if not differing or set(names) != differing or any("<lambda>" in name for name in names):
        return False
    for name, function in zip(names, live, strict=True):
        function.__code__ = outer[name]
    return True


def is_ours(module: object) -> bool:
    """Whether a module is of the package or its tests."""
    return str(getattr(module, "__file__", "") or "").startswith(str(Path.cwd()))


def survives(tree: ast.Module, path: str, tests: list[str], seconds: dict[str, float], most: float) -> bool:
    """Say whether a changed module passes the tests that execute the changed line: the quickest, then their files.

    Files are asked from the quickest on, as long as they take no more than ``most`` seconds together.
    """
    original = importlib.machinery.SourceFileLoader.get_code
    before = compile(Path(path).read_text(), path, "exec", dont_inherit=True)

    def work(chosen: list[str]) -> int:
        code = compile(tree, path, "exec", dont_inherit=True)
        if not put_in_functions(code, before, path):
            for name in [name for name, module in sys.modules.items() if is_ours(module)]:
                del sys.modules[name]
            importlib.machinery.SourceFileLoader.get_code = (  # type: ignore[method-assign]
                lambda self, name: code if self.path == path else original(self, name)
            )
        return run_tests(chosen)

    quickest = sorted(tests, key=seconds.__getitem__)[:FIRST_TESTS]
    files = sorted({test.partition("::")[0] for test in tests})
    cost = {file: sum(took for test, took in seconds.items() if test.startswith(file)) for file in files}
    asked, total = [], 0.0
    for file in sorted(files, key=cost.__getitem__):
        total += cost[file]
        asked += [file] if total <= most else []
    for chosen in (quickest, asked) if asked else (quickest,):
        limit = PATIENCE[0] * sum(cost.values()) + PATIENCE[1]
        if in_child(lambda chosen=chosen: work(chosen), limit) != 0:  # type: ignore[misc]
            return False
    return True


def main() -> None:
    """Try a sample of the mutants of each module and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="+", help="folders of tests")
    parser.add_argument("--modules", nargs="+", required=True)
    parser.add_argument("--sample", type=int, default=30, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=float("inf"), help="seconds of tests, at most, for each mutant")
    options = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    import duckdb, ibis, pandas, pyarrow.parquet, scipy.stats, statsmodels.api  # noqa: E401, F401, I001, PLC0415

    paths = {str(Path(module).resolve()): module for module in options.modules}
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        run_tests(["--collect-only", *options.tests])
    lines, seconds = executed_lines(options.tests, set(paths))
    for path, module in paths.items():
        tree = ast.parse(Path(path).read_text())
        places = range(sum(1 for _ in mutants(tree)))
        chosen = set(random.Random(options.seed).sample(places, min(options.sample, len(places))))
        alive = []
        everything = sorted({test for key in lines if key.startswith(f"{path}:") for test in lines[key]} - {""})
        for place, (line, text) in enumerate(mutants(tree)):
            tests = [test for test in lines.get(f"{path}:{line}", everything) if test] or everything
            if place in chosen and (not tests or survives(tree, path, tests, seconds, options.most)):
                alive.append(line)
                print(f"{module}:{line}: {text}", flush=True)
        print(f"{module}: {len(alive)} of {len(chosen)} survive ({len(places)} in all)", flush=True)


if __name__ == "__main__":
    main()
