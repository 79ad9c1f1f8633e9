"""The page on the study file: each of its examples is a part of a study that is read, and every key has one."""

from __future__ import annotations

import re
import tomllib

import pytest
from paths import ROOT
from pydantic import BaseModel

from si_eval.registry import rule_set
from si_eval.study.shape import PARTS
from si_eval.study.specification import Rules, StudyFile
from si_eval.study.texts import spread_texts

PAGE = (ROOT / "docs" / "STUDY_FILE.md").read_text(encoding="utf-8")
STUDY = (ROOT / "data" / "studies" / "innovation_vouchers.toml").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FIRST, OTHERS = (
    re.findall(r"^```toml\n(.*?)^```$", part, re.MULTILINE | re.DOTALL) for part in PAGE.split("## The other keys")
)
LANGUAGES = ("nl", "en")


def read(block):
    """Return the study with a block of the page in the place of its own keys."""
    content = {**tomllib.loads(STUDY), **tomllib.loads(block)}
    spread_texts(content)
    return content


@pytest.mark.parametrize("number", range(len(FIRST)))
def test_the_first_part_shows_the_study_as_it_is(number):
    assert FIRST[number] in STUDY


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_the_second_part_has_keys_that_a_study_can_have(number):
    study = StudyFile.model_validate(read(OTHERS[number]))
    assert study.rule_set().name


def keys_in(content, model):
    """List the keys of a part that a content has, and of the parts in it."""
    found = set()
    for key, value in content.items():
        found.add((model.__name__, key))
        part = PARTS.get(key)
        entries = value if isinstance(value, list) else [value]
        if part is not None and key in ("indicators", "splits", "groups"):
            entries = list(value.values())
        if part is not None and part.__name__ not in ("Titles",):
            found |= {one for entry in entries if isinstance(entry, dict) for one in keys_in(entry, part)}
    return found


def test_every_key_of_a_study_file_has_an_example():
    shown = {one for block in BLOCKS for one in keys_in(tomllib.loads(block), StudyFile)}
    models: list[type[BaseModel]] = [StudyFile, *(part for name, part in PARTS.items() if name != "title")]
    known = {(model.__name__, key) for model in models for key in model.model_fields}
    assert sorted(known - shown) == []


def test_a_study_file_can_change_every_setting_of_a_rule_set():
    assert set(Rules.model_fields) == {"base", "name", *rule_set("recommended").settings()}
