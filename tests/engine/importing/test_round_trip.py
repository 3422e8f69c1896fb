"""Whatever netviz exports comes back: the same outputs, the same kinds of layers under the same ids."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.export.onnx import onnx_bytes, save_onnx
from engine.importing.onnx import model_from
from engine.importing.project import STANDS_IN, Imported, finished, import_onnx
from engine.importing.translate import translated
from engine.inference import network_with
from engine.project import Project
from tests.engine.cases import LAYER_CASES, behind_identity
from tests.engine.export.nets import CLASSES, NETS, PREPARED, act, chain, dense, examples, trained

CASES = {f"layer {case.name}": behind_identity(case) for case in LAYER_CASES}
ALL = {**NETS, **PREPARED, **CASES}
# An input is called as the model's. ONNX has one operator for each layer of a stack, no dropout after training, a
# product of two at a time, and does not say of numbers that stay in their order what shape they pass through.
LESS = ("input", "dropout", "flatten", "reshape")


def back(content: bytes) -> Imported:
    return finished(*translated(model_from(content, Path())), "back")


def kinds(project: Project) -> dict[str, str]:
    made = {node.id: node.layer.kind() for node in project.graph.nodes}
    return {node: kind for node, kind in made.items() if kind not in LESS}


def stacked(project: Project) -> bool:
    layers = [node.layer for node in project.graph.nodes]
    return any(getattr(layer, "layers", 1) > 1 for layer in layers)


@pytest.mark.parametrize("name", ALL)
def test_what_is_exported_comes_back(name: str) -> None:
    net = trained(ALL[name])
    found = back(onnx_bytes(net, "Net"))
    again, x = network_with(found.project, found.weights), examples(ALL[name], 9)
    expected = net.predict(x)
    np.testing.assert_allclose(again.predict(x), expected, rtol=1e-6, atol=1e-6)
    assert np.ptp(expected) > 1e-3
    assert again.input_shape == net.input_shape
    if stacked(ALL[name]):
        assert len(kinds(found.project)) > len(kinds(ALL[name]))
    elif name == "many factors":
        assert sum(kind == "multiply" for kind in kinds(found.project).values()) == 9
    elif name.startswith("layer bias"):  # behind a dense layer it becomes part of that one's own
        assert kinds(found.project) == {node: kind for node, kind in kinds(ALL[name]).items() if kind != "bias"}
    else:
        assert kinds(found.project) == kinds(ALL[name])


def test_a_bias_for_every_place_of_a_map_comes_back() -> None:
    layers = [
        {"id": "c", "kind": "conv2d", "filters": 2, "bias": False},
        {"id": "b", "kind": "bias"},
        {"id": "flat", "kind": "flatten"},
        dense("out", 3),
    ]
    made = chain(layers, data={"kind": "noise", "shape": [1, 5, 4], "targets": 3, "samples": 8})
    net = trained(made)
    found = back(onnx_bytes(net, "Net"))
    assert kinds(found.project) == {"c": "conv2d", "b": "bias", "out": "dense"}
    assert np.ptp(net.state()["b.weight"]) > 0
    np.testing.assert_array_equal(found.weights["b.weight"], net.state()["b.weight"])


@pytest.mark.parametrize("name", ["pictures", "residual", "tied", "several inputs", "preprocess skips"])
def test_weights_come_back_as_they_were(name: str) -> None:
    net = trained(ALL[name])
    found, state = back(onnx_bytes(net, "Net")), net.state()
    assert found.project.data.preprocess in (ALL[name].data.preprocess, "pca")
    assert set(found.weights) == set(state)
    for key, array in found.weights.items():
        there = array != 0 if key == "c3.weight" else ...  # where there is no connection the model says 0
        np.testing.assert_array_equal(array[there], state[key][there], err_msg=key)


def test_a_file_becomes_a_project_that_can_be_trained(tmp_path: Path) -> None:
    layers = [dense("h1", 5), act("a1", "tanh"), dense("out", 3), act("p", "softmax")]
    made = chain(layers, "cross_entropy", CLASSES)
    save_onnx(tmp_path / "digits.onnx", trained(made), "Net")
    found = import_onnx(tmp_path / "digits.onnx")
    project = found.project
    assert project.problems() == []
    assert (project.name, project.data.kind(), project.training.loss.kind()) == ("digits", "noise", "cross_entropy")
    assert (project.summary().shape, project.summary().classes) == ((4,), 3)
    assert project.panels == {STANDS_IN: True}
    assert [note for note in found.notes if note.startswith("data: noise")]
    assert [[edge.source, edge.target] for edge in project.graph.edges] == [
        list(pair) for pair in pairwise(["x", "h1", "a1", "out", "p"])
    ]


@pytest.mark.parametrize(
    ("last", "units", "loss", "targets"),
    [
        ("sigmoid", 1, "binary_cross_entropy", {"classes": 2}),
        ("sigmoid", 3, "binary_cross_entropy", {"classes": 3}),
        ("log_softmax", 3, "cross_entropy", {"classes": 3}),
        ("tanh", 2, "mse", {"targets": 2}),
    ],
)
def test_the_loss_goes_with_the_last_layer(last: str, units: int, loss: str, targets: dict[str, int]) -> None:
    data = {"kind": "noise", "shape": [4], "targets": units, "samples": 8}
    made = chain([dense("out", units), {"id": "p", "kind": last}], data=data)
    project = back(onnx_bytes(trained(made), "Net")).project
    assert project.training.loss.kind() == loss
    assert {key: getattr(project.data, key) for key in targets} == targets
