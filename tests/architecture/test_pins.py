"""requirements.txt pins what constraints.txt says, by hash, for each environment of the Makefile."""

import importlib.metadata
import re
import sys
import tomllib

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+).*?((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+) # (?P<places>[\w ]+)$", re.M
)


@pytest.fixture(scope="module")
def entries(request):
    text = (request.config.rootpath / "requirements.txt").read_text(encoding="utf-8")
    result = list(ENTRY.finditer(text))
    assert len(result) == len(re.findall(r"^\w", text, re.MULTILINE))
    return [(entry["name"], entry["version"], set(entry["places"].split())) for entry in result]


def test_every_version_is_the_one_of_the_constraints(entries, request):
    lines = (request.config.rootpath / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    exact = [(name, version) for name, version, places in entries if places != {"lowest"}]
    assert not [(name, version) for name, version in exact if pinned.get(name, version) != version]


def test_the_lowest_versions_are_those_of_pyproject(entries, request):
    """So that a lower bound is a version that the tests were run with, by ``make lowest``."""
    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    groups = project["build-system"]["requires"], project["project"]["dependencies"]
    groups += tuple(extras[name] for name in ("distributed", "parquet", "test"))
    named = [Requirement(line) for group in groups for line in group]
    bounds = {
        (canonicalize_name(requirement.name), Version(bound.version))
        for requirement in named
        for bound in requirement.specifier
        if bound.operator == ">="
    }
    assert {name for name, _ in bounds} == {canonicalize_name(one.name) for one in named} - {"clustercast"}
    assert bounds <= {(name, Version(version)) for name, version, places in entries if "lowest" in places}


@pytest.mark.parametrize("environment", ["base", "test"])
def test_an_environment_has_whatever_its_libraries_need(entries, environment):
    """From the metadata of what is installed: a dependency that is added must be pinned too."""
    made_for = "lowest" if sys.prefix.endswith("-lowest") else environment
    listed = {canonicalize_name(name) for name, _, places in entries if made_for in places}
    todo, needed = [("clustercast", () if environment == "base" else (environment,))], set()
    while todo:
        name, extras = todo.pop()
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            marker, around = requirement.marker, dict(default_environment())
            if marker is not None and not any(marker.evaluate({**around, "extra": extra}) for extra in ("", *extras)):
                continue
            result = canonicalize_name(requirement.name), tuple(sorted(requirement.extras))
            if result not in needed:
                needed.add(result)
                todo.append(result)
    assert {name for name, _ in needed} - {"clustercast"} <= listed


def test_what_builds_the_project_is_pinned_with_it(entries):
    base = {name for name, _, places in entries if "base" in places}
    assert {"hatchling", "editables"} <= base
