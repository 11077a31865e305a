"""Write requirements.txt anew from constraints.txt and pyproject.toml: ``make pins``, which needs uv.

Each entry has the hashes of all files of a release, for every platform and Python, and after them the environments of
the Makefile that need it.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The extra of each environment; the tests of arrays/ have four libraries alone.
ENVIRONMENTS = {"base": None, "test": "test", "lint": "lint", "docs": "docs", "bench": "bench"}
# What builds the project itself, so that no step of the set-up takes what is not pinned.
BUILD = "hatchling\neditables\n"
ARRAYS = "numpy\nscipy\npytest\nhypothesis\n"
HEAD = "# Written by `make pins`: each file of an environment by its hash, and after it the environments needing it.\n"
# The oldest patch release of Python 3.11 that the documentation's libraries take.
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11.5", "--generate-hashes"]
COMPILE += ["--no-annotate", "--no-header", "--constraint", "constraints.txt", "-"]


def compiled(wanted: str, *sources: str) -> list[str]:
    """Return the entries that some requirements come to, each with its hashes."""
    done = subprocess.run([*COMPILE, *sources], cwd=ROOT, input=wanted, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return re.split(r"(?<!\\)\n", done.stdout.strip())


def main() -> None:
    """Write the file."""
    needed: dict[str, list[str]] = {}
    for environment, extra in ENVIRONMENTS.items():
        options = ["pyproject.toml"] if extra is None else ["pyproject.toml", "--extra", extra]
        for entry in compiled(BUILD, *options):
            needed.setdefault(entry, []).append(environment)
    for entry in compiled(ARRAYS):
        needed.setdefault(entry, []).append("arrays")
    entries = [f"{entry}  # {' '.join(environments)}\n" for entry, environments in sorted(needed.items())]
    (ROOT / "requirements.txt").write_text(HEAD + "".join(entries), encoding="utf-8")


if __name__ == "__main__":
    main()
