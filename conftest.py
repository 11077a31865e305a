"""What the examples of the documentation take as given."""

import pytest

import clustercast


@pytest.fixture(autouse=True)
def clustercast_as_cc(doctest_namespace):
    """Let examples say `cc`, as the documentation says they do."""
    doctest_namespace["cc"] = clustercast
