"""Runs too large for memory: blocks, executors, checkpoints, stores."""
