"""Layers with states or weights, and those of images, in float64 are PyTorch's, without it: committed vectors.

reference/make_recurrent_vectors.py and make_image_vectors.py say how they came about.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.backend import open_backend
from engine.network import Network
from tests.engine.cases import project

REFERENCE = Path(__file__).parents[1] / "reference"
FILES = {file: json.loads((REFERENCE / f"{file}.json").read_text())["cases"] for file in ("recurrent", "images")}
CASES = [(file, number) for file, cases in FILES.items() for number in range(len(cases))]
CLOSE = {"float64": {"rtol": 1e-9, "atol": 1e-14}, "float32": {"rtol": 2e-4, "atol": 1e-4}}
RECURRENT = {"rnn", "lstm", "gru"}
HAND_ON = {"id": "before", "kind": "subsampling", "kernel_size": 1}  # what trains in a net without other parameters
ROUNDED = {"images": 1e-12}  # sums of numbers of the size of 30, of which little is left


@pytest.fixture(scope="module")
def vectors():
    arrays = {}
    for file in FILES:
        with np.load(REFERENCE / f"{file}.npz", allow_pickle=False) as held:
            arrays |= {f"{file}/{name}": array for name, array in held.items()}
    return arrays


def named(case):
    file, number = case
    return f"{number} {' '.join(map(str, FILES[file][number]['layer'].values()))}"


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_values_and_gradients(vectors, case, dtype):
    (file, number), key = case, "/".join(map(str, case))
    layer = FILES[file][number]["layer"]
    close = {**CLOSE[dtype], "atol": max(CLOSE[dtype]["atol"], ROUNDED.get(file, 0))}
    x = vectors[f"{key}/x"].astype(np.float64)
    parameters = {name.rpartition("/")[2]: a for name, a in vectors.items() if name.startswith(f"{key}/parameter/")}
    for which in FILES[file][number]["values"]:
        more = {"return_sequences": True} if which == "states" and layer["kind"] in RECURRENT else {}
        value, delta = vectors[f"{key}/{which}"], vectors[f"{key}/{which}/delta"]
        layers = [{"id": "node", **layer, **more}, {"id": "flat", "kind": "flatten"}]
        layers = layers if value.ndim > 2 else layers[:1]
        if not parameters:
            layers.insert(0, HAND_ON)
        data = {"kind": "noise", "shape": list(x.shape[1:]), "targets": value[0].size, "samples": 8}
        net = Network(project(layers, data=data), open_backend("cpu", dtype))
        net.parameters_.initialize(0)
        net.load_parameters(net.parameters() | {f"node.{name}": array for name, array in parameters.items()})
        flat, back = value.reshape(len(x), -1), delta.reshape(len(x), -1)
        np.testing.assert_allclose(net.predict(x), flat, **close)
        # The gradient of mean (z - y)² is `delta` where y is this far from z.
        y = flat - back * flat.size / 2
        _, gradients = net.loss_and_gradients(x, y)
        assert {n for n in gradients if n.startswith("node.")} == {f"node.{name}" for name in parameters}
        for name in parameters:
            np.testing.assert_allclose(gradients[f"node.{name}"], vectors[f"{key}/{which}/{name}"], **close)
        if layer["kind"] != "embedding":
            np.testing.assert_allclose(net.input_gradient(x, y).reshape(x.shape), vectors[f"{key}/{which}/x"], **close)


def test_the_vectors_drive_gates_to_their_ends_and_images_far_out(vectors):
    for file, number in CASES:
        x = vectors[f"{file}/{number}/x"]
        if x[0].size > 1 and (file == "images" or FILES[file][number]["layer"]["kind"] in RECURRENT):
            assert np.abs(x).max() > 20
        if file == "images":
            assert set(x[1].ravel()) <= {-1, 0, 1}  # maxima tie
