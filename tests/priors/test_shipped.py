"""The shipped priors are found in a checkout and in a wheel."""

import pytest

from clustercast.errors import InputError
from clustercast.priors import shipped


def test_a_checkout_reads_its_own_priors(pytestconfig):
    assert shipped.directory() == pytestconfig.rootpath / "priors"


def test_a_wheel_reads_its_package_data_first(tmp_path, monkeypatch):
    (tmp_path / "in_wheel").mkdir()
    (tmp_path / "in_checkout").mkdir()
    monkeypatch.setattr(shipped, "_IN_WHEEL", tmp_path / "in_wheel")
    monkeypatch.setattr(shipped, "_IN_CHECKOUT", tmp_path / "in_checkout")
    assert shipped.directory() == tmp_path / "in_wheel"


def test_a_broken_installation_is_said_to_be_one(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_IN_WHEEL", tmp_path / "a")
    monkeypatch.setattr(shipped, "_IN_CHECKOUT", tmp_path / "b")
    with pytest.raises(InputError, match="install clustercast again"):
        shipped.directory()
