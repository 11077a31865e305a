"""A model run on numbers that are coherent already, without a proof of units."""

import numpy as np

from clustercast.engine.operations import plain_call
from clustercast.engine.program import unproved


def run_model(model, values, outputs=None, call=plain_call):
    """Compute quantities from inputs, all in coherent units."""
    wanted = model.asked(outputs)
    model.check_inputs(values, wanted)
    years = np.asarray(values["year"])[:, 0] if "year" in values else ()
    inputs = {name: values[name] for name in model.inputs(wanted)}
    return unproved(model, inputs, wanted, years, call).run(inputs, call)
