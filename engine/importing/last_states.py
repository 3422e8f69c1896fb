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


def with_picked_places(model: Model) -> Model:
    """The model in which one place of the first axis is picked by Gather.

    Up to opset 9 PyTorch writes h[-1] as a slice of length 1 that is squeezed.
    """
    makers, uses, places = model.makers(), model.uses(), dict[str, Array]()
    ops = []
    for op in model.ops:
        cut = makers.get(op.input(0))
        start = _only_place(op, cut, makers, model) if cut is not None and uses[op.input(0)] == 1 else None
        if cut is None or start is None:
            ops.append(op)
            continue
        own = f"{PLACE}{start}"
        places[own] = np.array(start)
        ops.append(replace(op, kind="Gather", inputs=(cut.input(0), own), attributes={"axis": 0}))
    return replace(model, ops=tuple(ops), constants={**model.constants, **places})


def _only_place(op: Op, cut: Op, makers: dict[str, Op], model: Model) -> int | None:
    """Where the slice `cut` begins, if it is one place of the first axis, and `op` takes that axis away."""
    if op.kind != "Squeeze" or cut.kind != "Slice":
        return None

    def one(of: Op, number: int, attribute: str, usual: int | None = None) -> int | None:
        said = of.attributes.get(attribute)
        if said is None and not of.input(number):
            return usual
        array = np.array(said) if said is not None else _constant(of.input(number), makers, model)
        return int(array.reshape(-1)[0]) if array is not None and array.size == 1 and array.dtype.kind in "iu" else None

    start, end = one(cut, 1, "starts"), one(cut, 2, "ends")
    if (one(op, 1, "axes"), one(cut, 3, "axes"), one(cut, 4, "steps", 1)) != (0, 0, 1) or start is None or end is None:
        return None
    return start if end == start + 1 != 0 or (start == -1 and end >= 1 << 30) else None


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
    array = _constant(name, makers, model)
    return int(array) if array is not None and not array.ndim and array.dtype.kind in "iu" else None


def _constant(name: str, makers: dict[str, Op], model: Model) -> Array | None:
    array = model.constants.get(name)
    if array is None and name in makers and makers[name].kind == "Constant":
        array = makers[name].attributes.get("value")
    return array if isinstance(array, np.ndarray) else None
