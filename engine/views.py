"""Test-time augmentation: an example is looked at in several ways, and the answers are averaged.

Krizhevsky, Sutskever and Hinton (2012) took five cuts of a picture and their mirror images. Here the first view is the
example as it is, the others are changed as training examples are; all examples in the same ways, so that an answer
does not depend on what stands beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.backend import Array
from engine.data.augmentation import Augmentation, Augmenter
from engine.data.batches import with_ones
from engine.network import Network

MOST = 1024  # views; more is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class Views:
    """`count` views of every example: itself, and `count` - 1 that `how` and the seed say."""

    how: Augmentation
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"views: expected 1 to {MOST}, got {self.count}")

    def refusal(self, network: Network) -> str:
        """Why the examples of a network cannot be looked at so; empty where they can."""
        problem = self.how.refusal(network.input_shape, network.preprocess.kind)
        return "" if problem is None else f"{problem.where}: {problem.message}"

    def predictions(self, network: Network, x: Array) -> Iterator[Array]:
        """What the network says of raw `x` (N, *shape), (N, units) for each view."""
        if why := self.refusal(network):
            raise ValueError(why)
        yield network.predict(x)
        augmenter = Augmenter(network.backend, self.how, network.input_shape, 1)
        for view in range(1, self.count):
            outputs = []
            for start in range(0, len(x), network.most_at_once):
                prepared = network.prepared(np.asarray(x[start : start + network.most_at_once]))
                rows = augmenter.alike(with_ones(network.backend, prepared), self.seed, view)
                outputs.append(network.outputs(rows))
            yield np.concatenate(outputs) if outputs else network.predict(x)
