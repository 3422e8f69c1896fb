"""All parameters of a network as one flat vector, all gradients as another, with views by layer and by name."""

from collections.abc import Iterator
from math import prod

from engine.backend import Array, Backend
from engine.graph import Structure
from engine.layers.base import Block, Weighted
from engine.random import generator


class Parameters:
    """`values` and `grads` are flat; the first `trained` numbers are those that the optimizer moves."""

    def __init__(self, structure: Structure, backend: Backend) -> None:
        self.backend = backend
        self.layers = {node: layer for node, layer in structure.layers.items() if isinstance(layer, Weighted)}
        self._shapes = {
            node: self.layers[node].block_shape(*structure.input_shapes(node))
            for node in structure.order
            if node in self.layers
        }
        sizes = {node: prod(shape) for node, shape in self._shapes.items()}
        # Frozen layers stand behind the others, so that an optimizer's vectors are one piece.
        order = sorted(sizes, key=lambda node: not self.layers[node].trains)
        self.trained = sum(size for node, size in sizes.items() if self.layers[node].trains)
        self.values = backend.zeros(sum(sizes.values()))
        self.grads = backend.zeros(sum(sizes.values()))
        starts, start = {}, 0
        for node in order:
            starts[node] = start
            start += sizes[node]
        self._pieces = {node: slice(starts[node], starts[node] + sizes[node]) for node in sizes}
        self.blocks = {node: Block(self.block(self.values, node), self.block(self.grads, node)) for node in sizes}

    def block(self, vector: Array, node: str) -> Array:
        """The matrix of `node`'s parameters in a vector laid out like `values`."""
        return vector[self._pieces[node]].reshape(self._shapes[node])

    def views(self, vector: Array, node: str) -> dict[str, Array]:
        """`node`'s parameters in such a vector, by name."""
        return self.layers[node].views(self.block(vector, node))

    def named(self, vector: Array) -> Iterator[tuple[str, Array]]:
        """Every parameter in such a vector, as ("h1.weight", view)."""
        for node in self._shapes:
            for name, view in self.views(vector, node).items():
                yield f"{node}.{name}", view

    def weights(self, vector: Array, node: str) -> Array:
        """`node`'s weights without biases in such a vector."""
        return self.views(vector, node)["weight"]

    def initialize(self, seed: int) -> None:
        """Draws every parameter, each by a key of its own: adding a layer changes no other's numbers."""
        for node, layer in self.layers.items():
            for name, view in self.views(self.values, node).items():
                drawn = layer.initial(name, view.shape, generator(seed, "init", node, name))
                view[...] = self.backend.from_host(drawn)
