"""An update as one list of bound calls: what is done to the gradient, the optimizer's step, and what holds after it."""

from engine.backend import Array, Backend, Call, bound
from engine.optimizers import CHUNK, Searching
from engine.parameters import Parameters
from engine.regularizers import constraint_calls, decay_calls, gradient_calls
from engine.training import Training
from engine.zeros import KeptZeros

MOST_CHUNKS = 256  # of one update: beyond, calls would take longer to bind and to compile than they save


def update_calls(
    backend: Backend,
    parameters: Parameters,
    training: Training,
    slots: tuple[Array, ...],
    scalars: Array,
    zeros: KeptZeros,
) -> list[Call]:
    """All but what a searching optimizer does, which needs a plan to search on."""
    optimizer = training.optimizer
    if isinstance(optimizer, Searching):
        return []
    numbers = tuple(scalars[i : i + 1].reshape(()) for i in range(len(scalars)))
    parts = zeros.gradient_calls() + gradient_calls(backend, parameters, training)
    if optimizer.decay:
        parts += decay_calls(backend, parameters, numbers[-1])
    chunk = max(CHUNK, -(-parameters.trained // MOST_CHUNKS))
    scratch = [*parameters.scratch, *backend.vectors(optimizer.scratch, min(chunk, parameters.trained))]
    for start in range(0, parameters.trained, chunk):
        piece = slice(start, min(start + chunk, parameters.trained))
        parts += optimizer.calls(
            backend,
            parameters.values[piece],
            parameters.grads[piece],
            tuple(slot[piece] for slot in slots),
            numbers,
            tuple(vector[: piece.stop - start] for vector in scratch[: optimizer.scratch]),
        )
    return backend.lowered(bound(parts + constraint_calls(backend, parameters, training) + zeros.value_calls()))
