"""Weights that are zero at the start stay zero: what a pruned network is trained with."""

from engine.backend import Array, Backend, BoundCall
from engine.parameters import Parameters


class KeptZeros:
    """A 1 for each trained number that may move and a 0 for each weight that was zero when training began.

    Which those are is looked up once, not at every step: a weight that passes through 0.0 by chance goes on. Biases
    and what scales a norm always move. Where zeros are not `kept`, all this is nothing.
    """

    def __init__(self, backend: Backend, parameters: Parameters, kept: bool) -> None:
        self._backend, self._parameters = backend, parameters
        self._free: Array | None = backend.ones(parameters.trained) if kept else None

    def look(self) -> None:
        """Takes the weights as they are for the start."""
        if self._free is None:
            return
        self._free.fill(1)
        for node, layer in self._parameters.layers.items():
            if layer.trains and layer.penalized:
                w = self._parameters.weights(self._parameters.values, node)
                self._parameters.weights(self._free, node)[...] = (w != 0).astype(self._backend.dtype)

    def gradient_calls(self) -> list[BoundCall]:
        """g ← g · free, so that clipping measures what moves, and no optimizer's memory fills with what does not."""
        return self._times_free(self._parameters.grads)

    def value_calls(self) -> list[BoundCall]:
        """w ← w · free: exact whatever the optimizer remembers of a time before the weights were loaded."""
        return self._times_free(self._parameters.values)

    def _times_free(self, whole: Array) -> list[BoundCall]:
        part = whole[: self._parameters.trained]
        return [] if self._free is None else [(self._backend.xp.multiply, part, self._free, part)]

    def state(self) -> Array | None:
        """True for what may move, on the host."""
        return None if self._free is None else self._backend.to_host(self._free).astype(bool)

    def restore(self, state: Array | None) -> None:
        """Goes on with `state`, or where there is none with the weights as they are."""
        self.look()
        if self._free is not None and state is not None:
            self._free[...] = self._backend.from_host(state)
