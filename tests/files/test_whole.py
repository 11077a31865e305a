"""A file is the old one, whole, or the new one, whole."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from clustercast.errors import InputError
from clustercast.files.whole import output_directory, read_netcdf, read_tree, write_netcdf, write_text, write_whole
from clustercast.report.json_text import json_text


@pytest.fixture
def dataset():
    return xr.Dataset(
        {
            "training_cluster_power": (
                ("year", "sample"),
                np.arange(6.0).reshape(2, 3),
                {"units": "W", "role": "output"},
            ),
            "binding_constraint": (("year", "sample"), np.array([[0, 1, 2], [2, 1, 0]])),
            "family": ("input", np.array(["normal", "fixed"])),
            "never": ("sample", np.array([True, False, True])),
        },
        coords={
            "year": ("year", [2022.0, 2022.5], {"units": "year"}),
            "sample": np.arange(3),
            "input": np.array(["cluster_growth_rate", "load_factor"]),
        },
        attrs={"seed": 7, "input_names": '["a", "b"]', "note": "1/3 = \u2153", "width": 0.1},
    )


def test_a_dataset_comes_back_as_it_went(tmp_path, dataset):
    path = write_netcdf(dataset, tmp_path / "forecast.nc")
    back = read_netcdf(path)
    xr.testing.assert_identical(back, dataset)
    assert {name: found.dtype.kind for name, found in back.variables.items()} == {
        name: found.dtype.kind for name, found in dataset.variables.items()
    }


def test_a_tree_comes_back_as_it_went(tmp_path, dataset):
    tree = xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs={"seed": 1}), "/prior": dataset, "/posterior": dataset.isel(sample=[0])}
    )
    path = write_netcdf(tree, tmp_path / "conditioned.nc")
    xr.testing.assert_identical(read_tree(path), tree)


def test_the_new_file_takes_the_place_of_the_old_and_leaves_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    write_text(tmp_path / "a.txt", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "new")]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_a_writer_that_is_stopped_leaves_the_old_file_and_nothing_else(tmp_path, stop):
    write_text(tmp_path / "a.txt", "old")

    def half(path):
        path.write_text("ne")
        raise stop

    with pytest.raises(stop):
        write_whole(tmp_path / "a.txt", half)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    program = (
        "import os, signal, sys\nfrom clustercast.files.whole import write_whole\n"
        "def half(path):\n    path.write_text('ne')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(sys.argv[1], half)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a.txt"], env=with_source(), check=False)
    assert done.returncode == -9
    assert (tmp_path / "a.txt").read_text() == "old"


def with_source():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_failing_disk_is_one_sentence_and_loses_nothing(tmp_path, number):
    write_text(tmp_path / "a.txt", "old")

    def fail(path):
        path.write_text("ne")
        raise OSError(number, os.strerror(number))

    with pytest.raises(InputError, match=r"cannot write '.*a\.txt': .*name "):
        write_whole(tmp_path / "a.txt", fail)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_device_says_that_it_is_full(tmp_path):
    def to_full_device(path):
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)

    with pytest.raises(InputError, match="disk is full"):
        write_whole(tmp_path / "a.txt", to_full_device)


def test_netcdf_that_cannot_grow_is_one_sentence_and_leaves_nothing(tmp_path):
    program = (
        "import resource, sys\nimport numpy as np, xarray as xr\nfrom clustercast.errors import InputError\n"
        "from clustercast.files.whole import write_netcdf\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n    write_netcdf(xr.Dataset({'x': ('sample', np.ones(100_000))}), sys.argv[1])\n"
        "except InputError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, tmp_path / "a.nc"]
    done = subprocess.run(command, env=with_source(), capture_output=True, text=True, check=True)
    assert "grew larger than is allowed" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there.txt").write_text("old")
    (tmp_path / "here.txt").symlink_to(tmp_path / "there.txt")
    write_text(tmp_path / "here.txt", "new")
    assert (tmp_path / "here.txt").is_symlink()
    assert (tmp_path / "there.txt").read_text() == "new"


def test_only_a_file_is_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="it is not a file"):
        write_text(tmp_path / "a", "x")
    with pytest.raises(InputError, match="no such directory"):
        write_text(tmp_path / "b" / "c.txt", "x")


def test_an_output_directory_is_made(tmp_path):
    assert output_directory(tmp_path / "a" / "b").is_dir()
    assert output_directory(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"


def test_an_output_directory_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="a file is in the way"):
        output_directory(tmp_path / "a")
    with pytest.raises(InputError, match="a file stands where a directory is needed"):
        output_directory(tmp_path / "a" / "b")


def test_an_output_directory_that_is_read_only_is_refused(tmp_path, monkeypatch):
    # Asked of the system rather than tried: the superuser may write where permissions say no.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(InputError, match="not allowed"):
        output_directory(tmp_path)


def test_a_file_that_is_not_there_or_no_netcdf_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_netcdf(tmp_path / "a.nc")
    (tmp_path / "a.nc").write_text("not netCDF")
    for read in (read_netcdf, read_tree):
        with pytest.raises(InputError, match="not a whole netCDF file"):
            read(tmp_path / "a.nc")


def test_json_has_null_for_what_is_no_number():
    assert json_text([np.nan, np.inf, np.int64(3), True, None, "\u20ac"]) == (
        '[\n  null,\n  null,\n  3,\n  true,\n  null,\n  "\u20ac"\n]'
    )


def test_json_of_a_dataset_has_its_attributes_and_numbers(dataset):
    import json

    back = json.loads(json_text({"forecast": dataset}))["forecast"]
    assert back["data_vars"]["training_cluster_power"]["data"] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert back["attrs"]["seed"] == 7


def test_json_refuses_what_it_has_no_form_for():
    with pytest.raises(TypeError, match="complex has no JSON form"):
        json_text({"a": 1j})
