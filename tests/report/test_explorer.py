"""The explorer: it holds the numbers of protected tables, nothing of those that were withheld, and fetches nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from report_examples import CANARY, EXAMPLES, result, revenue, safe

from si_eval.errors import DisclosureError
from si_eval.report.explorer import explorer_data, write_explorer


def tables():
    """Return the examples, each exhibit once."""
    return list({table.exhibit: table for table in (make() for make, _ in EXAMPLES.values())}.values())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_page_holds_every_number_that_is_shown_and_fetches_nothing(tmp_path: Path, language: str) -> None:
    shown = tables()
    path = write_explorer(shown, tmp_path / "x.html", title="A </script> B", language=language)  # type: ignore[arg-type]
    page = path.read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert not re.search(r'(src|href)="|https?://(?!www\.w3\.org/2000/svg)|@import|url\(|fetch\(', page)
    assert page.count("</script>") == 2
    held = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1].replace("<\\/", "</"))
    estimates = {row[len(held["dimensions"])] for row in held["rows"]}
    for table in shown:
        frame = table.frame
        assert set(frame.loc[frame["status"] == "shown", "estimate"].dropna()) <= estimates
    for places in (row[: len(held["dimensions"])] for row in held["rows"]):
        assert all(held["values"][name][place] for name, place in zip(held["dimensions"], places, strict=True))
    word = {"nl": "Verkenner", "en": "Explorer"}[language]
    assert word in page
    assert {"nl": "Explorer", "en": "Verkenner"}[language] not in page


def test_nothing_of_a_withheld_number_is_held() -> None:
    frame = revenue().frame
    rows = frame.to_dict("records")
    rows[0] |= {"estimate": None, "status": "suppressed", "conf_low": CANARY, "conf_high": CANARY, "n_units": CANARY}
    data = explorer_data([safe(rows)], "en")
    assert "987" not in json.dumps(data)
    width = len(data["dimensions"])
    withheld = [row for row in data["rows"] if row[width + 3] == "*"]
    assert withheld
    assert all(row[width : width + 3] == [None] * 3 and row[width + 4 : width + 6] == ["", ""] for row in withheld)


def test_only_tables_that_crossed_the_border_are_explored() -> None:
    with pytest.raises(DisclosureError, match="explorer: found ResultTable"):
        explorer_data([result([{"indicator": "revenue", "estimate": CANARY}])], "nl")  # type: ignore[list-item]


def test_a_number_that_two_tables_have_is_held_once() -> None:
    once, twice = (explorer_data([revenue()] * times, "en")["rows"] for times in (1, 2))
    assert len(once) == len(twice)
