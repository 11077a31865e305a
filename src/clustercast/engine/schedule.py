"""From a model, outputs and dates to the operations of a run."""

import graphlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.engine.fingerprint import called
from clustercast.engine.model import Model
from clustercast.engine.operations import Argument, Compute, Loop, Operation, Position, Read, Require, Step
from clustercast.engine.wiring import PREVIOUS_YEAR, YEAR, Definition, Need, constant, reachable
from clustercast.errors import InputError

# Of a date, in years: by how much it may lie before the first node and is on it.
ROUNDING = 1e-9


class Place(NamedTuple):
    """Dates at which quantities are computed; before the first node each node quantity is given by its past."""

    dates: tuple[float, ...]
    early: bool = False


TIMELESS = Place(())
Item = tuple[str, Place]


@dataclass
class Builder:
    """Writes the operations of a run, each after what it needs."""

    # What depends on no date is computed once; node quantities on the nodes, in loops where they depend on their past,
    # and read between nodes from the first one on. The rest is computed from that.
    model: Model
    start: float
    lags: Mapping[str, float]
    operations: list[Operation] = field(default_factory=list)
    given: dict[str, FloatArray] = field(default_factory=dict)
    on_nodes: Place = TIMELESS
    _keys: dict[Item, str] = field(default_factory=dict)
    _labels: dict[Place, int] = field(default_factory=dict)

    def key(self, name: str, place: Place) -> str:
        """Return the key of a name at a place, after writing what computes it; chains may be of any length."""
        wanted = self._item(name, place)
        stack = [wanted]
        # Names that are being written before the first node, where all are written alike, whatever the dates.
        past: set[str] = set()
        while stack:
            item = stack[-1]
            if item in self._keys:
                stack.pop()
                continue
            missing = [other for other in self._needed(*item) if other not in self._keys]
            if not missing:
                self._keys[item] = self._written(*item)
                past.discard(item[0])
            elif item[0] in past:
                what = f"the past of {item[0]!r} has no beginning: each of its values takes an earlier one"
                raise InputError(f"{what}; give it between= and before=, its value before the first node")
            else:
                past.update([item[0]] if item[1].early else [])
                stack.extend(missing)
        return self._keys[wanted]

    def _item(self, name: str, place: Place) -> Item:
        return name, TIMELESS if self.model.wiring.timeless(name) else place

    def _needed(self, name: str, place: Place) -> list[Item]:
        """Return what has to be written before a name at a place."""
        if (definition := self.model.wiring.definition(name)) is None:
            return []
        if definition.between and place != TIMELESS:
            before = definition.declaration.before
            if place.early and isinstance(before, str):
                return [self._item(before, place)]
            if not place.early or before is not None or definition.steps:
                return []
        placed = [(need, self._shifted(need, place)) for need in definition.needs]
        # A lagged argument that is read from the nodes alone has no dates of its own.
        return [self._item(need.name, at) for need, at in placed if need.kind == "now" or place.early or at.dates]

    def _shifted(self, need: Need, place: Place) -> Place:
        """Return the dates at which an argument is computed: for a lagged one those before the first node."""
        if need.kind == "now":
            return place
        behind = tuple(date - self.lags[need.lag] for date in place.dates)
        return Place(tuple(d for d in behind if place.early or d < self.start - ROUNDING), early=True)

    def _written(self, name: str, place: Place) -> str:
        """Write the operation that computes a name at a place, and return its key."""
        if name == PREVIOUS_YEAR:
            raise InputError("previous_year has a meaning only beside a previous_ value of a quantity")
        if name == YEAR:
            self.given[self._at(YEAR, place)] = np.array(place.dates)[:, np.newaxis]
        if (definition := self.model.wiring.definition(name)) is None:
            return self._at(name, place)
        before, past = definition.declaration.before, definition.between and place.early
        if definition.between and not past and place != TIMELESS:
            return self.read(definition, place, 0.0)
        if past and isinstance(before, str):
            return self.key(before, place)
        if past and before is not None:
            self.operations.append(Compute((), (f"{name}@past",), name, constant(name, float(before), "1")))
            return f"{name}@past"
        if past and definition.steps:
            what = f"{called(definition.function, name)} needs the value of the node before, and there is none"
            remedy = "name a quantity for its past with before=, or ask for later years"
            raise InputError(f"{what} before {self.start:g}; {remedy}")
        return self.computed(definition, place)

    def _at(self, name: str, place: Place) -> str:
        """Return the key of a name at a place."""
        return f"{name}@{self._labels.setdefault(place, len(self._labels))}" if place != TIMELESS else name

    def computed(self, definition: Definition, place: Place) -> str:
        """Write one call on whole arrays."""
        reads = []
        for need in definition.needs:
            if need.kind == "now" or place.early:
                reads.append(self.key(need.name, self._shifted(need, place)))
            else:
                reads.append(self.read(self.model.definition(need.name), place, self.lags[need.lag]))
        key, at_least = self._at(definition.name, place), definition.declaration.at_least
        self.operations.append(Compute(tuple(reads), (key,), definition.name, definition.function, definition.needs))
        if at_least:
            self.operations.append(Require((key, at_least), (), definition.name, definition.arguments))
        return key

    def read(self, definition: Definition, place: Place, lag: float) -> str:
        """Write a node quantity at dates, or a lag before them."""
        assert definition.between
        key = f"{self._at(definition.name, place)} less {lag!r}"
        early, rows, positions = self._behind(definition.name, place.dates, lag)
        nodes = self.key(definition.name, self.on_nodes) if positions else ""
        reads = tuple(each for each in (nodes, early) if each)
        self.operations.append(Read(reads, (key,), nodes, positions, definition.between, early, rows))
        return key

    def _behind(self, name: str, dates: tuple[float, ...], lag: float) -> tuple[str, int, tuple[Position, ...]]:
        """Return where a quantity is found a lag before dates: the key and rows of its past, then places on nodes."""
        behind = [date - lag for date in dates]
        past = tuple(date for date in behind if date < self.start - ROUNDING)
        early = self.key(name, Place(past, early=True)) if past else ""
        return early, len(past), tuple(map(self.position, behind[len(past) :]))

    def position(self, date: float) -> Position:
        """Return where a date lies among the nodes; rounding does not take it off a node."""
        steps = (date - self.start) / self.model.nodes.step
        nearest_node = round(steps)
        if abs(steps - nearest_node) < ROUNDING * max(1.0, abs(steps)):
            return Position(nearest_node, 0.0)
        return Position(math.floor(steps), steps - math.floor(steps))

    def schedule_nodes(self, outputs: Iterable[str], last: float) -> None:
        """Write all node quantities that outputs need, in order, for the nodes up to the one at or after a date."""
        end = self.position(last)
        count = max(1, end.node + (2 if end.part else 1))
        self.on_nodes = Place(tuple(self.start + self.model.nodes.step * node for node in range(count)))
        dated = [name for name in outputs if not self.model.wiring.timeless(name)]
        asked = reachable(dated, lambda name: () if self.model.definition(name).between else self._dated_needs(name))
        roots = [name for name in asked if self.model.definition(name).between]
        needed = {name: self.model.definition(name) for name in reachable(roots, self._dated_needs)}
        names = tuple(needed)
        if names not in self.model.wiring.components:
            within = {name: [need.name for need in each.needs if need.name in needed] for name, each in needed.items()}
            reached = {name: set(reachable([name], within.__getitem__)) for name in needed}
            sets: dict[str, list[str]] = {}
            # What a set needs reaches less than the set itself.
            for name in sorted(needed, key=lambda name: len(reached[name])):
                first = next((other for other in sets if other in reached[name] and name in reached[other]), name)
                sets.setdefault(first, []).append(name)
            self.model.wiring.components[names] = list(sets.values())
        for component in self.model.wiring.components[names]:
            definition = needed[component[0]]
            if len(component) > 1 or definition.steps or any(need.name == definition.name for need in definition.needs):
                self._loop([needed[name] for name in component])
            else:
                self._keys[definition.name, self.on_nodes] = self.computed(definition, self.on_nodes)

    def _dated_needs(self, name: str) -> list[str]:
        """Return the quantities that a quantity takes and that depend on the date."""
        needs = (need.name for need in self.model.definition(name).needs)
        return [other for other in needs if other in self.model and not self.model.wiring.timeless(other)]

    def _loop(self, members: list[Definition]) -> None:
        """Write a loop over nodes."""
        by_name, steps = {member.name: member for member in members}, []
        # By what each needs of the others at the same node: now, or a lag of less than a step before.
        short = {lag for lag, size in self.lags.items() if size < self.model.nodes.step - ROUNDING}
        graph = {
            member.name: [n.name for n in member.needs if n.name in by_name and (n.kind == "now" or n.lag in short)]
            for member in members
        }
        try:
            order = list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            circle, lags = " -> ".join(error.args[1]), ", ".join(f"{lag} = {size:g}" for lag, size in self.lags.items())
            remedy = f"take a previous_ value, or a lag of a step ({self.model.nodes.step:g} years) or more: {lags}"
            raise InputError(f"quantities need each other at one node: {circle}; {remedy}") from None
        for definition in map(by_name.__getitem__, order):
            arguments = tuple(self._step_argument(need, need.name in by_name) for need in definition.needs)
            first = self.key(definition.first, Place((self.start,), early=True)) if definition.first else ""
            key = self._at(definition.name, self.on_nodes)
            steps.append(Step(key, definition.name, definition.function, arguments, first))
            self._keys[definition.name, self.on_nodes] = key
        writes, read = tuple(step.key for step in steps), [step.first for step in steps]
        for argument in (argument for step in steps for argument in step.arguments):
            read += [argument.key, *(early[0] for early in argument.lagged if not isinstance(early, Position))]
        reads = tuple(key for key in dict.fromkeys(read) if key and key not in writes)
        self.operations.append(Loop(reads, writes, tuple(steps), self.on_nodes.dates))

    def _step_argument(self, need: Need, own: bool) -> Argument:
        """Return where a step of a loop finds an argument, which may be a quantity of the loop's own."""
        if need.name in (YEAR, PREVIOUS_YEAR):
            return Argument(need if need.name == YEAR else Need(YEAR, "previous"))
        key = self._at(need.name, self.on_nodes) if own else self.key(need.name, self.on_nodes)
        if need.kind != "lagged":
            return Argument(need, key)
        early, rows, positions = self._behind(need.name, self.on_nodes.dates, self.lags[need.lag])
        lagged: tuple[tuple[str, int] | Position, ...] = (*((early, row) for row in range(rows)), *positions)
        return Argument(need, key, self.model.definition(need.name).between or "linear", lagged)

    def needed(self, outputs: set[str]) -> tuple[Operation, ...]:
        """Return the operations; a loop gives only the rows that an output is or that something reads."""
        kept = outputs.union(*(operation.reads for operation in self.operations))
        return tuple(
            each._replace(writes=tuple(key for key in each.writes if key in kept)) if isinstance(each, Loop) else each
            for each in self.operations
        )
