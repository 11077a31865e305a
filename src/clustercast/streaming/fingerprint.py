"""What the code of a run is, in a word that every process finds alike: whether a checkpoint was made by the same."""

import hashlib
from pathlib import Path

from clustercast.engine.model import Model

_PACKAGE = Path(__file__).parents[1]


def code_fingerprint(model: Model) -> str:
    """Return a fingerprint of the code that decides the numbers of a run.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        Of every file of code of clustercast, and of the quantities of the model with the functions
        and constants that they refer to.
    """
    digest = hashlib.sha256(model.hash.encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
