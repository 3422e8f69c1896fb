"""Layer-sequential unit variance: orthogonal weights scaled on data until every layer's output has variance 1.

Mishkin and Matas 2016, algorithm 1: layer by layer from the input on, W ← W / √Var(a) over units and examples.
"""

from math import isfinite, sqrt

import numpy as np

from engine.backend import Array
from engine.layers.dense import Dense
from engine.network import Network

EXAMPLES = 512
CLOSE = 1e-3  # |variance - 1|: the paper stops at 0.1, which saves nothing here
ROUNDS = 10


def draw_weights(network: Network, seed: int, rows: Array) -> None:
    """Draws every parameter; layers that say `lsuv` are then scaled on prepared `rows` (N, features + 1)."""
    parameters = network.parameters_
    parameters.initialize(seed)
    layers = network.structure.layers
    nodes = [node for node in network.structure.order if _wants_scale(layers[node])]
    if not nodes:
        return
    plan = network.plan(min(len(rows), EXAMPLES), "predict")
    plan.fill(rows[:EXAMPLES])
    with np.errstate(all="ignore"):
        for node in nodes:
            weight = parameters.weights(parameters.values, node)
            for _ in range(ROUNDS):
                plan.run_forward()
                a = plan.vars[node].value.astype("float64")
                centred = a - a.sum() / a.size
                variance = float((centred * centred).sum().item()) / a.size
                if not (isfinite(variance) and variance > 0) or abs(variance - 1) < CLOSE:
                    break
                weight[...] = weight * (1 / sqrt(variance))


def _wants_scale(layer: object) -> bool:
    return isinstance(layer, Dense) and layer.init == "lsuv"
