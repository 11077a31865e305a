"""Two prior sets side by side at the shell."""

import json
import re

from analyses import compare, options

HEADER = '[set]\nname = "{name}"\ntitle = "A test"\nas_of = "2026"\nheadline = ["load_factor"]\n'
SHARE = '[inputs.load_factor]\nfamily = "uniform"\nlow = {low}\nhigh = 0.9\nsource = "A test"\nas_of = "2026"\n'
MODEL = (
    "import clustercast as cc\n\n\n@cc.quantity('1')\ndef idle_share(load_factor):\n"
    '    """Part of the time without load."""\n    return 1 - load_factor\n\n\n'
    "model = cc.Model([idle_share], headline=['idle_share'])\n"
)


def test_inputs_and_headline_of_two_files_are_shown_side_by_side(tmp_path, capsys):
    for name, low in (("low", 0.1), ("high", 0.7)):
        (tmp_path / f"{name}.toml").write_text(HEADER.format(name=name) + SHARE.format(low=low))
    (tmp_path / "idle.py").write_text(MODEL)
    arguments = [str(tmp_path / "low.toml"), str(tmp_path / "high.toml"), "--model", str(tmp_path / "idle.py")]
    arguments += ["--out", str(tmp_path / "out"), "--samples", "1024"]
    assert options.exit_code(compare.compare, arguments) == 0
    shown = capsys.readouterr().out
    assert "low and high differ in 1 of 1 inputs." in shown
    assert "Load factor" in shown and "0.50 (0.14 to 0.86)" in shown
    assert "0.80 (0.71 to 0.89)" in shown
    # Both sets by hash, and the seed.
    assert re.search(r"low \(\w{16}\) and high \(\w{16}\),\s+seed 0; wrote", shown)
    assert (tmp_path / "out" / "compare.csv").read_text().startswith("input,unit,meaning,a 5 %")
    assert options.exit_code(compare.compare, [*arguments, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert results["inputs"][0]["input"] == "load_factor"


def test_an_unknown_set_ends_with_two(capsys):
    assert options.exit_code(compare.compare, ["evidence_2026", "evidence_2027"]) == 2
    assert "no prior set 'evidence_2027'; nearest known: evidence_2026" in capsys.readouterr().err
