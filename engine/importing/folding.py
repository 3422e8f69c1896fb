"""A constant factor or term behind a layer that has such numbers itself becomes part of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backend import Array
from engine.data.preprocess import PREFIX, buffers
from engine.importing.call import Call
from engine.importing.draft import Draft, ones, zeros
from engine.importing.values import Value
from engine.layers.base import Shape
from engine.layers.convolution import Conv1d, Conv2d
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from engine.layers.pooling import AvgPool2d, Pooling, Subsampling


def folded(call: Call, value: Value, scale: Array | None, shift: Array | None, divides: bool) -> bool:
    """Whether the layer took the numbers, which stand along `value.factors`; nothing else may take it."""
    draft, node = call.draft, value.node
    if not value.alone or draft.taken(node) or node in draft.held:
        return False
    take = _FOLDS.get(type(draft.layers[node]))
    if take is None:
        return False
    sizes = tuple(factor.size for factor in value.factors)
    own_mean = call.op.kind == "Sub" and call.op.input(1) == f"{PREFIX}mean"
    return take(_Fold(draft, node, sizes, scale, shift, divides, own_mean))


class _Fold:
    """What is to be taken, as one number for each part of the layer's output."""

    def __init__(
        self,
        draft: Draft,
        node: str,
        sizes: Shape,
        scale: Array | None,
        shift: Array | None,
        divides: bool,
        own_mean: bool,
    ) -> None:
        self.draft, self.node, self.sizes = draft, node, sizes
        self.own_mean = own_mean  # the mean that netviz has written, which may differ from number to number
        self.scale, self.shift, self.divides = scale, shift, divides

    def by(self, shape: Shape) -> tuple[Array | None, Array | None] | None:
        """Scale and shift in `shape`, which is the layer's own with 1 where numbers are alike; None if they are not."""
        made: list[Array | None] = []
        for array in (self.scale, self.shift):
            if array is None:
                made.append(None)
                continue
            full = np.broadcast_to(array, self.sizes).reshape(self.draft.shapes[self.node])
            part = full[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]
            if not np.array_equal(np.broadcast_to(part, full.shape), full, equal_nan=True):
                return None
            made.append(part)
        return made[0], made[1]

    def factors(self, scale: Array) -> Array:
        return 1 / scale if self.divides else scale


def _by_last(fold: _Fold) -> bool:
    """Dense, or a convolution along a sequence: units are the last axis."""
    shape = fold.draft.shapes[fold.node]
    return _weights(fold, (*(1 for _ in shape[:-1]), shape[-1]))


def _by_first(fold: _Fold) -> bool:
    shape = fold.draft.shapes[fold.node]
    return _weights(fold, (shape[0], *(1 for _ in shape[1:])))


def _weights(fold: _Fold, alike: Shape) -> bool:
    found = fold.by(alike)
    if found is None:
        return False
    draft, node = fold.draft, fold.node
    scale, shift = found
    weight, bias = draft.weights[f"{node}.weight"], draft.weights.get(f"{node}.bias")
    if scale is not None:
        factor = fold.factors(scale).reshape(-1)
        draft.weights[f"{node}.weight"] = (weight * factor.reshape(-1, *(1 for _ in weight.shape[1:]))).astype(
            weight.dtype
        )
        if bias is not None:
            bias = (bias * factor).astype(bias.dtype)
        draft.owners = {name: owner for name, owner in draft.owners.items() if owner[0] != node}
    if shift is not None:
        term = shift.reshape(-1)
        bias = (term if bias is None else bias + term).astype(weight.dtype)
    if bias is not None:
        draft.weights[f"{node}.bias"] = bias
        draft.change(node, bias=True)
    return True


def _scale_and_shift(fold: _Fold, alike: Shape, shape: Shape) -> bool:
    """Norms and subsampling: w x̂ + b."""
    found = fold.by(alike)
    if found is None:
        return False
    draft, node = fold.draft, fold.node
    scale, shift = found
    weight, bias = draft.weights[f"{node}.weight"], draft.weights[f"{node}.bias"]
    if scale is not None:
        factor = fold.factors(scale).reshape(shape)
        weight, bias = weight * factor, bias * factor
    if shift is not None:
        bias = bias + shift.reshape(shape)
    draft.weights[f"{node}.weight"] = weight.astype(np.result_type(weight.dtype, np.float32))
    draft.weights[f"{node}.bias"] = bias.astype(np.result_type(bias.dtype, np.float32))
    return True


def _norm_by_feature(fold: _Fold) -> bool:
    shape = fold.draft.shapes[fold.node]
    return _scale_and_shift(fold, (shape[0], *(1 for _ in shape[1:])), (shape[0],))


def _norm_of_all(fold: _Fold) -> bool:
    shape = fold.draft.shapes[fold.node]
    return _scale_and_shift(fold, shape, shape)


def _instance(fold: _Fold) -> bool:
    """A norm of maps with numbers of its own is one of groups of one map."""
    shape = fold.draft.shapes[fold.node]
    if fold.by((shape[0], 1, 1)) is None:
        return False
    draft, node = fold.draft, fold.node
    made = draft.layers[node].to_json()
    return _as_another(fold, "group_norm", {"groups": shape[0], "eps": made.get("eps", 1e-5)}) and _norm_by_feature(
        fold
    )


def _mean(fold: _Fold) -> bool:
    """A mean with a coefficient and a bias for each map is a subsampling."""
    shape = fold.draft.shapes[fold.node]
    layer = fold.draft.layers[fold.node]
    assert isinstance(layer, AvgPool2d)
    if fold.by((shape[0], 1, 1)) is None or not (layer.count_include_pad or layer.padding in (0, (0, 0))):
        return False
    made = {name: value for name, value in layer.to_json().items() if name in Pooling.__struct_fields__}
    return _as_another(fold, "subsampling", made) and _norm_by_feature(fold)


def _as_another(fold: _Fold, kind: str, fields: dict[str, Any]) -> bool:
    """Puts a layer with scale 1 and shift 0 in the place of one that has none."""
    draft, node = fold.draft, fold.node
    draft.become(node, kind, **fields)
    count = draft.shapes[node][0]
    draft.weights[f"{node}.weight"], draft.weights[f"{node}.bias"] = ones(count), zeros(count)
    return True


def _prepare(fold: _Fold) -> bool:
    """At the input: (x - mean) / scale, by feature; netviz does so to raw examples before the network."""
    draft, layer = fold.draft, fold.draft.layers[fold.node]
    shape = draft.shapes[fold.node]
    if not isinstance(layer, Input) or layer.columns is not None or len(draft.layers) > 1 or "matrix" in draft.prepared:
        return False
    alike = buffers("center", shape)["mean"]
    found = fold.by(alike)
    if found is None and fold.own_mean:
        alike, found = shape, fold.by(shape)
    if found is None or draft.prepared.get("mean", np.zeros(alike)).shape != alike:
        return False
    scale, shift = found
    mean, spread = draft.prepared.get("mean", np.zeros(alike)), draft.prepared.get("scale")
    if scale is not None:
        scale = scale.astype(np.float64)
        if not fold.divides and not scale.all():
            return False
        before = np.ones(alike) if spread is None else spread
        spread = before * scale if fold.divides else before / scale
    if shift is not None:
        mean = mean - shift.astype(np.float64) * (1.0 if spread is None else spread)
    draft.prepared["mean"] = np.broadcast_to(mean, alike)
    if spread is not None:
        draft.prepared["scale"] = np.broadcast_to(spread, alike)
    return True


_FOLDS: dict[type, Callable[[_Fold], bool]] = {
    Dense: _by_last,
    Conv1d: _by_last,
    Conv2d: _by_first,
    Subsampling: _norm_by_feature,
    BatchNorm: _norm_by_feature,
    GroupNorm: _norm_by_feature,
    LayerNorm: _norm_of_all,
    InstanceNorm: _instance,
    AvgPool2d: _mean,
    Input: _prepare,
}
