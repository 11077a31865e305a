"""requirements.txt pins what constraints.txt says, by hash, for each environment of the Makefile."""

import importlib.metadata
import re

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+).*?((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+) # (?P<places>[\w ]+)$", re.M
)


@pytest.fixture(scope="module")
def entries(request):
    text = (request.config.rootpath / "requirements.txt").read_text(encoding="utf-8")
    found = list(ENTRY.finditer(text))
    assert len(found) == len(re.findall(r"^\w", text, re.MULTILINE))
    return [(entry["name"], entry["version"], set(entry["places"].split())) for entry in found]


def test_every_version_is_the_one_of_the_constraints(entries, request):
    lines = (request.config.rootpath / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert not [(name, version) for name, version, _ in entries if pinned.get(name, version) != version]


@pytest.mark.parametrize("environment", ["base", "test"])
def test_an_environment_has_whatever_its_libraries_need(entries, environment):
    """From the metadata of what is installed: a dependency that is added must be pinned too."""
    listed = {canonicalize_name(name) for name, _, places in entries if environment in places}
    todo, needed = [("clustercast", () if environment == "base" else (environment,))], set()
    while todo:
        name, extras = todo.pop()
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            marker, around = requirement.marker, dict(default_environment())
            if marker is not None and not any(marker.evaluate({**around, "extra": extra}) for extra in ("", *extras)):
                continue
            found = canonicalize_name(requirement.name), tuple(sorted(requirement.extras))
            if found not in needed:
                needed.add(found)
                todo.append(found)
    assert {name for name, _ in needed} - {"clustercast"} <= listed


def test_what_builds_the_project_is_pinned_with_it(entries):
    base = {name for name, _, places in entries if "base" in places}
    assert {"hatchling", "editables"} <= base
