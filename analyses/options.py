"""The options that the analyses share, and the one way in which an analysis runs and ends."""

import functools
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from clustercast.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

Priors = Annotated[str, typer.Option("--priors", "-p", metavar="NAME|FILE", help="Shipped prior set, or a TOML file.")]
Scenario = Annotated[
    str | None, typer.Option("--scenario", metavar="NAME|FILE", help="Scenario to lay over the prior set.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Fix an input, as in load_factor=0.8 or us_gdp='$30T/year'. Repeat."
    ),
]
Years = Annotated[
    str,
    typer.Option("--years", metavar="FIRST:LAST[:STEP]", help="Years, both ends included, or a list as in 2024,2030."),
]
Outputs = Annotated[
    str | None, typer.Option("--outputs", "-o", metavar="NAME,...", help="Quantities to show, with commas between.")
]
Samples = Annotated[int, typer.Option("--samples", "-n", help="Samples; base points of a Saltelli design.")]
Points = Annotated[
    int,
    typer.Option(
        "--samples",
        "-n",
        help="Samples on Sobol' points: a power of two.",
        callback=lambda given: power_of_two(given),
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed: the same seed gives the same bits.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory that files are written to.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]

BAD_INPUT, INTERRUPTED, TERMINATED, BROKEN_PIPE = 2, 130, 143, 141
# What typer raises for an option it cannot read; the class itself has no public name.
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)


def run(command: Callable[..., None]) -> NoReturn:
    """Run an analysis with the arguments of the shell, and exit.

    Parameters
    ----------
    command : callable
        The analysis: its annotated parameters are its options, the first
        lines of its docstring its help.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED))
    code = exit_code(command, sys.argv[1:])
    if code == INTERRUPTED:
        # An interrupt inside exec() of a text, as libraries do at import, leaves a mark by which the interpreter would
        # end by the signal itself although the interrupt was caught; the next exec() of a text takes it away.
        exec("")
    if code == BROKEN_PIPE:
        # Nobody reads on: keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def exit_code(command: Callable[..., None], arguments: Sequence[str]) -> int:
    """Run an analysis and return how it ended.

    Parameters
    ----------
    command : callable
        As for `run`.
    arguments : sequence of str
        What stands after the name of the analysis.

    Returns
    -------
    int
        0, or 2 after one line on standard error where the input cannot be
        used, 130 after Ctrl-C, 141 where nobody reads the output on.
    """
    application = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @functools.wraps(command)
    def quiet_on_a_closed_pipe(**given: object) -> None:
        try:
            command(**given)
            sys.stdout.flush()
        except BrokenPipeError:
            raise typer.Exit(BROKEN_PIPE) from None

    application.command()(quiet_on_a_closed_pipe)
    try:
        ended = application(args=list(arguments), standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except _UsageError as error:
        return _refuse(f"{error.format_message()} See --help.")
    except InputError as error:
        return _refuse(str(error))
    except MemoryError as error:
        return _refuse(f"not enough memory ({error}); ask for fewer --samples, --years or --outputs")
    except OSError as error:
        return _refuse(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _refuse(reason: str) -> int:
    """Say in one line why the input cannot be used."""
    print(f"error: {' '.join(reason.split())}", file=sys.stderr)
    return BAD_INPUT


def settings(given: list[str] | None) -> dict[str, str | float]:
    """Read what ``--set`` was given.

    Parameters
    ----------
    given : list of str or None
        Texts ``name=value``.

    Returns
    -------
    dict
        The value of each input: a number in the input's own unit, or a text with
        a unit.

    Raises
    ------
    InputError
        If a text is no ``name=value``, or names an input a second time.

    Examples
    --------
    >>> settings(["load_factor=0.8", "ai_investment_2024=$200B/year"])
    {'load_factor': 0.8, 'ai_investment_2024': '$200B/year'}
    """
    read: dict[str, str | float] = {}
    for text in given or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InputError(f"--set {text!r} is not NAME=VALUE; write it as in --set load_factor=0.8")
        if name in read:
            raise InputError(f"--set names {name!r} twice; leave one out")
        try:
            read[name] = float(value)
        except ValueError:
            read[name] = value
    return read


def power_of_two(samples: int) -> int:
    """Return what ``--samples`` was given, refused unless Sobol' points come in that number.

    Raises
    ------
    InputError
        If it is not a power of two, with the nearest ones.

    Examples
    --------
    >>> power_of_two(1000)
    Traceback (most recent call last):
        ...
    clustercast.errors.InputError: --samples is 1000, which is not a power of two as Sobol' points need; use 512 or 1024
    """
    from clustercast.arrays.points.designs import require_power_of_two

    require_power_of_two(samples, what="--samples")
    return samples


def years(text: str) -> list[float]:
    """Read what ``--years`` was given.

    Parameters
    ----------
    text : str
        ``"2022:2034"`` with both ends, ``"2022:2034:0.5"`` with a step, or
        ``"2024,2026,2030"``.

    Returns
    -------
    list of float

    Raises
    ------
    InputError
        If the text is neither, or holds no year.

    Examples
    --------
    >>> years("2022:2024:0.5"), years("2024,2030")
    ([2022.0, 2022.5, 2023.0, 2023.5, 2024.0], [2024.0, 2030.0])
    """
    remedy = "write it as in --years 2022:2034, 2022:2034:0.5 or 2024,2026,2030"
    try:
        parts = [float(part) for part in text.replace(",", ":").split(":")]
    except ValueError:
        raise InputError(f"--years {text!r} is not a list or range of years; {remedy}") from None
    if ":" not in text:
        return parts
    first, last, step = [*parts, 1.0][:3]
    if "," in text or len(parts) > 3 or not (first <= last and step > 0 and last - first < 1e4 * step):
        raise InputError(f"--years {text!r} is not a range of years; {remedy}")
    return [first + step * index for index in range(int((last - first) / step + 1e-9) + 1)]


def names(text: str | None) -> list[str] | None:
    """Read a list of names with commas between, or None where none was given.

    Examples
    --------
    >>> names("training_cluster_size, training_cluster_cost")
    ['training_cluster_size', 'training_cluster_cost']
    """
    return None if text is None else [name for part in text.split(",") if (name := part.strip())]


def console() -> "Console":
    """Return the console that tables are printed on.

    A pipe gets plain text 80 columns wide, or as wide as COLUMNS says; NO_COLOR
    is respected.
    """
    from rich.console import Console

    class _ReadOn(Console):
        def on_broken_pipe(self) -> None:
            """Let the analysis end as it does when nobody reads on; rich would end it by itself, with 1."""
            raise BrokenPipeError

    return _ReadOn(highlight=False)


def show(*answers: object) -> None:
    """Print tables and lines on the console, an answer before its files are written: a full disk takes none away."""
    printer = console()
    for answer in answers:
        printer.print(answer)


def show_written(record: Mapping[str, object], seed: int, files: Iterable[Path]) -> None:
    """Say what was analysed and which files hold it."""
    console().print(f"{record['priors_name']} ({record['priors_hash']}), seed {seed}; wrote", *files)
