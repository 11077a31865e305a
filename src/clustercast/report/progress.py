"""Progress of long work on the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Report = Callable[[int, int], None]


@contextmanager
def progress_bar(title: str, *, after: float = 1.0, console: Console | None = None) -> Iterator[Report]:
    """Yield a function of what is done and planned; a bar on standard error appears after `after` seconds."""
    console = console or Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    started = time.monotonic()
    task = bar.add_task(title, total=None)

    def report(done: int, planned: int) -> None:
        bar.update(task, completed=done, total=planned)
        if console.is_terminal and not bar.live.is_started and time.monotonic() - started >= after:
            bar.start()

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()
