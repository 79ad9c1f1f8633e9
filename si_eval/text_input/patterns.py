"""The rule as data: what is removed around a value, which words mean missing, and the shapes that a number can have.

The patterns use only what both Python and RE2 (DuckDB) know, so that one text is read alike in a small table and in a
register file. Digits are ASCII digits: those of another alphabet are no number.
"""

from __future__ import annotations

import re

SPACES = "\t\n\r\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
# In order: every match of each pattern is replaced.
CLEANING: tuple[tuple[str, str], ...] = (
    (f"[ {SPACES}]+", " "),
    (r"^ ?(.*?) ?$", r"\1"),
    (r'^=? ?" ?(.*?) ?"$', r"\1"),  # ="00123", as a spreadsheet protects zeros
    (r"^' ?(.*?) ?'?$", r"\1"),
    ("[\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d]", "-"),
    ("[\u2019\u02bc\u00b4`]", "'"),
    (r"^([^-+(]*[0-9]) ?-$", r"-\1"),  # 100-
    (r"^\( ?([^-+()]*[0-9][.,]?) ?\)$", r"-\1"),  # (100)
    (r"^([-+]) ", r"\1"),
)

WRAPPINGS = 4  # the first of these take away what surrounds a value and change nothing in it

MISSING_WORDS = (
    "na", "n/a", "#n/a", "<na>", "nan", "#nan", "-nan", "none", "null", "nil", "nat", ".", "..", "...", "-", "--",
    "---", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#n/b", "#deel/0!", "#waarde!", "#verw!",
    "#naam?", "#getal!", ":", "[c]", "[x]", "[z]",
)  # fmt: skip

MISSING = f"^({'|'.join(re.escape(word) for word in MISSING_WORDS)})$"
_GROUP = "[1-9][0-9]{0,2}"
_BLANKS = "[0-9]{1,3}([ '][0-9]{3})+"
# What a cleaned text is, given that it is no word for missing: `point` and `comma` name the decimal mark of the only
# reading it has; `either_…` has two readings: the named mark is decimal in one and between thousands in the other.
PLAIN = r"^[-+]?[0-9]+$"
NEUTRAL = rf"^[-+]?([0-9]+|{_BLANKS}|[0-9]+[eE][-+]?[0-9]{{1,4}})$"
EITHER_POINT = rf"^[-+]?{_GROUP}\.[0-9]{{3}}$"
EITHER_COMMA = rf"^[-+]?{_GROUP},[0-9]{{3}}$"
POINT_DECIMAL = rf"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+|{_BLANKS}\.[0-9]*|([0-9]+\.[0-9]*|\.[0-9]+)[eE][-+]?[0-9]{{1,4}})$"
COMMA_DECIMAL = POINT_DECIMAL.replace(r"\.", ",")
COMMA_GROUPS = rf"^[-+]?({_GROUP}(,[0-9]{{3}}){{2,}}|{_GROUP}(,[0-9]{{3}})+\.[0-9]*)$"
POINT_GROUPS = rf"^[-+]?({_GROUP}(\.[0-9]{{3}}){{2,}}|{_GROUP}(\.[0-9]{{3}})+,[0-9]*)$"
LONG_FRACTION = r"[.,][0-9]{3}"  # a certain decimal mark with three or more decimals
INFINITE = "^[-+]?(inf|infinity|\u221e|1[.]#inf|oneindig)$"
PERCENT = "[%\u2030]"
CURRENCY = "[\u20ac$\u00a3\u00a5\u0192]|^(eur|usd|gbp|euro) ?[-+]?[0-9]|[0-9] ?(eur|usd|gbp|euro)$"

_CLEANING = [(re.compile(pattern), replacement) for pattern, replacement in CLEANING]
_WORDS = frozenset(MISSING_WORDS)


def clean_text(text: str) -> str:
    """Return a text without what surrounds a value: blanks of any kind, quotes, ``="…"``; its minus is in front."""
    for pattern, replacement in _CLEANING:
        text = pattern.sub(replacement, text)
    return text


def unwrap_text(text: str) -> str:
    """Return an identifier without what surrounds it: blanks of any kind, quotes, ``="…"``."""
    for pattern, replacement in _CLEANING[:WRAPPINGS]:
        text = pattern.sub(replacement, text)
    return text


def is_missing_word(text: str) -> bool:
    """Whether a text is a word for missing (`NA`, `null`, `.`, `#DIV/0!` …); an empty text is none, it is empty."""
    return clean_text(text).lower() in _WORDS
