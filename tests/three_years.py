"""A forecast over three years, with labels beside numbers, for tests of what takes forecasts."""

import numpy as np

import clustercast as cc


def evaluated(priors, count, unit="1", **design):
    """Run a size that grows from 2020 on, and on which side of 3 its growth is."""
    inputs = cc.draw(priors, count, seed=1, **design)
    since = np.array([2.0, 3.5, 5.0])[:, np.newaxis]
    how = {"outputs": {"size": unit, "side": "1"}, "coords": {"year": [2022, 2023.5, 2025]}, "form": "arrays"}

    def model(growth, start):
        return {"size": start + growth * since, "side": 1.0 * (growth * since > 3)}

    result = cc.evaluate(inputs, model, **how)
    result["side"].attrs["labels"] = '["small", "large"]'
    return result
