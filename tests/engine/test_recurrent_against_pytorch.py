"""Recurrent layers, dense on sequences and embedding in float64 are PyTorch's, without it: committed vectors.

reference/make_recurrent_vectors.py says how they came about.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.backend import open_backend
from engine.network import Network
from tests.engine.cases import project

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = json.loads((REFERENCE / "recurrent.json").read_text())["cases"]
CLOSE = {"float64": {"rtol": 1e-9, "atol": 1e-14}, "float32": {"rtol": 2e-4, "atol": 1e-4}}


@pytest.fixture(scope="module")
def vectors():
    with np.load(REFERENCE / "recurrent.npz", allow_pickle=False) as file:
        return dict(file)


def named(number):
    layer = CASES[number]["layer"]
    return f"{number} {' '.join(map(str, layer.values()))}"


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("number", range(len(CASES)), ids=named)
def test_values_and_gradients(vectors, number, dtype):
    layer, key = CASES[number]["layer"], str(number)
    x = vectors[f"{key}/x"].astype(np.float64)
    parameters = {name.rpartition("/")[2]: a for name, a in vectors.items() if name.startswith(f"{key}/parameter/")}
    for which in CASES[number]["values"]:
        more = {"return_sequences": True} if which == "states" and "units" in layer and layer["kind"] != "dense" else {}
        value, delta = vectors[f"{key}/{which}"], vectors[f"{key}/{which}/delta"]
        layers = [{"id": "node", **layer, **more}, {"id": "flat", "kind": "flatten"}]
        data = {"kind": "noise", "shape": list(x.shape[1:]), "targets": value[0].size, "samples": 8}
        net = Network(project(layers if value.ndim > 2 else layers[:1], data=data), open_backend("cpu", dtype))
        net.load_parameters({f"node.{name}": array for name, array in parameters.items()})
        flat, back = value.reshape(len(x), -1), delta.reshape(len(x), -1)
        np.testing.assert_allclose(net.predict(x), flat, **CLOSE[dtype])
        # The gradient of mean (z - y)² is `delta` where y is this far from z.
        y = flat - back * flat.size / 2
        _, gradients = net.loss_and_gradients(x, y)
        assert set(gradients) == {f"node.{name}" for name in parameters}
        for name in parameters:
            np.testing.assert_allclose(gradients[f"node.{name}"], vectors[f"{key}/{which}/{name}"], **CLOSE[dtype])
        if layer["kind"] != "embedding":
            np.testing.assert_allclose(
                net.input_gradient(x, y).reshape(x.shape), vectors[f"{key}/{which}/x"], **CLOSE[dtype]
            )


def test_the_vectors_drive_gates_to_their_ends(vectors):
    for number, case in enumerate(CASES):
        if case["layer"]["kind"] in ("rnn", "lstm", "gru"):
            assert np.abs(vectors[f"{number}/x"]).max() > 20
    assert {case["layer"]["kind"] for case in CASES} == {"rnn", "lstm", "gru", "dense", "embedding"}
