"""The stored proof of units: it is that of the quantities as they are, and they do hold their units.

After a change of a quantity ``python -m tests.quantities.test_proved`` proves all anew and writes the file.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.unit_check import proof_key
from clustercast.priors.declarations import declared_inputs
from clustercast.quantities import cluster_model as shipped

FILE = Path(shipped.__file__).with_name("proved.txt")
MODEL = shipped.cluster_model()


def prove():
    """Prove every quantity that a forecast computes, and return the keys of all."""
    bare = cc.Model(MODEL.functions.values(), start=MODEL.nodes.start, step=MODEL.nodes.step, layers=MODEL.layers)
    inputs = cc.draw(cc.read_priors("evidence_2026"), 3, seed=1)
    # Before and after the first node, so that what stands for the past is proved too.
    cc.propagate(inputs, model=bare, years=[2024, 2028.3], outputs=bare.functions)
    units = {name: declared.unit for name, declared in declared_inputs().items()}
    units |= {name: MODEL.unit(name) for name in MODEL.functions} | {"year": "year", "previous_year": "year"}
    keys = []
    for name, function in MODEL.functions.items():
        needs = MODEL.definition(name).needs
        keys.append(
            proof_key(function, MODEL.declaration(name), [units.get(n.name) or MODEL.unit(n.name) for n in needs])
        )
    return sorted(set(keys))


def test_the_stored_proof_is_that_of_the_quantities():
    assert prove() == FILE.read_text().split(), "run python -m tests.quantities.test_proved"


def test_a_run_of_the_shipped_model_makes_no_registry_of_units():
    program = (
        "import clustercast as cc; from clustercast.engine.units import _registry; "
        "cc.propagate(cc.draw(cc.read_priors('evidence_2026'), 4, seed=1)); print(_registry.cache_info().currsize)"
    )
    path = os.environ | {"PYTHONPATH": str(Path(cc.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=path)
    assert done.stdout.split() == ["0"]


def test_a_changed_quantity_is_proved_again():
    @cc.quantity("W/H100e")
    def quoted_facility_power(chip_power, server_overhead):
        return chip_power + server_overhead

    inputs = cc.draw(cc.read_priors("evidence_2026"), 4, seed=1)
    with pytest.raises(cc.InputError, match="quoted_facility_power"):
        cc.propagate(inputs, model=MODEL.replace(quoted_facility_power))


def test_a_unit_of_another_dimension_is_not_covered_by_the_proof():
    inputs = cc.draw(cc.read_priors("evidence_2026"), 4, seed=1)
    inputs["chip_power"] = inputs["chip_power"].assign_attrs(units="USD")
    with pytest.raises(cc.InputError, match="quoted_facility_power"):
        cc.propagate(inputs, outputs=["fleet_power"], years=np.array([2026.0]))


if __name__ == "__main__":
    FILE.write_text("\n".join(prove()) + "\n")
