"""LSUV: unit variance in every layer, on the data, before the first step."""

import numpy as np
import pytest

import engine
from engine.backend import Backend
from engine.export.torch import torch_source
from engine.initializers import INITIALIZERS, Request
from engine.lsuv import draw_weights
from engine.random import generator
from tests.engine.cases import project
from tests.strict_array import strict

DEPTH, WIDTH = 8, 50


def deep(init, kind="tanh", **fields):
    layers = []
    for number in range(1, DEPTH + 1):
        layers += [{"id": f"h{number}", "kind": "dense", "units": WIDTH, "init": init, **fields}]
        layers += [{"id": f"a{number}", "kind": kind}]
    data = {"kind": "noise", "shape": [30], "samples": 700}
    return project([*layers, {"id": "out", "kind": "dense", "units": 1}], data=data, batch_size="all")


def variances(trainer):
    """Of the outputs of every hidden layer, over units and training examples, by a walk of its own."""
    own, x = trainer.network.parameters(), trainer.data.x[:512]
    found = []
    for number in range(1, DEPTH + 1):
        a = x @ own[f"h{number}.weight"].T + own[f"h{number}.bias"]
        found.append(a.var())
        x = np.tanh(a) if trainer.project.graph.layer(f"a{number}").kind() == "tanh" else np.maximum(a, 0)
    return np.array(found)


@pytest.mark.parametrize("kind", ["tanh", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_has_unit_variance(kind, dtype):
    trainer = engine.Trainer(deep("lsuv", kind), dtype=dtype)
    np.testing.assert_allclose(variances(trainer), 1, atol=2e-3)
    # The control: orthogonal weights alone let the signal shrink.
    assert variances(engine.Trainer(deep("orthogonal", kind)))[-1] < 0.5


def test_weights_stay_orthogonal():
    weight = engine.Trainer(deep("lsuv")).network.parameters()["h3.weight"].astype(float)
    product = weight @ weight.T
    np.testing.assert_allclose(product / product[0, 0], np.eye(WIDTH), atol=1e-5)
    drawn = INITIALIZERS["lsuv"].draw(generator(0, "w"), Request((5, 5), 5, 5, 1.0, 1.0, 0.0, gain=3.0))
    np.testing.assert_allclose(drawn @ drawn.T, np.eye(5), atol=1e-12)


def test_a_bias_is_no_variance_and_all_zero_data_are_left_alone():
    trainer = engine.Trainer(deep("lsuv", bias_init=3.0), dtype="float64")
    np.testing.assert_allclose(variances(trainer), 1, atol=2e-3)
    net = engine.Trainer(deep("lsuv")).network
    draw_weights(net, 0, np.zeros((40, 31), np.float32))
    assert all(np.isfinite(a).all() for a in net.parameters().values())


def test_the_same_on_a_device_and_after_a_reset():
    there = engine.Trainer(deep("lsuv"), backend=Backend(strict, "strict", "float32"))
    here = engine.Trainer(deep("lsuv"))
    first = {name: a.tobytes() for name, a in here.network.state().items()}
    assert {name: a.tobytes() for name, a in there.network.state().items()} == first
    here.run(3)
    here.reset()
    assert {name: a.tobytes() for name, a in here.network.state().items()} == first


def test_the_exported_loop_says_what_it_leaves_out():
    assert "LSUV goes on from here" in torch_source(deep("lsuv"))
    assert "LSUV" not in torch_source(deep("orthogonal"))
