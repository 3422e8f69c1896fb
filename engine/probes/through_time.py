"""Recurrent layers step by step: how much gradient comes back to each step, and what gates and states do there.

A gradient norm ‖∂L/∂h_t‖ that falls by orders of magnitude towards the first steps is a vanishing gradient: nothing
that stands there can be learned. One that grows is an exploding one. Forget or update gates near 1 carry it through.
Gates that stay near 0 or 1 decide; a unit is left- or right-saturated for the share of steps at which its gate lies
below 0.1 or above 0.9 (Karpathy, Johnson and Fei-Fei 2015, Visualizing and Understanding Recurrent Networks). A forget
gate that is right-saturated all the time remembers all; gates that are never saturated keep nothing for long.
"""

from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.layers.recurrent.base import Recurrent
from engine.layers.recurrent.sweep import Sweep
from engine.probes.base import Probe
from engine.trainer import Trainer

EXAMPLES = 64  # the first training examples, so that pictures do not jump
UNITS, COLUMNS = 32, 128  # shown of a map; of more steps a column is the mean of some
GATES = frozenset("ifozr")  # from 0 to 1; all others have both signs
BINS = 24
NEAR = 0.1  # of an end of the range: saturated
MOST = 1 << 17  # numbers of a gate that are put into bins; of more, of fewer examples and units


class Spread(msgspec.Struct, frozen=True, eq=False):
    """How a gate's or state's numbers are spread at each step, over units and examples."""

    low: float
    high: float
    counts: Any  # int64 (BINS, columns), the lowest bin first
    lost: int  # what is no finite number
    examples: int  # looked at: the first ones
    every: int  # of so many units one
    left: Any | None  # float32 (units looked at): the share of steps and examples near `low`; None of what has no ends
    right: Any | None  # near `high`


class TimeMap(msgspec.Struct, frozen=True, eq=False):
    """A gate or state, the mean over the examples: a row a unit, a column a step or the mean of several."""

    name: str  # as in the layer's equations
    is_gate: bool  # from 0, shut, to 1, open
    values: Any  # float32 (units shown, columns)
    mean: float  # over all units, steps and examples
    spread: Spread


class SweepInTime(msgspec.Struct, frozen=True, eq=False):
    """One direction of one layer. `gradient` is the length of ∂L/∂h_t over units and examples, for every step."""

    node: str
    layer: int  # in the node's stack, from 0
    backwards: bool
    units: int
    gradient: Any  # float64 (T,)
    maps: tuple[TimeMap, ...]


class ThroughTimeAnswer(msgspec.Struct, frozen=True, eq=False, tag="through_time"):
    sweeps: tuple[SweepInTime, ...]  # from input to output
    steps: int  # of the longest; 0 where no layer is recurrent
    block: int  # steps that a column of a map stands for; the last may stand for fewer
    examples: int


class ThroughTime(Probe, frozen=True, tag="through_time"):
    """One forward and one backward pass over the first training examples, in training mode, of the loss alone.

    `detail` below 1 takes fewer of them, as do sequences so long that all would take too much memory.
    """

    def measure(self, trainer: Trainer, detail: float = 1.0) -> ThroughTimeAnswer:
        network = trainer.network
        layers = network.structure.layers
        recurrent = [node for node in network.structure.order if isinstance(layers[node], Recurrent)]
        if not recurrent:
            return ThroughTimeAnswer((), 0, 1, 0)
        rows, targets, _ = trainer.first_rows(max(1, min(round(EXAMPLES * detail), network.most_at_once)))
        plan = network.plan(len(rows), "train")
        plan.fill(rows, targets.T)
        with np.errstate(all="ignore"), trainer.parameters.undisturbed():
            plan.run_forward()
            plan.run_backward()
            sweeps = [
                (node, i, sweep) for node in recurrent for i, stack in enumerate(plan.inside[node]) for sweep in stack
            ]
            steps = max(sweep.steps for _, _, sweep in sweeps)
            block = -(-steps // COLUMNS)
            found = tuple(_in_time(trainer.backend, node, i, sweep, block) for node, i, sweep in sweeps)
        return ThroughTimeAnswer(found, steps, block, len(rows))


def _in_time(backend: Backend, node: str, layer: int, sweep: Sweep, block: int) -> SweepInTime:
    delta = sweep.delta.astype("float64")
    gradient = backend.xp.sqrt((delta * delta).sum(axis=(1, 2)))
    maps = tuple(
        _map(backend, name, values, block, name not in sweep.unbounded) for name, values in sweep.shown().items()
    )
    return SweepInTime(node, layer, sweep.order.step < 0, sweep.units, backend.to_host(gradient), maps)


def _map(backend: Backend, name: str, values: Array, block: int, bounded: bool) -> TimeMap:
    means = backend.to_host(values.mean(axis=1, dtype="float64"))  # (T, units)
    starts = np.arange(0, len(means), block)
    sums = np.add.reduceat(means[:, :UNITS], starts, axis=0)
    columns = sums / np.minimum(block, len(means) - starts)[:, None]
    shown = np.ascontiguousarray(columns.T, np.float32)
    return TimeMap(name, name in GATES, shown, float(means.mean()), _spread(backend, name, values, block, bounded))


def _spread(backend: Backend, name: str, values: Array, block: int, bounded: bool) -> Spread:
    """In even bins: of a gate from 0 to 1, of what tanh bounds from -1 to 1, of others as far as they go."""
    steps, count, units = values.shape
    examples = max(1, min(count, MOST // (steps * units)))
    every = -(-steps * units // MOST)
    some = backend.to_host(values[:, :examples, ::every]).astype(np.float64)
    known = np.isfinite(some)
    low, high = (0.0, 1.0) if name in GATES else (-1.0, 1.0)
    if not bounded:
        reach = max(1.0, float(np.abs(some[known]).max(initial=0.0)))
        low, high = -reach, reach
    bins = np.clip((np.where(known, some, low) - low) / (high - low) * BINS, 0, BINS - 1).astype(np.int64)
    columns = -(-steps // block)
    at = bins * columns + (np.arange(steps) // block)[:, None, None]
    counts = np.bincount(at[known], minlength=BINS * columns).reshape(BINS, columns)
    left = right = None
    if bounded:
        left, right = (near.mean(axis=(0, 1)).astype(np.float32) for near in (some < low + NEAR, some > high - NEAR))
    return Spread(low, high, counts, int((~known).sum()), examples, every, left, right)
