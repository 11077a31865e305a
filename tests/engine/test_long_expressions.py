"""A quantity of some hundred terms runs and prints; what Python itself cannot read is refused in a sentence."""

import sys

import pytest

import clustercast as cc
from analyses.options import python_file
from clustercast.errors import InputError
from clustercast.report.program import formula_of


def model_file(path, terms):
    lines = ["import clustercast as cc", "", "", '@cc.quantity(unit="1")', "def total(x):"]
    lines += [f"    return {' + '.join(['x'] * terms)}", "", "", "model = cc.Model(total)", ""]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("terms", [330, 1200])
def test_an_expression_of_many_terms_works(tmp_path, terms):
    limit = sys.getrecursionlimit()
    model = python_file(model_file(tmp_path / f"terms_{terms}.py", terms)).model
    inputs = cc.draw(cc.Priors(x=cc.Uniform(0.9, 1.1)), 4, seed=7)
    forecast = cc.propagate(inputs, model=model, outputs=["total"])
    # Added one after the other, as here, and not pairwise, as np.sum does.
    assert forecast["total"].values == pytest.approx(terms * inputs["x"].values, rel=1e-13)
    [(_, formula)] = formula_of(model.definition("total"))
    assert formula.count("x") == terms
    assert len(model.hash) > 8 and sys.getrecursionlimit() == limit


def test_an_expression_that_python_cannot_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="too many terms for Python; write it as several"):
        python_file(model_file(tmp_path / "terms_20000.py", 20_000))
