"""A network over a plane through its inputs: what its first matrix makes of the plane is known from three points.

What enters the network is affine in a place (a, b) of the plane, x = E (a, b, 1), and W x = (W E) (a, b, 1): of 64
inputs only 3 columns are left to multiply by, and no inputs need be made.
"""

from weakref import WeakKeyDictionary

import numpy as np
from msgspec.structs import replace

from engine.backend import Array
from engine.graph import Structure
from engine.layers.base import Block, Weighted
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.network import Network
from engine.probes.section import Cut

PLACE = (2,)  # the shape of an example that is a place
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def outputs_over(network: Network, cut: Cut, places: Array) -> Array:
    """The output (n, units) on the host at `places` (n, 2) of the plane, in inference mode."""
    backend = network.backend
    base, *ends = network.prepared(cut.raw(cut.origin + CORNERS).reshape(3, *network.input_shape))
    entering = np.column_stack([*(end - base for end in ends), base])
    e = backend.from_host(np.vstack([entering, [0, 0, 1]]))  # the row of ones below
    rows = backend.from_host(np.column_stack([places - cut.origin, np.ones(len(places))]))
    if (first := _matrix_of_all(network.structure)) is None:
        return network.outputs(rows.dot(e.T))
    if network not in _flat:
        _flat[network] = _flattened(network, first)
    flat, parameters = _flat[network], network.parameters_
    w = parameters.block(parameters.values, first)
    with np.errstate(all="ignore"):
        flat.parameters_.blocks[first].value[...] = w.dot(e[: w.shape[1]])
    return flat.outputs(rows)


_flat: "WeakKeyDictionary[Network, Network]" = WeakKeyDictionary()


def _matrix_of_all(structure: Structure) -> str | None:
    """The dense layer through which alone everything enters; None where there is none."""
    doors = structure.inputs_of_x
    entering = [node for node in structure.order if any(source in doors for source in structure.inputs[node])]
    if len(doors) != 1 or len(entering) != 1 or structure.shapes[doors[0]] != structure.example[-1:]:
        return None  # examples of more axes than one, or only some of their numbers
    (node,) = entering
    shared = any(isinstance(layer, Weighted) and layer.owner == node for layer in structure.layers.values())
    return node if type(structure.layers[node]) is Dense and not shared else None


def _flattened(network: Network, first: str) -> Network:
    """The network of places: all its weights are those of `network` itself, but for the first ones."""
    of, backend = network.structure, network.backend
    (x,), layer = of.inputs_of_x, of.layers[first]
    assert isinstance(layer, Dense)
    layers, shapes = {**of.layers, x: Input(), first: replace(layer, bias=True)}, {**of.shapes, x: PLACE}
    units = layer.units
    own = Block(backend.zeros(units, 3), backend.zeros(units, 3), {})
    return network.sharing(Structure(of.order, layers, of.inputs, shapes, of.output, PLACE), {first: own})
