"""The docs name every public name, quantity, prior and scenario, and nothing that does not exist."""

import doctest
import importlib
import re
import sys
import tomllib

import pytest

import clustercast as cc


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
    found = [name for name in headings(pages["api"]) if name in cc.__all__]
    assert sorted(found) == sorted(cc.__all__)


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
    written = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "docs" / "theory").glob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in written)
    assert set(re.findall(r"\bcc\.(\w+)", text)) - {"NAME"} <= set(cc.__all__)
    assert set(re.findall(r"cc\.plots\.(\w+)", text)) <= set(cc.plots.__all__)
    run = set(re.findall(r"-m analyses\.(\w+)", text)) - {"NAME"}
    listed = set(re.findall(r"^\| `(\w+)` \| ", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert all((root / "analyses" / f"{name}.py").is_file() for name in run | listed)


CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", ["ask_and_tell", "decisions", "explorer", "own_model"])
def test_the_code_of_a_page_runs_as_it_stands(page, pytestconfig, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    text = (pytestconfig.rootpath / "docs" / f"{page}.md").read_text(encoding="utf-8")
    names = {"__name__": page}
    for cell in CELL.findall(text):
        exec(compile(cell, f"{page}.md", "exec"), names)
    if page == "decisions":
        assert float(names["worth"]["share"].max()) < float(names["claim"]["share"].max()) < 0.5
        assert names["build"].losses(names["forecast"]).shape == (16384, 4)
    if page == "ask_and_tell":
        # otbenchmark's BoreholeSensitivity, to its two digits and the noise of 512 base points.
        published = dict(rw=0.66, r=0, Tu=0, Hu=0.09, Tl=0, Hl=0.09, L=0.09, Kw=0.02)
        first_order = names["measured"]["S1"].to_series()
        assert first_order.to_dict() == pytest.approx(published, abs=0.02)
        assert (names["measured"]["ST"] == names["indices"]["ST"]).all()
