"""Chaospy: Sobol' points of a joint distribution, then NumPy."""

from benchmarks.peer_models import with_chaospy
from benchmarks.peer_models.report import report


def run(size):
    """Draw Sobol' points and compute."""
    return with_chaospy.run(size, rule="sobol")


if __name__ == "__main__":
    report(run, "chaospy")
