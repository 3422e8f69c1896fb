"""Compiled kernels: the same numbers as NumPy's within rounding, the same bits whichever way a step is made."""

from functools import partial

import numpy as np
import pytest

from engine.backend import open_backend
from engine.divergence import DivergenceError
from engine.kernels import choice
from engine.kernels.program import MOST_WORK, Op, table
from engine.network import Network
from engine.trainer import Trainer
from tests.engine.cases import LAYER_CASES, LOSS_CASES, behind_identity, examples, loss_project, project
from tests.engine.optimizer_cases import OPTIMIZER_CASES

pytest.importorskip("numba")

from engine.kernels.running import Program, lowered

RNG = np.random.default_rng(1)
# Functions written in polynomials, in float32 good to two units in the last place; sums in another order.
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-14}}
XOR = [
    {"id": "h1", "kind": "dense", "units": 8},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]


def both(made, dtype="float32", seed=None):
    return tuple(
        Trainer(made, seed=seed, backend=open_backend("cpu", dtype, kernels)) for kernels in ("numpy", "numba")
    )


def xor(optimizer=None, batch_size=16, **training):
    optimizer = optimizer or {"kind": "adam", "lr": 0.01}
    data = {"kind": "xor", "samples": 80, "validation": 0.2}
    return project(XOR, "binary_cross_entropy", data, optimizer=optimizer, batch_size=batch_size, **training)


def called(function, *arrays):
    """What NumPy and a program make of one call, whose last array is written to."""
    there, here = ([np.array(a) for a in arrays] for _ in range(2))
    with np.errstate(all="ignore"):
        function(*there[:-1], out=there[-1])
    (program,) = lowered([partial(function, *here[:-1], out=here[-1])])
    assert isinstance(program, Program)
    program()
    return there[-1], here[-1]


# One call


SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 1e-30, 88.5, -88.0, -100.0, -104.0, 90.0, 3e38]
UNARY = [
    *(np.negative, np.absolute, np.sign, np.square, np.sqrt, np.reciprocal),
    *(np.exp, np.expm1, np.log, np.log1p, np.tanh),
]
LIMITS = [np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.greater, *LIMITS]


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_functions_of_one_number(function, dtype):
    spread = [RNG.normal(size=300) * scale for scale in (1e-6, 1e-2, 1.0, 10.0, 60.0)]
    x = np.concatenate([SPECIAL, *spread]).astype(dtype)
    there, here = called(function, x, np.empty_like(x))
    np.testing.assert_array_equal(np.isnan(here), np.isnan(there))
    np.testing.assert_array_max_ulp(here[~np.isnan(here)], there[~np.isnan(there)], maxulp=4)


@pytest.mark.parametrize("shapes", [((20,), (20,)), ((4, 5), ()), ((), (4, 5)), ((4, 1), (4, 5)), ((4, 5), (5,))])
@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_functions_of_two_numbers_and_their_broadcasts(function, shapes):
    a, b = (np.array(RNG.normal(size=shape)).astype("float32") for shape in shapes)
    out = np.empty(np.broadcast_shapes(*shapes), "float32")
    there, here = called(function, a, b, out)
    np.testing.assert_allclose(here, there, rtol=3e-7, atol=1e-7)
    assert np.abs(here).max() > 0


@pytest.mark.parametrize("function", LIMITS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("length", [1, 3])  # long rows of logaddexp are made of several
def test_what_is_no_number_comes_through_as_in_numpy(function, length):
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], "float32")
    a, b = (np.tile(pairs[:, i], length)[:: 1 if length > 1 else 20].copy() for i in range(2))
    there, here = called(function, a, b, np.empty_like(a))
    both_infinite = np.isinf(a) & (a == b) & (function is np.logaddexp)
    np.testing.assert_allclose(here[~both_infinite], there[~both_infinite], rtol=3e-7)
    assert not np.isfinite(here[both_infinite]).any()


@pytest.mark.parametrize("place", ["a", "b"])
def test_in_place(place):
    a, b = RNG.normal(size=(2, 3, 7)).astype("float32")
    expected = a - b
    (program,) = lowered([partial(np.subtract, a, b, a if place == "a" else b)])
    program()
    np.testing.assert_array_equal(a if place == "a" else b, expected)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 4), (3, 9, 32), (8, 32, 3), (9, 5, 11), (1, 32, 9), (8, 3, 32)])
def test_products_however_the_factors_lie(shape, order, dtype):
    n, inner, m = shape
    a = np.array(RNG.normal(size=(n, inner)), dtype, order=order[0])
    b = np.array(RNG.normal(size=(inner, m)), dtype, order=order[1])
    there, here = called(np.dot, a, b, np.empty((n, m), dtype))
    np.testing.assert_allclose(here, there, **CLOSE[dtype])


@pytest.mark.parametrize("axis", [0, 1, None, (1,)])
@pytest.mark.parametrize("ufunc", [np.add, np.maximum], ids=lambda f: f.__name__)
def test_sums_and_the_greatest_along_axes(ufunc, axis):
    x = RNG.normal(size=(6, 5)).astype("float32")
    expected = ufunc.reduce(x, axis, keepdims=True)
    out = np.full_like(expected, 7)
    (program,) = lowered([partial(ufunc.reduce, x, axis, None, out, True)])
    program()
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_masks():
    x, mask, out = RNG.normal(size=(4, 6)).astype("float32"), np.zeros((4, 6), bool), np.empty((4, 6), "float32")
    calls = [partial(np.greater, x, np.zeros((), "float32"), mask), partial(np.copyto, out, mask)]
    calls.append(partial(np.multiply, mask, x, x))
    (program,) = lowered(calls)
    expected = np.maximum(x, 0)
    program()
    assert np.array_equal(x, expected)
    assert np.array_equal(mask, x > 0)
    assert np.array_equal(out, (x > 0).astype("float32"))


def test_what_no_row_can_say_stays_as_it_is():
    x = np.ones((4, 4), "float32")
    for call in (
        partial(np.sin, x, x),
        partial(np.add, x, x.astype("float64"), x),
        partial(np.add, x[None], x[None], x[None]),
        lambda: None,
        partial(np.where, x > 0, x, x),
    ):
        assert lowered([call]) == [call]
    side = int(MOST_WORK**0.5) + 1
    large = np.ones((side, side), "float32")
    assert table([partial(np.add, large, large, large)]) is None
    assert len(Op) == 29


# Whole nets


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_losses_and_their_gradients(case, dtype):
    made = loss_project(case)
    x, y = examples(case)
    nets = [Network(made, open_backend("cpu", dtype, kernels)) for kernels in ("numpy", "numba")]
    weights = {name: RNG.uniform(-1, 1, w.shape) for name, w in nets[0].parameters().items()}
    for net in nets:
        net.load_parameters(weights)
    (loss, gradients), (own_loss, own) = (net.loss_and_gradients(x, y) for net in nets)
    assert own_loss == pytest.approx(loss, rel=CLOSE[dtype]["rtol"])
    for name, gradient in gradients.items():
        np.testing.assert_allclose(own[name], gradient, **CLOSE[dtype])


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_trains_alike_compiled_or_not(case):
    numpy, numba = both(behind_identity(case), "float64")
    for _ in range(5):
        there, here = numpy.step(layers=True), numba.step(layers=True)
        assert here.loss == pytest.approx(there.loss, rel=1e-10)
    np.testing.assert_allclose(numba.parameters.values, numpy.parameters.values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_every_optimizer_moves_alike_compiled_or_not(name):
    made = xor(OPTIMIZER_CASES[name].declared, clip_norm=1.0, regularization={"l1": 1e-3, "l2": 1e-2, "max_norm": 2.0})
    numpy, numba = both(made, "float64")
    for trainer in (numpy, numba):
        trainer.run(60)
    np.testing.assert_allclose(numba.parameters.values, numpy.parameters.values, rtol=1e-8, atol=1e-10)


WAYS = {
    "batches": {"batch_size": 16},
    "a smaller last one": {"batch_size": 30},
    "all": {"batch_size": "all"},
    "all, scheduled": {"batch_size": "all", "schedule": {"kind": "cosine", "period": 40}},
    "scheduled": {"schedule": {"kind": "exponential", "gamma": 0.9}},
    "stopping": {"early_stopping": {"patience": 3}},
    "all, stopping": {"batch_size": "all", "early_stopping": {"patience": 3}},
    "curriculum": {"curriculum": {"epochs": 3, "start": 0.3}},
    "noise": {"augmentation": {"shift": 0, "noise": 0.1}},
}


def three_classes(**training):
    layers = [
        {"id": "a", "kind": "dense", "units": 5},
        {"id": "b", "kind": "relu"},
        {"id": "c", "kind": "dense", "units": 3},
    ]
    return project(
        layers, "cross_entropy", {"kind": "blobs", "classes": 3, "samples": 80, "validation": 0.2}, **training
    )


@pytest.mark.parametrize("make", [xor, three_classes])
@pytest.mark.parametrize("way", WAYS)
def test_many_steps_in_one_call_are_the_same_steps(way, make):
    """The same bits by ones, in any groups, looked at or not, and after going back."""
    made = make(**WAYS[way])
    many, ones, looked = (both(made)[1] for _ in range(3))
    many.run(7)
    state = many.snapshot()
    many.run(50)
    for _ in range(57):
        ones.update()
        looked.step(layers=True)
    for other in (ones, looked):
        assert np.array_equal(other.parameters.values, many.parameters.values)
        assert (other.step_number, other.epoch, other.position) == (many.step_number, many.epoch, many.position)
        assert other.rate == many.rate
    ones.restore(state)
    ones.run(50)
    assert np.array_equal(ones.parameters.values, many.parameters.values)


def test_a_run_is_made_in_few_calls(monkeypatch):
    """The guard of the one above: many steps do go through one call."""
    trainer = both(xor())[1]
    update, calls = trainer.update, []
    monkeypatch.setattr(trainer, "update", lambda: calls.append(1) or update())
    trainer.run(400)
    assert trainer.step_number == 400
    assert len(calls) == 1  # of the last one the record is wanted


@pytest.mark.parametrize("batch_size", [16, "all"])
def test_a_loss_that_is_no_number_ends_a_run_before_its_update(batch_size):
    layers = [{"id": "h1", "kind": "dense", "units": 3}, {"id": "out", "kind": "dense", "units": 1}]
    data = {"kind": "sine", "samples": 64, "validation": 0.0}
    numpy, numba = both(project(layers, "mse", data, optimizer={"kind": "sgd", "lr": 30.0}, batch_size=batch_size))
    steps = []
    for trainer in (numpy, numba):
        with pytest.raises(DivergenceError) as caught:
            trainer.run(200)
        steps.append((trainer.step_number, caught.value.step))
    assert steps[0] == steps[1]
    assert 0 < steps[0][0] < 200


# Which are chosen


def test_small_nets_on_the_cpu_take_compiled_kernels_where_there_are_any(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "auto")
    monkeypatch.setattr(choice, "is_compiled", lambda: True)
    large = project(
        [{"id": "out", "kind": "dense", "units": 500}], "mse", {"kind": "noise", "shape": [40], "targets": 500}
    )
    assert choice.kernels_for(xor(), "cpu") == "numba"
    assert choice.kernels_for(xor(batch_size="all"), "cpu") == "numba"
    assert choice.kernels_for(large, "cpu") == choice.kernels_for(xor(), "cuda") == "numpy"
    monkeypatch.setattr(choice, "is_compiled", lambda: False)
    assert choice.kernels_for(xor(), "cpu") == "numpy"
    monkeypatch.setenv(choice.VARIABLE, "numba")
    assert choice.kernels_for(large, "cpu") == "numba"
    monkeypatch.setattr(choice, "installed", lambda: False)
    assert choice.kernels_for(large, "cpu") == "numpy"


def test_what_was_compiled_of_other_sources_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(choice, "STAMP", tmp_path / "compiled")
    monkeypatch.setattr("engine.kernels.running.warm", lambda: None)
    assert not choice.is_compiled()
    choice.compile_all()
    assert choice.is_compiled()
    (tmp_path / "compiled").write_text("numba 0.1")
    assert not choice.is_compiled()
