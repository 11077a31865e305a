"""TOML files with closed keys: one way to read them and to say what is wrong."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from clustercast.errors import InputError, nearest

M = TypeVar("M", bound=BaseModel)

_REMEDIES = {
    "string_too_short": "a text is needed; fill it in",
    "string_type": "a text in quotation marks is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed, without quotation marks",
    "int_type": "a whole number is needed",
    "list_type": "a list of numbers in brackets is needed, as [0.0, 1.0]",
    "tuple_type": "a list in brackets is needed, as [0.0, 1.0]",
    "dict_type": "a table is needed",
    "model_attributes_type": "a table of keys and values is needed",
    "model_type": "a table of keys and values is needed",
    "string_pattern_mismatch": 'a date is needed, in quotation marks: "2024", "2024-06" or "2024-06-30"',
    "too_long": "there are too many values",
    "too_short": "there are too few values",
}


def load_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it cannot be read or is not TOML; a key given twice is such a fault.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error} (an entry given twice reads like this too)") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def validated(content: Mapping[str, Any], model: type[M], path: Path, *, tags: Sequence[str] = ()) -> M:
    """Validate the content of a file; the first fault is told in one sentence.

    Parameters
    ----------
    content : mapping
    model : type of pydantic.BaseModel
        With closed keys.
    path : pathlib.Path
        For the message.
    tags : sequence of str, optional
        Tags of a union inside, which are no part of a key.

    Returns
    -------
    pydantic.BaseModel

    Raises
    ------
    InputError
        Naming file, key, value and remedy.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_told(error, content, model, tags)}") from None


def _told(error: ValidationError, content: Mapping[str, Any], model: type[BaseModel], tags: Sequence[str]) -> str:
    """Say what a validation found first: key, fault, value, remedy."""
    # An unknown key comes first: a misspelt one is also missing, and its name says why.
    faults = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
    first = faults[0]
    place = [part for part in first["loc"] if part not in tags]
    key = _key(place, content)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    last = str(place[-1]) if place else ""
    match first["type"]:
        case "extra_forbidden":
            known = _known_keys(model, first["loc"], tags)
            allowed = f"; allowed are {', '.join(known)}" if known else ""
            return f"unknown key {key}{nearest(last, known)}{allowed}{more}"
        case "missing" if isinstance(first["loc"][-1], int):
            return f"{key} is missing; give as many values as are needed, as in [0.0, 1.0]{more}"
        case "missing":
            return f"{key} is missing; add {_as_written(model, first['loc'], last)}{more}"
        case "union_tag_invalid":
            given = str(first["ctx"]["tag"])
            return f"{key}: unknown family {given!r}{nearest(given, tags)}; known are {', '.join(tags)}{more}"
        case "union_tag_not_found":
            return f"{key}.family is missing; known families are {', '.join(tags)}{more}"
        case _:
            return f"{key} = {first['input']!r}: {_REMEDIES.get(first['type'], first['msg'])}{more}"


def _key(place: Sequence[str | int], content: Mapping[str, Any]) -> str:
    """Write the place of a fault as in the file: dots between keys, entries of an array by number and name."""
    written = ""
    inside: Any = content
    for part in place:
        found = _has(inside, part)
        inside = inside[part] if found else {}
        if isinstance(part, int) and found:
            name = next((inside[key] for key in ("id", "name", "quantity") if _has(inside, key)), "")
            written += f" number {part + 1}{f' ({name})' if name else ''}"
        else:
            written += f"{'.' if written else ''}{part}"
    return written


def _has(inside: Any, part: str | int) -> bool:
    """Say whether a key or a place is there."""
    if isinstance(inside, dict):
        return part in inside
    return isinstance(part, int) and isinstance(inside, list) and part < len(inside)


def _as_written(model: type[BaseModel], loc: Sequence[str | int], key: str) -> str:
    """Write a missing key as it goes into the file: a table of the top level, or a key with its value."""
    if len(loc) > 1:
        return f"{key} = ..."
    schema = model.model_json_schema()["properties"].get(key, {})
    if "additionalProperties" in schema:
        return f"[{key}.NAME]"
    return f"[[{key}]]" if schema.get("type") == "array" else f"[{key}]" if "$ref" in schema else f"{key} = ..."


def _known_keys(model: type[BaseModel], loc: Sequence[str | int], tags: Sequence[str]) -> list[str]:
    """Return the keys that are allowed where an unknown one was found."""
    schema: dict[str, Any] = model.model_json_schema()
    definitions = schema.get("$defs", {})
    here = schema
    for part in loc[:-1]:
        here = _inside(here, part, definitions)
    return list(here.get("properties", {}))


def _inside(schema: dict[str, Any], part: str | int, definitions: dict[str, Any]) -> dict[str, Any]:
    """Go one step down in a JSON Schema."""
    found = schema
    if "discriminator" in schema:
        found = {"$ref": schema["discriminator"]["mapping"].get(part, "")}
    elif isinstance(part, int):
        found = schema.get("items", {})
    elif part in schema.get("properties", {}):
        found = schema["properties"][part]
    else:
        found = schema.get("additionalProperties", {})
    reference = found.get("$ref", "") if isinstance(found, dict) else ""
    return definitions.get(reference.rsplit("/", 1)[-1], {}) if reference else dict(found or {})
