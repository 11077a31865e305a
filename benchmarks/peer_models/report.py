"""What every peer prints: its median time, its peak of memory, and how far its medians are off."""

import json
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

from benchmarks.peer_models.cluster import exact_medians


def report(run, package):
    """Time `run(size)`, which returns cost and power of the last year, and print what was found.

    The size and the number of repeats stand on the command line; the first run does not count.
    """
    size, repeats = (int(text) for text in sys.argv[1:3])
    run(min(size, 100))
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        result = run(size)
        taken.append(time.process_time() - start)
    middles = [statistics.median(map(float, values)) for values in result]
    error = max(abs(middle / exact - 1) for middle, exact in zip(middles, exact_medians(2034), strict=True))
    figures = {"seconds": statistics.median(taken), "error": error, "megabytes": _peak()}
    print(json.dumps(figures | {"version": metadata.version(package) if package else ""}))


def _peak():
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
