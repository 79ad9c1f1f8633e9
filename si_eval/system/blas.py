"""Products of matrices on one thread: several threads add up in another order, and change the last digits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")

_limited: ContextVar[bool] = ContextVar("_limited", default=False)


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function whose products of matrices are computed on one thread, as are those of what it calls."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        if _limited.get():
            return function(*args, **kwargs)
        token = _limited.set(True)
        try:
            with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
                return function(*args, **kwargs)
        finally:
            _limited.reset(token)

    return limited


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Find the libraries that multiply: again only if modules were imported since, as that takes milliseconds."""
    return ThreadpoolController()
