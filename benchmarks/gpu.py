"""The shipped model on a GPU: agreement with NumPy on the same draws, and the time of many samples.

The draws are made where the whole library is installed, and travel as one file::

    python benchmarks/gpu.py prepare build/cuda_inputs.npz

The machine with the GPU needs NumPy, SciPy, lazy_loader and CuPy only, and ``src`` on its path::

    PYTHONPATH=src python benchmarks/gpu.py run build/cuda_inputs.npz --samples 1e8
"""

import argparse
import time
from pathlib import Path

import numpy as np

from clustercast.engine.operations import checked_device, to_device, to_host
from clustercast.engine.program import unproved
from clustercast.quantities.cluster_model import cluster_model
from clustercast.streaming.moments import LEAF, Sketch, leaf_moments

OUTPUTS = (
    "training_cluster_size",
    "training_cluster_cost",
    "training_cluster_power",
    "available_power",
    "feasible_cluster_size",
    "binding_constraint",
)
YEARS = np.arange(2022.0, 2035.0)
TOLERANCE = 1e-10


def prepare(path, rows):
    """Draw the inputs and write them in coherent units."""
    import clustercast as cc
    from clustercast.engine.units import factor

    inputs = cc.draw(cc.read_priors("situational_awareness"), rows, seed=1)
    values = {n: inputs[n].values * factor(inputs[n].units) for n in cluster_model().inputs(OUTPUTS)}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **values)
    print(f"wrote {len(values)} inputs, {rows} samples, {Path(path).stat().st_size / 2**20:.0f} MiB")


def disagreement(ready, values, device):
    """Return the largest relative difference of each output of numbers, and how many labels differ."""
    host = ready.run(values)
    there = ready.on(device).run(to_device(values, device))
    result = {}
    for name in OUTPUTS:
        one, other = np.asarray(host[name], dtype=float), np.asarray(to_host(there[name]), dtype=float)
        if name == "binding_constraint":
            result[name] = int((one != other).sum())
        else:
            result[name] = float((np.abs(one - other) / np.maximum(np.abs(one), 1e-300)).max())
    return result


def timed(ready, values, device, samples, tile, reduce):
    """Return the seconds that a number of samples take, the inputs brought to the device tile by tile."""
    repeats = -(-tile // next(iter(values.values())).size)
    tiled = {name: np.tile(array, repeats)[:tile] for name, array in values.items()}
    there = ready.on(device)
    sketch = Sketch(len(YEARS) * (len(OUTPUTS) - 1))
    began = time.perf_counter()
    for _ in range(max(1, round(samples / tile))):
        results = there.run(to_device(tiled, device))
        if reduce:
            numbers = np.concatenate([np.broadcast_to(results[n], (len(YEARS), tile)) for n in OUTPUTS[:-1]])
            leaf_moments(numbers)
            sketch.add(numbers)
        # What is asked for last waits for all that went before.
        for name in OUTPUTS:
            to_host(results[name][..., -1:])
    return time.perf_counter() - began


def run(path, device, samples, tile):
    """Print agreement and times; refuse a disagreement beyond the tolerance."""
    checked_device(device)
    with np.load(path) as stored:
        values = {name: stored[name] for name in stored.files}
    model = cluster_model()
    ready = unproved(model, values, OUTPUTS, YEARS)
    values = {name: array for name, array in values.items() if array.ndim}
    result = disagreement(ready, values, device)
    for name, difference in result.items():
        print(f"{name:32s} {difference:.3g}")
    worst = max(difference for name, difference in result.items() if name != "binding_constraint")
    print(f"largest relative difference {worst:.3g} (allowed {TOLERANCE:g})")
    for reduce in (False, True):
        timed(ready, values, device, tile, tile, reduce)
        seconds = timed(ready, values, device, samples, tile, reduce)
        what = "propagated and reduced" if reduce else "propagated"
        print(f"{samples:.3g} samples {what} on {device}: {seconds:.2f} s, {seconds / samples * 1e9:.1f} ns a sample")
    if worst > TOLERANCE:
        raise SystemExit("the GPU and NumPy disagree")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["prepare", "run"])
    parser.add_argument("path")
    parser.add_argument("--rows", type=int, default=8 * LEAF, help="samples to prepare")
    parser.add_argument("--samples", type=float, default=1e8)
    parser.add_argument("--tile", type=int, default=1 << 20, help="samples on the device at a time")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    given = parser.parse_args()
    if given.what == "prepare":
        prepare(given.path, given.rows)
    else:
        run(given.path, given.device, given.samples, given.tile)


if __name__ == "__main__":
    main()
