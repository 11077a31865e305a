"""The explorer: one page that runs a model in the reader's browser, with a slider for each uncertain input."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clustercast.engine.model import Model
from clustercast.errors import typed
from clustercast.files.whole import write_text
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS
from clustercast.quantities.cluster_model import cluster_model
from clustercast.report.explorer_data import World, explorer_data
from clustercast.report.wording import render

_SCRIPTS = Path(__file__).with_name("explorer")
_PARTS = "points quantiles summaries functions program engine answers words charts export widgets page".split()
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.MULTILINE)


@dataclass(frozen=True)
class Explorer:
    """A page in which every slider runs the model again; in a notebook it shows itself."""

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        """Show the page in a frame."""
        allowed = "allow-scripts allow-downloads"
        source = html.escape(self.html, quote=True)
        return f'<iframe sandbox="{allowed}" width="100%" height="860" title="Explorer" srcdoc="{source}"></iframe>'

    def write(self, path: str | Path) -> None:
        """Write the page as one file, which opens from disk and asks nothing of a network."""
        write_text(Path(path), self.html)


@typed
def explore(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | None = None,
    years: Iterable[float] | None = None,
    levels: Mapping[str, str | float | Sequence[str | float]] | None = None,
    seed: int = 0,
) -> Explorer:
    """Return a page that runs a model in the browser, with a slider for each uncertain input.

    The functions of the model are traced once into a list of array operations, which the page runs on the same Sobol'
    points as `draw`: what it shows after a slider was moved, Python computes to the last digit shown.

    Parameters
    ----------
    priors : Priors
        A distribution for each input of the model.
    model : Model, optional
        The shipped cluster model by default.
    outputs : iterable of str, optional
        Quantities that the reader can ask about, the first one shown first; the first three of the headline by default.
    years : iterable of float, optional
        Increasing years; 2024 to 2034 by default.
    levels : mapping of str to one or several, optional
        Thresholds of outputs whose chances are shown, as in ``{"training_cluster_power": ["10 GW", "100 GW"]}``.
    seed : int, optional
        Seed of the Sobol' points.

    Returns
    -------
    Explorer
        With ``write(path)``; shows itself in a notebook.

    Raises
    ------
    InputError
        If a quantity cannot be traced; the message names it and the reason.

    Examples
    --------
    >>> @cc.quantity("USD")
    ... def cost(size, price):
    ...     return size * price
    >>> priors = cc.Priors(size=cc.to(10, 20), price=cc.to(1, 3, unit="USD"))
    >>> page = cc.explore(priors, model=cc.Model([cost]))
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    world = World(checked_priors(priors), priors.about.title or priors.name)
    model, years, given = model or cluster_model(), YEARS[2:] if years is None else years, levels or {}
    asked = {n: own if isinstance(own, Iterable) and not isinstance(own, str) else [own] for n, own in given.items()}
    model.asked(asked)
    return Explorer(page_of({**explorer_data([world], model, outputs, years, asked, seed), "observed": []}))


def page_of(data: Mapping[str, Any]) -> str:
    """Return the page of some data: one file, whose policy allows its own script and style and nothing else."""
    parts = []
    for name in _PARTS:
        # Each file is a function of its own, whose exports the next ones take.
        source = (_SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
        body = re.sub(r"^export ", "", _IMPORT.sub(r"const {\1} = from_\2;", source), flags=re.MULTILINE)
        exported = ", ".join(_EXPORT.findall(source))
        parts.append(f"const from_{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();")
    script = "\n".join(parts)
    style = (_SCRIPTS / "style.css").read_text(encoding="utf-8")
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    # What the content security policy knows its own texts by.
    digests = [base64.b64encode(hashlib.sha256(own.encode()).digest()).decode() for own in (script, style)]
    return render("explorer.html", title=data["title"], data=text, code=script, css=style, digests=digests)
