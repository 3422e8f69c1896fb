"""Test-time augmentation: the mean of what a network says of several views, and that it reads shifted digits better."""

import numpy as np
import pytest

import engine
from engine.data.augmentation import Augmentation, Augmenter
from engine.network import Network
from engine.trainer import Trainer
from engine.views import Views
from tests.engine.cases import network, project

X = np.random.default_rng(3).standard_normal((7, 2, 5, 4))
PICTURES = {"kind": "noise", "shape": [2, 5, 4], "classes": 3, "samples": 20, "preprocess": "standardize"}
LAYERS = [{"id": "c", "kind": "conv2d", "filters": 3}, {"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense"}]


def net(last=None, loss="cross_entropy", seed=0) -> Network:
    layers = [*LAYERS[:-1], {**LAYERS[-1], "units": 3}, *([{"id": "p", "kind": last}] if last else [])]
    made = network(project(layers, loss, PICTURES), seed=seed)
    made.preprocess.fit(X)
    return made


def shifted(x, down, across):
    """By padding with the edge and cutting out."""
    _, _, high, wide = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (9, 9), (9, 9)), mode="edge")
    return padded[:, :, 9 - down : 9 - down + high, 9 - across : 9 - across + wide]


def shares(last, outputs):
    if last == "softmax":
        return outputs
    grown = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("last", [None, "softmax"])
def test_the_answer_is_the_mean_of_the_single_answers(last):
    """The shift of each view is found among all that there are, by an independent way to shift."""
    member, how = net(last), Augmentation(shift=1)
    told = list(Views(how, 6, seed=4).predictions(member, X))
    np.testing.assert_array_equal(told[0], member.predict(X))
    singles = {(d, a): member.predict(shifted(X, d, a)) for d in (-1, 0, 1) for a in (-1, 0, 1)}
    found = []
    for one in told:
        fits = [place for place, single in singles.items() if np.allclose(one, single, rtol=1e-9, atol=1e-12)]
        assert len(fits) == 1
        found += fits
    assert len(set(found)) > 2
    mean = np.mean([shares(last, singles[place]) for place in found], axis=0)
    averaged = engine.Ensemble([member], engine.Views(how, 6, seed=4)).predict(X)
    np.testing.assert_allclose(shares(last, averaged), mean, rtol=1e-9)
    assert not np.allclose(mean, shares(last, member.predict(X)), rtol=1e-3)


def test_numbers_are_averaged_as_they_are():
    member, views = net(loss="mse"), Views(Augmentation(shift=0, flip=True, rotate=20.0, noise=0.1), 5)
    told = np.array(list(views.predictions(member, X)))
    np.testing.assert_allclose(engine.Ensemble([member], views).predict(X), told.mean(axis=0), rtol=1e-12)


def test_noise_is_added_behind_the_preprocessing_and_is_the_same_for_all():
    """A layer without bias tells the noise: its answer moves by W · noise."""
    layers = [{"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 3, "bias": False}]
    member = network(project(layers, "cross_entropy", PICTURES))
    member.preprocess.fit(X)
    plain, *others = Views(Augmentation(shift=0, noise=0.5), 4).predictions(member, X)
    moves = np.array([other - plain for other in others])
    np.testing.assert_allclose(moves, np.broadcast_to(moves[:, :1], moves.shape), atol=1e-12)
    assert len({tuple(move) for move in moves[:, 0]}) == 3


def test_an_answer_does_not_depend_on_its_neighbours_nor_on_pieces(monkeypatch):
    member, views = net(), Views(Augmentation(shift=1, rotate=30.0, flip=True, noise=0.2), 4)
    whole = engine.Ensemble([member], views).predict(X)
    monkeypatch.setattr(Network, "most_at_once", 3)
    np.testing.assert_allclose(engine.Ensemble([member], views).predict(X), whole, rtol=1e-9)
    for k in range(len(X)):
        np.testing.assert_allclose(engine.Ensemble([member], views).predict(X[k : k + 1]), whole[k : k + 1], rtol=1e-9)
    assert engine.Ensemble([member], views).predict(X[:0]).shape == (0, 3)


def test_members_of_an_ensemble_are_averaged_with_their_views():
    members, views = [net(seed=seed) for seed in range(2)], Views(Augmentation(shift=1), 3)
    each = [shares(None, out) for member in members for out in views.predictions(member, X)]
    found = shares(None, engine.Ensemble(members, views).predict(X))
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-9)


def test_one_view_is_the_network_to_the_bit():
    member = net()
    assert engine.Ensemble([member], Views(Augmentation(), 1)).predict(X).tobytes() == member.predict(X).tobytes()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="views: expected 1 to 1024, got 0"):
        Views(Augmentation(), 0)
    vectors = network(project([{"id": "out", "kind": "dense", "units": 2}], "cross_entropy", {"kind": "xor"}))
    with pytest.raises(ValueError, match=r"augmentation\.shift: wants pictures of C×H×W numbers, the data have 2"):
        engine.Ensemble([vectors], Views(Augmentation(), 2)).predict(np.zeros((1, 2)))
    assert Views(Augmentation(shift=0, noise=1.0), 2).refusal(vectors) == ""


@pytest.mark.parametrize("seed", [0, 1])
def test_shifted_digits_are_read_better_by_the_mean_of_views(seed):
    """By a net that learnt on shifts. Controls: its own answer, views that do not move, a net that saw no shifts."""
    layers = [
        {"id": "flat", "kind": "flatten"},
        {"id": "h", "kind": "dense", "units": 64, "init": "he_normal"},
        {"id": "a", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 10},
    ]
    data = {"kind": "digits", "pictures": True, "preprocess": "standardize"}
    optimizer = {"kind": "adam", "lr": 0.003}

    def learnt(augmentation):
        training = {"optimizer": optimizer, "batch_size": 64, "augmentation": augmentation}
        trainer = Trainer(project(layers, "cross_entropy", data, **training), seed=seed)
        trainer.run(800)
        return trainer

    trainer = learnt({"shift": 2})
    x, y = np.asarray(trainer.data.x_val), trainer.data.y_val
    moved = np.concatenate([shifted(x, 0, 1), shifted(x, 0, -1), shifted(x, 1, 0), shifted(x, -1, 0)])

    def accuracy(net, views=None):
        return float((engine.Ensemble([net], views).predict(moved).argmax(axis=1) == np.tile(y, 4)).mean())

    alone = accuracy(trainer.network)
    assert accuracy(trainer.network, Views(Augmentation(shift=1), 9)) > alone + 0.03
    assert abs(accuracy(trainer.network, Views(Augmentation(shift=0, noise=0.05), 9)) - alone) < 0.015
    still = learnt(None).network
    assert accuracy(still, Views(Augmentation(shift=1), 9)) < accuracy(still) + 0.03


def test_on_a_device():
    from engine.backend import Backend
    from tests.strict_array import strict

    rows = np.concatenate([X.reshape(7, -1), np.ones((7, 1))], axis=1)
    how = Augmentation(shift=1, rotate=20.0, flip=True, noise=0.1)
    made = []
    for backend in (Backend(np, "cpu", "float64"), Backend(strict, "strict", "float64")):
        changed = Augmenter(backend, how, X.shape[1:], 1).alike(backend.from_host(rows), 0, 2)
        made.append(backend.to_host(changed))
    np.testing.assert_allclose(*made, rtol=1e-12)
