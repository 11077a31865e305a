"""Run benchmarks by name and write their table: ``python -m benchmarks [names] [--smoke] [--out FILE]``."""

import argparse
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

# Before NumPy is imported: a figure for one core unless the caller says otherwise.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.measure import Options, Row, machine, scaling_of_two_processes  # noqa: E402
from benchmarks.table import cells, comma_separated, markdown  # noqa: E402

REGISTRY = (
    "phases",
    "draw",
    "propagate",
    "possible_world",
    "growth",
    "summaries",
    "condition",
    "calibration",
    "sobol_panel",
    "explorer",
    "imports",
    "peers",
    "estimators",
    "coverage",
    "pairs",
    "rare_events",
    "decisions",
    "discovery",
    "value_coverage",
)
RESULTS = Path(__file__).parent / "results.md"


def rows_of(name: str, options: Options) -> list[Row]:
    """Run one benchmark."""
    result: list[Row] = import_module(f"benchmarks.{name}").rows(options)
    return result


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(REGISTRY)}; all by default")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: do they run at all")
    parser.add_argument("--full", action="store_true", help="1e8 samples; every column through SALib; takes an hour")
    parser.add_argument(
        "--out", type=Path, help="Markdown file to write, a CSV beside it; a run of all writes results.md"
    )
    parser.add_argument(
        "--peers-python", default=sys.executable, metavar="PYTHON", help="interpreter in which the peers are installed"
    )
    result = parser.parse_args(given)
    unknown = sorted(set(result.names) - set(REGISTRY))
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; choose from {', '.join(REGISTRY)}")
    return result


def main(given: list[str] | None = None) -> int:
    """Run what is asked for; 1 where a benchmark broke, whether or not targets were met."""
    asked = arguments(given)
    options = Options(asked.smoke, asked.full, asked.peers_python)
    about = machine() | {
        "two processes get done, of one's work": f"{scaling_of_two_processes(5000 if asked.smoke else 30000):.2f} x"
    }
    results: dict[str, list[Row]] = {}
    broken = []
    for name in asked.names or REGISTRY:
        start = time.perf_counter()
        try:
            results[name] = rows_of(name, options)
        except Exception:  # a broken benchmark shall not hide the others
            traceback.print_exc()
            broken.append(name)
            continue
        print(f"\n== {name} ({time.perf_counter() - start:.1f} s)")
        for row in results[name]:
            print(" | ".join(cells(row)), flush=True)
    out = asked.out or (None if asked.names or asked.smoke else RESULTS)
    if out is not None:
        out.write_text(markdown(results, about), encoding="utf-8")
        out.with_suffix(".csv").write_text(comma_separated(results), encoding="utf-8")
    for name in broken:
        print(f"FAILED {name}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
