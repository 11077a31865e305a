"""The model as formulas with units, and as a graph: ``python -m analyses.model``."""

from analyses import options
from clustercast.errors import count_of


@options.analysis(years=options.YEARS)
def model(run: options.Run, graph: bool = False, everything: bool = False) -> options.Answer:
    """Print the model: its inputs, then each quantity as a formula with its unit, in the order of computation."""
    from clustercast.files.whole import write_text
    from clustercast.report.numbers import in_a_sentence
    from clustercast.report.program import graph_dot, graph_text, model_lines, program_text

    wanted = list(run.model.functions) if everything else run.outputs
    lines = model_lines(run.model, wanted)
    units = {name: run.priors[name].unit for name in run.model.inputs(wanted)}
    meanings = {name: result.meaning for name, result in run.priors.declared.items()}
    named = "the whole model" if everything else ", ".join(map(in_a_sentence, wanted))
    roots = [name for name in wanted if not run.model.users(name)] if everything else wanted
    return options.Answer(
        finding=[f"# {named}: {count_of(len(units), 'input')} through {count_of(len(lines), 'quantity')}"],
        shown=[options.Verbatim(graph_text(lines, roots) if graph else program_text(lines, units, meanings))],
        results={"inputs": units, "quantities": lines},
        files={"model.dot": lambda path: write_text(path, graph_dot(lines, units) + "\n")},
    )


if __name__ == "__main__":
    options.run(model)
