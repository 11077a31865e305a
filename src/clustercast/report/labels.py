"""Names as people read them, and what a year means for a quantity."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clustercast.dataset import in_words
from clustercast.files.dates import date_words

_YEAR_AT_THE_END = re.compile(r"(?<! in) (\d{4})$")
_NAME = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
_BY = re.compile(r"\bby (\d{4})\b(?![-\d.])")
_TIMES = {"state": "at 1 January", "rate": "a year, at that date"}


def label_of(name: str) -> str:
    """Return a name of the model as people write it."""
    text = _YEAR_AT_THE_END.sub(r" in \1", in_words(name))
    return text[:1].upper() + text[1:]


def member_label(name: str) -> str:
    """Return what an index belongs to as people write it; a group of correlated inputs is named by its members."""
    first, *more = name.split("_and_")
    return " + ".join([label_of(first), *map(in_a_sentence, more)])


def short_label(name: str) -> str:
    """Return a name as a figure has room for it: a group by its first member."""
    first, *more = name.split("_and_")
    return f"{label_of(first)} + {len(more)} more" if more else label_of(first)


def in_a_sentence(name: str) -> str:
    """Return a name as it stands inside a sentence."""
    text = member_label(name) if "_and_" in name else label_of(name)
    return text if text.split()[0].isupper() else text[:1].lower() + text[1:]


def dated(text: str) -> str:
    """Return a text in which "by" and a year is the date that is meant."""
    return _BY.sub(lambda found: f"by {date_words(float(found[1]))}", text)


def worded(text: str) -> str:
    """Return a text in which names of the model are words; ids of observations stay."""
    return _NAME.sub(lambda found: found[0] if found[0].startswith("obs_") else in_a_sentence(found[0]), text)


def time_of(attrs: Mapping[Any, Any]) -> str:
    """Return what a year means for a variable, in words; empty where it does not say."""
    return _TIMES.get(str(attrs.get("time", "")), "")


def milestone_text(milestone: str, output: str, label: Callable[[str], str] = label_of) -> str:
    """Return a milestone as people say it."""
    return milestone.replace(output, label(output)).replace(">=", "≥").replace("/year", " a year")


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
