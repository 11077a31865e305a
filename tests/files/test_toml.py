"""The reader of TOML files: any bytes give a table or one sentence."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from clustercast.errors import InputError
from clustercast.files.toml import Number, Text, Truth, load_toml, validated


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Text
    value: Number = 0.0
    known: Truth = False


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rows: list[Row] = []


def write(tmp_path, content):
    path = tmp_path / "file.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path):
    assert load_toml(write(tmp_path, b"\xef\xbb\xbfvalue = 1\n")) == {"value": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"value = '\xff'\n", "is not UTF-8 text: .* at byte 9; save it as UTF-8"),
        ("value = " + "9" * 5000, "a number of thousands of digits; none above 1.8e308 can be used"),
        ("value = " + "[" * 20_000 + "]" * 20_000, "nests lists or tables too deeply|is not valid TOML"),
        ("value = 1\nvalue = 2\n", r"is not valid TOML: .*\(an entry given twice reads like this too\)"),
        ("value = \x07\n", "is not valid TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_in_one_sentence(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        load_toml(write(tmp_path, content))
    assert "\n" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_any_bytes_give_a_table_or_an_input_error(tmp_path, content):
    try:
        assert isinstance(load_toml(write(tmp_path, content)), dict)
    except InputError as error:
        assert str(tmp_path) in str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rows": [{"name": "a", "value": True}]}, r"rows number 1 \(a\).value = True: a number is needed"),
        ({"rows": [{"name": "a", "value": "1"}]}, r"value = '1': a number is needed, without quotation marks"),
        ({"rows": [{"name": "a", "value": 10**400}]}, r"\(401 characters\): a number of at most 1.8e308 is needed"),
        ({"rows": [{"name": "a", "value": -(10**400)}]}, r"\(402 characters\): a number of at most 1.8e308 is needed"),
        ({"rows": [{"name": "a", "known": 1}]}, r"known = 1: true or false is needed"),
        ({"rows": [{"name": "a\x1b[2J"}]}, r"name = 'a\\x1b\[2J': a text is needed, without control characters"),
        ({"rows": [{"name": "a" * 10_000, "value": "b" * 10_000}]}, r"b\.\.\. \(10002 characters\)"),
        ({"rows": [{"name": "a", "x" * 10_000: 1}]}, r"unknown key"),
        ({"rows": 3}, "rows = 3: a list in brackets is needed"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_in_a_short_line(content, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        validated(content, File, tmp_path / "file.toml")
    assert len(str(caught.value)) < 700 and str(caught.value).isprintable()
