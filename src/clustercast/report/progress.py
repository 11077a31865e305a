"""A progress bar for work that takes longer than a second."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(label: str, *, patience: float = 1.0) -> Iterator[Callable[[int, int], None]]:
    """Show how far long work is, on a terminal, once it has taken a while.

    Parameters
    ----------
    label : str
        What is being done.
    patience : float, optional
        Seconds that pass before the bar appears.

    Yields
    ------
    callable
        Takes what is done and the total; call it as the work goes on. The bar
        is on standard error, has the time left, and goes when the work ends.
        Where standard error is not a terminal nothing is shown.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(label, total=None)
    start = time.monotonic()

    def advance(done: int, total: int) -> None:
        if not bar.live.is_started and time.monotonic() - start > patience:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()
