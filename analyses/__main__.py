"""The command ``clustercast NAME``: every analysis by its name, from any directory."""

import ast
import importlib
import sys
from pathlib import Path
from typing import NoReturn

from analyses import options, terminal
from clustercast.errors import InputError, nearest


def main() -> NoReturn:
    """Run the analysis that the shell names, and exit."""
    options.begin()
    try:
        terminal.finish(run(sys.argv[1:]))
    except BrokenPipeError:
        terminal.finish(terminal.BROKEN_PIPE)


def run(arguments: list[str]) -> int:
    """Run ``NAME OPTIONS``, ``--version`` or ``--help``, and return the code to exit with."""
    known = commands()
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        wide = max(map(len, known))
        print("usage: clustercast NAME [OPTIONS]\n")
        print("Each analysis answers first, in words; clustercast NAME -h names its options.\n")
        print("\n".join(f"  {key:{wide}}  {line}" for key, line in known.items()))
        print("\nclustercast --version prints the version.")
        return 0
    if name == "--version":
        import clustercast as cc

        print(f"clustercast {cc.__version__}")
        return 0
    if name not in known:
        return options.refuse(f"there is no analysis {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    try:
        command = getattr(importlib.import_module(f"analyses.{name}"), name)
    except InputError as error:
        return options.refuse(str(error))
    return options.exit_code(command, rest, f"clustercast {name}")


def commands() -> dict[str, str]:
    """Return each analysis, a module with a function of its own name, with what it answers; none is imported."""
    result = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == path.stem for node in tree.body):
            result[path.stem] = (ast.get_docstring(tree) or "").partition(": ``")[0].removesuffix(".")
    return result


if __name__ == "__main__":
    main()
