"""Learning from observations: rows, likelihood weights, samplers, the posterior's tree and its checks."""
