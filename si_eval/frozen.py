"""Values that cannot be changed: mappings without assignment, and frames that are stored and given as copies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Generic, NoReturn, TypeVar

import numpy as np
import pandas as pd

Key = TypeVar("Key")
Value = TypeVar("Value")
Result = TypeVar("Result", bound=type)


class FrozenMapping(Mapping[Key, Value], Generic[Key, Value]):
    """A mapping that cannot be changed, in depth: mappings and lists in it are frozen too.

    It is hashable where its values are.
    """

    __slots__ = ("_items", "_text")
    _items: dict[Key, Value]
    _text: str | None

    def __init__(self, items: Mapping[Key, Value] | None = None) -> None:
        object.__setattr__(self, "_items", {key: freeze(value) for key, value in (items or {}).items()})
        object.__setattr__(self, "_text", None)

    def __getitem__(self, key: Key) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError(f"found an assignment to {name}; expected none: this mapping is frozen; make a dict of it")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError(f"found a deletion of {name}; expected none: this mapping is frozen; make a dict of it")

    def __copy__(self) -> FrozenMapping[Key, Value]:
        return self

    def __deepcopy__(self, memo: Mapping[int, object]) -> FrozenMapping[Key, Value]:
        return self

    def __reduce__(self) -> tuple[type[FrozenMapping[Key, Value]], tuple[dict[Key, Value]]]:
        return FrozenMapping, (self._items,)

    @property
    def text(self) -> str:
        """Return the content as JSON with sorted keys; it is written once."""
        if self._text is None:
            object.__setattr__(self, "_text", encode(self._items))
        return str(self._text)


def freeze(value):  # type: ignore[no-untyped-def]  # the type of what is frozen is the caller's
    """Return a value that cannot be changed: mappings and lists are copied in depth, other values stay as they are."""
    if isinstance(value, FrozenMapping):
        return value
    if isinstance(value, Mapping):
        return FrozenMapping(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(freeze(one) for one in value)
    return frozenset(value) if isinstance(value, set) else value


def freeze_fields(result: object, *names: str) -> None:
    """Freeze mappings and lists of a frozen dataclass, in depth."""
    for name in names:
        object.__setattr__(result, name, freeze(getattr(result, name)))


def encode(value: object) -> str:
    """Write a value as JSON, the same text for equal content: sorted keys, numpy's numbers as plain ones."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    """Return what JSON can hold for a value that it does not know."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    if value is pd.NA:
        return {"missing": "NA"}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return {type(value).__name__: repr(value)}


class _FrameAttribute:
    """A data frame of a result, stored as a copy and given as a copy (copy-on-write): edits never reach the result."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, result: object | None, owner: type | None = None) -> pd.DataFrame:
        if result is None:
            raise AttributeError(self._name)
        stored: pd.DataFrame = vars(result)[self._name]
        return stored.copy(deep=False)

    def __set__(self, result: object, frame: pd.DataFrame) -> None:
        vars(result)[self._name] = frame.copy(deep=False)


def keep_frames(*names: str) -> Callable[[Result], Result]:
    """Make data frames of a frozen dataclass safe from edits: each is kept as a copy and given as a copy.

    The copies share their values until one is changed. A decorator, put above ``@dataclass(frozen=True)``.
    """

    def decorate(result: Result) -> Result:
        for name in names:
            setattr(result, name, _FrameAttribute(name))
        return result

    return decorate
