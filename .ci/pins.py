"""Write requirements.txt anew from constraints.txt and pyproject.toml: ``make pins``, which needs uv.

Each entry has the hashes of all files of a release, for every platform and Python, and after them the environments of
the Makefile that need it.
"""

import re
import subprocess
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The extra of each environment; the tests of arrays/ have four libraries alone.
ENVIRONMENTS = {"base": None, "test": "test", "lint": "lint", "docs": "docs", "bench": "bench"}
# What builds the project itself, so that no step of the set-up takes what is not pinned.
BUILD = "\n".join(["editables", *PROJECT["build-system"]["requires"], ""])
ARRAYS = "numpy\nscipy\npytest\nhypothesis\n"
HEAD = "# Written by `make pins`: each file of an environment by its hash, and after it the environments needing it.\n"
# The oldest patch release of Python 3.11 that the documentation's libraries take.
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11.5", "--generate-hashes"]
COMPILE += ["--no-annotate", "--no-header", "-"]
EXACT = ["--constraint", "constraints.txt"]
END_OF_ENTRY = re.compile(r"(?<!\\)\n")


def compiled(wanted: str, *options: str) -> list[str]:
    """Return the entries that some requirements come to, each with its hashes."""
    done = subprocess.run([*COMPILE, *options], cwd=ROOT, input=wanted, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return END_OF_ENTRY.split(done.stdout.strip())


def lowest() -> list[str]:
    """Return the entries of the tests with the lowest version of each library that pyproject.toml names."""
    project = PROJECT["project"]
    groups = PROJECT["build-system"]["requires"], project["dependencies"], *project["optional-dependencies"].values()
    named = {re.match(r"[\w-]+", line)[0].lower().replace("_", "-") for group in groups for line in group}
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    with TemporaryDirectory() as place:
        # Where it can, uv keeps what the file that it is to write holds: the versions of what has no bound of its own.
        kept = Path(place) / "requirements.txt"
        kept.write_text("\n".join(line for line in pinned if line.partition("==")[0] not in named), encoding="utf-8")
        options = ["--extra", "test", "--resolution", "lowest-direct", "--output-file", str(kept)]
        compiled(BUILD, "pyproject.toml", *options)
        return END_OF_ENTRY.split(kept.read_text(encoding="utf-8").strip())


def main() -> None:
    """Write the file."""
    needed: dict[str, list[str]] = {}
    for environment, extra in ENVIRONMENTS.items():
        options = ["pyproject.toml"] if extra is None else ["pyproject.toml", "--extra", extra]
        for entry in compiled(BUILD, *options, *EXACT):
            needed.setdefault(entry, []).append(environment)
    for entry in compiled(ARRAYS, *EXACT):
        needed.setdefault(entry, []).append("arrays")
    for entry in lowest():
        needed.setdefault(entry, []).append("lowest")
    entries = [f"{entry}  # {' '.join(environments)}\n" for entry, environments in sorted(needed.items())]
    (ROOT / "requirements.txt").write_text(HEAD + "".join(entries), encoding="utf-8")


if __name__ == "__main__":
    main()
