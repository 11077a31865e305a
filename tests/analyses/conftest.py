"""Each analysis is computed, and writes, once for the same options, however many tests print and write its findings."""

import pytest

from analyses import options
from clustercast.files import netcdf

ANSWERS = {}
WRITE_WHOLE = netcdf.write_whole


def leave(path, write):
    """Write nothing, in the place of what writes netCDF files."""
    return path


def once(write):
    """Return a writer that writes the same bytes again, unless a test is about the writing."""
    kept = []

    def written(path):
        if netcdf.write_whole is leave and path.suffix == ".nc":
            return
        if netcdf.write_whole is not WRITE_WHOLE:
            write(path)
        elif kept:
            path.write_bytes(kept[0])
        else:
            write(path)
            kept.append(path.read_bytes())

    return written


@pytest.fixture(autouse=True)
def each_analysis_is_computed_once(monkeypatch, tmp_path):
    # Where no directory is asked for, files go to one below this.
    monkeypatch.chdir(tmp_path)
    answer = options._answer

    def answered(body, given, own):
        asked = {key: value for key, value in given.items() if key not in ("out", "json")}
        key = repr((body.__module__, body.__name__, asked, own))

        def result(run, **own):
            if key not in ANSWERS:
                made = body(run, **own)
                ANSWERS[key] = made._replace(files={name: once(write) for name, write in made.files.items()})
            return ANSWERS[key]

        answer(result, given, own)

    monkeypatch.setattr(options, "_answer", answered)


@pytest.fixture
def no_netcdf(monkeypatch):
    """Leave the netCDF files of an analysis unwritten, which take longer than what is looked at."""
    monkeypatch.setattr(netcdf, "write_whole", leave)


@pytest.fixture(scope="session")
def epoch(tmp_path_factory):
    """Return a table under the header of Epoch AI's GPU clusters, of which one row is news."""
    path = tmp_path_factory.mktemp("epoch") / "epoch.csv"
    path.write_text(
        "Name,First Operational Date,H100 equivalents,Owner\nBig,2026-11-03,2500000,A\nSmall,2025-01-01,9000,B\n"
    )
    return path


@pytest.fixture(scope="session")
def one_row(tmp_path_factory):
    """Return a file of one observation, from which is learned in no time."""
    path = tmp_path_factory.mktemp("rows") / "one.toml"
    path.write_text(
        '[[observation]]\nid = "us_2024"\ndate = 2024\nquantity = "us_electricity"\nname = "x"\nvalue = 4300\n'
        'unit = "TWh/year"\nsd_log10 = 0.01\nsource = "x"\nas_of = "2025"\n'
    )
    return path
