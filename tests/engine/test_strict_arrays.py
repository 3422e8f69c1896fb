"""The engine on an array module that lets nothing cross between host and device: the same bits as on NumPy."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.divergence import DivergenceError
from engine.gradient_check import check_gradients
from engine.network import Network
from engine.trainer import Trainer
from tests.engine.cases import ACTIVATIONS, DTYPES, LAYER_CASES, behind_identity
from tests.engine.export.nets import ends_in
from tests.engine.loss_cases import LOSS_CASES, examples, loss_project
from tests.engine.test_trainer import DATA, LAYERS, OPTIMIZERS, bits, made
from tests.strict_array import HostDeviceError, strict

each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def device(dtype):
    return Backend(strict, "strict", dtype)


def pair(project, dtype):
    """The same trainer on the device and on the host."""
    return Trainer(project, backend=device(dtype)), Trainer(project, dtype=dtype)


@each_dtype
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"regularization": {"l1": 1e-3, "l2": 1e-2}, "clip_norm": 0.3},
        {"regularization": {"max_norm": 0.7}, "clip_value": 0.1},
        {"batch_size": "all"},
        {"shuffle": False},
    ],
    ids=["plain", "regularized and clipped", "limited", "all", "in order"],
)
def test_training_gives_the_same_bits(optimizer, settings, dtype):
    there, here = pair(made(optimizer, **settings), dtype)
    assert there.backend.xp is strict
    for _ in range(6):
        assert there.update() == here.update()
    assert there.step(layers=True) == here.step(layers=True)
    assert there.run(3) == here.run(3)
    there.set_learning_rate(0.02)
    here.set_learning_rate(0.02)
    there.set_batch_size(11)
    here.set_batch_size(11)
    assert there.run(5) == here.run(5)
    assert bits(there) == bits(here)
    assert there.evaluate() == here.evaluate()


@each_dtype
@pytest.mark.parametrize("resident", [True, False], ids=["kept", "in windows"])
@pytest.mark.parametrize("kind", ["standardize", "whiten"])
def test_prepared_examples_give_the_same_bits(kind, resident, dtype, monkeypatch):
    if not resident:
        monkeypatch.setattr("engine.data.batches.RESIDENT", 0)
    there, here = pair(made(data={**DATA, "preprocess": kind}), dtype)
    assert there.run(20) == here.run(20)
    assert bits(there) == bits(here)
    assert there.evaluate() == here.evaluate()
    x = here.data.x
    assert there.network.predict(x).tobytes() == here.network.predict(x).tobytes()
    numbers = there.network.preprocess.state()
    there.network.load_parameters({**there.network.parameters(), **{n: a + 1 for n, a in numbers.items()}})
    here.restore(there.snapshot())
    assert there.run(5) == here.run(5)


@each_dtype
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_every_layer_and_loss_gives_the_same_bits(case, activation, dtype):
    project, (x, y) = loss_project(case, activation), examples(case)
    networks = [Network(project, backend) for backend in (device(dtype), Backend(np, "cpu", dtype))]
    for network in networks:
        network.parameters_.initialize(3)
    (loss, gradients), (same_loss, same) = (network.loss_and_gradients(x, y) for network in networks)
    assert loss == same_loss
    for mine, theirs in (
        (gradients, same),
        (networks[0].state(), networks[1].state()),
        (networks[0].gradients(), networks[1].gradients()),
        ({"y": networks[0].predict(x)}, {"y": networks[1].predict(x)}),
    ):
        assert list(mine) == list(theirs)
        for name, array in mine.items():
            assert type(array) is np.ndarray
            assert array.dtype == dtype
            assert array.tobytes() == theirs[name].tobytes()
    if case.rows == "numbers":
        there, here = pair(project, dtype)
        assert there.step(layers=True) == here.step(layers=True)
        assert there.evaluate() == here.evaluate()


@each_dtype
@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_in_every_way_gives_the_same_bits(case, dtype):
    there, here = pair(behind_identity(case), dtype)
    assert there.step(layers=True) == here.step(layers=True)
    assert there.run(3) == here.run(3)
    assert bits(there) == bits(here)
    x = np.random.default_rng(0).standard_normal((5, case.features))
    assert there.network.predict(x).tobytes() == here.network.predict(x).tobytes()


@each_dtype
@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_every_join_gives_the_same_bits(kind, dtype):
    there, here = pair(ends_in(kind), dtype)
    assert there.step(layers=True) == here.step(layers=True)
    assert there.run(3) == here.run(3)
    assert bits(there) == bits(here)


@each_dtype
def test_snapshots_are_on_the_host_and_go_from_one_to_the_other(dtype):
    there, here = pair(made(), dtype)
    there.run(7)
    state = there.snapshot()
    assert all(type(array) is np.ndarray for array in (state.values, *state.slots))
    here.restore(state)
    assert bits(here) == bits(there)
    there.run(4)
    there.restore(state)
    assert bits(here) == bits(there)
    assert here.run(4) == there.run(4)
    there.reset(9)
    here.reset(9)
    assert here.run(4) == there.run(4)
    assert bits(here) == bits(there)


def test_loading_parameters_and_diverging():
    there, here = pair(made(layers=[LAYERS[0], LAYERS[-1]]), "float32")
    start = {name: array * 2 for name, array in here.network.parameters().items()}
    for trainer in (there, here):
        trainer.network.load_parameters(start)
        assert trainer.network.load_fitting({"h1.bias": np.ones(6), "other": np.ones(2)}) == ["h1.bias"]
    assert there.run(2) == here.run(2)
    errors = []
    for trainer in (there, here):
        trainer.network.load_parameters({name: np.full(a.shape, 1e38) for name, a in start.items()})
        with pytest.raises(DivergenceError) as caught:
            trainer.step()
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_gradients_are_checked_on_the_device_too():
    case = LOSS_CASES[0]
    project = loss_project(case, "relu")
    reports = []
    for backend in (device("float64"), Backend(np, "cpu", "float64")):
        network = Network(project, backend)
        network.parameters_.initialize(0)
        reports.append(check_gradients(network, *examples(case)))
    assert reports[0] == reports[1]
    assert reports[0].ok


@pytest.mark.parametrize(
    "mix",
    [
        np.asarray,
        np.array,
        np.sum,
        float,
        int,
        bool,
        list,
        lambda a: a + np.ones(3),
        lambda a: np.ones(3) + a,
        lambda a: a * np.float64(2),
        lambda a: np.float64(2) * a,
        lambda a: np.ones(3) @ a,
        lambda a: strict.add(a, np.ones(3)),
        lambda a: strict.add(a, a, np.ones(3)),
        lambda a: strict.dot(np.ones(3), a),
        lambda a: strict.copyto(a, np.ones(3)),
        lambda a: strict.copyto(np.ones(3), a),
        lambda a: np.copyto(np.ones(3), a),
        lambda a: np.ones(3).__setitem__(slice(None), a),
        lambda a: a.__setitem__(slice(None), np.ones(3)),
        lambda a: a[np.array([0, 1])],
        lambda a: np.ones(3)[a],
        lambda a: np.concatenate([a, a]),
        lambda a: strict.asnumpy(np.ones(3)),
        lambda a: [*a],
        lambda a: a if a == a else None,
    ],
)
def test_the_stand_in_refuses_to_mix(mix):
    with pytest.raises((TypeError, IndexError)):
        mix(strict.asarray(np.ones(3)))


def test_the_stand_in_computes():
    a = strict.asarray(np.array([3.0, 4.0]))
    out = strict.zeros((2,), "float64")
    strict.multiply(a, a, out)
    assert strict.asnumpy(out).tolist() == [9, 16]
    assert strict.dot(a, a).item() == 25
    assert strict.add.reduce(out).item() == 25
    assert (2 * a - 1).mean().item() == 6
    assert strict.asnumpy(a[strict.asarray(np.array([1, 0]))]).tolist() == [4, 3]
    assert issubclass(HostDeviceError, TypeError)
