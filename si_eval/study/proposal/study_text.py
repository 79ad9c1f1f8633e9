"""Proposes a study file for what a folder was taken for: its mapping with reasons, what it declares, its exhibits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from si_eval.registers.recognition import FolderReading
from si_eval.registers.recognition.readings import UNUSED
from si_eval.study.proposal.declarations import declare_groups, declare_indicators, declare_splits
from si_eval.study.proposal.draft import UNSURE, Ask, Draft, quoted, settle_columns
from si_eval.study.proposal.exhibits import write_exhibits
from si_eval.study.proposal.mapping import write_extract
from si_eval.vocabulary import Language

DEFAULT_CURRENCY, QUOTE = "EUR", '"'
HEAD = (
    "Proposed by `si-eval new`. Look at the lines that say `unsure`; docs/STUDY_FILE.md explains every key. Then:",
    "  si-eval check THIS_FILE             what is in the files, and what is wrong with them",
    "  si-eval run THIS_FILE --out OUT     tables, figures and the report",
)


@dataclass(frozen=True)
class Proposal:
    """A proposed study file, what in it is unsure, what its data cannot answer, and how many exhibits it has."""

    text: str
    unsure: tuple[str, ...]
    unanswered: tuple[str, ...]
    exhibits: int


def propose_study(
    reading: FolderReading,
    *,
    name: str,
    folder: str,
    currency: str | None = None,
    language: Language | None = None,
    ask: Ask | None = None,
) -> Proposal:
    """Write a study file for what a folder was taken for.

    ``folder`` is the path of the extract from the study file. What can be read in two ways is asked, or marked as
    unsure where there is nobody to ask.
    """
    spoken: Language = language or ("nl" if reading.dutch else "en")
    draft = Draft(reading, spoken, currency or reading.currency or DEFAULT_CURRENCY, ask)
    draft.reading = settle_columns(reading, draft)
    for line in HEAD:
        draft.say(remark=line)
    draft.say(f"name = {quoted(_study_name(name))}")
    draft.say(f"title = {quoted(draft.words('study', title=re.sub(r'[_-]+', ' ', name)))}")
    draft.say(f'languages = ["{spoken}"]')
    known = "as you said" if currency else reading.currency_reason
    if not known or known.startswith(UNSURE):
        draft.doubt(f"the currency: {draft.currency} was taken ({known or 'no name of a column says which'})")
    draft.say(f'currency = "{draft.currency}"', known or f"{UNSURE}: no name of a column says which")
    if reading.link == "direct":
        draft.say('rules = "recommended"', "how figures are computed; docs/methods/panel.md")
    draft.say()
    draft.say("[disclosure]")
    draft.say('rules = "cbs"', "the output rules of the office; docs/DISCLOSURE.md has the others")
    draft.say()
    draft.say("[labels]")
    for term in ("participant", "non_participant", '"business units"'):
        draft.say(f"{term} = {quoted(draft.words(term.strip(QUOTE)))}")
    draft.say()
    head, draft.lines = draft.lines, []
    if reading.link == "direct":
        for declare in (declare_indicators, declare_splits, declare_groups):
            declare(draft)
    declared, draft.lines = draft.lines, head
    write_extract(draft, folder)
    draft.lines += declared
    lines, unanswered, count = write_exhibits(draft)
    _tell_unused(draft, unanswered)
    return Proposal("\n".join([*draft.lines, *lines]).rstrip() + "\n", tuple(draft.unsure), tuple(unanswered), count)


def _tell_unused(draft: Draft, unanswered: list[str]) -> None:
    """Name the columns and files that the study does not use, and what the data cannot answer."""
    unused = [
        f"{table.pattern}, `{one.column}`: {one.reason}"
        for table in draft.reading.tables
        for one in table.columns
        if one.role == UNUSED
    ]
    unused += [f"{name}: a file of a kind that is not read" for name in draft.reading.unread]
    for title, lines in (("Not used:", unused), ("What these files cannot answer:", unanswered)):
        if lines:
            draft.say(remark=title)
        for line in lines:
            draft.say(remark=f"  {line}")
    draft.say()


def _study_name(name: str) -> str:
    """Make a name that files can have."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_.-")[:60] or "study"
