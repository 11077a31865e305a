"""Freed memory is kept: the next block of the same size takes no new pages from the system."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
from clustercast.engine.memory import keep_freed_memory

keep_freed_memory()

def pages_taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2**20) for _ in range(8)]
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

taken = [pages_taken() for _ in range(5)]
print(max(taken[1:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
@pytest.mark.parametrize("trim", [None, "65536"])
def test_the_second_block_takes_no_new_pages(trim):
    # 64 MiB would be 16,384 pages; the environment variable is what dask sets for its workers.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    environment = own if trim is None else own | {"MALLOC_TRIM_THRESHOLD_": trim}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    assert int(ran.stdout) < 100
