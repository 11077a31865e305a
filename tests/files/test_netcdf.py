"""netCDF gives back what was written, or refuses: names, values and attributes of any kind, and damaged files."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import clustercast as cc
from clustercast.errors import InputError
from clustercast.files.netcdf import read_netcdf, write_netcdf

FINITE = st.floats(allow_nan=False, allow_subnormal=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    st.text() | st.sampled_from(["units", "dtype", "scale_factor", "_FillValue", "coordinates", "json_attributes"]),
    JSON | st.sampled_from(["days since 2000-01-01", "bool", "x y"]),
    max_size=4,
)
VALUES = st.one_of(
    *(hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)) for kind in ("f8", "i4", "?")),
    hnp.arrays("f4", st.integers(0, 5)),
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))).map(
        lambda texts: np.array(texts, dtype=str)
    ),
    st.lists(st.dates(), min_size=1).map(lambda dates: np.array(dates, dtype="datetime64[s]")),
    st.lists(st.integers(-(10**6), 10**6), min_size=1).map(lambda hours: np.array(hours, dtype="timedelta64[s]")),
)


def with_values(values, attrs, name="x"):
    dims = [f"dim_{i}" for i in range(values.ndim)]
    return xr.Dataset({name: (dims, values, attrs)})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("netcdf") / "a.nc"


@pytest.fixture
def dataset():
    return xr.Dataset(
        {
            "training_cluster_power": (("year", "sample"), np.arange(6.0).reshape(2, 3), {"units": "W"}),
            "binding_constraint": (("year", "sample"), np.array([[0, 1, 2], [2, 1, 0]])),
            "family": ("input", np.array(["normal", "fixed"])),
            "never": ("sample", np.array([True, False, True])),
            "load_factor": ((), 0.8, {"units": "1", "note": None, "checked": True, "bounds": {"low": 0.0}}),
            "lead_time": ("sample", [1.0, 2.0, np.nan], {"units": "hours"}),
        },
        coords={
            "year": ("year", [2022, 2024], {"units": "year"}),
            "sample": np.arange(3),
            "input": np.array(["cluster_growth_rate", "load_factor"]),
            "scale": ("input", np.array(["log10", "raw"])),
        },
        attrs={"seed": 7, "note": "1/3 = \u2153", "width": 0.1, "none": None, "list": [1, 2], "one": [5], "big": 2**90},
    )


def kinds_of(dataset):
    return {name: computed.dtype.kind for name, computed in dataset.variables.items()}


def test_a_dataset_comes_back_as_it_went(place, dataset):
    back = read_netcdf(write_netcdf(dataset, place))
    xr.testing.assert_identical(back, dataset)
    assert kinds_of(back) == kinds_of(dataset)
    assert back.attrs == dataset.attrs and back["load_factor"].attrs == dataset["load_factor"].attrs
    xr.testing.assert_identical(read_netcdf(write_netcdf(back, place)), dataset)


@given(VALUES, ATTRIBUTES, ATTRIBUTES)
def test_whatever_was_written_is_given_back(place, values, own, whole):
    dataset = with_values(values, own).assign_attrs(whole)
    back = read_netcdf(write_netcdf(dataset, place))
    xr.testing.assert_identical(back, dataset)
    assert (back["x"].attrs, back.attrs) == (own, whole)
    assert back["x"].dtype.kind == values.dtype.kind


@pytest.mark.parametrize("name", [None, "conditioned"])
def test_a_tree_comes_back_as_it_went(place, dataset, name):
    nodes = {
        "/": xr.Dataset(attrs={"seed": 1, "none": None}),
        "/prior": dataset,
        "/posterior/few": dataset.isel(sample=[0]),
    }
    for tree in (xr.DataTree.from_dict(nodes, name=name), xr.DataTree(dataset, name=name), xr.DataTree(name=name)):
        back = read_netcdf(write_netcdf(tree, place))
        assert isinstance(back, xr.DataTree)
        xr.testing.assert_identical(back, tree)
        assert back.name == name


def test_numpy_attributes_come_back_as_equal_numbers(place):
    attrs = {"a": np.float32(0.5), "b": np.int8(3), "c": np.arange(3), "d": np.array([1.5]), "e": np.bool_(True)}
    back = read_netcdf(write_netcdf(xr.Dataset(attrs=attrs), place)).attrs
    assert {key: np.asarray(value).tolist() for key, value in back.items()} == {
        key: np.asarray(value).tolist() for key, value in attrs.items()
    }


def test_other_programs_read_numbers_units_and_checksums(place, dataset):
    write_netcdf(dataset, place)
    with xr.open_dataset(place, engine="h5netcdf", decode_timedelta=False) as read:
        assert np.array_equal(read["training_cluster_power"], dataset["training_cluster_power"])
        assert read["training_cluster_power"].attrs == {"units": "W"} and read.attrs["seed"] == 7
    with h5py.File(place) as file:
        assert file["training_cluster_power"].fletcher32 and file["binding_constraint"].fletcher32


@given(st.data())
def test_a_bit_that_turned_is_noticed_or_does_no_harm(place, data):
    dataset = with_values(np.arange(500.0), {"units": "GW", "flag": True}).assign(c=((), 3.5), t=("t", ["a", "b"]))
    content = bytearray(write_netcdf(dataset, place).read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    place.write_bytes(content)
    try:
        back = read_netcdf(place)
    except InputError as error:
        assert "damaged" in str(error) or "no whole netCDF file" in str(error)
    else:
        # Only where the checksum itself no longer looks like one.
        assert bit // 8 >= len(content) - 28
        xr.testing.assert_identical(back, dataset)


@given(st.integers(0, 10**6))
def test_a_file_that_was_cut_is_refused(place, length):
    content = write_netcdf(with_values(np.arange(500.0), {}), place).read_bytes()
    place.write_bytes(content[: length % (len(content) - 28)])
    with pytest.raises(InputError, match="no whole netCDF file"):
        read_netcdf(place)


def test_damage_of_numbers_is_noticed_by_any_reader(place):
    values = np.random.default_rng(0).random(1000)
    content = bytearray(write_netcdf(with_values(values, {}), place).read_bytes())
    at = content.find(values[500].tobytes())
    content[at + 5] ^= 1
    place.write_bytes(content)
    with pytest.raises(OSError), xr.open_dataset(place, engine="h5netcdf") as read:
        read.load()


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (xr.Dataset({"a/b": 1}), "the name 'a/b'; rename it"),
        (xr.Dataset({"a\0": 1}), "the name 'a\\\\x00'; rename it"),
        (xr.Dataset({"a\x1b[31m": 1}), "rename it"),
        (xr.Dataset({"x": ("a\nb", [1])}), "rename it"),
        (xr.Dataset({3: 1}), "the name 3; rename it"),
        (xr.Dataset({"x": ("d", [1])}, {"a b": ("d", [2])}), "the name 'a b'"),
        (xr.Dataset({"x": ("d", np.array([1, "a"], dtype=object))}), "mixed native types.*netCDF holds"),
        (xr.Dataset({"x": ("d", np.array(["x\0y"]))}), "NULLs"),
        (xr.Dataset(attrs={"a": object()}), "attribute 'a' of the dataset is a object, which no file holds"),
        (xr.Dataset({"x": ((), 1, {"a": {1: 2}})}), "attribute 'a' of 'x' is a dict"),
        (xr.Dataset({"x": ((), 1, {"a": [1, b"b"]})}), "attribute 'a' of 'x' is a bytes"),
        (xr.Dataset(attrs={1: 2}), "attribute 1 of the dataset has no text as its name"),
        (xr.Dataset({"x": (("a", "b"), [[1.0, 2.0]])}, {"a": [0], "b": [1, 2]}).stack(i=("a", "b")), "netCDF holds"),
        (xr.DataArray([1.0]), "DataArray is neither a Dataset nor a DataTree"),
        (None, "NoneType is neither"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_and_nothing_is_written(tmp_path, dataset, reason):
    with pytest.raises(InputError, match=reason):
        write_netcdf(dataset, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_the_caller_keeps_his_dataset(place, dataset):
    before = dataset.copy(deep=True)
    write_netcdf(dataset, place)
    xr.testing.assert_identical(dataset, before)
    assert all(not variable.encoding for variable in dataset.variables.values())


def test_a_file_that_is_not_there_or_no_netcdf_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_netcdf(tmp_path / "a.nc")
    with pytest.raises(InputError, match="cannot read"):
        read_netcdf("a\0.nc")
    for content in (b"", b"not netCDF", b"CDF\x01" + bytes(40)):
        (tmp_path / "a.nc").write_bytes(content)
        with pytest.raises(InputError, match="no whole netCDF file"):
            read_netcdf(tmp_path / "a.nc")


def test_a_place_that_cannot_grow_is_one_sentence_and_leaves_nothing(tmp_path):
    program = (
        "import resource, sys\nimport numpy as np, xarray as xr\nfrom clustercast.errors import InputError\n"
        "from clustercast.files.netcdf import write_netcdf\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "tree = xr.DataTree.from_dict({'/a': xr.Dataset({'x': ('sample', np.ones(100_000))})})\n"
        "try:\n    write_netcdf(tree, sys.argv[1])\n"
        "except InputError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, tmp_path / "a.nc"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "grew larger than is allowed" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_results_of_the_library_come_back(place):
    @cc.quantity("1")
    def total(x, y):
        return x + y

    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 2))
    design = cc.draw(priors, 64, design="saltelli", replicates=4)
    forecast = cc.propagate(design, model=cc.Model([total]))
    for result in (design, forecast, cc.summarise(forecast), cc.sobol_indices(forecast, scale="raw")):
        xr.testing.assert_identical(read_netcdf(write_netcdf(result, place)), result)
