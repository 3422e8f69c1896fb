"""Lottery tickets: what is pruned stays pruned, and a ticket trains where a mask drawn by lot does not."""

from pathlib import Path

import numpy as np
import pytest

from engine.backend import Backend
from engine.catalogue import OPTIMIZERS
from engine.optimizers.searching import Searching
from engine.project import project_from
from engine.recipes.pruning import prune
from engine.run import messages as m
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project
from tests.engine.test_trainer import DATA, LAYERS, bits, losses, made
from tests.strict_array import strict

DIGITS = [
    {"id": "h1", "kind": "dense", "units": 100},
    {"id": "a1", "kind": "relu"},
    {"id": "out", "kind": "dense", "units": 10},
]
SHARES = (0.5, 0.8, 0.9)  # of all weights that are gone after each round


def on_digits(**training):
    return project(
        DIGITS, "cross_entropy", {"kind": "digits"}, optimizer={"kind": "adam", "lr": 0.003}, batch_size=64, **training
    )


def trained_from(weights=None, seed=0, epochs=20):
    """The network after training, its zeros kept where it begins with given weights."""
    trainer = Trainer(on_digits(keep_zeros=weights is not None), seed=seed)
    if weights is not None:
        trainer.network.load_parameters(weights)
    trainer.run(epochs * trainer.steps_per_epoch)
    return trainer.network.state(), trainer.evaluate()[1].accuracy


def share_of_zeros(state):
    weights = [a for name, a in state.items() if name.endswith(".weight")]
    return sum((a == 0).sum() for a in weights) / sum(a.size for a in weights)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_ticket_reaches_the_full_network_and_a_mask_drawn_by_lot_does_not(seed):
    initial = Trainer(on_digits(), seed=seed).network.state()
    weights, full = trained_from(seed=seed)
    for share in SHARES:
        ticket = prune(weights, share, initial)
        weights, found = trained_from(ticket, seed)
    assert share_of_zeros(weights) == pytest.approx(0.9, abs=1e-3)
    assert full > 0.96
    assert found > full - 0.01
    # The control: as many weights in each layer, drawn by lot, from the same first numbers.
    rng = np.random.default_rng(seed)
    drawn = {
        name: np.where(rng.permuted((ticket[name] != 0).ravel()).reshape(a.shape), a, 0) if a.ndim > 1 else a
        for name, a in initial.items()
    }
    assert share_of_zeros(drawn) == share_of_zeros(ticket)
    assert trained_from(drawn, seed)[1] < found - 0.03


WEIGHTS = {
    "h1.weight": np.array([[4.0, -3.0], [0.5, -1.0]]),
    "h1.bias": np.array([0.1, 0.2]),
    "norm.weight": np.array([0.01, 0.02]),
    "norm.running_mean": np.array([0.0, 0.0]),
    "out.weight": np.array([[-0.25, 8.0]]),
}


def test_the_smallest_go_over_all_layers_or_in_each():
    together = prune(WEIGHTS, 0.5)
    assert together["h1.weight"].tolist() == [[4, -3], [0, 0]]
    assert together["out.weight"].tolist() == [[0, 8]]
    each = prune(WEIGHTS, 0.5, per_layer=True)
    assert each["h1.weight"].tolist() == [[4, -3], [0, 0]]
    assert each["out.weight"].tolist() == [[0, 8]]
    assert prune(WEIGHTS, 2 / 3)["h1.weight"].tolist() == [[4, 0], [0, 0]]
    assert prune(WEIGHTS, 2 / 3, per_layer=True)["h1.weight"].tolist() == [[4, 0], [0, 0]]
    # A layer that is small as a whole: together it is gone first, layer by layer it keeps its share.
    small = {**WEIGHTS, "out.weight": WEIGHTS["out.weight"] / 100}
    assert prune(small, 0.5)["out.weight"].tolist() == [[0, 0]]
    assert prune(small, 0.5, per_layer=True)["out.weight"].tolist() == [[0, 0.08]]


def test_biases_and_norms_are_never_pruned_and_nothing_that_is_given_is_changed():
    before = {name: array.copy() for name, array in WEIGHTS.items()}
    kept = prune(WEIGHTS, 0.99)
    for name in ("h1.bias", "norm.weight", "norm.running_mean"):
        np.testing.assert_array_equal(kept[name], WEIGHTS[name])
        assert kept[name] is not WEIGHTS[name]
    for name, array in before.items():
        np.testing.assert_array_equal(WEIGHTS[name], array)


def test_survivors_are_rewound():
    initial = {name: np.full_like(array, 7) for name, array in WEIGHTS.items()}
    kept = prune(WEIGHTS, 0.5, initial)
    assert kept["h1.weight"].tolist() == [[7, 7], [0, 0]]
    assert kept["h1.bias"].tolist() == [7, 7]


def test_of_equal_weights_the_first_go_and_the_count_is_exact():
    assert prune({"a.weight": np.ones((2, 3))}, 0.5)["a.weight"].tolist() == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("trained", "share", "initial", "message"),
    [
        (WEIGHTS, 1, None, "share: expected a number from 0 to below 1, got 1"),
        (WEIGHTS, -0.1, None, "share: expected"),
        (WEIGHTS, float("nan"), None, "share: expected"),
        ({"h1.bias": np.ones(3)}, 0.5, None, "there are no weights to prune"),
        (WEIGHTS, 0.5, {}, "h1.weight: is not among the weights to rewind to"),
        (WEIGHTS, 0.5, {**WEIGHTS, "h1.bias": np.ones(3)}, r"h1.bias: has shape \(2,\), the one to rewind to \(3,\)"),
    ],
)
def test_what_cannot_be_pruned(trained, share, initial, message):
    with pytest.raises(ValueError, match=message):
        prune(trained, share, initial)


# Zeros that stay

each_dtype = pytest.mark.parametrize("dtype", DTYPES)
SETTINGS = {"regularization": {"l1": 1e-3, "l2": 1e-2}, "clip_norm": 0.5}


def by(optimizer, **settings):
    """The network of `made`, trained by any optimizer."""
    return project(LAYERS, "cross_entropy", DATA, **{"optimizer": optimizer, "batch_size": 16, "seed": 5, **settings})


def sparse(trainer, share=0.5):
    """Loads the trainer's own weights, pruned, and says which are zero."""
    kept = prune(trainer.network.state(), share)
    trainer.network.load_parameters(kept)
    return {name: a == 0 for name, a in kept.items() if a.ndim > 1}


def zeros(trainer):
    return {name: a == 0 for name, a in trainer.network.state().items() if a.ndim > 1}


def same(left, right):
    return all(np.array_equal(left[name], right[name]) for name in left)


@each_dtype
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["plain", "with all"])
def test_zeros_stay_and_everything_else_moves(kind, settings, dtype):
    if issubclass(OPTIMIZERS[kind], Searching):
        settings = {name: value for name, value in settings.items() if name != "clip_norm"}
    trainer = Trainer(by({"kind": kind}, keep_zeros=True, **settings), dtype=dtype)
    start = sparse(trainer)
    before = trainer.network.state()
    losses(trainer, 9)
    trainer.step(layers=True)
    assert same(zeros(trainer), start)
    assert all(start_.mean() > 0.3 for start_ in start.values())
    moved = trainer.network.state()
    assert all((moved[name] != a).any() for name, a in before.items())
    free = Trainer(by({"kind": kind}, **settings), dtype=dtype)
    sparse(free)
    losses(free, 9)
    assert not same(zeros(free), start)  # the control


def test_biases_that_are_zero_move():
    trainer = Trainer(made(keep_zeros=True))
    assert not trainer.network.state()["h1.bias"].any()
    trainer.update()
    assert trainer.network.state()["h1.bias"].all()


def test_a_network_without_zeros_trains_to_the_same_bits():
    kept, plain = Trainer(made(keep_zeros=True, **SETTINGS)), Trainer(made(**SETTINGS))
    assert losses(kept, 9) == losses(plain, 9)
    assert bits(kept) == bits(plain)


@each_dtype
def test_a_weight_that_passes_through_zero_goes_on(dtype):
    """And so it does after a snapshot taken at that moment: which weights stay is not asked of the snapshot's zeros."""
    trainer = Trainer(made(keep_zeros=True), dtype=dtype)
    start = sparse(trainer)
    losses(trainer, 3)
    weight = trainer.network.parameters_.weights(trainer.parameters.values, "h1")
    row, column = np.argwhere(~start["h1.weight"])[0]
    weight[row, column] = 0
    state = trainer.snapshot()
    first = losses(trainer, 5)
    assert weight[row, column] != 0
    assert same(zeros(trainer), start)
    other = Trainer(made(keep_zeros=True), dtype=dtype, seed=99)
    for again in (trainer, other):
        again.restore(m.decode_record(m.encode(m.Keyframe((state,), None))).states[0])
        assert losses(again, 5) == first
        assert same(zeros(again), start)


@pytest.mark.parametrize("optimizer", [{"kind": "sgd", "lr": 0.1, "momentum": 0.9}, {"kind": "lbfgs"}], ids=str)
def test_loading_and_resetting_begin_anew(optimizer):
    trainer = Trainer(by(optimizer, keep_zeros=True))
    losses(trainer, 5)
    start = sparse(trainer)  # while the optimizer remembers the time before
    losses(trainer, 5)
    assert same(zeros(trainer), start)
    trainer.network.load_fitting({"h1.weight": np.zeros((6, 4))})
    losses(trainer, 3)
    assert zeros(trainer)["h1.weight"].all()
    trainer.reset()
    losses(trainer, 3)
    fresh = Trainer(by(optimizer))
    losses(fresh, 3)
    assert bits(trainer) == bits(fresh)


@each_dtype
def test_the_same_bits_on_a_device(dtype):
    there = Trainer(made(keep_zeros=True), backend=Backend(strict, "strict", dtype))
    here = Trainer(made(keep_zeros=True), dtype=dtype)
    for trainer in (there, here):
        sparse(trainer)
    assert losses(there, 5) == losses(here, 5)
    here.restore(there.snapshot())
    assert there.run(3) == here.run(3)
    assert bits(there) == bits(here)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_pruned_input_is_an_input_that_is_not_there(kind):
    """Clipped lengths, slopes of searches and curvatures are those of the network without it."""
    declared = {"kind": kind}
    settings = {} if issubclass(OPTIMIZERS[kind], Searching) else {"clip_norm": 0.05}
    whole = Trainer(by(declared, keep_zeros=True, **settings), dtype="float64")
    json = by(declared, **settings).to_json()
    json["graph"]["nodes"][0]["columns"] = [0, 3]
    part = Trainer(project_from(json, Path()), dtype="float64")
    weights = whole.network.state()
    weights["h1.weight"][:, 3] = 0
    whole.network.load_parameters(weights)
    part.network.load_parameters({**weights, "h1.weight": weights["h1.weight"][:, :3]})
    # Newton's curvatures are differences, whose rounding eigenvalues near 0 make large.
    np.testing.assert_allclose(losses(whole, 8), losses(part, 8), rtol=3e-3 if kind == "newton" else 1e-6)


def test_clipping_measures_what_moves():
    trainer = Trainer(made("sgd", keep_zeros=True, clip_norm=1e-3), dtype="float64")
    sparse(trainer, 0.9)
    before = trainer.snapshot().values
    trainer.update()
    moved = trainer.snapshot().values - before
    np.testing.assert_allclose(np.sqrt((moved**2).sum()), 0.1 * 1e-3, rtol=1e-9)


def test_all_weights_of_recurrent_layers_are_pruned_and_their_biases_are_not():
    layers = [{"id": "r", "kind": "lstm", "units": 5, "layers": 2}, {"id": "out", "kind": "dense", "units": 1}]
    data = {"kind": "adding", "length": 6, "samples": 20}
    state = Trainer(project(layers, data=data, keep_zeros=True)).network.state()
    ticket = prune(state, 0.6)
    for name, array in ticket.items():
        share = (array == 0).mean()
        assert share > 0.2 if "weight" in name else np.array_equal(array, state[name]), name
    trainer = Trainer(project(layers, data=data, keep_zeros=True))
    trainer.network.load_parameters(ticket)
    trainer.run(3)
    for name, array in trainer.network.state().items():
        if "weight" in name:
            assert np.array_equal(array == 0, ticket[name] == 0), name
