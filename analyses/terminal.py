"""The terminal that an analysis writes to, whatever it is."""

import io
import os
import shutil
import signal
import sys

# Fewer columns than any table of the report fits.
_NARROWEST = 40


def take_any_terminal(terminated: int) -> None:
    """Make ready for a terminal that is closed, has other characters or no width, and end on SIGTERM with a code."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(terminated))
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # At once: the next file that is opened would take the number of the one that is closed.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if shutil.get_terminal_size().columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)
