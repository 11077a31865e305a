"""The options that the analyses share, and the one way in which an analysis runs, answers and ends."""

import contextlib
import functools
import gc
import importlib.util
import inspect
import math
import os
import re
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NamedTuple, NoReturn, cast

import typer

import clustercast as cc
from analyses.terminal import BROKEN_PIPE, INTERRUPTED, TERMINATED, finish, progress_bar, take_any_terminal
from clustercast.errors import InputError

DEFAULT = "evidence_2026"
YEARS = "2024:2034"
# Samples of a forecast that only opens an answer: two digits of its median and of its interval stand.
QUICK = 8192
_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_Parameter = inspect.Parameter
# What the analyses share, by the part of it that an analysis may leave out.
_PRIORS = {"priors": str | None, "scenario": str | None, "set": list[str] | None, "model": Path | None}
# What is free, and what a container may take at most, where Linux says so.
_MEMORY = (("/proc/meminfo", r"MemAvailable:\s+(\d+)", 1024.0), ("/sys/fs/cgroup/memory.max", r"(\d+)", 1.0))
BAD_INPUT = 2
# What typer raises for an option it cannot read; the class itself has no public name.
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)


class Run(NamedTuple):
    """What an analysis is run with; `named` are the prior set, "" where a file brings its own, and the scenario."""

    priors: "cc.Priors"
    model: "cc.Model"
    outputs: list[str]
    years: list[float]
    samples: int
    seed: int
    settings: Mapping[str, str | float]
    named: tuple[str, str | None]
    progress: Callable[[int, int], None]

    @property
    def asked(self) -> dict[str, Any]:
        """Return what the functions of the library are asked for beside priors and size."""
        return {name: getattr(self, name) for name in ("model", "outputs", "years", "seed", "progress")}

    def with_trend(self) -> list[str]:
        """Return the outputs, and where the model has them the trend of each and whether a world contradicts itself."""
        wanted = [name for output in self.outputs for name in (output, f"trend_{output}")] + ["contradiction"]
        return [name for name in wanted if name in self.model]

    def forecast(self) -> Any:
        """Return a quick forecast of the outputs and their trends, on Sobol' points of the inputs that they need."""
        from clustercast.dataset import inputs_dataset
        from clustercast.engine.model import with_changes
        from clustercast.sampling import input_values

        used = with_changes(self.model, self.priors).inputs(self.with_trend())
        needed = cc.Priors().extended({name: self.priors[name] for name in used if name in self.priors})
        values = input_values(self.priors, "sobol", self.seed, 0, QUICK, needed)
        inputs = inputs_dataset(values, needed, {"name": "sobol", "size": QUICK})
        return cc.propagate(inputs, model=self.model, years=self.years, outputs=self.with_trend())

    def opening(self, forecast: Any) -> list[str]:
        """Return the sentences that open the answer, from a forecast, as a quick one."""
        from clustercast.report.findings import opening

        return [*opening(forecast, self.priors, self.outputs), *self.without_effect(self.with_trend())]

    def without_effect(self, shown: Iterable[str]) -> list[str]:
        """Return a sentence on inputs that were changed and on which none of the names shown depends, or nothing."""
        from clustercast.engine.model import change_of
        from clustercast.report.numbers import in_a_sentence, listed

        names = [*shown]
        used = {*names, *self.model.inputs(name for name in names if name in self.model)}
        base = cc.read_priors(self.named[0]) if self.named[0] and self.named[1] else self.priors
        laid_over = [name for name in self.priors if name not in base or self.priors[name] != base[name]]
        idle, theirs = ([(change_of(n) or (n,))[0] for n in names] for names in (self.settings, laid_over))
        # Of a scenario one input may carry the effect for all.
        idle = [name for name in (*idle, *theirs) if name not in used and (name in idle or not used & {*theirs})]
        if not idle:
            return []
        users, inputs = self.model.users(idle[0]), listed([in_a_sentence(name) for name in dict.fromkeys(idle)])
        other = f"; the quantity {users[0]} does" if users else ""
        return [f"Nothing shown depends on what was changed: {inputs}{other}."]


class Verbatim(str):
    """A text that is printed as it is: no line is broken."""


class Answer(NamedTuple):
    """What an analysis found: sentences, empty ones left out, then tables; results for JSON; files by their writers."""

    finding: Sequence[str]
    results: Mapping[str, object]
    shown: Sequence[object] = ()
    files: Mapping[str, Callable[[Path], object]] = {}
    note: str = ""


def analysis(
    *, years: str | None = None, samples: int | None = None, points: bool = False, priors: bool = True
) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Make a command of a function of a `Run`: it takes the shared options besides the function's own."""
    shared: dict[str, tuple[Any, object]] = {name: (kind, None) for name, kind in _PRIORS.items()} if priors else {}
    shared |= {"years": (str, years), "outputs": (str | None, None)} if years is not None else {}
    shared |= {"samples": (int, samples), "seed": (int, 0)} if samples is not None else {}
    shared |= {"out": (Path, Path("out")), "json": (bool, False)}

    def made(body: Callable[..., Answer]) -> Callable[..., None]:
        @functools.wraps(body)
        def command(**given: Any) -> None:
            _answer(body, {name: given.pop(name) for name in shared}, given)

        own = [*inspect.signature(body).parameters.values()][1:]
        kind = _Parameter.KEYWORD_ONLY
        added = [_Parameter(name, kind, annotation=a, default=d) for name, (a, d) in shared.items()]
        parameters, places = [], (body.__name__, "points" if points else "all", "all")
        for one in (*own, *added):
            words: dict[str, Any] = next((_WORDS[p][one.name] for p in places if one.name in _WORDS.get(p, {})), {})
            named = words.get("names", [] if one.default is _Parameter.empty else [f"--{one.name.replace('_', '-')}"])
            rest = {key: text for key, text in words.items() if key != "names"}
            if points and one.name == "samples":
                rest["callback"] = power_of_two
            shell = typer.Option(*named, **rest) if named else typer.Argument(**rest)
            parameters.append(one.replace(kind=kind, annotation=Annotated[one.annotation, shell]))
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        del command.__wrapped__
        return command

    return made


def _answer(body: Callable[..., Answer], options: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Run an analysis, print its answer and write its files, each also where the other fails."""
    from clustercast.files.whole import output_directory
    from clustercast.report.json_text import json_text

    place = output_directory(options["out"])
    with progress_bar() as progress:
        run = _run(options, progress)
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        answer = body(run, **own)
    finding = [text for text in (*answer.finding, *(run.priors.cautions if run else ())) if text]
    about = {"priors": run.priors.name, "priors_hash": run.priors.hash, "seed": run.seed} if run else {}
    try:
        if options["json"]:
            print(json_text({"finding": finding, "run": about, "results": answer.results}))
        else:
            show(*finding, *([""] if finding else []), *answer.shown)
    finally:
        # A full disk comes after the answer; a reader that goes away, as head does, takes no file away.
        for name, write in answer.files.items():
            write(place / name)
    if not options["json"]:
        origin = f"{about['priors']} ({about['priors_hash']}), seed {about['seed']}" if about else ""
        said = "; ".join(filter(None, [origin, answer.note, "wrote" if answer.files else ""]))
        console().print(said, *(str(place / name) for name in answer.files), markup=False, emoji=False)


def _run(options: Mapping[str, Any], progress: Callable[[int, int], None]) -> Run | None:
    """Return what the options ask for; None where an analysis takes no priors."""
    if "priors" not in options:
        return None
    priors, model, fixed = study(options["priors"], options["scenario"], options["set"], options["model"])
    own = options["model"] is not None and not options["priors"] and not priors.origin
    asked = names(options.get("outputs"))
    if asked == []:
        raise InputError("outputs is empty; name at least one quantity, or leave --outputs out for the headline")
    model.order(asked or [])
    named = "" if own else options["priors"] or DEFAULT, options["scenario"]
    grid = years(options["years"]) if "years" in options else []
    points = options.get("samples", 0), options.get("seed", 0)
    return Run(priors, model, asked or headline(priors, model), grid, *points, fixed, named, progress)


def study(
    priors: str | None, scenario: str | None, fixed: list[str] | None, file: Path | None
) -> "tuple[cc.Priors, cc.Model, dict[str, str | float]]":
    """Return priors and model: the shipped ones, or those of a Python file."""
    values, module = settings(fixed), None if file is None else python_file(file)
    model = cc.cluster_model() if module is None else getattr(module, "model", None)
    own = getattr(module, "priors", None)
    if not isinstance(model, cc.Model):
        raise InputError(f"{file} defines no model; write model = cc.Model([...]) in it")
    if own is None or priors is not None:
        return cc.read_priors(priors or DEFAULT, scenario=scenario, set=values), model, values
    if not isinstance(own, cc.Priors):
        raise InputError(f"{file}: priors is a {type(own).__name__}, and must be a cc.Priors")
    if scenario is not None:
        raise InputError(f"--scenario {scenario} lies over a prior set, but {file} has its own; add --priors NAME")
    return own.replace(**values), model, values


def python_file(file: Path) -> ModuleType:
    """Return a Python file as a module; what is wrong in it is refused with its line."""
    spec = importlib.util.spec_from_file_location(file.stem, file) if file.suffix == ".py" else None
    if spec is None or spec.loader is None or not file.is_file():
        raise InputError(f"--model {file} is no Python file; give the path of one that defines model")
    module = importlib.util.module_from_spec(spec)
    # Pickled functions and sources of a model are looked up by the name of their module.
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(f"{file}:{error.lineno}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{file} has an expression of too many terms for Python; write it as several") from None
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        where = f"{file}:{lines[-1]}" if lines else str(file)
        raise InputError(f"{where}: {type(error).__name__}: {error}; correct the file") from error
    return module


def headline(priors: "cc.Priors", model: "cc.Model") -> list[str]:
    """Return the outputs that are shown where none are named: the prior set's headline, else the model's."""
    listed = [name for name in priors.about.headline if name in model]
    return listed or [name for name in model.headline if not model.declaration(name).labels] or list(model.headline)


def run(command: Callable[..., None]) -> NoReturn:
    """Run an analysis with the arguments of the shell, and exit."""
    begin()
    finish(exit_code(command, sys.argv[1:]))


def begin() -> None:
    """Make a process of the shell ready for an analysis."""
    take_any_terminal(TERMINATED)
    # What libraries make when they are imported is there to stay: looking for garbage in it takes a tenth of the time.
    gc.disable()
    gc.set_threshold(50_000)
    # Pydantic would look through all that is installed for plug-ins, of which no model here has one.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def exit_code(command: Callable[..., None], arguments: Sequence[str], name: str | None = None) -> int:
    """Run an analysis and return 0, 2 after one line where input is bad, 130 after Ctrl-C, 141 for a closed pipe."""
    plain: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
    application = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, **plain)

    @functools.wraps(command)
    def quiet_on_a_closed_pipe(**given: object) -> None:
        try:
            command(**given)
            sys.stdout.flush()
        except BrokenPipeError:
            raise typer.Exit(BROKEN_PIPE) from None

    application.command()(quiet_on_a_closed_pipe)
    try:
        ended = application(args=list(arguments), standalone_mode=False, prog_name=name)
        return ended if isinstance(ended, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except _UsageError as error:
        return refuse(error.format_message())
    except InputError as error:
        return refuse(str(error))
    except MemoryError as error:
        return refuse(f"not enough memory ({error}); ask for fewer --samples, --years or --outputs")
    except OSError as error:
        return refuse(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def refuse(reason: str) -> int:
    """Print in one line why the input cannot be used, and return the code that goes with it."""
    print(f"error: {' '.join(reason.split())}", file=sys.stderr)
    return BAD_INPUT


def settings(given: list[str] | None) -> dict[str, str | float]:
    """Return the value of each input that ``--set`` was given: a number in its own unit, or a text with a unit."""
    read: dict[str, str | float] = {}
    for text in given or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InputError(f"--set {text!r} is not NAME=VALUE; write it as in --set load_factor=0.8")
        if name in read:
            raise InputError(f"--set names {name!r} twice; leave one out")
        read[name] = value
        with contextlib.suppress(ValueError):
            read[name] = float(value)
    return read


def power_of_two(samples: int) -> int:
    """Return what ``--samples`` was given, refused unless Sobol' points come in that number."""
    from clustercast.arrays.points.designs import require_power_of_two

    require_power_of_two(samples, what="--samples")
    return samples


def require_memory(samples: int, each: float, least: float = 0.0) -> None:
    """Refuse samples, before any work, of which each takes so many bytes beside the least, more than are free."""
    free = free_memory()
    if least + each * samples > free:
        largest = 2 ** int(math.log2(max((free - least) / each, 1)))
        needed, there = (f"{amount / 1e9:.2g} GB" for amount in (least + each * samples, free))
        raise InputError(f"--samples {samples:,} needs {needed} of memory and {there} are free; ask for {largest:,}")


def free_memory() -> float:
    """Return how many bytes a run may take, infinite where the system does not say."""
    result = [math.inf]
    for path, pattern, unit in _MEMORY:
        with contextlib.suppress(OSError):
            known = re.search(pattern, Path(path).read_text(encoding="utf-8"))
            result += [float(known[1]) * unit] if known else []
    return min(result)


def years(text: str) -> list[float]:
    """Return the years that ``--years`` was given: a range with both ends, perhaps with a step, or a list."""
    from clustercast.files.dates import ISO, start_of

    remedy = "write it as in --years 2022:2034, 2022:2034:0.5 or 2024,2026,2030"
    try:
        given = text.replace(",", ":").split(":")
        parts = [start_of(part) if ISO.fullmatch(part.strip()) else float(part) for part in given]
    except (ValueError, InputError):
        raise InputError(f"--years {text!r} is not a list or range of years; {remedy}") from None
    if ":" not in text:
        return parts
    first, last, step = [*parts, 1.0][:3]
    if "," in text or len(parts) > 3 or not (first <= last and step > 0 and last - first < 1e4 * step):
        raise InputError(f"--years {text!r} is not a range of years; {remedy}")
    return [first + step * index for index in range(int((last - first) / step + 1e-9) + 1)]


def names(text: str | None) -> list[str] | None:
    """Return a list of names with commas between, or None where none was given."""
    return None if text is None else [name for part in text.split(",") if (name := part.strip())]


def console() -> Any:
    """Return the console that tables are printed on: plain text of 80 columns, or COLUMNS, in a pipe."""
    from rich.console import Console

    class _ReadOn(Console):
        def on_broken_pipe(self) -> None:
            """Let the analysis end as it does when nobody reads on; rich would end it by itself, with 1."""
            raise BrokenPipeError

    return _ReadOn(highlight=False)


def show(*answers: object) -> None:
    """Print tables and lines on the console."""
    printer = console()
    for answer in answers:
        if isinstance(answer, Verbatim):
            print(answer)
        else:
            printer.print(answer, markup=False, emoji=False)


# At once where an analysis is the program that runs: what else it imports takes longer than many a signal.
if Path(*sys.argv[:1]).parent == Path(__file__).parent:
    begin()
