"""What a notebook may show: HTML to read, and the sealed payload that the document takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from si_eval.arguments import Arguments
from si_eval.frozen import encode
from si_eval.results.sealing import is_signed, sign
from si_eval.vocabulary import LANGUAGES, Language

__all__ = ["LANGUAGES", "SAFE_MIME", "Display", "check_language", "is_sealed_payload", "seal_payload"]

SAFE_MIME = "application/vnd.si-eval.safe+json"
SEAL = "seal"


@dataclass(frozen=True)
class Display:
    """A safe exhibit or sentence. The document uses ``payload`` alone; ``html`` is for reading in the notebook."""

    html: str
    payload: Mapping[str, Any]
    language: Language = "en"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/html": self.html, SAFE_MIME: dict(self.payload)}

    def __repr__(self) -> str:
        return f"{self.payload['kind']}: {self.payload.get('exhibit') or self.payload['html'][self.language]}"


def check_language(function: str, language: object) -> None:
    """Refuse a language that there is not; None is the table's own."""
    arguments = Arguments(function)
    if language is not None:
        arguments.option("language", language, LANGUAGES)
    arguments.refuse_problems()


def seal_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload with the seal of its content, without which no document takes it."""
    return {**payload, SEAL: sign(_content(payload))}


def is_sealed_payload(payload: Mapping[str, Any]) -> bool:
    """Whether a payload is what was sealed in this run."""
    return is_signed(payload.get(SEAL), _content(payload))


def _content(payload: Mapping[str, Any]) -> Iterator[bytes]:
    """Write everything that a payload holds, but its seal, as bytes."""
    yield encode({name: value for name, value in payload.items() if name != SEAL}).encode("utf-8", "surrogatepass")
