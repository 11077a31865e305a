"""SALib's problems as priors: the same quantiles as SALib's own scaling, and every kind of bad problem."""

from pathlib import Path

import numpy as np
import pytest
import SALib
from SALib.util import read_param_file, scale_samples

import clustercast as cc
from clustercast.errors import InputError

PROBLEM = {
    "names": ["a", "b", "c", "d", "e", "f", "g", "h"],
    "num_vars": 8,
    "bounds": [[0, 2], [1, 100], [1, 2], [0, 0.5], [1, 3, 0.25], [-1, 2, 0.5, 1], [2, 3], [2, 3, 1]],
    "dists": ["unif", "logunif", "norm", "lognorm", "triang", "truncnorm", "weibull", "weibull"],
    "groups": ["one", "one", "two", "two", "two", "three", "three", "three"],
}


def test_quantiles_are_those_of_salibs_own_scaling():
    levels = np.repeat(np.array([[0.01], [0.3], [0.5], [0.9], [0.999]]), 8, axis=1)
    theirs = scale_samples(levels.copy(), {**PROBLEM, "groups": None, "sample_scaled": False})
    priors = cc.read_salib(PROBLEM)
    assert list(priors) == PROBLEM["names"]
    ours = np.stack([priors[name].quantile(levels[:, 0]) for name in priors], axis=1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_groups_are_kept_for_the_draw():
    priors = cc.read_salib(PROBLEM)
    assert priors.groups == {"one": ("a", "b"), "two": ("c", "d", "e"), "three": ("f", "g", "h")}
    inputs = cc.draw(priors, 8, design="saltelli", groups=priors.groups)
    assert inputs.sizes["sample"] >= 8 * (3 + 2)
    assert cc.read_salib({"names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}).groups == {}


def test_without_distributions_inputs_are_uniform_and_units_may_be_given():
    priors = cc.read_salib({"names": ["q", "k"], "bounds": [[0, 1], [2, 3]], "num_vars": 2}, units={"q": "m3/s"})
    assert priors["k"] == cc.Uniform(2, 3, source="SALib problem")
    assert priors["q"].unit == "m3/s"


@pytest.mark.parametrize("delimiter", [",", ", ", ";", "\t", " "])
def test_a_parameter_file_is_salibs(tmp_path, delimiter):
    rows = [
        ("# name", "low", "high"),
        ("x", "-3.14", "3.14"),
        ("y", "1e-3", "2", "NA", "logunif"),
        ("z", "0", "1", "z"),
    ]
    path = tmp_path / "parameters.txt"
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n\n")
    priors = cc.read_salib(path)
    assert [(name, prior.support) for name, prior in priors.items()] == [
        ("x", (-3.14, 3.14)),
        ("y", (1e-3, 2.0)),
        ("z", (0.0, 1.0)),
    ]
    assert isinstance(priors["y"], cc.LogUniform) and priors.groups == {} and priors.origin == str(path)


@pytest.mark.parametrize("name", ["Ishigami", "Ishigami_groups", "Sobol_G"])
def test_salibs_own_parameter_files_are_read_as_salib_reads_them(name):
    path = Path(SALib.__file__).parent / "test_functions" / "params" / f"{name}.txt"
    theirs, ours = read_param_file(str(path)), cc.read_salib(path)
    assert list(ours) == theirs["names"]
    assert [list(prior.support) for prior in ours.values()] == theirs["bounds"]
    named = theirs["groups"] or theirs["names"]
    assert {n: g for g, members in ours.groups.items() for n in members} == (
        dict(zip(theirs["names"], named, strict=True)) if theirs["groups"] else {}
    )


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ({"names": ["a"]}, "has no 'bounds'"),
        ({"names": ["a", "b"], "bounds": [[0, 1]]}, "1 bounds for 2 names; give one for each"),
        ({"names": ["a"], "bounds": [[0, 1]], "dists": ["uniff"]}, "'uniff'; nearest known: unif, logunif; known are"),
        ({"names": ["a"], "bounds": [[0, 1, 2]]}, r"unif takes 2 numbers, not \[0, 1, 2\]"),
        ({"names": ["a"], "bounds": [[1, 0]]}, "a: uniform: low = 1 must be below high = 0"),
        ({"names": ["a"], "bounds": [[0, "x"]]}, "a: uniform: high = 'x': a number is needed"),
        ({"names": ["a b"], "bounds": [[0, 1]]}, "'a b' is not a name"),
        ({"names": ["a", "a"], "bounds": [[0, 1]] * 2}, "'a' is there twice"),
        ({"names": "ab", "bounds": [[0, 1]] * 2}, "names is 'ab'; give a list"),
        ({"names": ["a"], "bounds": 3}, "bounds is 3; give a list"),
        ({"names": ["a"], "bounds": [[0, 1]], "groups": "g"}, "groups is 'g'; give a list"),
        ({"names": ["a"], "bounds": [[0, 1]], "num_vars": 2}, "num_vars is 2, for 1 name"),
        (3, "the problem is a int; give SALib's dictionary or a parameter file"),
        ("nowhere.txt", "nowhere.txt cannot be read"),
    ],
)
def test_a_problem_that_does_not_fit_is_refused(problem, message):
    with pytest.raises(InputError, match=message):
        cc.read_salib(problem)


def test_a_bad_line_of_a_file_is_named(tmp_path):
    path = tmp_path / "parameters.txt"
    path.write_text("x,0,1\ny,low,1\n")
    with pytest.raises(InputError, match=r"line 2: 'y,low,1' is not name, lower bound"):
        cc.read_salib(path)
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="holds no inputs"):
        cc.read_salib(path)
    with pytest.raises(InputError, match="units names 'z', which is not an input"):
        cc.read_salib({"names": ["x"], "bounds": [[0, 1]]}, units={"z": "m3"})
