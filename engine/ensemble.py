"""Several networks as one: the mean of what they say."""

from collections.abc import Iterable, Sequence

import numpy as np

from engine.backend import Array
from engine.network import Network
from engine.views import Views


class Ensemble:
    """Networks of one task, with the same inputs and outputs; their hidden layers may differ.

    Probabilities are averaged, and numbers (regression, hinge). Where the network is drawn without its last sigmoid or
    softmax, the outcome is logits, as of one network: their sigmoid or softmax is the mean of the members'. With
    `views` each member looks at an example in several ways, and all that they say is averaged alike.
    """

    def __init__(self, members: Sequence[Network], views: Views | None = None) -> None:
        if not members:
            raise ValueError("an ensemble wants at least one network")
        self.members, self.views = tuple(members), views
        kinds = [_task(network) for network in members]
        for number, kind in enumerate(kinds):
            if kind != kinds[0]:
                raise ValueError(f"network {number} is for {kind}, the first for {kinds[0]}")

    def predict(self, x: Array) -> Array:
        """The outcome (N, units) for raw examples `x` (N, *shape), in inference mode."""
        told = (
            [network.predict(x)] if self.views is None else self.views.predictions(network, x)
            for network in self.members
        )
        outputs: Array = np.stack([output for each in told for output in each])
        first = self.members[0]
        if len(outputs) == 1:
            only: Array = outputs[0]  # to the bit what the network says
            return only
        wide = outputs.astype(np.float64)
        mean: Array = wide.mean(axis=0) if _is_drawn(first) else first.loss.averaged(wide)
        return mean.astype(outputs.dtype)

    def _told(self, network: Network, x: Array) -> Iterable[Array]:
        return [network.predict(x)] if self.views is None else self.views.predictions(network, x)


def _is_drawn(network: Network) -> bool:
    """Whether the output is what is averaged: probabilities by a last node, or numbers of a loss without logits."""
    return not network.loss.takes_logits or _last(network) in ("sigmoid", "softmax")


def _last(network: Network) -> str:
    return network.structure.layers[network.structure.output].kind()


def _task(network: Network) -> str:
    structure, loss = network.structure, network.loss
    inputs, outputs = ("×".join(map(str, shape)) for shape in (structure.example, structure.shapes[structure.output]))
    last = f" behind {_last(network)}" if loss.takes_logits and _is_drawn(network) else ""
    return f"{inputs} numbers to {outputs}{last} by {loss.kind()}"
