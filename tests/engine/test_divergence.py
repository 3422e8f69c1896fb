"""A loss that is no number stops the run before it changes anything, and names where it began."""

from dataclasses import replace

import numpy as np
import pytest

from engine import parameters
from engine.backend import open_backend
from engine.divergence import DivergenceError
from engine.rooms import Rooms
from engine.trainer import Trainer
from tests.engine.cases import project

DATA = {"kind": "noise", "shape": [4], "samples": 20, "validation": 0.0}
LAYERS = [
    {"id": "h1", "kind": "dense", "units": 3},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]
each_way = pytest.mark.parametrize("way", ["update", "step", "run", "observed"])


def trainer_of(layers=LAYERS, data=DATA, dtype="float32", loss="mse", **training):
    return Trainer(project(layers, loss, data, **{"batch_size": 8, **training}), dtype=dtype)


def advance(trainer, way):
    with np.errstate(all="ignore"):
        match way:
            case "update":
                trainer.update()
            case "step":
                trainer.step()
            case "run":
                trainer.run(1)
            case "observed":
                trainer.step(layers=True)


def everything(trainer):
    """The state and the gradients, to the bit."""
    state, gradients = trainer.snapshot(), trainer.network.gradients()
    arrays = [state.values, *state.slots, *gradients.values()]
    return state.step, state.epoch, state.position, [array.tobytes() for array in arrays]


def until_it_diverges(trainer, way):
    """The error; the failed step changes nothing, however often it is tried."""
    for _ in range(200):
        before = everything(trainer)
        try:
            advance(trainer, way)
        except DivergenceError as error:
            found = error
            break
    else:
        raise AssertionError("it did not diverge")
    assert everything(trainer) == before
    for again in ("update", "observed", "step"):
        with pytest.raises(DivergenceError) as repeated:
            advance(trainer, again)
        assert str(repeated.value) == str(found)
        assert everything(trainer) == before
    assert found.step == trainer.step_number
    assert not np.isfinite(found.loss)
    return found


@each_way
def test_a_huge_learning_rate_spoils_the_weights(way):
    # Only h1 moves. Its weights grow by λη = 10⁹ a step, which tanh hides from the loss until they are infinite.
    layers = [*LAYERS[:2], {**LAYERS[2], "trainable": False}]
    huge = {"optimizer": {"kind": "sgd", "lr": 1e6}, "regularization": {"l2": 1e3}}
    error = until_it_diverges(trainer_of(layers, **huge), way)
    assert error.step > 2
    assert (error.node, error.reason) == ("h1", f"whose weights stopped being finite in update {error.step - 1}")
    assert f"the loss became nan at step {error.step}: it began in h1, whose weights" in str(error)


@pytest.mark.parametrize(
    ("x", "h1", "out", "node"),
    [(1e22, 1, 1e-4, "out"), (1e22, 1e-4, 1, "h1"), (1e30, 1e-4, 1e-8, "out")],
    ids=["out alone", "h1 alone", "both, out first"],
)
def test_the_gradient_that_overflowed_is_named(x, h1, out, node, tmp_path):
    # The output z, 4e18 or so, still has a square in float32; a gradient, 2 z h of out or 2 z w x of h1, is too large.
    np.savez(tmp_path / "large.npz", x=np.full((8, 4), x), y=np.zeros(8))
    data = {"kind": "npz", "path": str(tmp_path / "large.npz"), "validation": 0.0}
    layers = [
        {"id": "h1", "kind": "dense", "units": 1, "init": "constant", "init_value": h1},
        {"id": "out", "kind": "dense", "units": 1, "init": "constant", "init_value": out},
    ]
    error = until_it_diverges(trainer_of(layers, data, optimizer={"kind": "sgd", "lr": 1e-20}), "step")
    assert (error.step, error.node, error.reason) == (1, node, "whose weights stopped being finite in update 0")


def test_it_is_named_though_another_network_has_left_its_gradients_there(tmp_path, monkeypatch):
    monkeypatch.setattr(parameters, "LEAST", 1)
    backend = replace(open_backend(), rooms=Rooms())
    np.savez(tmp_path / "large.npz", x=np.full((8, 4), 1e30), y=np.zeros(8))
    data = {"kind": "npz", "path": str(tmp_path / "large.npz"), "validation": 0.0}
    trainers = []
    for h1, out in ((1e-4, 1e-8), (0.0, 0.0)):
        layers = [
            {"id": "h1", "kind": "dense", "units": 1, "init": "constant", "init_value": h1},
            {"id": "out", "kind": "dense", "units": 1, "init": "constant", "init_value": out},
        ]
        made = project(layers, "mse", data, batch_size=8, optimizer={"kind": "sgd", "lr": 1e-20})
        trainers.append(Trainer(made, backend=backend))
    for trainer in trainers:
        advance(trainer, "step")
    assert np.isfinite(trainers[0].parameters.grads).all()
    with pytest.raises(DivergenceError) as error:
        advance(trainers[0], "step")
    assert error.value.node == "out"


def test_weights_that_an_update_spoilt_are_named():
    trainer = trainer_of(optimizer={"kind": "sgd", "lr": 1e6})
    trainer.step()
    trainer.network.load_parameters(
        {
            name: np.full(a.shape, np.inf if name == "h1.weight" else 1)
            for name, a in trainer.network.parameters().items()
        }
    )
    error = until_it_diverges(trainer, "step")
    assert (error.node, error.reason) == ("h1", "whose weights stopped being finite in update 0")


def test_first_weights_that_are_not_finite_are_named():
    trainer = trainer_of([{**LAYERS[0], "init": "constant", "init_value": 1e39}, *LAYERS[1:]])
    error = until_it_diverges(trainer, "step")
    assert (error.step, error.node, error.reason) == (0, "h1", "whose weights start not finite")


@each_way
@pytest.mark.parametrize("big", ["h1", "out"])
def test_overflow_on_the_way_forward(way, big):
    # 3e38 is a number in float32; two of them are not.
    relu = [LAYERS[0], {"id": "a1", "kind": "relu"}, LAYERS[2]]
    ones = [{**layer, "init": "ones", "bias_init": 4.0} if layer["kind"] == "dense" else layer for layer in relu]
    layers = [{**layer, "init": "constant", "init_value": 3e38} if layer["id"] == big else layer for layer in ones]
    error = until_it_diverges(trainer_of(layers), way)
    assert (error.step, error.node, error.reason) == (0, big, "whose output overflowed")


@each_way
def test_a_loss_that_overflows(way):
    layers = [*LAYERS[:2], {**LAYERS[2], "init": "zeros", "bias_init": 1e30}]
    error = until_it_diverges(trainer_of(layers), way)  # outputs of 1e30 are finite, their square is not
    assert (error.step, error.node, error.reason) == (0, "out", "where the loss overflowed")
    assert error.loss == np.inf


def test_examples_beyond_float32(tmp_path):
    x, y = np.full((8, 4), 1e300), np.zeros(8)
    np.savez(tmp_path / "big.npz", x=x, y=y)
    data = {"kind": "npz", "path": str(tmp_path / "big.npz"), "validation": 0.0}
    error = until_it_diverges(trainer_of(data=data), "step")
    assert (error.node, error.reason) == ("x", "whose output is not finite")
    trainer_of([*LAYERS[:2], LAYERS[2]], data, "float64").step()


def test_a_run_goes_on_from_an_earlier_state():
    trainer = trainer_of(optimizer={"kind": "sgd", "lr": 1e6})
    start = trainer.snapshot()
    until_it_diverges(trainer, "step")
    trainer.restore(start)
    trainer.set_learning_rate(0.01)
    assert np.isfinite(trainer.run(50).loss)
