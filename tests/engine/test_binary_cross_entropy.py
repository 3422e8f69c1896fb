"""Binary cross-entropy keeps its digits where it saturates, for few and many examples, for classes and numbers."""

import numpy as np
import pytest

import engine
from engine.project import project_from

SPEC = {
    "format": "netviz-project",
    "version": 1,
    "data": {"kind": "npz", "path": "points.npz", "validation": 0.0},
    "graph": {
        "nodes": [{"id": "x", "kind": "input"}, {"id": "z", "kind": "dense", "units": 1}],
        "edges": [["x", "z"]],
    },
    "training": {"loss": {"kind": "binary_cross_entropy"}, "optimizer": {"kind": "sgd"}},
}


def logits_network(folder, y):
    """A network whose logit is its input: what goes in is z."""
    np.savez(folder / "points.npz", x=np.zeros((len(y), 1)), y=y)
    trainer = engine.Trainer(project_from(SPEC, folder), dtype="float32")
    trainer.network.load_parameters({"z.weight": np.ones((1, 1)), "z.bias": np.zeros(1)})
    return trainer.network


@pytest.mark.parametrize("count", [8, 100, 101, 500])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("scale", [1, 15, 80])
def test_loss_and_gradient(tmp_path, count, kind, scale):
    rng = np.random.default_rng(count)
    z = (scale * rng.standard_normal(count)).astype(np.float32)
    y = rng.integers(0, 2, count)
    expected = np.logaddexp(0, np.where(y == 1, -z, z).astype(np.float64)).mean()
    slope = (1 / (1 + np.exp(-z.astype(np.float64))) - y).mean()
    targets = y if kind == "classes" else y.astype(np.float64)[:, None]
    loss, gradients = logits_network(tmp_path, targets).loss_and_gradients(z[:, None], targets)
    assert loss == pytest.approx(expected, rel=1e-6)
    assert gradients["z.bias"][0] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("count", [8, 500])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_loss_far_on_the_right_side_is_small_and_not_zero(tmp_path, count, kind):
    y = np.arange(count) % 2
    z = np.where(y == 1, 20.0, -20.0)
    targets = y if kind == "classes" else y.astype(np.float64)[:, None]
    loss, _ = logits_network(tmp_path, targets).loss_and_gradients(z[:, None], targets)
    assert loss == pytest.approx(np.log1p(np.exp(-20.0)), rel=1e-5)


@pytest.mark.parametrize("count", [8, 500])
def test_soft_targets(tmp_path, count):
    rng = np.random.default_rng(count)
    z, y = rng.standard_normal(count).astype(np.float32), rng.uniform(size=(count, 1))
    exact = z.astype(np.float64)
    expected = (np.logaddexp(0, exact) - y[:, 0] * exact).mean()
    loss, _ = logits_network(tmp_path, y).loss_and_gradients(z[:, None], y)
    assert loss == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("count", [8, 500])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_logit_that_is_no_number_shows(tmp_path, count, kind):
    y = np.arange(count) % 2
    targets = y if kind == "classes" else y.astype(np.float64)[:, None]
    z = np.zeros((count, 1))
    z[0] = np.nan
    loss, _ = logits_network(tmp_path, targets).loss_and_gradients(z, targets)
    assert np.isnan(loss)
