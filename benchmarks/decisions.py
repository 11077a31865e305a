"""What every input is worth to every shipped claim, against a plain loop over inputs and claims."""

import time

import numpy as np

import clustercast as cc
from benchmarks.measure import Options, Row, at_least, at_most, medians
from clustercast.sensitivity.given_data import input_matrix, varied_inputs
from clustercast.uncertainty.claims import claim_names

BINS = 64


def rows(options: Options) -> list[Row]:
    """Brier scores of the shipped claims, all inputs that vary, N = 65,536."""
    size = options.size(65536, 1024)
    claims = cc.read_claims()
    inputs = cc.draw(cc.read_priors("evidence_2026"), size, seed=7)
    forecast = cc.propagate(inputs, years=cc.claim_years(claims, 2024), outputs=list(claim_names(claims)))
    result = cc.evppi(forecast, score="brier")
    names = [str(name) for name in result["input"].values]
    events = cc.claims_met(forecast, [claim for claim in claims if claim.id in result["target"].values])
    columns = np.ascontiguousarray(input_matrix(forecast, varied_inputs(forecast, None)).T)
    values = np.stack([events[str(name)].values.astype(float) for name in result["target"].values])

    some = columns[: options.size(10, 2)]

    def loop() -> list[float]:
        """Return variances between the means of 64 bins, input by input and claim by claim, without errors."""
        worth: list[float] = []
        for column in some:
            for event in values:
                edges = np.quantile(column, np.arange(1, BINS) / BINS)
                member = np.searchsorted(edges, column)
                counts = np.maximum(np.bincount(member, minlength=BINS), 1)
                means = np.bincount(member, event, minlength=BINS) / counts
                worth.append(float(counts @ (means - event.mean()) ** 2 / size))
        return worth

    # Processor time: another program on the same cores does not count.
    taken = medians({"ours": lambda: cc.evppi(forecast, score="brier")}, options.size(5, 1), time.process_time)["ours"]
    plain = medians({"loop": loop}, options.size(3, 1), time.process_time)["loop"] * len(columns) / len(some)
    panel = f"{len(names)} inputs x {len(values)} claims, N = {size:,}"
    return [
        Row(f"value of information of {panel}, with errors", taken, "s", target="<= 1", met=at_most(1, taken)[1]),
        Row(
            "the same by a loop: times faster",
            taken,
            "s",
            f"NumPy, input by input and claim by claim, no errors, {plain:.1f} s",
            plain / taken,
            *at_least(5, plain / taken),
        ),
    ]
