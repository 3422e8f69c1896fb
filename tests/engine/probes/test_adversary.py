"""The small step that fools: its sign by finite differences, its outcome by the network's own predictions."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import adversary
from engine.probes.adversary import FARTHEST, STEPS, Adversary, signs_by_chance
from engine.probes.example import NUMBER, Part
from engine.probes.slopes import loss_slopes, score_slopes
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

PICTURES = {"kind": "noise", "shape": [2, 5, 4], "classes": 3, "samples": 80, "validation": 0.25}
POINTS = {"kind": "moons", "samples": 80}
DIGITS = {"kind": "digits", "pictures": True, "preprocess": "standardize"}
CONVOLUTION = [
    {"id": "c", "kind": "conv2d", "filters": 3, "kernel_size": 2},
    {"id": "a", "kind": "tanh"},
    {"id": "flat", "kind": "flatten"},
    {"id": "out", "kind": "dense", "units": 3},
]
DENSE = [{"id": "h", "kind": "dense", "units": 6}, {"id": "a", "kind": "tanh"}, {"id": "out", "kind": "dense"}]
NETS = {
    "pictures": (CONVOLUTION, "cross_entropy", PICTURES),
    "drawn softmax": ([*CONVOLUTION, {"id": "p", "kind": "softmax"}], "cross_entropy", PICTURES),
    "one output": ([*DENSE[:-1], {**DENSE[-1], "units": 1}], "binary_cross_entropy", POINTS),
    "hinge": ([*DENSE[:-1], {**DENSE[-1], "units": 1}], "hinge", POINTS),
}


def made(name="pictures", steps=5, **data) -> Trainer:
    layers, loss, source = NETS[name]
    trainer = Trainer(project(layers, loss, {**source, **data}), dtype="float64")
    trainer.run(steps)
    return trainer


def read() -> Trainer:
    """A net that reads digits."""
    layers = [
        {"id": "flat", "kind": "flatten"},
        {"id": "h", "kind": "dense", "units": 64, "init": "he_normal"},
        {"id": "a", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 10},
    ]
    optimizer = {"kind": "adam", "lr": 0.003}
    trainer = Trainer(project(layers, "cross_entropy", DIGITS, optimizer=optimizer, batch_size=64))
    trainer.run(400)
    return trainer


@pytest.fixture(scope="module")
def digits() -> Trainer:
    return read()


def loss_of(trainer: Trainer, x: np.ndarray, label: int) -> float:
    """By the network's prediction, in inference mode, and the loss by hand."""
    z = trainer.network.predict(x[None])[0].astype(np.float64)
    kind = trainer.project.training.loss.kind()
    if kind == "hinge":
        return max(0.0, 1 - (2 * label - 1) * float(z[0]))
    if len(z) == 1:
        return float(np.logaddexp(0, -(2 * label - 1) * z[0]))
    last = trainer.network.structure.layers[trainer.network.structure.output].kind()
    return float(-np.log(z[label])) if last == "softmax" else float(np.logaddexp.reduce(z) - z[label])


@pytest.mark.parametrize("preprocess", ["none", "standardize"])
@pytest.mark.parametrize("name", NETS)
def test_the_slopes_are_finite_differences(name, preprocess) -> None:
    trainer = made(name, preprocess=preprocess)
    x, y = np.asarray(trainer.data.x[:4], float), trainer.data.y[:4]
    told = loss_slopes(trainer.network, x, y)
    h = 1e-6
    for k in range(4):
        for place in np.ndindex(x.shape[1:]):
            step = np.zeros(x.shape[1:])
            step[place] = h
            slope = (loss_of(trainer, x[k] + step, y[k]) - loss_of(trainer, x[k] - step, y[k])) / (2 * h)
            assert told[k][place] == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("preprocess", ["none", "center", "standardize"])
def test_the_saliency_is_what_a_pixel_changes_of_the_score(preprocess) -> None:
    trainer = made(preprocess=preprocess)
    x, h = np.asarray(trainer.data.x[3], float), 1e-6
    scores, decided = score_slopes(trainer.network, x), int(trainer.network.predict(x[None]).argmax())
    slopes = np.empty((3, *x.shape))
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        above, below = (trainer.network.predict((x + sign * step)[None])[0] for sign in (1, -1))
        slopes[(slice(None), *place)] = (above - below) / (2 * h)
    np.testing.assert_allclose(scores, slopes, rtol=1e-5, atol=1e-8)
    answer = Adversary(index=3).measure(trainer)
    np.testing.assert_allclose(answer.saliency, np.abs(slopes[decided]).ravel(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", NETS)
def test_answers_before_and_after_are_those_of_the_network(name) -> None:
    trainer = made(name)
    x, y = np.asarray(trainer.data.x[2], float), int(trainer.data.y[2])
    low, high = np.min(trainer.data.x), np.max(trainer.data.x)
    answer = Adversary(index=2, share=0.2).measure(trainer)
    assert (answer.label, answer.index, answer.part, answer.shape) == (y, 2, Part.TRAINING, x.shape)
    assert answer.epsilon == pytest.approx(0.2 * (high - low))
    sign = np.sign(loss_slopes(trainer.network, x[None], np.array([y]))[0])
    np.testing.assert_array_equal(answer.sign, sign.ravel())
    moved = np.clip(x + answer.epsilon * sign, low, high)
    np.testing.assert_allclose(answer.fooled, moved.ravel(), rtol=1e-6)
    chance = np.clip(x + answer.epsilon * signs_by_chance(x.shape), low, high)
    for outcome, picture in ((answer.before, x), (answer.after, moved), (answer.by_chance, chance)):
        z = trainer.network.predict(picture[None])[0]
        assert outcome.loss == pytest.approx(loss_of(trainer, picture, y), rel=1e-6)
        assert outcome.decided == (int(z.argmax()) if len(z) > 1 else int(z[0] > 0))
        if name == "hinge":
            assert outcome.probabilities is None
        elif name == "drawn softmax":
            np.testing.assert_allclose(outcome.probabilities, z)
        elif len(z) == 1:
            np.testing.assert_allclose(outcome.probabilities, [1 / (1 + np.exp(z[0])), 1 / (1 + np.exp(-z[0]))])
        else:
            np.testing.assert_allclose(outcome.probabilities, np.exp(z) / np.exp(z).sum())
    assert answer.after.loss > answer.before.loss


def test_along_the_step_every_size_is_tried(digits) -> None:
    answer = Adversary(index=7, share=0.25).measure(digits)
    x, sign = np.asarray(digits.data.x[7], float), np.asarray(answer.sign, float).reshape(1, 8, 8)
    np.testing.assert_allclose(answer.shares, [FARTHEST * k / STEPS for k in range(STEPS + 1)])
    for along, told in ((sign, answer.rightly), (signs_by_chance(x.shape), answer.rightly_by_chance)):
        z = digits.network.predict(np.clip(x + np.multiply.outer(answer.shares * 16, along), 0, 16)).astype(float)
        shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(told, shares[:, answer.label], rtol=1e-3, atol=1e-5)
        if along is sign:
            np.testing.assert_array_equal(answer.decided, z.argmax(axis=1))
    assert answer.rightly[0] == pytest.approx(answer.before.probabilities[answer.label])


def test_a_small_step_fools_and_one_by_chance_does_not(digits) -> None:
    fooled = by_chance = 0
    for index in range(60):
        answer = Adversary(part=Part.VALIDATION, index=index, share=0.15).measure(digits)
        if answer.before.decided == answer.label:
            fooled += answer.after.decided != answer.label
            by_chance += answer.by_chance.decided != answer.label
    assert fooled > 40
    assert by_chance < 6


def test_one_step_fools_many(digits) -> None:
    found = Adversary(share=0.25).measure(digits).for_all
    x, y = np.asarray(digits.data.x_val[:300], float), digits.data.y_val[:300]
    right = digits.network.predict(x).argmax(1) == y
    step = np.asarray(found.step, float).reshape(1, 8, 8)
    assert np.abs(step).max() <= 0.25 * 16 * (1 + 1e-6)

    def wrong(moved: np.ndarray) -> float:
        return float((digits.network.predict(np.clip(x[right] + moved, 0, 16)).argmax(1) != y[right]).mean())

    assert (found.part, found.learnt, found.tried) == (Part.VALIDATION, adversary.LEARNT, int(right.sum()))
    assert found.fooled == pytest.approx(wrong(step), abs=2 / 300)  # the step is told in float32
    assert found.by_chance == pytest.approx(wrong(4.0 * signs_by_chance((1, 8, 8))))
    assert found.fooled > 0.4 > 3 * found.by_chance
    lost = Adversary(share=0.0).measure(digits).for_all
    assert (lost.fooled, lost.by_chance) == (0, 0)


def test_with_less_detail_it_is_found_and_tried_on_fewer(digits, monkeypatch) -> None:
    quarter = Adversary(share=0.25).measure(digits, 0.25).for_all
    assert quarter.learnt == adversary.LEARNT // 4
    assert adversary.TRIED // 4 >= quarter.tried > adversary.TRIED // 5  # those that are decided rightly
    monkeypatch.setattr(adversary, "WORK", 3 * adversary.ROUNDS * adversary.work_of(digits.network) * 30)
    large = Adversary(share=0.25).measure(digits, 0.25).for_all
    assert (large.learnt, large.tried <= adversary.FEWEST) == (adversary.FEWEST, True)


def test_one_by_hand_is_led_away_from_what_is_decided_for_it(digits) -> None:
    x = np.asarray(digits.data.x[4], float)
    drawn, told = Adversary(x.astype(NUMBER).tobytes()).measure(digits), Adversary(index=4).measure(digits)
    assert (drawn.part, drawn.label) == (None, told.before.decided)
    np.testing.assert_array_equal(drawn.x, told.x)
    assert Adversary(b"too few").measure(digits) is None
    beyond = Adversary((x + 100).astype(NUMBER).tobytes()).measure(digits)
    np.testing.assert_allclose(beyond.x, x.ravel() + 100)  # drawn as it is; what is moved stays in the data's range
    assert beyond.fooled.max() <= 16
    z = digits.network.predict((x + 100)[None])[0].astype(float)
    np.testing.assert_allclose(beyond.before.probabilities, np.exp(z - z.max()) / np.exp(z - z.max()).sum(), atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "loss", "data", "words"),
    [
        ([*DENSE[:-1], {**DENSE[-1], "units": 1}], "mse", {"kind": "sine"}, "only a decision"),
        ([*DENSE[:-1], {**DENSE[-1], "units": 10}], "cross_entropy", {"kind": "digits", "preprocess": "pca"}, "pca"),
    ],
)
def test_what_has_no_small_step_is_told_why(layers, loss, data, words) -> None:
    answer = Adversary().measure(Trainer(project(layers, loss, data)))
    assert words in answer.reason.lower()
    assert answer.x is None


def test_what_is_too_much_is_refused_or_left_out(digits, monkeypatch) -> None:
    monkeypatch.setattr(adversary, "WORK", 1000)
    assert Adversary().measure(digits).for_all is None
    monkeypatch.setattr(adversary, "MOST_WEIGHTS", 10)
    assert "weights are too many to look through: at most 10." in Adversary().measure(digits).reason


def test_it_changes_nothing_and_survives_what_is_no_number() -> None:
    looked, other = made(), made()
    for _ in range(3):
        Adversary(index=1).measure(looked)
        looked.step()
        other.step()
    assert looked.parameters.values.tobytes() == other.parameters.values.tobytes()
    looked.parameters.values[:] = np.nan
    answer = Adversary().measure(looked)
    assert answer.before.decided is None
    assert np.isnan(answer.before.loss)
    assert (answer.sign == 0).all()


def test_on_a_device() -> None:
    layers, loss, data = NETS["pictures"]
    here = Trainer(project(layers, loss, data))
    there = Trainer(project(layers, loss, data), backend=Backend(strict, "strict", "float32"))
    mine, theirs = (Adversary(index=2).measure(trainer) for trainer in (here, there))
    np.testing.assert_array_equal(mine.sign, theirs.sign)
    np.testing.assert_allclose(mine.saliency, theirs.saliency, rtol=1e-5)
    assert mine.for_all.fooled == theirs.for_all.fooled
