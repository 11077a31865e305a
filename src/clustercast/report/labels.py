"""Names as people read them, and what a year means for a quantity."""

import re
from collections.abc import Mapping
from typing import Any

from clustercast.dataset import in_words
from clustercast.files.dates import date_words

_YEAR_AT_THE_END = re.compile(r"(?<! in) (\d{4})$")
_NAME = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
_BY = re.compile(r"\bby (\d{4})\b(?![-\d.])")
_TIMES = {"state": "at 1 January", "rate": "a year, at that date"}


def label_of(name: str) -> str:
    """Return a name of the model as people write it.

    >>> label_of("us_gdp_growth"), label_of("ai_investment_2024"), label_of("flop_per_dollar_growth")
    ('US GDP growth', 'AI investment in 2024', 'FLOP per dollar growth')
    """
    text = _YEAR_AT_THE_END.sub(r" in \1", in_words(name))
    return text[:1].upper() + text[1:]


def member_label(name: str) -> str:
    """Return what an index belongs to as people write it; a group of correlated inputs is named by its members.

    >>> member_label("load_factor_and_us_gdp")
    'Load factor + US GDP'
    """
    first, *more = name.split("_and_")
    return " + ".join([label_of(first), *map(in_a_sentence, more)])


def short_label(name: str) -> str:
    """Return a name as a figure has room for it: a group by its first member.

    >>> short_label("load_factor_and_us_gdp_and_pue"), short_label("load_factor")
    ('Load factor + 2 more', 'Load factor')
    """
    first, *more = name.split("_and_")
    return f"{label_of(first)} + {len(more)} more" if more else label_of(first)


def in_a_sentence(name: str) -> str:
    """Return a name as it stands inside a sentence.

    >>> in_a_sentence("cluster_growth_rate"), in_a_sentence("ai_investment")
    ('cluster growth rate', 'AI investment')
    """
    text = member_label(name) if "_and_" in name else label_of(name)
    return text if text.split()[0].isupper() else text[:1].lower() + text[1:]


def dated(text: str) -> str:
    """Return a text in which "by" and a year is the date that is meant.

    >>> dated("costs $1T by 2030, or by the end of 2030")
    'costs $1T by 1 January 2030, or by the end of 2030'
    """
    return _BY.sub(lambda found: f"by {date_words(float(found[1]))}", text)


def worded(text: str) -> str:
    """Return a text in which names of the model are words; ids of observations stay.

    >>> worded("Acts where cluster_growth_structure is 2; see obs_gpt4.")
    'Acts where cluster growth structure is 2; see obs_gpt4.'
    """
    return _NAME.sub(lambda found: found[0] if found[0].startswith("obs_") else in_a_sentence(found[0]), text)


def time_of(attrs: Mapping[Any, Any]) -> str:
    """Return what a year means for a variable, in words; empty where it does not say.

    >>> time_of({"time": "state"}), time_of({"time": "rate"}), time_of({})
    ('at 1 January', 'a year, at that date', '')
    """
    return _TIMES.get(str(attrs.get("time", "")), "")
