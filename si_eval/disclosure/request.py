"""A request for output: tables in, one ZIP for output control out, and beside it the evidence that stays inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval.arguments import Arguments, describe_value
from si_eval.disclosure.border import Decision, decide
from si_eval.disclosure.evidence import write_evidence
from si_eval.disclosure.ledger import ReleaseLedger
from si_eval.disclosure.merging import MERGINGS, Merging
from si_eval.disclosure.package import Contents, Output, describe_output, describe_package, pack, versions
from si_eval.disclosure.rules import DisclosureRules, as_rules
from si_eval.disclosure.scan import scan_release, shown_numbers, withheld_numbers
from si_eval.disclosure.traces import Secrets, gather_secrets, machine_names
from si_eval.errors import DisclosureError
from si_eval.interrupts import held_back
from si_eval.results import ResultTable, SafeTable, SourceFile
from si_eval.system.run_date import run_date
from si_eval.system.temporary_folders import temporary_folder

Draw = Callable[[SafeTable], bytes]
LIGHT = "LIGHT_"
PREFIX = ".si_eval."  # of the folder in which a package is written and scanned


@dataclass(frozen=True)
class _RequestedTable:
    """A table as it was added."""

    table: ResultTable
    draw: Draw | None
    population: str
    relation: str
    model: bool


@dataclass
class OutputRequest:
    """A request for output: tables with their figures, under one joint pattern, that leave as one ZIP.

    Add the tables, look at what `check` gives, and `write` the package. It is scanned for withheld numbers and ids.

    Parameters
    ----------
    project : str
        The name of the project, for the manifest.
    rules : str or DisclosureRules, default "cbs"
        The rules, or the name of a preset.
    known : DataFrame, optional
        Figures that outsiders have, as in `protect`.
    priority : mapping of str to float, optional
        What it costs to lose a cell, by exhibit.
    merge : {"never", "when_cheaper"}, default "never"
        Whether classes are merged where that loses less.
    ledger : ReleaseLedger, optional
        The earlier releases; this one is added when it is written.
    identifiers : iterable, optional
        Ids that must not be in any byte of the ZIP.
    inputs : sequence of SourceFile, optional
        The raw files, for the manifest.
    commit : str, optional
        The git commit of the study, for the manifest.

    Raises
    ------
    DisclosureError
        By ``add`` for anything but a ResultTable; by ``check`` and ``write`` for what may not leave.

    Examples
    --------
    >>> import si_eval as se
    >>> firms = se.simulate_firms(firms=300, participants=60, years=5, seed=1).frame
    >>> panel = se.panel_from_frame(firms, unit="firm", year="year", participant="participant", revenue="revenue")
    >>> request = se.OutputRequest("An evaluation")
    >>> request = request.add(se.compare_groups(panel, indicator="revenue", years=[2015]), population="all firms")
    >>> len(request.check())
    1
    >>> request.write("release/output.zip", evidence="kept_inside").name
    'output.zip'
    """

    project: str
    rules: str | DisclosureRules = "cbs"
    known: pd.DataFrame | None = None
    ledger: ReleaseLedger | None = None
    priority: Mapping[str, float] | None = None
    merge: Merging = "never"
    identifiers: Iterable[object] = ()
    inputs: Sequence[SourceFile] = ()
    commit: str = ""
    _tables: list[_RequestedTable] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        arguments = Arguments("OutputRequest")
        arguments.text("project", self.project, "write the name of the project")
        arguments.option("merge", self.merge, MERGINGS)
        arguments.sequence("inputs", self.inputs, "a list of SourceFile")
        if isinstance(self.identifiers, str | bytes) or not isinstance(self.identifiers, Iterable):
            arguments.add("identifiers", "a value that is no list", "a list of ids", "give a list")
        if not isinstance(self.commit, str):
            arguments.add("commit", describe_value(self.commit), "a text", "write it, or leave it out")
        arguments.refuse_problems(DisclosureError)
        as_rules(self.rules)

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
        arguments = Arguments("OutputRequest.add")
        arguments.instance("table", table, ResultTable, "only aggregated results leave")
        if draw is not None and not callable(draw):
            arguments.add(
                "draw", describe_value(draw), "a function of the protected table", "give one, or leave it out"
            )
        for name, text in (("population", population), ("relation", relation)):
            if not isinstance(text, str):
                arguments.add(name, describe_value(text), "a text", "write one, or leave it out")
        arguments.flag("model", model)
        arguments.refuse_problems(DisclosureError)
        self._tables.append(_RequestedTable(table, draw, population, relation, model))
        return self

    def check(self) -> list[SafeTable]:
        """Protect what was added and give the SafeTables; raises `DisclosureError` for what may not leave."""
        return self._decide().tables

    def write(self, path: str | Path, *, light: bool = False, evidence: str | Path) -> Path:
        """Write the ZIP, prove that it holds nothing that was withheld, and write the evidence to its own folder.

        ``light`` puts LIGHT before the name, for small outputs. No ZIP is left if the scan finds anything. Raises
        `DisclosureError` then, and if ``evidence`` is the folder of the ZIP.
        """
        arguments = Arguments("OutputRequest.write")
        paths = {"path": arguments.path("path", path), "evidence": arguments.path("evidence", evidence)}
        arguments.flag("light", light)
        arguments.refuse_problems(DisclosureError)
        target, kept = package_path(paths["path"], light=light), paths["evidence"]
        if target.is_dir():
            arguments.add("path", f"the folder {target}", "a file", "name a file that ends in .zip")
        if kept.exists() and not kept.is_dir():
            arguments.add("evidence", f"the file {kept}", "a folder", "name a folder")
        if kept.resolve() == target.resolve().parent:
            arguments.add("evidence", "the folder of the ZIP", "another", "the evidence stays inside")
        arguments.refuse_problems(DisclosureError)
        if not self._tables:
            raise DisclosureError("OutputRequest: found no table; expected at least one; add it first")
        decision = self._decide()
        secrets = gather_secrets(
            withheld_numbers(decision, decision.sources),
            [number for safe in decision.tables for number in shown_numbers(safe.to_frame())],
            self.identifiers,
            machine_names(target.parent),
        )
        rules = as_rules(self.rules)
        contents = Contents(
            self.project, run_date(), self._outputs(decision), {rules.name: rules.verified_by},
            0 if self.ledger is None else self.ledger.releases, self._computation(decision),
        )  # fmt: skip

        def keep() -> None:
            write_evidence(Path(evidence), decision, decision.sources, rules)
            if self.ledger is not None:
                self.ledger.record(decision.protection)

        return write_package(target, contents, secrets, before=keep)

    def _decide(self) -> Decision:
        return decide(
            [entry.table for entry in self._tables],
            rules=self.rules,
            known=self.known,
            ledger=self.ledger,
            priority=self.priority,
            merge=self.merge,
            record=False,
        )

    def _outputs(self, decision: Decision) -> list[Output]:
        return [
            describe_output(
                source, safe, withheld, population=entry.population, relation=entry.relation, model=entry.model,
                image=None if entry.draw is None else entry.draw(safe),
            )
            for entry, source, safe, withheld in zip(
                self._tables, decision.sources, decision.tables, decision.rows, strict=True
            )
        ]  # fmt: skip

    def _computation(self, decision: Decision) -> dict[str, Any]:
        simulation = next((safe.simulation for safe in decision.tables if safe.simulation is not None), None)
        return {
            "git_commit": self.commit,
            **versions(),
            "synthetic": None
            if simulation is None
            else {"preset": simulation.preset, "scale": simulation.scale, "seed": simulation.seed},
            "inputs": [
                {"table": source.table, "year": source.year, "version": source.version, "sha256": source.sha256}
                for source in self.inputs
            ],
        }


def package_path(path: Path, *, light: bool) -> Path:
    """Return the path of a package: LIGHT stands before the name of a small one."""
    return path.with_name(f"{LIGHT}{path.name}") if light else path


def write_package(
    target: Path, contents: Contents, secrets: Secrets, *, before: Callable[[], None] = lambda: None
) -> Path:
    """Write a package beside its place, scan it, do what comes ``before`` it is there, and put it there.

    Nothing is left where the scan finds anything or ``before`` fails. Raises `DisclosureError` with all that was found.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(PREFIX, target.parent) as folder:
        written = folder / target.name
        written.write_bytes(pack(describe_package(contents)))
        problems = scan_release(written, secrets)
        if problems:
            raise DisclosureError(
                f"release: found {'; '.join(problems)}; expected none of it; no ZIP was left; withhold it, or reword "
                "the text that it stands in"
            )
        with held_back():
            before()
            written.replace(target)
    return target
