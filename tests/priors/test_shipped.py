"""The shipped priors are found in a checkout and in a wheel."""

import pytest

from clustercast.errors import InputError
from clustercast.priors import shipped
from clustercast.priors.prior_file import read_priors


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


def test_a_set_that_is_kept_is_read_anew_where_its_file_changed_and_is_nobodys_to_change(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text((shipped.directory() / "sets" / "situational_awareness.toml").read_text())
    first = read_priors(path)
    first.declared.clear()
    first.groups["mine"] = ("load_factor",)
    again = read_priors(path)
    assert again.declared
    assert "mine" not in again.groups
    path.write_text(path.read_text().replace('name = "situational_awareness"', 'name = "mine"'))
    assert read_priors(path).name == "mine"
