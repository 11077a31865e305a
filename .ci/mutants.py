"""Mutate the modules of .ci/mutants.toml, one change at a time, and print the changes that no test notices.

make mutants ARGS="--part units --share .1". A process that has collected the tests forks for each change, puts the
changed code into the functions that live there, and runs the tests that run its lines, the quickest first. A change
outside of functions, or in one that runs at import, gets a fork that imports anew. Changes in .ci/mutants_read.txt were
read: they alter no result. A line of it that names no change any more is printed first.
"""

import argparse
import functools
import gc
import importlib
import mmap
import os
import pickle
import pkgutil
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import types
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mutations import Mutation, mutations_of

ROOT = Path(__file__).resolve().parents[1]
READ = ROOT / ".ci" / "mutants_read.txt"
WARM = "coverage h5netcdf hypothesis.extra.numpy pandas pint pydantic pytest rich scipy.optimize scipy.stats xarray"
OPTIONS = ["-x", "--assert=plain", "-p", "no:cacheprovider"]
# Seconds: of tests that a change must outlive, and of processor time and of patience beyond what a test took.
ENOUGH, SLACK, PATIENCE = 10.0, 3.0, 60.0
SURVIVED, KILLED, ANEW = 0, 1, 3
Report = Callable[[str], None]


def forked(work: Callable[[], int]) -> int:
    """Return the status of a child that does the work; neither it nor what it started outlives the call."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
        status = KILLED
        try:
            status = work()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return status


def limit(seconds: float) -> None:
    """End this process after so much more processor time, or where it hangs."""
    signal.setitimer(signal.ITIMER_PROF, SLACK + 10 * seconds)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE + 30 * seconds)


@contextmanager
def on_disk(mutation: Mutation) -> Iterator[bytes]:
    """Change the module in the copy of the checkout, for the processes that tests start."""
    source = mutation.path.read_bytes()
    mutation.path.write_bytes(changed := mutation.applied(source))
    try:
        yield changed
    finally:
        mutation.path.write_bytes(source)


def codes_of(code: types.CodeType) -> list[types.CodeType]:
    """Return a code and all that is defined inside of it."""
    return [code, *(one for part in code.co_consts if isinstance(part, types.CodeType) for one in codes_of(part))]


class Collected:
    """A pytest plugin: run the tests in a fork to see which lines each runs, then try the mutations, each in a fork."""

    def __init__(self, mutations: list[Mutation], place: Path, report: Report) -> None:
        from coverage import Coverage

        self.mutations, self.place, self.report = mutations, place, report
        self.outcomes: dict[Mutation, tuple[int, list[str]]] = {}
        self.paths = {str(mutation.path.resolve()) for mutation in mutations}
        self.coverage = Coverage(data_file=None, include=sorted(self.paths), messages=False)
        self.seconds: dict[str, float] = {}
        self.killers: dict[tuple[Path, str], Counter[str]] = defaultdict(Counter)
        self.reached = mmap.mmap(-1, 8)
        self.failed = self.in_child = False

    def pytest_collection(self) -> None:
        """Import all first, and leave out the search for the simplest example that fails."""
        from hypothesis import Phase, settings

        settings.register_profile("mutants", settings(), phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutants")
        self.coverage.start()
        for module in pkgutil.walk_packages(importlib.import_module("clustercast").__path__, "clustercast."):
            importlib.import_module(module.name)

    def pytest_runtest_call(self, item: Any) -> None:
        """From here on the lines that run are of this test alone."""
        if not self.in_child:
            self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember that a test failed; in a fork with a mutation the first one ends it."""
        self.failed |= report.failed
        if self.failed and self.in_child:
            os._exit(KILLED)

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the tests as they stand, then the mutations, each from a state in which no test has run."""
        forked(lambda: self._run_all(session.items))
        self.coverage.stop()
        self.seconds, self.tests, self.at_import = pickle.loads(self.place.read_bytes())
        self.items = {item.nodeid: item for item in session.items}
        gc.unfreeze()  # what the collection set apart too
        functions = [one for one in gc.get_objects() if isinstance(one, types.FunctionType)]
        self.functions = [one for one in functions if one.__code__.co_filename in self.paths]
        gc.collect()
        gc.freeze()
        for mutation in self.mutations:
            tests = self._tests_of(mutation)
            with on_disk(mutation) as changed:
                status = self._outcome(mutation, changed, tests)
            self.outcomes[mutation] = status, tests
            if status == SURVIVED:
                self.report(str(mutation))
        return True

    def _run_all(self, items: list[Any]) -> int:
        """Write down how long each test takes, which tests run each line, and the lines that run at import."""
        caches = [one for one in gc.get_objects() if type(one).__name__ == "_lru_cache_wrapper"]
        codes = [getattr(one.__wrapped__, "__code__", None) for one in caches]
        ours = [one for one, code in zip(caches, codes, strict=True) if code and code.co_filename in self.paths]
        by_context = defaultdict(set)
        for item, following in zip(items, [*items[1:], None], strict=True):
            # What a fixture or a cache makes for one test decides the others too.
            self.coverage.switch_context(str(item.path))
            for cache in ours:
                cache.cache_clear()
            began, self.failed = time.process_time(), False
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                self.report(f"without any change {item.nodeid} fails")
                continue
            self.seconds[item.nodeid] = time.process_time() - began
            by_context[item.nodeid].add(item.nodeid)
            by_context[str(item.path)].add(item.nodeid)
        self.coverage.stop()
        data, tests, at_import = self.coverage.get_data(), {}, set()
        for path in data.measured_files():
            for line, contexts in data.contexts_by_lineno(path).items():
                tests[path, line] = set().union(*(by_context[context] for context in contexts))
                at_import |= {(path, line)} if "" in contexts else set()
        self.place.write_bytes(pickle.dumps((self.seconds, tests, at_import)))
        return 0

    def _tests_of(self, mutation: Mutation) -> list[str]:
        """Return the tests of the changed lines, or of the module: those that killed others and quick ones first."""
        path, killed = str(mutation.path.resolve()), self.killers[mutation.path, mutation.function]
        result = {test for key, tests in self.tests.items() if key[0] == path for test in tests}
        if mutation.in_function:
            result = set().union(*(self.tests.get((path, line), ()) for line in mutation.lines))
        chosen: list[str] = []
        for test in sorted(result, key=lambda test: (self.seconds[test] / (1 + 10 * killed[test]), test)):
            if not chosen or sum(self.seconds[one] for one in chosen) + self.seconds[test] < ENOUGH:
                chosen.append(test)
        return chosen

    def _outcome(self, mutation: Mutation, changed: bytes, tests: list[str]) -> int:
        """Return what becomes of a mutation here; some must be tried anew."""
        path = str(mutation.path.resolve())
        if not mutation.in_function or any((path, line) in self.at_import for line in mutation.lines):
            return ANEW
        status = forked(lambda: self._tried(path, mutation, changed, tests)) if tests else SURVIVED
        if status not in (SURVIVED, ANEW):
            self.killers[mutation.path, mutation.function][tests[int.from_bytes(self.reached[:])]] += 1
        return status

    def _tried(self, path: str, mutation: Mutation, changed: bytes, tests: list[str]) -> int:
        """Put the changed code into the functions and run the tests; the first that fails ends the process."""
        codes, swapped, self.in_child = defaultdict(list), False, True
        for code in codes_of(compile(changed, path, "exec")):
            codes[code.co_qualname, code.co_firstlineno].append(code)
        for function in (one for one in self.functions if one.__code__.co_filename == path):
            new = codes[function.__code__.co_qualname, function.__code__.co_firstlineno]
            if len(new) != 1 or new[0].co_freevars != function.__code__.co_freevars:
                return ANEW
            function.__code__ = new[0]
            swapped |= any(line in mutation.lines for code in codes_of(new[0]) for *_, line in code.co_lines())
        items = [self.items[test] for test in tests]
        for position, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            self.reached[:] = position.to_bytes(8)
            limit(self.seconds[item.nodeid])
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return SURVIVED if swapped else ANEW


def quiet(work: Callable[[], int]) -> int:
    """Do the work without a word."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return work()


def outcomes_of(mutations: list[Mutation], tests: list[str], place: Path, report: Report) -> list[int]:
    """Return the status of each mutation, from tests collected once or, where that cannot be, anew."""
    import pytest

    def collected() -> int:
        plugin = Collected(mutations, place, report)
        pytest.main([*OPTIONS, *tests], plugins=[plugin])
        place.write_bytes(pickle.dumps(plugin.outcomes))
        return 0

    def anew(tests: list[str]) -> int:
        limit(ENOUGH)
        return int(pytest.main([*OPTIONS, *tests]))

    place.unlink(missing_ok=True)
    forked(lambda: quiet(collected))
    outcomes = pickle.loads(place.read_bytes())
    for mutation, (status, chosen) in outcomes.items():
        if status == ANEW:
            with on_disk(mutation):
                status = forked(lambda chosen=chosen: quiet(lambda: anew(chosen or tests)))
            if status == SURVIVED:
                report(str(mutation))
        outcomes[mutation] = status
    return list(outcomes.values())


def copy_checkout(place: Path) -> None:
    """Copy what git tracks, as it stands, so that no mutant is ever written into the checkout, and compile it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    # By content: a change within the second of the last has the same time.
    compiled = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "src", "tests", "analyses"]
    subprocess.run([sys.executable, *compiled], cwd=place, check=True)
    os.chdir(place)
    sys.dont_write_bytecode = True
    os.environ |= {"CI": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{place / 'src'}:{place}"}


def stale(read: set[str], names: set[str], whole: bool) -> list[str]:
    """Return what was read of these modules, or of any, that names no change; a part of a name is of any."""
    paths = {name.partition(" ")[0] for name in names}
    judged = {line for line in read if whole or line.partition(" ")[0] in paths} - names
    return sorted(line for line in judged if line[:1] != "*" or not any(line[1:] in name for name in names))


def main() -> None:
    """Try the mutants of each part and print the survivors that nobody has read."""
    parts = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=sorted(parts), help="only this part; may be repeated")
    parser.add_argument("--share", type=float, default=1.0, help="the share of a part's mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--listed", type=Path, help="only the mutants that this file has, as they are printed")
    options = parser.parse_args()
    listed = options.listed and set(options.listed.read_text().splitlines())
    read = {line.partition(" :: ")[0] for line in READ.read_text().splitlines()[1:]}
    say = functools.partial(print, file=os.fdopen(os.dup(1), "w"), flush=True)

    def report(line: str) -> None:
        if not any(line == one or one[:1] == "*" and one[1:] in line for one in read):
            say(line)

    for name in WARM.split():
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as place:
        copy_checkout(Path(place) / "checkout")
        result: dict[str, list[Mutation]] = {}
        for name in options.part or parts:
            modules = sorted(path for pattern in parts[name]["modules"] for path in Path().glob(pattern))
            result[name] = [one for path in modules for one in mutations_of(path, path.read_bytes())]
        for line in stale(read, {str(one) for each in result.values() for one in each}, not options.part):
            say(f"no change: {line}")
        for name, each in result.items():
            there = [one for one in each if not listed or str(one) in listed]
            tried = random.Random(options.seed).sample(there, round(options.share * len(there)))
            outcomes = outcomes_of(tried, parts[name]["tests"], Path(place) / "outcomes", report)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            say(f"{name}: {len(there)} mutants, {len(tried)} tried, {outcomes.count(SURVIVED)} survive", end=" ")
            say(f"({used.ru_utime + used.ru_stime:.0f} s of processor time so far)")


if __name__ == "__main__":
    main()
