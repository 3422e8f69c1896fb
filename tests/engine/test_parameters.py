"""Parameters and gradients as one vector each."""

import numpy as np
import pytest

from engine.trainer import Trainer
from tests.engine.cases import project

LAYERS: list[dict[str, object]] = [
    {"id": "h", "kind": "dense", "units": 3},
    {"id": "a", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]


def test_gradients_are_what_they_were_after_every_look() -> None:
    trainer = Trainer(project(LAYERS))
    trainer.update()
    parameters = trainer.parameters
    before = parameters.grads.copy()
    assert before.any()
    for _ in range(2):
        with parameters.undisturbed():
            parameters.grads[...] = 7.0
            with parameters.undisturbed():  # a look within a look
                parameters.grads[...] = 8.0
            assert (parameters.grads == 7.0).all()
        np.testing.assert_array_equal(parameters.grads, before)
    with pytest.raises(ZeroDivisionError), parameters.undisturbed():
        parameters.grads[...] = 1 // (len(before) - parameters.count)
    np.testing.assert_array_equal(parameters.grads, before)
    slots = parameters.grads
    trainer.network.loss_and_gradients(trainer.data.x[:3], trainer.data.y[:3])
    trainer.network.input_gradient(trainer.data.x[:3], trainer.data.y[:3])
    assert parameters.grads is slots
    np.testing.assert_array_equal(parameters.grads, before)
