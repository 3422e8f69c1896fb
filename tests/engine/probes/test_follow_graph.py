"""One example followed through a graph of everything: skips, joins, norms, dropout, tied weights, maxout, constants."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes.example import Part
from engine.probes.follow import together
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.probes.following import STEP, ask, every_card, gradients_of, holds, trained
from tests.strict_array import strict


def dag(loss: dict[str, object], preprocess: str = "none") -> Any:
    """Skips, joins, norms, dropout, tied weights, a maxout, a constant, and a node that two slots of one layer take."""
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "enc", "kind": "dense", "units": 5},
        {"id": "bn", "kind": "batch_norm"},
        {"id": "act", "kind": "silu"},
        {"id": "drop", "kind": "dropout", "rate": 0.4},
        {"id": "dec", "kind": "tied", "to": "enc", "units": 4},
        {"id": "skip", "kind": "add"},
        {"id": "ln", "kind": "layer_norm"},
        {"id": "same", "kind": "multiply"},
        {"id": "mo", "kind": "maxout", "units": 4, "pieces": 3},
        {"id": "c", "kind": "constant", "units": 4, "value": 1.5, "trainable": True},
        {"id": "sum", "kind": "add"},
        {"id": "cat", "kind": "concat"},
        {"id": "pr", "kind": "prelu", "per_feature": True},
        {"id": "out", "kind": "dense", "units": 3, "bias": False},
        {"id": "p", "kind": "softmax"},
    ]
    edges = [
        ["x", "enc"], ["enc", "bn"], ["bn", "act"], ["act", "drop"], ["drop", "dec"], ["x", "skip", 0],
        ["dec", "skip", 1], ["skip", "ln"], ["ln", "same", 0], ["ln", "same", 1], ["ln", "mo"], ["mo", "sum", 0],
        ["c", "sum", 1], ["same", "cat", 0], ["sum", "cat", 1], ["cat", "pr"], ["pr", "out"], ["out", "p"],
    ]  # fmt: skip
    return project_from(
        {
            "format": "netviz-project",
            "version": 1,
            "name": "all of it",
            "data": {"kind": "noise", "shape": [4], "classes": 3, "samples": 30, "preprocess": preprocess},
            "graph": {"nodes": nodes, "edges": edges},
            "training": {"loss": loss, "optimizer": {"kind": "sgd", "lr": 0.05}, "batch_size": 10},
        },
        Path(),
    )


@pytest.mark.parametrize("preprocess", ["none", "center", "standardize", "pca", "whiten"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_a_graph_of_everything_adds_up_and_has_the_right_gradients(loss: str, preprocess: str) -> None:
    trainer = trained(dag({"kind": loss}, preprocess))
    trainer.run(4)  # batch norm has averages
    for index in range(3):
        fields = {"part": Part.TRAINING, "index": index}
        answer = ask(trainer, **fields)
        holds(every_card(trainer, **fields))
        x, y = trainer.data.x[index], int(trainer.data.y[index])
        assert (answer.label, answer.index) == (y, index)

        def value(at: np.ndarray, y: int = y) -> float:
            """By the network's own prediction: another plan, and the loss by hand."""
            p = trainer.network.predict(at[None])[0]
            return float(-np.log(p[y]) if loss == "cross_entropy" else np.square(p - np.eye(3)[y]).mean())

        assert answer.loss == pytest.approx(value(x), rel=1e-9)
        # By the raw numbers; what is told is by the prepared ones.
        slopes = np.array([(value(x + s) - value(x - s)) / (2 * STEP) for s in STEP * np.eye(4)])
        told = gradients_of(answer)["x"]
        numbers = trainer.network.preprocess.state()
        if "preprocess.matrix" in numbers:
            told = numbers["preprocess.matrix"].T @ told
        told = told / numbers.get("preprocess.scale", 1.0)
        np.testing.assert_allclose(told, slopes, rtol=1e-4, atol=1e-7)


def test_the_gradient_of_every_weight_is_its_finite_difference() -> None:
    """In inference mode, where batch norm takes its running averages."""
    trainer = trained(dag({"kind": "cross_entropy"}))
    trainer.run(4)
    x, y = trainer.data.x[:1], int(trainer.data.y[0])
    weights = trainer.network.parameters()
    lines = {
        (node, unit): [
            s for s in ask(trainer, node=node, unit=unit).sections if s.title.startswith(("∂L/∂w =", "∂L/∂c"))
        ]
        for node, unit in (("enc", 2), ("bn", 1), ("ln", 3), ("mo", 0), ("pr", 5), ("c", 1), ("out", 2))
    }

    def slope(name: str, place: tuple[int, ...]) -> float:
        ends = []
        for sign in (1, -1):
            moved = {key: array.copy() for key, array in weights.items()}
            moved[name][place] += sign * STEP
            trainer.network.load_parameters(moved)
            ends.append(-np.log(trainer.network.predict(x)[0][y]))
        trainer.network.load_parameters(weights)
        return float((ends[0] - ends[1]) / (2 * STEP))

    def told(node: str, unit: int, line: int) -> float:
        return next(s for s in lines[node, unit] if s.node == node).lines[line].value

    assert told("bn", 1, 0) == pytest.approx(slope("bn.weight", (1,)), rel=1e-4, abs=1e-8)
    assert told("bn", 1, 1) == pytest.approx(slope("bn.bias", (1,)), rel=1e-4, abs=1e-8)
    assert told("ln", 3, 0) == pytest.approx(slope("ln.weight", (3,)), rel=1e-4, abs=1e-8)
    assert told("pr", 5, 0) == pytest.approx(slope("pr.weight", (5,)), rel=1e-4, abs=1e-8)
    assert told("c", 1, 0) == pytest.approx(slope("c.weight", (1,)), rel=1e-4, abs=1e-8)
    assert told("out", 2, 4) == pytest.approx(slope("out.weight", (2, 4)), rel=1e-4, abs=1e-8)
    (section,) = lines["mo", 0]
    row = int(section.lines[0].name.partition("[")[2].partition(",")[0]) - 1
    assert told("mo", 0, 1) == pytest.approx(slope("mo.weight", (row, 1)), rel=1e-4, abs=1e-8)
    assert told("mo", 0, 4) == pytest.approx(slope("mo.bias", (row,)), rel=1e-4, abs=1e-8)


def test_what_comes_back_along_the_wires_sums_to_the_gradient() -> None:
    trainer = trained(dag({"kind": "mse"}))
    answer = ask(trainer)
    gradients, totals = gradients_of(answer), dict[str, Any]()
    for (source, _), returned in zip(answer.wires, answer.returns, strict=True):
        totals[source] = totals.get(source, 0.0) + returned
    assert set(totals) == set(gradients) - {"p"}
    for node, total in totals.items():
        np.testing.assert_allclose(total, gradients[node], rtol=1e-10, atol=1e-14, err_msg=node)
    (twice,) = [r for wire, r in zip(answer.wires, answer.returns, strict=True) if wire == ("ln", "same")]
    (value,) = [node.values for node in answer.nodes if node.node == "ln"]
    np.testing.assert_allclose(twice, 2 * value * gradients["same"], rtol=1e-10)


def test_dropout_lets_everything_through_and_batch_norm_takes_its_averages() -> None:
    trainer = trained(dag({"kind": "cross_entropy"}))
    trainer.run(4)
    before = {name: array.copy() for name, array in trainer.network.state().items()}
    grads = trainer.network.parameters_.grads.copy()
    answer = ask(trainer, node="bn", unit=2)
    values = {node.node: node.values for node in answer.nodes}
    assert values["drop"].tolist() == values["act"].tolist()
    state = trainer.network.state()
    deviation = np.sqrt(state["bn.running_var"] + 1e-5)
    expected = (values["enc"] - state["bn.running_mean"]) / deviation * state["bn.weight"] + state["bn.bias"]
    np.testing.assert_allclose(values["bn"], expected, rtol=1e-12)
    assert any("running averages" in section.note for section in answer.sections)
    assert all(np.array_equal(before[name], array) for name, array in trainer.network.state().items())
    assert np.array_equal(grads, trainer.network.parameters_.grads)


def test_a_layer_and_its_activation_stand_on_one_card() -> None:
    structure = trained(dag({"kind": "cross_entropy"})).network.structure
    assert together(structure, "act") == together(structure, "bn") == ("bn", "act")
    assert together(structure, "out") == ("out", "p")
    assert together(structure, "ln") == ("ln",)
    assert together(structure, "x") == ("x",)
    assert together(structure, "nowhere") == together(structure, "") == ()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_device_gives_the_same_answer(dtype: str) -> None:
    made = dag({"kind": "cross_entropy"}, "standardize")
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    there.run(3)
    here.run(3)
    for node in ("enc", "mo", "out", ""):
        a, b = ask(there, node=node, unit=1), ask(here, node=node, unit=1)
        assert a.sections == b.sections
        assert all(np.array_equal(m.values, n.values) for m, n in zip(a.nodes, b.nodes, strict=True))


def test_a_net_on_images_adds_up_and_counts_its_numbers_as_they_are_meant() -> None:
    """A plan holds images in another order than channel by channel; what convolutions do is told by value alone."""
    layers: list[dict[str, object]] = [
        {"id": "im", "kind": "reshape", "shape": [1, 8, 8]},
        {"id": "c1", "kind": "conv2d", "filters": 3, "kernel_size": 3},
        {"id": "bn", "kind": "batch_norm"},
        {"id": "a1", "kind": "tanh"},
        {"id": "p1", "kind": "avg_pool2d", "kernel_size": 2},
        {"id": "flat", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 10},
    ]
    trainer = trained(project(layers, "cross_entropy", {"kind": "digits"}))
    trainer.run(3)
    sections = [s for node in trainer.network.structure.order for s in ask(trainer, node=node, unit=37).sections]
    sections += ask(trainer, node="a1", unit=5).sections
    holds(sections)
    assert any("not written out" in section.note for section in sections)
    answer = ask(trainer)
    values = {node.node: node.values for node in answer.nodes}
    assert values["a1"].tolist() == np.tanh(values["bn"]).tolist()
    assert values["flat"].tolist() == values["p1"].tolist()
    windows = values["a1"].reshape(3, 3, 2, 3, 2).mean(axis=(2, 4)).reshape(-1)
    np.testing.assert_allclose(values["p1"], windows, rtol=1e-12)
    x, label = trainer.data.x[0].astype(float), int(trainer.data.y[0])

    def loss(at: np.ndarray) -> float:
        z = trainer.network.predict(at[None])[0]
        return float(np.logaddexp.reduce(z) - z[label])

    some = [9, 20, 37, 50]
    slopes = [(loss(x + step) - loss(x - step)) / (2e-4) for step in 1e-4 * np.eye(64)[some]]
    np.testing.assert_allclose(gradients_of(answer)["x"][some], slopes, rtol=1e-4, atol=1e-7)
