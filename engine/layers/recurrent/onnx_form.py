"""A recurrent layer as ONNX has it: steps in front, gates in another order, one array for both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.layers.base import Operator

if TYPE_CHECKING:
    from engine.layers.recurrent.base import Recurrent

GATES, ORDER, MATRICES, VECTORS, WIDE, LAST = ".gates", ".order", ".matrices", ".vectors", ".wide", ".last"


def operators(layer: Recurrent, entry: str) -> Iterator[Operator]:
    """The operators from `entry` (N, T, F) to the layer's output; weights are turned inside the model.

    So its initializers are the weights file's own tensors, and ONNX's (directions, gates · units, inputs) are made of
    them by operators that a reader folds.
    """
    gates, units, last = layer.gates, layer.units, layer.layers - 1
    yield _constant((1, gates, units, -1), GATES)
    yield _constant(layer.onnx_gates, ORDER)
    yield _constant((1, gates * units, -1), MATRICES)
    if layer.bias:
        yield _constant((1, -1), VECTORS)
    if layer.return_sequences or last:
        yield _constant((0, 0, layer.width), WIDE)
    if not layer.return_sequences:
        yield _constant((0, layer.width), LAST)
    yield Operator("Transpose", (entry,), {"perm": (1, 0, 2)}, ".steps0")
    for number in range(layer.layers):
        parameters = []
        for kind in ("weight_ih", "weight_hh", "bias") if layer.bias else ("weight_ih", "weight_hh"):
            yield from _both_ways(layer, kind, number)
            parameters.append(f".{kind}{number}")
        whole = number < last or layer.return_sequences  # every step's state is wanted
        states = f".states{number}"
        attributes: dict[str, int | str | tuple[str, ...]] = {
            "hidden_size": units,
            "direction": "bidirectional" if layer.bidirectional else "forward",
        }
        if layer.onnx_activations:
            attributes["activations"] = layer.onnx_activations * (1 + layer.bidirectional)
        attributes |= layer.onnx_more
        kind = layer.module.upper()
        yield Operator(kind, (f".steps{number}", *parameters), attributes, states, behind=int(not whole))
        if number < last:
            yield Operator("Transpose", (states,), {"perm": (0, 2, 1, 3)}, f".apart{number}")
            yield Operator("Reshape", (f".apart{number}", WIDE), output=f".steps{number + 1}")
    perm = (2, 0, 1, 3) if layer.return_sequences else (1, 0, 2)
    yield Operator("Transpose", (states,), {"perm": perm}, ".examples")
    yield Operator("Reshape", (".examples", WIDE if layer.return_sequences else LAST))


def _both_ways(layer: Recurrent, kind: str, number: int) -> Iterator[Operator]:
    """One array of a layer, with an axis for the directions in front."""
    sources = []
    for direction in layer.directions:
        parts = []
        for name in (kind,) if kind != "bias" else ("bias_ih", "bias_hh"):
            own = f"{name}_l{number}{direction}"
            yield Operator("Reshape", (f".{own}", GATES), output=f".{own}_gates")
            yield Operator("Gather", (f".{own}_gates", ORDER), {"axis": 1}, f".{own}_turned")
            yield Operator(
                "Reshape", (f".{own}_turned", VECTORS if kind == "bias" else MATRICES), output=f".{own}_rows"
            )
            parts.append(f".{own}_rows")
        joined = f".{kind}{number}{direction}_way"
        yield Operator("Concat", tuple(parts), {"axis": 1}, joined)
        sources.append(joined)
    yield Operator("Concat", tuple(sources), {"axis": 0}, f".{kind}{number}")


def _constant(numbers: tuple[int, ...], name: str) -> Operator:
    return Operator("Constant", (), {"value_ints": numbers}, name)
