"""Planes through the space of weights: two directions from a centre, and where other weights lie on them."""

from collections.abc import Generator
from dataclasses import dataclass, field
from math import hypot, nan, prod

import numpy as np

from engine.backend import Array, Backend
from engine.network import Network
from engine.probes.study import PIECE, length_of
from engine.random import generator

PRINCIPAL = 48  # snapshots of the path, evenly, whose principal directions are taken

Place = tuple[float, float, float]  # along both axes, and the distance out of the plane


@dataclass(slots=True)
class Plane:
    """`centre` + x `across` + y `up`, each a flat vector of the trained weights."""

    centre: Array
    across: Array
    up: Array
    names: tuple[str, str]
    shares: tuple[float, float] = (nan, nan)  # of the path's squared distances from the centre
    places: dict[int, Place] = field(default_factory=dict)  # of the path, by step

    products: tuple[float, float, float] | None = None  # of the directions with themselves and one another

    def place(self, backend: Backend, weights: Array) -> Place:
        """Where `weights` lie: the nearest point of the plane."""
        xp, centre, a, b = backend.xp, self.centre, self.across, self.up

        def product(p: Array, q: Array) -> float:
            return float(xp.dot(p, q).item())

        if self.products is None:
            self.products = product(a, a), product(a, b), product(b, b)
        ao = bo = 0.0
        for piece in pieces(len(centre)):
            off = weights[piece] - centre[piece]
            ao, bo = ao + product(a[piece], off), bo + product(b[piece], off)
        # The directions need not be at right angles: the normal equations of two unknowns.
        aa, ab, bb = self.products
        rest = aa * bb - ab * ab
        x, y = (bb * ao - ab * bo) / rest, (aa * bo - ab * ao) / rest
        lengths = [length_of(xp, weights[piece] - self._at(x, y, piece)) for piece in pieces(len(centre))]
        return x, y, hypot(*lengths)

    def put(self, x: float, y: float, weights: Array) -> None:
        """Writes the weights of a point of the plane."""
        for piece in pieces(len(weights)):
            weights[piece] = self._at(x, y, piece)

    def _at(self, x: float, y: float, piece: slice) -> Array:
        made: Array = self.centre[piece] + x * self.across[piece] + y * self.up[piece]
        return made


def pieces(count: int) -> list[slice]:
    """Parts that stay in the processor's cache: what is computed of a long vector on the way costs no memory."""
    return [slice(start, start + PIECE) for start in range(0, count, PIECE)]


def random_directions(network: Network, seed: int) -> Generator[None, None, tuple[Array, Array] | None]:
    """Two filter-normalised directions (Li et al. 2018): normal draws, each unit's as long as the unit's weights.

    Biases, and whatever else is no matrix, stay where they are. None where there is no matrix.
    """
    parameters, backend = network.parameters_, network.backend
    made = tuple(backend.zeros(parameters.count) for _ in range(2))
    weights = dict(parameters.named(parameters.values))
    for number, vector in enumerate(made):
        for name, view in parameters.named(vector):
            if view.ndim < 2:
                continue
            rng, axes = generator(seed, "landscape", name, number), tuple(range(1, view.ndim))
            units = max(1, PIECE // prod(view.shape[1:]))
            for start in range(0, len(view), units):
                some = slice(start, start + units)
                drawn = rng.standard_normal(view[some].shape)
                own = backend.to_host(weights[name][some]).astype(np.float64)
                drawn *= np.sqrt((own**2).sum(axes, keepdims=True) / (drawn**2).sum(axes, keepdims=True))
                view[some] = backend.from_host(drawn)
                yield
    across, up = (vector[: parameters.trained] for vector in made)
    return (across, up) if length_of(backend.xp, across) > 0 else None


def principal_directions(
    backend: Backend, path: list[Array], centre: Array
) -> Generator[None, None, tuple[Array, Array, tuple[float, float]] | None]:
    """The two directions from `centre` along which the path lies most, and their shares of its squared distances.

    Of unit length; the path comes from the left. None where it does not fill a plane. (Li et al. 2018, section 7.)
    """
    some = np.unique(np.linspace(0, len(path) - 1, PRINCIPAL).round().astype(int))
    off = backend.xp.stack([path[i] - centre for i in some])
    yield
    gram = np.zeros((len(some), len(some)))
    for i, row in enumerate(off):
        gram[i] = backend.to_host(backend.xp.dot(off, row))
        yield
    if not np.isfinite(gram).all():
        return None
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    if len(values) < 2 or not values[-2] > 1e-9 * values[-1]:
        return None
    found = []
    for value, vector in ((values[-1], vectors[:, -1]), (values[-2], vectors[:, -2])):
        along = gram @ vector  # the path's places on this axis, up to a factor
        turned = -vector if along[0] > 0 or (along[0] == 0 and along.sum() > 0) else vector
        found.append(backend.xp.dot(backend.from_host(turned / np.sqrt(value)), off))
        yield
    total = values.sum()
    return found[0], found[1], (float(values[-1] / total), float(values[-2] / total))


def two_weights(network: Network) -> tuple[Array, Array, tuple[str, str]]:
    """The axes of a network that trains exactly two weights, and what these are called."""
    parameters, backend = network.parameters_, network.backend
    across, up = backend.zeros(2), backend.zeros(2)
    across[:1] = 1.0
    up[1:] = 1.0
    numbers = backend.zeros(parameters.count)
    numbers[:1] = 1.0
    numbers[1:2] = 2.0
    names = {}
    for name, view in parameters.named(numbers):
        host = backend.to_host(view)
        for number in (1, 2):
            for index in np.argwhere(host == number):
                names[number] = f"{name}[{', '.join(map(str, index))}]"
    return across, up, (names[1], names[2])
