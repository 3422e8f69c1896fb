"""Layers of a stack whose last states are put together, of which a model then takes only some.

PyTorch writes h[-1] so: the states of all layers one above the other, and one place of them. netviz' layers give
every state or the last one, so what is not taken must not count as taken.
"""

from dataclasses import replace

import numpy as np

from engine.backend import Array
from engine.importing.model import Model, Op

PLACE = "\0place "  # begins a name that no exporter gives
WAYS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def with_own_states(model: Model) -> Model:
    """The model in which each place is taken of the layer that it is of."""
    makers, places = model.makers(), dict[str, Array]()
    ops = tuple(_of_own_layer(op, makers, model, places) for op in model.ops)
    return replace(model, ops=ops, constants={**model.constants, **places})


def _of_own_layer(op: Op, makers: dict[str, Op], model: Model, places: dict[str, Array]) -> Op:
    """The operator; `places` takes up a constant for what it takes of its layer."""
    joined = makers.get(op.input(0))
    if op.kind != "Gather" or op.attributes.get("axis", 0) or joined is None or joined.kind != "Concat":
        return op
    place = _place(op.input(1), makers, model)
    sources = [makers.get(name) for name in joined.inputs]
    if place is None or joined.attributes.get("axis") != 0:
        return op
    lengths = []
    for name, source in zip(joined.inputs, sources, strict=True):
        if source is None or source.kind not in ("RNN", "LSTM", "GRU") or source.outputs[1:2] != (name,):
            return op
        lengths.append(WAYS.get(str(source.attributes.get("direction", "forward")), 0))
    if any(source.attributes.get("layout") for source in sources if source is not None) or not -sum(
        lengths
    ) <= place < sum(lengths):
        return op
    place %= sum(lengths)
    for name, length in zip(joined.inputs, lengths, strict=True):
        if place < length:
            own = f"{PLACE}{place}"
            places[own] = np.array(place)
            return replace(op, inputs=(name, own))
        place -= length
    return op


def _place(name: str, makers: dict[str, Op], model: Model) -> int | None:
    array = model.constants.get(name)
    if array is None and name in makers and makers[name].kind == "Constant":
        array = makers[name].attributes.get("value")
    if not isinstance(array, np.ndarray) or array.ndim or array.dtype.kind not in "iu":
        return None
    return int(array)
