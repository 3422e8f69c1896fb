"""The examples as a layer sees them: apart where it has pulled the classes apart, on one spot where it has collapsed.

Of two units the very plane, of more the plane of the two principal axes. For networks on two inputs the lines of a
grid over the input plane are bent with it (Olah 2014, Neural Networks, Manifolds, and Topology): a layer that folds
or tears the plane cannot be undone by the next ones.
"""

from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.probes.base import Probe
from engine.probes.boundary import plane
from engine.probes.principal import principal
from engine.probes.walked import affordable, colours, walked
from engine.trainer import Trainer

INPUT = ""  # stands for what comes in, as the first layer takes it
EXAMPLES, HELD = 400, 150  # of the training part, and of the validation part
LINES = 13  # of the grid, each way
ALONG = 33  # places on a line, at most
FEWEST_ALONG = 9
MOST_LAYERS = 25  # in one answer
MOST_UNITS = 4096  # of a layer; of more, every n-th


class LayerView(msgspec.Struct, frozen=True, eq=False):
    """One layer's outputs as places on a plane: of up to two units those themselves (`exact`), else principal axes.

    The axes are of the training examples; validation examples and grid are laid into the same plane.
    """

    node: str
    units: int
    looked_at: int  # how many of them
    exact: bool
    points: Any  # (n, 2) float32
    points_val: Any
    lines: Any | None  # (2 × LINES, places, 2) float32: first the lines of equal x₁; None for other than two inputs
    shares: tuple[float, float]  # of the variance, along the two axes; NaN where all examples lie on one spot
    dimensions: float  # participation ratio of the variances: how many directions are filled
    lost: int  # training examples with an output that is no finite number


class RepresentationAnswer(msgspec.Struct, frozen=True, eq=False, tag="representation"):
    layers: tuple[LayerView, ...]
    y: Any  # (n,) float32: classes (known, be they learnt or not), or the first target
    y_val: Any
    classes: int | None
    names: tuple[str, ...]  # of the classes, where the data say them
    counts: tuple[int, int]  # how many examples the parts have
    left_out: int  # layers that were asked for and have no room in the answer


class Representation(Probe, frozen=True, tag="representation"):
    """The first examples in the layers `nodes`, in inference mode; of every layer, the input first, where it is None.

    Nodes that a network does not have are passed over.
    """

    nodes: tuple[str, ...] | None = None

    def measure(self, trainer: Trainer, detail: float = 1.0) -> RepresentationAnswer:
        network = trainer.network
        bends = trainer.reach is not None
        share = EXAMPLES / (EXAMPLES + HELD)
        room = affordable(trainer, round((EXAMPLES + HELD) * detail))
        places = grid_lines(trainer, along(affordable(trainer, round(2 * LINES * ALONG * detail)))) if bends else None
        seen = walked(
            trainer,
            max(2, round(room * share)),
            round(room * (1 - share)),
            None if places is None else places.reshape(-1, 2),
        )
        every = (INPUT, *network.structure.drawn)
        asked = every if self.nodes is None else tuple(node for node in dict.fromkeys(self.nodes) if node in every)
        shown = _some(asked)
        shape = None if places is None else places.shape
        with np.errstate(all="ignore"):
            layers = tuple(
                _view(
                    trainer.backend,
                    node,
                    seen.plan.rows.T[:-1] if node == INPUT else seen.plan.vars[node].value,
                    seen.training,
                    seen.validation,
                    shape,
                )
                for node in shown
            )
        y, y_val, classes = colours(trainer, seen)
        names = trainer.project.summary().class_names
        return RepresentationAnswer(layers, y, y_val, classes, names, seen.counts, len(asked) - len(shown))


def along(room: int) -> int:
    """Places on each line where so many may be walked through in all."""
    return max(FEWEST_ALONG, min(ALONG, room // (2 * LINES)))


def grid_lines(trainer: Trainer, places: int) -> Array:
    """The lines of equal x₁, then those of equal x₂, over the decision's plane: (2 × LINES, places, 2), raw."""
    left, right, low, high = plane(trainer)
    across, up = np.linspace(left, right, LINES), np.linspace(low, high, LINES)
    fine_across, fine_up = np.linspace(left, right, places), np.linspace(low, high, places)
    upright = np.stack(np.broadcast_arrays(across[:, None], fine_up[None]), axis=2)
    level = np.stack(np.broadcast_arrays(fine_across[None], up[:, None]), axis=2)
    made: Array = np.concatenate([upright, level])
    return made


def _some(nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Of more than there is room for, some evenly from the first to the last."""
    if len(nodes) <= MOST_LAYERS:
        return nodes
    return tuple(nodes[i] for i in np.linspace(0, len(nodes) - 1, MOST_LAYERS).round().astype(int))


def _view(
    backend: Backend, node: str, values: Array, training: int, validation: int, shape: tuple[int, ...] | None
) -> LayerView:
    units = values.shape[0]
    values = values[:: -(-units // MOST_UNITS)]
    axes = principal(backend, values[:, :training])
    exact = units <= 2
    if exact:
        host = backend.to_host(values).T
        placed = host if units == 2 else np.column_stack([host, host * 0])
        known = placed[:training][np.isfinite(placed[:training]).all(axis=1)].astype(np.float64)
        spread = known.var(axis=0) if len(known) else np.zeros(2)
        whole = float(spread.sum())
        shares = tuple(float(v) / whole if whole else float("nan") for v in spread)
    else:
        placed, shares = backend.to_host(axes.places(values)), axes.shares
    placed = placed.astype(np.float32)
    points, held = placed[:training], placed[training : training + validation]
    lines = None if shape is None else placed[training + validation :].reshape(shape)
    lost = int((~backend.to_host(backend.xp.isfinite(values[:, :training]).all(axis=0))).sum())
    return LayerView(
        node, units, values.shape[0], exact, points, held, lines, (shares[0], shares[1]), axes.dimensions, lost
    )
