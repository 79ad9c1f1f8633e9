"""The folder of what was read before, by content: converted files, and what was found in a file without problems."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from si_eval.errors import StudyError
from si_eval.registry import facts
from si_eval.system.temporary_folders import temporary_folder

READER_VERSION = 7
FOLDER_VARIABLE = "SI_EVAL_CACHE"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Cache:
    """A private folder. Everything in it can be deleted: it is made again from the raw files."""

    folder: Path

    def parquet(self, key: str) -> Path:
        """Return the path of a converted file, present or not."""
        return self.folder / f"{key}.parquet"

    def load(self, key: str) -> dict[str, Any] | None:
        """Return what was kept under a key, or nothing."""
        path = self.folder / f"{key}.json"
        if not path.is_file():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # a broken entry is made again
        return kept if isinstance(kept, dict) else None

    def save(self, key: str, found: dict[str, Any]) -> None:
        """Keep something under a key, in one step."""
        self._write(self.folder / f"{key}.json", lambda path: path.write_text(json.dumps(found), encoding="utf-8"))

    def write_parquet(self, key: str, write: Callable[[Path], object]) -> Path:
        """Let ``write`` make a parquet file, and move it to its place once it is complete."""
        target = self.parquet(key)
        self._write(target, write)
        return target

    def _write(self, target: Path, write: Callable[[Path], object]) -> None:
        with temporary_folder("partial-", self.folder) as folder:
            partial = folder / target.name
            write(partial)
            partial.replace(target)


def open_cache(folder: str | Path | None = None) -> Cache:
    """Open the cache folder: the one given, else the environment's, else one in the user's home; created private."""
    try:
        path = Path(folder or os.environ.get(FOLDER_VARIABLE) or Path.home() / ".cache" / "si_eval")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, RuntimeError) as error:  # the latter where no home is known
        reason = getattr(error, "strerror", None) or error
        raise StudyError(
            f"cache: found a folder that cannot be written ({reason}); expected a private folder for converted files; "
            f"give `cache` or set {FOLDER_VARIABLE}"
        ) from error
    return Cache(path)


def fingerprint(path: Path) -> str:
    """Compute the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def make_key(*parts: object) -> str:
    """Make a key of everything that decides a result, the reader's version and the facts included."""
    known = [facts("tables"), facts("assets"), facts("size_classes")]
    text = json.dumps([READER_VERSION, known, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:40]
