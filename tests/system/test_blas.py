"""Products of matrices on one thread: all libraries that multiply, those that are loaded later too."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  brings a library of its own
from threadpoolctl import threadpool_info, threadpool_limits

from si_eval.system.blas import on_one_thread

TWO = 2

LOADED_LATER = """
import numpy
from threadpoolctl import threadpool_info, threadpool_limits
from si_eval.system.blas import on_one_thread

threads = lambda: [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
with threadpool_limits(2, user_api="blas"):
    before = on_one_thread(threads)()
import scipy.linalg
with threadpool_limits(2, user_api="blas"):
    after = on_one_thread(threads)()
print(len(before), len(after), {*before, *after})
"""


def threads() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


@on_one_thread
def nested() -> tuple[list[int], list[int]]:
    return on_one_thread(threads)(), threads()


@on_one_thread
def failing() -> None:
    np.linalg.inv(np.zeros((2, 2)))


def test_every_library_has_one_thread_and_then_those_it_had() -> None:
    with threadpool_limits(TWO, user_api="blas"):
        had = threads()
        assert had
        assert max(had) == TWO
        for found in nested():
            assert set(found) == {1}
        assert threads() == had
        with pytest.raises(np.linalg.LinAlgError):
            failing()
        assert threads() == had


def test_a_library_that_is_loaded_later_has_one_thread_too() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED_LATER], check=True, capture_output=True, text=True)
    before, after, threads_of_all = found.stdout.split(maxsplit=2)
    assert int(before) <= int(after)
    assert threads_of_all.strip() == "{1}"
