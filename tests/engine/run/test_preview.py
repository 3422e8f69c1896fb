"""The preview of the signal's scale against the same computation written out."""

from pathlib import Path

import numpy as np
import pytest

from engine.project import project_from
from engine.run import preview as module
from engine.run.preview import preview
from engine.trainer import Trainer


def chain(units: int, init_std: float) -> dict:
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "h1", "kind": "dense", "units": units, "init": "normal", "init_std": init_std},
        {"id": "a1", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": 1},
    ]
    return {"nodes": nodes, "edges": [["x", "h1"], ["h1", "a1"], ["a1", "out"]]}


def project(graph: dict, loss: str = "mse"):
    training = {"loss": {"kind": loss}, "optimizer": {"kind": "sgd"}, "seed": 5}
    data = {"kind": "xor", "samples": 100}
    parts = {"format": "netviz-project", "version": 1, "data": data, "graph": graph, "training": training}
    return project_from(parts, Path())


def test_signal_and_gradient_are_what_numpy_says():
    lane = project(chain(6, 0.7))
    data = lane.data.load(Path())
    found = {scale.node: scale for scale in preview(lane, data).nodes}
    p = Trainer(lane).network.parameters()  # the same seed draws the same weights
    x, y = data.x[:64], data.y[:64, None]
    a = x @ p["h1.weight"].T + p["h1.bias"]
    h = np.tanh(a)
    z = h @ p["out.weight"].T + p["out.bias"]
    delta = 2 * (z - y) / z.size
    back = delta @ p["out.weight"]
    for node, signal, gradient in (("h1", a, back * (1 - h * h)), ("a1", h, back), ("out", z, delta)):
        assert found[node].signal == pytest.approx(np.sqrt((signal**2).mean()), rel=1e-4)
        assert found[node].gradient == pytest.approx(np.sqrt((gradient**2).mean()), rel=1e-4)


def test_small_weights_make_a_small_signal():
    scales = [preview(project(chain(6, std)), project(chain(6, std)).data.load(Path())).nodes[0] for std in (0.01, 1)]
    assert scales[0].signal < 0.05 * scales[1].signal


def test_a_huge_net_is_passed_over_with_a_word(monkeypatch):
    monkeypatch.setattr(module, "MOST_PARAMETERS", 10)
    lane = project(chain(6, 0.7))
    found = preview(lane, lane.data.load(Path()))
    assert found.nodes == ()
    assert "25 parameters" in found.note


def test_a_net_with_a_problem_says_which():
    graph = chain(6, 0.7)
    graph["edges"] = graph["edges"][:-1]
    lane = project(graph)
    assert "out: takes one input" in preview(lane, lane.data.load(Path())).note
