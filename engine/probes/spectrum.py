"""Singular values of weights and of the input-output Jacobian: how far each direction is stretched on its way.

A layer that stretches all directions alike (condition number near 1) lets signal and gradient through; where most
values are tiny, what lies along them is lost, and of many such layers the product vanishes. A largest value far above
1 in every layer lets them explode. (Saxe, McClelland and Ganguli 2014; Pennington, Schoenholz and Ganguli 2017.)
"""

from collections.abc import Generator, Iterator
from math import prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.layers.base import Weighted
from engine.losses import Loss
from engine.network import Network
from engine.plan import Plan, Var
from engine.probes.study import Study, Work, copied, length_of, work_of
from engine.random import generator
from engine.trainer import Trainer

MOST_WORK = 1 << 27  # l s² of an l × s matrix up to which all its values are computed at once: some 30 ms
ROUNDS = 96  # of Golub and Kahan's bidiagonalisation of larger ones
TINY = 1e-6  # of the largest: where the bidiagonalisation ends
SURE = 0.01  # relative: values that may be further off are not told
EXAMPLES = 8  # at which the Jacobian is taken
MOST_OUTPUTS = 1024
MOST_BACK = 1 << 28  # products times outputs: what one example's Jacobian may cost
MOST_NUMBERS = 1 << 25  # of one matrix that is looked at
MOST_WEIGHTS = 1 << 26  # of a network: it is copied


class Singular(msgspec.Struct, frozen=True, eq=False):
    """One layer's matrix (units, all that each unit weighs) and its singular values, the largest first."""

    node: str
    name: str  # of its weights: "weight", where there is one matrix
    shape: tuple[int, int]
    values: Any  # float64: all min(shape) of them, or of a large matrix the largest, each within SURE
    length: float  # Frobenius norm: of all values the root of the sum of squares
    reason: str = ""  # why there are none


class Jacobian(msgspec.Struct, frozen=True, eq=False):
    """∂z/∂x at some training examples, in inference mode: x as the first layer takes it, z what decides.

    z is the output, or the input of a last sigmoid or softmax that the loss takes in (`logits`).
    """

    shape: tuple[int, int]
    values: Any  # float64 (examples, min(shape)), the largest first
    logits: bool
    reason: str = ""


class SpectrumAnswer(msgspec.Struct, frozen=True, eq=False, tag="spectrum"):
    """Of the weights at one step; layers that are not computed yet are those of the round before, or missing."""

    step: int
    layers: tuple[Singular, ...]
    jacobian: Jacobian | None


class Spectrum(Study, frozen=True, tag="spectrum"):
    """All layers with a matrix of weights, then the Jacobian, a matrix a slice; and again as training goes on."""

    def begin(self, trainer: Trainer, before: Work | None = None) -> "SpectrumWork":
        return SpectrumWork(trainer)


class SpectrumWork(Work):
    def __init__(self, trainer: Trainer) -> None:
        self._step = -1  # of the weights that are looked at
        self._rest: Iterator[None] | None = None
        self._layers: dict[tuple[str, str], Singular] = {}
        self._jacobian: Jacobian | None = None
        self._refused = trainer.parameters.count > MOST_WEIGHTS
        if self._refused:
            self._refuse(trainer)
        else:
            self._network = copied(trainer)

    def _refuse(self, trainer: Trainer) -> None:
        """A copy of so many weights would take the room that training wants."""
        network, nan = trainer.network, float("nan")
        why = f"not looked at: the network has {network.parameters_.count:,} weights, over {MOST_WEIGHTS:,}"
        for node, name, matrix in _matrices(network):
            shape = (matrix.shape[0], matrix.shape[1])
            self._layers[node, name] = Singular(node, name, shape, np.zeros(0), nan, why)

    def wants(self, trainer: Trainer) -> bool:
        return not self._refused and (self._rest is not None or self._step != trainer.step_number)

    def go_on(self, trainer: Trainer) -> None:
        if self._rest is None:
            self._network.parameters_.values[...] = trainer.parameters.values
            self._step = trainer.step_number
            self._rest = self._round(trainer)
        with np.errstate(all="ignore"):
            if next(self._rest, self) is self:
                self._rest = None

    def answer(self, trainer: Trainer) -> SpectrumAnswer:
        return SpectrumAnswer(max(self._step, 0), tuple(self._layers.values()), self._jacobian)

    def _round(self, trainer: Trainer) -> Iterator[None]:
        for node, name, matrix in _matrices(self._network):
            yield from self._layer(node, name, matrix)
        yield from self._at_examples(trainer)

    def _layer(self, node: str, name: str, matrix: Array) -> Iterator[None]:
        shape, xp = (matrix.shape[0], matrix.shape[1]), self._network.backend.xp
        if prod(shape) > MOST_NUMBERS:
            self._layers[node, name] = Singular(
                node, name, shape, np.zeros(0), float("nan"), f"too large: {prod(shape)} weights"
            )
            return
        length = length_of(xp, matrix)
        if not np.isfinite(length):
            self._layers[node, name] = Singular(node, name, shape, np.zeros(0), length, "holds what is no number")
            return
        yield
        if max(shape) * min(shape) ** 2 <= MOST_WORK:
            values = svd(self._network.backend.to_host(matrix))
        else:
            values = yield from largest(self._network, matrix)
        self._layers[node, name] = Singular(node, name, shape, values, length)
        yield

    def _at_examples(self, trainer: Trainer) -> Iterator[None]:
        network, structure = self._network, self._network.structure
        logits = network.loss.takes_logits and structure.layers[structure.output].kind() in ("sigmoid", "softmax")
        outputs, inputs = prod(structure.shapes[structure.output]), prod(structure.example)
        shape = (outputs, inputs)
        if reason := _refusal(network, shape):
            self._jacobian = Jacobian(shape, np.zeros((0, min(shape))), logits, reason)
            return
        plan = seeded(network, outputs, logits)
        rows, _, _ = trainer.first_rows(EXAMPLES)
        found = []
        for row in rows:
            matrix = at_example(network, plan, row)
            yield
            finite = bool(np.isfinite(matrix).all())
            found.append(svd(matrix) if finite else np.full(min(shape), np.nan))
            yield
        self._jacobian = Jacobian(shape, np.array(found), logits)


def _matrices(network: Network) -> Iterator[tuple[str, str, Array]]:
    """Every drawn layer's matrices of weights (units, all that each unit weighs), with their names."""
    parameters = network.parameters_
    for node in network.structure.drawn:
        if isinstance(network.structure.layers[node], Weighted):
            owner = parameters.layers[node].owner or node
            for name, weights in parameters.views(parameters.values, owner).items():
                if weights.ndim > 1:
                    yield node, name, weights.reshape(len(weights), -1)


def svd(matrix: Array) -> Array:
    values: Array = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    return values


def _refusal(network: Network, shape: tuple[int, int]) -> str:
    if shape[0] > MOST_OUTPUTS:
        return f"{shape[0]} outputs are too many, up to {MOST_OUTPUTS} are looked at"
    if shape[0] * work_of(network) > MOST_BACK or max(shape) * min(shape) ** 2 > MOST_WORK:
        return f"{shape[0]} outputs with {network.parameters_.count} weights would take too long"
    return ""


class _Seed(Loss, frozen=True, tag="seed at the output"):
    """Its way back begins with ∂/∂z = y."""

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        if z.grad is not None:
            plan.backward((plan.xp.copyto, z.grad, y))


class _SeedOfLogits(_Seed, frozen=True, tag="seed at the logits"):
    takes_logits = True


def seeded(network: Network, outputs: int, logits: bool) -> Plan:
    """A plan of one column for each output, whose way back takes each output's gradient to the examples."""
    seed = _SeedOfLogits() if logits else _Seed()
    plan = Plan(
        network.structure,
        network.parameters_,
        network.backend,
        outputs,
        seed,
        classes=network.classes,
        moment=network.moment,
        to_input=True,
        infers=True,
    )
    plan.targets[...] = network.backend.from_host(np.eye(outputs))
    return plan


def at_example(network: Network, plan: Plan, row: Array) -> Array:
    """∂z/∂x (outputs, inputs) at one row, on the host."""
    plan.fill(row)
    plan.run_forward()
    plan.run_backward()
    return network.backend.to_host(plan.input_gradient())


def largest(network: Network, matrix: Array) -> Generator[None, None, Array]:
    """Returns the largest singular values that are sure after ROUNDS slices.

    Golub and Kahan's bidiagonalisation A V = U B, Aᵀ U = V Bᵀ + β v eᵀ with full reorthogonalisation (Golub and Van
    Loan, 10.4.1): a value of B is within β |last component of its left vector| of one of A.
    """
    backend, (rows, columns) = network.backend, matrix.shape
    xp, rounds = backend.xp, min(ROUNDS, *matrix.shape)
    u, v = backend.zeros(rounds, rows), backend.zeros(rounds, columns)
    band = np.zeros((rounds, rounds + 1))
    start = generator(0, "singular values", columns).standard_normal(columns)
    along = backend.from_host(start / np.linalg.norm(start))
    for k in range(rounds):
        v[k] = along
        left = xp.dot(matrix, along)
        left -= xp.dot(u[:k].T, xp.dot(u[:k], left))
        band[k, k] = length = length_of(xp, left)
        if band[k, k] <= TINY * band.max():
            return svd(band[:k, : k + 1])  # a space that the matrix leaves to nowhere: all but zeros are known
        u[k] = left / length
        right = xp.dot(matrix.T, u[k])
        right -= xp.dot(v[: k + 1].T, xp.dot(v[: k + 1], right))
        band[k, k + 1] = length = length_of(xp, right)
        if band[k, k + 1] <= TINY * band.max():
            return svd(band[: k + 1, : k + 1])
        along = right / length
        yield
    vectors, values, _ = np.linalg.svd(band[:, :-1])
    unsure = np.flatnonzero(band[-1, -1] * np.abs(vectors[-1]) > SURE * values)
    made: Array = values[: unsure[0]] if len(unsure) else values
    return made
