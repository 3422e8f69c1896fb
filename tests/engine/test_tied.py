"""Tied weights: one matrix used both ways, its gradient the sum of both uses."""

import numpy as np
import pytest

import engine
from engine.backend import Backend
from engine.gradient_check import check_gradients
from engine.project import project_from
from netviz.document.edits import renamed
from tests.engine.cases import CLOSE, network, project, project_json
from tests.engine.export.nets import dense, tied
from tests.strict_array import strict

AUTO = {"kind": "noise", "shape": [4], "targets": 4, "samples": 40}


def auto(**fields):
    decoder = {"id": "dec", "kind": "tied", "to": "enc", "units": 4, **fields}
    return project([dense("enc", 3), {"id": "code", "kind": "tanh"}, decoder], data=AUTO)


def examples():
    rng = np.random.default_rng(4)
    return rng.standard_normal((9, 4)), rng.standard_normal((9, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_decoder_is_the_encoder_turned_round(dtype):
    net, (x, y) = network(auto(), dtype), examples()
    own = net.parameters()
    assert set(own) == {"enc.weight", "enc.bias", "dec.bias"}
    w, b, c = own["enc.weight"].astype(float), own["enc.bias"], own["dec.bias"]
    code = np.tanh(x @ w.T + b)
    z = code @ w + c
    np.testing.assert_allclose(net.predict(x), z, **CLOSE[dtype])
    # dL/dW of both uses, by hand.
    delta = 2 * (z - y) / y.size
    inner = (delta @ w.T) * (1 - code**2)
    _, gradients = net.loss_and_gradients(x, y)
    np.testing.assert_allclose(gradients["enc.weight"], inner.T @ x + code.T @ delta, **CLOSE[dtype])
    np.testing.assert_allclose(gradients["dec.bias"], delta.sum(0), **CLOSE[dtype])


@pytest.mark.parametrize("fields", [{}, {"bias": False}, {"trainable": False}], ids=str)
def test_gradients_by_differences(fields):
    report = check_gradients(network(auto(**fields)), *examples())
    assert report.ok, [str(tensor) for tensor in report.tensors]


def test_two_decoders_add_their_gradients():
    first = {"id": "d1", "kind": "tied", "to": "enc", "units": 4}
    second = {"id": "d2", "kind": "tied", "to": "enc", "units": 4, "bias": False}
    data = project_json([dense("enc", 4), first, second], data=AUTO)
    made = project_from(data, project([dense("out", 4)], data=AUTO).folder)
    assert not made.problems()
    assert check_gradients(network(made), *examples()).ok


def test_training_gives_the_same_bits_on_a_device_and_telemetry_speaks_of_the_shared_weights():
    there = engine.Trainer(auto(), backend=Backend(strict, "strict", "float32"))
    here = engine.Trainer(auto())
    for _ in range(4):
        assert there.update() == here.update()
    record = here.step(layers=True)
    assert there.step(layers=True) == record
    assert record.layers["dec"]["weight_norm"] == record.layers["enc"]["weight_norm"] > 0
    assert record.layers["dec"]["grad_norm"] == record.layers["enc"]["grad_norm"] > 0


def test_weight_decay_counts_the_shared_weights_once():
    decayed, plain = (
        engine.Trainer(project([*auto().to_json()["graph"]["nodes"][1:]], data=AUTO, **training), dtype="float64")
        for training in ({"regularization": {"l2": 0.5}}, {})
    )
    before = plain.network.parameters()["enc.weight"]
    decayed.step(), plain.step()
    pull = decayed.network.parameters()["enc.weight"] - plain.network.parameters()["enc.weight"]
    np.testing.assert_allclose(pull, -0.1 * 0.5 * before, rtol=1e-9)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": "nobody"}, "dec: is tied to 'nobody', expected the id of a dense layer"),
        ({"to": "code"}, "dec: is tied to 'code', expected the id of a dense layer"),
        ({"units": 5}, "dec: takes 3 features to 5, the weights of 'enc' turned round take 3 to 4"),
    ],
)
def test_what_does_not_fit_is_said(fields, message):
    data = project_json(
        [dense("enc", 3), {"id": "code", "kind": "tanh"}, {"id": "dec", "kind": "tied", "to": "enc", "units": 4}],
        data={**AUTO, "targets": fields.get("units", 4)},
    )
    data["graph"]["nodes"][3] |= fields
    (problem,) = project_from(data, project([dense("out", 4)], data=AUTO).folder).problems()
    assert f"{problem.where}: {problem.message}" == message


def test_the_tie_follows_a_new_name():
    graph = renamed(tied().graph, {"__enc": "first"})
    assert graph.layer("__dec").to == "first"
