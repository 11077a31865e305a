"""The terminal that an analysis writes to, whatever it is."""

import functools
import gc
import io
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED, TERMINATED, BROKEN_PIPE = 130, 143, 141
# Fewer columns than any table of the report fits.
_NARROWEST = 40


def take_any_terminal(terminated: int) -> None:
    """Make ready for a terminal that is closed, has other characters or no width, and end on signals with a code."""
    for number, code in ((signal.SIGTERM, terminated), (signal.SIGINT, INTERRUPTED)):
        # A command in the background of a shell takes no interrupts.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, functools.partial(_end, code))
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # At once: the next file that is opened would take the number of the one that is closed.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if shutil.get_terminal_size().columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)


def _end(code: int, number: int, frame: FrameType | None) -> None:
    """End with a code on a signal, as soon as no extension is being imported, which would make an error of it."""
    if any(at.f_code.co_qualname.startswith("ExtensionFileLoader.") for at, _ in traceback.walk_stack(frame)):
        threading.Timer(0.01, signal.raise_signal, [number]).start()
    else:
        sys.exit(code)


def finish(code: int) -> NoReturn:
    """Exit with a code as a command of the shell does."""
    if code == BROKEN_PIPE:
        # Nobody reads on: keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # What is left ends with the process; the interpreter would look for garbage in it first.
    gc.freeze()
    sys.exit(code)


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None]]:
    """Yield a function of what is done and planned; a bar on standard error appears after a second."""
    started = time.monotonic()
    with ExitStack() as ending:
        bar: Any = None

        def report(done: int, planned: int) -> None:
            nonlocal bar
            if bar is None and sys.stderr.isatty() and time.monotonic() - started >= 1:
                # Rich comes in here, after the work began.
                from rich.console import Console
                from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

                columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
                bar = ending.enter_context(Progress(*columns, console=Console(stderr=True)))
                bar.add_task("working", total=None)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done, total=planned)

        yield report
