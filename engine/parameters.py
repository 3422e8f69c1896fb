"""All numbers of a network as one flat vector, all gradients as another, with views by layer and by name."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from copy import copy
from math import prod

import numpy as np

from engine.backend import SHORT, Array, Backend, cores
from engine.graph import Structure
from engine.layers.base import Block, Weighted
from engine.random import generator
from engine.rooms import LEAST

MANY = 1 << 22  # numbers that take longer to draw than threads to start
MOST_THREADS = 4  # that draw: each has room of its own for one tensor in float64


class Parameters:
    """`values` and `grads` are flat. The first `trained` numbers are those that the optimizer moves.

    Behind all parameters, `values` has the buffers: what training writes down, and no gradient moves.
    """

    def __init__(self, structure: Structure, backend: Backend) -> None:
        self.backend = backend
        self.layers = {node: layer for node, layer in structure.layers.items() if isinstance(layer, Weighted)}
        own = [node for node in structure.order if node in self.layers]
        self._shapes = {node: self.layers[node].block_shape(*structure.input_shapes(node)) for node in own}
        self._buffers = {node: self.layers[node].buffers(*structure.input_shapes(node)) for node in own}
        sizes = {node: prod(shape) for node, shape in self._shapes.items()}
        # Frozen layers stand behind the others, so that an optimizer's vectors are one piece.
        order = sorted(sizes, key=lambda node: not self.layers[node].trains)
        self.trained = sum(size for node, size in sizes.items() if self.layers[node].trains)
        self.count = sum(sizes.values())
        kept = [(node, name, buffer) for node in own for name, buffer in self._buffers[node].items()]
        self.values = backend.zeros(self.count + sum(prod(buffer.shape) for _, _, buffer in kept))
        # Of few numbers an optimizer's vector lies behind the gradients: one call can go through both.
        self._rooms = backend.rooms if self.count >= LEAST else None
        self._layout = self.count, self.trained, tuple(self._shapes.items())
        if self._rooms is None:
            self.grads, *self.scratch = backend.vectors(2 if self.count <= SHORT else 1, self.count)
        else:
            self.grads, self.scratch = self.room("gradients", self.count), []
        self._spare: Array | None = None  # where gradients are kept while somebody looks
        self._looks = 0  # of them, one inside another
        self._pieces: dict[str, slice] = {}
        start = 0
        for node in order:
            self._pieces[node] = slice(start, start := start + sizes[node])
        self._buffer_views: dict[str, dict[str, Array]] = {node: {} for node in own}
        for node, name, buffer in kept:
            piece = slice(start, start := start + prod(buffer.shape))
            self._buffer_views[node][name] = self.values[piece].reshape(buffer.shape)
        self.blocks = {
            node: Block(self.block(self.values, node), self.block(self.grads, node), self._buffer_views[node])
            for node in sizes
        }
        self._begin_buffers()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Whatever is written into `grads` inside, afterwards they are what they were.

        Where networks have them in turn, nobody counts on them between two steps: then only a look inside a look
        keeps them.
        """
        self._looks += 1
        try:
            with nullcontext() if self._rooms is not None and self._looks == 1 else self._kept():
                yield
        finally:
            self._looks -= 1

    @contextmanager
    def _kept(self) -> Iterator[None]:
        kept, self._spare = self._spare, None  # who looks inside a look keeps them elsewhere
        if kept is None:
            kept = self.backend.zeros(self.count)
        kept[...] = self.grads
        try:
            yield
        finally:
            self.grads[...] = kept
            self._spare = kept

    def sharing(self, own: Mapping[str, Block]) -> "Parameters":
        """The same numbers, but for the nodes that have blocks of their own."""
        other = copy(self)
        other.blocks = {**self.blocks, **own}
        return other

    @property
    def in_turn(self) -> bool:
        """Whether `grads` are other networks', too, and this one's only within its steps."""
        return self._rooms is not None

    def room(self, purpose: str, *shape: int) -> Array:
        """Zeros for one step of this network: where others alike have them in turn, with what those left in them."""
        if self._rooms is None:
            return self.backend.zeros(*shape)
        return self._rooms.room((purpose, self._layout), lambda: self.backend.zeros(*shape))

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

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        """Every buffer, as ("norm1.running_mean", view)."""
        for node, views in self._buffer_views.items():
            for name, view in views.items():
                yield f"{node}.{name}", view

    def is_count(self, name: str) -> bool:
        """Whether the buffer `name` counts: files have it as a whole number."""
        node, _, own = name.partition(".")
        return self._buffers[node][own].counts

    def weights(self, vector: Array, node: str) -> Array:
        """The weights, without biases, that `node` uses, in such a vector, as one array."""
        owner = self.layers[node].owner or node
        return self.layers[owner].weights(self.block(vector, owner))

    def tensors(self, vector: Array, node: str) -> tuple[Array, ...]:
        """The same tensor by tensor."""
        owner = self.layers[node].owner or node
        return self.layers[owner].tensors(self.block(vector, owner))

    def biases(self, vector: Array, node: str) -> Array | None:
        """`node`'s own biases in such a vector."""
        return self.layers[node].biases(self.block(vector, node))

    def initialize(self, seed: int) -> None:
        """Draws every parameter, each by a key of its own: adding a layer changes no other's numbers.

        Of many numbers several tensors at once, as there are cores.
        """

        def draw(place: tuple[str, str, Array]) -> None:
            node, name, view = place
            self.backend.put(self.layers[node].initial(name, view.shape, generator(seed, "init", node, name)), view)

        places = [(node, *named) for node in self.layers for named in self.views(self.values, node).items()]
        if self.count < MANY or self.backend.device != "cpu":
            for place in places:
                draw(place)
        else:
            with ThreadPoolExecutor(min(MOST_THREADS, cores())) as pool:
                list(pool.map(draw, places))
        self._begin_buffers()

    def _begin_buffers(self) -> None:
        for node, views in self._buffer_views.items():
            for name, view in views.items():
                view[...] = self.backend.from_host(np.full(view.shape, self._buffers[node][name].initial))
