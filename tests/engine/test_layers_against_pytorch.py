"""Every layer without parameters in float64 is PyTorch's: reference/make_layer_vectors.py says how they came about."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.backend import open_backend
from engine.catalogue import LAYERS
from engine.layers.base import Weighted
from engine.network import Network
from tests.engine.export.nets import act, dense, graph_project

REFERENCE = Path(__file__).parents[1] / "reference"
ORIGIN = json.loads((REFERENCE / "layers.json").read_text())
CASES = {case["name"]: case for case in ORIGIN["cases"]}
RELATIVE = 1e-9
# Where PyTorch takes a number off 1, it leaves a rounding of 1e-16: 1 + erf far to the left, 1 - tanh² far out.
ROUNDED = {"gelu": 1e-15, "tanh": 1e-15, "scaled_tanh": 1e-15}
FEATURES = 4
IMAGES = {case["layer"]["kind"] for case in json.loads((REFERENCE / "images.json").read_text())["cases"]}
ELSEWHERE = {"input", "dropout", *IMAGES}  # kinds that PyTorch does not have, or that other tests hold against it


@pytest.fixture(scope="module")
def vectors():
    with np.load(REFERENCE / "layers.npz", allow_pickle=False) as file:
        return dict(file)


def plan_of(case, dtype, count):
    """A training plan of the layer behind dense layers that hand on four numbers each; a flatten follows."""
    inputs = [f"in{number}" for number in range(case["inputs"])]
    nodes = [act("x", "input"), *(dense(name, FEATURES, bias=False) for name in inputs)]
    nodes += [{"id": "node", **case["layer"]}, act("flat", "flatten")]
    edges = [["x", name] for name in inputs] + [[name, "node"] for name in inputs] + [["node", "flat"]]
    targets = FEATURES * (len(inputs) if case["layer"]["kind"] == "concat" else 1)
    data = {"kind": "noise", "shape": [FEATURES * len(inputs)], "targets": targets, "samples": 8}
    net = Network(graph_project(nodes, edges, "mse", data), open_backend("cpu", dtype))
    hand_on = np.split(np.eye(FEATURES * len(inputs)), len(inputs))
    net.load_parameters({f"{name}.weight": part for name, part in zip(inputs, hand_on, strict=True)})
    return net.plan(count, "train"), inputs


def run(case, vectors, dtype):
    """The layer's values, and its inputs' gradients where `delta` comes back: rows side by side."""
    x, delta = vectors[f"{case['name']}/x"], vectors[f"{case['name']}/delta"]
    plan, inputs = plan_of(case, dtype, len(x))
    plan.rows[:, :-1] = x
    with np.errstate(all="ignore"):
        plan.run_forward()
        plan.vars["node"].grad[...] = delta.reshape(len(x), -1).T
        *own, _flat, slopes, _loss = plan._blocks
        for call in (call for block in (slopes, *reversed(own)) for call in block):
            call()
    assert all(np.array_equal(plan.vars[name].value.T, part) for name, part in zip(inputs, parts(plan, x), strict=True))
    gradient = np.concatenate([plan.vars[name].grad.T for name in inputs], axis=1)
    return plan.vars["node"].value.T, gradient


def parts(plan, x):
    return [part.astype(plan.backend.dtype) for part in np.split(x, x.shape[1] // FEATURES, axis=1)]


def test_the_vectors_hold_every_layer_and_every_hard_number(vectors):
    plain = {kind for kind, layer in LAYERS.items() if kind not in ELSEWHERE and not issubclass(layer, Weighted)}
    assert {case["layer"]["kind"] for case in CASES.values()} >= plain
    for name in CASES:
        held = set(vectors[f"{name}/x"].ravel())
        assert held >= {0.0, 1e-8, -1e-8, 30.0, -30.0, 1e3, -1e3}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(vectors, name):
    value, gradient = run(CASES[name], vectors, "float64")
    expected = vectors[f"{name}/value"]
    close = {"rtol": RELATIVE, "atol": ROUNDED.get(name, 0.0)}
    np.testing.assert_allclose(value, expected.reshape(value.shape), **close)
    np.testing.assert_allclose(gradient, vectors[f"{name}/gradient"], **close)
    assert np.isfinite(expected).mean() > 0.4


@pytest.mark.parametrize("name", CASES)
def test_float32_is_near(vectors, name):
    """Where float64 does not overflow float32: of exp(1000) there is no number in either."""
    value, gradient = run(CASES[name], vectors, "float32")
    for got, expected in ((value, vectors[f"{name}/value"]), (gradient, vectors[f"{name}/gradient"])):
        expected = expected.reshape(got.shape)
        fits = np.abs(expected) < 1e30
        # A slope beside 0 or 1 is as good as the rounding of 1; the largest numbers are those of softmax's logarithm.
        np.testing.assert_allclose(got[fits], expected[fits], rtol=2e-4, atol=5e-6)
