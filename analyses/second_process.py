"""A second process, which gets ready while this one computes and works while this one writes."""

import contextlib
import gc
import itertools
import multiprocessing
import os
import pkgutil
import subprocess
import sys
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, cast

# Seconds to wait for a result, where other programs have taken the second process its time.
_PATIENCE = 2.0
_SERVE = "from analyses.second_process import serve; serve()"


class SecondProcess:
    """Work on parts that come one by one: in a process of its own where that is ready in time, else in this one."""

    def __init__(self, work: str, first: object) -> None:
        """Begin with the first part; `work`, as ``"module:name"``, makes bytes of an iterator over all parts."""
        self.work, self.parts = work, [first]
        self.pipe, theirs = multiprocessing.Pipe()
        self.end: Callable[[], object] = self.pipe.close
        command = [sys.executable, "-P", "-c", _SERVE, work, str(theirs.fileno())]
        # It finds the modules that this one finds, says nothing, and Ctrl-C ends both.
        none, found = subprocess.DEVNULL, {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        how: dict[str, Any] = {"pass_fds": [theirs.fileno()], "env": found, "stdin": none, "stdout": none}
        # Windows passes no pipes on; and there may be as many processes as are allowed.
        with theirs, contextlib.suppress(AssertionError, OSError):
            self.end = weakref.finalize(self, _end, subprocess.Popen(command, stderr=none, **how), self.pipe)
            self.pipe.send(first)

    def send(self, part: object) -> None:
        """Hand over the next part; a second process that is not ready for the second one ends."""
        self.parts.append(part)
        with contextlib.suppress(OSError, EOFError):
            if len(self.parts) > 2 or (self.pipe.poll() and self.pipe.recv()):
                self.pipe.send(part)
                return
        self.end()

    def result(self) -> bytes:
        """Return what comes of the parts."""
        with contextlib.suppress(OSError, EOFError):
            if self.pipe.poll(_PATIENCE):
                return self.pipe.recv_bytes()
        self.end()
        return cast("bytes", pkgutil.resolve_name(self.work)(iter(self.parts)))


def _end(process: "subprocess.Popen[bytes]", pipe: Connection) -> None:
    """End a process, which may have ended, and close the pipe to it."""
    process.kill()
    process.wait()
    pipe.close()


def serve() -> None:
    """Work in the second process with the time that nobody else needs; where that fails, the first one works itself."""
    os.nice(19)
    gc.disable()
    name, descriptor = sys.argv[1:]
    pipe, work = Connection(int(descriptor)), pkgutil.resolve_name(name)
    pipe.send("ready")
    pipe.send_bytes(work(pipe.recv() for _ in itertools.count()))
    os._exit(0)
