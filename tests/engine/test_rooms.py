"""Networks that step in turn have their gradients in one place, and nobody can tell."""

from dataclasses import replace

import numpy as np
import pytest

from engine import parameters as module
from engine.backend import Backend, open_backend
from engine.project import Project
from engine.rooms import Rooms
from engine.trainer import Trainer
from tests.engine.cases import project


def net(units: int = 5, frozen: bool = False, **training: object) -> Project:
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": units, "trainable": not frozen},
        {"id": "a1", "kind": "tanh"},
        {"id": "h2", "kind": "dense", "units": units},
        {"id": "out", "kind": "dense", "units": 1},
    ]
    return project(layers, "binary_cross_entropy", {"kind": "xor", "samples": 40}, batch_size=8, **training)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A backend whose networks share room, however small they are."""
    monkeypatch.setattr(module, "LEAST", 1)
    return replace(open_backend(), rooms=Rooms())


def test_networks_in_turn_do_what_each_does_alone(shared: Backend) -> None:
    made = [net(seed=seed, clip_norm=0.1) for seed in (0, 1)]
    alone, side_by_side = [Trainer(each) for each in made], [Trainer(each, backend=shared) for each in made]
    for number in range(12):
        for one, other in zip(alone, side_by_side, strict=True):
            assert one.step(layers=number % 3 == 0) == other.step(layers=number % 3 == 0)
            seen = [t.network.loss_and_gradients(t.data.x[:3], t.data.y[:3]) for t in (one, other)]
            np.testing.assert_equal(*seen)
    for one, other in zip(alone, side_by_side, strict=True):
        assert one.snapshot().values.tobytes() == other.snapshot().values.tobytes()


def test_one_room_for_those_that_are_alike(shared: Backend) -> None:
    first, second, wider, frozen = (Trainer(each, backend=shared) for each in (net(), net(), net(6), net(frozen=True)))
    assert np.shares_memory(first.parameters.grads, second.parameters.grads)
    for other in (wider, frozen):  # what one never writes must not be what another one wrote
        assert not np.shares_memory(first.parameters.grads, other.parameters.grads)
    assert not np.shares_memory(first.parameters.values, second.parameters.values)
    own = Trainer(net(), backend=replace(shared, rooms=None))
    assert not np.shares_memory(first.parameters.grads, own.parameters.grads)


def test_a_look_within_a_look_leaves_the_gradients_of_the_outer_one(shared: Backend) -> None:
    parameters = Trainer(net(), backend=shared).parameters
    with parameters.undisturbed():
        parameters.grads[...] = 7.0
        with parameters.undisturbed():
            parameters.grads[...] = 8.0
        assert (parameters.grads == 7.0).all()
    with pytest.raises(ZeroDivisionError), parameters.undisturbed():
        parameters.grads[...] = 1 // (parameters.count - parameters.count)
    with parameters.undisturbed(), parameters.undisturbed():
        parameters.grads[...] = 9.0
    assert (parameters.grads != 9.0).all()


def test_small_networks_share_nothing() -> None:
    backend = replace(open_backend(), rooms=Rooms())
    first, second = (Trainer(net(), backend=backend) for _ in range(2))
    assert not np.shares_memory(first.parameters.grads, second.parameters.grads)


def test_many_weights_are_drawn_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Trainer(net(300, seed=3)).snapshot().values
    monkeypatch.setattr(module, "MANY", 1)
    np.testing.assert_array_equal(Trainer(net(300, seed=3)).snapshot().values, few)


@pytest.mark.parametrize("optimizer", [{"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}, {"kind": "adam"}])
def test_an_update_is_the_same_in_pieces_of_any_size(
    monkeypatch: pytest.MonkeyPatch, optimizer: dict[str, str]
) -> None:
    found = []
    for most in (1, 1000):
        monkeypatch.setattr("engine.update.CHUNK", 64)
        monkeypatch.setattr("engine.update.MOST_CHUNKS", most)
        trainer = Trainer(net(40, optimizer=optimizer | {"lr": 0.1}))
        trainer.run(5)
        found.append(trainer.snapshot().values)
    np.testing.assert_array_equal(*found)
