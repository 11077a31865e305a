"""Dates: ISO texts, date objects and float years read by one rule, and written in words."""

import calendar
import datetime
import functools
import re
from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, shown

Date = float | str | datetime.date | np.datetime64
ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_REMEDY = "write it as 2024, 2024-06 or 2024-06-15, or give a year such as 2024.5"
# A figure such as 202406 is a month written without its hyphen, not a year.
_FIRST, _LAST = 1000, 9999


def float_years(dates: Iterable[object]) -> FloatArray:
    """Return dates as float years, each the first moment of its period."""
    return np.array([start_of(date) for date in dates])  # type: ignore[arg-type]


def date_words(year: float) -> str:
    """Return the day of a float year in words."""
    # A float year is off by rounding, a millionth of a day at most: that must not name the day before.
    months = int(year * 12 + 1e-8)
    number, month = months // 12, months % 12 + 1
    day = int((year * 12 - months) * calendar.monthrange(number, month)[1] + 1e-6) + 1
    return f"{day} {calendar.month_name[month]} {number}"


def _year(date: Date, *, end: bool) -> float:
    """Return one end of a period as a float year."""
    if isinstance(date, np.datetime64 | datetime.date):
        # NumPy writes a month as 2024-06; a time of day is left away.
        date = str(date)[:10]
    if isinstance(date, str):
        return _year_of_text(date, end)
    if isinstance(date, bool) or not isinstance(date, int | float | np.integer | np.floating):
        raise InputError(f"cannot read {shown(date)} as a date; {_REMEDY}")
    if not _FIRST <= date <= _LAST:
        raise InputError(f"{date:g} is no year from {_FIRST} to {_LAST}; {_REMEDY}")
    return float(date)


def _year_of_text(text: str, end: bool) -> float:
    """Return one end of the period that an ISO text names: a month is a twelfth of a year."""
    if re.fullmatch(r"\d{4}\.\d+", text.strip()):
        return _year(float(text), end=end)
    match = ISO.fullmatch(text.strip())
    if match is None:
        raise InputError(f"cannot read {text[:40]!r} as a date; {_REMEDY}")
    year, month, day = (int(part or 0) for part in match.groups())
    if not _FIRST <= year <= _LAST:
        raise InputError(f"{text!r} is no year from {_FIRST} to {_LAST}; {_REMEDY}")
    if match[2] is None:
        return year + float(end)
    if not 1 <= month <= 12:
        raise InputError(f"{text!r} has month {month}; months go from 01 to 12")
    days = calendar.monthrange(year, month)[1]
    if match[3] is None:
        return year + (month - 1 + end) / 12
    if not 1 <= day <= days:
        raise InputError(f"{text!r} has day {day}; that month has {days} days")
    return year + (month - 1 + (day - 1 + end) / days) / 12


# The first and the last moment of a year, month or day as a float year; a number is taken as it is.
start_of, end_of = functools.partial(_year, end=False), functools.partial(_year, end=True)


_PATTERN = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"
# The type of a date in a file: an ISO text, or a date of TOML.
_TEXT_OF_DATE = BeforeValidator(lambda value: value.isoformat()[:10] if isinstance(value, datetime.date) else value)
_IN_A_FILE = Field(pattern=_PATTERN, description="year, year-month or year-month-day")
# A day that no month has is refused as it is read.
DateText = Annotated[str, _IN_A_FILE, _TEXT_OF_DATE, AfterValidator(lambda text: end_of(text) and text)]
_NUMBER_OR_TEXT = [
    {"type": "number", "minimum": _FIRST, "maximum": _LAST},
    {"type": "string", "pattern": _PATTERN.replace("^\\d{4}(", r"^[1-9]\d{3}(\.\d+|")},
]
_A_YEAR = "a year such as 2026.5, or year, year-month or year-month-day"
_DATE_SCHEMA = WithJsonSchema({"anyOf": _NUMBER_OR_TEXT, "description": _A_YEAR})
# The types of a date that becomes a float year: the first moment of a period, or the last one.
StartYear = Annotated[float, BeforeValidator(start_of), _DATE_SCHEMA]
EndYear = Annotated[float, BeforeValidator(end_of), _DATE_SCHEMA]
