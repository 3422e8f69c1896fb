"""Maps, filters, saliency and the step that fools, each against a computation of its own."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import maps
from engine.probes.example import NUMBER, Part
from engine.probes.maps import FARTHEST, STEPS, Maps
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LAYERS = [
    {"id": "c", "kind": "conv2d", "filters": 3, "kernel_size": 2},
    {"id": "a", "kind": "tanh"},
    {"id": "p", "kind": "max_pool2d", "kernel_size": 2, "stride": 1},
    {"id": "d", "kind": "conv2d", "filters": 4, "kernel_size": 2},
    {"id": "flat", "kind": "flatten"},
    {"id": "out", "kind": "dense", "units": 3},
]
DATA = {"kind": "noise", "shape": [2, 5, 4], "classes": 3, "samples": 40, "validation": 0.25}


def made(layers=LAYERS, loss="cross_entropy", steps=5, **data) -> Trainer:
    trainer = Trainer(project(layers, loss, {**DATA, **data}), dtype="float64")
    for _ in range(steps):
        trainer.step()
    return trainer


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return made()


def test_maps_are_the_sums_written_out(trainer) -> None:
    answer, x = Maps(index=4).measure(trainer), np.asarray(trainer.data.x)[4]
    w = trainer.network.parameters()
    sums = np.empty((3, 4, 3))
    for i in range(4):
        for j in range(3):
            sums[:, i, j] = np.einsum("cij,fcij->f", x[:, i : i + 2, j : j + 2], w["c.weight"]) + w["c.bias"]
    told = {layer.node: layer for layer in answer.layers}
    assert list(told) == ["c", "a", "p", "d"]
    np.testing.assert_allclose(told["c"].values, sums, rtol=1e-5)
    h = np.tanh(sums)
    pooled = np.max([h[:, :-1, :-1], h[:, 1:, :-1], h[:, :-1, 1:], h[:, 1:, 1:]], axis=0)
    np.testing.assert_allclose(told["p"].values, pooled, rtol=1e-5)
    np.testing.assert_array_equal(answer.x, x.astype(np.float32))
    assert (answer.label, answer.index, answer.part) == (int(trainer.data.y[4]), 4, Part.TRAINING)
    assert answer.decided == int(trainer.network.predict(x[None]).argmax())


def test_filters_are_the_weights(trainer) -> None:
    told = {layer.node: layer for layer in Maps().measure(trainer).filters}
    assert {name: (layer.total, layer.sees) for name, layer in told.items()} == {"c": (3, 2), "d": (4, 3)}
    for name, layer in told.items():
        np.testing.assert_allclose(layer.values, trainer.network.parameters()[f"{name}.weight"], rtol=1e-6)


@pytest.mark.parametrize("preprocess", ["none", "center", "standardize"])
def test_saliency_is_what_a_changed_pixel_does_to_the_loss(preprocess) -> None:
    trainer = made(preprocess=preprocess)
    x, y = np.asarray(trainer.data.x)[3], trainer.data.y[3]

    def loss(picture: np.ndarray) -> float:
        z = trainer.network.predict(picture[None])[0]
        return float(np.log(np.exp(z).sum()) - z[y])

    answer, h = Maps(index=3).measure(trainer), 1e-6
    assert answer.loss == pytest.approx(loss(x))
    slopes = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        slopes[place] = (loss(x + step) - loss(x - step)) / (2 * h)
    np.testing.assert_allclose(answer.saliency, slopes, rtol=1e-4, atol=1e-7)


def test_behind_other_axes_no_pixel_has_a_slope() -> None:
    answer = Maps().measure(made(preprocess="pca"))
    assert answer.saliency is None
    assert answer.adversary is None


def test_the_step_that_fools_is_the_smallest_of_those_tried(trainer) -> None:
    sample = np.asarray(trainer.sample.x)
    low, high, found = sample.min(), sample.max(), 0
    for index in range(10):
        answer = Maps(index=index).measure(trainer)
        x, sign = np.asarray(trainer.data.x)[index], np.sign(np.asarray(answer.saliency, np.float64))
        tried = [np.clip(x + FARTHEST * k / STEPS * (high - low) * sign, low, high) for k in range(1, STEPS + 1)]
        decided = trainer.network.predict(np.array(tried)).argmax(1)
        others = np.flatnonzero(decided != answer.decided)
        assert (answer.adversary is None) == (len(others) == 0)
        if answer.adversary is not None:
            found += 1
            first = int(others[0])
            assert answer.adversary.share == pytest.approx(FARTHEST * (first + 1) / STEPS)
            assert answer.adversary.step == pytest.approx(answer.adversary.share * (high - low))
            assert answer.adversary.decided == decided[first]
            np.testing.assert_allclose(answer.adversary.x, tried[first], rtol=1e-5)
    assert found > 2


def test_a_picture_by_hand_and_one_for_validation(trainer) -> None:
    x = np.asarray(trainer.data.x_val)[2]
    held = Maps(part=Part.VALIDATION, index=2).measure(trainer)
    drawn = Maps(x.astype(NUMBER).tobytes()).measure(trainer)
    np.testing.assert_array_equal(held.x, drawn.x)
    for mine, theirs in zip(held.layers, drawn.layers, strict=True):
        np.testing.assert_allclose(mine.values, theirs.values)
    assert (held.part, drawn.part, drawn.label, drawn.saliency) == (Part.VALIDATION, None, None, None)
    assert Maps(b"too few").measure(trainer) is None


def test_a_sequence_is_pictures_one_pixel_high() -> None:
    layers = [
        {"id": "c", "kind": "conv1d", "filters": 3, "kernel_size": 2},
        {"id": "flat", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    trainer = made(layers, shape=[6, 2])
    answer, x, w = Maps(index=4).measure(trainer), np.asarray(trainer.data.x)[4], trainer.network.parameters()
    np.testing.assert_array_equal(answer.x, x.T[:, None].astype(np.float32))
    sums = np.array([np.einsum("tf,nft->n", x[i : i + 2], w["c.weight"]) + w["c.bias"] for i in range(5)])
    (told,), (filters,) = answer.layers, answer.filters
    np.testing.assert_allclose(told.values, sums.T[:, None], rtol=1e-5)
    assert (told.total, told.steps, filters.total, filters.sees) == (3, True, 3, 2)
    np.testing.assert_allclose(filters.values, w["c.weight"][:, :, None], rtol=1e-6)
    y, slopes = trainer.data.y[4], np.empty((2, 1, 6))
    for step, feature in np.ndindex(x.shape):
        ends = []
        for h in (1e-6, -1e-6):
            moved = x.copy()
            moved[step, feature] += h
            z = trainer.network.predict(moved[None])[0]
            ends.append(float(np.log(np.exp(z).sum()) - z[y]))
        slopes[feature, 0, step] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(answer.saliency, slopes, rtol=1e-4, atol=1e-7)


def test_it_is_about_pictures() -> None:
    vectors = project([{"id": "out", "kind": "dense", "units": 2}], "cross_entropy", {"kind": "xor", "samples": 20})
    assert Maps().measure(Trainer(vectors)) is None


def test_numbers_as_targets_have_no_decision() -> None:
    answer = made(
        layers=[*LAYERS[:-1], {"id": "out", "kind": "dense", "units": 2}], loss="mse", classes=None, targets=2
    )
    told = Maps().measure(answer)
    assert (told.label, told.decided, told.adversary) == (None, None, None)
    assert np.abs(told.saliency).max() > 0


def test_what_is_too_much_is_cut_or_refused(trainer, monkeypatch) -> None:
    monkeypatch.setattr(maps, "MOST_MAPS", 2)
    answer = Maps().measure(trainer)
    assert [(layer.total, len(layer.values)) for layer in answer.layers] == [(3, 2), (3, 2), (3, 2), (4, 2)]
    assert [(layer.total, len(layer.values)) for layer in answer.filters] == [(3, 2), (4, 2)]
    monkeypatch.setattr(maps, "MOST_WEIGHTS", 10)
    assert "weights are too many to look through: at most 10." in Maps().measure(trainer).reason


def test_it_changes_nothing_and_survives_what_is_no_number() -> None:
    looked, other = made(), made()
    for _ in range(3):
        Maps(index=1).measure(looked)
        looked.step()
        other.step()
    assert looked.parameters.values.tobytes() == other.parameters.values.tobytes()
    looked.parameters.values[:] = np.nan
    answer = Maps().measure(looked)
    assert answer.decided is None
    assert answer.adversary is None
    assert np.isnan(answer.layers[0].values).all()


def test_on_a_device() -> None:
    here = Trainer(project(LAYERS, "cross_entropy", DATA))
    there = Trainer(project(LAYERS, "cross_entropy", DATA), backend=Backend(strict, "strict", "float32"))
    mine, theirs = Maps(index=2).measure(here), Maps(index=2).measure(there)
    np.testing.assert_allclose(mine.saliency, theirs.saliency, rtol=1e-6)
    assert mine.decided == theirs.decided
