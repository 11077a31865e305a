"""The explorer: one page that runs a model in the reader's browser, with a slider for each uncertain input."""

import base64
import contextlib
import dataclasses
import hashlib
import html
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from clustercast import __version__
from clustercast.arrays import FloatArray, Names
from clustercast.arrays.families import inversion
from clustercast.arrays.families.metalog import bounded, unbounded
from clustercast.arrays.points.designs import check_columns
from clustercast.arrays.points.sobol_sequence import scrambled_column
from clustercast.conditioning.tree import entry_of
from clustercast.dataset import design_of, input_arrays
from clustercast.engine.model import Model, change_of, with_changes
from clustercast.engine.operations import NotFiniteError
from clustercast.engine.program import program
from clustercast.engine.trace import trace
from clustercast.engine.units import factor, in_unit
from clustercast.errors import InputError, typed
from clustercast.files.dates import end_of
from clustercast.files.toml import toml_value
from clustercast.files.whole import write_text
from clustercast.priors.families import PERT, Beta, Discrete, Family, Fixed, LogNormal, Metalog, Normal, Uniform
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.report.findings import PHRASES, key_year, subject_and_verb
from clustercast.report.numbers import in_a_sentence, is_share, label_of
from clustercast.report.wording import render
from clustercast.sampling import draw
from clustercast.streaming.sobol import run_sobol

_SCRIPTS = Path(__file__).with_name("explorer")
_PARTS = "points quantiles summaries functions program engine answers words charts export widgets page".split()
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.MULTILINE)
# The largest sample that the page draws, in bits of the index of a point.
INDEX_BITS = 14
# Base points of the total indices, by which the page chooses its sliders, and how many of them it is given.
_BASE_POINTS, _RANKED = 512, 16
Data = dict[str, Any]
Levels = Mapping[str, Sequence[str | float]]
_REACH, _DEGREE, _PRECISION, _MOST_PIECES = 8.3, 31, 2e-13, 64


@dataclasses.dataclass(frozen=True)
class Explorer:
    """A page in which every slider runs the model again; in a notebook it shows itself."""

    html: str = dataclasses.field(repr=False)

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


@dataclasses.dataclass(frozen=True)
class World:
    """Priors that the reader can choose: a prior set, or one under a scenario."""

    priors: Priors
    title: str = ""
    why: str = ""
    # The shipped set and the scenario that the priors were read from, "" where there is none.
    named: tuple[str, str] = ("", "")


def explorer_data(
    worlds: Sequence[World], model: Model, outputs: Names, years: Iterable[float], levels: Levels, seed: int
) -> Data:
    """Return all that the page computes with, as it is written into it."""
    grid = [float(year) for year in year_grid(years)]
    shown = shown_outputs(worlds[0].priors, model, outputs)
    labels = {n: model.declaration(n).labels for n in ("binding_constraint", *model.headline) if n in model}
    labelled = next((name for name, own in labels.items() if own), None)
    wanted = [*shown, *(f"trend_{n}" for n in shown if f"trend_{n}" in model), *([labelled] if labelled else [])]
    sets = [[w.priors for w in worlds if w.named[0] == own] for own in dict.fromkeys(w.named[0] for w in worlds)]
    programs = [_program(own, model, wanted, grid) | _totals(own[0], model, shown, grid, seed) for own in sets]
    pool: dict[str, Data] = {}
    first = worlds[0].priors
    return {
        "version": __version__,
        "title": first.about.title or label_of(shown[0]),
        "years": grid,
        "year": key_year(grid),
        "today": end_of(first.about.as_of) if first.about.as_of else None,
        "seed": seed,
        "asOf": first.about.as_of,
        "currency": first.about.currency,
        "outputs": [_output(model, name, levels.get(name, ()), programs[0]["outputs"][name][1] > 1) for name in shown],
        "holds": None if labelled is None else {"name": labelled, "labels": [*map(str, labels[labelled])]},
        "programs": programs,
        "worlds": _worlds(worlds, {name for program in programs for name in program["names"]}, pool),
        "priors": list(pool.values()),
        "columns": _columns(seed, max(len(world.priors.uncertain) for world in worlds)),
    }


def shown_outputs(priors: Priors, model: Model, outputs: Iterable[str] | None) -> tuple[str, ...]:
    """Return the outputs that the page shows: those named, else the first of the headline that are numbers."""
    headline = [name for name in priors.about.headline if name in model] or list(model.headline)
    named = [n for n in headline if not model.declaration(n).labels][:3] if outputs is None else model.asked(outputs)
    if not named:
        raise InputError("outputs is empty; name at least one quantity of the model")
    if labelled := [name for name in named if model.declaration(name).labels]:
        raise InputError(f"output {labelled[0]!r} is a label; ask about numbers, shares of labels are shown anyway")
    return tuple(named)


def _output(model: Model, name: str, levels: Sequence[str | float], timed: bool) -> Data:
    """Return what the page says of an output."""
    unit = model.unit(name)
    subject, verb = subject_and_verb(name)
    question = f"How large is {in_a_sentence(name)}{' in {}' if timed else ''}?"
    return {
        "name": name,
        **_words(name, unit, model.long_name(name)),
        "subject": subject,
        "verb": verb,
        "question": PHRASES.get(name, {}).get("question", question),
        "levels": [[str(level).replace("/year", " a year"), in_unit(level, unit, "level")] for level in levels],
    }


def _words(name: str, unit: str, meaning: str) -> Data:
    """Return how the page says what a number is."""
    shown = {"label": label_of(name), "share": is_share(name), "meaning": meaning}
    return {**shown, "unit": unit, "factor": factor(unit)}


def _program(priors: Sequence[Priors], model: Model, outputs: Sequence[str], years: Sequence[float]) -> Data:
    """Return one program for all priors, as program.js takes it, with place and number of each output's results."""
    for each in priors:
        with_changes(model, each).check_inputs(each, outputs)
    changed = with_changes(model, {name for each in priors for name in each})
    values: dict[str, FloatArray] = {}
    for name in changed.inputs(outputs):
        # What differs between the priors stays an input, as what is uncertain and switches do.
        result = [each[name] for each in priors if name in each]
        constants = {prior.value * factor(prior.unit) if isinstance(prior, Fixed) else math.nan for prior in result}
        is_switch = name in priors[0].declared and priors[0].declared[name].switch
        is_free = is_switch or len(constants) > 1 or math.isnan(next(iter(constants)))
        values[name] = np.ones(1) if is_free or change_of(name) else np.asarray(constants.pop())
    traced = trace(changed, values, outputs, years)
    names = sorted({name for name, _ in traced.operations})
    rows = [traced.outputs[output] for output in outputs]
    starts = itertools.accumulate(map(len, rows), initial=0)
    return {
        "names": list(traced.inputs),
        "aliases": {name: change[0] for name in traced.inputs if (change := change_of(name))},
        "outputs": {name: [start, len(row)] for name, start, row in zip(outputs, starts, rows, strict=False)},
        "code": {
            "inputs": len(traced.inputs),
            "constants": [value if math.isfinite(value) else str(value) for value in traced.constants],
            "names": names,
            "operations": [[names.index(name), *arguments] for name, arguments in traced.operations],
            "results": [number for row in rows for number in row],
        },
    }


def _totals(priors: Priors, model: Model, outputs: Sequence[str], years: Sequence[float], seed: int) -> Data:
    """Return the largest total indices on each output, by year; correlated inputs have that of their group."""
    with contextlib.suppress(NotFiniteError):
        # What any run refuses, as wrong units; of results that are not finite the page says how many there are.
        program(with_changes(model, priors), *input_arrays(draw(priors, 256, seed=seed)), outputs, years)
    try:
        indices = run_sobol(priors, model=model, outputs=outputs, years=years, size=_BASE_POINTS, seed=seed)
    except InputError:
        # Nothing varies, or not on every draw: the page goes by its own first-order indices.
        return {"totals": {}}
    groups = design_of(indices).get("correlated_groups", {})
    members = [groups.get(name, [name]) for name in indices["input"].values.tolist()]

    def largest(row: FloatArray) -> dict[str, float]:
        order = [place for place in np.argsort(-row)[:_RANKED] if row[place] > 0]
        return {name: round(float(row[place]), 4) for place in order for name in members[place]}

    totals = {name: np.nan_to_num(indices["ST"].sel(output=name).values).reshape(-1, len(members)) for name in outputs}
    return {"totals": {name: [largest(row) for row in rows] for name, rows in totals.items()}}


def _worlds(worlds: Sequence[World], used: set[str], pool: dict[str, Data]) -> list[Data]:
    """Return worlds, each but the first of its set with only what differs from that; their priors go to the pool."""
    firsts: dict[str, tuple[int, Data]] = {}
    written = []
    for number, (world, priors) in enumerate((world, world.priors) for world in worlds):
        inputs = {}
        for name in (name for name in priors if name in used):
            key = f"{name} {priors[name]!r}"
            inputs[name] = pool.setdefault(key, {"id": len(pool), **_prior(priors, name)})["id"]
        matrix = priors.correlation_matrix if priors.correlations else np.eye(0)
        places = {name: place for place, name in enumerate(priors.correlated)}
        whole: dict[str, Any] = {
            "title": world.title,
            "why": world.why,
            "set": world.named[0],
            "scenario": world.named[1],
            "inputs": inputs,
            "order": list(priors.uncertain),
            "correlations": [[a, b, matrix[places[a], places[b]]] for a, b in (c.between for c in priors.correlations)],
        }
        over, first = firsts.setdefault(world.named[0], (number, whole))
        whole["program"] = [*firsts].index(world.named[0])
        if whole is not first:
            own = {name: place for name, place in inputs.items() if first["inputs"].get(name) != place}
            gone = [name for name in first["inputs"] if name not in inputs]
            same = {key: None for key in ("order", "correlations") if whole[key] == first[key]}
            whole = {**whole, "over": over, "inputs": own, "gone": gone, **same}
        written.append(whole)
    return written


def _prior(priors: Priors, name: str) -> Data:
    """Return a prior as the page shows it and computes its quantiles."""
    prior, declared = priors[name], priors.declared.get(name)
    texts = {"source": prior.source, "asOf": prior.as_of, "note": prior.note}
    return {
        **quantile_data(prior),
        **_words(name, prior.unit, declared.meaning if declared else ""),
        "bounds": [end if math.isfinite(end) else None for end in declared.bounds] if declared else None,
        **{key: True for key in ("switch", "growth") if declared and getattr(declared, key)},
        **{key: text for key, text in texts.items() if text},
        "toml": toml_of(prior),
    }


def quantile_data(prior: Family) -> Data:
    """Return the quantile function of a prior as quantiles.js takes it: closed, or a table of normal scores."""
    if isinstance(prior, Fixed):
        return {"kind": "fixed", "value": prior.value}
    if isinstance(prior, Discrete):
        sums = np.cumsum(prior.weights)
        return {"kind": "discrete", "values": list(prior.values), "sums": (sums / sums[-1]).tolist()}
    ends = {"ends": [end if math.isfinite(end) else None for end in prior.support]}
    if isinstance(prior, Normal):
        return {"kind": "line", **ends, "location": prior.mean, "scale": prior.sd}
    if isinstance(prior, LogNormal):
        return {"kind": "line", **ends, "location": prior.mu, "scale": prior.sigma}
    if isinstance(prior, Metalog):
        return {"kind": "metalog", **ends, "coefficients": list(prior.coefficients)}
    if isinstance(prior, Uniform):
        return {"kind": "metalog", **ends, "coefficients": [0.0, 1.0]}
    return {"kind": "table", **ends, **_table(prior)}


def _table(prior: Family) -> Data:
    """Return Chebyshev series of a quantile function on its own scale, by pieces of the normal score."""
    ends = prior.support
    if isinstance(prior, Beta | PERT):
        scale: Callable[[FloatArray], FloatArray] = inversion.beta_logit(*prior.shapes)
    else:

        def scale(z: FloatArray) -> FloatArray:
            x = np.clip(prior.quantile_from_normal_score(z), *np.nextafter(ends, (math.inf, -math.inf)))
            return unbounded(x, *ends)

    angles = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    checks = np.linspace(-1.0, 1.0, 2 * _DEGREE + 3)
    # Far below what the distribution is wide, the digits of a number do not matter.
    least = 1e-3 * np.ptp(prior.quantile([0.05, 0.95]))
    todo = [(-_REACH, _REACH)]
    done: list[tuple[float, float, FloatArray]] = []
    while todo:
        low, high = todo.pop(0)
        middle, half = (low + high) / 2, (high - low) / 2
        series: FloatArray = np.asarray(chebyshev.chebfit(angles, scale(middle + half * angles), _DEGREE))
        truth = bounded(scale(middle + half * checks), *ends)
        error = np.abs(bounded(np.asarray(chebyshev.chebval(checks, series)), *ends) - truth)
        if (error <= _PRECISION * np.maximum(np.abs(truth), least)).all() or len(todo) + len(done) >= _MOST_PIECES:
            done.append((low, high, series))
        else:
            todo += [(low, middle), (middle, high)]
    done.sort(key=lambda piece: piece[0])
    kept = [chebyshev.chebtrim(series, 1e-17 * np.abs(series).max()).tolist() for _, _, series in done]
    return {"knots": [done[0][0], *(high for _, high, _ in done)], "series": kept}


def toml_of(prior: Family) -> str:
    """Return a family with its parameters as an inline table of TOML, empty where no file can hold it."""
    values = [getattr(prior, field.name) for field in dataclasses.fields(prior) if not field.kw_only]
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return toml_value(entry_of(prior)) if all(isinstance(value, float) for row in rows for value in row) else ""


def _columns(seed: int, count: int) -> list[dict[str, str]]:
    """Return the scrambled steps and the shift of each column of Sobol' points, as hexadecimal digits."""
    check_columns(max(count, 1))
    return [
        {"steps": "".join(f"{int(step):013x}" for step in steps[:INDEX_BITS]), "shift": f"{shift:013x}"}
        for steps, shift in (scrambled_column(seed, column) for column in range(count))
    ]
