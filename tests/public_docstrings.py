"""Validate the docstrings of the public names with numpydoc: ``make lint`` runs this file."""

import inspect
import sys

from numpydoc.validate import validate

import clustercast as cc

# Left out: sections that not every name needs (SA01, ES01, EX01, RT01), the order of parameters that are described
# together (PR03), and types and descriptions of parameters that
# repeat their annotation or their name (PR04, PR07, RT03).
LEFT_OUT = {"PR03", "SA01", "ES01", "EX01", "RT01", "PR04", "PR07", "RT03"}


def faults():
    """Yield a line for each fault that numpydoc finds in a public function or class."""
    for name in cc.__all__:
        public = getattr(cc, name)
        if inspect.isfunction(public) or inspect.isclass(public):
            result = validate(f"{public.__module__}.{public.__qualname__}")
            for code, message in result["errors"]:
                if code not in LEFT_OUT:
                    yield f"{result['file']}:{result['file_line']}: cc.{name}: {code} {message}"


if __name__ == "__main__":
    lines = sorted(faults())
    print("\n".join(lines) or "numpydoc: every public name passes")
    sys.exit(bool(lines))
