"""TOML files with closed keys: one reader, and one sentence for what is wrong with a file."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, Strict, StringConstraints, ValidationError

from clustercast.errors import InputError, nearest, shown
from clustercast.files.whole import REMEDIES, read_text

M = TypeVar("M", bound=BaseModel)
# Neither a terminal nor an HDF5 attribute takes control characters; a tab and the end of a line are welcome.
_PRINTABLE = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_FILLED = _PRINTABLE.replace("[^", r"[^\s")
# Types of the entries. A truth value or a number in quotation marks is no number, here and in the JSON Schema.
Number = Annotated[float, Strict()]
Truth = Annotated[bool, Strict()]
Prose = Annotated[str, Field(pattern=f"^{_PRINTABLE}*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True), Field(pattern=f"^{_PRINTABLE}*{_FILLED}{_PRINTABLE}*$")]


def load_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; a fault of the file is an `InputError`."""
    return parsed(read_text(path), path)


def parsed(text: str, path: Path) -> dict[str, Any]:
    """Return the content of the text of a TOML file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error} (an entry given twice reads like this too)") from None
    except RecursionError:
        raise InputError(f"{path} nests lists or tables too deeply; no key of clustercast needs that") from None
    except ValueError:
        raise InputError(f"{path} holds a number of thousands of digits; none above 1.8e308 can be used") from None


def validated(content: Any, model: type[M], path: object, *, tags: Sequence[str] = (), strict: bool | None = None) -> M:
    """Return the content of a file or of a place in it as a model with closed keys."""
    try:
        return model.model_validate(content, strict=strict)
    except ValidationError as error:
        raise InputError(f"{path}: {_message(error, content, model, tags)}") from None


def _message(error: ValidationError, content: Mapping[str, Any], model: type[BaseModel], tags: Sequence[str]) -> str:
    """Return the first fault of a validation: key, value, remedy."""
    # An unknown key comes first: a misspelt one is also missing, and its name says why.
    first = min(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
    place = [part for part in first["loc"] if part not in tags]
    key = _key(place, content)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    last = str(place[-1]) if place else ""
    match first["type"]:
        case "extra_forbidden":
            known = _known_keys(model, first["loc"])
            allowed = f"; allowed are {', '.join(known)}" if known else ""
            return f"unknown key {key}{nearest(last, known)}{allowed}{more}"
        case "missing" if isinstance(first["loc"][-1], int):
            return f"{key} is missing; give as many values as are needed, as in [0.0, 1.0]{more}"
        case "missing":
            return f"{key} is missing; add {_as_written(model, first['loc'], last)}{more}"
        case "union_tag_invalid":
            given = str(first["ctx"]["tag"])
            known = [tag for tag in tags if repr(tag) in first["ctx"]["expected_tags"]]
            return f"{key}: unknown family {shown(given)}{nearest(given, known)}; known are {', '.join(known)}{more}"
        case "union_tag_not_found":
            return f"{key}.family is missing; known families are {', '.join(tags)}{more}"
        case _:
            return f"{key} = {shown(first['input'])}: {_remedy(first)}{more}"


def _remedy(fault: Mapping[str, Any]) -> str:
    """Return what is needed in the place of a value of the wrong type."""
    kind: str = fault["type"]
    if kind == "string_pattern_mismatch" and "1[0-2]" in fault["ctx"]["pattern"]:
        return 'a date is needed, in quotation marks: "2024", "2024-06" or "2024-06-30"'
    if kind == "float_type" and isinstance(fault["input"], int) and not isinstance(fault["input"], bool):
        return "a number of at most 1.8e308 is needed"
    return str(fault["ctx"]["error"]) if kind == "value_error" else str(REMEDIES["entry"].get(kind, fault["msg"]))


def _key(place: Sequence[str | int], inside: Any) -> str:
    """Return the place of a fault as in the file: dots between keys, entries of an array by number and name."""
    written = ""
    for part in place:
        result = _has(inside, part)
        inside = inside[part] if result else {}
        if isinstance(part, int) and result:
            name = next((inside[key] for key in ("id", "name", "quantity") if _has(inside, key)), "")
            written += f" number {part + 1}{f' ({_as_text(name)})' if name else ''}"
        else:
            written += f"{'.' if written else ''}{_as_text(part)}"
    return written


def _as_text(value: object) -> str:
    """Return a key or a name as it is, or as `shown` where it is long or does not print."""
    text = str(value)
    return text if len(text) <= 120 and text.isprintable() else shown(text)


def _has(inside: Any, part: str | int) -> bool:
    """Return whether a key or a position is there."""
    return part in (range(len(inside)) if isinstance(inside, list) else inside if isinstance(inside, dict) else ())


def _as_written(model: type[BaseModel], loc: Sequence[str | int], key: str) -> str:
    """Return a missing key as it goes into the file: a table of the top level, or a key with its value."""
    if len(loc) > 1:
        return f"{key} = ..."
    schema = model.model_json_schema()["properties"].get(key, {})
    if "additionalProperties" in schema:
        return f"[{key}.NAME]"
    return f"[[{key}]]" if schema.get("type") == "array" else f"[{key}]" if "$ref" in schema else f"{key} = ..."


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the keys that are allowed where an unknown one was found."""
    here = schema = model.model_json_schema()
    for part in loc[:-1]:
        if "discriminator" in here:
            further: Any = {"$ref": here["discriminator"]["mapping"].get(part, "")}
        elif isinstance(part, int):
            further = here.get("items")
        else:
            further = here.get("properties", {}).get(part, here.get("additionalProperties"))
        here = further if isinstance(further, dict) else {}
        here = schema["$defs"].get(here["$ref"].rsplit("/", 1)[-1], {}) if "$ref" in here else here
    return list(here.get("properties", {}))


def toml_table(name: str, entries: Mapping[str, object], *, array: bool = False) -> str:
    """Return one table of a TOML file, or one of an array of tables, entries without a value left out."""
    lines = [f"{key} = {toml_value(value)}" for key, value in entries.items() if value not in ("", None)]
    return "\n".join([f"[[{name}]]" if array else f"[{name}]", *lines, ""])


def toml_value(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(one)}" for key, one in value.items()) + " }"
    return repr(float(value)) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
