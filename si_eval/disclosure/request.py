"""A request for output: tables in, one ZIP for output control out, and beside it the evidence that stays inside."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from si_eval.disclosure.border import Decision, decide
from si_eval.disclosure.evidence import write_evidence
from si_eval.disclosure.ledger import ReleaseLedger
from si_eval.disclosure.package import Contents, Output, describe_package
from si_eval.disclosure.rules import DisclosureRules, as_rules
from si_eval.disclosure.scan import scan_release
from si_eval.errors import DisclosureError
from si_eval.results import ResultTable, SafeTable, SourceFile

Draw = Callable[[SafeTable], bytes]
PNG = b"\x89PNG\r\n\x1a\n"
WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same request gives the same bytes


@dataclass
class OutputRequest:
    """What is asked to leave: tables with their figures, under one joint pattern.

    ``known`` are figures that outsiders have, ``ledger`` the earlier releases (this one is added when it is written),
    ``identifiers`` ids that must not be in any byte of the ZIP, ``inputs`` the raw files, for the manifest.
    """

    project: str
    rules: str | DisclosureRules = "cbs"
    known: pd.DataFrame | None = None
    ledger: ReleaseLedger | None = None
    priority: Mapping[str, float] | None = None
    identifiers: Iterable[object] = ()
    inputs: Sequence[SourceFile] = ()
    commit: str = ""
    _outputs: list[Output] = field(default_factory=list, init=False, repr=False)
    _drawings: list[Draw | None] = field(default_factory=list, init=False, repr=False)

    def add(
        self,
        table: ResultTable,
        *,
        draw: Draw | None = None,
        population: str = "",
        relation: str = "",
        model: bool = False,
    ) -> OutputRequest:
        """Add a table; ``draw`` makes its figure from the protected table, as PNG.

        ``population`` says which units it is about, ``relation`` how it relates to other outputs; ``model`` marks the
        table of an estimated model. Returns the request.
        """
        if not isinstance(table, ResultTable):
            raise DisclosureError(
                f"OutputRequest.add: found {type(table).__name__}; expected ResultTable; only aggregated results leave"
            )
        self._outputs.append(Output(table, population, relation, model, draw is not None))
        self._drawings.append(draw)
        return self

    def check(self) -> list[SafeTable]:
        """Protect what was added and give the SafeTables; raises `DisclosureError` for what may not leave."""
        return self._decide(record=False).tables

    def write(self, path: str | Path, *, light: bool = False, evidence: str | Path) -> Path:
        """Write the ZIP, prove that it holds nothing that was withheld, and write the evidence to its own folder.

        ``light`` puts LIGHT before the name, for small outputs. The ZIP is removed again if the scan finds anything.
        Raises `DisclosureError` then, and if ``evidence`` is the folder of the ZIP.
        """
        target = Path(path)
        target = target.with_name(f"LIGHT_{target.name}") if light else target
        if Path(evidence).resolve() == target.resolve().parent:
            raise DisclosureError("evidence: found the folder of the ZIP; expected another; the evidence stays inside")
        if not self._outputs:
            raise DisclosureError("OutputRequest: found no table; expected at least one; add it first")
        decision = self._decide(record=False)
        images = [
            None if draw is None else _image(draw, safe)
            for draw, safe in zip(self._drawings, decision.tables, strict=True)
        ]
        contents = Contents(
            self.project, decision, self._outputs, images, as_rules(self.rules), list(self.inputs), self.commit,
            date.today(), self.ledger,
        )  # fmt: skip
        _zip(target, describe_package(contents))
        problems = scan_release(target, decision, [output.table for output in self._outputs], self.identifiers)
        if problems:
            target.unlink()
            raise DisclosureError(f"release: found {'; '.join(problems)}; expected none of it; the ZIP was removed")
        write_evidence(Path(evidence), decision, [output.table for output in self._outputs], as_rules(self.rules))
        if self.ledger is not None:
            self.ledger.record(decision.protection)
        return target

    def _decide(self, *, record: bool) -> Decision:
        tables = [output.table for output in self._outputs]
        return decide(
            tables, rules=self.rules, known=self.known, ledger=self.ledger, priority=self.priority, record=record
        )


def _image(draw: Draw, safe: SafeTable) -> bytes:
    """Draw a figure and refuse anything but a bitmap without text in it."""
    image = draw(safe)
    if not isinstance(image, bytes) or not image.startswith(PNG):
        raise DisclosureError(
            f"{safe.exhibit or safe.function}: found a figure that is no PNG; expected PNG, because other formats can "
            "carry the data that they draw; draw it as PNG"
        )
    return image


def _zip(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files side by side in a ZIP that depends on nothing but their content."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, WRITTEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
