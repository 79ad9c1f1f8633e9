"""What a notebook may show: HTML to read, and the safe payload that the document takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from si_eval.vocabulary import Language

SAFE_MIME = "application/vnd.si-eval.safe+json"
LANGUAGES: tuple[Language, ...] = ("nl", "en")


@dataclass(frozen=True)
class Display:
    """A safe exhibit or sentence. The document uses ``payload`` alone; ``html`` is for reading in the notebook."""

    html: str
    payload: Mapping[str, Any]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, SAFE_MIME: dict(self.payload)}

    def __repr__(self) -> str:
        return f"{self.payload['kind']}: {self.payload.get('exhibit') or self.payload['html']['nl']}"
