"""Growth: is the cost linear in the number of samples, and the memory flat where results are streamed?"""

from collections.abc import Callable

import clustercast as cc
from benchmarks.measure import Options, Row, at_most, peak_megabytes, seconds
from benchmarks.shipped import SIX, priors


def rows(options: Options) -> list[Row]:
    """Draw, propagate and summarise at growing sizes, kept in memory and streamed."""
    needed = priors().only(cc.cluster_model().inputs(SIX))

    def kept(size: int) -> object:
        return cc.summarise(cc.propagate(cc.draw(needed, size, seed=7), outputs=SIX))

    found = _line("in memory", kept, [10**3, 10**4] if options.smoke else [10**4, 10**5, 10**6], flat=False)
    stream = getattr(cc, "stream", None)
    if stream is None:
        return [*found, Row("streamed", None, "", "this version does not stream")]

    def streamed(size: int) -> object:
        return stream(needed, size=size, outputs=SIX, seed=7)

    sizes = [10**3, 10**4] if options.smoke else [10**4, 10**5, 10**6, 10**7, *([10**8] if options.full else [])]
    return [*found, *_line("streamed", streamed, sizes, flat=True)]


def _line(how: str, run: Callable[[int], object], sizes: list[int], *, flat: bool) -> list[Row]:
    """Return a row for each size, and rows that say whether cost is linear and memory flat."""
    run(sizes[0])
    taken, peaks = {}, {}
    for size in sizes:
        results: dict[str, float] = {}
        peaks[size] = peak_megabytes(lambda size=size, results=results: results.update(t=seconds(lambda: run(size))))
        taken[size] = results["t"]
    table = [
        Row(f"{how}, N = {size:,}", size / taken[size], "samples a second", f"memory at its peak {peaks[size] or 0:.0f} MB")
        for size in sizes
    ]
    # From 1e5 on what is paid once no longer shows.
    first, last = sizes[min(1, len(sizes) - 2)], sizes[-1]
    growth = (taken[last] / last) / (taken[first] / first)
    table.append(Row(f"{how}: cost of a sample at N = {last:,} over that at {first:,}", growth, "x", "", growth, *at_most(1.3, growth)))
    if flat and peaks[last] is not None:
        more = peaks[last] - peaks[first]
        table.append(Row(f"{how}: memory at N = {last:,} above that at {first:,}", more, "MB", "", None, *at_most(50, more)))
    return table
