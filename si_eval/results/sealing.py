"""Seals: keyed digests of content, so that what was changed or made elsewhere is refused. The key ends with the run."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np
import pandas as pd

from si_eval.frozen import encode

KEY_VARIABLE = "SI_EVAL_SEAL_KEY"  # hands the key of a run to the processes that it starts
KEY_BYTES = 32
_KEY = bytes.fromhex(os.environ.pop(KEY_VARIABLE, "")) or secrets.token_bytes(KEY_BYTES)


def key_environment() -> dict[str, str]:
    """Return the environment variable that lets a process started from here know the seals of this one."""
    return {KEY_VARIABLE: _KEY.hex()}


def sign(parts: Iterable[bytes]) -> str:
    """Compute the seal of content: a keyed digest of its parts and their lengths."""
    digest = blake2b(key=_KEY, digest_size=KEY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def is_signed(seal: object, parts: Iterable[bytes]) -> bool:
    """Whether a seal is the one of this content, made under this key."""
    return isinstance(seal, str) and hmac.compare_digest(seal.encode(), sign(parts).encode())


def frame_parts(frame: pd.DataFrame) -> Iterator[bytes]:
    """Write the content of a data frame as bytes: names, types and values of its columns, and its index."""
    yield encode([list(map(str, frame.columns)), len(frame)]).encode()
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.equals(pd.RangeIndex(len(frame)))):
        yield encode(frame.index.tolist()).encode()
    for _, column in frame.items():
        yield str(column.dtype).encode()
        if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
            values = column.to_numpy()
            yield np.where(np.isnan(values), np.nan, values).tobytes()
        elif isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
            yield column.to_numpy().tobytes()
        else:
            yield encode(column.tolist()).encode("utf-8", "surrogatepass")
