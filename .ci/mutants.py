"""Mutate the modules named in .ci/mutants.toml, one change at a time, and print the changes that no test notices.

make mutants ARGS="--part units --most 40": all parts, with all their mutants, take many hours.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """[cosmic-ray]
module-path = {modules}
timeout = {timeout}
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:cacheprovider {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def copy_checkout(place: Path) -> Path:
    """Copy what git tracks, as it stands, so that no mutant is ever written into the checkout."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    return place


def cosmic_ray(checkout: Path, step: str, *files: Path) -> None:
    """Run one step of Cosmic Ray in the copy; its first step, the tests of the code as it stands, must pass."""
    subprocess.run([Path(sys.executable).with_name("cosmic-ray"), step, *files], cwd=checkout, check=True)


def keep_some(database: WorkDB, most: int, seed: int) -> list[WorkItem]:
    """Leave a random choice of the mutants in the session, where there are more than wanted."""
    items = sorted(
        database.work_items, key=lambda item: (str(item.mutations[0].module_path), item.mutations[0].start_pos)
    )
    chosen = random.Random(seed).sample(items, min(most, len(items)))
    database.clear()
    database.add_work_items(chosen)
    return items


def survivors_of(
    part: dict[str, list[str]], place: Path, checkout: Path, most: int, seed: int
) -> tuple[int, int, list[str]]:
    """Return how many mutants there are, how many were tried, and what those that survived changed."""
    config, session = place / "config.toml", place / "session.sqlite"
    session.unlink(missing_ok=True)
    text = CONFIG.format(modules=part["modules"], timeout=300.0, python=sys.executable, tests=" ".join(part["tests"]))
    config.write_text(text)
    cosmic_ray(checkout, "baseline", config)
    cosmic_ray(checkout, "init", config, session)
    with use_db(session, WorkDB.Mode.open) as database:
        there = keep_some(database, most, seed)
    cosmic_ray(checkout, "exec", config, session)
    with use_db(session, WorkDB.Mode.open) as database:
        tried = [result for _, result in database.results if result.worker_outcome == WorkerOutcome.NORMAL]
    return len(there), len(tried), [result.diff for result in tried if result.test_outcome == TestOutcome.SURVIVED]


def main() -> None:
    """Try the mutants of each part and print the survivors as they are found."""
    parts = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=sorted(parts), help="only this part; may be repeated")
    parser.add_argument("--most", type=int, default=10**6, help="how many mutants of a part to try, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        checkout = copy_checkout(Path(place) / "checkout")
        for name in options.part or parts:
            there, tried, lived = survivors_of(parts[name], Path(place), checkout, options.most, options.seed)
            print(
                f"\n{name}: {len(lived)} of {tried} mutants survive ({there} there are)", *lived, sep="\n", flush=True
            )


if __name__ == "__main__":
    main()
