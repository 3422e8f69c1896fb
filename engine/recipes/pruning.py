"""Lottery tickets: prune what is small, rewind the rest to the first weights, train again (Frankle and Carbin 2019)."""

from collections.abc import Mapping

import numpy as np

from engine.backend import Array


def prune(
    trained: Mapping[str, Array], share: float, initial: Mapping[str, Array] | None = None, per_layer: bool = False
) -> dict[str, Array]:
    """The weights with the `share` that is smallest in magnitude set to 0, over all layers or in each of them.

    What survives, and all that is never pruned (biases, norms, buffers), comes from `trained`, or is rewound to
    `initial`. Weights that are zero already count among the smallest. ValueError where the two do not fit.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share: expected a number from 0 to below 1, got {share:g}")
    source = trained if initial is None else _rewound(trained, initial)
    # By name: a weights file has its tensors in any order.
    weights = {name: np.abs(array) for name, array in sorted(trained.items()) if is_pruned(name, array)}
    if not weights:
        raise ValueError("there are no weights to prune, expected a matrix called NODE.weight")
    kept = {name: np.array(source[name]) for name in sorted(source)}
    groups = [[name] for name in weights] if per_layer else [list(weights)]
    for group in groups:
        sizes = np.concatenate([weights[name].ravel() for name in group])
        mask = np.ones(len(sizes), bool)
        # A stable order, so that of equal weights those that come first go.
        mask[np.argsort(sizes, kind="stable")[: round(share * len(sizes))]] = False
        start = 0
        for name in group:
            part = mask[start : (start := start + weights[name].size)]
            kept[name][~part.reshape(weights[name].shape)] = 0
    return kept


def is_pruned(name: str, array: Array) -> bool:
    """Whether it is a weight between units: the weights of norms and PReLUs, which scale, are vectors.

    A recurrent layer has several, called weight_ih_l0 and so on.
    """
    return name.rpartition(".")[2].startswith("weight") and array.ndim > 1


def _rewound(trained: Mapping[str, Array], initial: Mapping[str, Array]) -> Mapping[str, Array]:
    missing = next((name for name in trained if name not in initial), None)
    if missing is not None:
        raise ValueError(f"{missing}: is not among the weights to rewind to")
    for name, array in trained.items():
        if initial[name].shape != array.shape:
            raise ValueError(f"{name}: has shape {array.shape}, the one to rewind to {initial[name].shape}")
    return {name: initial[name] for name in trained}
