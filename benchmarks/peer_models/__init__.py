"""The six-input cluster in each library: ``python -m benchmarks.peer_models.NAME SIZE REPEATS`` prints its time."""
