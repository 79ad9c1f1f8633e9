"""The survey frame: whom the survey went to, by stratum, read from a file and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from si_eval.errors import InputError, Problem
from si_eval.frozen import keep_frames
from si_eval.survey.questionnaire_file import NUMBER, Section, list_entries, section_problems
from si_eval.text_input.toml_files import read_toml

DISPOSITIONS = ("invited", "refused", "not_contacted", "other", "ineligible", "unknown")
SECTIONS = {
    "frame": Section(
        {"name": str, "source": str, "stratum": dict, "fieldwork": dict, "cells": list}, ("name", "cells")
    ),
    "stratum": Section({"question": str, "total": NUMBER, "not_counted": list}, ("question",)),
    "cell": Section({"stratum": (str, int), "note": str, **dict.fromkeys(DISPOSITIONS, NUMBER)}, ("stratum",)),
}


@keep_frames("cells")
@dataclass(frozen=True)
class SurveyFrame:
    """Whom the survey went to, by stratum: read with `load_frame`.

    Attributes
    ----------
    name : str
        Name of the frame.
    question : str
        The id of the question whose options are the strata; empty without strata.
    cells : DataFrame
        A row a stratum (the code of an option; empty for units outside every stratum): ``invited`` units, and of these
        ``refused``, ``not_contacted`` and ``other``; beside them ``ineligible`` units, and ``unknown`` ones, of which
        the eligibility is not known.
    fieldwork : dict
        Further counts, such as reminders.
    strata : float, optional
        The number of strata in all.
    not_counted : tuple of str
        Codes of options that are not counted as strata.

    Examples
    --------
    >>> import pandas as pd
    >>> from si_eval import survey
    >>> cells = {"invited": 40, "refused": 3, "not_contacted": 0, "other": 0, "ineligible": 2, "unknown": 10}
    >>> survey.SurveyFrame("example", "", pd.DataFrame(cells, index=[""], dtype="float64"), {}).invited
    40.0
    """

    name: str
    question: str
    cells: pd.DataFrame
    fieldwork: dict[str, float]
    strata: float | None = None
    not_counted: tuple[str, ...] = ()

    @property
    def invited(self) -> float:
        """Count the units invited, over all strata: the population that respondents are drawn from."""
        return float(self.cells["invited"].sum())


def load_frame(path: str | Path) -> SurveyFrame:
    """Read and check a survey frame: a TOML file with the numbers of units invited, by stratum.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    SurveyFrame
        Whom the survey went to.

    Raises
    ------
    InputError
        With every problem of the content.
    StudyError
        If the file does not exist or is no TOML.

    Examples
    --------
    >>> from pathlib import Path
    >>> from si_eval import survey
    >>> text = '''name = "example"
    ... cells = [{ stratum = "", invited = 40, refused = 3 }]
    ... '''
    >>> _ = Path("frame.toml").write_text(text)
    >>> survey.load_frame("frame.toml").invited
    40.0
    """
    content = read_toml(path, what="survey frame")
    path = Path(path)
    problems = list(section_problems(content, SECTIONS["frame"], path.name, ""))
    problems += section_problems(content.get("stratum", {"question": ""}), SECTIONS["stratum"], path.name, "stratum")
    for place, cell in enumerate(list_entries(content, "cells")):
        problems += section_problems(cell, SECTIONS["cell"], path.name, f"cells.{place}")
    fieldwork = content.get("fieldwork", {})
    for name, value in fieldwork.items() if isinstance(fieldwork, dict) else ():
        if isinstance(value, bool) or not isinstance(value, NUMBER) or not 0 <= value < math.inf:
            found = Problem(path.name, repr(value)[:80], "a number from 0", "correct it", column=f"fieldwork.{name}")
            problems.append(found)
    if not problems and not content["cells"]:
        problems = [Problem(path.name, "no cells", "a row for each stratum", "add one", column="cells")]
    if not problems:
        problems = list(_cell_problems(content["cells"], path.name))
    if problems:
        raise InputError(problems, what=f"the survey frame {path.name}")
    stratum = content.get("stratum", {})
    rows = [
        {"stratum": str(cell["stratum"]), **{key: cell.get(key, 0) for key in DISPOSITIONS}}
        for cell in content["cells"]
    ]
    return SurveyFrame(
        name=content["name"],
        question=stratum.get("question", ""),
        cells=pd.DataFrame(rows).set_index("stratum").astype("float64"),
        fieldwork={name: float(value) for name, value in content.get("fieldwork", {}).items()},
        strata=stratum.get("total"),
        not_counted=tuple(str(code) for code in stratum.get("not_counted", ())),
    )


def _cell_problems(cells: list[dict[str, Any]], where: str) -> Iterator[Problem]:
    """List strata given twice, negative counts, and parts that exceed the units invited."""
    seen: set[str] = set()
    if sum(cell.get(key, 0) for cell in cells for key in DISPOSITIONS) <= 0:
        yield Problem(where, "counts of 0 only", "the number of units invited", "add it", column="cells")
    for cell in cells:
        name = str(cell["stratum"])
        place = f"cells.{name or 'outside'}"
        if name in seen:
            yield Problem(where, f"stratum {name!r} twice", "each once", "add them up", column=place)
        seen.add(name)
        for key in DISPOSITIONS:
            if cell.get(key, 0) < 0:
                yield Problem(where, f"{key} = {cell[key]}", "a number from 0", "correct it", column=place)
        parts = sum(cell.get(key, 0) for key in ("refused", "not_contacted", "other"))
        if parts > cell.get("invited", 0):
            found = f"{parts} refused, not contacted or other"
            yield Problem(where, found, f"at most the {cell.get('invited', 0)} invited", "correct them", column=place)
