"""What the C library does with memory that is freed."""

import ctypes
import functools
import sys

# glibc's names for what mallopt sets (malloc.h), and the most that it takes for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_FROM_HEAP = 32 << 20
_MOST_KEPT = 128 << 20


@functools.cache
def keep_freed_memory() -> None:
    """Let the C library keep what a block of samples frees, for the next: arrays to 32 MiB, 128 MiB in all.

    Given back to the system and asked for again it costs up to half of the time of a run, since every page is
    made and zeroed anew. Set once for the process, where the C library is glibc; elsewhere nothing is changed.

    References
    ----------
    The GNU C Library Reference Manual, section "Malloc Tunable Parameters".
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
        mallopt(_TRIM_THRESHOLD, _MOST_KEPT)
