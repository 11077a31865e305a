"""The docs name every public name, quantity, prior and scenario, and nothing that does not exist."""

import ast
import doctest
import importlib
import importlib.util
import inspect
import re
import shlex
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import clustercast as cc
from analyses import options
from analyses.__main__ import commands


@pytest.fixture(scope="module")
def extensions(request):
    """Return how to import a module of docs/_ext; the path is taken back at the end."""
    before, modules = list(sys.path), set(sys.modules)
    root = request.config.rootpath
    sys.path[:0] = [str(root / "docs" / "_ext"), str(root)]
    yield importlib.import_module
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        if name.startswith(("generated_", "reference_")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def pages(extensions):
    return extensions("generated_reference").pages()


def headings(text):
    return re.findall(r"^#+ `?(?:cc\.)?(\w+)`?$", text, re.MULTILINE)


def test_every_public_name_has_one_entry(pages):
    result = [name for name in headings(pages["api"]) if name in cc.__all__]
    assert sorted(result) == sorted(cc.__all__)


def test_every_module_of_a_public_name_has_a_subject(extensions):
    listed = extensions("generated_reference").public_names()
    assert sorted(name for names in listed.values() for name in names) == sorted(cc.__all__)
    assert all(listed.values())


def test_every_plot_has_an_entry(pages):
    for name in set(cc.plots.__all__) - {"PALETTE"}:
        assert f"clustercast.plots.{name}\n" in pages["api"]


def test_every_quantity_has_one_entry_with_unit_and_formula(pages):
    model = cc.cluster_model()
    text = "\n".join(page for name, page in pages.items() if name.startswith("quantities_"))
    assert sorted(name for name in headings(text) if name in model.functions) == sorted(model.functions)
    for name in model.functions:
        entry = re.search(rf"^\(quantity-{name}\)=\n(.*?)(?=^\(quantity-|\Z)", text, re.MULTILINE | re.DOTALL)[1]
        assert f"Unit: `{model.unit(name)}`" in entry
        assert f"def {name}(" in entry
        assert '"""' not in entry
        assert all(argument in entry for argument in model.arguments(name))


@pytest.mark.parametrize("set_name", ["situational_awareness", "evidence_2026"])
def test_every_prior_has_its_unit_source_and_date(pages, extensions, set_name):
    as_text = extensions("reference_text").as_text
    text = pages[f"priors_{set_name}"]
    for name, prior in cc.read_priors(set_name).items():
        entry = re.search(rf"^\(prior-{set_name}-{name}\)=\n(.*?)(?=^\(prior-|\Z)", text, re.MULTILINE | re.DOTALL)[1]
        assert prior.unit == "1" or f"`{prior.unit}`" in entry
        assert as_text(prior.source) in entry
        assert f"(as of {prior.as_of})" in entry
        assert f"`{name}`" in pages["priors"]


def test_every_scenario_says_why(pages, pytestconfig, extensions):
    as_text = extensions("reference_text").as_text
    for path in (pytestconfig.rootpath / "priors" / "scenarios").glob("*.toml"):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        assert f"`--scenario {path.stem}`" in pages["scenarios"]
        assert as_text(content["scenario"]["why"]) in pages["scenarios"]
        assert all(f"| `{name}` |" in pages["scenarios"] for name in content["inputs"])


def test_links_lead_somewhere(pages):
    everything = "\n".join(pages.values())
    targets = set(re.findall(r"^\(([\w-]+)\)=$", everything, re.MULTILINE))
    assert set(re.findall(r"\]\(#([\w-]+)\)", everything)) <= targets


def test_text_of_others_is_no_markup(extensions):
    as_text = extensions("reference_text").as_text
    assert as_text("$1T or $2T, a*b [c] <d>") == r"\$1T or \$2T, a\*b \[c\] \<d\>"
    assert as_text("where ``x`` acts on load_factor") == "where `x` acts on `load_factor`"


def test_quantiles_are_those_of_the_prior(extensions):
    text = extensions("reference_model").distribution_text(cc.Normal.from_quantiles({0.05: 0.4, 0.95: 0.6}, unit="GW"))
    assert text == "Normal: **0.5** (0.4 to 0.6) `GW`"


@pytest.mark.parametrize("name", ["reference_text", "references"])
def test_examples_of_the_extensions_run(extensions, name):
    failed, run = doctest.testmod(extensions(name))
    assert run > 0
    assert failed == 0


def test_references_are_a_list_with_links(extensions):
    given = ["Summary.", "", "References", "----------", "A. Author, *One*,", "doi:10.1000/1.", "B. Other (2003)."]
    extensions("references").process(None, "function", "f", None, None, given)
    entries = given[4:6]
    assert entries[0].startswith(r"* \A. Author") and "<https://doi.org/10.1000/1>`__." in entries[0]
    assert entries[1] == r"* \B. Other (2003)."


def test_the_hand_written_pages_name_what_exists(pytestconfig):
    root = pytestconfig.rootpath
    text = "\n".join(hand_written(root).values())
    assert set(re.findall(r"\bcc\.(\w+)", text)) - {"NAME"} <= set(cc.__all__)
    assert set(re.findall(r"cc\.plots\.(\w+)", text)) <= set(cc.plots.__all__)
    run = set(re.findall(r"-m analyses\.(\w+)", text)) - {"NAME"}
    listed = set(re.findall(r"^\| `(\w+)` \| ", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert all((root / "analyses" / f"{name}.py").is_file() for name in run | listed)


CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(
    "page", ["ask_and_tell", "decisions", "explorer", "own_model", "policy_example", "public_models"]
)
def test_the_code_of_a_page_runs_as_it_stands(page, pytestconfig, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    text = (pytestconfig.rootpath / "docs" / f"{page}.md").read_text(encoding="utf-8")
    names = {"__name__": page}
    for cell in CELL.findall(text):
        exec(compile(cell, f"{page}.md", "exec"), names)
    if page == "decisions":
        assert float(names["worth"]["share"].max()) < float(names["claim"]["share"].max()) < 0.5
        assert names["build"].losses(names["forecast"]).shape == (8192, 4)
        said = re.search(r"makes (\d+) % of the variance, (\d+) % \(±2\) the part on the largest\s+cluster", text)
        sets = {"essay": cc.read_priors("situational_awareness"), "evidence": cc.read_priors("evidence_2026")}
        whose = cc.whose_prior(sets, "training_cluster_power", 2030, size=256)
        result = [
            whose[key].sel(group="cluster") if key == "shapley" else whose[key] for key in ("disagreement", "shapley")
        ]
        errors = [float(whose["disagreement_error"]), float(whose["shapley_error"].sel(group="cluster"))]
        assert all(abs(float(a) - int(b) / 100) < 2 * e for a, b, e in zip(result, said.groups(), errors, strict=True))
    if page == "policy_example":
        said = policy_numbers(names)
        assert [number for number in said if number not in " ".join(text.split())] == []
    if page == "public_models":
        # Wildeford's four months: of the last, the trend as published misses by a week.
        months = [(2026, 11), (2028, 3), (2029, 6), (2031, 6)]
        as_published = [(int(date), int(date % 1 * 12) + 1) for date in names["dates"].values()]
        assert as_published == [*months[:3], (2031, 7)]
        closer = [cc.crossing_year(names["shorter"]["horizon"], hours).item() for hours in names["published"].values()]
        assert [(int(date), int(date % 1 * 12) + 1) for date in closer] == months
    if page == "ask_and_tell":
        # otbenchmark's BoreholeSensitivity, to its two digits and the noise of 512 base points.
        published = dict(rw=0.66, r=0, Tu=0, Hu=0.09, Tl=0, Hl=0.09, L=0.09, Kw=0.02)
        first_order = names["measured"]["S1"].to_series()
        assert first_order.to_dict() == pytest.approx(published, abs=0.02)
        # The page says 1e-9: before 3.1 pandas reads a number to its last digit but one.
        np.testing.assert_allclose(names["measured"]["ST"], names["indices"]["ST"], rtol=1e-9)


def policy_numbers(names):
    """Return the findings of the worked example as the page has them, from its own variables."""
    made = [names[name] for name in ("forecast", "delayed", "slower")]
    chances = [
        [tuple(100 * x for x in names[asked].probability(one)) for one in made]
        for asked in ("question", "later_question")
    ]
    (now, late, slow), (now_later, late_later, slow_later) = chances
    share, half = (100 * names["worth"][key].max().item() for key in ("share", "evppi_error"))
    largest = names["worth"]["evppi"].isel(target=0).to_series().nlargest(2)
    assert largest.index.tolist() == ["load_factor", "investment_growth_factor"]
    electricity = names["sections"].isel(target=0).sel(group="electricity")
    figures = (100 * names["campaign"]["share"].isel(target=0)).to_series()
    assert figures.drop("together").idxmax() == "data_centre_electricity_2027"
    assert figures["together"] == pytest.approx(share, abs=1)
    before, after = names["sizes"]
    return [
        f"{now[0]:.1f} % (±{1.96 * now[1]:.1f})",
        f"{late[0]:.1f} % (±{1.96 * late[1]:.1f})",
        f"{now_later[0]:.1f} % and {late_later[0]:.1f} % (±{1.96 * late_later[1]:.1f} each)",
        "from {:.0f} to {:.0f} GW".format(*names["fleet"]),
        f"{names['middle']:.0f} GW ({names['low']:.0f} to {names['high']:.0f})",
        f"{share:.0f} % (±{1.96 * half / names['worth']['before'].item():.0f}), {largest.iloc[0]:.1f} GW",
        f"by {largest.iloc[1]:.1f} GW",
        f"have {100 * electricity['share'].item():.0f} % (±2)",
        f"worth {figures.min():.0f} to {figures.drop('together').max():.0f} %",
        f"together {figures['together']:.0f} % (±1)",
        f"from {now[0]:.1f} % to {slow[0]:.1f} % (±{1.96 * slow[1]:.1f})",
        f"from {now_later[0]:.1f} % to {slow_later[0]:.1f} % (±{1.96 * slow_later[1]:.1f})",
        f"from {before[1]:.1f} to {after[1]:.1f} GW, its 95 % point from {before[2]:.1f} to {after[2]:.1f} GW",
    ]


def hand_written(root):
    """Return the text of each page that is written by hand, by its path in the docs; README comes along."""
    result = {str(path.relative_to(root / "docs")): path for path in (root / "docs").rglob("*.md")}
    kept = {name: path for name, path in result.items() if not name.startswith(("reference/", "_built/"))}
    return {name: path.read_text(encoding="utf-8") for name, path in (kept | {"README": root / "README.md"}).items()}


BLOCK = re.compile(r"^```(?:python|\{drawn\}[^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Sizes of which a test takes a hundredth, and pools that it can do without.
LARGE = re.compile(r"\b\d{1,3}(?:_\d{3})+\b|\b2\*\*\d+\b|\b(?:4096|8192|16384|32768)\b")
# What needs a cluster of machines; its calls are read, not run.
READ_ONLY = {"distributed.md"}
PAGES = [
    "add_a_quantity.md",
    "change_a_prior.md",
    "correlated.md",
    "gallery.md",
    "large_runs.md",
    "recipes.md",
    "scenarios_and_claims.md",
    "theory/groups_and_time.md",
]


def test_every_page_with_code_is_run(pytestconfig):
    pages = {name for name, text in hand_written(pytestconfig.rootpath).items() if BLOCK.search(text)}
    assert pages == {*PAGES, *READ_ONLY, "README"}


@pytest.mark.parametrize("page", PAGES)
def test_the_plain_code_of_a_page_runs_at_a_small_size(page, pytestconfig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    priors = cc.read_priors("evidence_2026")
    inputs = cc.draw(priors, 64, design="saltelli" if page.startswith("theory") else "random", seed=1)
    forecast = cc.propagate(inputs, years=[2026, 2030], outputs=["training_cluster_power"])
    names = {"__name__": page, "cc": cc, "priors": priors, "inputs": inputs, "forecast": forecast}
    for block in BLOCK.findall(hand_written(pytestconfig.rootpath)[page]):
        small = LARGE.sub("4096" if page == "gallery.md" else "1024", block).replace('"processes"', '"threads"')
        exec(compile(small, page, "exec"), names)


def test_code_that_needs_many_machines_calls_what_exists(pytestconfig):
    for page in READ_ONLY:
        tree = ast.parse("\n".join(BLOCK.findall(hand_written(pytestconfig.rootpath)[page])))
        calls = [
            node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("cc.")
        ]
        assert calls
        for call in calls:
            function = getattr(cc, ast.unparse(call.func).removeprefix("cc."))
            inspect.signature(function).bind(*call.args, **{key.arg: key.value for key in call.keywords})


COMMAND = re.compile(r"(?:^ {4}|`)((?:(?:\.venv/bin/)?python -m analyses\.|clustercast )[^`\n]+)", re.MULTILINE)


ONE = ["--outputs", "training_cluster_power"]
# What makes a command of the docs small; what it says itself is kept.
SMALL = {
    "ask": ["--samples", "512"],
    # The choice of a discrepancy, which takes long, has its own tests.
    "backtest": ["--samples", "512", "--as-given"],
    "compare": ["--samples", "64", "--years", "2030", *ONE],
    "model": [],
    "scenarios": ["--samples", "64", "--only", "no_new_gas", *ONE],
    "scorecard": [],
    "sobol": ["--samples", "16", *ONE],
    "uncertainty": ["--samples", "256", "--years", "2026,2030", *ONE],
}
# The tests of these analyses run them with the same options, at their own small size.
ELSEWHERE = {"claims", "condition", "explore", "report --draws out/forecast.parquet", "sobol", "uncertainty"}
ELSEWHERE |= {"update new_rows.csv", "update gpu_clusters.csv --columns epoch_gpu_clusters --published 2026-12"}
ELSEWHERE |= {"update newer_rows.csv --priors updated.toml"}
ELSEWHERE |= {"update data_center_timelines.csv --columns epoch_data_centers --published 2026-12"}
ROOT = Path(__file__).parents[1]
COMMANDS = {
    re.sub(r"^\S*python -m analyses\.|^clustercast ", "", line).partition("  ")[0].strip()
    for text in hand_written(ROOT).values()
    for line in COMMAND.findall(text)
    if "NAME" not in line and "--version" not in line
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a folder with the files that the commands of the docs read."""
    place = tmp_path_factory.mktemp("docs")
    mine = (ROOT / "priors" / "sets" / "evidence_2026.toml").read_text(encoding="utf-8")
    (place / "mine.toml").write_text(mine, encoding="utf-8")
    inputs = cc.draw(cc.read_priors("situational_awareness"), 16, seed=1)
    forecast = cc.propagate(inputs, years=range(2026, 2029), outputs=["training_cluster_size"])
    cc.write_netcdf(forecast, place / "forecast.nc")
    return place


@pytest.mark.parametrize("command", sorted(COMMANDS - ELSEWHERE))
def test_every_command_of_the_docs_runs(command, files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    name, *given = shlex.split(command)
    if name in ("ask", "uncertainty"):
        # Their files are those of any other run of them.
        monkeypatch.setattr(cc, "write_netcdf", lambda made, path: path)
        monkeypatch.setattr(cc.plots, "save_figure", lambda figure, path: path)
    analysis = getattr(importlib.import_module(f"analyses.{name}"), name)
    assert options.exit_code(analysis, [*given, *SMALL[name]]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.strip()


def test_what_is_run_elsewhere_is_in_the_docs_and_every_analysis_is_named():
    assert ELSEWHERE <= COMMANDS
    assert {command.split()[0] for command in COMMANDS} == set(commands()) - {"audit", "shapley"}


def test_the_other_commands_name_what_exists(pytestconfig):
    root = pytestconfig.rootpath
    text = "\n".join(hand_written(root).values())
    targets = set(re.findall(r"^(\w+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {
        result for line in re.findall(r"^ {4}make ([a-z ]+)", text, re.MULTILINE) for result in line.split()
    } <= targets
    extras = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"(?:clustercast|\.)\[(\w+)\]", text)) <= set(extras)
    assert all((root / path).is_file() for path in re.findall(r"python ((?:docs|benchmarks)/[\w/]+\.py)", text))


def test_the_first_sentence_is_the_forecast(pytestconfig):
    stated = re.compile(
        r"draws ([\d.]+) GW \(90 % interval ([\d.]+) to ([\d.]+)\) and costs \$(\d+)B \((\d+) to (\d+)\), "
        r"while the world\ninvests \$([\d.]+)T a year in AI \(([\d.]+) to ([\d.]+)\)"
    )
    names = ["training_cluster_power", "training_cluster_cost", "ai_investment"]
    inputs = cc.draw(cc.read_priors("evidence_2026"), 8192, design="sobol", seed=3)
    summary = cc.summarise(cc.propagate(inputs, years=[2030], outputs=names))
    pages = hand_written(pytestconfig.rootpath)
    for page in ("README", "index.md"):
        numbers = [float(text) for text in stated.search(pages[page]).groups()]
        for k, (name, unit) in enumerate(zip(names, (1e9, 1e9, 1e12), strict=True)):
            middle, low, high = numbers[3 * k : 3 * k + 3]
            known = summary[name].sel(year=2030, quantile=[0.05, 0.5, 0.95]).values / unit
            # Rounded to two digits, from another seed: standard errors are below 1 %, of the ends 2 %.
            assert [low, middle, high] == pytest.approx(known.tolist(), rel=0.05)


def test_the_lead_figures_are_drawn_by_their_command(pytestconfig, tmp_path):
    spec = importlib.util.spec_from_file_location("lead_figure", pytestconfig.rootpath / "docs" / "lead_figure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(samples=256, base_points=128, folder=tmp_path)
    for name in ("lead_fan", "lead_decides"):
        kept = (pytestconfig.rootpath / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")
        drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        words = [
            {"".join(text.itertext()) for text in ElementTree.fromstring(svg).iter() if text.tag.endswith("}text")}
            for svg in (kept, drawn)
        ]
        assert len(words[0] & words[1]) > 5


def test_the_links_of_the_readme_lead_somewhere(pytestconfig):
    text = hand_written(pytestconfig.rootpath)["README"]
    paths = re.findall(r"\]\(([\w/.]+)\)|src=\"([\w/.]+)\"", text)
    assert all((pytestconfig.rootpath / (one or other)).exists() for one, other in paths)
