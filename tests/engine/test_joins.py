"""Layers of several inputs, and the gradients that meet where one output feeds several layers."""

from pathlib import Path

import numpy as np
import pytest

import engine
from engine.errors import ProjectError
from engine.gradient_check import check_project
from engine.project import Project, project_from
from engine.statistics import layer_statistics


def graph(kind: str) -> dict:
    """Two paths from h to a join, one of which is h itself."""
    return {
        "nodes": [
            {"id": "x", "kind": "input"},
            {"id": "h", "kind": "dense", "units": 5},
            {"id": "a", "kind": "tanh"},
            {"id": "g", "kind": "dense", "units": 5},
            {"id": "b", "kind": "sigmoid"},
            {"id": "j", "kind": kind},
            {"id": "out", "kind": "dense", "units": 2},
        ],
        "edges": [["x", "h"], ["h", "a"], ["a", "g"], ["g", "b"], ["b", "j", 1], ["a", "j", 0], ["j", "out"]],
    }


def forward(kind: str, p: dict, x: np.ndarray) -> np.ndarray:
    """The same network, written out; rows are examples."""

    def dense(name: str, h: np.ndarray) -> np.ndarray:
        return h @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    a = np.tanh(dense("h", x))
    b = 1 / (1 + np.exp(-dense("g", a)))
    joined = {"add": a + b, "multiply": a * b, "concat": np.concatenate([a, b], axis=1)}
    return dense("out", joined[kind])


def project(nodes: dict, loss: str = "mse") -> Project:
    data = {"kind": "noise", "samples": 12, "shape": [3], "targets": 2, "validation": 0}
    training = {"loss": {"kind": loss}, "optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": 4}
    parts = {"format": "netviz-project", "version": 1, "data": data, "graph": nodes, "training": training}
    made = project_from(parts, Path())
    if problems := made.problems():
        raise ProjectError(*problems)
    return made


@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_forward_is_what_numpy_says(kind):
    network = engine.Trainer(project(graph(kind)), dtype="float64").network
    x = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(network.predict(x), forward(kind, network.parameters(), x), rtol=1e-12)


@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_gradients_are_right(kind):
    report = check_project(project(graph(kind)))
    assert report.ok, "\n".join(map(str, report.tensors))


@pytest.mark.parametrize("kind", ["add", "multiply"])
def test_an_output_that_feeds_three_layers_and_one_of_them_twice(kind):
    nodes = graph("add")
    nodes["nodes"].insert(-1, {"id": "k", "kind": kind})
    nodes["edges"] = [*nodes["edges"][:-1], ["j", "k"], ["a", "k"], ["a", "k"], ["k", "out"]]
    report = check_project(project(nodes))
    assert report.ok, "\n".join(map(str, report.tensors))


def test_a_product_of_many_of_which_some_take_no_gradient():
    """The raw input twice, which nothing is trained before, and a factor that is zero."""
    nodes = {
        "nodes": [{"id": "x", "kind": "input"}, *({"id": n, "kind": "dense", "units": 3} for n in ("p", "q", "r"))],
        "edges": [["x", "p"], ["x", "q"], ["x", "r"]],
    }
    nodes["nodes"] += [{"id": "j", "kind": "multiply"}, {"id": "out", "kind": "dense", "units": 2}]
    nodes["edges"] += [["p", "j"], ["x", "j"], ["q", "j"], ["r", "j"], ["x", "j"], ["j", "out"]]
    network = engine.Trainer(project(nodes), dtype="float64").network
    own = network.parameters()
    own["q.weight"][1], own["q.bias"][1] = 0, 0
    network.load_parameters(own)
    x, y = np.random.default_rng(0).normal(size=(2, 7, 3))
    p, q, r = (x @ own[f"{n}.weight"].T + own[f"{n}.bias"] for n in "pqr")
    assert (q[:, 1] == 0).all()
    joined = p * x * q * r * x
    out = joined @ own["out.weight"].T + own["out.bias"]
    np.testing.assert_allclose(network.predict(x), out, rtol=1e-12)
    y = y[:, :2]
    delta = (2 * (out - y) / y.size) @ own["out.weight"]
    _, gradients = network.loss_and_gradients(x, y)
    for name, others in (("p", x * x * q * r), ("q", x * p * x * r), ("r", x * p * x * q)):
        np.testing.assert_allclose(gradients[f"{name}.weight"], (delta * others).T @ x, rtol=1e-10, atol=1e-15)
    assert np.abs(gradients["q.weight"][1]).max() > 1e-3


def test_thirty_residual_layers_keep_the_gradient():
    """The gradient at the first layer survives with skips, and does not without them."""
    norms = {}
    for skips in (True, False):
        nodes = [{"id": "x", "kind": "input"}, {"id": "h0", "kind": "dense", "units": 8}]
        edges, last = [["x", "h0"]], "h0"
        for n in range(1, 31):
            nodes += [{"id": f"a{n}", "kind": "sigmoid"}, {"id": f"h{n}", "kind": "dense", "units": 8}]
            edges += [[last, f"a{n}"], [f"a{n}", f"h{n}"]]
            if skips:
                nodes.append({"id": f"s{n}", "kind": "add"})
                edges += [[last, f"s{n}"], [f"h{n}", f"s{n}"]]
            last = f"s{n}" if skips else f"h{n}"
        nodes.append({"id": "out", "kind": "dense", "units": 2})
        edges.append([last, "out"])
        record = engine.Trainer(project({"nodes": nodes, "edges": edges}), dtype="float64").step(layers=True)
        norms[skips] = record.layers["h0"]["grad_norm"] / record.layers["out"]["grad_norm"]
    assert norms[True] > 1e-2
    assert norms[False] < 1e-12


def test_training_with_joins_runs_and_is_the_same_each_time():
    runs = [engine.Trainer(project(graph("concat"))).run(20).loss for _ in range(2)]
    assert runs[0] == runs[1]
    assert np.isfinite(runs[0])


def test_telemetry_of_a_join_has_no_saturation():
    trainer = engine.Trainer(project(graph("add")))
    statistics = trainer.step(layers=True).layers["j"]
    assert statistics["saturated_fraction"] is None
    assert statistics["dead_fraction"] is None
    assert statistics["std"] > 0
    assert statistics["delta_rms"] > 0
    plan = trainer._plans[4][0]
    assert set(layer_statistics(plan)) == {"h", "a", "g", "b", "j", "out"}


@pytest.mark.parametrize("kind", ["add", "multiply"])
def test_shapes_that_do_not_meet_name_the_inputs(kind):
    nodes = graph(kind)
    nodes["nodes"][3]["units"] = 4
    with pytest.raises(ProjectError, match="j: input 1 has 4 features, input 0 has 5 features"):
        project(nodes)


def test_a_gap_between_inputs_is_a_problem():
    nodes = graph("concat")
    nodes["edges"][4] = ["b", "j", 3]
    with pytest.raises(ProjectError, match="j: nothing comes to input 1"):
        project(nodes)


def test_an_input_number_beyond_all_sense_is_refused():
    nodes = graph("concat")
    nodes["edges"][4] = ["b", "j", 10**9]
    with pytest.raises(ProjectError, match="j: 'b' comes to input 1000000000, allowed: 0 to 999"):
        project(nodes)
