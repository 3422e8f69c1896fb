"""A convolution's products taken by pieces of their columns: the same numbers as in one."""

import numpy as np
import pytest

from tests.engine.cases import CLOSE, network, project

LAYERS = [
    {"id": "first", "kind": "conv2d", "filters": 4, "kernel_size": [3, 2], "groups": 2},
    {"id": "point", "kind": "conv2d", "filters": 6, "kernel_size": 1},
    {"id": "second", "kind": "conv2d", "filters": 4, "kernel_size": 3, "padding": [1, 0]},
    {"id": "flat", "kind": "flatten"},
    {"id": "out", "kind": "dense", "units": 2},
]
DATA = {"kind": "noise", "shape": [2, 6, 7], "targets": 2, "samples": 8}


def apart(plan):
    """How many products go by pieces."""
    calls = (*plan.forward_calls, *plan.backward_calls)
    return sum(call.func is np.matmul and call.args[2].ndim == 5 for call in calls)


@pytest.mark.parametrize("batch", [5, 8])
def test_pieces_of_the_columns_give_the_same(batch, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((batch, 2, 6, 7)), rng.standard_normal((batch, 2))
    one = network(project(LAYERS, data=DATA))
    loss, whole = one.loss_and_gradients(x, y)
    monkeypatch.setattr("engine.layers.sheet.SMALL", 300)
    monkeypatch.setattr("engine.layers.sheet.NARROW", 1)
    pieces = network(project(LAYERS, data=DATA))
    assert apart(one.plan(batch, "train")) == 0
    assert apart(pieces.plan(batch, "train")) == 5
    again, gradients = pieces.loss_and_gradients(x, y)
    np.testing.assert_allclose(again, loss, **CLOSE["float64"])
    for name, gradient in whole.items():
        assert np.abs(gradient).max() > 0.001
        np.testing.assert_allclose(gradients[name], gradient, err_msg=name, **CLOSE["float64"])


def test_nothing_is_left_of_the_step_before():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2, 6, 7)), rng.standard_normal((5, 2))
    net = network(project(LAYERS, data=DATA))
    _, first = net.loss_and_gradients(x, y)
    net.loss_and_gradients(-3 * x, y)
    _, again = net.loss_and_gradients(x, y)
    for name, gradient in first.items():
        np.testing.assert_array_equal(again[name], gradient)
