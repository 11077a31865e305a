"""Every kind of bad input, from Python and from the shell: one clear sentence, 2, and nothing written."""

import numpy as np
import pytest

import clustercast as cc
from analyses import options, sobol
from clustercast.dataset import with_provenance
from clustercast.errors import count_of, nearest, whole_number

HEADER = '[set]\nname = "mine"\ntitle = "Mine"\nas_of = "2024-06"\n'
ENTRY = """
[inputs.power]
family = "lognormal"
quantiles = { "0.05" = 1.0, "0.95" = 3.0 }
unit = "GW"
bounds = [0.0, inf]
source = "Somebody, Something (2024)"
as_of = "2024-06"
"""
SECOND = ENTRY.replace("inputs.power", "inputs.price").replace('"GW"', '"USD/W"')
CORRELATION = '\n[[correlations]]\nbetween = ["power", "price"]\nrank = 0.5\nsource = "x"\nas_of = "2024"\n'


def without(line):
    return "".join(part + "\n" for part in ENTRY.splitlines() if not part.startswith(line))


FILES = {
    "unknown key": (ENTRY + "sigmas = 2\n", r"unknown key inputs.power.sigmas; .*allowed are"),
    "misspelt table": (ENTRY.replace("inputs.", "input."), "unknown key input; nearest known: inputs"),
    "missing unit": (without("unit"), "inputs.power: unit is missing; add unit ="),
    "missing source": (without("source"), "inputs.power.source is missing; add source ="),
    "blank source": (ENTRY.replace("Somebody, Something (2024)", " "), "inputs.power.source = ' ': a text is needed"),
    "missing date": (without("as_of"), "inputs.power.as_of is missing"),
    "no date": (ENTRY.replace("2024-06", "2024-13"), "inputs.power.as_of = '2024-13': a date is needed"),
    "wrong unit": (ENTRY.replace("GW", "GV"), "inputs.power: unknown unit 'GV'.*units are products of"),
    "quantiles out of order": (ENTRY.replace("1.0,", "4.0,"), "inputs.power: quantiles out of order: 4 at 0.05"),
    "a probability above 1": (ENTRY.replace("0.95", "95"), "inputs.power: probability 95 .* between 0 and 1"),
    "bounds that exclude": (ENTRY.replace("[0.0, inf]", "[2.0, inf]"), r"bounds \[2, inf\] exclude the quantile 1"),
    "one bound": (ENTRY.replace("[0.0, inf]", "[2.0]"), "inputs.power.bounds"),
    "unknown family": (ENTRY.replace("lognormal", "lognorm"), "unknown family 'lognorm'; nearest known: lognormal"),
    "duplicate input": (ENTRY + ENTRY, "twice"),
    "a coordinate's name": (ENTRY.replace("inputs.power", "inputs.year"), "inputs.year: an input cannot be called"),
    "a taken name": (ENTRY.replace("inputs.power", "inputs.name"), "inputs.name: an input cannot be called"),
    "a keyword": (ENTRY.replace("inputs.power", "inputs.lambda"), "is not a name"),
    "no input": ("[inputs]\n", "inputs is empty; add"),
    "a number for a table": ("[inputs]\npower = 3\n", "inputs.power = 3: a table"),
    "correlation of an unknown input": (ENTRY + CORRELATION, "names an input that does not exist: 'price'"),
    "correlation of 1": (ENTRY + SECOND + CORRELATION.replace("0.5", "1"), "correlations number 1: .*between -1 and 1"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file(kind, tmp_path, capsys):
    text, reason = FILES[kind]
    path = tmp_path / "mine.toml"
    path.write_text(HEADER + text)
    with pytest.raises(cc.InputError, match=reason) as caught:
        cc.read_priors(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert options.exit_code(sobol.sobol, ["--priors", str(path), "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"error: {' '.join(str(caught.value).split())}\n")
    assert not [*(tmp_path / "out").glob("*")]


def test_a_scenario_that_changes_the_kind_of_unit_names_the_file(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(
        '[scenario]\ntitle = "t"\nwhy = "w"\nas_of = "2024"\nsource = "s"\n'
        '[inputs.load_factor]\nfamily = "fixed"\nvalue = 1\nunit = "W"\nsource = "s"\nas_of = "2024"\n'
    )
    with pytest.raises(cc.InputError, match=r"wrong.toml: inputs.load_factor: .*'W', which does not convert to '1'"):
        cc.read_priors("situational_awareness", scenario=path)


SHELL = {
    "unknown prior set": (["--priors", "situational_awarenes"], "nearest known: situational_awareness"),
    "unknown scenario": (["--scenario", "slow_growth"], "slower_growth"),
    "unknown input": (["--set", "load_fctor=1"], "no input 'load_fctor'; nearest known: load_factor"),
    "a value of another unit": (["--set", "load_factor=3 W"], "input 'load_factor'.*does not convert"),
    "a value that is no number": (["--set", "load_factor=nan"], "input 'load_factor'.*a number is needed"),
    "unknown output": (["--outputs", "training_cluster_pwoer"], "nearest known: training_cluster_power"),
    "no output": (["--outputs", ","], "outputs is empty"),
    "years without end": (["--years", "2030:2020"], "--years '2030:2020'"),
    "repeated years": (["--years", "2030,2030"], "years are repeated at 2030"),
    "unsorted years": (["--years", "2031,2030"], "years are unsorted at 2031, 2030"),
    "size 0": (["--samples", "0"], "--samples is 0; "),
    "negative size": (["--samples", "-8"], "--samples is -8"),
    "no power of two": (["--samples", "100"], "100, not a power of two.*64 or 128"),
    "a broken size": (["--samples", "1.5"], "--samples"),
    "a broken seed": (["--seed", "1.5"], "--seed"),
    "a negative seed": (["--seed", "-1"], "seed is -1.*0 or more"),
    "fewer samples than replicates": (["--samples", "2"], "2 is less than the 8 replicates .* give 8 or more"),
    "replicates that do not divide": (["--replicates", "3"], "replicates is 3, which does not divide"),
    "half-width 0": (["--until", "0"], "until is 0"),
    "unknown groups": (["--groups", "family"], "--groups"),
    "unknown option": (["--bogus"], "--bogus"),
}


@pytest.mark.parametrize("kind", SHELL)
def test_the_shell(kind, tmp_path, capsys):
    import re

    given, reason = SHELL[kind]
    size = [] if "--samples" in given else ["--samples", "64"]
    assert options.exit_code(sobol.sobol, [*given, *size, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert re.search(reason, shown.err)
    assert not [*(tmp_path / "out").glob("*")]


def test_an_output_directory_that_is_a_file_or_read_only(tmp_path, capsys, monkeypatch):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert options.exit_code(sobol.sobol, ["--out", str(taken)]) == 2
    assert "a file is in the way; name a directory" in capsys.readouterr().err
    assert taken.read_text() == "mine"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert options.exit_code(sobol.sobol, ["--out", str(tmp_path / "locked")]) == 2
    assert "not allowed" in capsys.readouterr().err


@cc.quantity("GW")
def supply(power, share):
    return power * share


PRIORS = cc.Priors(power=cc.Uniform(1, 2, unit="GW"), share=cc.Uniform(0, 1))
MODEL = cc.Model([supply])


def drawn(**changed):
    return cc.draw(cc.Priors(**{**PRIORS, **changed}), 8, seed=1)


CALLS = {
    "missing input": (
        lambda: cc.propagate(drawn().drop_vars("share"), model=MODEL),
        r"'supply' \(.*test_bad_input.py:\d+\) needs 'share'",
    ),
    "unused prior": (lambda: cc.propagate(drawn(shares=1.0), model=MODEL), "'shares' is used by no quantity; .*share"),
    "a prior of the wrong unit": (
        lambda: cc.propagate(drawn(power=cc.Fixed(1, unit="USD")), model=MODEL),
        r"'supply' .*declares 'GW' but.*power \[USD\]",
    ),
    "no years": (lambda: cc.propagate(drawn(), model=MODEL, years=[]), "there are no years"),
    "a value that is missing": (
        lambda: cc.propagate(drawn().assign(share=drawn()["share"].where(drawn()["sample"] != 3)), model=MODEL),
        "input 'share' has 1 value not finite, the first nan in sample 3",
    ),
    "text for numbers": (
        lambda: cc.propagate(drawn().assign(share=drawn()["share"].astype(str)), model=MODEL),
        "input 'share' holds values of type",
    ),
    "a function for a model": (lambda: cc.propagate(drawn(), model=supply), r"must be a cc.Model; .*cc.Model\(\[f"),
    "a number for outputs": (lambda: cc.propagate(drawn(), model=MODEL, outputs=3), "outputs is 3"),
    "a dict for a draw": (lambda: cc.propagate({"power": [1.0]}, model=MODEL), "Dataset from cc.draw.*not a dict"),
    "a name for priors": (lambda: cc.draw("situational_awareness", 8), "must be cc.Priors; .*read_priors"),
    "a dict for priors": (lambda: cc.Priors({"power": 1.0}), "inputs are given by name"),
    "unknown unit": (lambda: cc.Priors(power=cc.Uniform(1, 2, unit="GV")), "input 'power': unknown unit 'GV'"),
    "a coordinate for an input": (lambda: cc.Priors(year=2024.0), "cannot be called 'year'"),
    "a broken seed": (lambda: cc.draw(PRIORS, 8, seed=1.5), "seed is 1.5; give a whole number of 0 or more"),
    "a broken size": (lambda: cc.draw(PRIORS, 8.0), "size is 8.0; give a whole number"),
    "a group that is a name": (
        lambda: cc.draw(PRIORS, 8, design="saltelli", groups={"g": "share"}),
        "group 'g' holds 'share'; give a list",
    ),
    "a group with the name of an input": (
        lambda: cc.draw(PRIORS, 8, design="saltelli", groups={"share": ["power"]}),
        "group 'share' has the name of an input",
    ),
    "a group of nobody": (
        lambda: cc.run_sobol(PRIORS, model=MODEL, size=64, groups={"g": ["powr"]}),
        "group 'g' holds 'powr', .*nearest known: power",
    ),
    "an unmarked function": (lambda: cc.Model([len]), "made of functions"),
    "a nameless function": (lambda: cc.Model([cc.quantity("1")(lambda share: share)]), "has no name"),
    "an empty model": (lambda: cc.Model([]), "holds no quantity"),
    "a module without quantities": (lambda: cc.Model(pytest), "defines no quantity"),
    "a marker without unit": (lambda: cc.quantity(supply), r"write @cc.quantity\('GW'\)"),
    "a pin that is no number": (lambda: MODEL.pin(supply=float("nan")), "supply is nan; give a number"),
    "a pin that is nothing": (lambda: MODEL.pin(supply=None), "supply is None; give a number in 'GW'"),
    "a forecast for a path": (lambda: cc.crossing_year(drawn(), "1 GW"), "give a DataArray that is a variable of"),
    "a path for a forecast": (lambda: cc.summarise(drawn()["power"]), "a forecast is a Dataset"),
    "quantiles in a list": (lambda: cc.Normal.from_quantiles([1, 2]), "give a value at each probability"),
    "open bounds": (
        lambda: cc.Metalog.from_quantiles({0.05: 1, 0.5: 2, 0.95: 9}, bounds=(0, None)),
        "give two numbers, infinite where there is no end",
    ),
    "three bounds": (
        lambda: cc.Beta.from_quantiles({0.05: 1, 0.95: 2}, bounds=(0, 1, 3)),
        r"beta: bounds are \(0, 1, 3\); give two numbers",
    ),
    "a bound alone": (lambda: cc.Normal.from_quantiles({0.05: 1, 0.95: 2}, bounds=5), "normal: bounds are 5; give two"),
    "a bound beyond all": (
        lambda: cc.Beta.from_quantiles({0.05: 1, 0.95: 2}, bounds=(0, 10**400)),
        "beta: bound is beyond 1e308",
    ),
    "a mode in words": (
        lambda: cc.PERT.from_quantiles({0.05: 1, 0.95: 2}, mode="low"),
        "pert: mode = 'low': a number is needed",
    ),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_call(kind):
    call, reason = CALLS[kind]
    with pytest.raises(cc.InputError, match=reason) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def forecast():
    design = cc.draw(PRIORS, 64, design="saltelli", replicates=8, seed=0)
    return cc.propagate(design, model=MODEL)


def redesigned(forecast, **changes):
    return with_provenance(forecast, design={**cc.design_of(forecast), **changes})


def shuffled(forecast):
    return forecast.isel(sample=np.random.default_rng(0).permutation(forecast.sizes["sample"]))


DATASETS = {
    "shuffled": (shuffled, r"not in the order of the draw.*sortby"),
    "shuffled and renumbered": (
        lambda f: shuffled(f).assign_coords(sample=f["sample"].values),
        "does not vary as a Saltelli design",
    ),
    "cut": (lambda f: f.isel(sample=slice(10)), "has 10 samples.*keep all of them"),
    "an input renamed": (lambda f: f.rename(power="might"), "'might' is not one of the design"),
    "without proof of its order": (lambda f: f[["supply"]].drop_vars("sample"), "nothing shows that its rows"),
    "without attributes": (lambda f: f.drop_attrs(), "'not recorded', and Sobol indices need 'saltelli'"),
    "of another design": (lambda f: redesigned(f, name="random"), "design is 'random'"),
    "with replicates that are none": (lambda f: redesigned(f, replicates=0), "0 replicates"),
    "of one base point": (
        lambda f: cc.propagate(cc.draw(PRIORS, 1, design="saltelli"), model=MODEL),
        "1 base point, without variance",
    ),
    "an array": (lambda f: f["supply"], "not a DataArray"),
}


@pytest.mark.parametrize("kind", DATASETS)
def test_a_dataset(kind, forecast):
    change, reason = DATASETS[kind]
    with pytest.raises(cc.InputError, match=reason):
        cc.sobol_indices(change(forecast))


@pytest.mark.parametrize(
    ("options_given", "reason"),
    [
        ({"seed": "x"}, "seed is 'x'"),
        ({"seed": -1}, "seed is -1"),
        ({"resamples": 1.5}, "resamples is 1.5"),
        ({"scale": "log"}, "scale is 'log'"),
        ({"confidence": 95}, "confidence is 95"),
        ({"estimator": "jansenn"}, "nearest known: jansen"),
        ({"engine": "salip"}, "engine is 'salip'"),
        ({"outputs": "suply"}, "nearest known: supply"),
    ],
)
def test_options_of_the_indices(options_given, reason, forecast):
    with pytest.raises(cc.InputError, match=reason):
        cc.sobol_indices(forecast, **options_given)


def test_a_count_is_a_python_integer_and_a_misspelt_name_is_guessed():
    counted = whole_number("size", np.int64(8))
    assert counted == 8 and type(counted) is int
    assert nearest("cluster_grwth_rate", ["cluster_growth_rate", "load_factor"]).endswith(": cluster_growth_rate")


@pytest.mark.parametrize(
    ("number", "thing", "text"),
    [
        (1, "value", "1 value"),
        (0, "draw", "0 draws"),
        (2048, "more input", "2,048 more inputs"),
        (3, "quantity", "3 quantities"),
    ],
)
def test_a_number_of_things_agrees_with_them(number, thing, text):
    assert count_of(number, thing) == text
