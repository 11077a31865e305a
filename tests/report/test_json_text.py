"""Results as JSON for other programs."""

import json

import numpy as np
import pytest
import xarray as xr

from clustercast.dataset import provenance
from clustercast.report.json_text import json_text


def test_json_has_null_for_what_is_no_number():
    assert json_text([np.nan, np.inf, np.int64(3), True, None, "\u20ac"]) == (
        '[\n  null,\n  null,\n  3,\n  true,\n  null,\n  "\u20ac"\n]'
    )


def test_json_of_a_dataset_has_its_numbers_and_its_record():
    dataset = xr.Dataset({"power": (("year", "sample"), np.arange(4.0).reshape(2, 2))}, attrs=provenance({"a": 7}))
    back = json.loads(json_text({"forecast": dataset}))["forecast"]
    assert back["data_vars"]["power"]["data"] == [[0.0, 1.0], [2.0, 3.0]]
    assert back["attrs"]["provenance"]["a"] == 7


def test_json_refuses_what_it_has_no_form_for():
    with pytest.raises(TypeError, match="complex has no JSON form"):
        json_text({"a": 1j})
