"""RNN, LSTM and GRU: ONNX has the steps outside, its own order of gates, and an axis for the directions."""

import numpy as np

from engine.backend import Array
from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError, floats
from engine.importing.values import BATCH, Filled, group
from engine.layers.base import Shape
from engine.layers.recurrent.base import DIRECTIONS, Recurrent
from engine.layers.recurrent.gru import Gru
from engine.layers.recurrent.lstm import Lstm
from engine.layers.recurrent.rnn import Rnn

USUAL = {"RNN": ("tanh",), "GRU": ("sigmoid", "tanh"), "LSTM": ("sigmoid", "tanh", "tanh")}
# What a recurrent operator takes beside x, W, R and B, and is all 0 or left out in what netviz has.
BESIDE = {5: "its first states", 6: "its first cells", 7: "its peepholes"}


def recurrent(cls: type[Recurrent]) -> Translate:
    def translate(call: Call) -> Result:
        op, draft = call.op, call.draft
        ways = {"forward": 1, "bidirectional": 2}.get(op.text("direction", "forward"))
        if ways is None:
            raise RefusedError("goes backward alone; netviz goes forward, or both ways")
        fields = _fields(call, cls, ways)
        batch_first = bool(op.whole("layout", 0))
        value = call.value(0)
        if len(value.axes) != 3:
            raise RefusedError(f"expected a sequence, got {value.told}")
        if batch_first:
            value = value.transposed((1, 0, 2))
        steps, batch, features = value.axes
        if batch != (BATCH,) or value.factors != (*steps, *features):
            raise RefusedError(f"expected steps, examples and features, got {value.told} in another order")
        shape = value.sizes[0], value.sizes[2]
        _must_be_whole(call, shape)
        source = draft.plain(op, value.node, shape)
        tensors = _tensors(call, cls, ways, shape[1])
        units = len(next(iter(tensors.values()))) // cls.gates
        every, last = call.used(0), call.used(1)
        if every and last:
            raise RefusedError("gives every state and the last ones; netviz' layer gives one of them")
        node = draft.add(
            op,
            cls.kind(),
            [source],
            tensors,
            call.origin(1),
            units=units,
            bidirectional=ways == 2,
            return_sequences=every,
            bias="bias_ih_l0" in tensors,
            **fields,
        )
        both, own = group(ways), group(units)
        first = draft.seen(node, [(BATCH,), both, own] if batch_first else [both, (BATCH,), own], [*both, *own])
        if not every:
            return [first, first]
        axes = [(BATCH,), steps, both, own] if batch_first else [steps, both, (BATCH,), own]
        whole = draft.seen(node, axes, [*steps, *both, *own])
        return [whole, whole]

    return translate


def _fields(call: Call, cls: type[Recurrent], ways: int) -> dict[str, object]:
    """Checks what netviz has no other of; the nonlinearity of a plain layer is a field."""
    op = call.op
    if op.real("clip", 0.0) > 0:
        raise RefusedError("clips its sums; netviz' layers do not")
    if op.whole("input_forget", 0):
        raise RefusedError("couples input and forget gates; netviz' LSTM has both")
    if call.used(2):
        raise RefusedError("gives its last cells; netviz' layer gives states")
    usual = USUAL[op.kind]
    said = tuple(name.lower() for name in op.texts("activations") or usual * ways)
    if cls is Rnn and len(set(said)) == 1 and said[0] in ("tanh", "relu"):
        return {"nonlinearity": said[0]}
    if said != usual * ways:
        raise RefusedError(f"its activations are {', '.join(said)}; netviz has {', '.join(usual)}")
    if cls is Gru and not op.whole("linear_before_reset", 0):
        return {"reset_after": False}
    return {}


def _must_be_whole(call: Call, shape: Shape) -> None:
    lengths = call.there(4)
    if isinstance(lengths, Filled):
        whole = lengths.number == shape[0]
    else:
        array = call.constant(4)
        whole = array is None or bool((array == shape[0]).all())
    if not whole:
        raise RefusedError("takes some sequences for shorter; netviz' are all of one length")
    for number, what in BESIDE.items():
        beside = call.constant(number)
        if beside is not None and beside.any():
            raise RefusedError(f"{what} are not 0, as netviz' are")


def _tensors(call: Call, cls: type[Recurrent], ways: int, features: int) -> dict[str, Array]:
    """In PyTorch's names and order of gates."""
    weight, states, bias = floats(call.tensor(1)), floats(call.tensor(2)), call.constant(3)
    units = states.shape[2] if states.ndim == 3 else 0
    rows = cls.gates * units
    expected = {"W": (ways, rows, features), "R": (ways, rows, units), "B": (ways, 2 * rows)}
    found = {"W": weight.shape, "R": states.shape, "B": expected["B"] if bias is None else bias.shape}
    if found != expected or not units:
        raise RefusedError(f"expected W, R and B of {list(expected.values())}, got {list(found.values())}")
    made = {}
    for way in range(ways):
        parts = {"weight_ih": weight[way], "weight_hh": states[way]}
        if bias is not None:
            parts |= {"bias_ih": bias[way, :rows], "bias_hh": bias[way, rows:]}
        for name, array in parts.items():
            gates = array.reshape(cls.gates, units, *array.shape[1:])
            own = np.empty_like(gates)
            own[list(cls.onnx_gates)] = gates
            made[f"{name}_l0{DIRECTIONS[way]}"] = own.reshape(array.shape)
    return made


OPERATORS: dict[str, Translate] = {"RNN": recurrent(Rnn), "LSTM": recurrent(Lstm), "GRU": recurrent(Gru)}
