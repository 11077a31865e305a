"""The model as a straight-line program with units, and as a graph: ``python -m analyses.model``."""

from pathlib import Path
from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.files.whole import output_directory, write_text
from clustercast.report.json_text import json_text
from clustercast.report.program import Line, graph_dot, graph_text, program_records, program_text


def model(
    priors: options.Priors = "situational_awareness",
    outputs: options.Outputs = None,
    graph: Annotated[bool, typer.Option("--graph", help="Print the graph as a tree under each output.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write model.dot there.")] = None,
    json: options.Json = False,
) -> None:
    """Print the model: its inputs, then each quantity with its unit, in the order of computation."""
    cluster = cc.cluster_model()
    wanted = options.names(outputs) or list(cluster.functions)
    lines = [Line(n, cluster.unit(n), cluster.long_name(n), cluster.arguments(n)) for n in cluster.order(wanted)]
    given = cc.read_priors(priors)
    units = {name: given[name].unit for name in cluster.inputs(wanted)}
    roots = options.names(outputs) or [name for name in cluster.functions if not cluster.users(name)]
    written = out and write_text(output_directory(out) / "model.dot", graph_dot(lines, units) + "\n")
    if json:
        print(json_text(program_records(lines, units)))
        return
    print(graph_text(lines, roots) if graph else program_text(lines, units))
    if written:
        print("wrote", written)


if __name__ == "__main__":
    options.run(model)
