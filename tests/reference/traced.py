"""A traced program in NumPy, operation by operation: to the bit what the model gives."""

import numpy as np

from clustercast.engine.trace import OPERATIONS


def run_traced(program, inputs):
    """Run a traced program in NumPy; each output has shape ``(year, sample)`` or ``(sample,)``, coherent."""
    known = [inputs[name] for name in program.inputs]
    known += [np.float64(value) for value in program.constants]
    with np.errstate(all="ignore"):
        for name, arguments in program.operations:
            known.append(OPERATIONS[name](*(known[number] for number in arguments)))
    samples = np.broadcast_shapes(*(np.shape(value) for value in known[: len(program.inputs)]), (1,))
    result = {}
    for name, rows in program.outputs.items():
        stacked = np.stack([np.broadcast_to(np.asarray(known[row], dtype=np.float64), samples) for row in rows])
        result[name] = stacked if len(rows) > 1 or len(program.years) == 1 else stacked[0]
    return result
