"""Statistics of images and sequences: a unit is a map or a feature, dead where its slope is 0 at all places."""

import numpy as np
import pytest

from engine.trainer import Trainer
from tests.engine.cases import project, sigmoid

FLAT = [{"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 2}]


def observed(linear, kind, shape, biases, dtype="float64", batch=7):
    """The statistics of an activation behind `linear`, and the numbers (N, units, places) that go into it."""
    layers = [{"id": "c", **linear}, {"id": "a", "kind": kind}, *FLAT]
    data = {"kind": "noise", "shape": list(shape), "targets": 2, "samples": 20, "validation": 0}
    trainer = Trainer(project(layers, data=data, batch_size=batch, shuffle=False), dtype=dtype)
    trainer.network.load_parameters({**trainer.network.parameters(), "c.bias": np.array(biases)})
    plan = trainer.network.plan(batch, "predict")
    plan.fill(np.concatenate([trainer.data.x[:batch].reshape(batch, -1), np.ones((batch, 1))], 1).astype(dtype))
    plan.run_forward()
    a = np.array(plan.examples("c"))
    a = a.reshape(batch, len(biases), -1) if a.ndim == 4 else a.transpose(0, 2, 1)
    return trainer.step(layers=True).layers["a"], a


NETS = {
    "conv2d": ({"kind": "conv2d", "filters": 5, "kernel_size": 3}, (2, 6, 5)),
    "conv2d, one place": ({"kind": "conv2d", "filters": 5, "kernel_size": 1}, (1, 1, 1)),
    "conv2d, one row": ({"kind": "conv2d", "filters": 5, "kernel_size": [1, 2]}, (2, 1, 6)),
    "conv1d": ({"kind": "conv1d", "filters": 5, "kernel_size": 2}, (6, 3)),
    "dense": ({"kind": "dense", "units": 5}, (6, 3)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("name", NETS)
def test_dead_units_are_maps_and_features(name, batch, dtype):
    linear, shape = NETS[name]
    # One is shut for good, another open for some places and examples, others for all.
    found, a = observed(linear, "relu", shape, [-100.0, 0.0, 100.0, -100.0, 50.0], dtype, batch)
    dead = [bool((a[:, unit] <= 0).all()) for unit in range(5)]
    assert dead[0]
    assert not dead[2]
    assert found["dead_fraction"] == np.mean(dead)
    np.testing.assert_allclose(found["zero_fraction"], (a <= 0).mean(), rtol=1e-6)
    np.testing.assert_allclose(found["saturated_fraction"], (a <= 0).mean(), rtol=1e-6)


def test_a_map_that_is_open_at_one_place_of_one_example_is_alive():
    linear = {"kind": "conv2d", "filters": 2, "kernel_size": 1}
    _, a = observed(linear, "relu", (1, 5, 4), [0.0, 0.0])
    highest = a.max(axis=(0, 2))
    second = [np.sort(part.ravel())[-2] for part in a.transpose(1, 0, 2)]
    alive, _ = observed(linear, "relu", (1, 5, 4), -(highest + second) / 2)
    dead, _ = observed(linear, "relu", (1, 5, 4), -(highest + 1e-6))
    assert (alive["dead_fraction"], dead["dead_fraction"]) == (0, 1)
    np.testing.assert_allclose(alive["zero_fraction"], 1 - 1 / (7 * 20), rtol=1e-12)


def test_other_fields_are_of_all_numbers():
    found, a = observed({"kind": "conv2d", "filters": 3}, "sigmoid", (2, 6, 5), [-5.0, 0.0, 3.0])
    h = sigmoid(a)
    np.testing.assert_allclose([found["mean"], found["std"]], [h.mean(), h.std()], rtol=1e-10)
    np.testing.assert_allclose(found["saturated_fraction"], (h * (1 - h) < 0.0025).mean(), rtol=1e-12)
    assert 0 < found["saturated_fraction"] < 1
    assert found["dead_fraction"] == 0


@pytest.mark.parametrize(
    "node",
    [
        {"kind": "conv2d", "filters": 4, "groups": 2},
        {"kind": "conv2d", "filters": 2, "bias": False, "connections": [[0], [0, 1]]},
        {"kind": "subsampling"},
        {"kind": "group_norm", "groups": 2},
        {"kind": "batch_norm"},
        {"kind": "layer_norm"},
    ],
    ids=lambda node: node["kind"],
)
def test_weight_fields(node):
    data = {"kind": "noise", "shape": [2, 6, 4], "targets": 2, "samples": 12, "validation": 0}
    trainer = Trainer(project([{"id": "n", **node}, *FLAT], data=data, batch_size="all"), dtype="float64")
    start = trainer.network.parameters()
    _, gradients = trainer.network.loss_and_gradients(trainer.data.x, trainer.data.y)
    found, end = trainer.step(layers=True).layers["n"], trainer.network.parameters()
    w, g = start["n.weight"], gradients["n.weight"]
    expected = [np.linalg.norm(w), np.linalg.norm(g), np.abs(g).mean(), np.linalg.norm(end["n.weight"] - w)]
    assert min(expected) > 0
    expected[3] /= expected[0]
    np.testing.assert_allclose(list(found.values())[:4], expected, rtol=1e-10)
    if "n.bias" in gradients:
        np.testing.assert_allclose(found["bias_grad_norm"], np.linalg.norm(gradients["n.bias"]), rtol=1e-10)
    else:
        assert found["bias_grad_norm"] is None
