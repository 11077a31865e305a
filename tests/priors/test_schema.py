"""The reader and the JSON Schema that editors use accept and refuse the same files."""

import copy
import json

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import clustercast as cc
from clustercast.priors.prior_file import _file_models, json_schema
from clustercast.priors.shipped import directory

STORED = directory() / "prior.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())

TEXT = {"source": "A test (2026)", "as_of": "2026-11"}
ENTRIES = {
    "a": {"family": "normal", "mean": 1, "sd": 0.5, "unit": "GW", **TEXT},
    "b": {"family": "metalog", "quantiles": {"0.05": 1, "0.95": 2.5}, "bounds": [0, 9.5], **TEXT},
    "c": {"family": "discrete", "values": [0, 1], "weights": [0.5, 0.5], "judgement": True, "note": "n", **TEXT},
    "d": {
        "family": "mixture",
        "weights": [0.5, 0.5],
        "components": [{"family": "fixed", "value": 0}, {"family": "normal", "mean": 3, "sd": 1}],
        **TEXT,
    },
    "e": {"family": "truncated", "base": {"family": "gamma", "shape": 2, "scale": 1}, "high": 3, **TEXT},
}
SET = {"name": "t", "title": "T", "as_of": "2026", "valid_from": 2024, "headline": ["x"], "currency": "USD"}
CORRELATION = {"between": ["a", "b"], "rank": 0.5, **TEXT}
FILE = {"set": SET, "inputs": ENTRIES, "correlations": [CORRELATION]}

# What a person may put in the place of another thing, of every kind that TOML has but dates.
VALUES = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from(["", " ", "x", "1.5", "true", "2026-11", "2026-13", "normal", "a\x00b", "a\nb", "\x1b[31m"]),
    st.lists(st.one_of(st.integers(0, 2), st.booleans(), st.just("1")), max_size=3),
    st.dictionaries(
        st.sampled_from(["0.05", "0.95", "family", "mean"]), st.one_of(st.floats(0, 1), st.booleans(), st.just("1"))
    ),
)


def places(content, at=()):
    """Every place of a file, from the top down."""
    if at:
        yield at
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inside:
        yield from places(value, (*at, key))


PLACES = list(places(FILE))


def accepted_by_the_reader(content):
    """Whether the models of the files take the content; what numbers mean is not asked."""
    for model in _file_models():
        try:
            model.model_validate(content)
        except ValidationError:
            continue
        return True
    return False


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["replace", "remove", "add"]), VALUES), max_size=2))
@example([(("inputs", "a", "mean"), "replace", True)])
@example([(("inputs", "a", "mean"), "replace", "1.5")])
@example([(("inputs", "b", "quantiles", "0.05"), "replace", "1")])
@example([(("inputs", "c", "values", 0), "replace", False)])
@example([(("inputs", "c", "judgement"), "replace", 1)])
@example([(("correlations", 0, "rank"), "replace", "0.5")])
@example([(("set", "valid_from"), "replace", "2024")])
@example([(("inputs", "a", "source"), "replace", " ")])
def test_the_reader_and_the_schema_agree_on_any_edit_of_a_file(edits):
    content = copy.deepcopy(FILE)
    for place, what, value in edits:
        *way, last = place
        holder = content
        try:
            for key in way:
                holder = holder[key]
            if what == "remove":
                del holder[last]
            elif what == "replace" or isinstance(holder, list):
                holder[last] = value
            else:
                holder["further"] = value
        except (KeyError, IndexError, TypeError):
            return
    assert accepted_by_the_reader(content) == VALIDATOR.is_valid(content)


def test_the_file_that_is_edited_is_itself_good():
    assert VALIDATOR.is_valid(FILE) and accepted_by_the_reader(FILE)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_reads(entry, tmp_path):
    lines = [f"{key} = {inline(value)}" for key, value in ENTRIES[entry].items() if key != "unit"]
    path = tmp_path / "t.toml"
    path.write_text('[set]\nname = "t"\ntitle = "T"\nas_of = "2026"\n[inputs.own]\nunit = "GW"\n' + "\n".join(lines))
    made = cc.read_priors(path)["own"]
    assert made.unit == "GW" and made.family == ENTRIES[entry]["family"]


def inline(value):
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {inline(inner)}' for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')


def test_the_stored_schema_is_that_of_the_reader():
    assert STORED.read_text(encoding="utf-8") == _stored()


def _stored():
    return json.dumps(json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    STORED.write_text(_stored(), encoding="utf-8")
