"""Draws kept on disk: the bits of the forecast in memory, whole or not there at all."""

import errno

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.errors import InputError
from clustercast.streaming import stream as stream_store
from clustercast.streaming.moments import LEAF

SIZE = 5 * LEAF + 77


@cc.quantity("GW")
def cluster_power(year, start_power, growth, start_year):
    """Power of the cluster."""
    return start_power * np.exp(growth * (year - start_year))


@cc.quantity("1/year")
def margin(growth):
    return growth / 2


MODEL = cc.Model([cluster_power, margin])
PRIORS = cc.Priors(
    start_power=cc.LogNormal.from_quantiles({0.05: 0.5, 0.95: 2}, unit="GW"),
    growth=cc.Normal(0.5, 0.2, unit="1/year"),
    start_year=cc.Fixed(2024, unit="year"),
)
YEARS = [2024, 2027]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(stream_store, "CHUNK", 2 * LEAF)


@pytest.mark.parametrize("executor", [None, "threads"])
def test_the_store_holds_the_bits_of_the_forecast(tmp_path, executor):
    result = cc.stream_to_zarr(
        PRIORS, tmp_path / "draws.zarr", size=SIZE, model=MODEL, years=YEARS, seed=3, executor=executor, workers=2
    )
    whole = cc.propagate(cc.draw(PRIORS, SIZE, seed=3), model=MODEL, years=YEARS)
    for name, variable in whole.data_vars.items():
        assert result[name].dims == variable.dims
        assert result[name].attrs == variable.attrs
        assert np.array_equal(result[name].values, variable.values)
    assert result["cluster_power"].chunks == ((2,), (2 * LEAF, 2 * LEAF, LEAF + 77))
    assert result["margin"].chunks is not None
    assert result["year"].values.tolist() == YEARS
    for key in ("design", "priors_hash", "model_hash", "inputs"):
        assert cc.provenance_of(result)[key] == cc.provenance_of(whole)[key]
    assert [path.name for path in tmp_path.iterdir()] == ["draws.zarr"]


def test_names_and_years_may_come_one_by_one(tmp_path):
    result = cc.stream_to_zarr(
        PRIORS, tmp_path / "draws.zarr", size=10, model=MODEL, years=iter(YEARS), outputs=iter(["margin"])
    )
    assert "cluster_power" not in result
    whole = cc.propagate(cc.draw(PRIORS, 10), model=MODEL, years=YEARS, outputs=["margin"])
    assert np.array_equal(result["margin"].values, whole["margin"].values)


def test_a_store_is_analysed_out_of_core(tmp_path):
    cc.stream_to_zarr(PRIORS, tmp_path / "draws.zarr", size=SIZE, model=MODEL, years=YEARS, seed=3)
    with xr.open_zarr(tmp_path / "draws.zarr", consolidated=False) as result:
        mean = result["cluster_power"].mean("sample")
        assert mean.chunks is not None
        expected = cc.stream(PRIORS, size=SIZE, model=MODEL, years=YEARS, seed=3)["cluster_power_mean"]
        np.testing.assert_allclose(mean.values, expected, rtol=1e-12)


def test_a_store_that_fails_is_not_there_and_one_that_is_there_stays(tmp_path, monkeypatch):
    def full(path, arrays, start):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(stream_store, "write_region", full)
        with pytest.raises(InputError, match="the disk is full; free some space or name another place"):
            cc.stream_to_zarr(PRIORS, tmp_path / "draws.zarr", size=SIZE, model=MODEL, years=YEARS)
    assert not list(tmp_path.iterdir())
    (tmp_path / "draws.zarr").write_text("mine")
    with pytest.raises(InputError, match="it exists; remove it or name another place"):
        cc.stream_to_zarr(PRIORS, tmp_path / "draws.zarr", size=SIZE, model=MODEL, years=YEARS)
    assert (tmp_path / "draws.zarr").read_text() == "mine"


def test_two_runs_into_one_place_are_refused_and_the_first_goes_on(tmp_path):
    place, refused = tmp_path / "draws.zarr", []

    def start_another(done, planned):
        if not refused:
            with pytest.raises(InputError, match="another run writes there") as caught:
                cc.stream_to_zarr(PRIORS, place, size=SIZE, model=MODEL, years=YEARS, seed=4)
            refused.append(caught)

    result = cc.stream_to_zarr(PRIORS, place, size=SIZE, model=MODEL, years=YEARS, seed=3, progress=start_another)
    assert refused and [path.name for path in tmp_path.iterdir()] == ["draws.zarr"]
    whole = cc.propagate(cc.draw(PRIORS, SIZE, seed=3), model=MODEL, years=YEARS)
    assert np.array_equal(result["cluster_power"], whole["cluster_power"])


def test_a_bit_that_turned_in_a_store_is_an_error_and_no_number(tmp_path):
    result = cc.stream_to_zarr(PRIORS, tmp_path / "draws.zarr", size=SIZE, model=MODEL, years=YEARS, seed=3)
    chunk = next(path for path in sorted((tmp_path / "draws.zarr" / "growth").rglob("*")) if path.name == "0")
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(RuntimeError):
        result["growth"].load()
