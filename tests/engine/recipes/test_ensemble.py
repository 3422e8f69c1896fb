"""Five seeds say more than one: the mean of what networks say."""

import numpy as np
import pytest

import engine
from engine.data.digits import Digits
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import network, project, project_json

FEW = 150


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Few digits to train on, and a validation part of the usual size."""
    folder = tmp_path_factory.mktemp("few")
    data = Digits().load(folder)
    np.savez(folder / "few.npz", x=data.x[:FEW] / 16, y=data.y[:FEW], x_val=data.x_val / 16, y_val=data.y_val)
    return folder


@pytest.mark.parametrize("drawn", [False, True], ids=["logits", "softmax"])
def test_five_seeds_on_few_digits_are_better_than_the_mean_of_them(few, drawn):
    layers = [
        {"id": "h1", "kind": "dense", "units": 10},
        {"id": "a1", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 10},
        *([{"id": "p", "kind": "softmax"}] if drawn else []),
    ]
    json = project_json(
        layers,
        "cross_entropy",
        {"kind": "npz", "path": "few.npz"},
        optimizer={"kind": "adam", "lr": 0.01},
        batch_size=16,
    )
    made = project_from(json, few)
    members = []
    for seed in range(5):
        trainer = Trainer(made, seed=seed)
        trainer.run(40 * trainer.steps_per_epoch)
        members.append(trainer.network)
    data = made.data.load(few)

    def accuracy(predictor):
        return float((predictor.predict(data.x_val).argmax(axis=1) == data.y_val).mean())

    alone = [accuracy(member) for member in members]
    assert accuracy(engine.Ensemble(members)) > np.mean(alone) + 0.01
    # The control: one member five times is that member.
    assert accuracy(engine.Ensemble([members[0]] * 5)) == alone[0]


def nets(loss, units, last=None, data=None, count=3, scale=1.0):
    layers = [{"id": "h1", "kind": "dense", "units": 5}, {"id": "a1", "kind": "tanh"}]
    layers.append({"id": "out", "kind": "dense", "units": units})
    layers += [{"id": "end", "kind": last}] if last else []
    made = project(layers, loss, data or {"kind": "noise", "shape": [4], "classes": max(2, units), "samples": 20})
    return [network(made, seed=seed, scale=scale) for seed in range(count)]


X = np.random.default_rng(2).standard_normal((11, 4))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("loss", "units", "last", "shares"),
    [
        ("cross_entropy", 3, None, softmax),
        ("cross_entropy", 3, "softmax", lambda y: y),
        ("cross_entropy", 3, "log_softmax", np.exp),
        ("binary_cross_entropy", 1, None, sigmoid),
        ("binary_cross_entropy", 1, "sigmoid", lambda y: y),
        ("binary_cross_entropy", 3, None, sigmoid),
        ("mse", 1, None, lambda y: y),
        ("hinge", 3, None, lambda y: y),
    ],
)
def test_what_is_averaged(loss, units, last, shares):
    members = nets(loss, units, last)
    found = engine.Ensemble(members).predict(X)
    expected = np.mean([shares(member.predict(X)) for member in members], axis=0)
    np.testing.assert_allclose(shares(found), expected, rtol=1e-12)
    if shares in (softmax, sigmoid):
        logits = np.mean([member.predict(X) for member in members], axis=0)
        assert not np.allclose(shares(found), shares(logits), rtol=1e-3)  # a mean of logits is another thing


@pytest.mark.parametrize(("loss", "units"), [("cross_entropy", 3), ("binary_cross_entropy", 1)])
def test_large_logits_stay_finite(loss, units):
    members = nets(loss, units, scale=3000.0)
    alone = np.array([member.predict(X) for member in members])
    assert np.abs(alone).max() > 3000
    found = engine.Ensemble(members).predict(X)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= np.abs(alone).max() * 2


def test_one_member_is_itself_to_the_bit():
    (only,) = nets("cross_entropy", 3, count=1)
    assert engine.Ensemble([only]).predict(X).tobytes() == only.predict(X).tobytes()


def test_hidden_layers_may_differ_and_the_number_type_is_the_widest():
    wide = project([{"id": "out", "kind": "dense", "units": 3}], "cross_entropy", {"kind": "noise", "classes": 3})
    (first,) = nets("cross_entropy", 3, data={"kind": "noise", "shape": [2], "classes": 3}, count=1)
    found = engine.Ensemble([first, network(wide, "float32")]).predict(X[:, :2])
    assert (found.shape, found.dtype) == ((11, 3), np.float64)
    assert engine.Ensemble([network(wide, "float32")] * 2).predict(X[:, :2]).dtype == np.float32


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([], "an ensemble wants at least one network"),
        (
            nets("cross_entropy", 3, count=1) + nets("cross_entropy", 4, count=1),
            "network 1 is for 4 numbers to 4 by cross_entropy, the first for 4 numbers to 3 by cross_entropy",
        ),
        (
            nets("cross_entropy", 3, count=1) + nets("cross_entropy", 3, "softmax", count=1),
            "network 1 is for 4 numbers to 3 behind softmax by cross_entropy, the first for 4 numbers to 3 by",
        ),
        (nets("hinge", 3, count=1) + nets("cross_entropy", 3, count=1), "network 1 is for .* by cross_entropy, the"),
    ],
)
def test_networks_that_do_not_belong_together(members, message):
    with pytest.raises(ValueError, match=message):
        engine.Ensemble(members)
