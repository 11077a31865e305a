"""Adding to priors, showing them in a notebook and comparing two sets."""

from html.parser import HTMLParser

import numpy as np
import pytest
from scipy import stats

import clustercast as cc
from clustercast.errors import InputError

A = cc.Priors(
    cc.Correlation(("x", "y"), 0.5),
    x=cc.Normal(0, 1, unit="GW", source="A <b>tag</b>"),
    y=cc.LogNormal(0, 1),
    z=cc.Fixed(3, unit="year"),
)


def test_adding_keeps_correlations_and_takes_further_ones():
    more = A.add(cc.Correlation(("x", "w"), -0.3), w=cc.Uniform(0, 1), v="3 kW/H100e", u=stats.gamma(2))
    assert [correlation.between for correlation in more.correlations] == [("x", "y"), ("x", "w")]
    assert (more["v"].unit, more["v"].median) == ("kW/H100e", 3.0)
    assert list(more) == ["x", "y", "z", "w", "v", "u"]
    assert list(A) == ["x", "y", "z"] and more.hash != A.hash
    with pytest.raises(InputError, match=r"has an input 'x' already; change it with replace\(x=\.\.\.\)"):
        A.add(x=1.0)
    with pytest.raises(InputError, match="given twice"):
        A.add(cc.Correlation(("y", "x"), 0.1))


def test_an_unknown_name_is_not_left_out_of_the_fixed_ones():
    with pytest.raises(InputError, match="no input 'typo'"):
        A.only(["typo"])
    for wrong in ("x", None, 3):
        with pytest.raises(InputError, match="names is .*; give a list of inputs"):
            A.only(wrong)


def test_a_constant_outside_the_support_of_its_prior_is_a_caution_that_stays():
    priors = cc.Priors(share=cc.Uniform(0.2, 0.4), start=cc.Fixed(2024), free=cc.Normal(0, 1))
    assert priors.replace(share=0.3, start=1990, free=99).cautions == ()
    (caution,) = priors.replace(share=0.5).replace(start=2000).add(x=1).cautions
    assert caution == "share is fixed at 0.5, outside 0.2 to 0.4, which the set holds possible."


class Cells(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.polylines = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.polylines += tag == "polyline"

    def handle_endtag(self, tag):
        assert tag in self.open

    def handle_data(self, data):
        self.texts.append(data)


def test_a_notebook_shows_a_row_and_a_curve_for_each_input():
    priors = A.add(mixed=cc.Mixture([0.5, 0.5], [0, cc.Normal(3, 1)]), wide=stats.cauchy(), few=cc.Discrete([0], [1]))
    page = Cells()
    page.feed(priors._repr_html_())
    assert {"x", "y", "z", "GW", "normal", "mixed", "few"} <= set(page.texts)
    assert page.polylines == len(priors) - 1
    assert "nan" not in priors._repr_html_() and "<b>" not in priors._repr_html_()
    shipped = cc.read_priors("evidence_2026")
    assert len(shipped._repr_html_()) < 1200 * len(shipped)


def test_two_sets_show_the_inputs_in_which_they_differ():
    b = A.replace(x=cc.Normal(1000, 1000, unit="MW"), y=cc.LogNormal(0, 1, note="another note")).add(new=cc.to(1, 2))
    result = cc.compare_priors(A, b)
    assert list(result.index) == ["x", "new"]
    assert result.loc["x", "unit"] == "GW"
    np.testing.assert_allclose(result.loc["x", ["a 50 %", "b 50 %"]].astype(float), [0, 1], atol=1e-12)
    np.testing.assert_allclose(result.loc["new", ["b 5 %", "b 95 %"]].astype(float), [1, 2])
    assert result.loc["new", ["a 5 %", "a 50 %", "a 95 %"]].isna().all()
    assert cc.compare_priors(A, A).empty
    other_unit = cc.compare_priors(cc.Priors(p=cc.Fixed(1, unit="GW")), cc.Priors(p=cc.Fixed(1000, unit="MW")))
    assert other_unit.empty


def test_what_is_compared_must_be_priors():
    with pytest.raises(InputError, match="must be cc.Priors"):
        cc.compare_priors(A, {"x": 1})


def test_what_is_no_name_and_no_dict_is_refused():
    priors = cc.Priors(x=cc.Uniform(0, 1))
    for name in (5, None, ["x"]):
        with pytest.raises(InputError, match=r"^name is .*; give a text$"):
            priors[name]
    for inputs in (5, None, ["x"], "x"):
        with pytest.raises(InputError, match=r"^distributions is .*; give a dict$"):
            priors.extended(inputs)
    for sets in (5, None, {1, 2}, [None]):
        with pytest.raises(InputError, match=r"^sets is .*; give a list \(each a list \(each a text\)\)$"):
            priors.correlated_in(sets)


def test_the_first_unknown_input_by_name_is_told_whatever_the_order_of_a_set():
    for names in ({"c", "b", "a"}, ["c", "a", "b"], ("b", "c", "a")):
        with pytest.raises(InputError, match="has no input 'a'"):
            cc.Priors(x=cc.Uniform(0, 1)).only(names)
